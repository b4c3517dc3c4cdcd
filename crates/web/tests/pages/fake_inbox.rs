//! An inbox that holds what it is given.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    challenge::{Challenge, ChallengeState},
    code::{CodeLength, KeyVersion},
    delivery::DeliveryId,
    id::ChallengeId,
    phone::PhoneNumber,
    ports::{
        delivery::{Inbox, InboxMessage},
        store::StoreError,
    },
    testing::SeededRandom,
    time::Timestamp,
};
use tokio::sync::watch;

/// An inbox that holds what it is given.
pub(crate) struct FakeInbox {
    random: SeededRandom,
    messages: Mutex<Vec<InboxMessage>>,
    revision: watch::Sender<u64>,
}

impl Default for FakeInbox {
    fn default() -> Self {
        Self {
            random: SeededRandom::new(7),
            messages: Mutex::default(),
            revision: watch::Sender::default(),
        }
    }
}

impl FakeInbox {
    /// Takes in a message with this code and text, valid for two minutes, and tells of it.
    pub(crate) fn receive(&self, to: &str, code: &str, text: &str, now: Timestamp) -> ChallengeId {
        let challenge = Challenge {
            id: ChallengeId::generate(&self.random, now),
            phone: PhoneNumber::from_e164(to).expect("an E.164 number"),
            key_version: KeyVersion(1),
            code_length: CodeLength::COMPATIBLE,
            language: "fa".to_owned(),
            app_hash: None,
            created_at: now,
            expires_at: now.plus(Duration::from_mins(2)),
            wrong_answers: 0,
            state: ChallengeState::Open,
        };
        let id = challenge.id;
        self.messages.lock().unwrap().push(InboxMessage {
            delivery: DeliveryId {
                challenge: id,
                attempt: 1,
            },
            challenge,
            text: text.to_owned(),
            code: code.to_owned(),
            sent_at: now,
        });
        self.revision.send_modify(|revision| *revision += 1);
        id
    }

    /// Changes a challenge as answering it does: no revision tells of that.
    pub(crate) fn change(&self, id: ChallengeId, change: impl FnOnce(&mut Challenge)) {
        let mut messages = self.messages.lock().unwrap();
        let message = messages
            .iter_mut()
            .find(|message| message.challenge.id == id)
            .expect("a message of this challenge");
        change(&mut message.challenge);
    }
}

#[async_trait]
impl Inbox for FakeInbox {
    async fn messages(
        &self,
        to: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<InboxMessage>, StoreError> {
        let messages = self.messages.lock().unwrap();
        Ok(messages
            .iter()
            .rev()
            .filter(|message| to.is_none_or(|to| message.challenge.phone == to))
            .take(usize::from(limit))
            .cloned()
            .collect())
    }

    fn revision(&self) -> u64 {
        *self.revision.borrow()
    }

    async fn changed_since(&self, revision: u64) {
        let mut revisions = self.revision.subscribe();
        // The sender lives in `self`, so it cannot be gone.
        let _ = revisions.wait_for(|present| *present != revision).await;
    }
}

//! `GET /dev/inbox/messages`: the inbox as JSON, for tests in any language.

use std::time::Duration;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use phonekey_core::{
    delivery::Channel, id::ChallengeId, ports::delivery::InboxMessage, time::Timestamp,
};
use serde::Serialize;
use tokio::time::timeout;

use super::{
    Pages,
    failure::Failure,
    message::CodeState,
    query::{InboxQuery, Selection},
};

/// `GET /dev/inbox/messages?to=…&wait=5s&limit=…&since=…`
///
/// The newest messages first. With `wait` it answers as soon as one of them has a code that can
/// still be given, and after that time with what there is. So a test asks for a code, waits for it
/// here, and never polls.
pub(super) async fn list(
    State(pages): State<Pages>,
    query: Result<Query<InboxQuery>, QueryRejection>,
) -> Result<Json<MessageList>, Failure> {
    let query = InboxQuery::read(query)?;
    let selection = query.selection(&pages.phone)?;
    let messages = pages.await_open(&selection, query.wait()?).await?;
    let now = pages.clock.now();
    Ok(Json(MessageList {
        messages: messages
            .into_iter()
            .map(|message| MessageJson::new(message, now))
            .collect(),
    }))
}

impl Pages {
    /// The messages that are asked for, once one of them is open; after `wait`, or when the server
    /// stops, whatever there is.
    async fn await_open(
        &self,
        selection: &Selection,
        wait: Duration,
    ) -> Result<Vec<InboxMessage>, Failure> {
        let opened = self
            .shutdown
            .run_until_cancelled(self.until_open(selection));
        match timeout(wait, opened).await {
            Ok(Some(found)) => found,
            Ok(None) | Err(_) => self.read(selection).await,
        }
    }

    async fn until_open(&self, selection: &Selection) -> Result<Vec<InboxMessage>, Failure> {
        loop {
            let revision = self.inbox.revision();
            let messages = self.read(selection).await?;
            let now = self.clock.now();
            if messages
                .iter()
                .any(|message| message.challenge.is_live(now))
            {
                return Ok(messages);
            }
            self.change_since(revision).await;
        }
    }
}

/// The answer.
#[derive(Serialize)]
pub(super) struct MessageList {
    messages: Vec<MessageJson>,
}

#[derive(Serialize)]
struct MessageJson {
    uuid: ChallengeId,
    to: String,
    code: String,
    text: String,
    channel: &'static str,
    locale: String,
    state: &'static str,
    /// RFC 3339 in UTC, as `expires_at` is.
    sent_at: String,
    expires_at: String,
}

impl MessageJson {
    fn new(message: InboxMessage, now: Timestamp) -> Self {
        let challenge = message.challenge;
        Self {
            uuid: challenge.id,
            to: challenge.phone.e164(),
            code: message.code,
            text: message.text,
            channel: Channel::Sms.name(),
            state: CodeState::of(&challenge, now).name(),
            sent_at: message.sent_at.to_string(),
            expires_at: challenge.expires_at.to_string(),
            locale: challenge.language,
        }
    }
}

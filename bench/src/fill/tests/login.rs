//! A real login, step by step through the store.

use std::sync::Arc;
use std::time::Duration;

use phonekey_core::{
    challenge::{Answer, AnswerRules, Challenge, ChallengeState},
    code::CodeBook,
    delivery::{
        Channel, Delivery, DeliveryId, DeliveryState, ProviderName,
        outcome::{MessageId, Receipt},
    },
    id::{ChallengeId, SessionId},
    phone::PhoneNumber,
    policy::Policy,
    ports::store::{
        AnswerChallenge, AnswerOutcome, OpenChallenge, OpenOutcome, SettleDelivery, Store,
    },
    random::{self, SystemRandom},
    secret::{MasterSecret, Secret},
    session::{NewSession, Session},
    time::Timestamp,
    user::Username,
};

/// Someone with a phone, and the challenge that is sent to it.
pub(super) struct Person {
    policy: Policy,
    book: Arc<CodeBook>,
    challenge: Challenge,
}

impl Person {
    pub(super) fn with(phone: PhoneNumber, now: Timestamp) -> Self {
        let policy = Policy::default();
        let secret = Secret::new(random::bytes::<48>(&SystemRandom));
        let secret = MasterSecret::new(secret).unwrap();
        let book = Arc::new(CodeBook::new(&secret, &[], Vec::new()));
        let challenge = Challenge {
            id: ChallengeId::generate(&SystemRandom, now),
            phone,
            key_version: book.current_version(),
            code_length: policy.challenge.code_length,
            language: "fa".to_owned(),
            app_hash: None,
            created_at: now,
            expires_at: now.plus(policy.challenge.lifetime),
            wrong_answers: 0,
            state: ChallengeState::Open,
        };
        Self {
            policy,
            book,
            challenge,
        }
    }

    pub(super) async fn open(&self, store: &dyn Store) -> OpenOutcome {
        let now = self.challenge.created_at;
        let step = OpenChallenge {
            challenge: self.challenge.clone(),
            delivery: Some(Delivery {
                id: self.delivery(),
                channel: Channel::Sms,
                provider: ProviderName::new("webhook"),
                created_at: now,
                state: DeliveryState::Pending {
                    leased_until: now.plus(Duration::from_secs(10)),
                },
                receipt: Receipt::default(),
                report: None,
                follow_up_at: None,
            }),
            policy: Arc::new(self.policy.number.clone()),
            now,
        };
        store.open_challenge(step).await.unwrap()
    }

    pub(super) async fn deliver(&self, store: &dyn Store) {
        let at = self.challenge.created_at.plus(Duration::from_millis(300));
        let step = SettleDelivery {
            id: self.delivery(),
            state: DeliveryState::Accepted { at },
            receipt: Receipt {
                message_id: MessageId::new("0123456789abcdef"),
                cost: None,
            },
            follow_up_at: None,
        };
        store.settle_delivery(step).await.unwrap();
    }

    pub(super) async fn answer(&self, store: &dyn Store) -> Session {
        let now = self.challenge.created_at.plus(Duration::from_secs(9));
        let step = AnswerChallenge {
            id: self.challenge.id,
            answer: Answer {
                phone: self.challenge.phone,
                code: self.book.code(&self.challenge.code_subject()).unwrap(),
                book: Arc::clone(&self.book),
            },
            rules: Arc::new(AnswerRules {
                challenge: self.policy.challenge,
                number: self.policy.number.clone(),
            }),
            username: Username::generate(&SystemRandom),
            session: NewSession::after_code(SessionId::generate(&SystemRandom, now)),
            session_policy: self.policy.session,
            now,
        };
        match store.answer_challenge(step).await.unwrap() {
            AnswerOutcome::LoggedIn(session) => *session,
            other => panic!("{other:?}"),
        }
    }

    fn delivery(&self) -> DeliveryId {
        DeliveryId {
            challenge: self.challenge.id,
            attempt: 1,
        }
    }
}

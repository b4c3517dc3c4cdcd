//! A world in memory: a clock that stands, challenges, and a store to keep them in.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    challenge::{Challenge, ChallengeState},
    code::{Code, CodeBook, CodeLength},
    delivery::{Channel, Delivery, DeliveryId, DeliveryState, Message, ProviderName},
    id::ChallengeId,
    phone::PhoneNumber,
    policy::{Enforcement, NumberPolicy},
    ports::{
        delivery::Dispatcher,
        store::{ChallengeStore, DeliveryStore, OpenChallenge, OpenOutcome},
    },
    secret::{MasterSecret, Secret},
    testing::{ManualClock, MemoryStore, SeededRandom},
    time::Clock,
};
use phonekey_delivery::{router::Router, senders::Senders, settings::Pace, text::Texts};

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) book: Arc<CodeBook>,
    random: SeededRandom,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            clock: Arc::new(ManualClock::default()),
            store: Arc::new(MemoryStore::default()),
            book: Arc::new(book("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue")),
            random: SeededRandom::new(7),
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// A challenge in English, good for two minutes, that is in no store yet.
    pub(crate) fn challenge(&self) -> Challenge {
        let now = self.clock.now();
        Challenge {
            id: ChallengeId::generate(&self.random, now),
            phone: PhoneNumber::from_e164("+989121234567").unwrap(),
            key_version: self.book.current_version(),
            code_length: CodeLength::COMPATIBLE,
            language: "en".to_owned(),
            created_at: now,
            expires_at: now.plus(Duration::from_mins(2)),
            wrong_answers: 0,
            state: ChallengeState::Open,
        }
    }

    pub(crate) fn code(&self, challenge: &Challenge) -> Code {
        self.book.code(&challenge.code_subject()).unwrap()
    }

    /// The message of a challenge's first delivery.
    pub(crate) fn message(&self, challenge: &Challenge) -> Message {
        Message {
            delivery: DeliveryId {
                challenge: challenge.id,
                attempt: 1,
            },
            to: challenge.phone,
            channel: Channel::Sms,
            language: challenge.language.clone(),
            code: self.code(challenge),
            expires_at: challenge.expires_at,
        }
    }

    pub(crate) fn router(&self, senders: Senders) -> Router {
        self.router_over(senders, Arc::clone(&self.store) as Arc<dyn DeliveryStore>)
    }

    pub(crate) fn router_over(&self, senders: Senders, store: Arc<dyn DeliveryStore>) -> Router {
        let book = Arc::clone(&self.book);
        Router::new(senders, Pace::default(), store, book, self.clock())
    }

    /// Opens a new challenge together with the delivery that `router` plans for it.
    pub(crate) async fn open(&self, router: &Router) -> (Challenge, Delivery) {
        let challenge = self.challenge();
        let delivery = router.plan(&challenge, self.clock.now());
        let policy = NumberPolicy {
            enforcement: Enforcement::Off,
            ..NumberPolicy::default()
        };
        let step = OpenChallenge {
            challenge: challenge.clone(),
            delivery: Some(delivery.clone()),
            policy: Arc::new(policy),
            now: self.clock.now(),
        };
        let outcome = self.store.open_challenge(step).await.unwrap();
        assert!(matches!(outcome, OpenOutcome::Opened { .. }));
        (challenge, delivery)
    }

    /// The deliveries of a provider, newest first.
    pub(crate) async fn deliveries(&self, provider: &str) -> Vec<Delivery> {
        let provider = ProviderName::new(provider);
        let recent = self.store.recent_deliveries(&provider, None, 1000).await;
        recent
            .unwrap()
            .into_iter()
            .map(|due| due.delivery)
            .collect()
    }

    /// The states of a provider's deliveries, newest first.
    pub(crate) async fn states(&self, provider: &str) -> Vec<DeliveryState> {
        let deliveries = self.deliveries(provider).await;
        deliveries.iter().map(|delivery| delivery.state).collect()
    }
}

pub(crate) fn book(secret: &str) -> CodeBook {
    let secret = MasterSecret::new(Secret::new(secret)).unwrap();
    CodeBook::new(&secret, &[], Vec::new())
}

pub(crate) fn texts() -> Texts {
    Texts::falling_back_to("fa").unwrap()
}

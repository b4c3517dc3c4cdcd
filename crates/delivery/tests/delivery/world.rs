//! A world in memory: a clock that is set, challenges, and a store to keep them in.

use std::{future::pending, sync::Arc, time::Duration};

use phonekey_core::{
    challenge::{Answer, AnswerRules, Challenge, ChallengeState, messages::MessagePolicy},
    code::{Code, CodeBook, CodeLength},
    delivery::{Channel, Delivery, DeliveryId, DeliveryState, ProviderName, message::Message},
    flow::{self, Flows},
    id::{ChallengeId, SessionId},
    keys::{KeyRing, RefreshKeys, SigningKey},
    phone::PhoneNumber,
    policy::{ChallengePolicy, Enforcement, NumberPolicy, Policy, SessionPolicy},
    ports::{
        delivery::Dispatcher,
        store::{
            AnswerChallenge, AnswerOutcome, ChallengeStore, DeliveryStore, DueDelivery,
            OpenChallenge, OpenOutcome,
        },
    },
    route::plan::SendPlan,
    secret::{MasterSecret, Secret},
    session::NewSession,
    testing::{ManualClock, MemoryStore, SeededRandom},
    time::{Clock, Timestamp},
    user::Username,
};
use phonekey_delivery::{
    report::ReportTokens,
    router::{Router, RouterWorld},
    senders::Senders,
    settings::Pace,
    text::Texts,
};
use tokio::time::timeout;

/// The number that challenges are of when nobody says otherwise.
pub(crate) const PHONE: &str = "+989121234567";

/// The life of a challenge that nobody asks for once more.
pub(crate) const LIFETIME: Duration = Duration::from_mins(2);

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) book: Arc<CodeBook>,
    pub(crate) pace: Pace,
    pub(crate) messages: MessagePolicy,
    /// The rules of one number, which refuse nothing until they are switched on.
    pub(crate) number: NumberPolicy,
    random: Arc<SeededRandom>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            clock: Arc::new(ManualClock::default()),
            store: Arc::new(MemoryStore::default()),
            book: Arc::new(book(SECRET)),
            pace: Pace::default(),
            messages: MessagePolicy::default(),
            number: NumberPolicy {
                enforcement: Enforcement::Off,
                ..NumberPolicy::default()
            },
            random: Arc::new(SeededRandom::new(7)),
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A challenge in English, good for two minutes, that is in no store yet.
    pub(crate) fn challenge(&self) -> Challenge {
        self.challenge_of(PhoneNumber::from_e164(PHONE).unwrap())
    }

    pub(crate) fn challenge_of(&self, phone: PhoneNumber) -> Challenge {
        let now = self.now();
        Challenge {
            id: ChallengeId::generate(&*self.random, now),
            phone,
            key_version: self.book.current_version(),
            code_length: CodeLength::COMPATIBLE,
            language: "en".to_owned(),
            app_hash: None,
            created_at: now,
            expires_at: now.plus(LIFETIME),
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
            app_hash: None,
            expires_at: challenge.expires_at,
        }
    }

    pub(crate) fn router(&self, senders: Senders) -> Router {
        self.router_over(senders, Arc::clone(&self.store) as Arc<dyn DeliveryStore>)
    }

    pub(crate) fn router_over(&self, senders: Senders, store: Arc<dyn DeliveryStore>) -> Router {
        let world = RouterWorld {
            store,
            book: Arc::clone(&self.book),
            clock: self.clock(),
            random: Arc::clone(&self.random) as _,
            number: Arc::new(self.number.clone()),
        };
        Router::new(senders, tokens(), self.pace, self.messages, world)
    }

    /// The flows of a server that sends by `router`.
    pub(crate) fn flows(&self, router: &Arc<Router>) -> Flows {
        let token_secret = Secret::new("a-token-secret-Zr1mT0vYx3KpLw7NcB5dGh");
        let keys = KeyRing::new(
            SigningKey::hs256(&token_secret),
            RefreshKeys::new(&token_secret, &master(SECRET)),
            Vec::new(),
        );
        let world = flow::World {
            store: Arc::clone(&self.store) as _,
            dispatcher: Arc::clone(router) as _,
            clock: self.clock(),
            random: Arc::clone(&self.random) as _,
            book: Arc::clone(&self.book),
            keys: Arc::new(keys),
        };
        let policy = Policy {
            messages: self.messages,
            number: self.number.clone(),
            ..Policy::default()
        };
        Flows::new(world, policy)
    }

    /// Opens a new challenge together with the delivery that `router` plans for it.
    pub(crate) async fn open(&self, router: &Router) -> (Challenge, Delivery) {
        self.open_by(router, self.challenge(), None).await
    }

    /// The same for a challenge whose message is to come by a channel.
    pub(crate) async fn open_by(
        &self,
        router: &Router,
        challenge: Challenge,
        channel: Option<Channel>,
    ) -> (Challenge, Delivery) {
        let plan = router.plan(challenge.phone, channel, self.now());
        self.open_planned(challenge, &plan.unwrap()).await
    }

    /// Opens a challenge whose message goes by this plan.
    pub(crate) async fn open_planned(
        &self,
        challenge: Challenge,
        plan: &SendPlan,
    ) -> (Challenge, Delivery) {
        let delivery = plan.first(challenge.id, self.now());
        let step = OpenChallenge {
            challenge: challenge.clone(),
            delivery: Some(delivery.clone()),
            policy: Arc::new(self.number.clone()),
            now: self.now(),
        };
        let outcome = self.store.open_challenge(step).await.unwrap();
        assert!(matches!(outcome, OpenOutcome::Opened { .. }), "{outcome:?}");
        (challenge, delivery)
    }

    /// Gives the right answer to a challenge.
    pub(crate) async fn answer(&self, challenge: &Challenge) -> AnswerOutcome {
        let now = self.now();
        let step = AnswerChallenge {
            id: challenge.id,
            answer: Answer {
                phone: challenge.phone,
                code: self.code(challenge),
                book: Arc::clone(&self.book),
            },
            rules: Arc::new(AnswerRules {
                challenge: ChallengePolicy::default(),
                number: self.number.clone(),
            }),
            username: Username::generate(&*self.random),
            session: NewSession::after_code(SessionId::generate(&*self.random, now)),
            session_policy: SessionPolicy::default(),
            now,
        };
        self.store.answer_challenge(step).await.unwrap()
    }

    /// The deliveries of a provider with their challenges, newest first.
    pub(crate) async fn kept(&self, provider: &str) -> Vec<DueDelivery> {
        let provider = ProviderName::new(provider);
        let recent = self.store.recent_deliveries(&provider, None, 10_000).await;
        recent.unwrap()
    }

    /// The deliveries of a provider, newest first.
    pub(crate) async fn deliveries(&self, provider: &str) -> Vec<Delivery> {
        let kept = self.kept(provider).await.into_iter();
        kept.map(|due| due.delivery).collect()
    }

    /// The states of a provider's deliveries, newest first.
    pub(crate) async fn states(&self, provider: &str) -> Vec<DeliveryState> {
        let deliveries = self.deliveries(provider).await;
        deliveries.iter().map(|delivery| delivery.state).collect()
    }

    /// Whether the challenge of a provider's newest delivery can be answered, and if not, why.
    pub(crate) async fn challenge_state(&self, provider: &str) -> ChallengeState {
        self.kept(provider).await[0].challenge.state
    }
}

const SECRET: &str = "q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue";

pub(crate) fn book(secret: &str) -> CodeBook {
    CodeBook::new(&master(secret), &[], Vec::new())
}

pub(crate) fn texts() -> Texts {
    Texts::falling_back_to("fa").unwrap()
}

/// The secrets of the paths for reports.
pub(crate) fn tokens() -> ReportTokens {
    ReportTokens::new(&master(SECRET))
}

fn master(secret: &str) -> MasterSecret {
    MasterSecret::new(Secret::new(secret)).unwrap()
}

/// Returns once every task waits for something: with the clock paused, time moves on only then.
pub(crate) async fn idle() {
    let moment = Duration::from_millis(1);
    let _ = timeout(moment, pending::<()>()).await;
}

//! The world in which the cases happen: a fresh store, a clock that is set, randomness that repeats.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    audit::AuditEvent,
    challenge::{Answer, AnswerRules, Challenge, ChallengeState, messages::MessagePolicy},
    code::{Code, CodeBook},
    delivery::{
        Channel, Delivery, DeliveryId, DeliveryState, ProviderName,
        outcome::{MessageId, Receipt, SendRefusal},
    },
    id::{ChallengeId, SessionId, UserId},
    phone::PhoneNumber,
    policy::{ChallengePolicy, Enforcement, NumberPolicy, SessionPolicy},
    ports::store::{
        AnswerChallenge, AnswerOutcome, MessageTerms, OpenChallenge, OpenOutcome, PresentedToken,
        RefuseDelivery, ResendChallenge, ResendOutcome, RotateOutcome, RotateSession,
        SettleDelivery, Store,
    },
    secret::{MasterSecret, Secret},
    session::{NewSession, Session},
    testing::{ManualClock, SeededRandom, values::plan},
    time::{Clock, Timestamp},
    user::{NewUser, Role, User, Username},
};
use uuid::Uuid;

/// What one case needs. Each case has its own, and its own empty store.
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) started_at: Timestamp,
    pub(crate) clock: ManualClock,
    pub(crate) random: SeededRandom,
    pub(crate) rules: Arc<AnswerRules>,
    pub(crate) session_policy: SessionPolicy,
    book: Arc<CodeBook>,
    audit: Box<dyn Audit>,
    /// Dropped last: the folder of a database, for instance.
    _home: Box<dyn Any + Send + Sync>,
}

/// Reads back what a store has audited, which no step of the contract does.
#[async_trait]
pub(crate) trait Audit: Send + Sync {
    /// All events, oldest first.
    async fn events(&self) -> Vec<Recorded>;
}

/// Reads nothing back, for cases that do not look at it.
pub(crate) struct NoAudit;

#[async_trait]
impl Audit for NoAudit {
    async fn events(&self) -> Vec<Recorded> {
        Vec::new()
    }
}

/// An audit event as the databases keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) user: i64,
    pub(crate) session: Option<Uuid>,
    pub(crate) challenge: Option<Uuid>,
    pub(crate) detail: Option<String>,
}

impl From<AuditEvent> for Recorded {
    fn from(event: AuditEvent) -> Self {
        Self {
            at: event.at,
            kind: event.kind.name().to_owned(),
            user: event.kind.user().get(),
            session: event.kind.session().map(|id| *id.as_uuid()),
            challenge: event.kind.challenge().map(|id| *id.as_uuid()),
            detail: event.kind.detail().map(str::to_owned),
        }
    }
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// The provider of all deliveries, unless a case says otherwise.
pub(crate) const PROVIDER: &str = "inbox";

/// The number of the `n`th person.
pub(crate) fn phone(n: u32) -> PhoneNumber {
    PhoneNumber::from_e164(&format!("+98912{n:07}")).unwrap()
}

pub(crate) fn username(name: &str) -> Username {
    Username::parse(name).unwrap()
}

impl World {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        audit: Box<dyn Audit>,
        home: impl Any + Send + Sync,
    ) -> Self {
        let secret = Secret::new(*b"for tests: 0123456789abcdefghijklmnopqrstuv");
        let secret = MasterSecret::new(secret).unwrap();
        let clock = ManualClock::default();
        Self {
            store,
            started_at: clock.now(),
            clock,
            random: SeededRandom::new(7),
            rules: Arc::new(AnswerRules {
                challenge: ChallengePolicy::default(),
                number: NumberPolicy::default(),
            }),
            session_policy: SessionPolicy::default(),
            book: Arc::new(CodeBook::new(&secret, &[], Vec::new())),
            audit,
            _home: Box::new(home),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new challenge, not yet in the store.
    pub(crate) fn challenge(&self, phone: PhoneNumber) -> Challenge {
        let now = self.now();
        Challenge {
            id: ChallengeId::generate(&self.random, now),
            phone,
            key_version: self.book.current_version(),
            code_length: self.rules.challenge.code_length,
            language: "fa".to_owned(),
            app_hash: None,
            created_at: now,
            expires_at: now.plus(self.rules.challenge.lifetime),
            wrong_answers: 0,
            state: ChallengeState::Open,
        }
    }

    /// Changes what numbers may do.
    pub(crate) fn change_number_policy(&mut self, change: impl FnOnce(&mut NumberPolicy)) {
        let mut rules = AnswerRules::clone(&self.rules);
        change(&mut rules.number);
        self.rules = Arc::new(rules);
    }

    /// Lets numbers ask and guess as often as they like.
    pub(crate) fn lift_limits(&mut self) {
        self.change_number_policy(|number| number.enforcement = Enforcement::Off);
    }

    /// The first delivery of a challenge, pending for ten seconds.
    #[expect(clippy::unused_self, reason = "reads like the others where it is used")]
    pub(crate) fn delivery(&self, challenge: &Challenge) -> Delivery {
        Delivery {
            id: DeliveryId {
                challenge: challenge.id,
                attempt: 1,
            },
            channel: Channel::Sms,
            provider: ProviderName::new(PROVIDER),
            created_at: challenge.created_at,
            state: pending(challenge.created_at.plus(10 * SECOND)),
            receipt: Receipt::default(),
            report: None,
            follow_up_at: None,
        }
    }

    /// The step that opens `challenge` with its first delivery.
    pub(crate) fn opening(&self, challenge: &Challenge) -> OpenChallenge {
        OpenChallenge {
            challenge: challenge.clone(),
            delivery: Some(self.delivery(challenge)),
            policy: Arc::new(self.rules.number.clone()),
            now: self.now(),
        }
    }

    /// Asks for a code.
    pub(crate) async fn try_open(&self, phone: PhoneNumber) -> (Challenge, OpenOutcome) {
        let challenge = self.challenge(phone);
        let step = self.opening(&challenge);
        let outcome = self.store.open_challenge(step).await.unwrap();
        (challenge, outcome)
    }

    /// Asks for a code, which the number must be allowed to.
    pub(crate) async fn open(&self, phone: PhoneNumber) -> Challenge {
        let (challenge, outcome) = self.try_open(phone).await;
        assert!(matches!(outcome, OpenOutcome::Opened { .. }), "{outcome:?}");
        challenge
    }

    /// The right code of a challenge.
    pub(crate) fn right_code(&self, challenge: &Challenge) -> Code {
        self.book.code(&challenge.code_subject()).unwrap()
    }

    /// A code that is not its own.
    pub(crate) fn wrong_code(&self, challenge: &Challenge) -> Code {
        let right = self.right_code(challenge);
        let candidates = ["00000", "11111"].map(|code| Code::parse(code).unwrap());
        let wrong = candidates.into_iter().find(|code| !code.matches(&right));
        wrong.unwrap()
    }

    /// The step that answers `challenge` with `code`, with a fresh username and session.
    pub(crate) fn answering(&self, challenge: &Challenge, code: Code) -> AnswerChallenge {
        AnswerChallenge {
            id: challenge.id,
            answer: Answer {
                phone: challenge.phone,
                code,
                book: Arc::clone(&self.book),
            },
            rules: Arc::clone(&self.rules),
            username: Username::generate(&self.random),
            session: NewSession::after_code(SessionId::generate(&self.random, self.now())),
            session_policy: self.session_policy,
            now: self.now(),
        }
    }

    pub(crate) async fn answer(&self, step: AnswerChallenge) -> AnswerOutcome {
        self.store.answer_challenge(step).await.unwrap()
    }

    pub(crate) async fn answer_right(&self, challenge: &Challenge) -> AnswerOutcome {
        let code = self.right_code(challenge);
        self.answer(self.answering(challenge, code)).await
    }

    pub(crate) async fn answer_wrong(&self, challenge: &Challenge) -> AnswerOutcome {
        let code = self.wrong_code(challenge);
        self.answer(self.answering(challenge, code)).await
    }

    /// A whole login of a number that may ask for a code.
    pub(crate) async fn log_in(&self, phone: PhoneNumber) -> Session {
        let challenge = self.open(phone).await;
        logged_in(self.answer_right(&challenge).await)
    }

    /// Presents the refresh token of `generation`.
    pub(crate) async fn rotate(&self, session: &Session, generation: u32) -> RotateOutcome {
        let presented = PresentedToken::Own {
            session: session.id,
            generation,
        };
        self.present(session.user, presented).await
    }

    pub(crate) async fn present(&self, user: UserId, presented: PresentedToken) -> RotateOutcome {
        let step = RotateSession {
            user,
            presented,
            policy: self.session_policy,
            now: self.now(),
        };
        self.store.rotate_session(step).await.unwrap()
    }

    /// What another message by one of these providers goes by.
    pub(crate) fn terms(&self, providers: &[&str]) -> MessageTerms {
        MessageTerms {
            plan: plan(providers),
            messages: MessagePolicy::default(),
            number: Arc::new(self.rules.number.clone()),
        }
    }

    /// Asks for the code of a challenge once more.
    pub(crate) async fn resend(&self, challenge: &Challenge, providers: &[&str]) -> ResendOutcome {
        let step = ResendChallenge {
            id: challenge.id,
            phone: challenge.phone,
            terms: self.terms(providers),
            now: self.now(),
        };
        self.store.resend_challenge(step).await.unwrap()
    }

    /// Settles the first delivery of a challenge as taken by its provider.
    pub(crate) async fn accept(&self, challenge: &Challenge, message_id: &str) -> DeliveryId {
        let id = self.delivery(challenge).id;
        let at = self.now();
        let mut step = settling(id, DeliveryState::Accepted { at });
        step.receipt.message_id = MessageId::new(message_id);
        self.store.settle_delivery(step).await.unwrap();
        id
    }

    /// What the store holds of a challenge, and of the last delivery of it.
    pub(crate) async fn stored(&self, id: ChallengeId) -> (Challenge, Delivery) {
        let provider = ProviderName::new(PROVIDER);
        let recent = self.store.recent_deliveries(&provider, None, 1000);
        let due = recent.await.unwrap();
        let due = due.into_iter().find(|due| due.challenge.id == id).unwrap();
        (due.challenge, due.delivery)
    }

    pub(crate) async fn user(&self, id: UserId) -> Option<User> {
        self.store.user(id).await.unwrap()
    }

    pub(crate) async fn audited(&self) -> Vec<Recorded> {
        self.audit.events().await
    }
}

/// The session of a login that went well.
pub(crate) fn logged_in(outcome: AnswerOutcome) -> Session {
    match outcome {
        AnswerOutcome::LoggedIn(session) => *session,
        other => panic!("not logged in: {other:?}"),
    }
}

/// The session whose tokens may be handed out.
pub(crate) fn granted(outcome: RotateOutcome) -> Session {
    match outcome {
        RotateOutcome::Granted(session) => *session,
        other => panic!("not granted: {other:?}"),
    }
}

/// A user whom an operator makes.
pub(crate) fn new_user(name: &str, phone: Option<PhoneNumber>) -> NewUser {
    NewUser {
        username: username(name),
        phone,
        first_name: "نام".to_owned(),
        last_name: "Family".to_owned(),
        email: Some("person@example.org".to_owned()),
        role: Role::default(),
    }
}

pub(crate) fn pending(leased_until: Timestamp) -> DeliveryState {
    DeliveryState::Pending { leased_until }
}

/// The step that settles a delivery.
pub(crate) fn settling(id: DeliveryId, state: DeliveryState) -> SettleDelivery {
    SettleDelivery {
        id,
        state,
        receipt: Receipt::default(),
        follow_up_at: None,
    }
}

/// The step that notes the refusal of a delivery at `now`, after which another of these providers
/// may be tried.
pub(crate) fn refusing(id: DeliveryId, providers: &[&str], now: Timestamp) -> RefuseDelivery {
    RefuseDelivery {
        id,
        reason: SendRefusal::Temporary,
        plan: (!providers.is_empty()).then(|| plan(providers)),
        now,
    }
}

//! The store's contract.
//!
//! Each method is one *step*: one transaction, one durable commit, one outcome. A step reads no
//! clock, takes no closure and leaks no transaction; a lost race and a missing row are outcomes,
//! not errors. Every rule inside a step is a pure function of this crate ([`challenge::open`],
//! [`challenge::judge`], [`session::rotate`]), so each back end only loads, asks and writes.
//!
//! The memory store of `core::testing` is the contract in its plainest form, and
//! `store/tests/contract` holds every back end to it.
//!
//! [`challenge::open`]: crate::challenge::open
//! [`challenge::judge`]: crate::challenge::judge
//! [`session::rotate`]: crate::session::rotate

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use crate::{
    audit::UserChange,
    challenge::{
        Answer, AnswerRules, Challenge,
        messages::{MessagePolicy, NotAgain, Terms},
    },
    delivery::{
        Delivery, DeliveryId, DeliveryState, ProviderName,
        outcome::{Cost, MessageId, Receipt, SendRefusal},
        report::Arrival,
    },
    id::{ChallengeId, SessionId, UserId},
    phone::PhoneNumber,
    policy::{NumberPolicy, SessionPolicy},
    route::{
        conversion::BlockConversion,
        plan::SendPlan,
        watch::{Figure, NodeId, ProviderHealth, SeenHealth},
    },
    session::{NewSession, Session},
    standing::Wait,
    time::Timestamp,
    user::{Activity, NewUser, Role, User, Username},
};

/// All that phonekey keeps.
pub trait Store:
    ChallengeStore + SessionStore + UserStore + DeliveryStore + MaintenanceStore + WatchStore
{
}

impl<S> Store for S where
    S: ChallengeStore
        + SessionStore
        + UserStore
        + DeliveryStore
        + MaintenanceStore
        + WatchStore
        + ?Sized
{
}

/// Why a step could not be taken. It then changed nothing, as far as anyone can tell.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database cannot be reached, is full, or took too long: try again later.
    #[error("the database is not available")]
    Unavailable {
        /// What the driver said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A row holds what no version of phonekey wrote.
    #[error("table {table} holds a row that cannot be read: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong with it; never the row's content.
        problem: String,
    },
    /// The database refused a statement for a reason that no step expects: a bug.
    #[error("the database refused a statement")]
    Unexpected {
        /// What the driver said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Steps on challenges.
#[async_trait]
pub trait ChallengeStore: Send + Sync {
    /// Opens a challenge together with its first delivery, if the number's standing allows it.
    async fn open_challenge(&self, step: OpenChallenge) -> Result<OpenOutcome, StoreError>;

    /// Counts and judges an answer; if it is right, ends the challenge and its siblings, finds or
    /// creates the user, opens the session and records the login.
    async fn answer_challenge(&self, step: AnswerChallenge) -> Result<AnswerOutcome, StoreError>;

    /// Adds another message to a challenge whose person asks for its code once more, if the
    /// challenge and its number's standing allow it ([`messages::resend`]).
    ///
    /// [`messages::resend`]: crate::challenge::messages::resend
    async fn resend_challenge(&self, step: ResendChallenge) -> Result<ResendOutcome, StoreError>;
}

/// See [`ChallengeStore::open_challenge`].
#[derive(Clone, Debug)]
pub struct OpenChallenge {
    /// The challenge, open.
    pub challenge: Challenge,
    /// Its first delivery; none for a test number.
    pub delivery: Option<Delivery>,
    /// The number's rules.
    pub policy: Arc<NumberPolicy>,
    /// The present.
    pub now: Timestamp,
}

/// See [`ChallengeStore::open_challenge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It is open.
    Opened {
        /// When the next code may be asked for.
        resend_at: Timestamp,
    },
    /// The number must wait; nothing was changed.
    Wait(Wait),
}

/// See [`ChallengeStore::answer_challenge`].
#[derive(Clone, Debug)]
pub struct AnswerChallenge {
    /// The challenge that is answered.
    pub id: ChallengeId,
    /// The answer.
    pub answer: Answer,
    /// How it is judged.
    pub rules: Arc<AnswerRules>,
    /// The name of the user, if this login creates one.
    pub username: Username,
    /// The session that a right answer opens.
    pub session: NewSession,
    /// How long it lives.
    pub session_policy: SessionPolicy,
    /// The present.
    pub now: Timestamp,
}

/// See [`ChallengeStore::answer_challenge`].
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerOutcome {
    /// Right: the session is open.
    LoggedIn(Box<Session>),
    /// Right, but the user may not log in. The challenge is spent all the same.
    Barred,
    /// Wrong, and counted; `left` more are heard.
    Wrong {
        /// Answers left for this challenge.
        left: u8,
    },
    /// Nothing was compared: no such challenge for this number, or it has ended.
    Dead,
    /// Nothing was compared: the number must wait.
    Wait(Wait),
    /// Right, but the generated username is taken; nothing was changed, so answer again with
    /// another.
    UsernameTaken,
}

/// See [`ChallengeStore::resend_challenge`].
#[derive(Clone, Debug)]
pub struct ResendChallenge {
    /// The challenge.
    pub id: ChallengeId,
    /// The number that the caller says its code was sent to.
    pub phone: PhoneNumber,
    /// What the message goes by.
    pub terms: MessageTerms,
    /// The present.
    pub now: Timestamp,
}

/// What another message of a challenge goes by.
#[derive(Clone, Debug)]
pub struct MessageTerms {
    /// The ways.
    pub plan: SendPlan,
    /// The rules of the challenge's messages.
    pub messages: MessagePolicy,
    /// The number's rules.
    pub number: Arc<NumberPolicy>,
}

impl MessageTerms {
    /// The same, as the rules take them.
    #[must_use]
    pub fn as_terms(&self) -> Terms<'_> {
        Terms {
            plan: &self.plan,
            messages: &self.messages,
            number: &self.number,
        }
    }
}

/// See [`ChallengeStore::resend_challenge`].
#[derive(Clone, Debug, PartialEq)]
pub enum ResendOutcome {
    /// The message is to be sent, and the challenge may live longer for it.
    Resent {
        /// The challenge as it is now.
        challenge: Box<Challenge>,
        /// The message; none for a test number.
        delivery: Option<Delivery>,
        /// When the next code may be asked for.
        resend_at: Timestamp,
    },
    /// The number must wait; nothing was changed.
    Wait(Wait),
    /// The challenge has had all its messages.
    Spent,
    /// No such challenge for this number, or it has ended.
    Dead,
}

/// Steps on sessions.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Judges a presented refresh token and advances, repeats or revokes its session.
    async fn rotate_session(&self, step: RotateSession) -> Result<RotateOutcome, StoreError>;
}

/// See [`SessionStore::rotate_session`].
#[derive(Clone, Debug)]
pub struct RotateSession {
    /// Whose session.
    pub user: UserId,
    /// The presented token.
    pub presented: PresentedToken,
    /// How it is judged.
    pub policy: SessionPolicy,
    /// The present.
    pub now: Timestamp,
}

/// A refresh token as the store needs to know it.
#[derive(Clone, Debug)]
pub enum PresentedToken {
    /// A generation of a session of ours.
    Own {
        /// The session.
        session: SessionId,
        /// Which of its tokens.
        generation: u32,
    },
    /// A token of another server: if its session does not exist yet, it is opened; else the token
    /// is its generation 0.
    Foreign(NewSession),
}

/// See [`SessionStore::rotate_session`].
#[derive(Clone, Debug, PartialEq)]
pub enum RotateOutcome {
    /// The session's tokens may be handed out: it advanced, repeats its last step, or was adopted.
    Granted(Box<Session>),
    /// A replaced token was presented; the session is revoked, by this step.
    Replayed,
    /// No such session or user, the session is over, or the user is inactive.
    Ended,
}

/// Steps on users.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// The user with this id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this number.
    async fn user_by_phone(&self, phone: PhoneNumber) -> Result<Option<User>, StoreError>;

    /// The user with this name.
    async fn user_by_username(&self, name: &Username) -> Result<Option<User>, StoreError>;

    /// Up to `limit` users with ids above `after`, in order of id.
    async fn users(&self, after: Option<UserId>, limit: u16) -> Result<Vec<User>, StoreError>;

    /// Creates a user.
    async fn create_user(&self, user: NewUser, now: Timestamp)
    -> Result<CreateOutcome, StoreError>;

    /// Changes what a user may do, and records it; `None` when there is no such user.
    async fn change_user(
        &self,
        id: UserId,
        change: UserUpdate,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError>;

    /// Deletes a user and its sessions, and records it. Its id is never given out again.
    async fn delete_user(&self, id: UserId, now: Timestamp) -> Result<DeleteOutcome, StoreError>;
}

/// See [`UserStore::create_user`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// Here it is.
    Created(Box<User>),
    /// Another user has this number.
    PhoneTaken,
    /// Another user has this name.
    UsernameTaken,
}

/// See [`UserStore::change_user`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserUpdate {
    /// Let it log in.
    Activate,
    /// Bar it.
    Deactivate,
    /// Give it all rights, `staff` among them.
    MakeSuperuser,
    /// Take all rights away.
    UnmakeSuperuser,
}

impl UserUpdate {
    /// Makes the change.
    pub fn apply(self, user: &mut User) {
        match self {
            Self::Activate => user.activity = Activity::Active,
            Self::Deactivate => user.activity = Activity::Inactive,
            Self::MakeSuperuser => {
                user.role = Role {
                    staff: true,
                    superuser: true,
                }
            }
            Self::UnmakeSuperuser => user.role = Role::default(),
        }
    }

    /// The event that records it.
    #[must_use]
    pub const fn recorded_as(self) -> UserChange {
        match self {
            Self::Activate => UserChange::Activated,
            Self::Deactivate => UserChange::Deactivated,
            Self::MakeSuperuser => UserChange::MadeSuperuser,
            Self::UnmakeSuperuser => UserChange::UnmadeSuperuser,
        }
    }
}

/// See [`UserStore::delete_user`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// It is gone.
    Deleted,
    /// There was none.
    Missing,
}

/// Steps on deliveries.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Notes what became of a pending delivery. A delivery that is settled stays as it is.
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError>;

    /// Notes that a pending delivery was refused, and adds the one that follows or ends the
    /// challenge ([`messages::after_refusal`]).
    ///
    /// [`messages::after_refusal`]: crate::challenge::messages::after_refusal
    async fn refuse_delivery(&self, step: RefuseDelivery) -> Result<RefuseOutcome, StoreError>;

    /// Adds a delivery after one that did not arrive, as far as anyone can tell, if the rules allow
    /// it ([`messages::send_again`]).
    ///
    /// [`messages::send_again`]: crate::challenge::messages::send_again
    async fn send_again(&self, step: SendAgain) -> Result<SendAgainOutcome, StoreError>;

    /// Notes what a provider reports of a message that it took. A report that was noted, or that a
    /// better one [stands against](crate::delivery::report::Arrival::stands_against), changes
    /// nothing. The message is looked after again when [`follow_up::after_report`] says.
    ///
    /// [`follow_up::after_report`]: crate::delivery::follow_up::after_report
    async fn note_report(&self, step: NoteReport) -> Result<NoteOutcome, StoreError>;

    /// Takes over up to `limit` pending deliveries whose lease ended, until `leased_until`; those
    /// whose challenge can no longer be answered are settled as dropped and not returned.
    async fn lease_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// Takes up to `limit` settled deliveries that are to be looked after by `now`, and puts that
    /// off: each until the moment that [`follow_up::put_off`] says.
    ///
    /// [`follow_up::put_off`]: crate::delivery::follow_up::put_off
    async fn lease_follow_ups(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// The newest `limit` deliveries of a provider, newest first, with their challenges; those to
    /// one number if it is given.
    async fn recent_deliveries(
        &self,
        provider: &ProviderName,
        phone: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// How the messages of challenges that were opened since `since` and have ended by `now` did,
    /// by provider, channel and block of numbers. A right answer counts for the newest message of
    /// its challenge that could reach its person; those before it did not come, or came too late.
    async fn conversions(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BlockConversion>, StoreError>;
}

/// See [`DeliveryStore::settle_delivery`].
#[derive(Clone, Debug)]
pub struct SettleDelivery {
    /// Which delivery.
    pub id: DeliveryId,
    /// What became of it; not pending.
    pub state: DeliveryState,
    /// What the provider said of it.
    pub receipt: Receipt,
    /// When it is to be looked after.
    pub follow_up_at: Option<Timestamp>,
}

/// See [`DeliveryStore::refuse_delivery`].
#[derive(Clone, Debug)]
pub struct RefuseDelivery {
    /// Which delivery.
    pub id: DeliveryId,
    /// Why it was refused.
    pub reason: SendRefusal,
    /// By which ways another one may follow; none when none should.
    pub plan: Option<SendPlan>,
    /// The present.
    pub now: Timestamp,
}

/// See [`DeliveryStore::refuse_delivery`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefuseOutcome {
    /// It is refused, and this one follows.
    Next(Box<Delivery>),
    /// It is refused and nothing follows. The challenge has ended, unless another of its messages
    /// can reach its person.
    Last,
    /// Somebody else has settled it: it is no longer the caller's.
    Lost,
}

/// See [`DeliveryStore::send_again`].
#[derive(Clone, Debug)]
pub struct SendAgain {
    /// The delivery that did not arrive.
    pub id: DeliveryId,
    /// What the next one goes by.
    pub terms: MessageTerms,
    /// The present.
    pub now: Timestamp,
}

/// See [`DeliveryStore::send_again`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendAgainOutcome {
    /// This one follows.
    Next(Box<Delivery>),
    /// None does, for this reason.
    None(NotAgain),
}

/// See [`DeliveryStore::note_report`].
#[derive(Clone, Debug)]
pub struct NoteReport {
    /// Whose message.
    pub provider: ProviderName,
    /// Which message.
    pub message_id: MessageId,
    /// What became of it.
    pub arrival: Arrival,
    /// What it cost, if the report tells it.
    pub cost: Option<Cost>,
    /// The present.
    pub now: Timestamp,
}

/// See [`DeliveryStore::note_report`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteOutcome {
    /// It is noted: here is the delivery as it is now.
    Noted(Box<DueDelivery>),
    /// It was noted before, or says less than what was.
    Known,
    /// The provider took no such message from us.
    Unknown,
}

/// A delivery and the challenge whose message it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// Its challenge.
    pub challenge: Challenge,
}

/// Steps that keep the store in order.
#[async_trait]
pub trait MaintenanceStore: Send + Sync {
    /// Whether the database answers and takes writes.
    async fn check(&self) -> Result<(), StoreError>;

    /// Deletes up to about `batch` rows of each kind that no rule can ask for any more.
    async fn purge(&self, step: Purge) -> Result<Purged, StoreError>;
}

/// See [`MaintenanceStore::purge`].
#[derive(Clone, Copy, Debug)]
pub struct Purge {
    /// How long a challenge and its deliveries stay after the challenge expired.
    pub challenge_retention: Duration,
    /// How long audit events stay.
    pub audit_retention: Duration,
    /// Rows of each kind at a time.
    pub batch: u16,
    /// The present.
    pub now: Timestamp,
}

/// How many rows a purge deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Challenges, with their deliveries.
    pub challenges: u64,
    /// Sessions.
    pub sessions: u64,
    /// Standings of numbers.
    pub standings: u64,
    /// Audit events.
    pub audit_events: u64,
}

impl Purged {
    /// Whether there was nothing to delete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Steps for whoever watches how providers do.
#[async_trait]
pub trait WatchStore: Send + Sync {
    /// Writes how providers do as a node sees them, in place of what it wrote of them before, and
    /// forgets what nodes wrote that have written nothing for long.
    async fn note_health(&self, step: NoteHealth) -> Result<(), StoreError>;

    /// What nodes wrote last, in no order.
    async fn health(&self) -> Result<Vec<SeenHealth>, StoreError>;

    /// What became of the messages that were first due from `since` on and before `until`, by
    /// provider, fate and currency in no order, without those that were never sent.
    ///
    /// It reads the messages of that time alone; ask for an hour at a time, since a busy server's
    /// day is long.
    async fn tally(&self, since: Timestamp, until: Timestamp) -> Result<Vec<Figure>, StoreError>;
}

/// See [`WatchStore::note_health`].
#[derive(Clone, Debug)]
pub struct NoteHealth {
    /// The node.
    pub node: NodeId,
    /// What it sees.
    pub providers: Vec<ProviderHealth>,
    /// What was written before is forgotten.
    pub forget_before: Timestamp,
    /// The present.
    pub now: Timestamp,
}

//! A store that fails in every step.

use std::fmt;

use async_trait::async_trait;
use phonekey_core::{
    delivery::ProviderName,
    id::UserId,
    phone::PhoneNumber,
    ports::store::{
        AnswerChallenge, AnswerOutcome, ChallengeStore, CreateOutcome, DeleteOutcome,
        DeliveryStore, DueDelivery, MaintenanceStore, NoteHealth, NoteOutcome, NoteReport,
        OpenChallenge, OpenOutcome, Purge, Purged, RefuseDelivery, RefuseOutcome, ResendChallenge,
        ResendOutcome, RotateOutcome, RotateSession, SendAgain, SendAgainOutcome, SessionStore,
        SettleDelivery, StoreError, UserStore, UserUpdate, WatchStore,
    },
    route::{
        conversion::BlockConversion,
        watch::{Figure, SeenHealth},
    },
    time::Timestamp,
    user::{NewUser, User, Username},
};

/// A store that does nothing but fail.
#[derive(Clone, Copy)]
pub(crate) struct BrokenStore(pub(crate) Broken);

#[derive(Clone, Copy)]
pub(crate) enum Broken {
    /// It cannot be reached.
    Away,
    /// It panics, and tells all that it was given.
    Panicking,
}

impl BrokenStore {
    fn fail<T>(self, given: impl fmt::Debug) -> Result<T, StoreError> {
        match self.0 {
            Broken::Away => Err(StoreError::Unavailable {
                source: "secret detail".into(),
            }),
            Broken::Panicking => panic!("secret detail: {given:?}"),
        }
    }
}

#[async_trait]
impl ChallengeStore for BrokenStore {
    async fn open_challenge(&self, step: OpenChallenge) -> Result<OpenOutcome, StoreError> {
        self.fail(step)
    }
    async fn answer_challenge(&self, step: AnswerChallenge) -> Result<AnswerOutcome, StoreError> {
        self.fail(step)
    }
    async fn resend_challenge(&self, step: ResendChallenge) -> Result<ResendOutcome, StoreError> {
        self.fail(step)
    }
}

#[async_trait]
impl SessionStore for BrokenStore {
    async fn rotate_session(&self, step: RotateSession) -> Result<RotateOutcome, StoreError> {
        self.fail(step)
    }
}

#[async_trait]
impl UserStore for BrokenStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.fail(id)
    }
    async fn user_by_phone(&self, phone: PhoneNumber) -> Result<Option<User>, StoreError> {
        self.fail(phone)
    }
    async fn user_by_username(&self, name: &Username) -> Result<Option<User>, StoreError> {
        self.fail(name)
    }
    async fn users(&self, after: Option<UserId>, limit: u16) -> Result<Vec<User>, StoreError> {
        self.fail((after, limit))
    }
    async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<CreateOutcome, StoreError> {
        self.fail((new, now))
    }
    async fn change_user(
        &self,
        id: UserId,
        update: UserUpdate,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.fail((id, update, now))
    }
    async fn delete_user(&self, id: UserId, now: Timestamp) -> Result<DeleteOutcome, StoreError> {
        self.fail((id, now))
    }
}

#[async_trait]
impl DeliveryStore for BrokenStore {
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError> {
        self.fail(step)
    }
    async fn refuse_delivery(&self, step: RefuseDelivery) -> Result<RefuseOutcome, StoreError> {
        self.fail(step)
    }
    async fn send_again(&self, step: SendAgain) -> Result<SendAgainOutcome, StoreError> {
        self.fail(step)
    }
    async fn note_report(&self, step: NoteReport) -> Result<NoteOutcome, StoreError> {
        self.fail(step)
    }
    async fn lease_follow_ups(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.fail((now, limit))
    }
    async fn conversions(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BlockConversion>, StoreError> {
        self.fail((since, now))
    }
    async fn lease_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.fail((now, until, limit))
    }
    async fn recent_deliveries(
        &self,
        provider: &ProviderName,
        to: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.fail((provider, to, limit))
    }
}

#[async_trait]
impl MaintenanceStore for BrokenStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.fail(())
    }
    async fn purge(&self, step: Purge) -> Result<Purged, StoreError> {
        self.fail(step)
    }
}

#[async_trait]
impl WatchStore for BrokenStore {
    async fn note_health(&self, step: NoteHealth) -> Result<(), StoreError> {
        self.fail(step)
    }
    async fn health(&self) -> Result<Vec<SeenHealth>, StoreError> {
        self.fail(())
    }
    async fn tally(&self, since: Timestamp, until: Timestamp) -> Result<Vec<Figure>, StoreError> {
        self.fail((since, until))
    }
}

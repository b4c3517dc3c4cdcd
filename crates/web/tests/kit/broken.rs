//! A store that fails each step.

use async_trait::async_trait;
use phonekey_core::{
    delivery::ProviderName,
    id::UserId,
    phone::PhoneNumber,
    ports::store::{
        AnswerChallenge, AnswerOutcome, ChallengeStore, CreateOutcome, DeleteOutcome,
        DeliveryStore, DueDelivery, MaintenanceStore, NoteOutcome, NoteReport, OpenChallenge,
        OpenOutcome, Purge, Purged, RefuseDelivery, RefuseOutcome, ResendChallenge, ResendOutcome,
        RotateOutcome, RotateSession, SendAgain, SendAgainOutcome, SessionStore, SettleDelivery,
        StoreError, UserStore, UserUpdate,
    },
    route::conversion::BlockConversion,
    time::Timestamp,
    user::{NewUser, User, Username},
};

/// A store that does nothing but fail.
#[derive(Clone, Copy)]
pub(crate) struct BrokenStore(pub(crate) Broken);

#[derive(Clone, Copy)]
pub(crate) enum Broken {
    Away,
    Panicking,
}

impl BrokenStore {
    fn fail<T>(self) -> Result<T, StoreError> {
        match self.0 {
            Broken::Away => Err(StoreError::Unavailable {
                source: "secret detail".into(),
            }),
            Broken::Panicking => panic!("secret detail"),
        }
    }
}

#[async_trait]
impl ChallengeStore for BrokenStore {
    async fn open_challenge(&self, _: OpenChallenge) -> Result<OpenOutcome, StoreError> {
        self.fail()
    }
    async fn answer_challenge(&self, _: AnswerChallenge) -> Result<AnswerOutcome, StoreError> {
        self.fail()
    }
    async fn resend_challenge(&self, _: ResendChallenge) -> Result<ResendOutcome, StoreError> {
        self.fail()
    }
}

#[async_trait]
impl SessionStore for BrokenStore {
    async fn rotate_session(&self, _: RotateSession) -> Result<RotateOutcome, StoreError> {
        self.fail()
    }
}

#[async_trait]
impl UserStore for BrokenStore {
    async fn user(&self, _: UserId) -> Result<Option<User>, StoreError> {
        self.fail()
    }
    async fn user_by_phone(&self, _: PhoneNumber) -> Result<Option<User>, StoreError> {
        self.fail()
    }
    async fn user_by_username(&self, _: &Username) -> Result<Option<User>, StoreError> {
        self.fail()
    }
    async fn users(&self, _: Option<UserId>, _: u16) -> Result<Vec<User>, StoreError> {
        self.fail()
    }
    async fn create_user(&self, _: NewUser, _: Timestamp) -> Result<CreateOutcome, StoreError> {
        self.fail()
    }
    async fn change_user(
        &self,
        _: UserId,
        _: UserUpdate,
        _: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.fail()
    }
    async fn delete_user(&self, _: UserId, _: Timestamp) -> Result<DeleteOutcome, StoreError> {
        self.fail()
    }
}

#[async_trait]
impl DeliveryStore for BrokenStore {
    async fn settle_delivery(&self, _: SettleDelivery) -> Result<(), StoreError> {
        self.fail()
    }
    async fn refuse_delivery(&self, _: RefuseDelivery) -> Result<RefuseOutcome, StoreError> {
        self.fail()
    }
    async fn send_again(&self, _: SendAgain) -> Result<SendAgainOutcome, StoreError> {
        self.fail()
    }
    async fn note_report(&self, _: NoteReport) -> Result<NoteOutcome, StoreError> {
        self.fail()
    }
    async fn lease_follow_ups(&self, _: Timestamp, _: u16) -> Result<Vec<DueDelivery>, StoreError> {
        self.fail()
    }
    async fn conversions(
        &self,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<BlockConversion>, StoreError> {
        self.fail()
    }
    async fn lease_deliveries(
        &self,
        _: Timestamp,
        _: Timestamp,
        _: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.fail()
    }
    async fn recent_deliveries(
        &self,
        _: &ProviderName,
        _: Option<PhoneNumber>,
        _: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.fail()
    }
}

#[async_trait]
impl MaintenanceStore for BrokenStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.fail()
    }
    async fn purge(&self, _: Purge) -> Result<Purged, StoreError> {
        self.fail()
    }
}

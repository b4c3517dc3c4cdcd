//! A store that has trouble with deliveries.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use phonekey_core::{
    delivery::ProviderName,
    phone::PhoneNumber,
    ports::store::{
        DeliveryStore, DueDelivery, NoteOutcome, NoteReport, RefuseDelivery, RefuseOutcome,
        SendAgain, SendAgainOutcome, SettleDelivery, StoreError,
    },
    route::conversion::BlockConversion,
    testing::MemoryStore,
    time::Timestamp,
};
use tokio::sync::{Notify, Semaphore};

use crate::world::World;

/// A store that notes what became of a delivery only once it may, and then fails as often as it is
/// told to.
pub(crate) struct Troubled {
    store: Arc<MemoryStore>,
    may_note: Semaphore,
    failures_left: AtomicUsize,
    settled: Notify,
}

impl Troubled {
    /// One whose first so many steps fail.
    pub(crate) fn over(world: &World, failures: usize) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(&world.store),
            may_note: Semaphore::new(0),
            failures_left: AtomicUsize::new(failures),
            settled: Notify::new(),
        })
    }

    /// The next step fails.
    pub(crate) fn fail_once(&self) {
        self.failures_left.store(1, Ordering::SeqCst);
    }

    pub(crate) fn release(&self) {
        self.may_note.close();
    }

    /// Returns once a delivery was settled.
    pub(crate) async fn settled(&self) {
        self.settled.notified().await;
    }

    async fn wait_and_fail_if_told(&self) -> Result<(), StoreError> {
        let _ = self.may_note.acquire().await;
        let decrease = |left: usize| left.checked_sub(1);
        match self
            .failures_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, decrease)
        {
            Ok(_) => Err(StoreError::Unavailable {
                source: "told to".into(),
            }),
            Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl DeliveryStore for Troubled {
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError> {
        self.wait_and_fail_if_told().await?;
        self.store.settle_delivery(step).await?;
        self.settled.notify_one();
        Ok(())
    }

    async fn refuse_delivery(&self, step: RefuseDelivery) -> Result<RefuseOutcome, StoreError> {
        self.wait_and_fail_if_told().await?;
        self.store.refuse_delivery(step).await
    }

    async fn send_again(&self, step: SendAgain) -> Result<SendAgainOutcome, StoreError> {
        self.wait_and_fail_if_told().await?;
        self.store.send_again(step).await
    }

    async fn note_report(&self, step: NoteReport) -> Result<NoteOutcome, StoreError> {
        self.wait_and_fail_if_told().await?;
        self.store.note_report(step).await
    }

    async fn lease_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.store.lease_deliveries(now, leased_until, limit).await
    }

    async fn lease_follow_ups(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.store.lease_follow_ups(now, limit).await
    }

    async fn recent_deliveries(
        &self,
        provider: &ProviderName,
        phone: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.store.recent_deliveries(provider, phone, limit).await
    }

    async fn conversions(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BlockConversion>, StoreError> {
        self.store.conversions(since, now).await
    }
}

//! The chores over a store that stumbles, while time jumps.

use std::{
    future::pending,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use phonekey_core::{
    code::CodeBook,
    delivery::{Delivery, ProviderName},
    phone::PhoneNumber,
    ports::store::{DeliveryStore, DueDelivery, Purged, SettleDelivery, StoreError},
    route::Route,
    secret::{MasterSecret, Secret},
    testing::ManualClock,
    time::Timestamp,
};
use phonekey_delivery::{senders::Senders, settings::Pace, text::Texts};
use tokio::time::timeout;

use super::*;

/// A store that panics at the first step of each kind, and is empty.
#[derive(Default)]
struct Stumbling {
    purges: AtomicUsize,
    leases: AtomicUsize,
}

fn stumble_once(steps: &AtomicUsize) {
    assert!(steps.fetch_add(1, Ordering::Relaxed) > 0, "stumbled");
}

#[async_trait]
impl MaintenanceStore for Stumbling {
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn purge(&self, _: Purge) -> Result<Purged, StoreError> {
        stumble_once(&self.purges);
        Ok(Purged::default())
    }
}

#[async_trait]
impl DeliveryStore for Stumbling {
    async fn settle_delivery(&self, _: SettleDelivery) -> Result<(), StoreError> {
        Ok(())
    }

    async fn fail_over(&self, _: SettleDelivery, _: Delivery) -> Result<(), StoreError> {
        Ok(())
    }

    async fn lease_deliveries(
        &self,
        _: Timestamp,
        _: Timestamp,
        _: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        stumble_once(&self.leases);
        Ok(Vec::new())
    }

    async fn recent_deliveries(
        &self,
        _: &ProviderName,
        _: Option<PhoneNumber>,
        _: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        Ok(Vec::new())
    }
}

fn deliveries(store: &Arc<Stumbling>) -> Arc<DeliveryRouter> {
    let route = Route::new([ProviderName::new("console")]).unwrap();
    let senders = Senders::of(route, Texts::falling_back_to("en").unwrap(), []);
    let secret = Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue");
    let book = CodeBook::new(&MasterSecret::new(secret).unwrap(), &[], Vec::new());
    let clock = Arc::new(ManualClock::default());
    let store = Arc::clone(store) as _;
    let pace = Pace::default();
    Arc::new(DeliveryRouter::new(
        senders,
        pace,
        store,
        Arc::new(book),
        clock,
    ))
}

#[tokio::test(start_paused = true)]
async fn a_chore_that_panics_is_done_again_at_its_next_tick() {
    let store = Arc::new(Stumbling::default());
    let stopping = CancellationToken::new();
    let retention = Retention {
        challenges: Duration::from_hours(1),
        audit: Duration::from_hours(1),
    };
    let chores = tokio::spawn(run(
        Arc::clone(&store) as _,
        deliveries(&store),
        Arc::new(ManualClock::default()),
        retention,
        stopping.clone(),
    ));

    let _ = timeout(Duration::from_secs(11), pending::<()>()).await;
    stopping.cancel();

    assert!(chores.await.is_ok());
    assert_eq!(store.purges.load(Ordering::Relaxed), 2);
    assert_eq!(store.leases.load(Ordering::Relaxed), 6);
}

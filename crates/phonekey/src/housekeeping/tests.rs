//! The chores over a store that stumbles, while time jumps.

use std::{
    future::pending,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use phonekey_core::{
    challenge::messages::{MessagePolicy, NotAgain},
    code::CodeBook,
    delivery::ProviderName,
    phone::PhoneNumber,
    ports::store::{
        DeliveryStore, DueDelivery, NoteOutcome, NoteReport, Purged, RefuseDelivery, RefuseOutcome,
        SendAgain, SendAgainOutcome, SettleDelivery, StoreError,
    },
    route::{conversion::BlockConversion, table::RoutingTable},
    secret::{MasterSecret, Secret},
    testing::{ManualClock, SeededRandom},
    time::Timestamp,
};
use phonekey_delivery::{
    report::ReportTokens, router::RouterWorld, senders::Senders, settings::Pace, text::Texts,
};
use tokio::time::timeout;

use super::*;

/// A store that panics at the first step of each kind, and is empty.
#[derive(Default)]
struct Stumbling {
    purges: AtomicUsize,
    leases: AtomicUsize,
    looks: AtomicUsize,
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

    async fn refuse_delivery(&self, _: RefuseDelivery) -> Result<RefuseOutcome, StoreError> {
        Ok(RefuseOutcome::Lost)
    }

    async fn send_again(&self, _: SendAgain) -> Result<SendAgainOutcome, StoreError> {
        Ok(SendAgainOutcome::None(NotAgain::Dead))
    }

    async fn note_report(&self, _: NoteReport) -> Result<NoteOutcome, StoreError> {
        Ok(NoteOutcome::Unknown)
    }

    async fn lease_follow_ups(&self, _: Timestamp, _: u16) -> Result<Vec<DueDelivery>, StoreError> {
        stumble_once(&self.looks);
        Ok(Vec::new())
    }

    async fn conversions(
        &self,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<BlockConversion>, StoreError> {
        Ok(Vec::new())
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
    let texts = Texts::falling_back_to("en").unwrap();
    let senders = Senders::of(RoutingTable::new(Vec::new()), texts, []);
    let secret = Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue");
    let master = MasterSecret::new(secret).unwrap();
    let world = RouterWorld {
        store: Arc::clone(store) as _,
        book: Arc::new(CodeBook::new(&master, &[], Vec::new())),
        clock: Arc::new(ManualClock::default()),
        random: Arc::new(SeededRandom::new(1)),
        number: Arc::default(),
    };
    Arc::new(DeliveryRouter::new(
        senders,
        ReportTokens::new(&master),
        Pace::default(),
        MessagePolicy::default(),
        world,
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
    assert_eq!(store.looks.load(Ordering::Relaxed), 6);
}

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use phonekey_core::{
    challenge::CloseReason,
    delivery::{
        Cost, Delivery, DeliveryId, DeliveryState, Message, ProviderName, Receipt, SendOutcome,
        SendRefusal,
    },
    phone::PhoneNumber,
    ports::{
        delivery::{DispatchOutcome, Dispatcher, Inbox, MessageSender},
        store::{ChallengeStore, DeliveryStore, DueDelivery, SettleDelivery, StoreError},
    },
    route::Route,
    testing::MemoryStore,
    time::{Clock, Timestamp},
};
use phonekey_delivery::senders::{Provider, Senders};
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use crate::world::{World, book, texts};

/// A provider that answers as it is told to, once it may.
struct Fake {
    outcome: SendOutcome,
    sent: Mutex<Vec<DeliveryId>>,
    may_answer: Semaphore,
}

impl Fake {
    fn answering(outcome: SendOutcome) -> Arc<Self> {
        let fake = Self::held(outcome);
        fake.release();
        fake
    }

    /// One that answers nothing until it is [released](Self::release).
    fn held(outcome: SendOutcome) -> Arc<Self> {
        Arc::new(Self {
            outcome,
            sent: Mutex::default(),
            may_answer: Semaphore::new(0),
        })
    }

    fn accepting() -> Arc<Self> {
        Self::answering(SendOutcome::Accepted(Receipt::default()))
    }

    fn refusing(refusal: SendRefusal) -> Arc<Self> {
        Self::answering(SendOutcome::Refused(refusal))
    }

    fn release(&self) {
        self.may_answer.close();
    }

    fn sent(&self) -> Vec<DeliveryId> {
        self.sent.lock().unwrap().clone()
    }
}

#[async_trait]
impl MessageSender for Fake {
    async fn send(&self, message: &Message) -> SendOutcome {
        self.sent.lock().unwrap().push(message.delivery);
        let _ = self.may_answer.acquire().await;
        self.outcome.clone()
    }
}

/// Providers `a`, `b`, … in this order.
fn senders<const N: usize>(fakes: [&Arc<Fake>; N]) -> Senders {
    let named: Vec<(ProviderName, Provider)> = ["a", "b", "c"]
        .into_iter()
        .zip(fakes)
        .map(|(name, fake)| {
            let sender = Arc::clone(fake) as Arc<dyn MessageSender>;
            (ProviderName::new(name), Provider::Sender(sender))
        })
        .collect();
    let route = Route::new(named.iter().map(|(name, _)| name.clone())).unwrap();
    Senders::of(route, texts(), named)
}

/// A store whose settling waits, or fails, as it is told to.
struct Troubled {
    store: Arc<MemoryStore>,
    may_settle: Semaphore,
    failures_left: AtomicUsize,
    settled: Notify,
}

impl Troubled {
    fn over(world: &World, failures: usize) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(&world.store),
            may_settle: Semaphore::new(0),
            failures_left: AtomicUsize::new(failures),
            settled: Notify::new(),
        })
    }

    fn release(&self) {
        self.may_settle.close();
    }

    /// Returns once a delivery was settled.
    async fn settled(&self) {
        self.settled.notified().await;
    }

    fn fail_if_told(&self) -> Result<(), StoreError> {
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
        let _ = self.may_settle.acquire().await;
        self.fail_if_told()?;
        self.store.settle_delivery(step).await?;
        self.settled.notify_one();
        Ok(())
    }

    async fn fail_over(&self, step: SettleDelivery, next: Delivery) -> Result<(), StoreError> {
        self.fail_if_told()?;
        self.store.fail_over(step, next).await
    }

    async fn lease_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.store.lease_deliveries(now, leased_until, limit).await
    }

    async fn recent_deliveries(
        &self,
        provider: &ProviderName,
        phone: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        self.store.recent_deliveries(provider, phone, limit).await
    }
}

const LEASE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn an_accepted_message_is_settled_with_its_receipt() {
    let world = World::new();
    let receipt = Receipt {
        message_id: Some("m-1".to_owned()),
        cost: Some(Cost {
            micros: 7500,
            currency: "USD".to_owned(),
        }),
    };
    let a = Fake::answering(SendOutcome::Accepted(receipt.clone()));
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery.clone()).await;
    router.shutdown().await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert_eq!(a.sent(), [delivery.id]);
    let settled = world.deliveries("a").await.remove(0);
    let at = world.clock.now();
    assert_eq!(settled.state, DeliveryState::Accepted { at });
    assert_eq!(settled.provider_message_id, receipt.message_id);
    assert_eq!(settled.cost, receipt.cost);
}

#[tokio::test(start_paused = true)]
async fn refusals_that_others_can_do_better_fail_over_in_order() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::NoCredit);
    let b = Fake::refusing(SendRefusal::RateLimited);
    let c = Fake::accepting();
    let router = world.router(senders([&a, &b, &c]));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;
    router.shutdown().await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    let attempts: Vec<_> = [a.sent(), b.sent(), c.sent()].concat();
    assert_eq!(
        attempts.iter().map(|id| id.attempt).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let at = world.clock.now();
    let refused = |reason| [DeliveryState::Refused { at, reason }];
    assert_eq!(world.states("a").await, refused(SendRefusal::NoCredit));
    assert_eq!(world.states("b").await, refused(SendRefusal::RateLimited));
    assert_eq!(world.states("c").await, [DeliveryState::Accepted { at }]);
}

#[tokio::test(start_paused = true)]
async fn nobody_else_is_asked_for_a_number_that_wants_no_message() {
    for refusal in [
        SendRefusal::OptedOut,
        SendRefusal::InvalidNumber,
        SendRefusal::CannotReceive,
        SendRefusal::BlockedAsFraud,
    ] {
        let world = World::new();
        let (a, b) = (Fake::refusing(refusal), Fake::accepting());
        let router = world.router(senders([&a, &b]));
        let (challenge, delivery) = world.open(&router).await;

        let outcome = router.dispatch(&challenge, delivery).await;
        router.shutdown().await;

        assert_eq!(outcome, DispatchOutcome::NumberRefused(refusal));
        assert!(b.sent().is_empty());
        let (at, reason) = (world.clock.now(), refusal);
        let refused = DeliveryState::Refused { at, reason };
        assert_eq!(world.states("a").await, [refused]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_gone_is_not_sent_by_another() {
    let world = World::new();
    let (a, b) = (Fake::answering(SendOutcome::Unknown), Fake::accepting());
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;
    router.shutdown().await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert!(b.sent().is_empty());
    let at = world.clock.now();
    assert_eq!(world.states("a").await, [DeliveryState::Unknown { at }]);
}

#[tokio::test(start_paused = true)]
async fn when_all_refuse_the_last_reason_is_told() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::NoCredit);
    let b = Fake::refusing(SendRefusal::BadCredentials);
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;
    router.shutdown().await;

    let reason = SendRefusal::BadCredentials;
    assert_eq!(outcome, DispatchOutcome::Unavailable(reason));
    let at = world.clock.now();
    assert_eq!(
        world.states("b").await,
        [DeliveryState::Refused { at, reason }]
    );
}

#[tokio::test(start_paused = true)]
async fn a_route_may_end_in_the_inbox() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::Temporary);
    let inbox = ProviderName::new("inbox");
    let first = (
        ProviderName::new("a"),
        Provider::Sender(Arc::clone(&a) as Arc<dyn MessageSender>),
    );
    let route = Route::new([first.0.clone(), inbox.clone()]).unwrap();
    let router = world.router(Senders::of(
        route,
        texts(),
        [first, (inbox, Provider::Inbox)],
    ));
    let (challenge, delivery) = world.open(&router).await;
    let before = router.inbox().unwrap().revision();

    let outcome = router.dispatch(&challenge, delivery).await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert_ne!(router.inbox().unwrap().revision(), before);
    assert_eq!(
        router
            .inbox()
            .unwrap()
            .messages(None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_no_longer_than_the_deadline_and_the_send_goes_on() {
    let world = World::new();
    let a = Fake::held(SendOutcome::Accepted(Receipt::default()));
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery.clone()).await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert_eq!(world.states("a").await, [delivery.state]);

    a.release();
    router.shutdown().await;
    let at = world.clock.now();
    assert_eq!(world.states("a").await, [DeliveryState::Accepted { at }]);
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_a_refusal_still_fails_over() {
    let world = World::new();
    let a = Fake::held(SendOutcome::Refused(SendRefusal::Temporary));
    let b = Fake::accepting();
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    a.release();
    router.shutdown().await;

    assert_eq!(b.sent().len(), 1);
}

/// With the clock paused, a caller that waited for the store would wait until the deadline, and
/// learn only that the message is on its way.
#[tokio::test(start_paused = true)]
async fn a_caller_does_not_wait_for_the_settling() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::OptedOut);
    let store = Troubled::over(&world, 0);
    let router = world.router_over(senders([&a]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery.clone()).await;

    let opted_out = DispatchOutcome::NumberRefused(SendRefusal::OptedOut);
    assert_eq!(outcome, opted_out);
    assert_eq!(world.states("a").await, [delivery.state]);

    store.release();
    router.shutdown().await;
    assert_ne!(world.states("a").await, [delivery.state]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_comes_back_learns_the_outcome() {
    let world = World::new();
    let a = Fake::accepting();
    let store = Troubled::over(&world, 2);
    store.release();
    let router = world.router_over(senders([&a]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;

    router.dispatch(&challenge, delivery.clone()).await;
    let settled = timeout(LEASE, store.settled()).await;

    assert!(settled.is_ok());
    let at = world.clock.now();
    assert_eq!(world.states("a").await, [DeliveryState::Accepted { at }]);
    assert_eq!(a.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_store_that_is_away() {
    let world = World::new();
    let a = Fake::accepting();
    let store = Troubled::over(&world, usize::MAX);
    store.release();
    let router = world.router_over(senders([&a]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery.clone()).await;

    let ended = timeout(LEASE, router.shutdown()).await;

    assert!(ended.is_ok());
    assert_eq!(world.states("a").await, [delivery.state]);
}

#[tokio::test(start_paused = true)]
async fn a_failover_that_cannot_be_stored_is_not_sent() {
    let world = World::new();
    let (a, b) = (Fake::refusing(SendRefusal::NoCredit), Fake::accepting());
    let store = Troubled::over(&world, 1);
    let router = world.router_over(senders([&a, &b]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery.clone()).await;
    router.shutdown().await;

    assert_eq!(outcome, DispatchOutcome::Unavailable(SendRefusal::NoCredit));
    assert!(b.sent().is_empty());
    assert_eq!(world.states("a").await, [delivery.state]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_has_no_longer_than_the_lease() {
    let world = World::new();
    let a = Fake::held(SendOutcome::Accepted(Receipt::default()));
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    router.dispatch(&challenge, delivery).await;
    let ended = timeout(LEASE, router.shutdown()).await;

    assert!(ended.is_ok());
    let at = world.clock.now();
    assert_eq!(world.states("a").await, [DeliveryState::Unknown { at }]);
}

#[tokio::test(start_paused = true)]
async fn what_another_node_may_hold_is_left_to_it() {
    let world = World::new();
    let a = Fake::accepting();
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    world.clock.advance(LEASE);
    let outcome = router.dispatch(&challenge, delivery.clone()).await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert!(a.sent().is_empty());
    assert_eq!(world.states("a").await, [delivery.state]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_pending_is_sent_once_by_whichever_node_takes_it_up() {
    let world = World::new();
    let a = Fake::accepting();
    let (one, other) = (world.router(senders([&a])), world.router(senders([&a])));
    let mut opened = BTreeSet::new();
    for _ in 0..100 {
        opened.insert(world.open(&one).await.1.id);
    }

    assert_eq!(one.resume_once(world.clock.now()).await.unwrap(), 0);
    world.clock.advance(LEASE);
    let now = world.clock.now();
    let (by_one, by_other) = tokio::join!(one.resume_once(now), other.resume_once(now));

    assert_eq!(by_one.unwrap() + by_other.unwrap(), 100);
    assert_eq!(a.sent().len(), 100);
    assert_eq!(a.sent().into_iter().collect::<BTreeSet<_>>(), opened);
    let states = world.states("a").await;
    assert!(
        states
            .iter()
            .all(|state| *state == DeliveryState::Accepted { at: now })
    );
    world.clock.advance(LEASE);
    assert_eq!(one.resume_once(world.clock.now()).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_delivery_fails_over_as_well() {
    let world = World::new();
    let (a, b) = (Fake::refusing(SendRefusal::NoCredit), Fake::accepting());
    let router = world.router(senders([&a, &b]));
    world.open(&router).await;

    world.clock.advance(LEASE);
    router.resume_once(world.clock.now()).await.unwrap();

    assert_eq!(b.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_change_of_route_what_was_pending_goes_by_the_new_one() {
    let world = World::new();
    let a = Fake::accepting();
    let gone = Route::new([ProviderName::new("gone")]).unwrap();
    world
        .open(&world.router(Senders::of(gone, texts(), [])))
        .await;
    let router = world.router(senders([&a]));

    world.clock.advance(LEASE);
    router.resume_once(world.clock.now()).await.unwrap();

    assert_eq!(a.sent().len(), 1);
    let (at, reason) = (world.clock.now(), SendRefusal::Temporary);
    assert_eq!(
        world.states("gone").await,
        [DeliveryState::Refused { at, reason }]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_a_challenge_that_has_expired() {
    let world = World::new();
    let a = Fake::accepting();
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    world.clock.advance(Duration::from_mins(2));
    let outcome = router.dispatch(&challenge, delivery).await;
    router.shutdown().await;

    let unavailable = DispatchOutcome::Unavailable(SendRefusal::Temporary);
    assert_eq!(outcome, unavailable);
    assert!(a.sent().is_empty());
    let at = world.clock.now();
    assert_eq!(world.states("a").await, [DeliveryState::Dropped { at }]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_a_challenge_that_is_closed() {
    let world = World::new();
    let a = Fake::accepting();
    let router = world.router(senders([&a]));
    let (mut challenge, delivery) = world.open(&router).await;
    let (resumed, _) = world.open(&router).await;
    let now = world.clock.now();
    challenge.close(CloseReason::Superseded, now);
    world
        .store
        .give_up_challenge(resumed.id, now)
        .await
        .unwrap();

    router.dispatch(&challenge, delivery).await;
    world.clock.advance(LEASE);
    let resumed = router.resume_once(world.clock.now()).await.unwrap();

    assert_eq!(resumed, 0);
    assert!(a.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_secret_is_gone_is_dropped() {
    let mut world = World::new();
    let a = Fake::accepting();
    world.open(&world.router(senders([&a]))).await;
    world.book = Arc::new(book("another-secret-Zr1mT0vYx3KpLw7NcB5d"));
    let router = world.router(senders([&a]));

    world.clock.advance(LEASE);
    router.resume_once(world.clock.now()).await.unwrap();

    assert!(a.sent().is_empty());
    let at = world.clock.now();
    assert_eq!(world.states("a").await, [DeliveryState::Dropped { at }]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_gone_does_not_stop_the_send() {
    let world = World::new();
    let a = Fake::held(SendOutcome::Accepted(Receipt::default()));
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    let patience = Duration::from_secs(1);
    let gone = timeout(patience, router.dispatch(&challenge, delivery)).await;
    a.release();
    router.shutdown().await;

    assert!(gone.is_err());
    let at = world.clock.now();
    assert_eq!(world.states("a").await, [DeliveryState::Accepted { at }]);
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_what_is_under_way_and_takes_on_nothing_more() {
    let world = World::new();
    let a = Fake::held(SendOutcome::Accepted(Receipt::default()));
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    let early = timeout(Duration::from_secs(1), router.shutdown()).await;
    let (late, pending) = world.open(&router).await;
    let late_outcome = router.dispatch(&late, pending.clone()).await;
    a.release();
    router.shutdown().await;
    world.clock.advance(LEASE);
    let resumed = router.resume_once(world.clock.now()).await.unwrap();

    assert!(early.is_err(), "the send is still under way");
    assert_eq!(late_outcome, DispatchOutcome::Sent);
    assert_eq!(resumed, 0);
    assert_eq!(a.sent().len(), 1);
    assert!(world.states("a").await.contains(&pending.state));
}

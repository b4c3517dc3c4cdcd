//! What becomes of deliveries when the server stops.

use std::{sync::Arc, time::Duration};

use phonekey_core::ports::delivery::{DispatchOutcome, Dispatcher};
use phonekey_delivery::settings::Pace;
use tokio::time::timeout;

use crate::{
    fakes::{Fake, accepted, senders},
    troubled::Troubled,
    world::World,
};

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_store_that_is_away() {
    let world = World::new();
    let a = Fake::accepting();
    let store = Troubled::over(&world, usize::MAX);
    store.release();
    let router = world.router_over(senders([&a]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery.clone()).await;

    let ended = timeout(Pace::default().lease, router.shutdown()).await;

    assert!(ended.is_ok());
    assert_eq!(world.states("a").await, [delivery.state]);
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_what_is_under_way_and_takes_on_nothing_more() {
    let world = World::new();
    let a = Fake::held(accepted());
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    let early = timeout(Duration::from_secs(1), router.shutdown()).await;
    let (late, pending) = world.open(&router).await;
    let late_outcome = router.dispatch(&late, pending.clone()).await;
    a.release();
    router.shutdown().await;
    world.clock.advance(Pace::default().lease);
    let resumed = router.resume_once(world.now()).await.unwrap();

    assert!(early.is_err(), "the send is still under way");
    assert_eq!(late_outcome, DispatchOutcome::Sent);
    assert_eq!(resumed, 0);
    assert_eq!(a.sent().len(), 1);
    assert!(world.states("a").await.contains(&pending.state));
}

//! What becomes of deliveries when the server stops.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    delivery::{ProviderName, outcome::SendOutcome},
    ports::{
        delivery::{DispatchOutcome, Dispatcher},
        report::{ReportAnswer, ReportReceiver},
    },
};
use phonekey_delivery::{provider::ReportSource, senders::Senders, settings::Pace};
use tokio::time::timeout;

use crate::{
    fake_reports::{FakeReader, signed, token},
    fakes::{Fake, accepted, everywhere, senders, senders_of, sms},
    troubled::Troubled,
    world::{World, idle},
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

#[tokio::test(start_paused = true)]
async fn a_code_that_should_go_once_more_is_left_to_the_next_start() {
    let world = World::new();
    let (a, b) = (Fake::answering(SendOutcome::Unknown), Fake::accepting());
    let stopping = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&stopping).await;
    stopping.dispatch(&challenge, delivery).await;
    stopping.shutdown().await;

    world.clock.advance(Duration::from_secs(10));
    let looks = stopping.follow_up_once(world.now()).await.unwrap();
    assert_eq!((looks, b.sent().len()), (1, 0));

    let next = world.router(senders([&a, &b]));
    world.clock.advance(Duration::from_secs(10));
    next.follow_up_once(world.now()).await.unwrap();
    idle().await;
    assert_eq!(b.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn so_is_one_whose_loss_is_reported_while_the_server_stops() {
    let world = World::new();
    let (a, b) = (Fake::accepting_as("m-1"), Fake::accepting());
    let stopping = world.router(calling(&a, &b));
    let (challenge, delivery) = world.open(&stopping).await;
    stopping.dispatch(&challenge, delivery).await;
    stopping.shutdown().await;

    let (provider, report) = (ProviderName::new("a"), signed("m-1 temporary"));
    let answer = stopping.receive(&provider, &token("a"), &report).await;
    assert_eq!(answer.unwrap(), ReportAnswer::Noted);
    assert!(b.sent().is_empty());

    let next = world.router(calling(&a, &b));
    world.clock.advance(Duration::from_secs(10));
    next.follow_up_once(world.now()).await.unwrap();
    idle().await;
    assert_eq!(b.sent().len(), 1);
}

/// The provider `a` calls us; `b` does not.
fn calling(a: &Arc<Fake>, b: &Arc<Fake>) -> Senders {
    let reports = ReportSource::Callback(Arc::new(FakeReader));
    let both = [("a", a.reporting(reports)), ("b", b.silent())];
    senders_of(everywhere(vec![sms("a"), sms("b")]), both)
}

//! Deliveries that a crash left behind, or a change of the configuration.

use std::{collections::BTreeSet, sync::Arc};

use phonekey_core::{
    challenge::CloseReason,
    delivery::{DeliveryState, outcome::SendRefusal},
    ports::{
        delivery::{DispatchOutcome, Dispatcher},
        store::AnswerOutcome,
    },
    testing::values,
};
use phonekey_delivery::settings::Pace;

use crate::{
    fakes::{Fake, senders},
    world::{World, book},
};

#[tokio::test(start_paused = true)]
async fn what_another_node_may_hold_is_left_to_it() {
    let world = World::new();
    let a = Fake::accepting();
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    world.clock.advance(Pace::default().lease);
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

    assert_eq!(one.resume_once(world.now()).await.unwrap(), 0);
    world.clock.advance(Pace::default().lease);
    let now = world.now();
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
    world.clock.advance(Pace::default().lease);
    assert_eq!(one.resume_once(world.now()).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_delivery_fails_over_as_well() {
    let world = World::new();
    let (a, b) = (Fake::refusing(SendRefusal::NoCredit), Fake::accepting());
    let router = world.router(senders([&a, &b]));
    world.open(&router).await;

    world.clock.advance(Pace::default().lease);
    router.resume_once(world.now()).await.unwrap();

    assert_eq!(b.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_change_of_route_what_was_pending_goes_by_the_new_one() {
    let world = World::new();
    let a = Fake::accepting();
    let plan = values::plan(&["gone"]);
    world.open_planned(world.challenge(), &plan).await;
    let router = world.router(senders([&a]));

    world.clock.advance(Pace::default().lease);
    router.resume_once(world.now()).await.unwrap();

    assert_eq!(a.sent().len(), 1);
    let (at, reason) = (world.now(), SendRefusal::Temporary);
    assert_eq!(
        world.states("gone").await,
        [DeliveryState::Refused { at, reason }]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_a_challenge_that_is_closed() {
    let world = World::new();
    let a = Fake::accepting();
    let router = world.router(senders([&a]));
    let (resumed, _) = world.open(&router).await;
    let answered = world.answer(&resumed).await;
    let (mut challenge, delivery) = world.open(&router).await;
    challenge.close(CloseReason::Superseded, world.now());

    router.dispatch(&challenge, delivery).await;
    world.clock.advance(Pace::default().lease);
    let count = router.resume_once(world.now()).await.unwrap();

    assert!(matches!(answered, AnswerOutcome::LoggedIn(_)));
    assert_eq!(count, 0);
    assert!(a.sent().is_empty());
    let dropped = |state: &DeliveryState| matches!(state, DeliveryState::Dropped { .. });
    assert!(world.states("a").await.iter().all(dropped));
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_secret_is_gone_is_dropped() {
    let mut world = World::new();
    let a = Fake::accepting();
    world.open(&world.router(senders([&a]))).await;
    world.book = Arc::new(book("another-secret-Zr1mT0vYx3KpLw7NcB5d"));
    let router = world.router(senders([&a]));

    world.clock.advance(Pace::default().lease);
    router.resume_once(world.now()).await.unwrap();

    assert!(a.sent().is_empty());
    let at = world.now();
    assert_eq!(world.states("a").await, [DeliveryState::Dropped { at }]);
}

//! Messages that nobody can tell the fate of (SECURITY.md T68).

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    delivery::outcome::SendOutcome,
    policy::Enforcement,
    ports::{
        delivery::{DispatchOutcome, Dispatcher},
        store::AnswerOutcome,
    },
};
use phonekey_delivery::router::Router;

use crate::{
    fakes::{Fake, senders},
    troubled::Troubled,
    world::{World, idle},
};

const SECOND: Duration = Duration::from_secs(1);

/// Looks after what is due in each second of this time.
async fn let_pass(world: &World, router: &Router, time: Duration) {
    for _ in 0..time.as_secs() {
        world.clock.advance(SECOND);
        router.follow_up_once(world.now()).await.unwrap();
        idle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_code_goes_by_the_next_provider_after_ten_seconds() {
    let world = World::new();
    let (a, b) = (Fake::answering(SendOutcome::Unknown), Fake::accepting());
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;
    let outcome = router.dispatch(&challenge, delivery).await;
    assert_eq!(outcome, DispatchOutcome::Sent);

    let_pass(&world, &router, 9 * SECOND).await;
    assert!(b.sent().is_empty());
    let_pass(&world, &router, SECOND).await;

    let message = b.messages().remove(0);
    assert_eq!(message.delivery.challenge, challenge.id);
    assert_eq!(message.delivery.attempt, 2);
    assert!(message.code.matches(&world.code(&challenge)));
    let answer = world.answer(&challenge).await;
    assert!(matches!(answer, AnswerOutcome::LoggedIn(_)), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn t68_a_code_goes_once_more_unasked_and_no_third_time() {
    let world = World::new();
    let lost = || Fake::answering(SendOutcome::Unknown);
    let (a, b, c) = (lost(), lost(), lost());
    let router = world.router(senders([&a, &b, &c]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    let_pass(&world, &router, Duration::from_mins(10)).await;

    let sent = [&a, &b, &c].map(|provider| provider.sent().len());
    assert_eq!(sent, [1, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_once_more_for_a_challenge_that_was_answered() {
    let world = World::new();
    let (a, b) = (Fake::answering(SendOutcome::Unknown), Fake::accepting());
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;
    world.answer(&challenge).await;

    let_pass(&world, &router, Duration::from_mins(10)).await;

    assert!(b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_once_more_for_a_message_that_was_taken() {
    let world = World::new();
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    let_pass(&world, &router, Duration::from_mins(10)).await;

    assert_eq!((a.sent().len(), b.sent().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_only_provider_is_asked_again() {
    let world = World::new();
    let a = Fake::answering(SendOutcome::Unknown);
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    let_pass(&world, &router, Duration::from_mins(10)).await;

    let attempts: Vec<u8> = a.sent().iter().map(|id| id.attempt).collect();
    assert_eq!(attempts, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn t15_a_number_that_has_had_its_messages_gets_no_more_unasked() {
    let mut world = World::new();
    world.number.enforcement = Enforcement::On;
    world.number.sends = "1/10m".parse().unwrap();
    let (a, b) = (Fake::answering(SendOutcome::Unknown), Fake::accepting());
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    let_pass(&world, &router, Duration::from_mins(10)).await;

    assert!(b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_store_could_not_note_is_looked_after_again() {
    let world = World::new();
    let (a, b) = (Fake::answering(SendOutcome::Unknown), Fake::accepting());
    let store = Troubled::over(&world, 0);
    store.release();
    let router = world.router_over(senders([&a, &b]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;
    idle().await;
    store.fail_once();

    let_pass(&world, &router, 10 * SECOND).await;
    assert!(b.sent().is_empty(), "it could not be noted");
    let_pass(&world, &router, 10 * SECOND).await;

    assert_eq!(b.sent().len(), 1);
}

//! What a caller learns of a delivery, and when.

use std::{pin::pin, sync::Arc, time::Duration};

use phonekey_core::{
    challenge::{ChallengeState, CloseReason},
    delivery::{
        DeliveryState,
        outcome::{Cost, Currency, MessageId, Receipt, SendOutcome, SendRefusal},
    },
    ports::{
        delivery::{DispatchOutcome, Dispatcher},
        store::{AnswerOutcome, DeliveryStore, SettleDelivery},
    },
};
use phonekey_delivery::settings::Pace;
use tokio::time::timeout;

use crate::{
    fakes::{Fake, accepted, refused, senders},
    troubled::Troubled,
    world::{LIFETIME, World, idle},
};

/// Shorter than the deadline: whoever answers within it has not waited for it.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn an_accepted_message_is_settled_with_its_receipt() {
    let world = World::new();
    let receipt = Receipt {
        message_id: MessageId::new("m-1"),
        cost: Some(Cost {
            micros: 7500,
            currency: Currency::from_code("USD").unwrap(),
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
    let at = world.now();
    assert_eq!(settled.state, DeliveryState::Accepted { at });
    assert_eq!(settled.receipt, receipt);
    assert_eq!(settled.follow_up_at, None);
}

#[tokio::test(start_paused = true)]
async fn when_all_refuse_the_last_reason_is_told_and_the_challenge_ends() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::NoCredit);
    let b = Fake::refusing(SendRefusal::BadCredentials);
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;

    let reason = SendRefusal::BadCredentials;
    assert_eq!(outcome, DispatchOutcome::Unavailable(reason));
    let at = world.now();
    assert_eq!(
        world.states("b").await,
        [DeliveryState::Refused { at, reason }]
    );
    assert_eq!(world.challenge_state("b").await, undeliverable(&world));
    assert_eq!(world.answer(&challenge).await, AnswerOutcome::Dead);
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_no_longer_than_the_deadline_and_the_send_goes_on() {
    let world = World::new();
    let a = Fake::held(accepted());
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    let mut dispatch = pin!(router.dispatch(&challenge, delivery.clone()));
    let deadline = Pace::default().deadline;
    let early = timeout(deadline.mul_f64(0.99), &mut dispatch).await;
    let outcome = timeout(deadline, dispatch).await;

    assert!(early.is_err());
    assert_eq!(outcome, Ok(DispatchOutcome::Sent));
    assert_eq!(world.states("a").await, [delivery.state]);

    a.release();
    router.shutdown().await;
    let at = world.now();
    assert_eq!(world.states("a").await, [DeliveryState::Accepted { at }]);
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_a_refusal_still_fails_over() {
    let world = World::new();
    let a = Fake::held(refused(SendRefusal::Temporary));
    let b = Fake::accepting();
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    a.release();
    router.shutdown().await;

    assert_eq!(b.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_last_refusal_after_the_deadline_ends_the_challenge() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::Temporary);
    let b = Fake::held(refused(SendRefusal::NoCredit));
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;
    assert_eq!(outcome, DispatchOutcome::Sent);
    assert_eq!(world.challenge_state("b").await, ChallengeState::Open);

    b.release();
    router.shutdown().await;
    assert_eq!(world.challenge_state("b").await, undeliverable(&world));
    assert_eq!(world.answer(&challenge).await, AnswerOutcome::Dead);
}

#[tokio::test(start_paused = true)]
async fn a_caller_does_not_wait_until_an_acceptance_is_noted() {
    let world = World::new();
    let a = Fake::accepting();
    let store = Troubled::over(&world, 0);
    let router = world.router_over(senders([&a]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;

    let dispatch = router.dispatch(&challenge, delivery.clone());
    let outcome = timeout(AT_ONCE, dispatch).await;

    assert_eq!(outcome, Ok(DispatchOutcome::Sent));
    assert_eq!(world.states("a").await, [delivery.state]);

    store.release();
    router.shutdown().await;
    assert_ne!(world.states("a").await, [delivery.state]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_learns_of_a_refusal_once_it_is_noted() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::OptedOut);
    let store = Troubled::over(&world, 0);
    let router = world.router_over(senders([&a]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;

    let mut dispatch = pin!(router.dispatch(&challenge, delivery));
    let early = timeout(AT_ONCE, &mut dispatch).await;
    store.release();
    let outcome = timeout(AT_ONCE, dispatch).await;

    assert!(early.is_err());
    let opted_out = DispatchOutcome::NumberRefused(SendRefusal::OptedOut);
    assert_eq!(outcome, Ok(opted_out));
    assert_eq!(world.challenge_state("a").await, undeliverable(&world));
}

/// Another node has taken the delivery up meanwhile, and its provider took the message.
#[tokio::test(start_paused = true)]
async fn a_refusal_that_came_too_late_changes_nothing() {
    let world = World::new();
    let (a, b) = (
        Fake::held(refused(SendRefusal::Temporary)),
        Fake::accepting(),
    );
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;
    let id = delivery.id;

    let mut dispatch = pin!(router.dispatch(&challenge, delivery));
    let _ = timeout(AT_ONCE, &mut dispatch).await;
    let at = world.now();
    let settled = SettleDelivery {
        id,
        state: DeliveryState::Accepted { at },
        receipt: Receipt::default(),
        follow_up_at: None,
    };
    world.store.settle_delivery(settled).await.unwrap();
    a.release();
    let outcome = timeout(AT_ONCE, dispatch).await;
    router.shutdown().await;

    assert_eq!(outcome, Ok(DispatchOutcome::Sent));
    assert!(b.sent().is_empty());
    assert_eq!(world.states("a").await, [DeliveryState::Accepted { at }]);
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
    let settled = timeout(Pace::default().lease, store.settled()).await;

    assert!(settled.is_ok());
    let at = world.now();
    assert_eq!(world.states("a").await, [DeliveryState::Accepted { at }]);
    assert_eq!(a.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_provider_has_no_longer_than_the_lease() {
    let world = World::new();
    let a = Fake::held(accepted());
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    router.dispatch(&challenge, delivery).await;
    let ended = timeout(Pace::default().lease, router.shutdown()).await;

    assert!(ended.is_ok());
    let at = world.now();
    assert_eq!(world.states("a").await, [DeliveryState::Unknown { at }]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_a_challenge_that_has_expired() {
    let world = World::new();
    let a = Fake::accepting();
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    world.clock.advance(LIFETIME);
    let outcome = router.dispatch(&challenge, delivery).await;
    router.shutdown().await;

    let unavailable = DispatchOutcome::Unavailable(SendRefusal::Temporary);
    assert_eq!(outcome, unavailable);
    assert!(a.sent().is_empty());
    let at = world.now();
    assert_eq!(world.states("a").await, [DeliveryState::Dropped { at }]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_gone_does_not_stop_the_send() {
    let world = World::new();
    let a = Fake::held(accepted());
    let router = world.router(senders([&a]));
    let (challenge, delivery) = world.open(&router).await;

    let gone = timeout(AT_ONCE, router.dispatch(&challenge, delivery)).await;
    a.release();
    idle().await;

    assert!(gone.is_err());
    let at = world.now();
    assert_eq!(world.states("a").await, [DeliveryState::Accepted { at }]);
}

fn undeliverable(world: &World) -> ChallengeState {
    let (at, reason) = (world.now(), CloseReason::Undeliverable);
    ChallengeState::Closed { at, reason }
}

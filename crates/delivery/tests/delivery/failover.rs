//! What follows from a provider's refusal.

use std::{future::pending, sync::Arc};

use phonekey_core::{
    delivery::{
        Channel, DeliveryState,
        outcome::{SendOutcome, SendRefusal},
    },
    ports::delivery::{DispatchOutcome, Dispatcher, Inbox},
    route::table::RouteRule,
};
use phonekey_delivery::provider::Provider;
use tokio::time::timeout;

use crate::{
    fakes::{Fake, everywhere, inbox, senders, senders_of, sms, voice},
    troubled::Troubled,
    world::World,
};

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
    let at = world.now();
    let refused = |reason| [DeliveryState::Refused { at, reason }];
    assert_eq!(world.states("a").await, refused(SendRefusal::NoCredit));
    assert_eq!(world.states("b").await, refused(SendRefusal::RateLimited));
    assert_eq!(world.states("c").await, [DeliveryState::Accepted { at }]);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_carries_the_same_code() {
    let world = World::new();
    let (a, b) = (Fake::refusing(SendRefusal::NoCredit), Fake::accepting());
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;

    router.dispatch(&challenge, delivery).await;

    let code = world.code(&challenge);
    assert!(a.messages()[0].code.matches(&code));
    assert!(b.messages()[0].code.matches(&code));
}

#[tokio::test(start_paused = true)]
async fn nobody_else_is_asked_for_a_number_that_wants_no_message() {
    for refusal in [
        SendRefusal::OptedOut,
        SendRefusal::InvalidNumber,
        SendRefusal::BlockedAsFraud,
    ] {
        let world = World::new();
        let (a, b) = (Fake::refusing(refusal), Fake::accepting());
        let hops = vec![sms("a"), sms("b"), voice("b")];
        let both = [("a", a.silent()), ("b", b.silent())];
        let router = world.router(senders_of(everywhere(hops), both));
        let (challenge, delivery) = world.open(&router).await;

        let outcome = router.dispatch(&challenge, delivery).await;
        router.shutdown().await;

        assert_eq!(outcome, DispatchOutcome::NumberRefused(refusal));
        assert!(b.sent().is_empty());
        let (at, reason) = (world.now(), refusal);
        let refused = DeliveryState::Refused { at, reason };
        assert_eq!(world.states("a").await, [refused]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_gets_no_text_messages_is_called() {
    let world = World::new();
    let (a, b, c) = (
        Fake::refusing(SendRefusal::CannotReceive),
        Fake::accepting(),
        Fake::accepting(),
    );
    let hops = vec![sms("a"), sms("b"), voice("c")];
    let all = [("a", a.silent()), ("b", b.silent()), ("c", c.silent())];
    let router = world.router(senders_of(everywhere(hops), all));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert!(b.sent().is_empty());
    assert_eq!(c.messages()[0].channel, Channel::Voice);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_gets_no_messages_of_the_only_kind_is_unreachable() {
    let world = World::new();
    let (a, b) = (
        Fake::refusing(SendRefusal::CannotReceive),
        Fake::accepting(),
    );
    let router = world.router(senders([&a, &b]));
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;

    let refused = DispatchOutcome::NumberRefused(SendRefusal::CannotReceive);
    assert_eq!(outcome, refused);
    assert!(b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_by_its_channel_goes_on_by_that() {
    let world = World::new();
    let (a, b) = (Fake::refusing(SendRefusal::Temporary), Fake::accepting());
    let rule = RouteRule {
        on_request: vec![voice("a"), voice("b")],
        ..everywhere(vec![sms("b")])
    };
    let both = [("a", a.silent()), ("b", b.silent())];
    let router = world.router(senders_of(rule, both));
    let voice = Some(Channel::Voice);
    let (challenge, delivery) = world.open_by(&router, world.challenge(), voice).await;

    let outcome = router.dispatch(&challenge, delivery).await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    let channels: Vec<_> = b.messages().iter().map(|it| it.channel).collect();
    assert_eq!(channels, [Channel::Voice]);
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
    let at = world.now();
    assert_eq!(world.states("a").await, [DeliveryState::Unknown { at }]);
}

#[tokio::test(start_paused = true)]
async fn a_route_may_end_in_the_inbox() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::Temporary);
    let rule = everywhere(vec![sms("a"), inbox()]);
    let both = [("a", a.silent()), ("inbox", Provider::kept())];
    let router = world.router(senders_of(rule, both));
    let (challenge, delivery) = world.open(&router).await;
    let inbox = router.inbox().unwrap();
    let before = inbox.revision();

    let outcome = router.dispatch(&challenge, delivery).await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert_ne!(inbox.revision(), before);
    assert_eq!(inbox.messages(None, 9).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failover_waits_for_a_store_that_is_away() {
    let world = World::new();
    let (a, b) = (Fake::refusing(SendRefusal::NoCredit), Fake::accepting());
    let store = Troubled::over(&world, 3);
    store.release();
    let router = world.router_over(senders([&a, &b]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;
    router.shutdown().await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert_eq!((a.sent().len(), b.sent().len()), (1, 1));
    let (at, reason) = (world.now(), SendRefusal::NoCredit);
    let refused = DeliveryState::Refused { at, reason };
    assert_eq!(world.states("a").await, [refused]);
    assert_eq!(world.states("b").await, [DeliveryState::Accepted { at }]);
}

#[tokio::test(start_paused = true)]
async fn a_failover_that_cannot_be_stored_is_not_sent() {
    let world = World::new();
    let (a, b) = (Fake::refusing(SendRefusal::NoCredit), Fake::accepting());
    let store = Troubled::over(&world, usize::MAX);
    store.release();
    let router = world.router_over(senders([&a, &b]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery.clone()).await;
    router.shutdown().await;

    assert_eq!(outcome, DispatchOutcome::Sent, "as far as anyone knows");
    assert!(b.sent().is_empty());
    assert_eq!(world.states("a").await, [delivery.state]);
}

#[tokio::test(start_paused = true)]
async fn a_failover_is_not_tried_beyond_the_lease() {
    let world = World::new();
    let (a, b) = (Fake::refusing(SendRefusal::NoCredit), Fake::accepting());
    let store = Troubled::over(&world, usize::MAX);
    store.release();
    let router = world.router_over(senders([&a, &b]), Arc::clone(&store) as Arc<_>);
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;

    world.clock.advance(world.pace.lease);
    let _ = timeout(world.pace.lease, pending::<()>()).await;
    store.fail_once();
    let resumed = router.resume_once(world.now()).await.unwrap();

    assert_eq!((resumed, a.sent().len()), (1, 2));
    assert_eq!(b.sent().len(), 1);
}

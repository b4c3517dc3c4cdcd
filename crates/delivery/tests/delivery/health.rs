//! Providers that are down, or have enough to do.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    challenge::{ChallengeState, CloseReason},
    delivery::{ProviderName, outcome::SendRefusal},
    ports::delivery::{DispatchOutcome, Dispatcher},
    route::breaker::Position,
};
use phonekey_delivery::{
    provider::{Provider, gate::Gate},
    router::Router,
};

use crate::{
    fakes::{Fake, accepted, everywhere, refused, senders, senders_of, sms},
    world::{World, idle},
};

/// So many failures open a breaker.
const ENOUGH: usize = 10;

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_is_asked_no_more() {
    let (world, a, b) = down_and_up();
    let router = world.router(senders([&a, &b]));

    for _ in 0..ENOUGH + 5 {
        assert_eq!(log_in(&world, &router).await, DispatchOutcome::Sent);
    }

    assert_eq!(a.sent().len(), ENOUGH);
    let firsts = b.sent().iter().filter(|id| id.attempt == 1).count();
    assert_eq!((b.sent().len(), firsts), (ENOUGH + 5, 5));
}

#[tokio::test(start_paused = true)]
async fn what_was_planned_for_a_provider_that_is_down_meanwhile_goes_on_at_once() {
    let (world, a, b) = down_and_up();
    let router = world.router(senders([&a, &b]));
    let (challenge, planned) = world.open(&router).await;
    assert_eq!(planned.provider, ProviderName::new("a"));
    bring_down(&world, &router).await;

    let outcome = router.dispatch(&challenge, planned.clone()).await;

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert!(!a.sent().contains(&planned.id));
    assert_eq!(b.sent().last().unwrap().challenge, challenge.id);
}

#[tokio::test(start_paused = true)]
async fn one_message_finds_out_whether_a_provider_is_back_and_the_others_do_not_wait_for_it() {
    let (world, a, b) = down_and_up();
    let router = world.router(senders([&a, &b]));
    bring_down(&world, &router).await;

    world.clock.advance(Duration::from_secs(9));
    log_in(&world, &router).await;
    assert_eq!(a.sent().len(), ENOUGH, "too early for a probe");
    world.clock.advance(Duration::from_secs(1));
    a.hold();
    a.answer(accepted());
    let (probe, planned) = world.open(&router).await;
    let probing = router.dispatch(&probe, planned);
    let others = async {
        idle().await;
        for _ in 0..5 {
            log_in(&world, &router).await;
        }
        assert_eq!(a.sent().len(), ENOUGH + 1, "one probe at a time");
        a.release();
    };
    let (outcome, ()) = tokio::join!(probing, others);

    assert_eq!(outcome, DispatchOutcome::Sent);
    assert_eq!(a.sent().last().unwrap().challenge, probe.id);
    assert_eq!(position(&router, "a"), Position::Closed);
    log_in(&world, &router).await;
    assert_eq!(a.sent().len(), ENOUGH + 2);
    assert_eq!(b.sent().len(), ENOUGH + 6);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_costs_its_person_nothing_and_doubles_the_pause() {
    let (world, a, b) = down_and_up();
    let router = world.router(senders([&a, &b]));
    bring_down(&world, &router).await;
    world.clock.advance(Duration::from_secs(10));

    assert_eq!(log_in(&world, &router).await, DispatchOutcome::Sent);

    assert_eq!(a.sent().len(), ENOUGH + 1);
    let until = world.now().plus(Duration::from_secs(20));
    assert_eq!(position(&router, "a"), Position::Open { until });
    world.clock.advance(Duration::from_secs(19));
    log_in(&world, &router).await;
    assert_eq!(a.sent().len(), ENOUGH + 1);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_refused_for_its_own_sake_keeps_no_provider_down() {
    let (world, a, b) = down_and_up();
    let router = world.router(senders([&a, &b]));
    bring_down(&world, &router).await;
    world.clock.advance(Duration::from_secs(10));
    a.answer(refused(SendRefusal::BlockedCountry));
    log_in(&world, &router).await;
    a.answer(accepted());

    log_in(&world, &router).await;

    assert_eq!(a.sent().len(), ENOUGH + 2);
    assert_eq!(position(&router, "a"), Position::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_know_our_key_is_asked_once() {
    let (world, a, b) = down_and_up();
    a.answer(refused(SendRefusal::BadCredentials));
    let router = world.router(senders([&a, &b]));

    for _ in 0..5 {
        assert_eq!(log_in(&world, &router).await, DispatchOutcome::Sent);
    }

    assert_eq!(a.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_that_are_the_numbers_doing_bring_no_provider_down() {
    let (world, a, b) = down_and_up();
    a.answer(refused(SendRefusal::InvalidNumber));
    let router = world.router(senders([&a, &b]));

    for _ in 0..3 * ENOUGH {
        log_in(&world, &router).await;
    }

    assert_eq!(position(&router, "a"), Position::Closed);
    assert_eq!(a.sent().len(), 3 * ENOUGH);
}

#[tokio::test(start_paused = true)]
async fn without_another_provider_a_caller_learns_at_once_that_it_is_down() {
    let world = World::new();
    let a = Fake::refusing(SendRefusal::Temporary);
    let router = world.router(senders([&a]));
    bring_down(&world, &router).await;

    let outcome = log_in(&world, &router).await;

    let unavailable = DispatchOutcome::Unavailable(SendRefusal::Temporary);
    assert_eq!(outcome, unavailable);
    assert_eq!(a.sent().len(), ENOUGH);
    let (at, reason) = (world.now(), CloseReason::Undeliverable);
    let closed = ChallengeState::Closed { at, reason };
    assert_eq!(world.challenge_state("a").await, closed);
}

#[tokio::test(start_paused = true)]
async fn what_is_more_than_a_provider_may_have_under_way_goes_to_the_next() {
    let world = World::new();
    let (a, b) = (Fake::held(accepted()), Fake::accepting());
    let router = world.router(bounded(&a, Gate::new(2, None), &b));
    let busy = async {
        let (one, other) = (world.open(&router).await, world.open(&router).await);
        tokio::join!(
            router.dispatch(&one.0, one.1),
            router.dispatch(&other.0, other.1)
        )
    };
    let others = async {
        idle().await;
        for _ in 0..2 * ENOUGH {
            assert_eq!(log_in(&world, &router).await, DispatchOutcome::Sent);
        }
        a.release();
    };

    tokio::join!(busy, others);

    assert_eq!(a.sent().len(), 2);
    assert_eq!(b.sent().len(), 2 * ENOUGH);
    // To have enough to do is no failure.
    assert_eq!(position(&router, "a"), Position::Closed);
    assert_eq!(provider(&router, "a").health().last_trouble(), None);
    log_in(&world, &router).await;
    assert_eq!(a.sent().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_more_than_a_provider_may_have_a_second_goes_to_the_next() {
    let world = World::new();
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let router = world.router(bounded(&a, Gate::new(1000, Some(4)), &b));

    for _ in 0..6 {
        log_in(&world, &router).await;
    }
    world.clock.advance(Duration::from_millis(250));
    for _ in 0..2 {
        log_in(&world, &router).await;
    }

    assert_eq!((a.sent().len(), b.sent().len()), (5, 3));
    assert_eq!(position(&router, "a"), Position::Closed);
}

/// A provider that fails and, after it on the route, one that does not.
fn down_and_up() -> (World, Arc<Fake>, Arc<Fake>) {
    let down = Fake::refusing(SendRefusal::Temporary);
    (World::new(), down, Fake::accepting())
}

async fn bring_down(world: &World, router: &Router) {
    for _ in 0..ENOUGH {
        log_in(world, router).await;
    }
    assert!(matches!(position(router, "a"), Position::Open { .. }));
}

async fn log_in(world: &World, router: &Router) -> DispatchOutcome {
    let (challenge, delivery) = world.open(router).await;
    router.dispatch(&challenge, delivery).await
}

fn bounded(a: &Arc<Fake>, gate: Gate, b: &Arc<Fake>) -> phonekey_delivery::senders::Senders {
    let both = [("a", a.silent().within(gate)), ("b", b.silent())];
    senders_of(everywhere(vec![sms("a"), sms("b")]), both)
}

fn provider(router: &Router, name: &str) -> Arc<Provider> {
    let name = ProviderName::new(name);
    Arc::clone(router.senders().provider(&name).unwrap())
}

fn position(router: &Router, name: &str) -> Position {
    provider(router, name).health().position()
}

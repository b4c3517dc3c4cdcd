//! Routes that go by how many messages end in a right code.

use std::time::Duration;

use phonekey_core::{
    ports::{delivery::Dispatcher, store::AnswerOutcome},
    route::{order::Strategy, table::RouteRule},
    testing::values,
};
use phonekey_delivery::router::Router;

use crate::{
    fakes::{Fake, everywhere, senders_of, sms},
    world::{LIFETIME, World, idle},
};

/// A router that prefers whichever of `a` and `b` does better; in the operator's order, `a`.
fn router(world: &World, strategy: Strategy) -> Router {
    let (a, b) = (Fake::accepting(), Fake::accepting());
    let rule = RouteRule {
        strategy,
        ..everywhere(vec![sms("a"), sms("b")])
    };
    let both = [("a", a.silent()), ("b", b.silent())];
    world.router(senders_of(rule, both))
}

/// Forty messages by each: those by `b` end in a right code, those by `a` in nothing.
async fn history(world: &World, router: &Router) {
    for _ in 0..40 {
        for provider in ["a", "b"] {
            let plan = values::plan(&[provider]);
            let (challenge, delivery) = world.open_planned(world.challenge(), &plan).await;
            router.dispatch(&challenge, delivery).await;
            idle().await;
            if provider == "b" {
                let answer = world.answer(&challenge).await;
                assert!(matches!(answer, AnswerOutcome::LoggedIn(_)), "{answer:?}");
            }
        }
    }
    world.clock.advance(LIFETIME);
}

/// How many of 200 messages would go by `b` first.
fn by_b(world: &World, router: &Router) -> usize {
    let phone = world.challenge().phone;
    let firsts = (0..200).filter_map(|_| {
        let plan = router.plan(phone, None, world.now())?;
        plan.hops().next().map(|hop| hop.provider.clone())
    });
    firsts.filter(|first| first.as_str() == "b").count()
}

#[tokio::test(start_paused = true)]
async fn once_it_is_counted_the_better_provider_comes_first() {
    let world = World::new();
    let router = router(&world, Strategy::Conversion);
    history(&world, &router).await;
    let before = by_b(&world, &router);

    router.refresh_outlook(world.now()).await.unwrap();

    let after = by_b(&world, &router);
    // Some try another way than the best, so that one that has recovered is found out.
    assert!((1..30).contains(&before), "{before}");
    assert!((171..200).contains(&after), "{after}");
}

#[tokio::test(start_paused = true)]
async fn what_is_long_past_is_forgotten() {
    let world = World::new();
    let router = router(&world, Strategy::Conversion);
    history(&world, &router).await;
    router.refresh_outlook(world.now()).await.unwrap();

    world.clock.advance(Duration::from_mins(31));
    router.refresh_outlook(world.now()).await.unwrap();

    assert!(by_b(&world, &router) < 30);
}

#[tokio::test(start_paused = true)]
async fn an_operator_who_wrote_down_an_order_gets_it() {
    let world = World::new();
    let router = router(&world, Strategy::Ordered);
    history(&world, &router).await;

    router.refresh_outlook(world.now()).await.unwrap();

    assert_eq!(by_b(&world, &router), 0);
}

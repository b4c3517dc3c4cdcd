//! Reports of providers that are asked for them.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    delivery::{
        Channel,
        outcome::SendRefusal,
        report::{Arrival, DeliveryReport},
    },
    ports::{delivery::Dispatcher, store::AnswerOutcome},
    route::Hop,
};
use phonekey_delivery::router::Router;

use crate::{
    fake_reports::FakePoller,
    fakes::{Fake, everywhere, senders_of, sms, voice},
    world::{World, idle},
};

const SECOND: Duration = Duration::from_secs(1);

/// A message `m-1` that the polled provider `a` took; `b` takes any.
struct Scene {
    world: World,
    b: Arc<Fake>,
    poller: Arc<FakePoller>,
    router: Router,
}

impl Scene {
    async fn over(hops: Vec<Hop>) -> Self {
        let (world, poller) = (World::new(), Arc::new(FakePoller::default()));
        let (a, b) = (Fake::accepting_as("m-1"), Fake::accepting());
        let both = [("a", a.reporting(poller.source())), ("b", b.silent())];
        let router = world.router(senders_of(everywhere(hops), both));
        let (challenge, delivery) = world.open(&router).await;
        router.dispatch(&challenge, delivery).await;
        idle().await;
        Self {
            world,
            b,
            poller,
            router,
        }
    }

    async fn by_text_message() -> Self {
        Self::over(vec![sms("a"), sms("b")]).await
    }

    /// Looks after what is due in each second of this time; in which of them `a` was asked, counted
    /// from 1.
    async fn let_pass(&self, time: Duration) -> Vec<u64> {
        let mut asked_in = Vec::new();
        for second in 1..=time.as_secs() {
            let before = self.poller.asked_for("m-1");
            self.world.clock.advance(SECOND);
            let now = self.world.now();
            self.router.follow_up_once(now).await.unwrap();
            idle().await;
            if self.poller.asked_for("m-1") > before {
                asked_in.push(second);
            }
        }
        asked_in
    }

    async fn report(&self) -> Option<DeliveryReport> {
        self.world.deliveries("a").await[0].report
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_asked_after_fifteen_seconds_then_when_a_message_is_twice_as_old() {
    let scene = Scene::by_text_message().await;

    let asked_in = scene.let_pass(Duration::from_hours(3)).await;

    assert_eq!(asked_in, [15, 30, 60, 120, 240, 480, 960, 1920, 3840]);
    assert!(scene.b.sent().is_empty(), "a missing report is no failure");
}

#[tokio::test(start_paused = true)]
async fn an_arrival_is_noted_and_nobody_asks_any_more() {
    let scene = Scene::by_text_message().await;
    scene.let_pass(20 * SECOND).await;
    scene.poller.answer(Arrival::Delivered);

    let asked_in = scene.let_pass(Duration::from_mins(10)).await;

    assert_eq!(asked_in, [10]);
    let arrival = scene.report().await.map(|report| report.arrival);
    assert_eq!(arrival, Some(Arrival::Delivered));
    assert!(scene.b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_did_not_arrive_goes_by_the_next_provider_at_once() {
    let scene = Scene::by_text_message().await;
    let lost = Arrival::Undelivered(SendRefusal::Temporary);
    scene.poller.answer(lost);

    let asked_in = scene.let_pass(15 * SECOND).await;

    assert_eq!(asked_in, [15]);
    let at = scene.world.now();
    let report = DeliveryReport { at, arrival: lost };
    assert_eq!(scene.report().await, Some(report));
    let challenge = scene.world.kept("a").await.remove(0).challenge;
    let code = scene.world.code(&challenge);
    assert!(scene.b.messages()[0].code.matches(&code));
    let asked_in = scene.let_pass(Duration::from_mins(10)).await;
    assert!(asked_in.is_empty(), "it is known what became of it");
    assert_eq!(scene.b.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_round_a_person_who_wants_no_messages() {
    let scene = Scene::by_text_message().await;
    let opted_out = Arrival::Undelivered(SendRefusal::OptedOut);
    scene.poller.answer(opted_out);

    scene.let_pass(Duration::from_mins(10)).await;

    let arrival = scene.report().await.map(|report| report.arrival);
    assert_eq!(arrival, Some(opted_out));
    assert!(scene.b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_number_that_turns_out_to_get_no_text_messages_is_called() {
    let scene = Scene::over(vec![sms("a"), sms("b"), voice("b")]).await;
    let cannot = Arrival::Undelivered(SendRefusal::CannotReceive);
    scene.poller.answer(cannot);

    scene.let_pass(Duration::from_mins(1)).await;

    let channels: Vec<_> = scene.b.messages().iter().map(|it| it.channel).collect();
    assert_eq!(channels, [Channel::Voice]);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_turns_out_to_get_none_of_the_only_kind_gets_no_more() {
    let scene = Scene::by_text_message().await;
    let cannot = Arrival::Undelivered(SendRefusal::CannotReceive);
    scene.poller.answer(cannot);

    scene.let_pass(Duration::from_mins(1)).await;

    assert!(scene.b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_did_not_arrive_is_let_be_once_its_person_has_answered() {
    let scene = Scene::by_text_message().await;
    let challenge = scene.world.kept("a").await.remove(0).challenge;
    let answer = scene.world.answer(&challenge).await;
    assert!(matches!(answer, AnswerOutcome::LoggedIn(_)), "{answer:?}");
    let lost = Arrival::Undelivered(SendRefusal::Temporary);
    scene.poller.answer(lost);

    scene.let_pass(Duration::from_mins(1)).await;

    let arrival = scene.report().await.map(|report| report.arrival);
    assert_eq!(arrival, Some(lost));
    assert!(scene.b.sent().is_empty());
}

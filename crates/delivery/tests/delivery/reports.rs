//! Reports of providers that call us.

use std::sync::Arc;

use phonekey_core::{
    delivery::{
        ProviderName,
        outcome::SendRefusal,
        report::{Arrival, DeliveryReport},
    },
    ports::{
        delivery::Dispatcher,
        report::{RawReport, ReportAnswer, ReportReceiver},
        store::{AnswerOutcome, StoreError},
    },
};
use phonekey_delivery::{provider::ReportSource, router::Router};

use crate::{
    fake_reports::{FakePoller, FakeReader, signed, token},
    fakes::{Fake, everywhere, senders_of, sms},
    troubled::Troubled,
    world::{World, idle},
};

/// A message `m-1` that the provider `a` took, which calls us; `b`, which is polled, takes any.
struct Scene {
    world: World,
    b: Arc<Fake>,
    store: Arc<Troubled>,
    router: Router,
}

impl Scene {
    async fn new() -> Self {
        let (world, poller) = (World::new(), Arc::new(FakePoller::default()));
        let (a, b) = (Fake::accepting_as("m-1"), Fake::accepting());
        let calling = ReportSource::Callback(Arc::new(FakeReader));
        let both = [
            ("a", a.reporting(calling)),
            ("b", b.reporting(poller.source())),
        ];
        let store = Troubled::over(&world, 0);
        store.release();
        let senders = senders_of(everywhere(vec![sms("a"), sms("b")]), both);
        let router = world.router_over(senders, Arc::clone(&store) as Arc<_>);
        let (challenge, delivery) = world.open(&router).await;
        router.dispatch(&challenge, delivery).await;
        idle().await;
        Self {
            world,
            b,
            store,
            router,
        }
    }

    /// What `a` is told that says this.
    async fn says(&self, body: &str) -> ReportAnswer {
        self.receive("a", &token("a"), &signed(body)).await.unwrap()
    }

    async fn receive(
        &self,
        provider: &str,
        token: &str,
        report: &RawReport,
    ) -> Result<ReportAnswer, StoreError> {
        let provider = ProviderName::new(provider);
        let answer = self.router.receive(&provider, token, report).await;
        idle().await;
        answer
    }

    async fn report(&self) -> Option<DeliveryReport> {
        self.world.deliveries("a").await[0].report
    }

    async fn arrival(&self) -> Option<Arrival> {
        self.report().await.map(|report| report.arrival)
    }
}

const LOST: Arrival = Arrival::Undelivered(SendRefusal::Temporary);

#[tokio::test(start_paused = true)]
async fn an_arrival_is_noted() {
    let scene = Scene::new().await;

    let answer = scene.says("m-1 delivered").await;

    assert_eq!(answer, ReportAnswer::Noted);
    let report = DeliveryReport {
        at: scene.world.now(),
        arrival: Arrival::Delivered,
    };
    assert_eq!(scene.report().await, Some(report));
    assert!(scene.b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_did_not_arrive_goes_by_the_next_provider_at_once() {
    let scene = Scene::new().await;

    let answer = scene.says("m-1 temporary").await;

    assert_eq!(answer, ReportAnswer::Noted);
    assert_eq!(scene.arrival().await, Some(LOST));
    let challenge = scene.world.kept("a").await.remove(0).challenge;
    let message = scene.b.messages().remove(0);
    assert_eq!(message.delivery.challenge, challenge.id);
    assert!(message.code.matches(&scene.world.code(&challenge)));
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_round_a_person_who_wants_no_messages() {
    for reason in ["opted_out", "invalid_number", "blocked_as_fraud"] {
        let scene = Scene::new().await;

        let answer = scene.says(&format!("m-1 {reason}")).await;

        assert_eq!(answer, ReportAnswer::Noted);
        assert!(scene.arrival().await.is_some());
        assert!(scene.b.sent().is_empty(), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_may_come_any_number_of_times() {
    let scene = Scene::new().await;

    for _ in 0..5 {
        assert_eq!(scene.says("m-1 temporary").await, ReportAnswer::Noted);
    }

    assert_eq!(scene.b.sent().len(), 1);
    assert_eq!(scene.arrival().await, Some(LOST));
}

#[tokio::test(start_paused = true)]
async fn what_has_arrived_cannot_unarrive() {
    let scene = Scene::new().await;

    scene.says("m-1 delivered").await;
    let answer = scene.says("m-1 temporary").await;

    assert_eq!(answer, ReportAnswer::Noted);
    assert_eq!(scene.arrival().await, Some(Arrival::Delivered));
    assert!(scene.b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_seemed_lost_may_arrive_after_all() {
    let scene = Scene::new().await;

    scene.says("m-1 temporary\nm-1 delivered").await;

    assert_eq!(scene.arrival().await, Some(Arrival::Delivered));
    assert_eq!(scene.b.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_no_news() {
    let scene = Scene::new().await;

    let answer = scene.says("m-1 underway").await;

    assert_eq!(answer, ReportAnswer::Noted);
    assert_eq!(scene.report().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_report_of_a_message_that_is_not_ours_is_let_be() {
    let scene = Scene::new().await;

    let answer = scene.says("m-2 temporary").await;

    assert_eq!(answer, ReportAnswer::Noted, "it should not come again");
    assert_eq!(scene.report().await, None);
    assert!(scene.b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_report_for_an_answered_challenge_sends_nothing() {
    let scene = Scene::new().await;
    let challenge = scene.world.kept("a").await.remove(0).challenge;
    let answer = scene.world.answer(&challenge).await;
    assert!(matches!(answer, AnswerOutcome::LoggedIn(_)), "{answer:?}");

    scene.says("m-1 temporary").await;

    assert_eq!(scene.arrival().await, Some(LOST));
    assert!(scene.b.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn t59_what_comes_to_another_path_is_forged() {
    let scene = Scene::new().await;
    let right = token("a");
    let mut wrong = vec![String::new(), token("b"), right.to_uppercase()];
    wrong.push(right[..right.len() - 1].to_owned());

    for token in wrong {
        let report = signed("m-1 delivered");
        let answer = scene.receive("a", &token, &report).await.unwrap();
        assert_eq!(answer, ReportAnswer::Forged, "{token}");
    }

    assert_eq!(scene.report().await, None);
}

#[tokio::test(start_paused = true)]
async fn t59_what_its_provider_did_not_sign_is_forged() {
    let scene = Scene::new().await;
    let unsigned = RawReport {
        headers: Vec::new(),
        ..signed("m-1 delivered")
    };

    let answer = scene.receive("a", &token("a"), &unsigned).await.unwrap();

    assert_eq!(answer, ReportAnswer::Forged);
    assert_eq!(scene.report().await, None);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_changes_nothing() {
    let scene = Scene::new().await;

    let answer = scene.says("m-1 delivered\ngibberish").await;

    assert_eq!(answer, ReportAnswer::Unreadable);
    assert_eq!(scene.report().await, None);
}

#[tokio::test(start_paused = true)]
async fn providers_that_do_not_call_us_have_no_path() {
    let scene = Scene::new().await;
    let report = signed("m-1 delivered");

    for provider in ["b", "nobody"] {
        let answer = scene.receive(provider, &token(provider), &report).await;
        assert_eq!(answer.unwrap(), ReportAnswer::NotHere, "{provider}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_whether_we_are_there_is_told_what_it_wants_to_hear() {
    let scene = Scene::new().await;

    let answer = scene.says("hello 1158201444").await;

    let text = "1158201444".to_owned();
    assert_eq!(answer, ReportAnswer::Handshake(text));
}

#[tokio::test(start_paused = true)]
async fn a_report_that_cannot_be_noted_is_to_come_again() {
    let scene = Scene::new().await;
    scene.store.fail_once();

    let answer = scene
        .receive("a", &token("a"), &signed("m-1 temporary"))
        .await;

    assert!(matches!(answer, Err(StoreError::Unavailable { .. })));
    assert!(scene.b.sent().is_empty());
    assert_eq!(scene.says("m-1 temporary").await, ReportAnswer::Noted);
    assert_eq!(scene.b.sent().len(), 1);
}

//! Reports that come before their messages are settled.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    delivery::{
        ProviderName,
        outcome::SendRefusal,
        report::{Arrival, DeliveryReport},
    },
    ports::{
        delivery::Dispatcher,
        report::{ReportAnswer, ReportReceiver},
    },
};
use phonekey_delivery::{provider::ReportSource, router::Router};

use crate::{
    fake_reports::{FakeReader, signed, token},
    fakes::{Fake, everywhere, senders_of, sms},
    troubled::Troubled,
    world::{World, idle},
};

/// The provider `a`, which calls us, is about to take a message as `m-1`; `b` takes any.
struct Scene {
    world: World,
    a: Arc<Fake>,
    b: Arc<Fake>,
    router: Router,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let (a, b) = (Fake::accepting_as("m-1"), Fake::accepting());
        a.hold();
        let router = router(&world, &a, &b);
        Self {
            world,
            a,
            b,
            router,
        }
    }

    /// Sends a message, which `a` does not answer yet.
    async fn begin(&self) {
        let (challenge, delivery) = self.world.open(&self.router).await;
        self.router.dispatch(&challenge, delivery).await;
    }

    async fn finish(&self) {
        self.a.release();
        idle().await;
    }

    async fn report(&self) -> Option<DeliveryReport> {
        self.world.deliveries("a").await[0].report
    }
}

fn router(world: &World, a: &Arc<Fake>, b: &Arc<Fake>) -> Router {
    let reports = ReportSource::Callback(Arc::new(FakeReader));
    let both = [("a", a.reporting(reports)), ("b", b.silent())];
    let senders = senders_of(everywhere(vec![sms("a"), sms("b")]), both);
    world.router(senders)
}

/// What `a` tells `router`.
async fn says(router: &Router, body: &str) {
    let provider = ProviderName::new("a");
    let answer = router.receive(&provider, &token("a"), &signed(body)).await;
    assert_eq!(answer.unwrap(), ReportAnswer::Noted);
    idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_report_before_its_messages_answer_is_noted_with_it() {
    let scene = Scene::new();
    scene.begin().await;

    says(&scene.router, "m-1 delivered").await;
    let before = scene.report().await;
    scene.finish().await;

    assert_eq!(before, None);
    let report = DeliveryReport {
        at: scene.world.now(),
        arrival: Arrival::Delivered,
    };
    assert_eq!(scene.report().await, Some(report));
}

#[tokio::test(start_paused = true)]
async fn a_loss_that_is_reported_early_has_the_code_sent_by_the_next_provider() {
    let scene = Scene::new();
    scene.begin().await;

    says(&scene.router, "m-1 temporary").await;
    scene.finish().await;

    assert_eq!(scene.b.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_report_while_the_message_is_being_settled_is_noted() {
    let world = World::new();
    let a = Fake::accepting_as("m-1");
    let store = Troubled::over(&world, 0);
    let reports = ReportSource::Callback(Arc::new(FakeReader));
    let senders = senders_of(everywhere(vec![sms("a")]), [("a", a.reporting(reports))]);
    let router = Arc::new(world.router_over(senders, Arc::clone(&store) as _));
    let (challenge, delivery) = world.open(&router).await;
    router.dispatch(&challenge, delivery).await;
    let telling = tokio::spawn({
        let router = Arc::clone(&router);
        async move { says(&router, "m-1 delivered").await }
    });
    idle().await;

    store.release();
    telling.await.unwrap();

    let report = world.deliveries("a").await[0].report;
    assert_eq!(report.map(|it| it.arrival), Some(Arrival::Delivered));
}

#[tokio::test(start_paused = true)]
async fn what_another_node_settles_is_noted_within_seconds() {
    let scene = Scene::new();
    let other = router(&scene.world, &scene.a, &scene.b);
    scene.begin().await;
    says(&other, "m-1 temporary").await;
    scene.finish().await;

    other.note_early_reports(scene.world.now()).await;
    let at_once = scene.report().await;
    scene.world.clock.advance(Duration::from_secs(2));
    other.note_early_reports(scene.world.now()).await;
    idle().await;

    assert_eq!(at_once, None);
    let lost = Arrival::Undelivered(SendRefusal::Temporary);
    assert_eq!(scene.report().await.map(|it| it.arrival), Some(lost));
    assert_eq!(scene.b.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_early_report_is_noted_while_the_server_stops() {
    let scene = Scene::new();
    scene.begin().await;
    says(&scene.router, "m-1 temporary").await;

    let stopping = async {
        scene.router.shutdown().await;
    };
    let answering = async {
        idle().await;
        scene.a.release();
    };
    tokio::join!(stopping, answering);

    let lost = Arrival::Undelivered(SendRefusal::Temporary);
    assert_eq!(scene.report().await.map(|it| it.arrival), Some(lost));
    assert!(scene.b.sent().is_empty(), "that is for the next start");
}

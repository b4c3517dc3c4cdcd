//! Providers that report over a session which they keep.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        outcome::MessageId,
        report::{Arrival, Report},
    },
    ports::{delivery::Dispatcher, store::StoreError},
};
use phonekey_delivery::{
    provider::{HoldSession, ReportSource, TakeReports},
    router::Router,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    fakes::{Fake, accepted, everywhere, senders_of, sms},
    troubled::Troubled,
    world::{World, idle},
};

/// A session that tells what it is told to.
#[derive(Default)]
struct FakeSession {
    begun: AtomicUsize,
    ended: AtomicUsize,
    panics: AtomicUsize,
    reports: Mutex<Option<Arc<dyn TakeReports>>>,
    told: Notify,
}

impl FakeSession {
    async fn report(&self, id: &str, arrival: Arrival) -> Result<(), StoreError> {
        let reports = self.reports.lock().unwrap().clone().unwrap();
        let report = Report {
            message_id: MessageId::new(id).unwrap(),
            arrival: Some(arrival),
            cost: None,
        };
        reports.take(report).await
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl HoldSession for FakeSession {
    async fn hold(&self, reports: Arc<dyn TakeReports>, ending: CancellationToken) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        *self.reports.lock().unwrap() = Some(reports);
        tokio::select! {
            () = ending.cancelled() => {}
            () = self.told.notified() => {
                self.panics.fetch_add(1, Ordering::SeqCst);
                panic!("told to");
            }
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// A message `m-1` that the provider `a` took, which keeps a session.
struct Scene {
    world: World,
    a: Arc<Fake>,
    session: Arc<FakeSession>,
    store: Arc<Troubled>,
    router: Router,
}

impl Scene {
    async fn new() -> Self {
        let (world, session) = (World::new(), Arc::new(FakeSession::default()));
        let a = Fake::accepting_as("m-1");
        let source = ReportSource::Session(Arc::clone(&session) as _);
        let senders = senders_of(everywhere(vec![sms("a")]), [("a", a.reporting(source))]);
        let store = Troubled::over(&world, 0);
        store.release();
        let router = world.router_over(senders, Arc::clone(&store) as _);
        router.hold_sessions();
        let (challenge, delivery) = world.open(&router).await;
        router.dispatch(&challenge, delivery).await;
        idle().await;
        Self {
            world,
            a,
            session,
            store,
            router,
        }
    }

    async fn arrival(&self) -> Option<Arrival> {
        let delivery = self.world.deliveries("a").await.remove(0);
        delivery.report.map(|report| report.arrival)
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_session_tells_is_noted() {
    let scene = Scene::new().await;

    let taken = scene.session.report("m-1", Arrival::Delivered).await;

    assert!(taken.is_ok());
    assert_eq!(scene.arrival().await, Some(Arrival::Delivered));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_noted_is_to_come_again() {
    let scene = Scene::new().await;
    scene.store.fail_once();

    let taken = scene.session.report("m-1", Arrival::Delivered).await;

    assert!(matches!(taken, Err(StoreError::Unavailable { .. })));
    assert_eq!(scene.arrival().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_all_is_sent() {
    let scene = Scene::new().await;
    scene.a.hold();
    scene.a.answer(accepted());
    let (challenge, delivery) = scene
        .world
        .open_by(&scene.router, scene.world.challenge(), None)
        .await;
    let dispatching = scene.router.dispatch(&challenge, delivery);
    let stopping = async {
        idle().await;
        scene.router.shutdown().await;
    };
    let watching = async {
        idle().await;
        idle().await;
        let ended_early = scene.session.ended();
        scene.a.release();
        ended_early
    };
    let (_, (), ended_early) = tokio::join!(dispatching, stopping, watching);

    assert_eq!(ended_early, 0, "a message is still under way");
    assert_eq!(scene.session.ended(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_panics_begins_anew() {
    let scene = Scene::new().await;

    scene.session.told.notify_one();
    while scene.session.begun() < 2 {
        idle().await;
    }
    scene.router.shutdown().await;

    assert_eq!(scene.session.panics.load(Ordering::SeqCst), 1);
    assert_eq!((scene.session.begun(), scene.session.ended()), (2, 1));
}

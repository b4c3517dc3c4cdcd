//! What a node writes, and when.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use phonekey_core::{
    challenge::messages::MessagePolicy,
    code::{Code, CodeBook},
    delivery::{
        Channel, DeliveryId, ProviderName,
        message::Message,
        outcome::{SendOutcome, SendRefusal},
    },
    ports::{delivery::MessageSender, store::StoreError},
    route::{
        breaker::Position,
        table::RoutingTable,
        watch::{Figure, SeenHealth},
    },
    secret::{MasterSecret, Secret},
    testing::{ManualClock, MemoryStore, SeededRandom, values},
};
use phonekey_delivery::{
    provider::{Provider, ReportSource},
    report::ReportTokens,
    router::RouterWorld,
    senders::Senders,
    settings::Pace,
    text::Texts,
};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A store that keeps what it is told, unless it is away.
#[derive(Default)]
struct Recorder {
    notes: Mutex<Vec<NoteHealth>>,
    is_away: AtomicBool,
}

#[async_trait]
impl WatchStore for Recorder {
    async fn note_health(&self, step: NoteHealth) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::Relaxed) {
            let source = "away".into();
            return Err(StoreError::Unavailable { source });
        }
        self.notes.lock().unwrap().push(step);
        Ok(())
    }

    async fn health(&self) -> Result<Vec<SeenHealth>, StoreError> {
        Ok(Vec::new())
    }

    async fn tally(&self, _: Timestamp, _: Timestamp) -> Result<Vec<Figure>, StoreError> {
        Ok(Vec::new())
    }
}

/// A provider whose account is empty.
struct Broke;

#[async_trait]
impl MessageSender for Broke {
    async fn send(&self, _: &Message) -> SendOutcome {
        SendOutcome::Refused(SendRefusal::NoCredit)
    }
}

struct Scene {
    store: Arc<Recorder>,
    clock: Arc<ManualClock>,
    bulletin: Bulletin,
}

impl Scene {
    /// A node with the provider `a`, and the inbox.
    fn new() -> Self {
        let store = Arc::new(Recorder::default());
        let clock = Arc::new(ManualClock::default());
        let broke = Provider::carried(Arc::new(Broke), ReportSource::Nothing);
        let providers = [("a", broke), ("inbox", Provider::kept())];
        let providers = providers.map(|(name, it)| (ProviderName::new(name), it));
        let texts = Texts::falling_back_to("en").unwrap();
        let senders = Senders::of(RoutingTable::new(Vec::new()), texts, providers);
        let secret = Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue");
        let master = MasterSecret::new(secret).unwrap();
        let world = RouterWorld {
            store: Arc::new(MemoryStore::default()),
            book: Arc::new(CodeBook::new(&master, &[], Vec::new())),
            clock: Arc::clone(&clock) as _,
            random: Arc::new(SeededRandom::new(1)),
            number: Arc::default(),
        };
        let tokens = ReportTokens::new(&master);
        let pace = Pace::default();
        let router = DeliveryRouter::new(senders, tokens, pace, MessagePolicy::default(), world);
        let bulletin = Bulletin::new(
            NodeId::from_kept("web-1-4f2a9c"),
            Arc::clone(&store) as _,
            Arc::new(router),
            Arc::clone(&clock) as _,
        );
        Self {
            store,
            clock,
            bulletin,
        }
    }

    /// Lets time pass and looks; what was written so far.
    async fn after(&self, seconds: u32) -> Vec<NoteHealth> {
        self.clock.advance(seconds * SECOND);
        self.bulletin.write_once().await;
        self.store.notes.lock().unwrap().clone()
    }

    /// Has a message sent that the provider refuses for good.
    async fn break_the_provider(&self) {
        let challenge = values::challenge();
        let message = Message {
            delivery: DeliveryId {
                challenge: challenge.id,
                attempt: 1,
            },
            to: challenge.phone,
            channel: Channel::Sms,
            language: "en".to_owned(),
            code: Code::parse("12345").unwrap(),
            app_hash: None,
            expires_at: challenge.expires_at,
        };
        let senders = self.bulletin.deliveries.senders();
        let provider = senders.provider(&ProviderName::new("a")).unwrap();
        provider.send(&message, &*self.clock).await;
    }
}

#[tokio::test]
async fn a_node_writes_at_its_start_then_once_a_minute() {
    let scene = Scene::new();

    assert_eq!(scene.after(0).await.len(), 1);
    assert_eq!(scene.after(59).await.len(), 1);
    let notes = scene.after(1).await;

    assert_eq!(notes.len(), 2);
    let NoteHealth {
        node,
        providers,
        forget_before,
        now,
    } = &notes[1];
    assert_eq!(node.as_str(), "web-1-4f2a9c");
    assert_eq!(*now, scene.clock.now());
    assert_eq!(*forget_before, now.minus(Duration::from_hours(1)));
    let names: Vec<&str> = providers.iter().map(|it| it.provider.as_str()).collect();
    assert_eq!(names, ["a"], "nobody carries what the inbox keeps");
}

#[tokio::test]
async fn a_node_writes_when_something_has_changed() {
    let scene = Scene::new();
    let before = scene.after(0).await;
    assert_eq!(before[0].providers[0].position, Position::Closed);

    scene.break_the_provider().await;
    let notes = scene.after(3).await;

    assert_eq!(notes.len(), 2);
    let health = &notes[1].providers[0];
    assert!(matches!(health.position, Position::Open { .. }));
    let trouble = health.last_trouble.unwrap();
    assert_eq!(trouble.refusal, Some(SendRefusal::NoCredit));
    assert_eq!(scene.after(3).await.len(), 2);
}

#[tokio::test]
async fn what_could_not_be_written_is_written_later() {
    let scene = Scene::new();
    scene.store.is_away.store(true, Ordering::Relaxed);
    assert!(scene.after(0).await.is_empty());
    scene.store.is_away.store(false, Ordering::Relaxed);

    assert_eq!(scene.after(3).await.len(), 1);
}

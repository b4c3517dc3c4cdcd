//! `/health/live` and `/health/ready`: whether the process answers, and whether it can serve.
//!
//! To see whether the database takes writes costs it a write. So however many ask, and however
//! often, it is looked at by one of them at a time and once a second at most.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use phonekey_core::{
    ports::store::MaintenanceStore,
    time::{Clock, Timestamp},
};
use serde_json::json;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// How long what was seen of the database holds.
const FRESH: Duration = Duration::from_secs(1);

/// Both routes. Once `stopping` is cancelled the server is not ready, whatever the database is.
pub(crate) fn router(
    store: Arc<dyn MaintenanceStore>,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
) -> Router {
    let health = Health {
        store,
        clock,
        stopping,
        seen: Mutex::default(),
    };
    Router::new()
        .route("/health/live", get(async || status(StatusCode::OK, "live")))
        .route("/health/ready", get(ready))
        .with_state(Arc::new(health))
}

struct Health {
    store: Arc<dyn MaintenanceStore>,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
    /// Locked by whoever looks, so that the others wait for what it sees.
    seen: Mutex<Option<Seen>>,
}

/// What was seen of the database.
#[derive(Clone, Copy)]
struct Seen {
    takes_writes: bool,
    /// When it had answered, not when it was asked: whoever waited meanwhile need not ask again.
    at: Timestamp,
}

impl Seen {
    fn is_fresh(&self, now: Timestamp) -> bool {
        // What lies ahead was seen before the clock was set back.
        self.at <= now && now.since(self.at) < FRESH
    }
}

impl Health {
    async fn takes_writes(&self) -> bool {
        let mut seen = self.seen.lock().await;
        if let Some(seen) = *seen
            && seen.is_fresh(self.clock.now())
        {
            return seen.takes_writes;
        }
        let takes_writes = self.store.check().await.is_ok();
        *seen = Some(Seen {
            takes_writes,
            at: self.clock.now(),
        });
        takes_writes
    }
}

async fn ready(State(health): State<Arc<Health>>) -> Response {
    let looking = health.stopping.run_until_cancelled(health.takes_writes());
    match looking.await {
        Some(true) => status(StatusCode::OK, "ready"),
        Some(false) => status(StatusCode::SERVICE_UNAVAILABLE, "database unavailable"),
        None => status(StatusCode::SERVICE_UNAVAILABLE, "shutting down"),
    }
}

fn status(code: StatusCode, status: &str) -> Response {
    (
        code,
        [(header::CACHE_CONTROL, "no-store")],
        Json(json!({ "status": status })),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use async_trait::async_trait;
    use axum::{body::Body, extract::Request};
    use http_body_util::BodyExt;
    use phonekey_core::{
        ports::store::{Purge, Purged, StoreError},
        testing::ManualClock,
    };
    use tokio::{sync::Semaphore, task::JoinSet};
    use tower::ServiceExt;

    use super::*;

    /// Counts how often it is asked, and answers when it is let.
    struct CountingStore {
        asked: AtomicUsize,
        away: AtomicBool,
        answers: Semaphore,
    }

    #[async_trait]
    impl MaintenanceStore for CountingStore {
        async fn check(&self) -> Result<(), StoreError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.answers.acquire().await.unwrap().forget();
            if self.away.load(Ordering::Relaxed) {
                let source = "away".into();
                return Err(StoreError::Unavailable { source });
            }
            Ok(())
        }

        async fn purge(&self, _: Purge) -> Result<Purged, StoreError> {
            Ok(Purged::default())
        }
    }

    struct Site {
        store: Arc<CountingStore>,
        clock: Arc<ManualClock>,
        stopping: CancellationToken,
        router: Router,
    }

    impl Site {
        fn new(answers: usize) -> Self {
            let store = Arc::new(CountingStore {
                asked: AtomicUsize::default(),
                away: AtomicBool::default(),
                answers: Semaphore::new(answers),
            });
            let clock = Arc::new(ManualClock::default());
            let stopping = CancellationToken::new();
            let router = router(store.clone(), clock.clone(), stopping.clone());
            Self {
                store,
                clock,
                stopping,
                router,
            }
        }

        fn ask(&self) -> impl Future<Output = (u16, String)> + use<> {
            let request = Request::get("/health/ready").body(Body::empty()).unwrap();
            let answer = self.router.clone().oneshot(request);
            async {
                let (head, body) = answer.await.unwrap().into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let body = String::from_utf8_lossy(&body).into_owned();
                (head.status.as_u16(), body)
            }
        }

        fn asked(&self) -> usize {
            self.store.asked.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn the_database_is_asked_once_a_second() {
        let site = Site::new(2);
        assert_eq!(site.ask().await.0, 200);

        site.store.away.store(true, Ordering::Relaxed);
        site.clock.advance(Duration::from_millis(999));
        assert_eq!(site.ask().await.0, 200);
        site.clock.advance(Duration::from_millis(1));
        assert_eq!(site.ask().await.0, 503);

        assert_eq!(site.asked(), 2);
    }

    #[test]
    fn what_was_seen_before_the_clock_was_set_back_does_not_hold() {
        let seen = Seen {
            takes_writes: true,
            at: Timestamp::from_seconds(9),
        };

        assert!(seen.is_fresh(Timestamp::from_seconds(9)));
        assert!(!seen.is_fresh(Timestamp::from_seconds(8)));
    }

    #[tokio::test]
    async fn those_who_ask_at_the_same_time_share_an_answer() {
        let site = Site::new(0);
        let mut asking: JoinSet<_> = (0..50).map(|_| site.ask()).collect();
        while site.asked() == 0 {
            tokio::task::yield_now().await;
        }

        // Slower than what was seen is fresh.
        site.clock.advance(Duration::from_secs(5));
        site.store.answers.add_permits(50);

        while let Some(answer) = asking.join_next().await {
            assert_eq!(answer.unwrap().0, 200);
        }
        assert_eq!(site.asked(), 1);
    }

    #[tokio::test]
    async fn who_asks_while_the_server_stops_is_told_at_once() {
        let site = Site::new(1);
        assert_eq!(site.ask().await.0, 200);
        site.clock.advance(FRESH);
        let waiting = tokio::spawn(site.ask());
        while site.asked() < 2 {
            tokio::task::yield_now().await;
        }

        site.stopping.cancel();

        let (status, body) = waiting.await.unwrap();
        assert_eq!(status, 503);
        assert!(body.contains("shutting down"), "{body}");
    }

    #[tokio::test]
    async fn a_server_that_stops_is_not_ready_whatever_was_seen() {
        let site = Site::new(1);
        assert_eq!(site.ask().await.0, 200);

        site.stopping.cancel();

        assert_eq!(site.ask().await.0, 503);
    }
}

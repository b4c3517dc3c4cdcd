//! The pages over a fake inbox and a clock that is set.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, Bytes},
};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use phonekey_core::{
    id::ChallengeId,
    phone::{PhoneNumber, PhonePolicy, Region},
    ports::{
        delivery::{Inbox, InboxMessage},
        store::StoreError,
    },
    testing::ManualClock,
    time::Clock,
};
use phonekey_web::pages;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::fake_inbox::FakeInbox;

pub(crate) const ALICE: &str = "+989121234567";
pub(crate) const BOB: &str = "+989351234567";

/// The pages over a fake inbox and a clock that is set.
pub(crate) struct Site {
    pub(crate) inbox: Arc<FakeInbox>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) shutdown: CancellationToken,
    router: Router,
}

impl Site {
    pub(crate) fn new() -> Self {
        let inbox = Arc::new(FakeInbox::default());
        let clock = Arc::new(ManualClock::default());
        let shutdown = CancellationToken::new();
        let router = pages::router(
            inbox.clone(),
            clock.clone(),
            PhonePolicy::only(Region::IRAN),
            shutdown.clone(),
        );
        Self {
            inbox,
            clock,
            shutdown,
            router,
        }
    }

    /// Takes in a message, sent a millisecond after the last.
    pub(crate) fn receive(&self, to: &str, code: &str, text: &str) -> ChallengeId {
        self.clock.advance(Duration::from_millis(1));
        self.inbox.receive(to, code, text, self.clock.now())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(&self.router, path).await
    }

    /// The answer's status, headers and, unread, its body.
    pub(crate) async fn open(&self, path: &str) -> http::Response<Body> {
        open(&self.router, path).await
    }
}

/// The pages over an inbox whose database is gone.
pub(crate) async fn get_from_broken(path: &str) -> Answer {
    let router = pages::router(
        Arc::new(BrokenInbox),
        Arc::new(ManualClock::default()),
        PhonePolicy::only(Region::IRAN),
        CancellationToken::new(),
    );
    get(&router, path).await
}

async fn get(router: &Router, path: &str) -> Answer {
    let (parts, body) = open(router, path).await.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.expect("a whole body").to_bytes(),
    }
}

async fn open(router: &Router, path: &str) -> http::Response<Body> {
    let request = Request::get(path)
        .header(header::HOST, "localhost:8000")
        .body(Body::empty())
        .expect("a request");
    router.clone().oneshot(request).await.expect("an answer")
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("ASCII"))
    }
}

struct BrokenInbox;

#[async_trait]
impl Inbox for BrokenInbox {
    async fn messages(
        &self,
        _: Option<PhoneNumber>,
        _: u16,
    ) -> Result<Vec<InboxMessage>, StoreError> {
        Err(StoreError::Unavailable {
            source: "the disk is on fire".into(),
        })
    }

    fn revision(&self) -> u64 {
        0
    }

    async fn changed_since(&self, _: u64) {
        std::future::pending::<()>().await;
    }
}

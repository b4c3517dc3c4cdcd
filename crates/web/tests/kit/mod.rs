//! The routes over a store in memory, a clock that is set and randomness that repeats.

pub(crate) mod broken_store;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use phonekey_core::{
    code::CodeBook,
    flow::{Flows, World},
    keys::{KeyRing, RefreshKeys, SigningKey},
    policy::{ForeignTokens, Policy},
    ports::store::Store,
    secret::{MasterSecret, Secret},
    testing::{ManualClock, MemoryStore, RecordingDispatcher, SeededRandom},
};
use phonekey_web::{
    compat::{self, Compat},
    language::Catalogue,
    observe::RequestIds,
};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const CREATE: &str = "/api/auth/otp/create/";
pub(crate) const VERIFY: &str = "/api/auth/otp/verify/";
pub(crate) const REFRESH: &str = "/api/auth/otp/refresh/";
pub(crate) const MOBILE: &str = "09121234567";

/// A whole server without its listener.
pub(crate) struct TestServer {
    pub(crate) app: Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) dispatcher: Arc<RecordingDispatcher>,
    pub(crate) store: Arc<MemoryStore>,
    book: Arc<CodeBook>,
}

impl TestServer {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let store = Arc::new(MemoryStore::default());
        Self::over(policy, Arc::clone(&store) as Arc<dyn Store>, store)
    }

    /// Over any store; `store` is then only for looking at.
    pub(crate) fn over(policy: Policy, used: Arc<dyn Store>, store: Arc<MemoryStore>) -> Self {
        let master = MasterSecret::new(Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue")).unwrap();
        let token_secret = Secret::new("django-insecure-k(3u1^8z!p0w$r7)ab2");
        let clock = Arc::new(ManualClock::default());
        let random = Arc::new(SeededRandom::new(1));
        let dispatcher = Arc::new(RecordingDispatcher::default());
        let book = Arc::new(CodeBook::new(&master, &[], Vec::new()));
        let world = World {
            store: used,
            dispatcher: Arc::clone(&dispatcher) as _,
            clock: Arc::clone(&clock) as _,
            random: Arc::clone(&random) as _,
            book: Arc::clone(&book),
            keys: Arc::new(KeyRing::new(
                SigningKey::hs256(&token_secret),
                RefreshKeys::new(&token_secret, &master),
                Vec::new(),
            )),
        };
        let compat = Compat {
            flows: Arc::new(Flows::new(world, policy)),
            catalogue: Catalogue::load("fa").unwrap(),
        };
        let ids = RequestIds {
            clock: Arc::clone(&clock) as _,
            random,
        };
        let app = phonekey_web::app(compat::router(compat), ids, Duration::from_secs(10));
        Self {
            app,
            clock,
            dispatcher,
            store,
            book,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_with(path, body, &[]).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// Asks for a code; the answer to give to it.
    pub(crate) async fn challenge(&self) -> Value {
        let created = self.post(CREATE, json!({"receiver": MOBILE})).await;
        assert_eq!(created.status, StatusCode::OK, "{}", created.text());
        let challenge = self.dispatcher.dispatched().pop().unwrap();
        let code = self.book.code(&challenge.code_subject()).unwrap();
        json!({"uuid": created.json()["uuid"], "receiver": MOBILE, "code": code.expose()})
    }

    /// Logs in; the tokens.
    pub(crate) async fn log_in(&self) -> Value {
        let answer = self.challenge().await;
        let tokens = self.post(VERIFY, answer).await;
        assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text());
        tokens.json()
    }
}

/// A policy that adopts the Django server's refresh tokens.
pub(crate) fn adopting() -> Policy {
    let mut policy = Policy::default();
    policy.session.foreign_tokens = ForeignTokens::Adopt;
    policy
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

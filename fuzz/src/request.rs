//! Whole requests to the compatible wire, as they stand in a connection: the request line, the
//! headers, an empty line, the body.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use phonekey_core::{
    code::CodeBook,
    flow::{Flows, World},
    keys::{KeyRing, RefreshKeys, SigningKey},
    policy::Policy,
    secret::{MasterSecret, Secret},
    testing::{ManualClock, MemoryStore, RecordingDispatcher, SeededRandom},
};
use phonekey_web::{
    compat::{self, Compat},
    language::Catalogue,
    observe::RequestIds,
};
use tokio::runtime;
use tower::ServiceExt;

use crate::first_line;

/// Nothing is our fault, and what says that it is JSON is.
pub fn holds(input: &[u8]) {
    let Some(request) = read(input) else { return };
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let (compat, ids) = wire();
        let wire = phonekey_web::app(compat::router(compat), ids, Duration::from_secs(10));
        let Ok(response) = wire.oneshot(request).await;
        let (parts, body) = response.into_parts();
        assert!(!parts.status.is_server_error(), "{}", parts.status);
        let body = body.collect().await.expect("all of the answer");
        let is_json = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|of_type| of_type == "application/json");
        if is_json {
            let read = serde_json::from_slice::<serde_json::Value>(&body.to_bytes());
            assert!(read.is_ok(), "{read:?}");
        }
    });
}

/// `None` for what hyper would not let through.
fn read(input: &[u8]) -> Option<Request<Full<Bytes>>> {
    let (line, mut rest) = first_line(input);
    let (method, target) = line.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target);
    loop {
        let (line, after) = first_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        request = request.header(name, value.trim());
    }
    request.body(Full::new(Bytes::copy_from_slice(rest))).ok()
}

/// The wire over an empty store in memory, a clock that stands and randomness that repeats.
fn wire() -> (Compat, RequestIds) {
    let secret = Secret::new("Zt3vQm8rXw1pLk6yNc9bHd2sGj5fTa0uVe7iRo4x");
    let master = MasterSecret::new(secret.clone()).expect("a strong secret");
    let clock = Arc::new(ManualClock::default());
    let random = Arc::new(SeededRandom::new(1));
    let world = World {
        store: Arc::new(MemoryStore::default()),
        dispatcher: Arc::new(RecordingDispatcher::default()),
        clock: Arc::clone(&clock) as _,
        random: Arc::clone(&random) as _,
        book: Arc::new(CodeBook::new(&master, &[], Vec::new())),
        keys: Arc::new(KeyRing::new(
            SigningKey::hs256(&secret),
            RefreshKeys::new(&secret, &master),
            Vec::new(),
        )),
    };
    let compat = Compat {
        flows: Arc::new(Flows::new(world, Policy::default())),
        catalogue: CATALOGUE.clone(),
    };
    (compat, RequestIds { clock, random })
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load("fa").expect("its texts"));

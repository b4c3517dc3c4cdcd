//! What a panic may tell (SECURITY.md T46). Alone in its program, since a log and a panic hook are
//! the program's.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what helps a test fails it when it fails"
)]

#[expect(dead_code, reason = "the rest is for the tests that it was made for")]
mod kit;

use std::{
    io::{self, Write},
    panic,
    sync::{Arc, Mutex},
};

use axum::http::StatusCode;
use kit::{
    CREATE, MOBILE, REFRESH, TestServer, VERIFY,
    broken_store::{Broken, BrokenStore},
};
use phonekey_core::{code::CodeLength, policy::Policy};
use serde_json::json;
use tracing::Level;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// With a store whose every panic tells all that it was given.
#[tokio::test]
async fn t46_a_panic_tells_no_secret_and_no_whole_number() {
    let log = Log::default();
    let (to, hooked) = (log.clone(), log.clone());
    tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(move || to.clone())
        .init();
    let tokens = TestServer::new().log_in().await;
    let panicking = Arc::new(BrokenStore(Broken::Panicking));
    let mut policy = Policy::default();
    policy.challenge.code_length = CodeLength::new(10).unwrap();
    let server = TestServer::over(policy, panicking, Arc::default());
    let (access, refresh) = (
        tokens["access"].as_str().unwrap(),
        tokens["refresh"].as_str().unwrap(),
    );
    let answer = json!({
        "uuid": "0190d5e6-8f7a-7bbb-9abc-0123456789ab", "receiver": MOBILE, "code": "7398120577",
    });
    let authorization = format!("Token {access}");
    let authorization = [("authorization", authorization.as_str())];

    panic::set_hook(Box::new(move |panic| {
        writeln!(hooked.clone(), "{panic}").unwrap();
    }));
    let answers = [
        server.post(CREATE, json!({ "receiver": MOBILE })).await,
        server.post(VERIFY, answer.clone()).await,
        server.post(REFRESH, json!({ "refresh": refresh })).await,
        server.post_with(VERIFY, answer, &authorization).await,
    ];
    let _ = panic::take_hook();

    for answer in answers {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("a handler panicked: secret detail").count(), 4);
    assert!(log.contains("OpenChallenge {"), "{log}");
    let parts = access.split('.').skip(1).chain(refresh.split('.').skip(1));
    for secret in parts.chain([&MOBILE[1..], "7398120577"]) {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

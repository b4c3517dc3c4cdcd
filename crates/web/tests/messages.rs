//! What a caller may say of the message to come: its language and the app that is to read it.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what helps a test fails it when it fails"
)]

#[expect(dead_code, reason = "these tests need less of it than others")]
mod kit;

use axum::http::StatusCode;
use kit::{CREATE, MOBILE, TestServer};
use phonekey_core::{challenge::Challenge, delivery::message::AppHash, policy::Policy};
use serde_json::{Value, json};

const APP: &str = "FA+9qCX9VSu";

/// The challenge that this request opens.
async fn challenge(server: &TestServer, body: Value, headers: &[(&str, &str)]) -> Challenge {
    let created = server.post_with(CREATE, body, headers).await;
    assert_eq!(created.status, StatusCode::OK, "{}", created.text());
    server.dispatcher.dispatched().pop().unwrap()
}

async fn language(accepted: &[(&str, &str)]) -> String {
    let server = TestServer::new();
    let body = json!({ "receiver": MOBILE });
    challenge(&server, body, accepted).await.language
}

async fn app_hash(said: Value) -> Option<AppHash> {
    let server = TestServer::with(Policy {
        app_hashes: AppHash::parse(APP).into_iter().collect(),
        ..Policy::default()
    });
    let body = json!({ "receiver": MOBILE, "app_hash": said });
    challenge(&server, body, &[]).await.app_hash
}

/// The dispatcher of these tests takes the first language that is asked for.
#[tokio::test]
async fn every_language_that_a_caller_accepts_may_be_the_messages() {
    let accepted = |header| [("accept-language", header)];

    assert_eq!(language(&[]).await, "fa");
    assert_eq!(language(&accepted("tr")).await, "tr");
    assert_eq!(
        language(&accepted("en;q=0.5, pt-BR, fa;q=0")).await,
        "pt-BR"
    );
}

#[tokio::test]
async fn an_app_of_the_operators_may_be_named() {
    assert_eq!(app_hash(json!(APP)).await, AppHash::parse(APP));
    assert_eq!(app_hash(json!(" FA+9qCX9VSu ")).await, AppHash::parse(APP));
}

#[tokio::test]
async fn another_app_is_passed_over() {
    for other in [
        json!("AAAAAAAAAAA"),
        json!("fa+9qcx9vsu"),
        json!(""),
        json!(null),
        json!(12_345_678_901_u64),
        json!([APP]),
    ] {
        assert_eq!(app_hash(other.clone()).await, None, "{other}");
    }
}

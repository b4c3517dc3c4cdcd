//! Starts of small scripts; where one must answer, the test does it in its place.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::*;

fn script(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/start/tests");
    PathBuf::from(folder).join(name)
}

/// Is ready when it has been asked a few times; answers create with `created`.
async fn serve(address: SocketAddr, created: StatusCode) -> Arc<AtomicU32> {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let ready = move || async move {
        match counter.fetch_add(1, Ordering::Relaxed) {
            0..3 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        }
    };
    let create = move || async move { (created, Json(json!({}))) };
    let router = Router::new()
        .route("/health/ready", get(ready))
        .route("/api/auth/otp/create/", post(create));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    asked
}

#[tokio::test]
async fn a_start_ends_with_the_first_answer_after_the_server_was_ready() {
    let address = free_address().unwrap();
    let asked = serve(address, StatusCode::OK).await;
    let begun = clock::now();
    let mut server = Process::start(&script("stays"), address, &[]).unwrap();

    let start = answered(&mut server, address, begun, &Numbers::seeded(1)).await;

    let start = start.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    assert!(0.0 < start.ready_ms && start.ready_ms < start.answered_ms);
    assert!(!server.has_ended().unwrap());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_create_that_is_refused_is_no_answer() {
    let address = free_address().unwrap();
    serve(address, StatusCode::TOO_MANY_REQUESTS).await;
    let mut server = Process::start(&script("stays"), address, &[]).unwrap();

    let start = answered(&mut server, address, clock::now(), &Numbers::seeded(1)).await;

    assert!(start.unwrap_err().to_string().contains("429"));
}

#[tokio::test]
async fn a_server_that_cannot_start_is_quoted() {
    let error = started(&script("ends"), &Numbers::seeded(1)).await;

    let error = format!("{:#}", error.unwrap_err());
    assert!(error.contains("cannot listen on 127.0.0.1:"), "{error}");
    assert!(error.contains("the server ended"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let error = started(&script("missing"), &Numbers::seeded(1)).await;

    assert!(error.unwrap_err().to_string().contains("tests/missing"));
}

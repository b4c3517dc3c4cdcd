//! The bare handler: parses what a client sends and answers what it expects, and nothing else.
//!
//! No rule, no store, no signature: what remains is HTTP and JSON, the wall that a server on the
//! same framework can come close to and not pass.

#![expect(clippy::print_stdout, reason = "says where it listens")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use uuid::{Builder, Uuid};

use crate::cli::Baseline;

/// Serves until the process is ended.
pub(crate) async fn serve(arguments: &Baseline) -> Result<()> {
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    println!(
        "bare handlers on http://{}, codes: fixed:12345",
        listener.local_addr()?
    );
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router())
        .await
        .context("the bare handlers stopped")
}

fn router() -> Router {
    Router::new()
        .route("/api/auth/otp/create/", post(create))
        .route("/api/auth/otp/verify/", post(verify))
        .route("/api/auth/otp/refresh/", post(refresh))
        .with_state(Arc::new(Fixed::new()))
}

/// What is answered, made before the first request.
struct Fixed {
    challenges: AtomicU64,
    tokens: Tokens,
}

impl Fixed {
    fn new() -> Self {
        Self {
            challenges: AtomicU64::new(0),
            tokens: Tokens {
                access: token("access"),
                refresh: token("refresh"),
            },
        }
    }
}

/// A token of the length that a real one has, its signature all zero.
fn token(token_type: &str) -> String {
    let claims = format!(
        r#"{{"token_type":"{token_type}","exp":1795485600,"iat":1795483800,"jti":"{id}","user_id":1234567,"sub":"1234567","sid":"{id}","iss":"http://127.0.0.1:8000"}}"#,
        id = Uuid::nil().simple(),
    );
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signature = URL_SAFE_NO_PAD.encode([0; 32]);
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims))
}

async fn create(State(fixed): State<Arc<Fixed>>, Json(asked): Json<Create>) -> Json<Created> {
    let counted = u128::from(fixed.challenges.fetch_add(1, Ordering::Relaxed));
    Json(Created {
        uuid: Builder::from_random_bytes(counted.to_be_bytes()).into_uuid(),
        receiver: asked.receiver,
        message: "رمز عبور موقت ارسال شد",
    })
}

async fn verify(State(fixed): State<Arc<Fixed>>, Json(_): Json<Verify>) -> Json<Tokens> {
    Json(fixed.tokens.clone())
}

async fn refresh(State(fixed): State<Arc<Fixed>>, Json(_): Json<Refresh>) -> Json<Tokens> {
    Json(fixed.tokens.clone())
}

#[derive(Deserialize)]
struct Create {
    receiver: String,
}

#[derive(Serialize)]
struct Created {
    uuid: Uuid,
    receiver: String,
    message: &'static str,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed as a real server must, and then of no use")]
struct Verify {
    uuid: Uuid,
    receiver: String,
    code: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed as a real server must, and then of no use")]
struct Refresh {
    refresh: String,
}

#[derive(Clone, Serialize)]
struct Tokens {
    access: String,
    refresh: String,
}

//! What machines ask of the server: whether it lives, whether it can serve, its public keys.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use phonekey_core::{flow::Flows, ports::store::Store};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// What the routes work with.
#[derive(Clone)]
pub struct Ops {
    /// Asked whether it takes writes.
    pub store: Arc<dyn Store>,
    /// Asked for the public keys.
    pub flows: Arc<Flows>,
    /// Cancelled once the server has begun to shut down.
    pub stopping: CancellationToken,
}

/// `/health/live`, `/health/ready` and `/.well-known/jwks.json`.
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/health/live", get(async || status(StatusCode::OK, "live")))
        .route("/health/ready", get(ready))
        .route("/.well-known/jwks.json", get(public_keys))
        .with_state(ops)
}

async fn ready(State(ops): State<Ops>) -> Response {
    if ops.stopping.is_cancelled() {
        return status(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
    }
    match ops.store.check().await {
        Ok(()) => status(StatusCode::OK, "ready"),
        Err(_) => status(StatusCode::SERVICE_UNAVAILABLE, "database unavailable"),
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

/// RFC 7517 §5. Verifiers may keep it for five minutes (SECURITY.md T37).
async fn public_keys(
    State(ops): State<Ops>,
) -> ([(header::HeaderName, &'static str); 1], Json<Value>) {
    (
        [(header::CACHE_CONTROL, "public, max-age=300")],
        Json(ops.flows.public_keys()),
    )
}

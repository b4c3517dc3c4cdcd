//! What machines ask of the server: whether it lives, whether it can serve, its public keys.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, header},
    routing::get,
};
use phonekey_core::{flow::Flows, ports::store::MaintenanceStore, time::Clock};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::health;

/// What the routes work with.
pub struct Ops {
    /// Asked whether it takes writes, once a second at most.
    pub store: Arc<dyn MaintenanceStore>,
    /// Tells how long ago that was.
    pub clock: Arc<dyn Clock>,
    /// Asked for the public keys.
    pub flows: Arc<Flows>,
    /// Cancelled once the server has begun to shut down.
    pub stopping: CancellationToken,
}

/// `/health/live`, `/health/ready` and `/.well-known/jwks.json`.
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/.well-known/jwks.json", get(public_keys))
        .with_state(ops.flows)
        .merge(health::router(ops.store, ops.clock, ops.stopping))
}

/// RFC 7517 §5. Verifiers may keep it for five minutes (SECURITY.md T37).
async fn public_keys(
    State(flows): State<Arc<Flows>>,
) -> ([(HeaderName, &'static str); 1], Json<Value>) {
    (
        [(header::CACHE_CONTROL, "public, max-age=300")],
        Json(flows.public_keys()),
    )
}

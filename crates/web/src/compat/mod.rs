//! The wire of the Django project (WIRE.md): its three endpoints as its clients know them, and a
//! fourth in their manner, which sends a code once more.
//!
//! A request passes the same checks in the same order as in Django REST framework: what the caller
//! accepts (`negotiation`), who it is (`authorization`), the method, the body (`body`), the
//! fields (`field`); then the endpoint's own file. `answer` gives every outcome its shape.

mod answer;
mod authorization;
pub(crate) mod body;
mod browse;
mod create;
mod created;
mod endpoint;
mod field;
mod negotiation;
mod redirect;
mod refresh;
mod resend;
mod verify;

#[cfg(feature = "fuzzing")]
pub mod fuzzing;

use std::sync::Arc;

use axum::{Router, routing::any};
use phonekey_core::flow::Flows;

use crate::language::Catalogue;
use endpoint::Endpoint;

/// What the endpoints work with.
#[derive(Clone)]
pub struct Compat {
    /// The use cases.
    pub flows: Arc<Flows>,
    /// The texts.
    pub catalogue: Catalogue,
}

/// The endpoints; without their final slash they are redirected.
pub fn router(compat: Compat) -> Router {
    let serve =
        |endpoint: Endpoint| any(move |compat, request| endpoint::serve(endpoint, compat, request));
    let mut router = Router::new();
    for endpoint in Endpoint::ALL {
        let path = endpoint.path();
        router = router
            .route(path, serve(endpoint))
            .route(path.trim_end_matches('/'), any(redirect::add_slash));
    }
    router.with_state(Arc::new(compat))
}

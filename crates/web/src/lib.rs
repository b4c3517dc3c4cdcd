//! phonekey's HTTP surface.
//!
//! - [`compat`]: the endpoints of the Django project, as its clients know them.
//! - [`ops`]: health and public keys, for machines.
//! - [`pages`]: the developer's inbox and a login to try.
//! - [`reports`]: delivery reports, from providers.
//! - `arrival`: how long bodies may take, and what becomes of those that nobody reads.
//! - [`observe`]: the request id, the log line and the net under every route.
//! - [`language`]: the texts that people read.

mod arrival;
pub mod compat;
mod health;
pub mod language;
pub mod observe;
pub mod ops;
pub mod outcome;
pub mod pages;
pub mod reports;

use std::time::Duration;

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// All routes under one roof: what is none of them is a 404, each is observed, and the body of a
/// request may take `body_timeout` to arrive.
pub fn app(routes: Router, ids: observe::RequestIds, body_timeout: Duration) -> Router {
    let observed = observe::observed(routes.fallback(not_found), ids);
    arrival::bounded(observed, body_timeout)
}

async fn not_found() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    let page = "<!doctype html><html lang=\"en\"><title>Not Found</title><h1>Not Found</h1>\
                <p>The requested resource was not found on this server.</p></html>";
    (StatusCode::NOT_FOUND, headers, page).into_response()
}

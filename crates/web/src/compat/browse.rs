//! The small page for browsers that come to an endpoint: the answer, and a form to try it.

use askama::Template;
use axum::http::StatusCode;

use super::endpoint::Endpoint;

/// Nothing but the page itself and its own form.
pub(super) const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "browse.html")]
struct Page<'a> {
    name: &'static str,
    path: &'static str,
    status: StatusCode,
    body: &'a str,
    fields: &'static [&'static str],
}

/// The page for an answer whose JSON is `body`.
pub(super) fn page(endpoint: Endpoint, status: StatusCode, body: &str) -> String {
    let fields: &[&str] = match endpoint {
        Endpoint::Create => &["receiver"],
        Endpoint::Verify => &["uuid", "receiver", "code"],
        Endpoint::Refresh => &["refresh"],
        Endpoint::Resend => &["uuid", "receiver", "channel"],
    };
    let page = Page {
        name: endpoint.name(),
        path: endpoint.path(),
        status,
        body,
        fields,
    };
    // Writing texts into memory cannot fail.
    page.render().unwrap_or_default()
}

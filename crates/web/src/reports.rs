//! Delivery reports: what providers send of the messages that they took.
//!
//! `/delivery/reports/{provider}/{token}`, by any method that a provider uses. The token is the
//! secret of the path; what else proves a report is each provider's own affair, behind
//! [`ReportReceiver`].

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use phonekey_core::{
    delivery::ProviderName,
    ports::report::{RawReport, ReportAnswer, ReportReceiver},
    refusal::{Error, Fault},
};

use crate::{
    compat::body::{MAX_BODY_BYTES, Received, receive},
    outcome::Outcome,
};

/// The most bytes of a report from somebody who knows its path: what WhatsApp sends at most, the
/// greatest of all (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview>).
const MAX_REPORT_BYTES: usize = 3 * 1024 * 1024;

/// The path of all reports, which go to `receiver`.
pub fn router(receiver: Arc<dyn ReportReceiver>) -> Router {
    Router::new()
        .route("/delivery/reports/{provider}/{token}", any(take))
        .with_state(receiver)
}

async fn take(
    State(receiver): State<Arc<dyn ReportReceiver>>,
    Path((provider, token)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let provider = ProviderName::new(provider);
    let most = if receiver.expects(&provider, &token) {
        MAX_REPORT_BYTES
    } else {
        MAX_BODY_BYTES
    };
    let body = match receive(body, most).await {
        Received::Whole(body) => body,
        Received::TooLarge => return plain(StatusCode::PAYLOAD_TOO_LARGE, "too large"),
        Received::TooSlow => return plain(StatusCode::REQUEST_TIMEOUT, "too slow"),
        Received::Broken => return plain(StatusCode::BAD_REQUEST, "broken off"),
    };
    let path_and_query = parts.uri.path_and_query();
    let report = RawReport {
        method: parts.method.as_str().to_owned(),
        path_and_query: path_and_query.map_or_else(String::new, ToString::to_string),
        headers: texts_of(&parts.headers),
        body: body.to_vec(),
    };
    match receiver.receive(&provider, &token, &report).await {
        // Some take 200 alone for an answer, and report again after any other.
        Ok(ReportAnswer::Noted) => StatusCode::OK.into_response(),
        Ok(ReportAnswer::Handshake(text)) => handshake(text),
        Ok(ReportAnswer::Forged) => plain(StatusCode::FORBIDDEN, "not the provider's"),
        Ok(ReportAnswer::Unreadable) => plain(StatusCode::BAD_REQUEST, "not a report"),
        Ok(ReportAnswer::NotHere) => plain(StatusCode::NOT_FOUND, "no reports come here"),
        Err(error) => {
            let error = Error::Fault(Fault::Store(error));
            let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "try again");
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
            response.extensions_mut().insert(Outcome::of(&error));
            response
        }
    }
}

fn texts_of(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&header::HeaderName, &HeaderValue)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}

/// The text that the provider said we should say: as plain text that no browser takes for a page.
fn handshake(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, text).into_response()
}

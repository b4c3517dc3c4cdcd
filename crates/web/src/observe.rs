//! One id and one log line for each request, and a net under each handler.

use std::{any::Any, net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use phonekey_core::{
    random::{self, Random},
    time::Clock,
};
use tower_http::catch_panic::CatchPanicLayer;
use uuid::Uuid;

use crate::outcome::Outcome;

/// Names a request, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where request ids come from.
#[derive(Clone)]
pub struct RequestIds {
    /// The time, for ids in order of time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl RequestIds {
    /// The caller's own id if it is a sound one, else a new UUIDv7.
    fn of(&self, request: &Request) -> HeaderValue {
        let given = request
            .headers()
            .get(REQUEST_ID)
            .filter(|id| is_sound(id.as_bytes()));
        given.cloned().unwrap_or_else(|| {
            let millis = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
            let random = random::bytes(&*self.random);
            let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
            let mut text = Uuid::encode_buffer();
            HeaderValue::from_str(id.hyphenated().encode_lower(&mut text))
                .unwrap_or(HeaderValue::from_static("-"))
        })
    }
}

/// Short and plain, so that it can stand in any log.
fn is_sound(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=64).contains(&id.len()) && id.iter().all(plain)
}

/// Wraps all routes.
pub fn observed(router: Router, ids: RequestIds) -> Router {
    router
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(middleware::from_fn_with_state(ids, observe))
}

async fn observe(State(ids): State<RequestIds>, request: Request, next: Next) -> Response {
    #[expect(
        clippy::disallowed_methods,
        reason = "measures the request, decides nothing"
    )]
    let started = Instant::now();
    let id = ids.of(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let client = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());

    let mut response = next.run(request).await;

    let outcome = response
        .extensions_mut()
        .remove::<Outcome>()
        .unwrap_or_default();
    let status = response.status().as_u16();
    let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let request_id = id.to_str().unwrap_or_default();
    // A route's template and one of HTTP's methods: what is unknown is not ours to repeat.
    let method = if HTTP_METHODS.contains(&method) {
        method.as_str()
    } else {
        "-"
    };
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    let client = client.map(tracing::field::display);
    if let Some(fault) = outcome.fault {
        tracing::error!(request_id, %method, route, status, duration_us, client, %fault, "request failed");
    } else {
        let refusal = outcome.refusal;
        tracing::info!(request_id, %method, route, status, duration_us, client, refusal, "request");
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// RFC 9110 §9.3, and RFC 5789. Any other word can be sent as a method.
const HTTP_METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::CONNECT,
    Method::OPTIONS,
    Method::TRACE,
    Method::PATCH,
];

/// The answer of a handler that panicked: a bug, contained. The panic hook has logged where.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that the layer calls"
)]
fn answer_panic(panic: Box<dyn Any + Send>) -> Response<Body> {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    let body = r#"{"detail":"A server error occurred."}"#;
    let json = HeaderValue::from_static("application/json");
    let mut response = (
        StatusCode::INTERNAL_SERVER_ERROR,
        [(header::CONTENT_TYPE, json)],
        body,
    )
        .into_response();
    let fault = format!("a handler panicked: {text}").into();
    response.extensions_mut().insert(Outcome {
        refusal: None,
        fault: Some(fault),
    });
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_id_is_kept_only_if_it_is_plain() {
        assert!(is_sound(b"abc-123_X.y"));
        for id in [&b""[..], b"a b", b"a\"b", "é".as_bytes(), &[b'x'; 65]] {
            assert!(!is_sound(id), "{id:?}");
        }
    }
}

//! How a request to the inbox fails.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use phonekey_core::{ports::store::StoreError, refusal::Fault};
use serde_json::json;

/// Why a request to the inbox was not answered as it asked; as a response, the JSON of the
/// compatible wire: `{"code":400,"message":"…"}`.
#[derive(Debug)]
pub(super) struct Failure {
    /// The status of the answer.
    pub(super) status: StatusCode,
    /// What to tell the developer.
    pub(super) message: String,
    retry_after_seconds: Option<u64>,
}

impl Failure {
    /// The query says something that it may not; `message` says what, and what it may.
    pub(super) fn query(message: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message,
            retry_after_seconds: None,
        }
    }

    /// The inbox cannot be read. Logged here, once.
    pub(super) fn store(error: StoreError) -> Self {
        let fault = Fault::Store(error);
        tracing::error!(
            error = &fault as &(dyn std::error::Error + 'static),
            "the developer's inbox cannot be read"
        );
        match fault.retry_after() {
            Some(wait) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                message: "The inbox cannot be read at present. Try again soon.".to_owned(),
                retry_after_seconds: Some(wait.as_secs()),
            },
            None => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                message: "The inbox cannot be read. The server's log says why.".to_owned(),
                retry_after_seconds: None,
            },
        }
    }

    /// A page cannot be written. Logged here, once.
    pub(super) fn template(error: &askama::Error) -> Self {
        tracing::error!(%error, "a developer's page cannot be written");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: "The page cannot be written. The server's log says why.".to_owned(),
            retry_after_seconds: None,
        }
    }

    /// This failure, told by `body`.
    pub(super) fn told_by(&self, body: impl IntoResponse) -> Response {
        let mut response = (self.status, body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.status.as_u16(), "message": self.message });
        self.told_by(Json(body))
    }
}

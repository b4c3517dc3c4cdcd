//! The shapes of all answers, and the one place where refusals and faults get theirs.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use phonekey_core::{
    phone::PhoneError,
    refusal::{Error, Fault, Refusal},
    token::TokenError,
};
use serde::Serialize;
use serde_json::{Value, json, ser::PrettyFormatter};

use super::{browse, endpoint::Endpoint, field::FieldError, negotiation::Renderer};
use crate::{
    language::{Language, Text},
    outcome::Outcome,
};

/// An answer before it is written: its status, its body and what is peculiar to it.
pub(super) struct Answer {
    status: StatusCode,
    /// JSON text.
    body: String,
    retry_after: Option<Duration>,
    outcome: Outcome,
}

impl Answer {
    /// Success, or a refusal of the framework's, which has no code of ours.
    pub(super) fn new(status: StatusCode, body: &impl Serialize) -> Self {
        Self {
            status,
            // Values of our own types and texts: writing them into memory cannot fail.
            body: serde_json::to_string(body).unwrap_or_default(),
            retry_after: None,
            outcome: Outcome::default(),
        }
    }

    /// A refusal in the framework's shape.
    pub(super) fn detail(status: StatusCode, detail: &str) -> Self {
        Self::new(status, &json!({ "detail": detail }))
    }

    fn with_outcome(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    /// A body that is JSON, but no object.
    pub(super) fn not_an_object(endpoint: Endpoint, kind: Option<&str>) -> Self {
        let text = match kind {
            Some(kind) => format!("Invalid data. Expected a dictionary, but got {kind}."),
            None => "No data provided".to_owned(),
        };
        match endpoint {
            Endpoint::Create | Endpoint::Verify | Endpoint::Resend => {
                Self::failure(&format!("{text}\n"))
            }
            Endpoint::Refresh => Self::new(
                StatusCode::BAD_REQUEST,
                &json!({ "non_field_errors": [text] }),
            ),
        }
    }

    /// A field that is refused. Create and verify name no field and end each text with a newline.
    pub(super) fn field(endpoint: Endpoint, error: FieldError) -> Self {
        match endpoint {
            Endpoint::Create | Endpoint::Verify | Endpoint::Resend => {
                Self::failure(&format!("{error}\n"))
            }
            Endpoint::Refresh => Self::new(
                StatusCode::BAD_REQUEST,
                &json!({ "refresh": [error.to_string()] }),
            ),
        }
    }

    fn failure(message: &str) -> Self {
        coded(StatusCode::BAD_REQUEST, message, None)
    }

    /// A body over the limit.
    pub(super) fn too_large(endpoint: Endpoint) -> Self {
        match endpoint {
            // Nothing of this size can hold a token of ours, so it is refused as any other garbage.
            Endpoint::Refresh => refused_token(TokenError::Invalid),
            Endpoint::Create | Endpoint::Verify | Endpoint::Resend => Self::detail(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The request body is larger than 16384 bytes.",
            ),
        }
    }

    /// An access token in `Authorization` that is refused, in SimpleJWT's shape.
    pub(super) fn unauthorized(error: &Error, language: &Language) -> Self {
        let plain = |detail: &str, code: &str| {
            Self::new(
                StatusCode::UNAUTHORIZED,
                &json!({ "detail": detail, "code": code }),
            )
        };
        match error {
            Error::Refused(Refusal::Token(TokenError::NoUser)) => {
                plain(&TokenError::NoUser.to_string(), "token_not_valid")
            }
            Error::Refused(Refusal::Token(error)) => Self::new(
                StatusCode::UNAUTHORIZED,
                &json!({
                    "detail": "Given token not valid for any token type",
                    "code": "token_not_valid",
                    "messages": [{
                        "token_class": "AccessToken",
                        "token_type": "access",
                        "message": error.to_string(),
                    }],
                }),
            ),
            Error::Refused(Refusal::UserUnknown) => plain("User not found", "user_not_found"),
            Error::Refused(Refusal::UserInactive) => plain("User is inactive", "user_inactive"),
            _ => return Self::error_of_code(error, language),
        }
        .with_outcome(Outcome::of(error))
    }

    /// `Authorization: Token` without exactly one token.
    pub(super) fn bad_authorization() -> Self {
        let detail = "Authorization header must contain two space-delimited values";
        let body = json!({ "detail": detail, "code": "bad_authorization_header" });
        Self::new(StatusCode::UNAUTHORIZED, &body)
    }

    /// What create and verify answer to a refusal or a fault.
    pub(super) fn error_of_code(error: &Error, language: &Language) -> Self {
        let say = |status, text, reason| coded(status, &language.text(text), reason);
        match error {
            Error::Refused(refusal) => {
                let reason = Some(refusal.code());
                match refusal {
                    Refusal::Phone(PhoneError::RegionNotServed(region)) => say(
                        StatusCode::BAD_REQUEST,
                        Text::RegionNotServed(*region),
                        reason,
                    ),
                    Refusal::Phone(PhoneError::Invalid | PhoneError::KindRefused(_)) => {
                        Self::field(Endpoint::Create, FieldError::InvalidMobile)
                    }
                    Refusal::TooMany { retry_after, .. } => {
                        let text = Text::TooMany {
                            seconds: retry_after.as_secs(),
                        };
                        say(StatusCode::TOO_MANY_REQUESTS, text, reason)
                            .with_retry_after(Some(*retry_after))
                    }
                    Refusal::NumberUnreachable(_) => {
                        say(StatusCode::BAD_REQUEST, Text::NumberUnreachable, reason)
                    }
                    Refusal::ChannelNotOffered => {
                        say(StatusCode::BAD_REQUEST, Text::ChannelNotOffered, reason)
                    }
                    Refusal::ChallengeEnded => {
                        say(StatusCode::BAD_REQUEST, Text::ChallengeEnded, reason)
                    }
                    Refusal::MessagesSpent => {
                        say(StatusCode::BAD_REQUEST, Text::MessagesSpent, reason)
                    }
                    Refusal::UserInactive => say(StatusCode::FORBIDDEN, Text::UserInactive, reason),
                    // One answer for each cause, and nothing beside it.
                    Refusal::CodeWrong
                    | Refusal::Token(_)
                    | Refusal::TokenReplayed
                    | Refusal::UserUnknown => say(StatusCode::BAD_REQUEST, Text::CodeWrong, None),
                }
            }
            Error::Fault(fault) => {
                let (status, text) = match fault {
                    Fault::Delivery(_) => (StatusCode::SERVICE_UNAVAILABLE, Text::CannotSend),
                    _ if fault.retry_after().is_some() => {
                        (StatusCode::SERVICE_UNAVAILABLE, Text::Unavailable)
                    }
                    _ => (StatusCode::INTERNAL_SERVER_ERROR, Text::Internal),
                };
                say(status, text, None).with_retry_after(fault.retry_after())
            }
        }
        .with_outcome(Outcome::of(error))
    }

    /// What refresh answers to a refusal or a fault.
    pub(super) fn error_of_token(error: &Error) -> Self {
        match error {
            Error::Refused(Refusal::Token(error)) => refused_token(*error),
            Error::Refused(Refusal::TooMany { retry_after, .. }) => {
                let body = json!({ "detail": "Request was throttled.", "code": "throttled" });
                Self::new(StatusCode::TOO_MANY_REQUESTS, &body).with_retry_after(Some(*retry_after))
            }
            Error::Refused(_) => refused_token(TokenError::Invalid),
            Error::Fault(fault) if fault.retry_after().is_some() => {
                let detail = "The service is temporarily unavailable.";
                let body = json!({ "detail": detail, "code": "unavailable" });
                Self::new(StatusCode::SERVICE_UNAVAILABLE, &body)
                    .with_retry_after(fault.retry_after())
            }
            Error::Fault(_) => {
                let body = json!({ "detail": "A server error occurred.", "code": "error" });
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, &body)
            }
        }
        .with_outcome(Outcome::of(error))
    }

    /// Writes it for the caller.
    pub(super) fn render(self, endpoint: Endpoint, renderer: Renderer) -> Response {
        let (content_type, body) = match renderer {
            Renderer::Json { indent: None } => ("application/json", self.body),
            Renderer::Json {
                indent: Some(spaces),
            } => ("application/json", indented(&self.body, spaces)),
            Renderer::Html => {
                let page = browse::page(endpoint, self.status, &indented(&self.body, 4));
                ("text/html; charset=utf-8", page)
            }
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        fixed_headers(headers);
        if renderer == Renderer::Html {
            let policy = HeaderValue::from_static(browse::CONTENT_SECURITY_POLICY);
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Token realm=\"api\"");
            headers.insert(header::WWW_AUTHENTICATE, realm);
        }
        if let Some(retry_after) = self.retry_after {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(retry_after.as_secs().max(1)),
            );
        }
        response.extensions_mut().insert(self.outcome);
        response
    }
}

/// The body of create and verify: its `code` repeats the status.
fn coded(status: StatusCode, message: &str, reason: Option<&str>) -> Answer {
    #[derive(Serialize)]
    struct Coded<'a> {
        code: u16,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    Answer::new(
        status,
        &Coded {
            code: status.as_u16(),
            message,
            reason,
        },
    )
}

fn refused_token(error: TokenError) -> Answer {
    let body = json!({ "detail": error.to_string(), "code": "token_not_valid" });
    Answer::new(StatusCode::UNAUTHORIZED, &body)
}

fn fixed_headers(headers: &mut HeaderMap) {
    const FIXED: [(HeaderName, &str); 7] = [
        (header::ALLOW, "POST, OPTIONS"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::VARY, "Accept, Accept-Language, Cookie"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn indented(body: &str, spaces: u8) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let indent = vec![b' '; usize::from(spaces)];
    let mut written = Vec::with_capacity(body.len() * 2);
    let formatter = PrettyFormatter::with_indent(&indent);
    let mut serializer = serde_json::Serializer::with_formatter(&mut written, formatter);
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(written).unwrap_or_default(),
        Err(_) => body.to_owned(),
    }
}

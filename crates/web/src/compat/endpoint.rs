//! The frame of the three endpoints: the checks before a body is read, in the framework's order.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    Compat,
    answer::Answer,
    authorization,
    body::{self, BodyError, Fields, Parsed, Received},
    create,
    negotiation::{NotNegotiable, Renderer, negotiate},
    refresh, resend, verify,
};
use crate::language;

/// One of the endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Create,
    Verify,
    Refresh,
    Resend,
}

impl Endpoint {
    pub(super) const ALL: [Self; 4] = [Self::Create, Self::Verify, Self::Refresh, Self::Resend];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Create => "/api/auth/otp/create/",
            Self::Verify => "/api/auth/otp/verify/",
            Self::Refresh => "/api/auth/otp/refresh/",
            Self::Resend => "/api/auth/otp/resend/",
        }
    }

    /// The name of the Django project's view, or what it would be.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Create => "Otp Create",
            Self::Verify => "Otp Verify",
            Self::Refresh => "Token Refresh",
            Self::Resend => "Otp Resend",
        }
    }

    /// What `OPTIONS` tells.
    fn metadata(self) -> Value {
        let mut metadata = json!({
            "name": self.name(),
            "description": "",
            "renders": ["application/json", "text/html"],
            "parses": [
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data",
            ],
        });
        if self == Self::Refresh {
            let description = "Takes a refresh token and returns a new access token and a new \
                               refresh token, if the refresh token is valid.";
            metadata["description"] = description.into();
            metadata["actions"] = json!({ "POST": {
                "refresh": { "type": "string", "required": true, "read_only": false, "label": "Refresh" },
                "access": { "type": "string", "required": false, "read_only": true, "label": "Access" },
            }});
        }
        metadata
    }
}

/// Answers a request to an endpoint.
pub(super) async fn serve(
    endpoint: Endpoint,
    State(compat): State<Arc<Compat>>,
    request: Request,
) -> Response {
    let negotiated = negotiate(
        request.uri().query(),
        text_of(request.headers(), header::ACCEPT),
    );
    let (renderer, result) = match negotiated {
        Err(NotNegotiable::UnknownFormat) => (
            Renderer::PLAIN,
            Err(Answer::detail(StatusCode::NOT_FOUND, "Not found.")),
        ),
        Err(NotNegotiable::NotAcceptable) => {
            let detail = "Could not satisfy the request Accept header.";
            (
                Renderer::PLAIN,
                Err(Answer::detail(StatusCode::NOT_ACCEPTABLE, detail)),
            )
        }
        Ok(renderer) => {
            let accepted = text_of(request.headers(), header::ACCEPT_LANGUAGE).map(str::to_owned);
            let languages = language::choices(accepted.as_deref());
            (
                renderer,
                answer(endpoint, &compat, &languages, request).await,
            )
        }
    };
    result
        .unwrap_or_else(|refused| refused)
        .render(endpoint, renderer)
}

async fn answer(
    endpoint: Endpoint,
    compat: &Compat,
    languages: &[&str],
    request: Request,
) -> Result<Answer, Answer> {
    let language = compat.catalogue.choose(languages);
    if endpoint != Endpoint::Refresh {
        authorization::check(request.headers(), &compat.flows, language).await?;
    }
    match request.method().as_str().to_ascii_uppercase().as_str() {
        "POST" => {}
        "OPTIONS" => return Ok(Answer::new(StatusCode::OK, &endpoint.metadata())),
        method => {
            let detail = format!("Method \"{method}\" not allowed.");
            return Err(Answer::detail(StatusCode::METHOD_NOT_ALLOWED, &detail));
        }
    }
    let fields = read_fields(endpoint, request).await?;
    match endpoint {
        Endpoint::Create => create::answer(&fields, &compat.flows, language, languages).await,
        Endpoint::Verify => verify::answer(&fields, &compat.flows, language).await,
        Endpoint::Refresh => refresh::answer(&fields, &compat.flows).await,
        Endpoint::Resend => resend::answer(&fields, &compat.flows, language).await,
    }
}

async fn read_fields(endpoint: Endpoint, request: Request) -> Result<Fields, Answer> {
    let (parts, body) = request.into_parts();
    let body = match body::receive(body, body::MAX_BODY_BYTES).await {
        Received::Whole(body) => body,
        Received::TooLarge => return Err(Answer::too_large(endpoint)),
        Received::TooSlow => {
            let detail = "The request body did not arrive in time.";
            return Err(Answer::detail(StatusCode::REQUEST_TIMEOUT, detail));
        }
        Received::Broken => {
            let detail = "The request body broke off.";
            return Err(Answer::detail(StatusCode::BAD_REQUEST, detail));
        }
    };
    match body::parse(text_of(&parts.headers, header::CONTENT_TYPE), body).await {
        Ok(Parsed::Fields(fields)) => Ok(fields),
        Ok(Parsed::NotAnObject(kind)) => Err(Answer::not_an_object(endpoint, Some(kind))),
        Ok(Parsed::Null) => Err(Answer::not_an_object(endpoint, None)),
        Err(BodyError::Malformed(detail)) => Err(Answer::detail(StatusCode::BAD_REQUEST, &detail)),
        Err(BodyError::UnsupportedType(found)) => {
            let detail = format!("Unsupported media type \"{found}\" in request.");
            Err(Answer::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &detail))
        }
    }
}

/// A header's text; one that is no text counts as empty rather than as absent.
fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers
        .get(name)
        .map(|value| value.to_str().unwrap_or_default())
}

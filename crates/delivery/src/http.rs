//! The one place that builds an HTTP client, and that tells a message that was certainly not sent
//! from one that may have been.

use std::time::Duration;

use phonekey_core::delivery::{
    DeliveryId,
    outcome::{SendOutcome, SendRefusal},
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header::CONTENT_TYPE, redirect};
use thiserror::Error;
use tracing::warn;

/// A client whose exchanges take `timeout` at most, from the connection to the end of the reply. It
/// keeps connections, follows no redirects and uses no proxy.
///
/// Half of the time is the connection's: a time-out before anything was written must show as that,
/// since only it means that nothing was sent.
pub(crate) fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("phonekey/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .connect_timeout(timeout / 2)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .build()
}

/// The request with these fields as a form in its body.
pub(crate) fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    request
        .header(
            CONTENT_TYPE,
            "application/x-www-form-urlencoded; charset=utf-8",
        )
        .body(form.finish())
}

/// Sends a request and reads its reply.
pub(crate) async fn exchange(request: RequestBuilder) -> Result<Reply, NoReply> {
    let response = request.send().await.map_err(NoReply::from_error)?;
    Ok(Reply {
        status: response.status(),
        body: read(response).await,
    })
}

/// Below the five seconds after which common servers (Node's among them) close an idle connection:
/// a request that meets the closing may or may not have been read, and nobody can tell.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// The longest reply that is read (SECURITY.md T60).
const MAX_BODY_BYTES: usize = 64 * 1024;

/// What a provider answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// `None` when it was cut off, timed out or was longer than [`MAX_BODY_BYTES`].
    pub(crate) body: Option<Vec<u8>>,
}

impl Reply {
    /// What became of the message, when nothing but the status tells.
    ///
    /// A refusal of our request (4xx) comes before the message would go, and a redirect is not
    /// followed; a failure of the provider's own (5xx) may come after.
    pub(crate) fn outcome_by_status(&self) -> SendOutcome {
        let refusal = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => SendRefusal::BadCredentials,
            StatusCode::TOO_MANY_REQUESTS => SendRefusal::RateLimited,
            StatusCode::REQUEST_TIMEOUT => return SendOutcome::Unknown,
            status if status.is_client_error() => SendRefusal::RejectedContent,
            status if status.is_redirection() => SendRefusal::Temporary,
            _ => return SendOutcome::Unknown,
        };
        SendOutcome::Refused(refusal)
    }
}

async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

/// Why there is no answer. It names no URL: some hold a provider's key.
#[derive(Debug, Error)]
pub(crate) enum NoReply {
    /// There was no connection, so nothing was sent.
    #[error("no connection")]
    NotConnected(#[source] reqwest::Error),
    /// It timed out, or the connection was lost, when the request may have been read.
    #[error("no answer")]
    Lost(#[source] reqwest::Error),
}

impl NoReply {
    fn from_error(error: reqwest::Error) -> Self {
        let never_written = error.is_connect() || error.is_builder();
        let error = error.without_url();
        if never_written {
            Self::NotConnected(error)
        } else {
            Self::Lost(error)
        }
    }

    /// What became of the message; logs that the provider did not answer.
    pub(crate) fn noted(&self, provider: &str, delivery: DeliveryId) -> SendOutcome {
        warn!(
            delivery.id = %delivery,
            delivery.provider = provider,
            error = self as &dyn std::error::Error,
            "the provider gave no answer"
        );
        self.outcome()
    }

    /// What became of the message.
    pub(crate) const fn outcome(&self) -> SendOutcome {
        match self {
            Self::NotConnected(_) => SendOutcome::Refused(SendRefusal::Temporary),
            Self::Lost(_) => SendOutcome::Unknown,
        }
    }
}

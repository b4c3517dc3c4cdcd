//! Messages posted as JSON to the operator's own server, signed in the manner of Standard Webhooks
//! (<https://www.standardwebhooks.com>).
//!
//! The body is `{"challenge_id","phone","code","text","channel","locale","purpose","expires_at"}`.
//! The header `webhook-id` names the delivery, so a receiver that gets one twice can tell.

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod reply;
pub mod signature;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{SendOutcome, SendRefusal},
    },
    id::ChallengeId,
    ports::delivery::MessageSender,
    time::Clock,
};
use reqwest::{Client, Url, header::CONTENT_TYPE};
use serde::Serialize;
use tracing::warn;

use self::signature::WebhookSecret;
use crate::{
    endpoint::{self, InvalidEndpoint},
    http,
    provider::Surroundings,
    settings::WebhookSettings,
    text::Texts,
};

/// The provider's name.
pub const NAME: &str = "webhook";

/// Posts each message to the operator's server.
pub struct Webhook {
    client: Client,
    url: Url,
    secrets: Vec<WebhookSecret>,
    texts: Texts,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(
        settings: &WebhookSettings,
        surroundings: Surroundings,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: http::client(settings.timeout)?,
            url: settings.url.0.clone(),
            secrets: settings.secrets.clone(),
            texts: surroundings.texts,
            clock: surroundings.clock,
        })
    }
}

#[async_trait]
impl MessageSender for Webhook {
    async fn send(&self, message: &Message) -> SendOutcome {
        let now = self.clock.now();
        let body = Body {
            challenge_id: message.delivery.challenge,
            phone: &message.to.e164(),
            code: message.code.expose(),
            text: &self.texts.of_message(message, now),
            channel: message.channel.name(),
            locale: &message.language,
            purpose: "login",
            expires_at: &message.expires_at.to_string(),
        };
        let Ok(body) = serde_json::to_vec(&body) else {
            return SendOutcome::Refused(SendRefusal::RejectedContent);
        };
        let id = message.delivery.to_string();
        let timestamp = now.as_seconds();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header(
                "webhook-signature",
                signature::of_all(&self.secrets, &id, timestamp, &body),
            )
            .body(body);
        match http::exchange(request).await {
            Ok(reply) => reply::outcome(&reply),
            Err(no_reply) => {
                warn!(
                    delivery.id = %message.delivery,
                    error = &no_reply as &dyn std::error::Error,
                    "the webhook gave no answer"
                );
                no_reply.outcome()
            }
        }
    }
}

/// A message as the receiver gets it.
#[derive(Serialize)]
struct Body<'a> {
    challenge_id: ChallengeId,
    phone: &'a str,
    code: &'a str,
    text: &'a str,
    channel: &'a str,
    locale: &'a str,
    purpose: &'a str,
    expires_at: &'a str,
}

/// Where messages are posted to: over TLS, or to this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Accepts what requests may go to, and a query.
    ///
    /// # Errors
    /// [`InvalidEndpoint`].
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        endpoint::parse(text).map(Self)
    }
}

/// Its scheme and host: the rest may hold a key.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0.host_str().unwrap_or_default();
        write!(f, "{}://{host}/…", self.0.scheme())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_does_not_show_its_key() {
        let url = WebhookUrl::parse("https://user:pass@sms.example/send/k3y?key=k3y").unwrap();

        assert_eq!(format!("{url:?}"), "https://sms.example/…");
    }
}

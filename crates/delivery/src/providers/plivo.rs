//! Plivo: text messages by its resource `Message`
//! (<https://www.plivo.com/docs/messaging/api/message/send-a-message>).

mod reply;
mod report;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{MessageId, SendOutcome},
        report::Report,
    },
    ports::{delivery::MessageSender, report::RawReport},
    secret::Secret,
    time::{Clock, Timestamp},
};
use reqwest::{Client, RequestBuilder, Url};
use serde::Serialize;

use crate::{
    endpoint::BaseUrl,
    http,
    provider::{BadReport, PollReports, ReadReports, ReportRead, ReportSource, Surroundings},
    text::Texts,
};

/// The provider's name.
pub const NAME: &str = "plivo";

/// Where Plivo answers.
pub const BASE_URL: &str = "https://api.plivo.com/";

/// What Plivo needs to know.
#[derive(Clone, Debug)]
pub struct PlivoSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The account that sends.
    pub auth_id: AuthId,
    /// Its token, which also signs reports.
    pub auth_token: Secret,
    /// Whom messages come from.
    pub origin: Origin,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Plivo's name for an account (`MA…`) or for one below it (`SA…`): 20 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthId(String);

impl AuthId {
    /// Reads upper-case letters and digits; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let is_id = text.len() == 20
            && text.bytes().all(is_part)
            && ["MA", "SA"].iter().any(|kind| text.starts_with(kind));
        is_id.then(|| Self(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whom messages come from. Plivo takes one or the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A number of the account's, a short code, or a name of 1 to 11 letters and digits.
    Sender(String),
    /// A Powerpack, by its UUID, which chooses among its senders.
    Powerpack(String),
}

/// Has each message sent, and learns of its arrival: Plivo calls us where it can, else it is asked.
pub struct Plivo {
    client: Client,
    base_url: BaseUrl,
    auth_id: AuthId,
    auth_token: Secret,
    origin: Origin,
    callback: Option<String>,
    texts: Texts,
    clock: Arc<dyn Clock>,
}

impl Plivo {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(
        settings: &PlivoSettings,
        surroundings: Surroundings,
    ) -> Result<Self, reqwest::Error> {
        let PlivoSettings {
            base_url,
            auth_id,
            auth_token,
            origin,
            timeout,
        } = settings.clone();
        Ok(Self {
            client: http::client(timeout)?,
            base_url,
            auth_id,
            auth_token,
            origin,
            callback: surroundings.callback,
            texts: surroundings.texts,
            clock: surroundings.clock,
        })
    }

    /// Where the reports on its messages come from.
    #[must_use]
    pub fn reports(self: &Arc<Self>) -> ReportSource {
        if self.callback.is_some() {
            ReportSource::Callback(Arc::clone(self) as _)
        } else {
            ReportSource::Polling(Arc::clone(self) as _)
        }
    }

    /// A resource of the account's. Plivo wants the slash at the end.
    fn url(&self, path: &str) -> Url {
        let account = self.auth_id.as_str();
        self.base_url.join(&format!("v1/Account/{account}/{path}/"))
    }

    fn signed_in(&self, request: RequestBuilder) -> RequestBuilder {
        let token = String::from_utf8_lossy(self.auth_token.expose());
        request.basic_auth(self.auth_id.as_str(), Some(token))
    }
}

/// The API's bounds for how long a message may wait at Plivo, in seconds
/// (<https://support.plivo.com/hc/en-us/articles/14814454609561-Message-Expiry>).
const EXPIRY_SECONDS: (u64, u64) = (5, 10_799);

#[derive(Serialize)]
struct TextMessage<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    src: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    powerpack_uuid: Option<&'a str>,
    dst: &'a str,
    text: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// `false`: Plivo keeps neither the text nor the whole number.
    log: &'static str,
    message_expiry: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
}

#[async_trait]
impl MessageSender for Plivo {
    async fn send(&self, message: &Message) -> SendOutcome {
        let now = self.clock.now();
        let remaining = message.expires_at.since(now).as_secs();
        let (least, most) = EXPIRY_SECONDS;
        let (src, powerpack_uuid) = match &self.origin {
            Origin::Sender(sender) => (Some(sender.as_str()), None),
            Origin::Powerpack(uuid) => (None, Some(uuid.as_str())),
        };
        let callback = self.callback.as_deref();
        let body = TextMessage {
            src,
            powerpack_uuid,
            dst: &message.to.e164(),
            text: &self.texts.of_message(message, now),
            kind: "sms",
            log: "false",
            message_expiry: remaining.clamp(least, most),
            url: callback,
            method: callback.map(|_| "POST"),
        };
        let request = self.signed_in(self.client.post(self.url("Message")));
        match http::exchange(request.json(&body)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

impl ReadReports for Plivo {
    fn read(&self, report: &RawReport, _: Timestamp) -> Result<ReportRead, BadReport> {
        let url = self.callback.as_deref().ok_or(BadReport::Forged)?;
        report::read(report, url, &self.auth_token)
    }
}

#[async_trait]
impl PollReports for Plivo {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let url = self.url(&format!("Message/{}", message_id.as_str()));
        let request = self.signed_in(self.client.get(url));
        reply::report(&http::exchange(request).await.ok()?, message_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auth_id_is_of_an_account_and_has_20_characters() {
        for sound in ["MANWVLYTK4ZWU1YTY4ZT", "SA0123456789ABCDEFGH"] {
            assert_eq!(AuthId::parse(sound).unwrap().as_str(), sound);
        }
        for odd in [
            "",
            "MANWVLYTK4ZWU1YTY4Z",
            "MANWVLYTK4ZWU1YTY4ZTX",
            "XXNWVLYTK4ZWU1YTY4ZT",
            "manwvlytk4zwu1yty4zt",
            "MA../../VLYTK4ZWU1YT",
        ] {
            assert_eq!(AuthId::parse(odd), None, "{odd}");
        }
    }
}

//! Telegram Gateway: codes in Telegram's chat of verification codes
//! (<https://core.telegram.org/gateway/api>).
//!
//! Telegram writes the message; it takes a code of 4 to 8 digits and nothing else of ours.

mod reply;
mod report;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{MessageId, SendOutcome, SendRefusal},
        report::Report,
    },
    ports::{delivery::MessageSender, report::RawReport},
    secret::Secret,
    time::{Clock, Timestamp},
};
use reqwest::{Client, RequestBuilder, Url};
use serde::Serialize;
use tracing::warn;

use crate::{
    endpoint::BaseUrl,
    http,
    provider::{BadReport, PollReports, ReadReports, ReportRead, ReportSource, Surroundings},
};

/// The provider's name.
pub const NAME: &str = "telegram";

/// Where Telegram Gateway answers.
pub const BASE_URL: &str = "https://gatewayapi.telegram.org/";

/// The longest code that it takes.
pub const MOST_DIGITS: u8 = 8;

/// What Telegram Gateway needs to know.
#[derive(Clone, Debug)]
pub struct TelegramSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The access token: letters, digits and signs of ASCII.
    pub token: Secret,
    /// The channel that messages come from, if not Telegram's own: verified, and owned by the
    /// account.
    pub sender_username: Option<String>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Sends codes, and learns of their arrival: Telegram calls us where it can, else it is asked.
pub struct Telegram {
    client: Client,
    send_url: Url,
    status_url: Url,
    token: Secret,
    sender_username: Option<String>,
    callback: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Telegram {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(
        settings: &TelegramSettings,
        surroundings: Surroundings,
    ) -> Result<Self, reqwest::Error> {
        let callback = surroundings
            .callback
            .filter(|url| url.starts_with("https://") && url.len() <= LONGEST_CALLBACK_BYTES);
        Ok(Self {
            client: http::client(settings.timeout)?,
            send_url: settings.base_url.join("sendVerificationMessage"),
            status_url: settings.base_url.join("checkVerificationStatus"),
            token: settings.token.clone(),
            sender_username: settings.sender_username.clone(),
            callback,
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

    fn post<B: Serialize>(&self, url: &Url, body: &B) -> RequestBuilder {
        let token = String::from_utf8_lossy(self.token.expose());
        self.client.post(url.clone()).bearer_auth(token).json(body)
    }
}

/// The API's own bounds.
const LONGEST_CALLBACK_BYTES: usize = 256;
const TTL_SECONDS: (u64, u64) = (30, 3600);

#[derive(Serialize)]
struct VerificationMessage<'a> {
    phone_number: &'a str,
    code: &'a str,
    /// After so many seconds Telegram gives up, and gives the fee back.
    ttl: u64,
    /// Comes back in reports.
    payload: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
}

#[derive(Serialize)]
struct StatusCheck<'a> {
    request_id: &'a str,
}

#[async_trait]
impl MessageSender for Telegram {
    async fn send(&self, message: &Message) -> SendOutcome {
        if message.code.length().get() > MOST_DIGITS {
            warn!(
                delivery.id = %message.delivery,
                "Telegram takes no code of more than 8 digits"
            );
            return SendOutcome::Refused(SendRefusal::BadTemplate);
        }
        let remaining = message.expires_at.since(self.clock.now()).as_secs();
        let (least, most) = TTL_SECONDS;
        let body = VerificationMessage {
            phone_number: &message.to.e164(),
            code: message.code.expose(),
            ttl: remaining.clamp(least, most),
            payload: &message.delivery.to_string(),
            sender_username: self.sender_username.as_deref(),
            callback_url: self.callback.as_deref(),
        };
        match http::exchange(self.post(&self.send_url, &body)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

impl ReadReports for Telegram {
    fn read(&self, report: &RawReport, now: Timestamp) -> Result<ReportRead, BadReport> {
        report::read(report, &self.token, now)
    }
}

#[async_trait]
impl PollReports for Telegram {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let check = StatusCheck {
            request_id: message_id.as_str(),
        };
        let exchange = http::exchange(self.post(&self.status_url, &check)).await;
        reply::status(&exchange.ok()?)?.into_report()
    }
}

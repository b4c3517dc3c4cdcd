//! Vonage: text messages by its SMS API
//! (<https://developer.vonage.com/en/messaging/sms/overview>), which was Nexmo's.
//!
//! The Messages API of the same account is another product, and is not spoken here.

mod reply;
mod report;
mod signature;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{Currency, SendOutcome},
    },
    ports::{delivery::MessageSender, report::RawReport},
    secret::Secret,
    time::{Clock, Timestamp},
};
use reqwest::{Client, Url};

use crate::{
    endpoint::BaseUrl,
    http,
    provider::{BadReport, ReadReports, ReportRead, ReportSource, Surroundings},
    providers::reference,
    text::{Texts, segments::Encoding},
};

/// The provider's name.
pub const NAME: &str = "vonage";

/// Where Vonage answers.
pub const BASE_URL: &str = "https://rest.nexmo.com/";

/// What Vonage needs to know.
#[derive(Clone, Debug)]
pub struct VonageSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The account's name for the API, which Vonage calls its key.
    pub api_key: String,
    /// The account's secret.
    pub api_secret: Secret,
    /// Whom messages come from: a name, or a number's digits with its country code.
    pub from: String,
    /// What the account signs its reports with, if it signs any.
    pub signature_secret: Option<Secret>,
    /// In what the account is charged, which Vonage does not say; no cost is recorded without.
    pub currency: Option<Currency>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Sends messages, and reads what Vonage reports of them.
pub struct Vonage {
    client: Client,
    url: Url,
    api_key: String,
    api_secret: Secret,
    from: String,
    signature_secret: Option<Secret>,
    currency: Option<Currency>,
    texts: Texts,
    callback: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Vonage {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(
        settings: &VonageSettings,
        surroundings: Surroundings,
    ) -> Result<Self, reqwest::Error> {
        let settings = settings.clone();
        Ok(Self {
            client: http::client(settings.timeout)?,
            url: settings.base_url.join("sms/json"),
            api_key: settings.api_key,
            api_secret: settings.api_secret,
            from: settings.from,
            signature_secret: settings.signature_secret,
            currency: settings.currency,
            texts: surroundings.texts,
            callback: surroundings.callback,
            clock: surroundings.clock,
        })
    }

    /// Where the reports on its messages come from.
    #[must_use]
    pub fn reports(self: &Arc<Self>) -> ReportSource {
        if self.callback.is_some() {
            ReportSource::Callback(Arc::clone(self) as _)
        } else {
            ReportSource::Nothing
        }
    }

    /// The callback, where a request can name it: Vonage refuses a message with a longer one. A
    /// longer one can be given to the account.
    fn named_callback(&self) -> Option<&str> {
        let callback = self.callback.as_deref();
        callback.filter(|url| url.len() <= LONGEST_CALLBACK_BYTES)
    }
}

/// The API's own bounds.
const LONGEST_CALLBACK_BYTES: usize = 100;
const TTL_MILLISECONDS: (u128, u128) = (20_000, 604_800_000);

#[async_trait]
impl MessageSender for Vonage {
    async fn send(&self, message: &Message) -> SendOutcome {
        let now = self.clock.now();
        let text = self.texts.of_message(message, now);
        let kind = match Encoding::of(&text) {
            Encoding::Gsm7 => "text",
            Encoding::Ucs2 => "unicode",
        };
        let number = message.to.e164();
        let (least, most) = TTL_MILLISECONDS;
        let remaining = message.expires_at.since(now).as_millis();
        let ttl = remaining.clamp(least, most).to_string();
        let reference = reference::of(message.delivery);
        let mut form = vec![
            ("from", self.from.as_str()),
            ("to", number.trim_start_matches('+')),
            ("text", &text),
            ("type", kind),
            ("ttl", &ttl),
            ("client-ref", &reference),
        ];
        if let Some(callback) = self.named_callback() {
            form.push(("callback", callback));
        }
        let secret = String::from_utf8_lossy(self.api_secret.expose());
        let request = self.client.post(self.url.clone());
        let request = request.basic_auth(&self.api_key, Some(secret));
        match http::exchange(http::with_form(request, &form)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery, self.currency),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

impl ReadReports for Vonage {
    fn read(&self, report: &RawReport, now: Timestamp) -> Result<ReportRead, BadReport> {
        report::read(report, self.signature_secret.as_ref(), now)
    }
}

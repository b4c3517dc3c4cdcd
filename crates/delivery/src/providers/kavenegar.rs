//! Kavenegar: the code in a template of the account's, sent as a text message or read out in a call
//! (<https://kavenegar.com/rest.html>, method `verify/lookup`).
//!
//! The key is part of every URL; no log and no error shows one.

mod reply;

use std::time::Duration;

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{MessageId, SendOutcome},
        report::Report,
    },
    phone::PhoneNumber,
    ports::delivery::MessageSender,
    secret::Secret,
};
use reqwest::{Client, Url};

use crate::{endpoint::BaseUrl, http, provider::PollReports, providers::iran};

/// The provider's name.
pub const NAME: &str = "kavenegar";

/// Where Kavenegar answers.
pub const BASE_URL: &str = "https://api.kavenegar.com/";

/// What Kavenegar needs to know.
#[derive(Clone, Debug)]
pub struct KavenegarSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The account's key, which becomes a segment of a path: ASCII without `/`, `?`, `#`, `%` and
    /// spaces.
    pub api_key: Secret,
    /// The template of text messages; its `%token` becomes the code.
    pub template: String,
    /// The template that calls read out.
    pub voice_template: String,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Has each code sent, and asks what became of it.
pub struct Kavenegar {
    client: Client,
    lookup_url: Url,
    status_url: Url,
    template: String,
    voice_template: String,
}

impl Kavenegar {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(settings: &KavenegarSettings) -> Result<Self, reqwest::Error> {
        let key = String::from_utf8_lossy(settings.api_key.expose());
        let url = |method| settings.base_url.join(&format!("v1/{key}/{method}.json"));
        Ok(Self {
            client: http::client(settings.timeout)?,
            lookup_url: url("verify/lookup"),
            status_url: url("sms/status"),
            template: settings.template.clone(),
            voice_template: settings.voice_template.clone(),
        })
    }
}

#[async_trait]
impl MessageSender for Kavenegar {
    async fn send(&self, message: &Message) -> SendOutcome {
        let (template, kind) = match message.channel {
            Channel::Voice => (&self.voice_template, "call"),
            Channel::Sms | Channel::WhatsApp | Channel::Telegram => (&self.template, "sms"),
        };
        let receptor = receptor(message.to);
        // In the body and not in the query, so that number and code are in no log of a proxy's.
        let form = [
            ("receptor", receptor.as_str()),
            ("token", message.code.expose()),
            ("template", template),
            ("type", kind),
        ];
        let request = self.client.post(self.lookup_url.clone());
        match http::exchange(http::with_form(request, &form)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

#[async_trait]
impl PollReports for Kavenegar {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let form = [("messageid", message_id.as_str())];
        let request = self.client.post(self.status_url.clone());
        let exchange = http::exchange(http::with_form(request, &form)).await;
        reply::report(&exchange.ok()?, message_id)
    }
}

/// A number as Kavenegar takes it: `0912…` in Iran, with `00` and the country code elsewhere.
fn receptor(number: PhoneNumber) -> String {
    iran::national(number).unwrap_or_else(|| number.e164().replace('+', "00"))
}

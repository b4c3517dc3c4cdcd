//! MessageBird: text messages by the REST API of its classic accounts
//! (<https://developers.messagebird.com/api/sms-messaging/>), `rest.messagebird.com`.
//!
//! The company is called Bird now; the API of its newer accounts is another one, and is not spoken
//! here.

mod fate;
mod reply;
mod report;
mod signature;

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
use reqwest::{
    Client, RequestBuilder, Url,
    header::{ACCEPT, AUTHORIZATION},
};
use serde::Serialize;

use crate::{
    endpoint::BaseUrl,
    http,
    provider::{BadReport, PollReports, ReadReports, ReportRead, ReportSource, Surroundings},
    providers::reference,
    text::{Texts, segments::Encoding},
};

/// The provider's name.
pub const NAME: &str = "messagebird";

/// Where MessageBird answers.
pub const BASE_URL: &str = "https://rest.messagebird.com/";

/// What MessageBird needs to know.
#[derive(Clone, Debug)]
pub struct MessageBirdSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The account's access key: letters, digits and signs of ASCII.
    pub access_key: Secret,
    /// Whom messages come from: a name, or a number's digits with its country code.
    pub originator: String,
    /// What MessageBird signs its reports with; reports are not checked without.
    pub signing_key: Option<Secret>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Sends messages, and learns of their arrival: MessageBird calls us where it can, else it is asked.
pub struct MessageBird {
    client: Client,
    base_url: BaseUrl,
    access_key: Secret,
    originator: String,
    signing_key: Option<Secret>,
    texts: Texts,
    callback: Option<String>,
    public_url: String,
    clock: Arc<dyn Clock>,
}

impl MessageBird {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(
        settings: &MessageBirdSettings,
        surroundings: Surroundings,
    ) -> Result<Self, reqwest::Error> {
        let settings = settings.clone();
        Ok(Self {
            client: http::client(settings.timeout)?,
            base_url: settings.base_url,
            access_key: settings.access_key,
            originator: settings.originator,
            signing_key: settings.signing_key,
            texts: surroundings.texts,
            callback: surroundings.callback,
            public_url: surroundings.public_url.unwrap_or_default(),
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

    fn url(&self, path: &str) -> Url {
        self.base_url.join(path)
    }

    /// The request with what every one has.
    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        let key = String::from_utf8_lossy(self.access_key.expose());
        request
            .header(AUTHORIZATION, format!("AccessKey {key}"))
            .header(ACCEPT, "application/json")
    }
}

#[derive(Serialize)]
struct TextMessage<'a> {
    originator: &'a str,
    recipients: [&'a str; 1],
    body: &'a str,
    /// MessageBird replaces what `plain` has no letter for.
    datacoding: &'static str,
    /// After so many seconds MessageBird gives up.
    validity: u64,
    /// Comes back in reports; there are none of a message without.
    reference: &'a str,
    #[serde(rename = "reportUrl", skip_serializing_if = "Option::is_none")]
    report_url: Option<&'a str>,
}

#[async_trait]
impl MessageSender for MessageBird {
    async fn send(&self, message: &Message) -> SendOutcome {
        let now = self.clock.now();
        let text = self.texts.of_message(message, now);
        let number = message.to.e164();
        let body = TextMessage {
            originator: &self.originator,
            recipients: [number.trim_start_matches('+')],
            body: &text,
            datacoding: match Encoding::of(&text) {
                Encoding::Gsm7 => "plain",
                Encoding::Ucs2 => "unicode",
            },
            validity: message.expires_at.since(now).as_secs().max(1),
            reference: &reference::of(message.delivery),
            report_url: self.callback.as_deref(),
        };
        let request = self.with_key(self.client.post(self.url("messages")));
        match http::exchange(request.json(&body)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

impl ReadReports for MessageBird {
    fn read(&self, report: &RawReport, now: Timestamp) -> Result<ReportRead, BadReport> {
        if let Some(key) = &self.signing_key {
            signature::check(report, &self.public_url, key, now)?;
        }
        report::read(report)
    }
}

#[async_trait]
impl PollReports for MessageBird {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        // It becomes a segment of a path. MessageBird's are hexadecimal digits.
        let id = message_id.as_str();
        if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let request = self.with_key(self.client.get(self.url(&format!("messages/{id}"))));
        reply::report(&http::exchange(request).await.ok()?, message_id)
    }
}

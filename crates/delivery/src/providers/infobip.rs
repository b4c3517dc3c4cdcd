//! Infobip: text messages by its SMS API, version 3
//! (<https://www.infobip.com/docs/api/channels/sms>).

mod fate;
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
use reqwest::{Client, RequestBuilder, Url, header::ACCEPT, header::AUTHORIZATION};
use serde::Serialize;

use crate::{
    endpoint::BaseUrl,
    http,
    provider::{BadReport, PollReports, ReadReports, ReportRead, ReportSource, Surroundings},
    providers::reference,
    text::Texts,
};

/// The provider's name.
pub const NAME: &str = "infobip";

/// What Infobip needs to know.
#[derive(Clone, Debug)]
pub struct InfobipSettings {
    /// Where requests go: a host of the account's own.
    pub base_url: BaseUrl,
    /// The account's key: letters, digits and signs of ASCII.
    pub api_key: Secret,
    /// Whom messages come from: a name, or a number's digits with its country code; left to the
    /// account's own settings if it is not said.
    pub sender: Option<String>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Sends messages, and learns of their arrival: Infobip calls us where it can, else it is asked.
pub struct Infobip {
    client: Client,
    send_url: Url,
    logs_url: Url,
    api_key: Secret,
    sender: Option<String>,
    texts: Texts,
    callback: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Infobip {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(
        settings: &InfobipSettings,
        surroundings: Surroundings,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: http::client(settings.timeout)?,
            send_url: settings.base_url.join("sms/3/messages"),
            logs_url: settings.base_url.join("sms/3/logs"),
            api_key: settings.api_key.clone(),
            sender: settings.sender.clone(),
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
            ReportSource::Polling(Arc::clone(self) as _)
        }
    }

    /// The request with what every one has. Without `Accept` Infobip may answer in XML.
    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        let key = String::from_utf8_lossy(self.api_key.expose());
        request
            .header(AUTHORIZATION, format!("App {key}"))
            .header(ACCEPT, "application/json")
    }
}

/// The API's own bound on how long it tries: 48 hours.
const LONGEST_VALIDITY_SECONDS: u64 = 48 * 3600;

#[derive(Serialize)]
struct Submission<'a> {
    messages: [TextMessage<'a>; 1],
}

#[derive(Serialize)]
struct TextMessage<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'a str>,
    destinations: [Destination<'a>; 1],
    content: Content<'a>,
    options: Options,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhooks: Option<Webhooks<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Destination<'a> {
    to: &'a str,
    /// The message's name, which Infobip takes once: a message that a crash makes go twice, goes
    /// once.
    message_id: &'a str,
}

/// The alphabet follows from the text. Nothing is asked for that would change its letters.
#[derive(Serialize)]
struct Content<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    validity_period: ValidityPeriod,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidityPeriod {
    amount: u64,
    time_unit: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Webhooks<'a> {
    delivery: DeliveryWebhook<'a>,
    content_type: &'static str,
}

#[derive(Serialize)]
struct DeliveryWebhook<'a> {
    url: &'a str,
    notify: bool,
}

#[async_trait]
impl MessageSender for Infobip {
    async fn send(&self, message: &Message) -> SendOutcome {
        let now = self.clock.now();
        let remaining = message.expires_at.since(now).as_secs();
        let number = message.to.e164();
        let id = reference::of(message.delivery);
        let body = Submission {
            messages: [TextMessage {
                sender: self.sender.as_deref(),
                destinations: [Destination {
                    to: number.trim_start_matches('+'),
                    message_id: &id,
                }],
                content: Content {
                    text: &self.texts.of_message(message, now),
                },
                options: Options {
                    validity_period: ValidityPeriod {
                        amount: remaining.clamp(1, LONGEST_VALIDITY_SECONDS),
                        time_unit: "SECONDS",
                    },
                },
                webhooks: self.callback.as_deref().map(|url| Webhooks {
                    delivery: DeliveryWebhook { url, notify: true },
                    content_type: "application/json",
                }),
            }],
        };
        let request = self.with_key(self.client.post(self.send_url.clone()));
        match http::exchange(request.json(&body)).await {
            Ok(reply) => reply::outcome(&reply, &id, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

impl ReadReports for Infobip {
    fn read(&self, report: &RawReport, _: Timestamp) -> Result<ReportRead, BadReport> {
        report::read(report)
    }
}

#[async_trait]
impl PollReports for Infobip {
    /// The logs tell the same any number of times; the API's reports, once.
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let mut url = self.logs_url.clone();
        url.query_pairs_mut()
            .append_pair("messageId", message_id.as_str());
        let request = self.with_key(self.client.get(url));
        report::of_logs(&http::exchange(request).await.ok()?, message_id)
    }
}

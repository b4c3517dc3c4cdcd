//! Ghasedak: the code in a template of the account's, sent as a text message or read out in a call to
//! a number of Iran (<https://ghasedak.me/docs>, method `SendOtpSMS`).
//!
//! The service goes on by itself: where one line fails, it takes another, or a call.

mod reply;

use std::time::Duration;

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        Channel, DeliveryId,
        message::Message,
        outcome::{MessageId, SendOutcome, SendRefusal},
        report::Report,
    },
    ports::delivery::MessageSender,
    secret::Secret,
};
use reqwest::{Client, RequestBuilder, Url, header::ACCEPT};
use serde::Serialize;

use crate::{endpoint::BaseUrl, http, provider::PollReports, providers::iran};

/// The provider's name.
pub const NAME: &str = "ghasedak";

/// Where Ghasedak answers.
pub const BASE_URL: &str = "https://gateway.ghasedak.me/";

/// What Ghasedak needs to know.
#[derive(Clone, Debug)]
pub struct GhasedakSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The account's key: letters, digits and signs of ASCII.
    pub api_key: Secret,
    /// The template of text messages.
    pub template: String,
    /// The template that calls read out.
    pub voice_template: String,
    /// The name in both templates that becomes the code, without its `%`.
    pub parameter: String,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Has each code sent, and asks what became of it.
pub struct Ghasedak {
    client: Client,
    send_url: Url,
    status_url: Url,
    api_key: Secret,
    template: String,
    voice_template: String,
    parameter: String,
}

impl Ghasedak {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(settings: &GhasedakSettings) -> Result<Self, reqwest::Error> {
        let url = |method| {
            let path = format!("rest/api/v1/WebService/{method}");
            settings.base_url.join(&path)
        };
        Ok(Self {
            client: http::client(settings.timeout)?,
            send_url: url("SendOtpSMS"),
            status_url: url("CheckSmsStatus"),
            api_key: settings.api_key.clone(),
            template: settings.template.clone(),
            voice_template: settings.voice_template.clone(),
            parameter: settings.parameter.clone(),
        })
    }

    fn with_head(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(ACCEPT, "application/json")
            .header("apikey", self.api_key.expose())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Otp<'a> {
    receptors: [Receptor<'a>; 1],
    template_name: &'a str,
    inputs: [Input<'a>; 1],
    is_voice: bool,
    /// Splits long messages for lines that begin with 9000.
    udh: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receptor<'a> {
    mobile: &'a str,
    client_reference_id: String,
}

#[derive(Serialize)]
struct Input<'a> {
    param: &'a str,
    value: &'a str,
}

#[async_trait]
impl MessageSender for Ghasedak {
    async fn send(&self, message: &Message) -> SendOutcome {
        let Some(mobile) = iran::national(message.to) else {
            return SendOutcome::Refused(SendRefusal::BlockedCountry);
        };
        let is_voice = message.channel == Channel::Voice;
        let body = Otp {
            receptors: [Receptor {
                mobile: &mobile,
                client_reference_id: reference(message.delivery),
            }],
            template_name: if is_voice {
                &self.voice_template
            } else {
                &self.template
            },
            inputs: [Input {
                param: &self.parameter,
                value: message.code.expose(),
            }],
            is_voice,
            udh: false,
        };
        let request = self.client.post(self.send_url.clone()).json(&body);
        match http::exchange(self.with_head(request)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

#[async_trait]
impl PollReports for Ghasedak {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let mut url = self.status_url.clone();
        // Type 1: the ids are Ghasedak's own.
        url.query_pairs_mut()
            .append_pair("Ids", message_id.as_str())
            .append_pair("Type", "1");
        let exchange = http::exchange(self.with_head(self.client.get(url))).await;
        reply::report(&exchange.ok()?, message_id)
    }
}

/// Our own name for a message, under which the account's panel finds it.
fn reference(delivery: DeliveryId) -> String {
    let DeliveryId { challenge, attempt } = delivery;
    format!("{challenge}-{attempt}")
}

//! SMS.ir: the code in a template of the account's, sent as a text message to a number of Iran
//! (<https://sms.ir/developer-web-service/rest-api>, method `send/verify`).

mod reply;

use std::time::Duration;

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
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
pub const NAME: &str = "smsir";

/// Where SMS.ir answers.
pub const BASE_URL: &str = "https://api.sms.ir/";

/// What SMS.ir needs to know.
#[derive(Clone, Debug)]
pub struct SmsIrSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The account's key: letters, digits and signs of ASCII.
    pub api_key: Secret,
    /// The number of the template.
    pub template_id: u64,
    /// The name in the template that becomes the code, without its `#`.
    pub parameter: String,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Has each code sent, and asks what became of it.
pub struct SmsIr {
    client: Client,
    base_url: BaseUrl,
    send_url: Url,
    api_key: Secret,
    template_id: u64,
    parameter: String,
}

impl SmsIr {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(settings: &SmsIrSettings) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: http::client(settings.timeout)?,
            send_url: settings.base_url.join("v1/send/verify"),
            base_url: settings.base_url.clone(),
            api_key: settings.api_key.clone(),
            template_id: settings.template_id,
            parameter: settings.parameter.clone(),
        })
    }

    fn with_head(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(ACCEPT, "application/json")
            .header("x-api-key", self.api_key.expose())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification<'a> {
    mobile: &'a str,
    template_id: u64,
    parameters: [Parameter<'a>; 1],
}

#[derive(Serialize)]
struct Parameter<'a> {
    name: &'a str,
    value: &'a str,
}

#[async_trait]
impl MessageSender for SmsIr {
    async fn send(&self, message: &Message) -> SendOutcome {
        let Some(mobile) = iran::national(message.to) else {
            return SendOutcome::Refused(SendRefusal::BlockedCountry);
        };
        let body = Verification {
            mobile: &mobile,
            template_id: self.template_id,
            parameters: [Parameter {
                name: &self.parameter,
                value: message.code.expose(),
            }],
        };
        let request = self.client.post(self.send_url.clone()).json(&body);
        match http::exchange(self.with_head(request)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

#[async_trait]
impl PollReports for SmsIr {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        // It becomes a segment of the path.
        let id: u64 = message_id.as_str().parse().ok()?;
        let url = self.base_url.join(&format!("v1/send/{id}"));
        let exchange = http::exchange(self.with_head(self.client.get(url))).await;
        reply::report(&exchange.ok()?, message_id)
    }
}

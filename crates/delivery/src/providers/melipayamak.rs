//! MeliPayamak: the code in a text of the account's, sent as a text message to a number of Iran
//! (<https://www.melipayamak.com/api/sendbybasenumber2/>, method `BaseServiceNumber`).
//!
//! Of its two APIs this is the older one: the newer one documents no codes of errors.

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
use reqwest::{Client, Url};

use crate::{
    endpoint::BaseUrl,
    http::{self, NoReply, Reply},
    provider::PollReports,
    providers::iran,
};

/// The provider's name.
pub const NAME: &str = "melipayamak";

/// Where MeliPayamak answers.
pub const BASE_URL: &str = "https://rest.payamak-panel.com/";

/// What MeliPayamak needs to know.
#[derive(Clone, Debug)]
pub struct MeliPayamakSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The name that the account's owner signs in with.
    pub username: String,
    /// The account's key, which MeliPayamak takes in the place of a password: ASCII.
    pub api_key: Secret,
    /// The number of the text; its only variable becomes the code.
    pub body_id: u64,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Has each code sent, and asks what became of it.
pub struct MeliPayamak {
    client: Client,
    send_url: Url,
    status_url: Url,
    username: String,
    api_key: Secret,
    body_id: String,
}

impl MeliPayamak {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(settings: &MeliPayamakSettings) -> Result<Self, reqwest::Error> {
        let url = |method| settings.base_url.join(&format!("api/SendSMS/{method}"));
        Ok(Self {
            client: http::client(settings.timeout)?,
            send_url: url("BaseServiceNumber"),
            status_url: url("GetDeliveries2"),
            username: settings.username.clone(),
            api_key: settings.api_key.clone(),
            body_id: settings.body_id.to_string(),
        })
    }

    /// Every request has the name and the key of the account in its body, before what it is about.
    async fn call(&self, url: &Url, fields: &[(&str, &str)]) -> Result<Reply, NoReply> {
        let key = String::from_utf8_lossy(self.api_key.expose());
        let account = [("username", self.username.as_str()), ("password", &*key)];
        let form = [&account, fields].concat();
        let request = self.client.post(url.clone());
        http::exchange(http::with_form(request, &form)).await
    }
}

#[async_trait]
impl MessageSender for MeliPayamak {
    async fn send(&self, message: &Message) -> SendOutcome {
        let Some(to) = iran::national(message.to) else {
            return SendOutcome::Refused(SendRefusal::BlockedCountry);
        };
        // The values of all variables, with `;` between them: a code has none.
        let fields = [
            ("to", to.as_str()),
            ("bodyId", &self.body_id),
            ("text", message.code.expose()),
        ];
        match self.call(&self.send_url, &fields).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

#[async_trait]
impl PollReports for MeliPayamak {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let fields = [("recId", message_id.as_str())];
        let exchange = self.call(&self.status_url, &fields).await;
        reply::report(&exchange.ok()?, message_id)
    }
}

//! Twilio Programmable Messaging: text messages by its resource `Messages`
//! (<https://www.twilio.com/docs/messaging/api/message-resource>).
//!
//! Not Twilio Verify, which makes and checks codes of its own.

mod error;
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
use reqwest::{Client, RequestBuilder};

use self::report::Callback;
use crate::{
    endpoint::BaseUrl,
    http,
    provider::{BadReport, PollReports, ReadReports, ReportRead, ReportSource, Surroundings},
    text::Texts,
};

/// The provider's name.
pub const NAME: &str = "twilio";

/// Where Twilio answers.
pub const BASE_URL: &str = "https://api.twilio.com/";

/// What Twilio needs to know.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// Where requests go: [`BASE_URL`], unless there is a region or a proxy in between.
    pub base_url: BaseUrl,
    /// The account that sends: `AC…`.
    pub account_sid: Sid,
    /// What requests and reports are known by.
    pub credentials: Credentials,
    /// Whom messages come from.
    pub origin: Origin,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Twilio's name for something: two letters that tell what it is, and 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sid(String);

impl Sid {
    /// Reads the name of something of this kind, such as `AC` for accounts; `None` for anything else.
    #[must_use]
    pub fn parse(kind: &str, text: &str) -> Option<Self> {
        let digits = text.strip_prefix(kind)?;
        let is_sid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_sid.then(|| Self(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What requests are known by at Twilio, and reports here.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// The account's auth token: it sends, and signs reports.
    AuthToken(Secret),
    /// An API key, which sends and signs nothing.
    ApiKey {
        /// Its name: `SK…`.
        sid: Sid,
        /// Its secret.
        secret: Secret,
        /// The auth token; without it no reports are taken, and Twilio is asked instead.
        auth_token: Option<Secret>,
    },
}

/// Whom messages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A number of the account's in E.164, a short code, or a name of 1 to 11 characters.
    Sender(String),
    /// A Messaging Service, `MG…`, which chooses among its senders.
    Service(Sid),
}

/// Has each message sent, and learns of its arrival: Twilio calls us where it can, else it is asked.
pub struct Twilio {
    client: Client,
    base_url: BaseUrl,
    account_sid: Sid,
    credentials: Credentials,
    origin: Origin,
    callback: Option<Callback>,
    texts: Texts,
    clock: Arc<dyn Clock>,
}

impl Twilio {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(
        settings: &TwilioSettings,
        surroundings: Surroundings,
    ) -> Result<Self, reqwest::Error> {
        let TwilioSettings {
            base_url,
            account_sid,
            credentials,
            origin,
            timeout,
        } = settings.clone();
        let auth_token = match &credentials {
            Credentials::AuthToken(token) => Some(token.clone()),
            Credentials::ApiKey { auth_token, .. } => auth_token.clone(),
        };
        let callback = surroundings.callback.zip(auth_token);
        Ok(Self {
            client: http::client(timeout)?,
            base_url,
            account_sid,
            credentials,
            origin,
            callback: callback.and_then(|(url, token)| Callback::new(&url, token)),
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

    /// A resource of the account's.
    fn url(&self, path: &str) -> reqwest::Url {
        let account = self.account_sid.as_str();
        self.base_url
            .join(&format!("2010-04-01/Accounts/{account}/{path}.json"))
    }

    fn signed_in(&self, request: RequestBuilder) -> RequestBuilder {
        let (name, secret) = match &self.credentials {
            Credentials::AuthToken(token) => (&self.account_sid, token),
            Credentials::ApiKey { sid, secret, .. } => (sid, secret),
        };
        let secret = String::from_utf8_lossy(secret.expose());
        request.basic_auth(name.as_str(), Some(secret))
    }
}

/// The API's bounds for how long a message may wait at Twilio, in seconds.
const VALIDITY_SECONDS: (u64, u64) = (1, 36_000);

#[async_trait]
impl MessageSender for Twilio {
    async fn send(&self, message: &Message) -> SendOutcome {
        let now = self.clock.now();
        let to = message.to.e164();
        let text = self.texts.of_message(message, now);
        let (least, most) = VALIDITY_SECONDS;
        let validity = message.expires_at.since(now).as_secs().clamp(least, most);
        let validity = validity.to_string();
        let mut fields = vec![
            ("To", &*to),
            match &self.origin {
                Origin::Sender(sender) => ("From", sender),
                Origin::Service(sid) => ("MessagingServiceSid", sid.as_str()),
            },
            ("Body", &text),
            ("ValidityPeriod", &validity),
        ];
        if let Some(callback) = &self.callback {
            fields.push(("StatusCallback", callback.url()));
        }
        let request = self.signed_in(self.client.post(self.url("Messages")));
        match http::exchange(http::with_form(request, &fields)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

impl ReadReports for Twilio {
    fn read(&self, report: &RawReport, _: Timestamp) -> Result<ReportRead, BadReport> {
        let callback = self.callback.as_ref().ok_or(BadReport::Forged)?;
        callback.read(report)
    }
}

#[async_trait]
impl PollReports for Twilio {
    async fn poll(&self, message_id: &MessageId) -> Option<Report> {
        let url = self.url(&format!("Messages/{}", message_id.as_str()));
        let request = self.signed_in(self.client.get(url));
        reply::report(&http::exchange(request).await.ok()?, message_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_of_its_kind_and_has_32_digits() {
        let sid = "AC0123456789abcdef0123456789ABCDEF";

        assert_eq!(Sid::parse("AC", sid).unwrap().as_str(), sid);
        assert_eq!(Sid::parse("SK", sid), None);
        for odd in [
            "",
            "AC",
            "AC0123456789abcdef0123456789abcde",
            "AC0123456789abcdef0123456789abcdef0",
            "AC0123456789abcdef0123456789abcdeg",
            "AC../../../89abcdef0123456789abcdef",
        ] {
            assert_eq!(Sid::parse("AC", odd), None, "{odd}");
        }
    }
}

//! AWS SNS: text messages by the action `Publish` of its Query protocol
//! (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>), signed with Signature Version 4.
//!
//! SNS tells nothing of a message once it has taken it, and takes messages that it then does not
//! send; `docs/providers/sns.md` says which.

mod reply;
pub mod signature;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{message::Message, outcome::SendOutcome},
    ports::delivery::MessageSender,
    time::Clock,
};
use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
};

use self::signature::{Credentials, Form, Signer};
use crate::{endpoint::BaseUrl, http, provider::Surroundings, text::Texts};

/// The provider's name.
pub const NAME: &str = "sns";

/// What SNS needs to know.
#[derive(Clone, Debug)]
pub struct SnsSettings {
    /// Where requests go: the [endpoint](AwsRegion::endpoint) of the region, unless there is one of
    /// the operator's own, such as a VPC's.
    pub base_url: BaseUrl,
    /// The region.
    pub region: AwsRegion,
    /// The access key.
    pub credentials: Credentials,
    /// Whom messages come from; left to the account's own settings if it is not said.
    pub origin: Option<Origin>,
    /// The most that a message may cost, in US dollars with a decimal point, such as `0.50`; SNS
    /// takes a dearer one and does not send it.
    pub max_price: Option<String>,
    /// What India's regulator calls us and our text; sent with messages to +91 alone.
    pub india: Option<IndianRegistration>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// Whom messages come from. One or the other: AWS advises against both together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A name: 3 to 11 letters, digits and hyphens, a letter among them.
    SenderId(String),
    /// A number of the account's: 5 to 14 digits, with or without a plus sign.
    Number(String),
}

/// The ids of a registration with India's regulator (TRAI), 1 to 50 characters each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndianRegistration {
    /// Ours.
    pub entity_id: String,
    /// Our text's.
    pub template_id: String,
}

/// A region of AWS, such as `eu-central-1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsRegion {
    name: String,
    endpoint: BaseUrl,
}

impl AwsRegion {
    /// Reads lower-case letters, digits and hyphens; `None` for anything else.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let parts: Vec<&str> = name.split('-').collect();
        let is_name = parts.len() >= 3
            && parts
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(is_part));
        if !is_name {
            return None;
        }
        let domain = if parts.first() == Some(&"cn") {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        Some(Self {
            name: name.to_owned(),
            endpoint: BaseUrl::parse(&format!("https://sns.{name}.{domain}/")).ok()?,
        })
    }

    /// Where SNS answers in this region.
    #[must_use]
    pub const fn endpoint(&self) -> &BaseUrl {
        &self.endpoint
    }
}

/// Has each message published to its number.
pub struct Sns {
    client: Client,
    url: Url,
    host: String,
    signer: Signer,
    origin: Option<Origin>,
    max_price: Option<String>,
    india: Option<IndianRegistration>,
    texts: Texts,
    clock: Arc<dyn Clock>,
}

impl Sns {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(settings: &SnsSettings, surroundings: Surroundings) -> Result<Self, reqwest::Error> {
        let SnsSettings {
            base_url,
            region,
            credentials,
            origin,
            max_price,
            india,
            timeout,
        } = settings.clone();
        let url = base_url.join("");
        Ok(Self {
            client: http::client(timeout)?,
            host: host_of(&url),
            url,
            signer: Signer {
                credentials,
                region: region.name,
                service: "sns",
            },
            origin,
            max_price,
            india,
            texts: surroundings.texts,
            clock: surroundings.clock,
        })
    }

    /// The parameters of the action, as a form.
    fn form(&self, message: &Message, text: &str) -> String {
        let to = message.to.e164();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "Publish")
            .append_pair("Version", "2010-03-31")
            .append_pair("PhoneNumber", &to)
            .append_pair("Message", text);
        for (index, (name, data_type, value)) in self.attributes(&to).iter().enumerate() {
            let entry = format!("MessageAttributes.entry.{}", index + 1);
            form.append_pair(&format!("{entry}.Name"), name)
                .append_pair(&format!("{entry}.Value.DataType"), data_type)
                .append_pair(&format!("{entry}.Value.StringValue"), value);
        }
        form.finish()
    }

    /// Names, types and values.
    fn attributes(&self, to: &str) -> Vec<(&'static str, &'static str, &str)> {
        // Without it a message is `Promotional`, and may be held back at night.
        let mut attributes = vec![("AWS.SNS.SMS.SMSType", "String", "Transactional")];
        match &self.origin {
            Some(Origin::SenderId(id)) => {
                attributes.push(("AWS.SNS.SMS.SenderID", "String", id));
            }
            Some(Origin::Number(number)) => {
                attributes.push(("AWS.MM.SMS.OriginationNumber", "String", number));
            }
            None => {}
        }
        if let Some(price) = &self.max_price {
            attributes.push(("AWS.SNS.SMS.MaxPrice", "Number", price));
        }
        if let Some(india) = self.india.as_ref().filter(|_| to.starts_with("+91")) {
            attributes.push(("AWS.MM.SMS.EntityId", "String", &india.entity_id));
            attributes.push(("AWS.MM.SMS.TemplateId", "String", &india.template_id));
        }
        attributes
    }
}

#[async_trait]
impl MessageSender for Sns {
    async fn send(&self, message: &Message) -> SendOutcome {
        let now = self.clock.now();
        let body = self.form(message, &self.texts.of_message(message, now));
        let form = Form {
            host: &self.host,
            path: self.url.path(),
            content_type: FORM,
            body: body.as_bytes(),
        };
        let signature = self.signer.sign(&form, now);
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, FORM)
            .header("x-amz-date", signature.date)
            .header(AUTHORIZATION, signature.authorization);
        if let Some(token) = &self.signer.credentials.session_token {
            request = request.header("x-amz-security-token", token.expose());
        }
        match http::exchange(request.body(body)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The header `Host` of requests to a URL.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_endpoint() {
        let endpoint = |name| AwsRegion::parse(name).map(|region| region.endpoint.to_string());

        assert_eq!(
            endpoint("eu-central-1").unwrap(),
            "https://sns.eu-central-1.amazonaws.com/"
        );
        assert_eq!(
            endpoint("cn-north-1").unwrap(),
            "https://sns.cn-north-1.amazonaws.com.cn/"
        );
        for odd in [
            "",
            "eu",
            "eu-central",
            "EU-CENTRAL-1",
            "eu--1",
            "eu-central-1.evil.example",
            "eu-central-1/",
            "me@evil-central-1",
        ] {
            assert_eq!(endpoint(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_host_has_the_port_that_its_header_has() {
        let host = |url| host_of(&Url::parse(url).unwrap());

        assert_eq!(host("https://sns.example:443/"), "sns.example");
        assert_eq!(host("http://127.0.0.1:4566/"), "127.0.0.1:4566");
        assert_eq!(host("http://[::1]:4566/"), "[::1]:4566");
    }
}

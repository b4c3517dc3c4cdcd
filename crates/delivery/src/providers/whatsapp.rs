//! WhatsApp, by Meta's Cloud API: codes in an authentication template
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp>).
//!
//! Meta words the message; the template takes the code and nothing else.

mod error;
mod reply;
mod report;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{SendOutcome, SendRefusal},
    },
    phone::PhoneNumber,
    ports::{delivery::MessageSender, report::RawReport},
    secret::Secret,
    time::Timestamp,
};
use reqwest::{Client, Url};
use serde::Serialize;

use crate::{
    endpoint::BaseUrl,
    http,
    provider::{BadReport, ReadReports, ReportRead, ReportSource},
};

/// The provider's name.
pub const NAME: &str = "whatsapp";

/// Where the Graph API answers.
pub const BASE_URL: &str = "https://graph.facebook.com/";

/// What WhatsApp needs to know.
#[derive(Clone, Debug)]
pub struct WhatsAppSettings {
    /// Where requests go: [`BASE_URL`], unless a proxy of the operator's is in between.
    pub base_url: BaseUrl,
    /// The version of the Graph API, such as `v25.0`. Meta ends each after some years.
    pub version: String,
    /// Meta's id of the number that messages come from: digits.
    pub phone_number_id: String,
    /// The access token: letters, digits and signs of ASCII.
    pub token: Secret,
    /// The template.
    pub template: Template,
    /// What Meta's reports are known by; none are taken without.
    pub webhook: Option<WebhookKeys>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// An authentication template with a button that copies the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The languages that it is approved in, such as `fa` and `en_US`; the first one is for all
    /// others.
    pub languages: Vec<String>,
}

/// What Meta's reports are known by.
#[derive(Clone, Debug)]
pub struct WebhookKeys {
    /// The app's secret, which signs reports.
    pub app_secret: Secret,
    /// What Meta repeats when it asks whether this is the right place.
    pub verify_token: Secret,
}

impl Template {
    /// Its language for a person: the one that is asked for, else one that differs from that in
    /// region or script alone, else the first.
    fn language_for(&self, asked: &str) -> &str {
        let asked = asked.replace('-', "_");
        let primary = |tag: &str| tag.split('_').next().map(str::to_ascii_lowercase);
        let mut languages = self.languages.iter();
        languages
            .clone()
            .find(|language| language.eq_ignore_ascii_case(&asked))
            .or_else(|| languages.find(|language| primary(language) == primary(&asked)))
            .or_else(|| self.languages.first())
            .map_or("", String::as_str)
    }
}

/// Sends codes, and reads what Meta reports of them.
pub struct WhatsApp {
    client: Client,
    url: Url,
    token: Secret,
    phone_number_id: String,
    template: Template,
    webhook: Option<WebhookKeys>,
}

impl WhatsApp {
    /// A sender that connects when there is something to send.
    ///
    /// # Errors
    /// When the HTTP client cannot start.
    pub fn new(settings: &WhatsAppSettings) -> Result<Self, reqwest::Error> {
        let WhatsAppSettings {
            base_url,
            version,
            phone_number_id,
            token,
            template,
            webhook,
            timeout,
        } = settings.clone();
        Ok(Self {
            client: http::client(timeout)?,
            url: base_url.join(&format!("{version}/{phone_number_id}/messages")),
            token,
            phone_number_id,
            template,
            webhook,
        })
    }

    /// Where the reports on its messages come from.
    #[must_use]
    pub fn reports(self: &Arc<Self>) -> ReportSource {
        if self.webhook.is_some() {
            ReportSource::Callback(Arc::clone(self) as _)
        } else {
            ReportSource::Nothing
        }
    }
}

/// The countries whose people Meta lets no business write to: Cuba, Iran, North Korea and Syria.
/// It takes such a message, shows it as sent, and delivers nothing. (The regions of Ukraine that
/// are barred as well have no country code of their own.)
const BARRED: [&str; 4] = ["+53", "+98", "+850", "+963"];

fn is_barred(phone: PhoneNumber) -> bool {
    let number = phone.e164();
    BARRED.iter().any(|country| number.starts_with(country))
}

#[derive(Serialize)]
struct TemplateMessage<'a> {
    messaging_product: &'static str,
    recipient_type: &'static str,
    to: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Comes back in reports.
    biz_opaque_callback_data: &'a str,
    template: FilledTemplate<'a>,
}

#[derive(Serialize)]
struct FilledTemplate<'a> {
    name: &'a str,
    language: Language<'a>,
    components: [Component<'a>; 2],
}

#[derive(Serialize)]
struct Language<'a> {
    code: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Component<'a> {
    Body {
        parameters: [Parameter<'a>; 1],
    },
    /// Meta makes a button that opens a URL of the template's button that copies the code.
    Button {
        sub_type: &'static str,
        index: &'static str,
        parameters: [Parameter<'a>; 1],
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Parameter<'a> {
    Text { text: &'a str },
}

#[async_trait]
impl MessageSender for WhatsApp {
    async fn send(&self, message: &Message) -> SendOutcome {
        if is_barred(message.to) {
            return SendOutcome::Refused(SendRefusal::CannotReceive);
        }
        let code = || {
            [Parameter::Text {
                text: message.code.expose(),
            }]
        };
        let body = TemplateMessage {
            messaging_product: "whatsapp",
            recipient_type: "individual",
            // With its plus sign: without one, Meta may put the sender's own country in front.
            to: &message.to.e164(),
            kind: "template",
            biz_opaque_callback_data: &message.delivery.to_string(),
            template: FilledTemplate {
                name: &self.template.name,
                language: Language {
                    code: self.template.language_for(&message.language),
                },
                components: [
                    Component::Body { parameters: code() },
                    Component::Button {
                        sub_type: "url",
                        index: "0",
                        parameters: code(),
                    },
                ],
            },
        };
        let token = String::from_utf8_lossy(self.token.expose());
        let request = self.client.post(self.url.clone()).bearer_auth(token);
        match http::exchange(request.json(&body)).await {
            Ok(reply) => reply::outcome(&reply, message.delivery),
            Err(no_reply) => no_reply.noted(NAME, message.delivery),
        }
    }
}

impl ReadReports for WhatsApp {
    fn read(&self, report: &RawReport, _: Timestamp) -> Result<ReportRead, BadReport> {
        let keys = self.webhook.as_ref().ok_or(BadReport::Forged)?;
        report::read(report, keys, &self.phone_number_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_gets_the_nearest_language_that_is_approved() {
        let template = Template {
            name: "login_code".to_owned(),
            languages: ["en_US", "pt_BR", "en_GB", "fa"].map(str::to_owned).into(),
        };

        for (asked, language) in [
            ("fa", "fa"),
            ("fa-IR", "fa"),
            ("en", "en_US"),
            ("en-GB", "en_GB"),
            ("EN-gb", "en_GB"),
            ("pt", "pt_BR"),
            ("tr", "en_US"),
            ("", "en_US"),
        ] {
            assert_eq!(template.language_for(asked), language, "{asked}");
        }
    }
}

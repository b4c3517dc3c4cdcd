//! What the configuration says about deliveries, parsed. That it holds together is for whoever reads
//! the configuration to see to, where each setting's place is known.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use phonekey_core::{
    challenge::messages::MessagePolicy,
    delivery::ProviderName,
    route::{
        Hop,
        order::Strategy,
        table::{RouteRule, RoutingTable, Scope},
    },
};

use crate::{
    providers::{
        ghasedak::GhasedakSettings,
        infobip::InfobipSettings,
        kavenegar::KavenegarSettings,
        melipayamak::MeliPayamakSettings,
        messagebird::MessageBirdSettings,
        plivo::PlivoSettings,
        smpp::settings::SmppSettings,
        smsir::SmsIrSettings,
        sns::SnsSettings,
        telegram::TelegramSettings,
        twilio::TwilioSettings,
        vonage::VonageSettings,
        webhook::{WebhookUrl, signature::WebhookSecret},
        whatsapp::WhatsAppSettings,
    },
    text::{last_line::Domain, templates::Templates},
};

/// What the configuration says about deliveries.
#[derive(Clone, Debug)]
pub struct DeliverySettings {
    /// Which providers may carry a message to a number.
    pub table: RoutingTable,
    /// The providers, by name.
    pub providers: BTreeMap<ProviderName, ProviderSettings>,
    /// How long a caller waits, and for how long a node owns what it sends.
    pub pace: Pace,
    /// How many messages a challenge may have, and when one follows another.
    pub messages: MessagePolicy,
    /// The texts of messages; by default the shipped ones.
    pub templates: Templates,
    /// The language of texts for people who cannot be written to in their own. Default `fa`, as the
    /// Django project's texts are.
    pub fallback_language: String,
    /// The site whose pages may fill in the codes of text messages.
    pub domain: Option<Domain>,
    /// Where this server is reached from outside, without a final slash; needed for reports that
    /// providers send.
    pub public_url: Option<String>,
}

impl DeliverySettings {
    /// The defaults, over these ways for all numbers.
    #[must_use]
    pub fn over(hops: Vec<Hop>, providers: BTreeMap<ProviderName, ProviderSettings>) -> Self {
        let everywhere = RouteRule {
            scope: Scope::Everywhere,
            hops,
            on_request: Vec::new(),
            strategy: Strategy::Ordered,
        };
        Self {
            table: RoutingTable::new(vec![everywhere]),
            providers,
            pace: Pace::default(),
            messages: MessagePolicy::default(),
            templates: Templates::shipped(),
            fallback_language: "fa".to_owned(),
            domain: None,
            public_url: None,
        }
    }
}

/// How long a caller waits for a delivery, and for how long a node owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long a caller waits for a provider's acceptance; then it learns that the message is on
    /// its way, and the sending goes on. 100 ms to 60 s, default 8 s.
    pub deadline: Duration,
    /// How long a pending delivery belongs to the node that sends it; after that any node may take
    /// it up, since its holder must have crashed. 5 s to 10 min, default 30 s. Longer than the
    /// deadline and than any provider's time-out.
    pub lease: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(8),
            lease: Duration::from_secs(30),
        }
    }
}

/// One provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// What it is, and its own settings.
    pub kind: ProviderKind,
    /// How much it is given at a time.
    pub bounds: Bounds,
}

impl From<ProviderKind> for ProviderSettings {
    fn from(kind: ProviderKind) -> Self {
        Self {
            kind,
            bounds: Bounds::default(),
        }
    }
}

/// How much a provider is given at a time; what is more goes to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages under way: 1 to 10,000, default 1,000, which is 200 a second at five seconds each.
    pub under_way: u16,
    /// Messages a second, where the provider has such a limit.
    pub per_second: Option<u32>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            under_way: 1000,
            per_second: None,
        }
    }
}

/// What a provider is, and its own settings.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// The developer's page.
    Inbox,
    /// The standard output, or another stream.
    Console(ConsoleStream),
    /// A file.
    File(FileSettings),
    /// Ghasedak.
    Ghasedak(GhasedakSettings),
    /// Infobip.
    Infobip(Box<InfobipSettings>),
    /// Kavenegar.
    Kavenegar(KavenegarSettings),
    /// MeliPayamak.
    MeliPayamak(MeliPayamakSettings),
    /// MessageBird.
    MessageBird(Box<MessageBirdSettings>),
    /// Plivo.
    Plivo(Box<PlivoSettings>),
    /// A carrier, by SMPP.
    Smpp(Box<SmppSettings>),
    /// SMS.ir.
    SmsIr(SmsIrSettings),
    /// AWS SNS.
    Sns(Box<SnsSettings>),
    /// Telegram Gateway.
    Telegram(Box<TelegramSettings>),
    /// Twilio Messages.
    Twilio(Box<TwilioSettings>),
    /// Vonage.
    Vonage(Box<VonageSettings>),
    /// A server of the operator's.
    Webhook(WebhookSettings),
    /// WhatsApp, by Meta's Cloud API.
    WhatsApp(Box<WhatsAppSettings>),
}

/// Where the provider `console` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleStream {
    /// The standard output, as configured.
    Output,
    /// The standard error, for a command whose result is on the standard output.
    Error,
}

/// The provider `file`.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// The file that messages are appended to, one JSON line each.
    pub path: PathBuf,
}

/// The provider `webhook`.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where messages are posted to.
    pub url: WebhookUrl,
    /// What they are signed with, at least one; during a change of secret, the old and the new one.
    pub secrets: Vec<WebhookSecret>,
    /// How long the whole exchange may take, until nobody can tell whether the message went:
    /// 100 ms to 60 s, default 5 s (SECURITY.md T60).
    pub timeout: Duration,
}

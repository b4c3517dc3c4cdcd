//! `[delivery]`: how codes reach their numbers.

use std::{path::PathBuf, time::Duration};

use phonekey_core::{delivery::ProviderName, route::Route, secret::Secret};
use phonekey_delivery::{
    settings::WebhookSettings,
    webhook::{WebhookUrl, signature::WebhookSecret},
};

use super::{
    raw,
    read::{Noted, Read, Reader},
};

/// How codes reach their numbers.
#[derive(Clone, Debug)]
pub struct DeliveryConfig {
    /// The providers of every message, in order: at least one, each once.
    pub default_route: Vec<Provider>,
    /// How long a request waits for a provider's acceptance.
    pub deadline: Duration,
    /// After how long another node takes over a message; longer than the deadline.
    pub lease: Duration,
    /// Where the provider `file` writes; there if the route uses it.
    pub file: Option<PathBuf>,
    /// The provider `webhook`; there if the route uses it.
    pub webhook: Option<WebhookSettings>,
}

/// A kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The developer's page.
    Inbox,
    /// The log.
    Console,
    /// A file, one JSON object in each line.
    File,
    /// A server that gets each message as JSON.
    Webhook,
}

/// All providers, by their names in routes.
const PROVIDERS: [(&str, Provider); 4] = [
    ("inbox", Provider::Inbox),
    ("console", Provider::Console),
    ("file", Provider::File),
    ("webhook", Provider::Webhook),
];

impl Provider {
    /// Its name in routes, in the database and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Console => "console",
            Self::File => "file",
            Self::Webhook => "webhook",
        }
    }

    /// Whether it shows codes to whoever operates the server instead of sending them.
    #[must_use]
    pub const fn is_for_development(self) -> bool {
        match self {
            Self::Inbox | Self::Console | Self::File => true,
            Self::Webhook => false,
        }
    }
}

impl DeliveryConfig {
    pub(super) fn read(
        raw: &raw::Delivery,
        routes: &raw::DeliveryRoutes,
        file: &raw::DeliveryFile,
        webhook: &raw::DeliveryWebhook,
        reader: &mut Reader,
    ) -> Read<Self> {
        let default_route = read_route(routes, reader);
        let patience = Duration::from_millis(100)..=Duration::from_mins(1);
        let deadline = reader.duration(&raw.deadline, patience.clone());
        let lease = reader
            .duration(&raw.lease, Duration::from_secs(5)..=Duration::from_mins(10))
            .and_then(|lease| match deadline {
                Ok(deadline) if lease <= deadline => {
                    Err(reader.refuse(&raw.lease, "must be longer than delivery.deadline"))
                }
                _ => Ok(lease),
            });
        let uses = |provider| {
            let route = default_route.as_ref();
            route.is_ok_and(|route| route.contains(&provider))
        };
        let path = reader
            .optional(&file.path, |text| Ok::<_, String>(PathBuf::from(text)))
            .and_then(|path| match path {
                None if uses(Provider::File) => Err(reader.refuse(
                    &file.path,
                    "is required, since delivery.routes.default uses `file`",
                )),
                path => Ok(path),
            });
        let webhook = read_webhook(webhook, uses(Provider::Webhook), reader);
        Ok(Self {
            default_route: default_route?,
            deadline: deadline?,
            lease: lease?,
            file: path?,
            webhook: webhook?,
        })
    }

    /// The route of every message, as the rules know it.
    #[must_use]
    pub fn route(&self) -> Option<Route> {
        let names = self.default_route.iter().map(|provider| provider.name());
        Route::new(names.map(ProviderName::new))
    }

    /// Whether a message may go to this provider.
    #[must_use]
    pub fn uses(&self, provider: Provider) -> bool {
        self.default_route.contains(&provider)
    }
}

fn read_route(raw: &raw::DeliveryRoutes, reader: &mut Reader) -> Read<Vec<Provider>> {
    let providers = reader.list(&raw.default, |text| super::read::one_of(text, &PROVIDERS))?;
    let repeated = (1..providers.len())
        .map(|index| (&providers[index], &providers[..index]))
        .find(|(provider, before)| before.contains(provider));
    match repeated {
        Some((provider, _)) => {
            let message = format!("names `{}` twice", provider.name());
            Err(reader.refuse(&raw.default, message))
        }
        None => Ok(providers),
    }
}

fn read_webhook(
    raw: &raw::DeliveryWebhook,
    needed: bool,
    reader: &mut Reader,
) -> Read<Option<WebhookSettings>> {
    let url = reader.sensitive_text(&raw.url).and_then(|url| match url {
        Some(url) => reader.noting(&raw.url, WebhookUrl::parse(&url)).map(Some),
        None => Ok(None),
    });
    let secrets = reader.secrets(&raw.secrets).and_then(|texts| {
        let keys: Result<Vec<_>, _> = texts.iter().map(read_key).collect();
        reader.noting(&raw.secrets, keys)
    });
    let timeout = reader.duration(
        &raw.timeout,
        Duration::from_millis(100)..=Duration::from_mins(1),
    );
    let (url, secrets, timeout) = (url?, secrets?, timeout?);
    match url {
        Some(url) if !secrets.is_empty() => Ok(Some(WebhookSettings {
            url,
            secrets,
            timeout,
        })),
        _ if !needed => Ok(None),
        Some(_) => Err(reader.refuse(
            &raw.secrets,
            "is required by `webhook`; make a key with \
             `echo whsec_$(openssl rand -base64 32)` and give it to the receiver as well",
        )),
        None => {
            let message = "is required, since delivery.routes.default uses `webhook`";
            Err::<_, Noted>(reader.refuse(&raw.url, message))
        }
    }
}

/// A key such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`.
fn read_key(text: &Secret) -> Result<WebhookSecret, String> {
    let text = String::from_utf8_lossy(text.expose());
    WebhookSecret::parse(&text)
        .map_err(|error| format!("{error}; make one with `echo whsec_$(openssl rand -base64 32)`"))
}

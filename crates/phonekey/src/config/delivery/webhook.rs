//! `[delivery.webhook]`: messages to a server of the operator's.

use phonekey_core::secret::Secret;
use phonekey_delivery::{
    providers::webhook::{WebhookUrl, signature::WebhookSecret},
    settings::{ProviderKind, WebhookSettings},
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryWebhook,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let url = reader.sensitive_text(&raw.url).and_then(|url| match url {
        Some(url) => reader.noting(&raw.url, WebhookUrl::parse(&url)).map(Some),
        None => Ok(None),
    });
    let secrets = reader.secrets(&raw.secrets).and_then(|texts| {
        let keys: Result<Vec<_>, _> = texts.iter().map(read_key).collect();
        reader.noting(&raw.secrets, keys)
    });
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (url, secrets, timeout) = (url?, secrets?, timeout?);
    match url {
        Some(url) if !secrets.is_empty() => Ok(Some(ProviderKind::Webhook(WebhookSettings {
            url,
            secrets,
            timeout,
        }))),
        _ if need == Need::Unused => Ok(None),
        Some(_) => Err(reader.refuse(
            &raw.secrets,
            "is required by `webhook`; make a key with \
             `echo whsec_$(openssl rand -base64 32)` and give it to the receiver as well",
        )),
        None => Err(reader.refuse(&raw.url, "is required, since a route uses `webhook`")),
    }
}

/// A key such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`.
fn read_key(text: &Secret) -> Result<WebhookSecret, String> {
    let text = String::from_utf8_lossy(text.expose());
    WebhookSecret::parse(&text)
        .map_err(|error| format!("{error}; make one with `echo whsec_$(openssl rand -base64 32)`"))
}

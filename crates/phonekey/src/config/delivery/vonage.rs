//! `[delivery.vonage]`: Vonage's SMS API.

use phonekey_core::delivery::outcome::Currency;
use phonekey_delivery::{
    endpoint::BaseUrl, providers::vonage::VonageSettings, settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryVonage,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let api_key = reader
        .optional(&raw.api_key, read_key)
        .and_then(|key| need.required(&raw.api_key, key, reader));
    let api_secret = super::read_header_secret(&raw.api_secret, reader)
        .and_then(|secret| need.required(&raw.api_secret, secret, reader));
    let from = super::read_sender(&raw.from, reader)
        .and_then(|from| need.required(&raw.from, from, reader));
    let signature_secret = super::read_header_secret(&raw.signature_secret, reader);
    let currency = reader.optional(&raw.currency, |text| {
        Currency::from_code(text).ok_or("must be a currency's three letters, such as EUR")
    });
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (api_key, api_secret, from) = (api_key?, api_secret?, from?);
    let (signature_secret, currency) = (signature_secret?, currency?);
    let (base_url, timeout) = (base_url?, timeout?);
    let (Some(api_key), Some(api_secret), Some(from)) = (api_key, api_secret, from) else {
        return Ok(None);
    };
    Ok(Some(ProviderKind::Vonage(Box::new(VonageSettings {
        base_url,
        api_key,
        api_secret,
        from,
        signature_secret,
        currency,
        timeout,
    }))))
}

fn read_key(text: &str) -> Result<String, &'static str> {
    let is_key =
        (1..=64).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric());
    if is_key {
        Ok(text.to_owned())
    } else {
        Err("must be the API key as Vonage's dashboard shows it, such as a1b2c3d4")
    }
}

//! `[delivery.infobip]`: Infobip's SMS API.

use phonekey_delivery::{
    endpoint::BaseUrl, providers::infobip::InfobipSettings, settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryInfobip,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let base_url = reader
        .optional(&raw.base_url, BaseUrl::parse)
        .and_then(|url| need.required(&raw.base_url, url, reader));
    let api_key = super::read_header_secret(&raw.api_key, reader)
        .and_then(|key| need.required(&raw.api_key, key, reader));
    let sender = super::read_sender(&raw.sender, reader);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (base_url, api_key, sender, timeout) = (base_url?, api_key?, sender?, timeout?);
    Ok(base_url.zip(api_key).map(|(base_url, api_key)| {
        ProviderKind::Infobip(Box::new(InfobipSettings {
            base_url,
            api_key,
            sender,
            timeout,
        }))
    }))
}

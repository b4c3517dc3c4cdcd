//! `[delivery.melipayamak]`: MeliPayamak.

use phonekey_delivery::{
    endpoint::BaseUrl, providers::melipayamak::MeliPayamakSettings, settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryMeliPayamak,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let username = super::read_name(&raw.username, reader)
        .and_then(|name| need.required(&raw.username, name, reader));
    let api_key = super::read_header_secret(&raw.api_key, reader)
        .and_then(|key| need.required(&raw.api_key, key, reader));
    let body_id = super::read_template_id(&raw.body_id, reader)
        .and_then(|id| need.required(&raw.body_id, id, reader));
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (username, api_key, body_id) = (username?, api_key?, body_id?);
    let (base_url, timeout) = (base_url?, timeout?);
    let account = username.zip(api_key);
    let settings = account
        .zip(body_id)
        .map(|((username, api_key), body_id)| MeliPayamakSettings {
            base_url,
            username,
            api_key,
            body_id,
            timeout,
        });
    Ok(settings.map(ProviderKind::MeliPayamak))
}

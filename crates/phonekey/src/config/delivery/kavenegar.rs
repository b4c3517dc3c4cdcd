//! `[delivery.kavenegar]`: Kavenegar.

use phonekey_core::secret::Secret;
use phonekey_delivery::{
    endpoint::BaseUrl, providers::kavenegar::KavenegarSettings, settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryKavenegar,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let api_key = read_key(raw, reader).and_then(|key| need.required(&raw.api_key, key, reader));
    let template = super::read_name(&raw.template, reader)
        .and_then(|template| need.required(&raw.template, template, reader));
    let voice_template = super::read_name(&raw.voice_template, reader);
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (api_key, template, voice_template) = (api_key?, template?, voice_template?);
    let (base_url, timeout) = (base_url?, timeout?);
    let settings = api_key
        .zip(template)
        .map(|(api_key, template)| KavenegarSettings {
            base_url,
            api_key,
            voice_template: voice_template.unwrap_or_else(|| template.clone()),
            template,
            timeout,
        });
    Ok(settings.map(ProviderKind::Kavenegar))
}

/// A key that becomes a segment of a path, if one is said.
fn read_key(raw: &raw::DeliveryKavenegar, reader: &mut Reader) -> Read<Option<Secret>> {
    let key = reader.secret(&raw.api_key)?;
    let is_part = |byte: &u8| byte.is_ascii_graphic() && !b"/?#%\\".contains(byte);
    match key {
        Some(key) if !key.expose().iter().all(is_part) => Err(reader.refuse(
            &raw.api_key,
            "must be the key alone, as it was given: no URL, in one line",
        )),
        key => Ok(key),
    }
}

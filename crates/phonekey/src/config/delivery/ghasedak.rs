//! `[delivery.ghasedak]`: Ghasedak.

use phonekey_delivery::{
    endpoint::BaseUrl, providers::ghasedak::GhasedakSettings, settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryGhasedak,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let api_key = super::read_header_secret(&raw.api_key, reader)
        .and_then(|key| need.required(&raw.api_key, key, reader));
    let template = super::read_name(&raw.template, reader)
        .and_then(|template| need.required(&raw.template, template, reader));
    let voice_template = super::read_name(&raw.voice_template, reader);
    let parameter = super::read_parameter(&raw.parameter, '%', reader);
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (api_key, template, voice_template) = (api_key?, template?, voice_template?);
    let (parameter, base_url, timeout) = (parameter?, base_url?, timeout?);
    let settings = api_key
        .zip(template)
        .map(|(api_key, template)| GhasedakSettings {
            base_url,
            api_key,
            voice_template: voice_template.unwrap_or_else(|| template.clone()),
            template,
            parameter,
            timeout,
        });
    Ok(settings.map(ProviderKind::Ghasedak))
}

//! `[delivery.smsir]`: SMS.ir.

use phonekey_delivery::{
    endpoint::BaseUrl, providers::smsir::SmsIrSettings, settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliverySmsIr,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let api_key = super::read_header_secret(&raw.api_key, reader)
        .and_then(|key| need.required(&raw.api_key, key, reader));
    let template_id = super::read_template_id(&raw.template_id, reader)
        .and_then(|id| need.required(&raw.template_id, id, reader));
    let parameter = super::read_parameter(&raw.parameter, '#', reader);
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (api_key, template_id, parameter) = (api_key?, template_id?, parameter?);
    let (base_url, timeout) = (base_url?, timeout?);
    let settings = api_key
        .zip(template_id)
        .map(|(api_key, template_id)| SmsIrSettings {
            base_url,
            api_key,
            template_id,
            parameter,
            timeout,
        });
    Ok(settings.map(ProviderKind::SmsIr))
}

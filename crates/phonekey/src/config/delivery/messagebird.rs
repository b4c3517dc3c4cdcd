//! `[delivery.messagebird]`: the REST API of MessageBird's classic accounts.

use phonekey_delivery::{
    endpoint::BaseUrl, providers::messagebird::MessageBirdSettings, settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryMessageBird,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let access_key = super::read_header_secret(&raw.access_key, reader)
        .and_then(|key| need.required(&raw.access_key, key, reader));
    let originator = super::read_sender(&raw.originator, reader)
        .and_then(|originator| need.required(&raw.originator, originator, reader));
    let signing_key = super::read_header_secret(&raw.signing_key, reader);
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (access_key, originator, signing_key) = (access_key?, originator?, signing_key?);
    let (base_url, timeout) = (base_url?, timeout?);
    let settings = access_key.zip(originator).map(|(access_key, originator)| {
        Box::new(MessageBirdSettings {
            base_url,
            access_key,
            originator,
            signing_key,
            timeout,
        })
    });
    Ok(settings.map(ProviderKind::MessageBird))
}

//! `[delivery.plivo]`: Plivo.

use phonekey_delivery::{
    endpoint::BaseUrl,
    providers::plivo::{AuthId, Origin, PlivoSettings},
    settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryPlivo,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let auth_id = reader
        .optional(&raw.auth_id, read_auth_id)
        .and_then(|id| need.required(&raw.auth_id, id, reader));
    let auth_token = super::read_header_secret(&raw.auth_token, reader)
        .and_then(|token| need.required(&raw.auth_token, token, reader));
    let origin = read_origin(raw, need, reader);
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (auth_id, auth_token, origin) = (auth_id?, auth_token?, origin?);
    let (base_url, timeout) = (base_url?, timeout?);
    let (Some(auth_id), Some(auth_token), Some(origin)) = (auth_id, auth_token, origin) else {
        return Ok(None);
    };
    Ok(Some(ProviderKind::Plivo(Box::new(PlivoSettings {
        base_url,
        auth_id,
        auth_token,
        origin,
        timeout,
    }))))
}

fn read_auth_id(text: &str) -> Result<AuthId, &'static str> {
    AuthId::parse(text).ok_or("must be the Auth ID of an account: `MA` or `SA`, and 18 characters")
}

fn read_origin(raw: &raw::DeliveryPlivo, need: Need, reader: &mut Reader) -> Read<Option<Origin>> {
    let sender = reader.optional(&raw.src, read_sender);
    let powerpack = reader.optional(&raw.powerpack_uuid, read_uuid);
    match (sender?, powerpack?) {
        (Some(_), Some(_)) => Err(reader.refuse(
            &raw.powerpack_uuid,
            "cannot be together with `src`; leave one of them out",
        )),
        (Some(sender), None) => Ok(Some(Origin::Sender(sender))),
        (None, Some(uuid)) => Ok(Some(Origin::Powerpack(uuid))),
        (None, None) => need.required(&raw.src, None, reader),
    }
}

/// Plivo drops every other character of a name without a word.
fn read_sender(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number =
        (3..=14).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = (1..=11).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if is_number || is_name {
        Ok(text.to_owned())
    } else {
        Err(
            "must be a number with its country code, such as +14155550100, a short code, or a name of \
             1 to 11 letters and digits, a letter among them",
        )
    }
}

fn read_uuid(text: &str) -> Result<String, &'static str> {
    let lengths = text.split('-').map(str::len);
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    if lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_part) {
        Ok(text.to_owned())
    } else {
        Err("must be a UUID, such as 5ec4c8c9-cd74-42b5-9e41-0d7670d6bb46")
    }
}

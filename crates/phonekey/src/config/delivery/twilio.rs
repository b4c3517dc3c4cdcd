//! `[delivery.twilio]`: Twilio Messages.

use phonekey_core::secret::Secret;
use phonekey_delivery::{
    endpoint::BaseUrl,
    providers::twilio::{Credentials, Origin, Sid, TwilioSettings},
    settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
    setting::Setting,
};

pub(super) fn read(
    raw: &raw::DeliveryTwilio,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let account_sid = read_sid(&raw.account_sid, "AC", reader)
        .and_then(|sid| need.required(&raw.account_sid, sid, reader));
    let credentials = read_credentials(raw, need, reader);
    let origin = read_origin(raw, need, reader);
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (account_sid, credentials, origin) = (account_sid?, credentials?, origin?);
    let (base_url, timeout) = (base_url?, timeout?);
    let (Some(account_sid), Some(credentials), Some(origin)) = (account_sid, credentials, origin)
    else {
        return Ok(None);
    };
    Ok(Some(ProviderKind::Twilio(Box::new(TwilioSettings {
        base_url,
        account_sid,
        credentials,
        origin,
        timeout,
    }))))
}

fn read_sid(setting: &Setting, kind: &str, reader: &mut Reader) -> Read<Option<Sid>> {
    reader.optional(setting, |text| {
        let sid = Sid::parse(kind, text);
        sid.ok_or_else(|| format!("must be a SID: `{kind}` and 32 hexadecimal digits"))
    })
}

fn read_credentials(
    raw: &raw::DeliveryTwilio,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<Credentials>> {
    let auth_token = super::read_header_secret(&raw.auth_token, reader);
    let api_key = read_api_key(raw, reader);
    let (auth_token, api_key) = (auth_token?, api_key?);
    if let Some((sid, secret)) = api_key {
        return Ok(Some(Credentials::ApiKey {
            sid,
            secret,
            auth_token,
        }));
    }
    let auth_token = need.required(&raw.auth_token, auth_token, reader)?;
    Ok(auth_token.map(Credentials::AuthToken))
}

fn read_api_key(raw: &raw::DeliveryTwilio, reader: &mut Reader) -> Read<Option<(Sid, Secret)>> {
    let sid = read_sid(&raw.api_key_sid, "SK", reader);
    let secret = super::read_header_secret(&raw.api_key_secret, reader);
    match (sid?, secret?) {
        (Some(_), None) => Err(reader.refuse(
            &raw.api_key_secret,
            "is required together with `api_key_sid`",
        )),
        (None, Some(_)) => Err(reader.refuse(
            &raw.api_key_sid,
            "is required together with `api_key_secret`",
        )),
        (sid, secret) => Ok(sid.zip(secret)),
    }
}

fn read_origin(raw: &raw::DeliveryTwilio, need: Need, reader: &mut Reader) -> Read<Option<Origin>> {
    let sender = reader.optional(&raw.from, read_sender);
    let service = read_sid(&raw.messaging_service_sid, "MG", reader);
    match (sender?, service?) {
        (Some(_), Some(_)) => Err(reader.refuse(
            &raw.messaging_service_sid,
            "cannot be together with `from`; leave one of them out",
        )),
        (Some(sender), None) => Ok(Some(Origin::Sender(sender))),
        (None, Some(sid)) => Ok(Some(Origin::Service(sid))),
        (None, None) => need.required(&raw.from, None, reader),
    }
}

fn read_sender(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number =
        (3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b" +-_&".contains(&byte);
    let is_name = (1..=11).contains(&text.len())
        && text.bytes().all(is_part)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.trim() == text;
    if is_number || is_name {
        Ok(text.to_owned())
    } else {
        Err(
            "must be a number with its country code, such as +15005550006, a short code, or a name of \
             1 to 11 letters, digits, spaces and `+-_&`, a letter among them",
        )
    }
}

//! `[delivery.whatsapp]`: WhatsApp, by Meta's Cloud API.

use phonekey_delivery::{
    endpoint::BaseUrl,
    providers::whatsapp::{Template, WebhookKeys, WhatsAppSettings},
    settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryWhatsApp,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let phone_number_id = reader
        .optional(&raw.phone_number_id, read_id)
        .and_then(|id| need.required(&raw.phone_number_id, id, reader));
    let token = super::read_header_secret(&raw.token, reader)
        .and_then(|token| need.required(&raw.token, token, reader));
    let template = read_template(raw, need, reader);
    let webhook = read_webhook(raw, reader);
    let version = reader.read(&raw.version, read_version);
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (phone_number_id, token, template) = (phone_number_id?, token?, template?);
    let (webhook, version, base_url, timeout) = (webhook?, version?, base_url?, timeout?);
    let (Some(phone_number_id), Some(token), Some(template)) = (phone_number_id, token, template)
    else {
        return Ok(None);
    };
    Ok(Some(ProviderKind::WhatsApp(Box::new(WhatsAppSettings {
        base_url,
        version,
        phone_number_id,
        token,
        template,
        webhook,
        timeout,
    }))))
}

fn read_id(text: &str) -> Result<String, &'static str> {
    if (5..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("must be the id that Meta shows beside the number, in digits; not the number itself")
    }
}

fn read_template(
    raw: &raw::DeliveryWhatsApp,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<Template>> {
    let name = reader
        .optional(&raw.template, |text| {
            let is_part =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if (1..=512).contains(&text.len()) && text.bytes().all(is_part) {
                Ok(text.to_owned())
            } else {
                Err("must be the name of a template: lower-case letters, digits and underscores")
            }
        })
        .and_then(|name| need.required(&raw.template, name, reader));
    let languages = reader
        .list(&raw.languages, read_language)
        .and_then(|languages| {
            let some = Some(languages).filter(|languages| !languages.is_empty());
            need.required(&raw.languages, some, reader)
        });
    let (name, languages) = (name?, languages?);
    Ok(name
        .zip(languages)
        .map(|(name, languages)| Template { name, languages }))
}

fn read_language(text: &str) -> Result<String, String> {
    let mut parts = text.split('_');
    let language = parts.next().unwrap_or_default();
    let is_language =
        (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_part = |part: &str| {
        (2..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if is_language && parts.all(is_part) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is no language as Meta writes them, such as fa or en_US"
        ))
    }
}

fn read_version(text: &str) -> Result<String, String> {
    let numbers = text.strip_prefix('v').and_then(|it| it.split_once('.'));
    let is_number = |digits: &str| {
        (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match numbers {
        Some((major, minor)) if is_number(major) && is_number(minor) => Ok(text.to_owned()),
        _ => Err(format!(
            "must be a version of the Graph API, such as v25.0, not `{text}`"
        )),
    }
}

fn read_webhook(raw: &raw::DeliveryWhatsApp, reader: &mut Reader) -> Read<Option<WebhookKeys>> {
    let app_secret = super::read_header_secret(&raw.app_secret, reader);
    let verify_token = super::read_header_secret(&raw.verify_token, reader);
    let (app_secret, verify_token) = (app_secret?, verify_token?);
    match (app_secret, verify_token) {
        (Some(_), Some(token)) if token.expose().len() < 16 => Err(reader.refuse(
            &raw.verify_token,
            "must have at least 16 characters; make one with `openssl rand -hex 16`",
        )),
        (Some(app_secret), Some(verify_token)) => Ok(Some(WebhookKeys {
            app_secret,
            verify_token,
        })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(reader.refuse(
            &raw.verify_token,
            "is required together with `app_secret`; make one with `openssl rand -hex 16`",
        )),
        (None, Some(_)) => Err(reader.refuse(
            &raw.app_secret,
            "is required together with `verify_token`; Meta shows it under App settings, Basic",
        )),
    }
}

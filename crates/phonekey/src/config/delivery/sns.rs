//! `[delivery.sns]`: AWS SNS.

use phonekey_delivery::{
    endpoint::BaseUrl,
    providers::sns::{AwsRegion, IndianRegistration, Origin, SnsSettings, signature::Credentials},
    settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliverySns,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let region = reader
        .optional(&raw.region, read_region)
        .and_then(|region| need.required(&raw.region, region, reader));
    let credentials = read_credentials(raw, need, reader);
    let origin = read_origin(raw, reader);
    let max_price = reader.optional(&raw.max_price, read_price);
    let india = read_india(raw, reader);
    let base_url = reader.optional(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (region, credentials, origin) = (region?, credentials?, origin?);
    let (max_price, india, base_url, timeout) = (max_price?, india?, base_url?, timeout?);
    let (Some(region), Some(credentials)) = (region, credentials) else {
        return Ok(None);
    };
    Ok(Some(ProviderKind::Sns(Box::new(SnsSettings {
        base_url: base_url.unwrap_or_else(|| region.endpoint().clone()),
        region,
        credentials,
        origin,
        max_price,
        india,
        timeout,
    }))))
}

fn read_region(text: &str) -> Result<AwsRegion, String> {
    AwsRegion::parse(text)
        .ok_or_else(|| format!("must be a region of AWS, such as eu-central-1, not `{text}`"))
}

fn read_credentials(
    raw: &raw::DeliverySns,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<Credentials>> {
    let id = reader
        .optional(&raw.access_key_id, read_id)
        .and_then(|id| need.required(&raw.access_key_id, id, reader));
    let key = reader
        .secret(&raw.secret_access_key)
        .and_then(|key| need.required(&raw.secret_access_key, key, reader));
    let session_token = super::read_header_secret(&raw.session_token, reader);
    let (id, key, session_token) = (id?, key?, session_token?);
    Ok(id
        .zip(key)
        .map(|(access_key_id, secret_access_key)| Credentials {
            access_key_id,
            secret_access_key,
            session_token,
        }))
}

fn read_id(text: &str) -> Result<String, &'static str> {
    let is_id = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id {
        Ok(text.to_owned())
    } else {
        Err("must be the id of an access key, such as AKIAIOSFODNN7EXAMPLE")
    }
}

fn read_origin(raw: &raw::DeliverySns, reader: &mut Reader) -> Read<Option<Origin>> {
    let name = reader.optional(&raw.sender_id, |text| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if (3..=11).contains(&text.len()) && text.bytes().all(is_part) && has_letter {
            Ok(Origin::SenderId(text.to_owned()))
        } else {
            Err("must be 3 to 11 letters, digits and hyphens, a letter among them")
        }
    });
    let number = reader.optional(&raw.origination_number, |text| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if (5..=14).contains(&digits.len()) && all_digits {
            Ok(Origin::Number(text.to_owned()))
        } else {
            Err("must be a number of your account: 5 to 14 digits, such as +447700900123")
        }
    });
    match (name?, number?) {
        (Some(_), Some(_)) => Err(reader.refuse(
            &raw.origination_number,
            "cannot be together with `sender_id`; leave one of them out",
        )),
        (name, number) => Ok(name.or(number)),
    }
}

fn read_price(text: &str) -> Result<String, &'static str> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| {
        (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_some = text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if is_number(whole) && is_number(part) && is_some {
        Ok(text.to_owned())
    } else {
        Err("must be an amount of US dollars, such as 0.50")
    }
}

fn read_india(raw: &raw::DeliverySns, reader: &mut Reader) -> Read<Option<IndianRegistration>> {
    let read_id = |text: &str| {
        if (1..=50).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(text.to_owned())
        } else {
            Err("must be the id that the regulator gave: 1 to 50 characters")
        }
    };
    let entity_id = reader.optional(&raw.india_entity_id, read_id);
    let template_id = reader.optional(&raw.india_template_id, read_id);
    match (entity_id?, template_id?) {
        (Some(entity_id), Some(template_id)) => Ok(Some(IndianRegistration {
            entity_id,
            template_id,
        })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(reader.refuse(
            &raw.india_template_id,
            "is required together with `india_entity_id`",
        )),
        (None, Some(_)) => Err(reader.refuse(
            &raw.india_entity_id,
            "is required together with `india_template_id`",
        )),
    }
}

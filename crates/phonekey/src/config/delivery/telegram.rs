//! `[delivery.telegram]`: Telegram Gateway.

use phonekey_delivery::{
    endpoint::BaseUrl, providers::telegram::TelegramSettings, settings::ProviderKind,
};

use super::provider::Need;
use crate::config::{
    raw,
    read::{Read, Reader},
};

pub(super) fn read(
    raw: &raw::DeliveryTelegram,
    need: Need,
    reader: &mut Reader,
) -> Read<Option<ProviderKind>> {
    let token = super::read_header_secret(&raw.token, reader)
        .and_then(|token| need.required(&raw.token, token, reader));
    let sender_username = reader.optional(&raw.sender_username, read_username);
    let base_url = reader.read(&raw.base_url, BaseUrl::parse);
    let timeout = reader.duration(&raw.timeout, super::TIMEOUT);
    let (token, sender_username) = (token?, sender_username?);
    let (base_url, timeout) = (base_url?, timeout?);
    Ok(token.map(|token| {
        ProviderKind::Telegram(Box::new(TelegramSettings {
            base_url,
            token,
            sender_username,
            timeout,
        }))
    }))
}

/// The username of a channel, without its `@`.
fn read_username(text: &str) -> Result<String, &'static str> {
    let name = text.strip_prefix('@').unwrap_or(text);
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if (4..=32).contains(&name.len()) && name.bytes().all(is_part) {
        Ok(name.to_owned())
    } else {
        Err("must be the username of a channel: 4 to 32 letters, digits and underscores")
    }
}

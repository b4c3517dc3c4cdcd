//! What is handed to a provider.

use std::fmt;

use super::{Channel, DeliveryId};
use crate::{code::Code, phone::PhoneNumber, time::Timestamp};

/// A message ready to be handed to a provider.
#[derive(Clone, Debug)]
pub struct Message {
    /// The delivery that it is.
    pub delivery: DeliveryId,
    /// The number it goes to.
    pub to: PhoneNumber,
    /// How it goes.
    pub channel: Channel,
    /// The language of its text (BCP 47, such as `fa`).
    pub language: String,
    /// The code it carries.
    pub code: Code,
    /// The app that is to read the code out of it, if the caller named one.
    pub app_hash: Option<AppHash>,
    /// From then on the code is of no use, nor is the message.
    pub expires_at: Timestamp,
}

/// Names an Android app to the SMS Retriever, which hands it the message that ends in this hash
/// (developers.google.com/identity/sms-retriever): 11 characters of base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AppHash([u8; 11]);

impl AppHash {
    /// The hash that this text is; `None` for what no hash looks like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let characters: [u8; 11] = text.as_bytes().try_into().ok()?;
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        characters.iter().all(is_base64).then_some(Self(characters))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for AppHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_hash_is_eleven_characters_of_base64() {
        assert_eq!(
            AppHash::parse("FA+9qCX9VSu").unwrap().as_str(),
            "FA+9qCX9VSu"
        );
        for odd in [
            "",
            "FA+9qCX9VS",
            "FA+9qCX9VSuu",
            "FA-9qCX9VSu",
            "FA 9qCX9VSu",
            "FA\n9qCX9VSu",
        ] {
            assert_eq!(AppHash::parse(odd), None, "{odd:?}");
        }
    }
}

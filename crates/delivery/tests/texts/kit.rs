//! Messages to write, and folders of templates.

use std::{fs, time::Duration};

use phonekey_core::{
    code::Code,
    delivery::{
        Channel, DeliveryId,
        message::{AppHash, Message},
    },
    testing::values,
};
use phonekey_delivery::text::{Texts, templates::Templates};
use tempfile::TempDir;

/// A hash as apps have it.
pub(crate) const APP: &str = "FA+9qCX9VSu";

/// The shipped texts, with a last line for this site.
pub(crate) fn shipped(domain: Option<&str>) -> Texts {
    let domain = domain.map(|name| name.parse().unwrap());
    Texts::new(Templates::shipped(), "en", domain).unwrap()
}

/// The tags of all shipped languages.
pub(crate) fn languages() -> Vec<String> {
    let templates = Templates::shipped();
    templates
        .languages()
        .map(|it| it.tag().to_owned())
        .collect()
}

/// A message to an Iranian number, of a code that is good for ten minutes, written by `texts`.
pub(crate) fn written(texts: &Texts, message: &Message) -> String {
    texts.of_message(message, values::challenge().created_at)
}

pub(crate) fn message(language: &str, code: &str) -> Message {
    let challenge = values::challenge();
    Message {
        delivery: DeliveryId {
            challenge: challenge.id,
            attempt: 1,
        },
        to: challenge.phone,
        channel: Channel::Sms,
        language: language.to_owned(),
        code: Code::parse(code).unwrap(),
        app_hash: None,
        expires_at: challenge.created_at.plus(Duration::from_mins(10)),
    }
}

pub(crate) fn to_app(message: Message) -> Message {
    Message {
        app_hash: AppHash::parse(APP),
        ..message
    }
}

/// A folder of these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

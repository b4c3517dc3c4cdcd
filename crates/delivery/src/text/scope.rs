//! What a template is for, and the name of a file that says it: `fa.txt` for all channels,
//! `fa.voice.txt` for one.

use phonekey_core::delivery::Channel;
use thiserror::Error;

/// What a template is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its language (BCP 47, such as `fa` or `pt-BR`).
    pub language: String,
    /// Its channel; `None` for all that have no text of their own.
    pub channel: Option<Channel>,
}

impl Scope {
    /// What a file of this name is for.
    ///
    /// # Errors
    /// [`NotTemplate`].
    pub fn of_file(name: &str) -> Result<Self, NotTemplate> {
        let stem = name.strip_suffix(".txt").ok_or(NotTemplate::Ending)?;
        let (tag, channel) = match stem.split_once('.') {
            Some((tag, channel)) => {
                let named = Channel::from_name(channel);
                let channel = named.ok_or_else(|| NotTemplate::Channel(channel.to_owned()))?;
                (tag, Some(channel))
            }
            None => (stem, None),
        };
        let language = language(tag).ok_or_else(|| NotTemplate::Language(tag.to_owned()))?;
        Ok(Self { language, channel })
    }

    /// The name of its file.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self.channel {
            Some(channel) => format!("{}.{}.txt", self.language, channel.name()),
            None => format!("{}.txt", self.language),
        }
    }
}

/// Why a file is no template, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotTemplate {
    /// Another kind of file.
    #[error("is not read: a template is LANGUAGE.txt or LANGUAGE.CHANNEL.txt")]
    Ending,
    /// No channel.
    #[error("`{0}` is no channel; use sms, voice, whatsapp or telegram")]
    Channel(String),
    /// No language tag.
    #[error("`{0}` is no language tag; use one such as fa, en or pt-BR")]
    Language(String),
}

/// A language tag in its usual spelling, such as `pt-BR` or `zh-Hant`; `None` for what is none by its
/// form (RFC 5646 §2.1: a language of two or three letters, then subtags).
fn language(tag: &str) -> Option<String> {
    let mut subtags = tag.split(['-', '_']);
    let primary = subtags.next()?;
    let is_language = (2..=3).contains(&primary.len()) && is_all(primary, u8::is_ascii_alphabetic);
    let mut spelled = is_language.then(|| primary.to_ascii_lowercase())?;
    for subtag in subtags {
        if !(1..=8).contains(&subtag.len()) || !is_all(subtag, u8::is_ascii_alphanumeric) {
            return None;
        }
        spelled.push('-');
        let letters = is_all(subtag, u8::is_ascii_alphabetic);
        match subtag.len() {
            2 if letters => spelled.push_str(&subtag.to_ascii_uppercase()),
            4 if letters => {
                spelled.push_str(&subtag[..1].to_ascii_uppercase());
                spelled.push_str(&subtag[1..].to_ascii_lowercase());
            }
            _ => spelled.push_str(&subtag.to_ascii_lowercase()),
        }
    }
    (spelled.len() <= LONGEST_TAG).then_some(spelled)
}

/// What RFC 5646 §4.4.1 asks for at least.
const LONGEST_TAG: usize = 35;

fn is_all(text: &str, is: fn(&u8) -> bool) -> bool {
    text.bytes().all(|byte| is(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_says_language_and_channel() {
        for (name, language, channel) in [
            ("fa.txt", "fa", None),
            ("fa.voice.txt", "fa", Some(Channel::Voice)),
            ("PT_br.sms.txt", "pt-BR", Some(Channel::Sms)),
            (
                "zh-hant-tw.whatsapp.txt",
                "zh-Hant-TW",
                Some(Channel::WhatsApp),
            ),
            ("es-419.telegram.txt", "es-419", Some(Channel::Telegram)),
            ("ckb.txt", "ckb", None),
        ] {
            let scope = Scope::of_file(name).unwrap();

            let language = language.to_owned();
            assert_eq!(scope, Scope { language, channel }, "{name}");
            assert_eq!(Scope::of_file(&scope.file_name()), Ok(scope));
        }
    }

    #[test]
    fn other_names_are_no_templates() {
        let no_channel = |text: &str| Err(NotTemplate::Channel(text.to_owned()));
        let no_language = |text: &str| Err(NotTemplate::Language(text.to_owned()));

        assert_eq!(Scope::of_file("README.md"), Err(NotTemplate::Ending));
        assert_eq!(Scope::of_file("fa.txt~"), Err(NotTemplate::Ending));
        assert_eq!(Scope::of_file("fa.mms.txt"), no_channel("mms"));
        assert_eq!(Scope::of_file("fa.voice.old.txt"), no_channel("voice.old"));
        for tag in ["", "f", "farsi", "fa-", "fa-toolonger", "f4", "فا", "fa IR"] {
            assert_eq!(Scope::of_file(&format!("{tag}.txt")), no_language(tag));
        }
    }
}

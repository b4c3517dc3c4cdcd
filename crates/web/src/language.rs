//! The texts that people read, in the languages of `locales/`: a further language is a further file.

use std::{borrow::Cow, sync::Arc};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use rust_embed::RustEmbed;
use thiserror::Error;
use unic_langid::LanguageIdentifier;

#[derive(RustEmbed)]
#[folder = "locales/"]
struct Locales;

/// The texts of all languages.
#[derive(Clone)]
pub struct Catalogue {
    languages: Arc<[Language]>,
    default: usize,
}

/// A catalogue that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CatalogueError {
    /// A file does not parse, or lacks a text.
    #[error("locales/{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no file for the default language, nor for English.
    #[error("there are no texts in `{0}`, nor in English")]
    NoDefault(String),
}

/// A text that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// A code was sent.
    CodeSent,
    /// The code is not right, for whatever cause.
    CodeWrong,
    /// The number must wait `seconds`.
    TooMany {
        /// How long.
        seconds: u64,
    },
    /// The account may not log in.
    UserInactive,
    /// Numbers of the region are not served.
    RegionNotServed(phonekey_core::phone::Region),
    /// The number gets no messages.
    NumberUnreachable,
    /// Messages do not come by the channel that was asked for.
    ChannelNotOffered,
    /// The challenge can no longer be answered.
    ChallengeEnded,
    /// The code was sent as often as it may be.
    MessagesSpent,
    /// No provider can send now.
    CannotSend,
    /// The database is away.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Text {
    const fn key(self) -> &'static str {
        match self {
            Self::CodeSent => "code-sent",
            Self::CodeWrong => "code-wrong",
            Self::TooMany { .. } => "too-many",
            Self::UserInactive => "user-inactive",
            Self::RegionNotServed(_) => "region-not-served",
            Self::NumberUnreachable => "number-unreachable",
            Self::ChannelNotOffered => "channel-not-offered",
            Self::ChallengeEnded => "challenge-ended",
            Self::MessagesSpent => "messages-spent",
            Self::CannotSend => "cannot-send",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    fn arguments(self) -> Option<FluentArgs<'static>> {
        let (name, value) = match self {
            // As text: the number is not to be grouped or localised.
            Self::TooMany { seconds } => ("seconds", seconds.to_string()),
            Self::RegionNotServed(region) => ("region", region.to_string()),
            _ => return None,
        };
        let mut arguments = FluentArgs::new();
        arguments.set(name, FluentValue::from(value));
        Some(arguments)
    }

    /// One of each kind, for checking that a language has them all.
    const EACH: [Self; 12] = [
        Self::CodeSent,
        Self::CodeWrong,
        Self::TooMany { seconds: 1 },
        Self::UserInactive,
        Self::RegionNotServed(phonekey_core::phone::Region::IRAN),
        Self::NumberUnreachable,
        Self::ChannelNotOffered,
        Self::ChallengeEnded,
        Self::MessagesSpent,
        Self::CannotSend,
        Self::Unavailable,
        Self::Internal,
    ];
}

/// One language's texts.
pub struct Language {
    tag: String,
    bundle: FluentBundle<FluentResource>,
    /// The two texts of nearly every answer, ready made.
    code_sent: String,
    code_wrong: String,
}

impl Language {
    fn read(file: &str, source: String) -> Result<Self, CatalogueError> {
        let error = |problem: String| CatalogueError::File {
            file: file.to_owned(),
            problem,
        };
        let tag = file.trim_end_matches(".ftl").to_owned();
        let identifier: LanguageIdentifier = tag
            .parse()
            .map_err(|_| error(format!("`{tag}` is no language tag")))?;
        let resource = FluentResource::try_new(source)
            .map_err(|(_, errors)| error(format!("does not parse: {errors:?}")))?;
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // Isolation marks are for mixed directions inside one line of prose; clients compare texts.
        bundle.set_use_isolating(false);
        bundle
            .add_resource(resource)
            .map_err(|errors| error(format!("defines a text twice: {errors:?}")))?;
        let mut language = Self {
            tag,
            bundle,
            code_sent: String::new(),
            code_wrong: String::new(),
        };
        for text in Text::EACH {
            language
                .format(text)
                .ok_or_else(|| error(format!("lacks `{}`", text.key())))?;
        }
        language.code_sent = language.text(Text::CodeSent).into_owned();
        language.code_wrong = language.text(Text::CodeWrong).into_owned();
        Ok(language)
    }

    /// The language's tag (BCP 47).
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// A text in this language.
    #[must_use]
    pub fn text(&self, text: Text) -> Cow<'_, str> {
        match text {
            Text::CodeSent if !self.code_sent.is_empty() => Cow::Borrowed(&self.code_sent),
            Text::CodeWrong if !self.code_wrong.is_empty() => Cow::Borrowed(&self.code_wrong),
            _ => Cow::Owned(self.format(text).unwrap_or_else(|| text.key().to_owned())),
        }
    }

    fn format(&self, text: Text) -> Option<String> {
        let pattern = self.bundle.get_message(text.key())?.value()?;
        let mut errors = Vec::new();
        let arguments = text.arguments();
        let formatted = self
            .bundle
            .format_pattern(pattern, arguments.as_ref(), &mut errors);
        errors.is_empty().then(|| formatted.into_owned())
    }
}

impl Catalogue {
    /// The languages compiled in. Callers who ask for none of them get `default`, or English where
    /// there is no file for it: messages are written in more languages than answers.
    ///
    /// # Errors
    /// [`CatalogueError`] for a file that lacks a text.
    pub fn load(default: &str) -> Result<Self, CatalogueError> {
        let languages = Locales::iter()
            .filter_map(|file| Some((Locales::get(&file)?, file)))
            .map(|(content, file)| {
                Language::read(&file, String::from_utf8_lossy(&content.data).into_owned())
            })
            .collect::<Result<Vec<_>, _>>()?;
        let place = |tag: &str| languages.iter().position(|it| it.tag == tag);
        let default = place(default)
            .or_else(|| place(ENGLISH))
            .ok_or_else(|| CatalogueError::NoDefault(default.to_owned()))?;
        Ok(Self {
            languages: languages.into(),
            default,
        })
    }

    /// The first of a caller's [`choices`] that there are texts in, else the default.
    #[must_use]
    pub fn choose(&self, choices: &[&str]) -> &Language {
        let chosen = choices.iter().find_map(|tag| {
            let primary = tag.split('-').next().unwrap_or(tag);
            self.languages
                .iter()
                .find(|language| language.tag.eq_ignore_ascii_case(primary))
        });
        chosen.unwrap_or(&self.languages[self.default])
    }
}

/// The languages that a caller accepts, best first, by its `Accept-Language` (RFC 9110 §12.5.4).
#[must_use]
pub fn choices(accept_language: Option<&str>) -> Vec<&str> {
    let parts = accept_language.unwrap_or_default().split(',');
    let mut choices: Vec<(&str, u16)> = parts.filter_map(choice).collect();
    choices.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    choices.into_iter().map(|(tag, _)| tag).collect()
}

const ENGLISH: &str = "en";

/// One choice of an `Accept-Language` and its weight in thousandths; `None` for one that is refused.
fn choice(part: &str) -> Option<(&str, u16)> {
    let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
    let weight = match parameters.trim().strip_prefix("q=") {
        None => 1000,
        Some(quality) => thousandths(quality.trim())?,
    };
    let tag = tag.trim();
    (!tag.is_empty() && weight > 0).then_some((tag, weight))
}

fn thousandths(quality: &str) -> Option<u16> {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, digits) {
        ("1", true) => Some(1000),
        ("0", true) => format!("{fraction:0<3}").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(header: Option<&str>) -> String {
        Catalogue::load("fa")
            .unwrap()
            .choose(&choices(header))
            .tag()
            .to_owned()
    }

    #[test]
    fn persian_is_the_default_and_english_can_be_asked_for() {
        assert_eq!(chosen(None), "fa");
        assert_eq!(chosen(Some("de")), "fa");
        assert_eq!(chosen(Some("en")), "en");
        assert_eq!(chosen(Some("en-US,en;q=0.9")), "en");
        assert_eq!(chosen(Some("de, fa;q=0.3, en;q=0.7")), "en");
        assert_eq!(chosen(Some("en;q=0, fa")), "fa");
        assert_eq!(chosen(Some(";;;q=,,x")), "fa");
    }

    #[test]
    fn the_django_projects_two_texts_are_word_for_word() {
        let catalogue = Catalogue::load("fa").unwrap();
        let persian = catalogue.choose(&[]);

        assert_eq!(persian.text(Text::CodeSent), "رمز عبور موقت ارسال شد");
        assert_eq!(persian.text(Text::CodeWrong), "کد ارسال شده درست نمیباشد");
    }

    #[test]
    fn numbers_stand_in_their_texts() {
        let catalogue = Catalogue::load("en").unwrap();

        let text = catalogue.choose(&[]).text(Text::TooMany { seconds: 3600 });

        assert_eq!(
            text,
            "Too many requests for this number. Try again in 3600 seconds."
        );
    }

    #[test]
    fn a_language_that_lacks_a_text_is_refused() {
        let error = Language::read("tr.ftl", "code-sent = x\n".to_owned())
            .err()
            .unwrap();

        assert!(
            error
                .to_string()
                .contains("locales/tr.ftl: lacks `code-wrong`"),
            "{error}"
        );
    }

    #[test]
    fn answers_are_in_english_where_the_default_is_a_language_of_messages_alone() {
        let catalogue = Catalogue::load("tr").unwrap();

        assert_eq!(catalogue.choose(&[]).tag(), "en");
        assert_eq!(catalogue.choose(&["fa"]).tag(), "fa");
    }
}

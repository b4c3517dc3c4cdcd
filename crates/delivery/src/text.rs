//! The words of a message: one fixed template per language, a code and minutes filled in.
//!
//! Nothing that a caller says gets into a text (SECURITY.md T24). To add a language, add
//! `templates/<language>.txt` and its name to `TEMPLATES`; a test holds the two together.

pub mod gsm7;
pub mod segments;

use std::time::Duration;

use phonekey_core::{code::Code, delivery::message::Message, time::Timestamp};

/// Writes the texts of messages.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    fallback: &'static Template,
}

impl Texts {
    /// Texts in the language that is asked for, else in `fallback` (BCP 47, such as `fa`); `None`
    /// when there is no template for `fallback` itself.
    #[must_use]
    pub fn falling_back_to(fallback: &str) -> Option<Self> {
        Template::find(fallback).map(|fallback| Self { fallback })
    }

    /// The languages that there are templates for.
    pub fn languages() -> impl Iterator<Item = &'static str> {
        TEMPLATES.iter().map(|template| template.language)
    }

    /// The text of a message that is sent at `now`.
    #[must_use]
    pub fn of_message(&self, message: &Message, now: Timestamp) -> String {
        self.write(
            &message.language,
            &message.code,
            message.expires_at.since(now),
        )
    }

    /// The text that carries `code`, which is good for `valid_for` yet.
    ///
    /// It says so in minutes, rounded to the nearest: a message that took a second on its way
    /// shall not lose a minute. It never says less than one.
    #[must_use]
    pub fn write(&self, language: &str, code: &Code, valid_for: Duration) -> String {
        let template = Template::find(language).unwrap_or(self.fallback);
        let minutes = ((valid_for.as_secs() + 30) / 60).max(1);
        template
            .text
            .trim_end()
            .replace("{minutes}", &minutes.to_string())
            .replace("{code}", code.expose())
    }
}

#[derive(Debug)]
struct Template {
    language: &'static str,
    text: &'static str,
}

impl Template {
    /// The template for a language tag: the tag itself, else its language without region or script.
    fn find(tag: &str) -> Option<&'static Self> {
        let named = |name: &str| {
            TEMPLATES
                .iter()
                .find(|template| template.language.eq_ignore_ascii_case(name))
        };
        named(tag).or_else(|| named(tag.split(['-', '_']).next()?))
    }
}

macro_rules! template {
    ($language:literal) => {
        Template {
            language: $language,
            text: include_str!(concat!("templates/", $language, ".txt")),
        }
    };
}

static TEMPLATES: [Template; 2] = [template!("en"), template!("fa")];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    const TWO_MINUTES: Duration = Duration::from_mins(2);

    fn texts() -> Texts {
        Texts::falling_back_to("fa").unwrap()
    }

    fn code(digits: &str) -> Code {
        Code::parse(digits).unwrap()
    }

    #[test]
    fn persian_puts_the_code_on_a_line_of_its_own_so_that_its_digits_stand_in_order() {
        let text = texts().write("fa", &code("12345"), TWO_MINUTES);

        assert_eq!(
            text,
            "کد ورود شما:\n12345\nتا 2 دقیقه معتبر است. آن را به کسی ندهید."
        );
    }

    #[test]
    fn english_reads_so() {
        let text = texts().write("en", &code("12345"), TWO_MINUTES);

        assert_eq!(
            text,
            "Your login code:\n12345\nValid for 2 min. Do not give it to anyone."
        );
    }

    #[test]
    fn a_language_is_found_by_its_tag_then_without_its_region_then_falls_back() {
        let of = |language| texts().write(language, &code("12345"), TWO_MINUTES);

        assert_eq!(of("en-GB"), of("en"));
        assert_eq!(of("EN_us"), of("en"));
        assert_eq!(of("tr"), of("fa"));
        assert_eq!(of(""), of("fa"));
        assert!(Texts::falling_back_to("tr").is_none());
    }

    #[test]
    fn minutes_are_rounded_to_the_nearest_and_never_none() {
        let says = |seconds, minutes: &str| {
            let text = texts().write("en", &code("12345"), Duration::from_secs(seconds));
            text.contains(&format!("for {minutes} min"))
        };

        assert!(says(0, "1"));
        assert!(says(30, "1"));
        assert!(says(89, "1"));
        assert!(says(119, "2"));
        assert!(says(600, "10"));
    }

    #[test]
    fn every_template_file_is_in_use() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/templates");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let used = Texts::languages().map(|language| format!("{language}.txt"));

        assert_eq!(files, used.collect());
    }

    #[test]
    fn every_template_has_its_code_and_minutes_and_nothing_else_to_fill_in() {
        for Template { language, text } in &TEMPLATES {
            assert_eq!(text.matches("{code}").count(), 1, "{language}");
            assert_eq!(text.matches("{minutes}").count(), 1, "{language}");
            assert_eq!(text.matches(['{', '}']).count(), 4, "{language}");
            assert!(
                text.lines().any(|line| line == "{code}"),
                "{language}: the code stands on a line of its own"
            );
        }
    }

    /// 3GPP TS 23.038: a message is one segment up to 160 GSM-7 septets or 70 UCS-2 units.
    #[test]
    fn the_longest_text_is_one_segment() {
        for language in Texts::languages() {
            let text = texts().write(language, &code("1234567890"), Duration::from_mins(10));
            let most = if text.is_ascii() { 160 } else { 70 };

            assert!(text.encode_utf16().count() <= most, "{language}: {text}");
        }
    }
}

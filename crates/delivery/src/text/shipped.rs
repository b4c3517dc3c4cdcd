//! The templates that come with the program: ten languages, each with a text to read and one to
//! hear.
//!
//! Those of Latin letters keep to GSM-7 where the language allows it; Portuguese does not, nor do
//! those of other scripts, so they have shorter wordings for messages with a last line. The text of
//! a right-to-left language has its code on a line of its own. To add a language, add its two files
//! and its line in [`SHIPPED`]; a test holds them together.

use phonekey_core::delivery::Channel;

use super::{scope::Scope, template::Template};

/// A template that comes with the program.
struct Shipped {
    language: &'static str,
    text: &'static str,
    voice: &'static str,
}

macro_rules! shipped {
    ($language:literal) => {
        Shipped {
            language: $language,
            text: include_str!(concat!("shipped/", $language, ".txt")),
            voice: include_str!(concat!("shipped/", $language, ".voice.txt")),
        }
    };
}

static SHIPPED: [Shipped; 10] = [
    shipped!("ar"),
    shipped!("en"),
    shipped!("es"),
    shipped!("fa"),
    shipped!("fr"),
    shipped!("hi"),
    shipped!("id"),
    shipped!("pt"),
    shipped!("ru"),
    shipped!("tr"),
];

/// All of them; of each language, the one for all channels first.
pub(super) fn templates() -> impl Iterator<Item = (Scope, Template)> {
    let all = SHIPPED.iter().flat_map(|it| {
        [(None, it.text), (Some(Channel::Voice), it.voice)]
            .map(|(channel, source)| (it.language, channel, source))
    });
    // A test sees to it that none is left out.
    all.filter_map(|(language, channel, source)| {
        let language = language.to_owned();
        let template = Template::parse(source).ok()?;
        Some((Scope { language, channel }, template))
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;
    use crate::text::flaw;

    fn of_channel(channel: Option<Channel>) -> impl Iterator<Item = (String, Template)> {
        let of_it = templates().filter(move |(scope, _)| scope.channel == channel);
        of_it.map(|(scope, template)| (scope.language, template))
    }

    #[test]
    fn every_file_is_in_use() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text/shipped");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let used = templates().map(|(scope, _)| scope.file_name());

        assert_eq!(files, used.collect());
    }

    #[test]
    fn none_has_a_flaw() {
        for (scope, template) in templates() {
            for wording in template.wordings() {
                assert_eq!(flaw::of_words(wording), [], "{}", scope.file_name());
            }
        }
    }

    #[test]
    fn what_is_read_names_the_code_once_on_a_line_of_its_own_and_the_minutes_at_first() {
        for (language, template) in of_channel(None) {
            for wording in template.wordings() {
                assert_eq!(wording.codes(), 1, "{language}");
                let text = wording.fill("CODE", 2);
                assert!(text.lines().any(|line| line == "CODE"), "{language}");
            }
            let fullest = template.fullest();
            assert_ne!(fullest.fill("", 1), fullest.fill("", 2), "{language}");
        }
    }

    #[test]
    fn what_is_heard_names_the_code_twice_in_one_wording_without_line_breaks() {
        for (language, template) in of_channel(Some(Channel::Voice)) {
            assert_eq!(template.wordings().count(), 1, "{language}");
            assert_eq!(template.fullest().codes(), 2, "{language}");
            assert!(!template.fullest().fill("", 0).contains('\n'), "{language}");
        }
    }
}

//! What can be wrong with a template.

use thiserror::Error;

use super::template::Wording;

/// Something wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Flaw {
    /// The code is not in it.
    #[error("has no {{code}}")]
    NoCode,
    /// It wants what there is not.
    #[error("wants `{{{0}}}`, but there are only {{code}} and {{minutes}}")]
    UnknownPlaceholder(String),
    /// A brace outside of a placeholder.
    #[error("has a brace that belongs to no placeholder")]
    StrayBrace,
    /// A character that controls something, other than a line break.
    #[error("has the control character U+{:04X}", u32::from(*.0))]
    ControlCharacter(char),
    /// A link, or what phones take for one.
    #[error("has what phones take for a link, `{0}`; carriers hold such messages back")]
    Link(String),
    /// It begins with the mark of the SMS Retriever's first version.
    #[error("begins with `<#>`, which no phone needs any more")]
    NeedlessMark,
    /// It ends with a last line for browsers that it writes itself.
    #[error("writes its own last line for browsers; set messages.domain instead")]
    OwnLastLine,
    /// Its shortest wording is charged more than once.
    #[error("takes {0} segments, each of which is charged")]
    Segments(usize),
    /// With the hash of an app, no wording is short enough for the SMS Retriever.
    #[error(
        "takes {0} bytes with an app hash; Android's SMS Retriever reads no more than \
         {LONGEST_FOR_APPS}"
    )]
    TooLongForApps(usize),
}

/// The longest message that Android's SMS Retriever reads, in bytes
/// (developers.google.com/identity/sms-retriever/verify).
pub const LONGEST_FOR_APPS: usize = 140;

impl Flaw {
    /// Whether no message can be written by a template that has it. The others cost money, or keep
    /// some messages from arriving or from being filled in.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::NoCode
            | Self::UnknownPlaceholder(_)
            | Self::StrayBrace
            | Self::ControlCharacter(_) => true,
            Self::Link(_)
            | Self::NeedlessMark
            | Self::OwnLastLine
            | Self::Segments(_)
            | Self::TooLongForApps(_) => false,
        }
    }
}

/// What is wrong with the words of a wording, whatever is sent with them.
pub(super) fn of_words(wording: &Wording) -> Vec<Flaw> {
    let words = wording.words();
    let mut flaws = Vec::new();
    if words.starts_with("<#>") {
        flaws.push(Flaw::NeedlessMark);
    }
    let text = wording.fill("0000", 0);
    if text.lines().last().is_some_and(|it| it.starts_with('@')) {
        flaws.push(Flaw::OwnLastLine);
        return flaws;
    }
    let link = words.split_whitespace().find(|word| is_link(word));
    flaws.extend(link.map(|it| Flaw::Link(it.to_owned())));
    flaws
}

/// Whether phones show a word as a link: it has a scheme, begins with `www.`, or has a dot between
/// ASCII letters, as in `example.com`.
fn is_link(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let dotted = lower.split_once('.').is_some_and(|(host, rest)| {
        let ending = rest.split(['/', ':', '?']).next().unwrap_or(rest);
        let last = ending.trim_end_matches(['.', ',', '!', ')']);
        let last = last.rsplit('.').next().unwrap_or(last);
        host.ends_with(|it: char| it.is_ascii_alphanumeric())
            && last.len() >= 2
            && last.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    lower.contains("://") || lower.starts_with("www.") || dotted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::template::Template;

    fn flaws(text: &str) -> Vec<Flaw> {
        of_words(Template::parse(text).unwrap().fullest())
    }

    #[test]
    fn links_are_found_and_sentences_are_not_links() {
        for link in [
            "https://a.example/x",
            "www.example",
            "example.com",
            "Example.COM/login?x",
            "shop.example.co.uk.",
            "(example.ir)",
        ] {
            let text = format!("{link} {{code}}");
            assert_eq!(flaws(&text), [Flaw::Link(link.to_owned())], "{link}");
        }
        for sentence in [
            "Valid for {minutes} min. Keep it.",
            "{code}.",
            "کد شما.",
            "1.5",
            "v2.0",
            "a. b",
            "Действует 2 мин.",
            "e.g. x",
        ] {
            assert_eq!(flaws(&format!("{sentence} {{code}}")), [], "{sentence}");
        }
    }

    #[test]
    fn lines_for_machines_are_phonekeys_to_write() {
        assert_eq!(flaws("<#> {code}"), [Flaw::NeedlessMark]);
        assert_eq!(flaws("Code\n\n@example.com #{code}"), [Flaw::OwnLastLine]);
        assert_eq!(flaws("Code {code}\n@home"), [Flaw::OwnLastLine]);
        assert_eq!(flaws("@home\n{code}"), []);
    }
}

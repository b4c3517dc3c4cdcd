//! A template: one text in one or more wordings, with places for a code and for minutes.
//!
//! ```text
//! Your login code:
//! {code}
//! Valid for {minutes} min. Do not give it to anyone.
//! ---
//! Your login code:
//! {code}
//! ```
//!
//! A line of `---` parts two wordings. The fullest comes first; a text message takes the first one
//! that makes the fewest segments, so that a longer last line costs words rather than money.

use super::flaw::Flaw;

/// A template without a flaw that makes it unusable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    fullest: Wording,
    shorter: Vec<Wording>,
}

impl Template {
    /// Reads a template: line breaks of any kind, white space at its ends does not matter.
    ///
    /// # Errors
    /// Every [`Flaw`] that [is a fault](Flaw::is_fault), each with the number of its wording from 1.
    pub fn parse(source: &str) -> Result<Self, Vec<(usize, Flaw)>> {
        let source = source.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
        let (first, others) = parted(&source);
        let mut faults = Vec::new();
        let mut read = |number: usize, text: &str| {
            let wording = Wording::parse(text.trim());
            let noted = |found: Vec<Flaw>| faults.extend(found.into_iter().map(|it| (number, it)));
            wording.map_err(noted).ok()
        };
        let fullest = read(1, first);
        let others = (2..).zip(others);
        let shorter = others
            .filter_map(|(number, text)| read(number, text))
            .collect();
        match fullest {
            Some(fullest) if faults.is_empty() => Ok(Self { fullest, shorter }),
            _ => Err(faults),
        }
    }

    /// The fullest wording.
    #[must_use]
    pub const fn fullest(&self) -> &Wording {
        &self.fullest
    }

    /// All wordings, the fullest first.
    pub fn wordings(&self) -> impl Iterator<Item = &Wording> {
        std::iter::once(&self.fullest).chain(&self.shorter)
    }
}

/// The text before the first line of `---`, and those after each.
fn parted(source: &str) -> (&str, Vec<&str>) {
    let mut ends = Vec::new();
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        if line.trim_end() == SEPARATOR {
            ends.push((at, at + line.len()));
        }
        at += line.len();
    }
    let first = ends.first().map_or(source, |(end, _)| &source[..*end]);
    let stops = ends.iter().skip(1).map(|(end, _)| *end).chain([at]);
    let others = ends
        .iter()
        .zip(stops)
        .map(|((_, start), stop)| &source[*start..stop]);
    (first, others.collect())
}

const SEPARATOR: &str = "---";

/// One wording of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Code,
    Minutes,
}

impl Wording {
    fn parse(text: &str) -> Result<Self, Vec<Flaw>> {
        let mut faults = Vec::new();
        let controls = text.chars().filter(|it| it.is_control() && *it != '\n');
        faults.extend(controls.map(Flaw::ControlCharacter));
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            push_words(&mut parts, &rest[..brace]);
            let from_brace = &rest[brace..];
            let inner = from_brace
                .strip_prefix('{')
                .and_then(|it| it.split_once('}'));
            rest = match inner {
                Some((name, after)) if !name.contains(['{', '\n']) => {
                    match name {
                        "code" => parts.push(Part::Code),
                        "minutes" => parts.push(Part::Minutes),
                        _ => faults.push(Flaw::UnknownPlaceholder(name.to_owned())),
                    }
                    after
                }
                _ => {
                    faults.push(Flaw::StrayBrace);
                    &from_brace[1..]
                }
            };
        }
        push_words(&mut parts, rest);
        if !parts.contains(&Part::Code) {
            faults.push(Flaw::NoCode);
        }
        if faults.is_empty() {
            Ok(Self { parts })
        } else {
            Err(faults)
        }
    }

    /// The text, with these in their places.
    #[must_use]
    pub fn fill(&self, code: &str, minutes: u64) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Code => text.push_str(code),
                Part::Minutes => text.push_str(&minutes.to_string()),
            }
        }
        text
    }

    /// How often it names the code.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| **part == Part::Code)
            .count()
    }

    /// Its words, with a line break for each place: what its author wrote and no more.
    pub(super) fn words(&self) -> String {
        let words = self.parts.iter().map(|part| match part {
            Part::Words(words) => words,
            Part::Code | Part::Minutes => "\n",
        });
        words.collect()
    }
}

fn push_words(parts: &mut Vec<Part>, words: &str) {
    if !words.is_empty() {
        parts.push(Part::Words(words.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(source: &str) -> Vec<String> {
        let template = Template::parse(source).unwrap();
        let wordings = template.wordings();
        wordings.map(|wording| wording.fill("12345", 2)).collect()
    }

    fn faults(source: &str) -> Vec<(usize, Flaw)> {
        Template::parse(source).unwrap_err()
    }

    #[test]
    fn code_and_minutes_stand_in_their_places() {
        assert_eq!(filled("{code} for {minutes}"), ["12345 for 2"]);
        assert_eq!(filled("{code}{code}"), ["1234512345"]);
    }

    #[test]
    fn wordings_are_parted_by_dashes_on_a_line_of_their_own() {
        assert_eq!(filled("a {code}\n---\nb {code}\n"), ["a 12345", "b 12345"]);
        assert_eq!(filled("a --- {code}\n----"), ["a --- 12345\n----"]);
    }

    #[test]
    fn files_of_any_editor_are_read() {
        assert_eq!(
            filled("\u{FEFF}Code:\r\n{code}\r\n--- \r\n{code}\r\n\r\n"),
            ["Code:\n12345", "12345"]
        );
    }

    #[test]
    fn every_fault_is_found_with_its_wording() {
        let placeholder = |name: &str| Flaw::UnknownPlaceholder(name.to_owned());

        assert_eq!(faults(""), [(1, Flaw::NoCode)]);
        assert_eq!(faults("{code}\n---\n"), [(2, Flaw::NoCode)]);
        assert_eq!(
            faults("{Code} {name}\n---\n{code} {"),
            [
                (1, placeholder("Code")),
                (1, placeholder("name")),
                (1, Flaw::NoCode),
                (2, Flaw::StrayBrace),
            ]
        );
        assert_eq!(faults("{code}}"), [(1, Flaw::StrayBrace)]);
        assert_eq!(faults("{{code}"), [(1, Flaw::StrayBrace)]);
        assert_eq!(
            faults("{code}\t\u{7}"),
            [
                (1, Flaw::ControlCharacter('\t')),
                (1, Flaw::ControlCharacter('\u{7}'))
            ]
        );
    }

    proptest! {
        #[test]
        fn what_is_no_template_does_no_harm(source in "[a{}code\n\r\t-]{0,40}|.{0,60}") {
            if let Ok(template) = Template::parse(&source) {
                for wording in template.wordings() {
                    prop_assert!(wording.codes() > 0);
                    let text = wording.fill("12345", 2);
                    let leftover = text.contains(['{', '}', '\t']);
                    prop_assert!(!leftover, "{text:?}");
                }
            }
        }
    }
}

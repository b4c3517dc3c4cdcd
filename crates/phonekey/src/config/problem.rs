//! What is wrong with a configuration: all of it at once, each with its place and what to do.

use std::{error::Error, fmt};

use super::setting::Origin;

/// One thing that is wrong. It never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it was said; `None` when it was said nowhere.
    pub origin: Option<Origin>,
    /// The setting, in full; empty when it is none.
    pub setting: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// Something wrong with the source itself.
    pub fn at(origin: Origin, message: impl Into<String>) -> Self {
        Self {
            origin: Some(origin),
            setting: String::new(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = self.origin.as_ref().filter(|o| **o != Origin::Default) {
            write!(f, "{origin}: ")?;
        }
        if !self.setting.is_empty() {
            write!(f, "{}: ", self.setting)?;
        }
        f.write_str(&self.message)
    }
}

/// All that is wrong, in the order in which it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "the configuration has a problem\n  {only}"),
            all => {
                write!(f, "the configuration has {} problems", all.len())?;
                all.iter()
                    .try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl Error for Problems {}

/// ` (did you mean …?)` for the candidate nearest to `name`, or nothing.
pub(super) fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()) / 3)
        .map(|(_, candidate)| format!(" (did you mean `{candidate}`?)"))
        .unwrap_or_default()
}

/// Edits between two names, of which a name in the wrong section counts as one, and one that goes
/// on where the other ends as two.
fn distance(name: &str, candidate: &str) -> usize {
    let last = |path: &str| path.rsplit('.').next().map(str::to_owned);
    let edits = strsim::damerau_levenshtein(name, candidate);
    if last(name) == last(candidate) {
        return edits.min(1);
    }
    if name.starts_with(candidate) || candidate.starts_with(name) {
        return edits.min(2);
    }
    edits
}

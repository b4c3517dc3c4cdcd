//! How the state of the providers is printed.

use std::collections::{BTreeMap, BTreeSet};

use phonekey_core::{
    delivery::{ProviderName, outcome::SendRefusal},
    route::{
        breaker::Position,
        conversion::Conversion,
        watch::{Fate, SeenHealth, Tally, Trouble},
    },
};
use serde::Serialize;

use super::{
    super::words::{Money, explain, money},
    survey::Survey,
};
use crate::bulletin::SILENCE;

pub(super) const HEADING: [&str; 7] = [
    "provider",
    "breaker",
    "last error",
    "last hour",
    "last 24 hours",
    "right codes",
    "spent today",
];

/// What is known of all providers.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    at: String,
    /// Servers that have told something lately.
    running: usize,
    providers: Vec<Line>,
}

/// What is known of one provider.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    nodes: Vec<Node>,
    last_error: Option<LastError>,
    last_hour: Counts,
    last_24_hours: Counts,
    conversion: Converted,
    spent_today: Vec<Money>,
    #[serde(skip)]
    spent_text: String,
}

/// How one server sees it.
#[derive(Debug, Serialize)]
struct Node {
    name: String,
    seen_at: String,
    /// Whether it has told something lately.
    running: bool,
    /// `closed`, `open` or `half-open`.
    breaker: &'static str,
    /// Until when it is open, or since when it waits for its probe's answer.
    breaker_moment: Option<String>,
    last_error: Option<LastError>,
}

/// What went wrong last.
#[derive(Clone, Debug, Serialize)]
struct LastError {
    at: String,
    /// The name of a refusal; `no_answer` when there was none.
    error: &'static str,
    meaning: &'static str,
}

/// What became of messages.
#[derive(Debug, Serialize)]
struct Counts {
    sent: u64,
    accepted: u64,
    refused: u64,
    unknown: u64,
    pending: u64,
}

/// Messages of the last half hour whose challenges have ended, and those that a right code followed.
#[derive(Debug, Serialize)]
struct Converted {
    sent: u64,
    verified: u64,
}

impl Report {
    /// Of the providers that are configured, and those that were and have left something.
    pub(super) fn of<'n>(
        survey: &'n Survey,
        configured: impl Iterator<Item = &'n ProviderName>,
    ) -> Self {
        let seen = survey.seen.iter().map(|seen| &seen.health.provider);
        let names: BTreeSet<&ProviderName> = configured
            .chain(seen)
            .chain(survey.day.keys())
            .chain(survey.conversions.keys())
            .collect();
        let is_running = |seen: &&SeenHealth| survey.now.since(seen.seen_at) <= SILENCE;
        let running = survey.seen.iter().filter(is_running);
        let running: BTreeSet<&str> = running.map(|seen| seen.node.as_str()).collect();
        Self {
            at: survey.now.to_string(),
            running: running.len(),
            providers: names.iter().map(|name| Line::of(name, survey)).collect(),
        }
    }

    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        self.providers.iter().map(Line::row).collect()
    }

    pub(super) fn summary(&self) -> String {
        match self.running {
            0 => "no server has told how its providers do in the last minutes".to_owned(),
            1 => "1 server".to_owned(),
            count => format!("{count} servers"),
        }
    }
}

impl Line {
    fn of(name: &ProviderName, survey: &Survey) -> Self {
        let mut seen: Vec<&SeenHealth> = survey
            .seen
            .iter()
            .filter(|seen| seen.health.provider == *name)
            .collect();
        seen.sort_by_key(|seen| &seen.node);
        let troubles = seen.iter().filter_map(|seen| seen.health.last_trouble);
        let last = troubles.max_by_key(|trouble| trouble.at);
        let today = survey.today.get(name);
        let spent = || today.into_iter().flat_map(Tally::spend);
        let texts: Vec<String> = spent().map(|cost| money(&cost)).collect();
        Self {
            name: name.to_string(),
            nodes: seen.iter().map(|seen| Node::of(seen, survey)).collect(),
            last_error: last.map(LastError::of),
            last_hour: Counts::of(&survey.hour, name),
            last_24_hours: Counts::of(&survey.day, name),
            conversion: Converted::of(survey.conversions.get(name).copied()),
            spent_today: spent().map(|cost| Money::from(&cost)).collect(),
            spent_text: texts.join(", "),
        }
    }

    fn row(&self) -> Vec<String> {
        let error = self.last_error.as_ref();
        let error = error.map(|error| format!("{}, {}", error.error, error.at));
        vec![
            self.name.clone(),
            self.breaker(),
            error.unwrap_or_default(),
            self.last_hour.text(),
            self.last_24_hours.text(),
            self.conversion.text(),
            self.spent_text.clone(),
        ]
    }

    /// Of the servers that run.
    fn breaker(&self) -> String {
        let running: Vec<&Node> = self.nodes.iter().filter(|node| node.running).collect();
        let mut not_closed = running.iter().filter(|node| node.breaker != CLOSED);
        match (running.len(), not_closed.next()) {
            (0, _) => String::new(),
            (_, None) => CLOSED.to_owned(),
            (1, Some(node)) => node.breaker(),
            (all, Some(first)) => {
                let count = 1 + not_closed.count();
                format!(
                    "{} on {}, {count} of {all} not closed",
                    first.breaker(),
                    first.name
                )
            }
        }
    }
}

const CLOSED: &str = Position::Closed.name();

impl Node {
    fn of(seen: &SeenHealth, survey: &Survey) -> Self {
        let position = seen.health.position;
        Self {
            name: seen.node.to_string(),
            seen_at: seen.seen_at.to_string(),
            running: survey.now.since(seen.seen_at) <= SILENCE,
            breaker: position.name(),
            breaker_moment: position.moment().map(|moment| moment.to_string()),
            last_error: seen.health.last_trouble.map(LastError::of),
        }
    }

    fn breaker(&self) -> String {
        match &self.breaker_moment {
            Some(moment) if self.breaker == "open" => format!("open until {moment}"),
            Some(moment) => format!("{} since {moment}", self.breaker),
            None => self.breaker.to_owned(),
        }
    }
}

impl LastError {
    fn of(trouble: Trouble) -> Self {
        let (error, meaning) = match trouble.refusal {
            Some(refusal) => (SendRefusal::name(refusal), explain(refusal).meaning),
            None => ("no_answer", "the provider did not say in time what it did"),
        };
        Self {
            at: trouble.at.to_string(),
            error,
            meaning,
        }
    }
}

impl Counts {
    fn of(tallies: &BTreeMap<ProviderName, Tally>, name: &ProviderName) -> Self {
        let count = |fate| tallies.get(name).map_or(0, |tally| tally.count(fate));
        Self {
            sent: tallies.get(name).map_or(0, Tally::sends),
            accepted: count(Fate::Accepted),
            refused: count(Fate::Refused),
            unknown: count(Fate::Unknown),
            pending: count(Fate::Pending),
        }
    }

    /// Such as `12: 10 taken, 2 refused`.
    fn text(&self) -> String {
        let parts = [
            (self.accepted, "taken"),
            (self.refused, "refused"),
            (self.unknown, "unknown"),
            (self.pending, "under way"),
        ];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, of)| format!("{count} {of}")).collect();
        match self.sent {
            0 => "0".to_owned(),
            sent => format!("{sent}: {}", parts.join(", ")),
        }
    }
}

impl Converted {
    fn of(conversion: Option<Conversion>) -> Self {
        let Conversion { sent, verified } = conversion.unwrap_or_default();
        Self { sent, verified }
    }

    fn text(&self) -> String {
        match (self.verified * 100).checked_div(self.sent) {
            None => String::new(),
            Some(percent) => format!("{percent} % ({} of {})", self.verified, self.sent),
        }
    }
}

#[cfg(test)]
mod tests;

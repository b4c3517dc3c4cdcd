//! `phonekey provider`: looks at who may carry messages.

use clap::{Args, Subcommand};
use phonekey_core::{
    delivery::{ProviderName, follow_up::ReportsBy},
    route::table::RouteRule,
};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    assembly::{self, ReportSources},
    config::{
        Config,
        delivery::provider::{KNOWN, Known, Reach},
    },
    output::Output,
};

/// What to do with providers.
#[derive(Debug, Subcommand)]
pub(super) enum Subject {
    /// List every provider that there is, and what your configuration makes of it
    List(List),
}

/// See [`Subject::List`].
#[derive(Debug, Args)]
pub(super) struct List {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    subject: &Subject,
    config: &Config,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let Subject::List(arguments) = subject;
    let reporting = assembly::report_sources(config)?;
    let listed = KNOWN
        .iter()
        .map(|known| Listed::of(known, config, &reporting));
    let listed: Vec<Listed> = listed.collect();
    if arguments.json {
        return Ok(output.json(&listed)?);
    }
    let rows: Vec<Vec<String>> = listed.into_iter().map(Listed::row).collect();
    Ok(output.rows(&HEADING, &rows)?)
}

const HEADING: [&str; 7] = [
    "provider",
    "channels",
    "for",
    "configured",
    "carries to",
    "reports",
    "page",
];

/// A provider, as it is printed.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    channels: Vec<&'static str>,
    #[serde(rename = "for")]
    reach: &'static str,
    configured: bool,
    /// The rules that use it, by their numbers.
    carries_to: Vec<String>,
    /// How it does as it is configured; `None` if it is not.
    reports: Option<&'static str>,
    /// How it could.
    could_report: &'static str,
    page: String,
}

impl Listed {
    fn of(known: &Known, config: &Config, reporting: &ReportSources) -> Self {
        let delivery = &config.delivery;
        let name = ProviderName::new(known.name);
        let rules = delivery.table.rules().iter();
        let by_it = rules.filter(|rule| uses(rule, &name));
        Self {
            name: known.name,
            channels: known.channels.iter().map(|it| it.name()).collect(),
            reach: match known.reach {
                Reach::People => "people",
                Reach::Operator => "development",
            },
            configured: delivery.providers.contains_key(&name)
                || delivery.unused.contains_key(&name),
            carries_to: by_it.map(|rule| rule.scope.to_string()).collect(),
            reports: reporting.get(&name).copied().map(told),
            could_report: told(known.reports),
            page: known.page(),
        }
    }

    fn row(self) -> Vec<String> {
        let configured = if self.configured { "yes" } else { "no" };
        let reports = match self.reports {
            Some(reports) if reports != self.could_report => {
                format!("{reports} (could: {})", self.could_report)
            }
            _ => self.could_report.to_owned(),
        };
        vec![
            self.name.to_owned(),
            self.channels.join(", "),
            self.reach.to_owned(),
            configured.to_owned(),
            self.carries_to.join(", "),
            reports,
            self.page,
        ]
    }
}

const fn told(reports: ReportsBy) -> &'static str {
    match reports {
        ReportsBy::Nothing => "nothing",
        ReportsBy::Callback => "by callback",
        ReportsBy::Polling => "when asked",
        ReportsBy::Session => "over its session",
    }
}

fn uses(rule: &RouteRule, provider: &ProviderName) -> bool {
    let mut hops = rule.hops.iter().chain(&rule.on_request);
    hops.any(|hop| hop.provider == *provider)
}

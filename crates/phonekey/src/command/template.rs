//! `phonekey template`: looks at the texts of messages.

use std::{io, path::PathBuf};

use anyhow::anyhow;
use clap::{Args, Subcommand};
use phonekey_core::delivery::Channel;
use phonekey_delivery::text::{
    check::{self, Finding, Length, Origin, Size},
    folder::{FileProblem, Unreadable},
};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    config::{Config, source::Sources},
    output::{Audience, Output, note},
};

/// What to do with the texts of messages.
#[derive(Debug, Subcommand)]
pub(super) enum Subject {
    /// Print every text with what it costs, and what is wrong with it
    ///
    /// Ends with 1 when a text cannot be used.
    Check(Check),
}

/// See [`Subject::Check`].
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The folder of your own texts [default: messages.folder]
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    subject: &Subject,
    sources: &Sources,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let Subject::Check(arguments) = subject;
    let terms = Config::load_text_terms(sources)?;
    let folder = arguments.folder.as_ref().or(terms.folder.as_ref());
    let findings = check::check(folder.map(PathBuf::as_path), &terms.longest).map_err(unread)?;
    let checked: Vec<Checked> = findings.iter().map(Checked::of).collect();
    if arguments.json {
        output.json(&checked)?;
    } else {
        let rows: Vec<Vec<String>> = checked.iter().map(Checked::row).collect();
        output.rows(&HEADING, &rows)?;
        if output.audience() == Audience::Person {
            note(summary(&checked));
        }
    }
    if count(&checked, Level::Error) > 0 {
        return Err(Failure::Reported);
    }
    Ok(())
}

fn unread(unreadable: Unreadable) -> Failure {
    if unreadable.source.kind() == io::ErrorKind::NotFound {
        return Failure::NotFound(format!("there is no {}", unreadable.path.display()));
    }
    Failure::from(anyhow!(unreadable))
}

const HEADING: [&str; 8] = [
    "file",
    "language",
    "channel",
    "from",
    "segments",
    "with the site",
    "with an app",
    "findings",
];

/// A text, as it is printed.
#[derive(Serialize)]
struct Checked {
    file: String,
    language: Option<String>,
    /// `None` for all that have no text of their own.
    channel: Option<&'static str>,
    from: &'static str,
    #[serde(flatten)]
    size: Option<Sizes>,
    findings: Vec<Noted>,
}

#[derive(Serialize)]
struct Sizes {
    alone: Measured,
    with_site: Option<Measured>,
    with_app_hash: Option<Measured>,
}

#[derive(Serialize)]
struct Measured {
    segments: usize,
    alphabet: &'static str,
    units: usize,
}

#[derive(Serialize)]
struct Noted {
    level: Level,
    message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    /// The text cannot be used.
    Error,
    /// It can, but costs more than it should, or does not do all that it could.
    Warning,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Checked {
    fn of(finding: &Finding) -> Self {
        let scope = finding.scope.as_ref();
        let channel = scope.and_then(|scope| scope.channel);
        Self {
            file: finding.file.clone(),
            language: scope.map(|scope| scope.language.clone()),
            channel: channel.map(Channel::name),
            from: match finding.origin {
                Origin::Shipped => "phonekey",
                Origin::Folder => "folder",
            },
            size: finding.size.map(Sizes::of),
            findings: finding.problems.iter().map(Noted::of).collect(),
        }
    }

    fn row(&self) -> Vec<String> {
        let channel = match (&self.language, self.channel) {
            (None, _) => "",
            (Some(_), None) => "all",
            (Some(_), Some(channel)) => channel,
        };
        let size = self.size.as_ref();
        let measured = |measured: Option<&Measured>| measured.map(Measured::text);
        let findings: Vec<String> = self.findings.iter().map(Noted::text).collect();
        vec![
            self.file.clone(),
            self.language.clone().unwrap_or_default(),
            channel.to_owned(),
            self.from.to_owned(),
            measured(size.map(|size| &size.alone)).unwrap_or_default(),
            measured(size.and_then(|size| size.with_site.as_ref())).unwrap_or_default(),
            measured(size.and_then(|size| size.with_app_hash.as_ref())).unwrap_or_default(),
            findings.join("; "),
        ]
    }
}

impl Sizes {
    fn of(size: Size) -> Self {
        Self {
            alone: Measured::of(size.plain),
            with_site: size.with_last_line.map(Measured::of),
            with_app_hash: size.with_app_hash.map(Measured::of),
        }
    }
}

impl Measured {
    fn of(length: Length) -> Self {
        Self {
            segments: length.segments,
            alphabet: length.encoding.name(),
            units: length.units,
        }
    }

    fn text(&self) -> String {
        format!("{} ({} {})", self.segments, self.alphabet, self.units)
    }
}

impl Noted {
    fn of(problem: &FileProblem) -> Self {
        Self {
            level: if problem.is_fault() {
                Level::Error
            } else {
                Level::Warning
            },
            message: problem.to_string(),
        }
    }

    fn text(&self) -> String {
        format!("{}: {}", self.level.name(), self.message)
    }
}

fn count(checked: &[Checked], level: Level) -> usize {
    let noted = checked.iter().flat_map(|checked| &checked.findings);
    noted.filter(|noted| noted.level == level).count()
}

fn summary(checked: &[Checked]) -> String {
    format!(
        "{} texts, {} errors, {} warnings",
        checked.len(),
        count(checked, Level::Error),
        count(checked, Level::Warning)
    )
}

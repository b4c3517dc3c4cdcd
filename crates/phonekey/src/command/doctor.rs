//! `phonekey doctor`: looks at the set-up as it is, and says what is wrong or weak.

use std::fmt;

use clap::Args;
use phonekey_core::time::{Clock, SystemClock, Timestamp};
use serde::Serialize;

use super::{block_on, failure::Failure};
use crate::{
    assembly,
    config::{
        Config, database::DatabaseConfig, secret::SecretSource, source::Sources, weakness::Weakness,
    },
    output::{Audience, Output},
};
use phonekey_store::DatabaseUrl;

/// How to report.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it is.
    pub verdict: Verdict,
    /// What it is about.
    pub subject: &'static str,
    /// What was found.
    pub message: String,
    /// What to do, if anything.
    pub advice: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Allowed, but weak.
    Warn,
    /// The server does not start, or must not be used like this.
    Bad,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "BAD",
        })
    }
}

impl Finding {
    fn ok(subject: &'static str, message: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Ok,
            subject,
            message: message.into(),
            advice: None,
        }
    }

    fn warn(subject: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warn,
            advice: Some(advice.into()),
            ..Self::ok(subject, message)
        }
    }

    fn bad(subject: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::warn(subject, message, advice)
        }
    }
}

pub(super) fn run(
    arguments: &Arguments,
    sources: &Sources,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let findings = examine(sources, SystemClock.now())?;
    if arguments.json {
        output.json(&findings)?;
    } else {
        report(&findings, output)?;
    }
    let is_bad = |finding: &Finding| finding.verdict == Verdict::Bad;
    if findings.iter().any(is_bad) {
        Err(Failure::Reported)
    } else {
        Ok(())
    }
}

fn report(findings: &[Finding], output: &mut Output<'_>) -> Result<(), Failure> {
    for finding in findings {
        let Finding {
            verdict,
            subject,
            message,
            advice,
        } = finding;
        match (output.audience(), advice) {
            (Audience::Program, advice) => {
                let advice = advice.as_deref().unwrap_or_default();
                output.line(format_args!("{verdict}\t{subject}\t{message}\t{advice}"))?;
            }
            (Audience::Person, advice) => {
                output.line(format_args!(
                    "{:<5} {subject}: {message}",
                    verdict.to_string()
                ))?;
                if let Some(advice) = advice {
                    output.line(format_args!("      → {advice}"))?;
                }
            }
        }
    }
    Ok(())
}

/// Looks at everything. Changes nothing: it makes neither a secret nor a database.
///
/// # Errors
/// When no runtime can be started to reach the database.
pub fn examine(sources: &Sources, now: Timestamp) -> Result<Vec<Finding>, Failure> {
    let mut findings = vec![examine_clock(now)];
    let config = match Config::load(sources) {
        Ok(config) => config,
        Err(problems) => {
            findings.extend(problems.0.iter().map(|problem| {
                let advice = "`phonekey config reference` explains every setting";
                Finding::bad("configuration", problem.to_string(), advice)
            }));
            return Ok(findings);
        }
    };
    let from = config.file.as_ref().map_or_else(
        || "complete, from no file".to_owned(),
        |file| format!("complete, from {}", file.path.display()),
    );
    findings.push(Finding::ok("configuration", from));
    findings.push(examine_secret(&config.secret.current));
    findings.push(block_on(async {
        Ok(examine_database(&config.database).await)
    })?);
    findings.push(examine_address(&config));
    findings.extend(examine_rules(&config, now));
    Ok(findings)
}

/// No machine that runs this version has an earlier date: 2026-11-01.
const EARLIEST_NOW: Timestamp = Timestamp::from_seconds(1_793_491_200);

fn examine_clock(now: Timestamp) -> Finding {
    if now < EARLIEST_NOW {
        let message = format!("says {now}, which is before this version was made");
        let advice = "set it by NTP: codes and tokens live by it";
        return Finding::bad("clock", message, advice);
    }
    Finding::ok("clock", format!("says {now}"))
}

fn examine_secret(source: &SecretSource) -> Finding {
    match (source, source.existing()) {
        (SecretSource::Configured(_), _) => Finding::ok("secret", "configured, and strong"),
        (SecretSource::DataFolder(path), Ok(Some(_))) => Finding::ok(
            "secret",
            format!("{} is private and strong; back it up", path.display()),
        ),
        (SecretSource::DataFolder(path), Ok(None)) => Finding::ok(
            "secret",
            format!("the first start makes one in {}", path.display()),
        ),
        (SecretSource::DataFolder(path), Err(error)) => Finding::bad(
            "secret",
            error.to_string(),
            format!("{} must be private, whole and ours", path.display()),
        ),
    }
}

async fn examine_database(database: &DatabaseConfig) -> Finding {
    let url = &database.url;
    let is_sqlite = match url {
        DatabaseUrl::Sqlite(path) if !path.exists() => {
            let path = path.display();
            return Finding::ok("database", format!("the first start makes {path}"));
        }
        DatabaseUrl::Sqlite(_) => true,
        DatabaseUrl::Postgres(_) => false,
    };
    let unreachable = |error: &anyhow::Error| {
        let message = format!("{url}: {error:#}");
        Finding::bad("database", message, "check database.url and that it runs")
    };
    match assembly::pending_migrations(database).await {
        Err(error) => return unreachable(&error),
        Ok(pending) if pending.is_empty() => {}
        Ok(pending) => {
            let message = format!("{url} lacks {} migrations", pending.len());
            return if is_sqlite {
                Finding::warn("database", message, "the next start runs them")
            } else {
                Finding::bad("database", message, "run `phonekey migrate`")
            };
        }
    }
    let checked = match assembly::open_store(database).await {
        Ok(store) => store.check().await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => Finding::ok("database", format!("{url} answers, its schema is current")),
        Err(error) => unreachable(&error),
    }
}

fn examine_address(config: &Config) -> Finding {
    let listen = config.http.listen;
    if config.http.is_local() {
        return Finding::ok("address", format!("{listen}, for this machine alone"));
    }
    let message = format!("{listen}, over plain HTTP; a proxy in front must speak HTTPS");
    Finding::ok("address", message)
}

fn examine_rules(config: &Config, now: Timestamp) -> Vec<Finding> {
    let weaknesses = config.weaknesses(now);
    let mut findings = Vec::new();
    let digits = config.policy.challenge.code_length.get();
    if digits >= 6 {
        findings.push(Finding::ok("codes", format!("{digits} digits")));
    }
    for rule in config.delivery.table.rules() {
        let hops: Vec<String> = rule.hops.iter().map(ToString::to_string).collect();
        let message = format!("{} by {}", rule.scope, hops.join(", then "));
        findings.push(Finding::ok("delivery", message));
    }
    findings.extend(weaknesses.iter().map(|weakness| Finding {
        verdict: verdict_on(weakness),
        ..Finding::warn(
            subject_of(weakness),
            weakness.to_string(),
            weakness.advice(),
        )
    }));
    findings
}

const fn verdict_on(weakness: &Weakness) -> Verdict {
    match weakness {
        Weakness::DevelopmentAnywhere | Weakness::LimitsOff | Weakness::PublicConfigFile { .. } => {
            Verdict::Bad
        }
        Weakness::ShortCode { .. }
        | Weakness::DevelopmentProvider(_)
        | Weakness::TestNumbers { .. }
        | Weakness::NoNetworkLimits
        | Weakness::EveryRegion
        | Weakness::EndlessSessions
        | Weakness::DjangoInsecureSecret
        | Weakness::OpenSmpp { .. }
        | Weakness::Text { .. } => Verdict::Warn,
    }
}

const fn subject_of(weakness: &Weakness) -> &'static str {
    match weakness {
        Weakness::ShortCode { .. } => "codes",
        Weakness::DevelopmentProvider(_) | Weakness::OpenSmpp { .. } => "delivery",
        Weakness::DevelopmentAnywhere => "address",
        Weakness::TestNumbers { .. } => "test numbers",
        Weakness::LimitsOff | Weakness::NoNetworkLimits => "limits",
        Weakness::EveryRegion => "numbers",
        Weakness::EndlessSessions => "sessions",
        Weakness::DjangoInsecureSecret => "tokens",
        Weakness::Text { .. } => "texts",
        Weakness::PublicConfigFile { .. } => "configuration",
    }
}

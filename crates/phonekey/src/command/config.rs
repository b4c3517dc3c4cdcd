//! `phonekey config`.

use clap::{Args, Subcommand};
use phonekey_core::time::{Clock, SystemClock};

use super::failure::Failure;
use crate::{
    config::{Config, document, effective::effective, source::Sources},
    output::Output,
};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum Subject {
    /// Say whether the server would start with it, and list all problems if not
    Check,
    /// Print every setting in force and who said it; secrets are hidden
    Show(Show),
    /// Print a file with every setting and its default
    Example,
    /// Print the reference page, in Markdown
    Reference,
}

/// See [`Subject::Show`].
#[derive(Debug, Args)]
pub struct Show {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    subject: &Subject,
    sources: &Sources,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match subject {
        Subject::Check => check(sources, output),
        Subject::Show(arguments) => show(arguments, sources, output),
        Subject::Example => Ok(output.text(document::example())?),
        Subject::Reference => Ok(output.text(document::reference())?),
    }
}

fn check(sources: &Sources, output: &mut Output<'_>) -> Result<(), Failure> {
    let config = Config::load(sources)?;
    let existing = config.secret.current.existing();
    existing.map_err(anyhow::Error::from)?;
    let from = config.file.as_ref().map_or_else(
        || "no file, so the environment and the defaults".to_owned(),
        |file| file.path.display().to_string(),
    );
    output.line(format_args!("the configuration is complete ({from})"))?;
    for weakness in config.weaknesses(SystemClock.now()) {
        output.line(format_args!("weak: {weakness}; {}", weakness.advice()))?;
    }
    Ok(())
}

fn show(arguments: &Show, sources: &Sources, output: &mut Output<'_>) -> Result<(), Failure> {
    Config::load(sources)?;
    let settings = effective(sources);
    if arguments.json {
        return Ok(output.json(&settings)?);
    }
    let rows: Vec<Vec<String>> = settings
        .into_iter()
        .map(|one| {
            let value = one.value.unwrap_or_else(|| "(none)".to_owned());
            vec![one.setting, value, one.origin]
        })
        .collect();
    Ok(output.rows(&["setting", "value", "said by"], &rows)?)
}

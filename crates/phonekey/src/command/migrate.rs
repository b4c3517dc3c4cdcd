//! `phonekey migrate`.

use clap::Args;

use super::{block_on, failure::Failure};
use crate::{assembly, config::Config, output::Output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Change nothing; print the migrations that are missing, and end with 1 if there are any
    #[arg(long)]
    check: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    config: &Config,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let database = &config.database;
    if arguments.check {
        let pending = block_on(async { Ok(assembly::pending_migrations(database).await?) })?;
        for name in &pending {
            output.line(format_args!("pending: {name}"))?;
        }
        if !pending.is_empty() {
            return Err(Failure::Reported);
        }
    } else {
        let done = block_on(async { Ok(assembly::migrate(database).await?) })?;
        for name in done {
            output.line(format_args!("done: {name}"))?;
        }
    }
    let url = &database.url;
    Ok(output.line(format_args!("the schema of {url} is this version's"))?)
}

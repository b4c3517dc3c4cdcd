//! Load generator for servers of the compatible wire: phonekey, the Django project, and a bare
//! handler to measure both against.
//!
//! Without a subcommand it puts load on a server ([`flow`]); each subcommand has a file of its
//! own ([`baseline`], [`insert_floor`]). See `docs/performance.md` for what is measured with it.

mod arrivals;
mod baseline;
mod cli;
mod client;
mod clock;
mod codes;
mod compare;
mod drive;
mod failure;
mod figures;
mod flow;
mod http;
mod insert_floor;
mod numbers;
mod report;
mod site;
mod tally;
mod target;
mod wire;

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser};
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Cli, Command, Load};
use crate::numbers::Numbers;
use crate::site::Site;

fn main() -> Result<()> {
    let cli = Cli::parse();
    match (&cli.command, &cli.load) {
        (Some(Command::Baseline(arguments)), _) => {
            Runtime::new()?.block_on(baseline::serve(arguments))
        }
        (Some(Command::InsertFloor(arguments)), _) => {
            let common = &arguments.common;
            let figures = generator(common.threads)?.block_on(insert_floor::run(arguments))?;
            if common.json {
                return report::json(&figures);
            }
            report::figures(&figures);
            Ok(())
        }
        (None, Some(load)) => generator(load.common.threads)?.block_on(put_load(load)),
        (None, None) => Cli::command().print_help().context("cannot print the help"),
    }
}

async fn put_load(load: &Load) -> Result<()> {
    let plan = load.plan();
    let numbers = Arc::new(Numbers::random()?);
    let site = Site::open(&load.target, &load.codes).await?;
    let Some(compare_url) = &load.compare else {
        let figures = compare::measure(&plan, &site, &numbers).await?;
        if load.common.json {
            return report::json(&figures);
        }
        report::figures(&figures);
        return Ok(());
    };

    let compared = Site::open(compare_url, &load.compare_codes).await?;
    let comparison = compare::run(&plan, &site, &compared, load.rounds.get(), &numbers).await?;
    if load.common.json {
        return report::json(&comparison);
    }
    report::comparison(&comparison);
    Ok(())
}

/// The runtime of a generator. With one thread it needs no locks and no wake-ups of its own.
fn generator(threads: NonZeroUsize) -> Result<Runtime> {
    let mut builder = match threads.get() {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder
        .worker_threads(threads.get())
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

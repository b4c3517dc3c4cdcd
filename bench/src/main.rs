//! Load generator for servers of the compatible wire: phonekey, the Django project, and a bare
//! handler to measure both against.
//!
//! Without a subcommand it puts load on a server ([`flow`]); each subcommand has a file of its
//! own ([`baseline`], [`insert_floor`], [`fill`], [`start`], [`slow_provider`]). See `docs/performance.md` for what is
//! measured with it.

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
mod fill;
mod flow;
mod http;
mod insert_floor;
mod numbers;
mod permutation;
mod process;
mod rate;
mod report;
mod site;
mod slow_provider;
mod start;
mod subject;
mod tally;
mod target;
mod wire;

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser};
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Cli, Command, Common, InsertFloor, Load};
use crate::flow::Plan;
use crate::insert_floor::Floor;
use crate::numbers::Numbers;
use crate::site::Site;
use crate::subject::Subject;

fn main() -> Result<()> {
    let cli = Cli::parse();
    match (&cli.command, &cli.load) {
        (Some(Command::Baseline(arguments)), _) => {
            Runtime::new()?.block_on(baseline::serve(arguments))
        }
        (Some(Command::InsertFloor(arguments)), _) => {
            generator(arguments.common.threads)?.block_on(insert(arguments))
        }
        (Some(Command::Fill(arguments)), _) => {
            let filled = generator(NonZeroUsize::MIN)?.block_on(fill::run(arguments))?;
            if arguments.json {
                return report::json(&filled);
            }
            report::filled(&filled);
            Ok(())
        }
        (Some(Command::Start(arguments)), _) => {
            let starts = generator(NonZeroUsize::MIN)?.block_on(start::run(arguments))?;
            if arguments.json {
                return report::json(&starts);
            }
            report::starts(&starts);
            Ok(())
        }
        (Some(Command::SlowProvider(arguments)), _) => {
            let measured = generator(NonZeroUsize::MIN)?.block_on(slow_provider::run(arguments))?;
            if arguments.json {
                return report::json(&measured);
            }
            report::slow_provider(&measured);
            Ok(())
        }
        (None, Some(load)) => generator(load.common.threads)?.block_on(put_load(load)),
        (None, None) => Cli::command().print_help().context("cannot print the help"),
    }
}

async fn put_load(load: &Load) -> Result<()> {
    let numbers = Arc::new(Numbers::random()?);
    let server = async |url, codes| -> Result<Subject> {
        Ok(Subject::Server {
            site: Site::open(url, codes).await?,
            flow: load.flow,
            numbers: Arc::clone(&numbers),
        })
    };
    let target = server(&load.target, &load.codes).await?;
    let compared = match (&load.compare, &load.compare_insert_floor) {
        (Some(url), _) => Some(server(url, &load.compare_codes).await?),
        (None, Some(path)) => Some(Subject::InsertFloor(Floor::at(path.clone()))),
        (None, None) => None,
    };
    measure(&target, compared.as_ref(), load.rounds, &load.common).await
}

async fn insert(arguments: &InsertFloor) -> Result<()> {
    let subject = Subject::InsertFloor(arguments.floor());
    measure(&subject, None, NonZeroUsize::MIN, &arguments.common).await
}

/// Measures one subject, or two in turn, and reports.
async fn measure(
    target: &Subject,
    compared: Option<&Subject>,
    rounds: NonZeroUsize,
    common: &Common,
) -> Result<()> {
    let plan = common.plan();
    let pace = target.pace(common.rate, &plan).await?;
    let plan = Plan { pace, ..plan };
    let Some(compared) = compared else {
        let figures = target.measure(&plan).await?;
        if common.json {
            return report::json(&figures);
        }
        report::figures(&figures);
        return Ok(());
    };
    let comparison = compare::run(&plan, target, compared, rounds.get()).await?;
    if common.json {
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

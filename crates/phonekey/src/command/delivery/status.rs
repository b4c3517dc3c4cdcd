//! `phonekey delivery status`.

mod survey;
mod view;

use clap::Args;
use phonekey_core::{
    delivery::ProviderName,
    time::{Clock, SystemClock},
};

use self::{
    survey::Survey,
    view::{HEADING, Report},
};
use super::super::{block_on, failure::Failure, require_database};
use crate::{
    assembly,
    config::{
        Config,
        delivery::provider::{Known, Reach},
    },
    output::{Audience, Output, note},
};

/// How to print it.
#[derive(Debug, Args)]
pub(in crate::command) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    config: &Config,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    require_database(&config.database)?;
    let survey = block_on(async {
        let store = assembly::open_store(&config.database).await?;
        Ok(Survey::take(&*store, SystemClock.now()).await?)
    })?;
    let report = Report::of(&survey, configured(config));
    if arguments.json {
        return Ok(output.json(&report)?);
    }
    output.rows(&HEADING, &report.rows())?;
    if output.audience() == Audience::Person {
        note(report.summary());
    }
    Ok(())
}

/// The providers that a route uses, and those for people that none does. Those for development need
/// no settings, so they tell nothing of what the operator wants.
fn configured(config: &Config) -> impl Iterator<Item = &ProviderName> {
    let unused = config.delivery.unused.keys().filter(|name| {
        let known = Known::find(name.as_str());
        known.is_some_and(|known| known.reach == Reach::People)
    });
    config.delivery.providers.keys().chain(unused)
}

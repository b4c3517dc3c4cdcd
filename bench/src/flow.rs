//! The flows that can be measured, and what all of them are told.

mod create;
mod full;
mod pile;
mod refresh;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::arrivals::Pace;
use crate::client::Client;
use crate::drive::Measured;
use crate::numbers::Numbers;
use crate::site::Site;
use crate::tally::{Step, Tally};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Flow {
    /// Codes asked for, each for a number that has not been seen before.
    Create,
    /// Right codes answered, each the first login of its number; challenges are made beforehand.
    Verify,
    /// Refresh tokens exchanged, one session for each connection.
    Refresh,
    /// Whole logins: create, verify, refresh.
    Full,
}

impl Flow {
    /// The step whose throughput is the flow's.
    pub(crate) fn measures(self) -> Step {
        match self {
            Self::Create => Step::Create,
            Self::Verify => Step::Verify,
            Self::Refresh => Step::Refresh,
            Self::Full => Step::Login,
        }
    }
}

/// One measurement as it was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many connections are open at once.
    pub(crate) connections: usize,
    /// How long is measured, without warm-up and preparation.
    pub(crate) lasts: Duration,
    /// How long the same is done beforehand without counting.
    pub(crate) warm_up: Duration,
    /// How often requests begin.
    pub(crate) pace: Pace,
}

/// One measurement as it came out.
pub(crate) struct Outcome {
    /// What was counted.
    pub(crate) tally: Tally,
    /// How long was measured.
    pub(crate) elapsed: Duration,
    /// Requests that were due and could not be sent.
    pub(crate) unsent: u64,
}

impl<W> From<Measured<W>> for Outcome {
    fn from(measured: Measured<W>) -> Self {
        Self {
            tally: measured.tally,
            elapsed: measured.elapsed,
            unsent: measured.unsent,
        }
    }
}

/// Measures.
pub(crate) async fn run(
    flow: Flow,
    plan: &Plan,
    site: &Arc<Site>,
    numbers: &Arc<Numbers>,
) -> Result<Outcome> {
    let clients = (0..plan.connections).map(|_| Client::of(site)).collect();
    match flow {
        Flow::Create => create::run(plan, clients, numbers).await,
        Flow::Verify => verify::run(plan, clients, numbers).await,
        Flow::Refresh => refresh::run(plan, clients, numbers).await,
        Flow::Full => full::run(plan, clients, numbers).await,
    }
}

#[cfg(test)]
mod tests;

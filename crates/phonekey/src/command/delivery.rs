//! `phonekey delivery`: whether messages get through.

mod send_test;
mod status;
mod step;
mod words;

use clap::Subcommand;

use super::failure::Failure;
use crate::{config::Config, output::Output};

/// What to do with deliveries.
#[derive(Debug, Subcommand)]
pub(super) enum Subject {
    /// Send a test message, and tell what each provider makes of it
    ///
    /// It goes as a server would send it, to the next provider where one refuses. Its code is made
    /// up and opens nothing. No database is needed, and nothing is written to one.
    ///
    /// Ends with 0 if a provider took the message, else with 1.
    SendTest(send_test::Arguments),
    /// Print how each provider does
    ///
    /// Breakers and last errors are what the servers last wrote into the database, once a minute at
    /// least; days and costs are counted in UTC.
    Status(status::Arguments),
}

pub(super) fn run(
    subject: &Subject,
    config: &Config,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match subject {
        Subject::SendTest(arguments) => send_test::run(arguments, config, output),
        Subject::Status(arguments) => status::run(arguments, config, output),
    }
}

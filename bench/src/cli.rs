//! The command line.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::arrivals::Pace;
use crate::codes::CodesPlace;
use crate::flow::{Flow, Plan};
use crate::target::TargetUrl;

/// Load generator for servers of the compatible wire
/// (POST /api/auth/otp/{create,verify,refresh}/).
#[derive(Debug, Parser)]
#[command(name = "phonekey-bench", version)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Cli {
    /// Anything but a load.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// A load, without a subcommand.
    #[command(flatten)]
    pub(crate) load: Option<Load>,
}

/// Puts load on a server and measures its answers.
#[derive(Debug, Args)]
// clap puts no member into the group of a struct with a flattened one, and a group without
// members is never present.
#[group(args = ["target"])]
pub(crate) struct Load {
    /// The server, such as <http://127.0.0.1:8000>.
    #[arg(long, value_name = "URL")]
    pub(crate) target: TargetUrl,
    /// What to measure.
    #[arg(long, value_enum)]
    flow: Flow,
    /// Where the target's codes are read: `inbox`, `file:PATH` (its file sender),
    /// `django-sqlite:PATH` or `fixed:CODE`.
    #[arg(long, value_name = "PLACE", default_value = "inbox")]
    pub(crate) codes: CodesPlace,
    /// A second server, measured in turn with the first.
    #[arg(long, value_name = "URL2")]
    pub(crate) compare: Option<TargetUrl>,
    /// Where the second server's codes are read.
    #[arg(
        long,
        value_name = "PLACE",
        default_value = "inbox",
        requires = "compare"
    )]
    pub(crate) compare_codes: CodesPlace,
    /// How often both servers are measured.
    #[arg(long, default_value = "3", requires = "compare")]
    pub(crate) rounds: NonZeroUsize,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What every measurement is told.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// How long to measure.
    #[arg(long, value_name = "N", default_value = "10")]
    seconds: NonZeroU32,
    /// How many connections to hold open.
    #[arg(long, value_name = "N", default_value = "64")]
    connections: NonZeroUsize,
    /// Begin so many requests a second, however fast the answers (latency then counts from when
    /// a request was due). Without it each connection sends as soon as it has its answer.
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU32>,
    /// How long to do the same beforehand without counting, in seconds.
    #[arg(long, value_name = "N", default_value = "1")]
    warm_up: u32,
    /// Threads of the generator. One leaves more to a server on the same machine.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Anything but a load.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the three endpoints without any rule: what HTTP and JSON alone can reach.
    Baseline(Baseline),
    /// Measure bare group-committed inserts into SQLite: what the disk alone can reach.
    InsertFloor(InsertFloor),
}

/// Serves the three endpoints without any rule. Read its codes with `--codes fixed:12345`.
#[derive(Debug, Args)]
pub(crate) struct Baseline {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    pub(crate) listen: SocketAddr,
}

/// Measures bare group-committed inserts (WAL, synchronous=FULL, one writer).
#[derive(Debug, Args)]
pub(crate) struct InsertFloor {
    /// The database file; made if it does not exist.
    #[arg(long, value_name = "DB")]
    pub(crate) path: PathBuf,
    /// Pages of log after which the writer checkpoints (SQLite's default).
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) checkpoint_pages: u32,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Load {
    /// The measurement that was asked for.
    pub(crate) fn plan(&self) -> Plan {
        Plan {
            flow: self.flow,
            connections: self.common.connections(),
            lasts: self.common.lasts(),
            warm_up: self.common.warm_up(),
            pace: self.common.pace(),
        }
    }
}

impl Common {
    pub(crate) fn connections(&self) -> usize {
        self.connections.get()
    }

    pub(crate) fn lasts(&self) -> Duration {
        Duration::from_secs(self.seconds.get().into())
    }

    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs(self.warm_up.into())
    }

    pub(crate) fn pace(&self) -> Pace {
        self.rate.map_or(Pace::AsAnswered, Pace::PerSecond)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_load_needs_no_subcommand() {
        let cli = Cli::parse_from([
            "bench",
            "--target",
            "http://127.0.0.1:8000",
            "--flow",
            "create",
            "--rate",
            "500",
        ]);

        let load = cli.load.unwrap();
        assert_eq!(
            load.plan().pace,
            Pace::PerSecond(NonZeroU32::new(500).unwrap())
        );
        assert_eq!(load.codes, CodesPlace::Inbox);
        assert!(cli.command.is_none());
    }

    #[test]
    fn a_subcommand_needs_no_target() {
        let cli = Cli::parse_from(["bench", "insert-floor", "--path", "x.db"]);

        assert!(matches!(cli.command, Some(Command::InsertFloor(_))));
        assert!(cli.load.is_none());
    }

    #[test]
    fn nothing_at_all_is_refused() {
        assert!(Cli::try_parse_from(["bench"]).is_err());
        assert!(Cli::try_parse_from(["bench", "--flow", "create"]).is_err());
    }
}

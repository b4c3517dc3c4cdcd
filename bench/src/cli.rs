//! The command line.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::arrivals::Pace;
use crate::codes::CodesPlace;
use crate::flow::{Flow, Plan};
use crate::insert_floor::Floor;
use crate::rate::Rate;
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
    pub(crate) flow: Flow,
    /// Where the target's codes are read: `inbox`, `file:PATH` (its file sender),
    /// `django-sqlite:PATH` or `fixed:CODE`.
    #[arg(long, value_name = "PLACE", default_value = "inbox")]
    pub(crate) codes: CodesPlace,
    /// A second server, measured in turn with the first.
    #[arg(long, value_name = "URL2", group = "second")]
    pub(crate) compare: Option<TargetUrl>,
    /// Where the second server's codes are read.
    #[arg(
        long,
        value_name = "PLACE",
        default_value = "inbox",
        requires = "compare"
    )]
    pub(crate) compare_codes: CodesPlace,
    /// Bare group-committed inserts, measured in turn with the server and at the same pace. The
    /// database file is made if it does not exist, and belongs on the disk of the server's own.
    #[arg(long, value_name = "DB", group = "second")]
    pub(crate) compare_insert_floor: Option<PathBuf>,
    /// How often both are measured.
    #[arg(long, default_value = "3", requires = "second")]
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
    /// a request was due). Without it each connection sends as soon as it has its answer. `50%` is
    /// half of what comes of that, which is then measured first, as long and on the same target.
    #[arg(long, value_name = "N|P%")]
    pub(crate) rate: Option<Rate>,
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
    /// Measure how soon a server answers after it was started.
    ///
    /// That is from the start of its process to the first 200 of /health/ready, and on to the first
    /// answer to create. The server has this process's environment, and by it its database, but
    /// listens on a port of its own. It is started once beforehand, so that the database is there,
    /// and stopped (SIGTERM) after each start. Each asks for one code, which the configured provider
    /// sends.
    Start(Start),
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

/// Measures how soon a server answers after it was started.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// The server's program.
    #[arg(long, value_name = "PATH")]
    pub(crate) binary: PathBuf,
    /// How often it is started.
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) runs: NonZeroUsize,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl InsertFloor {
    /// The database of the yardstick.
    pub(crate) fn floor(&self) -> Floor {
        Floor {
            path: self.path.clone(),
            checkpoint_pages: self.checkpoint_pages,
        }
    }
}

impl Common {
    /// The measurement that was asked for, as fast as answers come: its pace is the subject's to
    /// tell.
    pub(crate) fn plan(&self) -> Plan {
        Plan {
            connections: self.connections.get(),
            lasts: Duration::from_secs(self.seconds.get().into()),
            warm_up: Duration::from_secs(self.warm_up.into()),
            pace: Pace::AsAnswered,
        }
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
        assert_eq!(load.common.rate, Some("500".parse().unwrap()));
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
    fn a_load_is_compared_with_one_other_at_most() {
        let with = |more: &[&str]| {
            let load = ["bench", "--target", "http://a", "--flow", "create"];
            Cli::try_parse_from(load.iter().chain(more))
        };

        assert!(with(&["--compare", "http://b", "--rounds", "5"]).is_ok());
        assert!(with(&["--compare-insert-floor", "x.db", "--rounds", "5"]).is_ok());
        assert!(with(&["--rounds", "5"]).is_err());
        assert!(with(&["--compare", "http://b", "--compare-insert-floor", "x.db"]).is_err());
    }

    #[test]
    fn nothing_at_all_is_refused() {
        assert!(Cli::try_parse_from(["bench"]).is_err());
        assert!(Cli::try_parse_from(["bench", "--flow", "create"]).is_err());
    }
}

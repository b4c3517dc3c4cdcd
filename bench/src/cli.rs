//! The command line.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use phonekey_core::rate::Span;
use phonekey_store::DatabaseUrl;

use crate::arrivals::Pace;
use crate::codes::CodesPlace;
use crate::fill::Adding;
use crate::fill::count::Count;
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
    /// Fill a database of phonekey to the size that it has in production.
    ///
    /// Its rows are those that real logins leave under the default policy. `phonekey migrate` or a
    /// first start made the database, and no server is running on it.
    ///
    /// All is written in one transaction: ended early, it leaves the database as it was, so simply
    /// start again. With SQLite it takes up to 1.5 GiB of memory and, until it is done, twice the
    /// room of the database. Filled numbers end in 0 and those of loads in other digits, so that
    /// each login of a load is still the first of its number.
    Fill(Fill),
    /// Measure how soon a server answers after it was started.
    ///
    /// That is from the start of its process to the first 200 of /health/ready, and on to the first
    /// answer to create. The server has this process's environment, and by it its database, but
    /// listens on a port of its own. It is started once beforehand, so that the database is there,
    /// and stopped (SIGTERM) after each start. Each asks for one code, which the configured provider
    /// sends.
    Start(Start),
    /// Measure what a slow provider does to everybody else.
    ///
    /// A server of its own sends half of all numbers' codes by a webhook, which this program answers
    /// at once in one run and after some seconds in the other, in turn. People of that half ask for
    /// codes at a fixed rate; people of the other half log in meanwhile, their codes sent by the
    /// provider `file`. What is compared is how long those wait. The server has this process's
    /// environment, but for what the measurement needs.
    SlowProvider(SlowProvider),
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

/// Fills a database with the rows of logins that never were.
#[derive(Debug, Args)]
pub(crate) struct Fill {
    /// `sqlite:PATH` or `postgres://…` (without TLS).
    #[arg(long, value_name = "URL")]
    pub(crate) database: DatabaseUrl,
    /// Users who have logged in.
    #[arg(long, value_name = "N", default_value = "10M")]
    pub(crate) users: Count,
    /// Challenges that were answered, each with its delivery and the record of the login.
    #[arg(long, value_name = "N", default_value = "10M")]
    pub(crate) challenges: Count,
    /// Sessions of those logins that go on.
    #[arg(long, value_name = "N", default_value = "1M")]
    pub(crate) sessions: Count,
    /// How far back the challenges reach: 1h to 29d. Numbers are remembered for a day, so with
    /// `20h` all that logged in have a standing, with `20d` one in twenty. The server deletes
    /// challenges after `retention.challenges`, 30 days by default.
    #[arg(long, value_name = "TIME", default_value = "20d")]
    pub(crate) spread: Span,
    /// Fill a database that has users, and keep them. Otherwise it is refused.
    #[arg(long)]
    pub(crate) add: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
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

/// Measures what a slow provider does to everybody else.
#[derive(Debug, Args)]
pub(crate) struct SlowProvider {
    /// The server's program.
    #[arg(long, value_name = "PATH")]
    pub(crate) binary: PathBuf,
    /// A folder for the server's messages, and for its database unless `PHONEKEY_DATABASE__URL`
    /// names another; made if it does not exist.
    #[arg(long, value_name = "PATH")]
    pub(crate) folder: PathBuf,
    /// How long the slow provider takes. Less than 5s, the time-out of a webhook.
    #[arg(long, value_name = "TIME", default_value = "3s")]
    pub(crate) answer_after: Span,
    /// Codes a second that are sent by it.
    #[arg(long, value_name = "N", default_value = "200")]
    pub(crate) rate: NonZeroU32,
    /// Logins a second of everybody else.
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) others: NonZeroU32,
    /// How long each run is measured.
    #[arg(long, value_name = "N", default_value = "12")]
    pub(crate) seconds: NonZeroU32,
    /// How often both are measured.
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) rounds: NonZeroUsize,
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

impl Fill {
    /// Whether there may be users already.
    pub(crate) fn adding(&self) -> Adding {
        if self.add {
            Adding::ToWhatIsThere
        } else {
            Adding::ToNothing
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
    fn a_fill_has_the_size_of_production_unless_it_is_told_another() {
        let fill = |more: &[&str]| {
            let fill = ["bench", "fill", "--database", "sqlite:x.db"];
            match Cli::parse_from(fill.iter().chain(more)).command {
                Some(Command::Fill(fill)) => fill,
                other => panic!("{other:?}"),
            }
        };

        assert_eq!(fill(&[]).users, Count(10_000_000));
        assert_eq!(fill(&[]).adding(), Adding::ToNothing);
        assert_eq!(fill(&["--users", "5k"]).users, Count(5000));
        assert_eq!(fill(&["--add"]).adding(), Adding::ToWhatIsThere);
    }

    #[test]
    fn nothing_at_all_is_refused() {
        assert!(Cli::try_parse_from(["bench"]).is_err());
        assert!(Cli::try_parse_from(["bench", "--flow", "create"]).is_err());
    }
}

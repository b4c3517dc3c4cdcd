//! The commands: what the command line may say, and what each of them does.

mod completions;
pub mod config;
mod delivery;
pub mod doctor;
pub mod failure;
pub mod init;
mod migrate;
mod provider;
mod reports;
mod serve;
mod template;
pub mod user;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::{
    command::failure::Failure,
    config::{
        Config,
        database::DatabaseConfig,
        source::{Flag, Sources},
    },
    output::{Audience, Output, note},
};
use phonekey_store::DatabaseUrl;

/// A self-hosted login server: a phone number, a one-time code, tokens.
///
/// Without a command it serves. What it is told comes from a file, from environment variables and
/// from flags, of which the later win; `phonekey config reference` explains every setting.
#[derive(Debug, Parser)]
#[command(name = "phonekey", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct Settings {
    /// The configuration file [default: the one that `PHONEKEY_CONFIG` names, else `phonekey.toml`
    /// if it is there]
    #[arg(
        long,
        global = true,
        help_heading = "Configuration",
        value_name = "PATH"
    )]
    config: Option<PathBuf>,
    /// The IP address and port to listen on (http.listen)
    #[arg(
        long,
        global = true,
        help_heading = "Configuration",
        value_name = "ADDRESS"
    )]
    listen: Option<String>,
    /// sqlite:PATH or postgres://… (database.url)
    #[arg(
        long,
        global = true,
        help_heading = "Configuration",
        value_name = "URL"
    )]
    database: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Write a sound configuration for production, with its keys
    Init(init::Arguments),
    /// Bring the database's schema up to this version's
    Migrate(migrate::Arguments),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Subject),
    /// Look at the set-up, and say what is wrong or weak and what to do about it
    ///
    /// Ends with 1 when something is bad.
    Doctor(doctor::Arguments),
    /// Find out whether messages get through
    #[command(subcommand)]
    Delivery(delivery::Subject),
    /// Look at who may carry messages
    #[command(subcommand)]
    Provider(provider::Subject),
    /// Print where providers are to send their reports
    ///
    /// These URLs hold secrets: they are for the providers' consoles alone.
    Reports(reports::Arguments),
    /// Look at the texts of messages
    #[command(subcommand)]
    Template(template::Subject),
    /// Manage users, also while the server runs
    ///
    /// WHO is a user's id, its username, or its number in any spelling; where that is not clear,
    /// write id:…, name:… or phone:….
    #[command(subcommand)]
    User(user::Subject),
    /// Print a script that completes phonekey's commands in a shell
    Completions(completions::Arguments),
}

/// Runs what the command line of this process says.
///
/// The exit code is 0 for success, 1 for a failure, 2 for a command line that makes no sense, 3 when
/// what it names does not exist.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut stdout = io::stdout().lock();
    let mut output = Output::new(&mut stdout, Audience::of_process());
    let done = run(cli, &mut output);
    match done.and_then(|()| stdout.flush().map_err(Failure::from)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                note(message);
            }
            failure.exit_code()
        }
    }
}

fn run(cli: Cli, output: &mut Output<'_>) -> Result<(), Failure> {
    let settings = cli.settings;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&settings),
        Command::Init(arguments) => init::run(&arguments, output),
        Command::Migrate(arguments) => migrate::run(&arguments, &settings.load()?, output),
        Command::Config(subject) => config::run(&subject, &settings.sources(), output),
        Command::Doctor(arguments) => doctor::run(&arguments, &settings.sources(), output),
        Command::Delivery(subject) => delivery::run(&subject, &settings.load()?, output),
        Command::Provider(subject) => provider::run(&subject, &settings.load()?, output),
        Command::Reports(arguments) => reports::run(&arguments, &settings.load()?, output),
        Command::Template(subject) => template::run(&subject, &settings.sources(), output),
        Command::User(subject) => user::run(subject, &settings.load()?, output),
        Command::Completions(arguments) => completions::run(&arguments, output),
    }
}

impl Settings {
    fn sources(&self) -> Sources {
        let flag = |name, path, value: &Option<String>| {
            value.clone().map(|value| Flag { name, path, value })
        };
        let flags = [
            flag("--listen", "http.listen", &self.listen),
            flag("--database", "database.url", &self.database),
        ];
        Sources::of_process(self.config.clone(), flags.into_iter().flatten().collect())
    }

    fn load(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.sources())?)
    }
}

/// Nobody looks into a database that is about to be made: the working directory is not the server's.
fn require_database(database: &DatabaseConfig) -> Result<(), Failure> {
    match &database.url {
        DatabaseUrl::Sqlite(path) if !path.exists() => Err(Failure::with_hint(
            anyhow::anyhow!("there is no database at {}", path.display()),
            "run this where the server runs, or name its configuration by --config",
        )),
        DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => Ok(()),
    }
}

/// Runs a command's asynchronous part on this thread.
fn block_on<T>(part: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(part)
}

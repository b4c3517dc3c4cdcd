//! Measures what a slow provider does to everybody else: how long people wait whose codes go by
//! another one, and how much memory the server takes meanwhile.

mod receiver;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::arrivals::Pace;
use crate::cli;
use crate::clock;
use crate::codes::CodesPlace;
use crate::compare::Spread;
use crate::figures::{Figures, StepFigures};
use crate::flow::{self, Flow, Plan};
use crate::http::Connection;
use crate::numbers::{Half, Numbers};
use crate::process::{Process, free_address};
use crate::site::Site;
use crate::slow_provider::receiver::Receiver;
use crate::tally::Step;
use crate::target::TargetUrl;
use crate::wire::Requests;

/// What a slow provider does to everybody else. This is the JSON of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct SlowProvider {
    /// Each round.
    pub(crate) rounds: Vec<Round>,
    /// How much longer everybody else waits, the slowest of a hundred, by what they ask for.
    pub(crate) p99_ratio: BTreeMap<Step, Spread>,
}

/// One round.
#[derive(Debug, Serialize)]
pub(crate) struct Round {
    /// With a provider that answers at once.
    pub(crate) quick: Run,
    /// With one that takes its time.
    pub(crate) slow: Run,
}

/// One run of the server.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    /// The logins of those whose codes do not go by the provider.
    pub(crate) others: Figures,
    /// The creates of those whose codes do.
    pub(crate) by_provider: Figures,
    /// Codes that the provider was sent, each counted once.
    pub(crate) sent: u64,
    /// The most memory that the server had resident.
    pub(crate) peak_memory_bytes: u64,
}

/// Measures both, round by round. Who comes first changes with each.
pub(crate) async fn run(arguments: &cli::SlowProvider) -> Result<SlowProvider> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let scene = Scene {
        arguments,
        others: Arc::new(Numbers::random()?.of_half(Half::Even)),
        by_provider: Arc::new(Numbers::random()?.of_half(Half::Odd)),
    };
    let slow = arguments.answer_after.0;
    let mut rounds = Vec::new();
    for round in 0..arguments.rounds.get() {
        rounds.push(if round % 2 == 0 {
            let quick = scene.run(Duration::ZERO).await?;
            let slow = scene.run(slow).await?;
            Round { quick, slow }
        } else {
            let slow = scene.run(slow).await?;
            let quick = scene.run(Duration::ZERO).await?;
            Round { quick, slow }
        });
    }
    let ratio = |step| {
        let ratios = rounds
            .iter()
            .map(|round| p99_ms(&round.slow, step) / p99_ms(&round.quick, step));
        (step, Spread::of(ratios.collect()))
    };
    Ok(SlowProvider {
        p99_ratio: [Step::Create, Step::Verify, Step::Refresh]
            .map(ratio)
            .into(),
        rounds,
    })
}

fn p99_ms(run: &Run, step: Step) -> f64 {
    let figures: Option<&StepFigures> = run.others.steps.get(&step);
    figures.map_or(f64::NAN, |figures| figures.p99_ms)
}

struct Scene<'a> {
    arguments: &'a cli::SlowProvider,
    others: Arc<Numbers>,
    by_provider: Arc<Numbers>,
}

impl Scene<'_> {
    /// One run of the server, whose provider answers after so long.
    async fn run(&self, answer_after: Duration) -> Result<Run> {
        let receiver = Receiver::start(answer_after).await?;
        let address = free_address()?;
        let variables = self.variables(receiver.address);
        let mut server = Process::start(&self.arguments.binary, address, &variables)?;
        match self.measure(&mut server, address, &receiver).await {
            Ok(run) => {
                server.stop().await?;
                let (answered, sent) = (run.by_provider.main.right, receiver.sent());
                ensure!(
                    sent >= answered,
                    "of {answered} codes on their way, {sent} were sent"
                );
                Ok(Run { sent, ..run })
            }
            Err(error) => Err(error.context(server.last_words())),
        }
    }

    async fn measure(
        &self,
        server: &mut Process,
        address: SocketAddr,
        receiver: &Receiver,
    ) -> Result<Run> {
        let url: TargetUrl = format!("http://{address}").parse()?;
        let mut connection = Connection::new(address);
        let requests = Requests::to(&url);
        server
            .ready(&mut connection, &requests, clock::now())
            .await?;
        let codes = CodesPlace::File(messages_in(&self.arguments.folder));
        let site = Site::open(&url, &codes).await?;

        let (others, by_provider) = (self.others_plan(), self.by_provider_plan());
        let (logins, creates) = tokio::join!(
            flow::run(Flow::Full, &others, &site, &self.others),
            flow::run(Flow::Create, &by_provider, &site, &self.by_provider),
        );
        let target = url.to_string();
        Ok(Run {
            others: Figures::of_flow(target.clone(), Flow::Full, &others, &logins?),
            by_provider: Figures::of_flow(target, Flow::Create, &by_provider, &creates?),
            sent: receiver.sent(),
            peak_memory_bytes: server.peak_memory_bytes()?,
        })
    }

    fn others_plan(&self) -> Plan {
        Plan {
            connections: OTHERS_CONNECTIONS,
            lasts: Duration::from_secs(self.arguments.seconds.get().into()),
            warm_up: self.warm_up(),
            pace: Pace::PerSecond(self.arguments.others),
        }
    }

    /// From before the others are measured until afterwards.
    fn by_provider_plan(&self) -> Plan {
        let others = self.others_plan();
        Plan {
            connections: self.by_provider_connections(),
            lasts: others.warm_up + others.lasts + MARGIN,
            warm_up: Duration::ZERO,
            pace: Pace::PerSecond(self.arguments.rate),
        }
    }

    /// Long enough that as many messages are under way as ever will be.
    fn warm_up(&self) -> Duration {
        self.arguments.answer_after.0 + MARGIN
    }

    /// One for each code that is under way, and some more.
    fn by_provider_connections(&self) -> usize {
        let rate = f64::from(self.arguments.rate.get());
        let held = rate * (self.arguments.answer_after.0 + MARGIN).as_secs_f64();
        whole(held)
    }

    /// What the server is told in its environment.
    fn variables(&self, provider: SocketAddr) -> Vec<(&'static str, String)> {
        let folder = &self.arguments.folder;
        let connections = self.by_provider_connections() + OTHERS_CONNECTIONS + 10;
        let mut variables = vec![
            ("PHONEKEY_HTTP__MAX_CONNECTIONS", connections.to_string()),
            ("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "file".to_owned()),
            (
                "PHONEKEY_DELIVERY__FILE__PATH",
                messages_in(folder).display().to_string(),
            ),
            (
                "PHONEKEY_DELIVERY__RULES__1__PREFIXES",
                Half::Odd.prefixes(),
            ),
            (
                "PHONEKEY_DELIVERY__RULES__1__PROVIDERS",
                "webhook".to_owned(),
            ),
            (
                "PHONEKEY_DELIVERY__WEBHOOK__URL",
                format!("http://{provider}/"),
            ),
            (
                "PHONEKEY_DELIVERY__WEBHOOK__SECRETS",
                WEBHOOK_SECRET.to_owned(),
            ),
        ];
        if env::var_os(DATABASE_URL).is_none() {
            let database = folder.join("phonekey.db");
            variables.push((DATABASE_URL, format!("sqlite:{}", database.display())));
        }
        variables
    }
}

fn messages_in(folder: &Path) -> std::path::PathBuf {
    folder.join("messages.jsonl")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of connections"
)]
fn whole(count: f64) -> usize {
    count.ceil() as usize
}

const DATABASE_URL: &str = "PHONEKEY_DATABASE__URL";
/// Nobody checks what is signed with it.
const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHERS_CONNECTIONS: usize = 64;
const MARGIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn measured(arguments: &[&str], test: impl FnOnce(&Scene<'_>)) {
        let command = ["bench", "slow-provider", "--binary", "x", "--folder", "y"];
        let cli = cli::Cli::parse_from(command.iter().chain(arguments));
        let Some(cli::Command::SlowProvider(arguments)) = &cli.command else {
            panic!("{:?}", cli.command);
        };
        let numbers = |half| Arc::new(Numbers::seeded(1).of_half(half));
        test(&Scene {
            arguments,
            others: numbers(Half::Even),
            by_provider: numbers(Half::Odd),
        });
    }

    #[test]
    fn each_code_under_way_has_a_connection_that_the_server_takes() {
        measured(&["--rate", "50", "--answer-after", "2s"], |scene| {
            let connections = scene.by_provider_plan().connections;
            let variables = scene.variables("127.0.0.1:9".parse().unwrap());

            assert_eq!(connections, 150);
            let most = variables
                .iter()
                .find(|(name, _)| *name == "PHONEKEY_HTTP__MAX_CONNECTIONS");
            assert_eq!(most.unwrap().1, (150 + OTHERS_CONNECTIONS + 10).to_string());
        });
    }

    #[test]
    fn everybody_else_is_measured_while_as_much_is_under_way_as_ever_will_be() {
        measured(&[], |scene| {
            let (others, by_provider) = (scene.others_plan(), scene.by_provider_plan());

            assert!(others.warm_up > scene.arguments.answer_after.0);
            assert_eq!(by_provider.warm_up, Duration::ZERO);
            assert!(by_provider.lasts > others.warm_up + others.lasts);
        });
    }
}

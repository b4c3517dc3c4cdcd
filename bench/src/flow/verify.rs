//! Measures verify: each request the first login of its number.
//!
//! A challenge can be answered once and lives two minutes, so challenges are prepared in rounds:
//! made and their codes read off the clock, then answered on the clock. Only the answering counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use uuid::Uuid;

use crate::arrivals::Pace;
use crate::client::Client;
use crate::clock;
use crate::drive::{Measured, Next, Work, drive};
use crate::flow::pile::Pile;
use crate::flow::{Outcome, Plan};
use crate::numbers::{Number, Numbers};
use crate::tally::{SharedTally, Step, Tally};

pub(super) async fn run(
    plan: &Plan,
    clients: Vec<Client>,
    numbers: &Arc<Numbers>,
) -> Result<Outcome> {
    let mut outcome = Outcome {
        tally: Tally::default(),
        elapsed: Duration::ZERO,
        unsent: 0,
    };
    let trial = Round {
        challenges: plan.connections * TRIAL_CHALLENGES,
        lasts: TRIAL_LASTS,
    };
    let (mut clients, trial) = answered(clients, plan.pace, trial, numbers).await?;
    let mut per_second = rate_of(&trial, plan.pace);

    while outcome.elapsed + NEGLIGIBLE < plan.lasts {
        let lasts = ROUND_LASTS.min(plan.lasts.saturating_sub(outcome.elapsed));
        let round = Round {
            challenges: wanted(per_second, lasts, plan.connections),
            lasts,
        };
        let measured;
        (clients, measured) = answered(clients, plan.pace, round, numbers).await?;
        per_second = rate_of(&measured, plan.pace);
        outcome.tally.add(&measured.tally)?;
        outcome.elapsed += measured.elapsed;
        outcome.unsent += measured.unsent;
    }
    Ok(outcome)
}

struct Round {
    challenges: usize,
    lasts: Duration,
}

/// How many challenges a round needs: some more than were answered in that time before.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small count"
)]
fn wanted(per_second: f64, lasts: Duration, connections: usize) -> usize {
    let expected = per_second * lasts.as_secs_f64() * RESERVE;
    (expected as usize).max(connections)
}

/// Answers per second, wrong ones included, since each has used a challenge up.
#[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
fn rate_of(outcome: &Outcome, pace: Pace) -> f64 {
    if let Pace::PerSecond(per_second) = pace {
        return per_second.get().into();
    }
    let answers: u64 = outcome
        .tally
        .steps
        .values()
        .map(|step| step.right() + step.failures.values().sum::<u64>())
        .sum();
    answers as f64 / outcome.elapsed.max(Duration::from_millis(1)).as_secs_f64()
}

/// Prepares a round and answers it.
async fn answered(
    clients: Vec<Client>,
    pace: Pace,
    round: Round,
    numbers: &Arc<Numbers>,
) -> Result<(Vec<Client>, Outcome)> {
    let (clients, ready) = prepared(clients, round.challenges, numbers).await?;
    let workers = clients
        .into_iter()
        .map(|client| Answering {
            client,
            ready: Arc::clone(&ready),
        })
        .collect();
    let Measured {
        workers,
        tally,
        elapsed,
        unsent,
    } = drive(workers, pace, round.lasts).await?;
    let clients = workers.into_iter().map(|worker| worker.client).collect();
    Ok((
        clients,
        Outcome {
            tally,
            elapsed,
            unsent,
        },
    ))
}

/// Makes challenges and reads their codes: as many as were asked for, or as the time allows.
async fn prepared(
    clients: Vec<Client>,
    challenges: usize,
    numbers: &Arc<Numbers>,
) -> Result<(Vec<Client>, Arc<Pile<Answerable>>)> {
    let opened = Arc::new(Pile::new());
    let workers = clients
        .into_iter()
        .map(|client| Opening {
            client,
            numbers: Arc::clone(numbers),
            opened: Arc::clone(&opened),
            wanted: challenges,
        })
        .collect();
    let made = drive(workers, Pace::AsAnswered, OPENING_LASTS).await?;

    let ready = Arc::new(Pile::new());
    let mut clients: Vec<Client> = made
        .workers
        .into_iter()
        .map(|worker| worker.client)
        .collect();
    let mut example = made.tally.example;
    if let Some(client) = clients.first_mut()
        && let Err(failure) = client.gather_codes().await
    {
        example.get_or_insert_with(|| failure.to_string());
    }
    let workers = clients
        .into_iter()
        .map(|client| Reading {
            client,
            opened: Arc::clone(&opened),
            ready: Arc::clone(&ready),
        })
        .collect();
    let read = drive(workers, Pace::AsAnswered, READING_LASTS).await?;

    if ready.len() == 0 {
        let reason = example.or(read.tally.example).unwrap_or_default();
        bail!("no challenge could be prepared: {reason}");
    }
    let clients = read
        .workers
        .into_iter()
        .map(|worker| worker.client)
        .collect();
    Ok((clients, ready))
}

/// A challenge that waits for its code.
struct Opened {
    challenge: Uuid,
    number: Number,
}

/// A challenge that can be answered.
struct Answerable {
    challenge: Uuid,
    number: Number,
    code: String,
}

struct Opening {
    client: Client,
    numbers: Arc<Numbers>,
    opened: Arc<Pile<Opened>>,
    wanted: usize,
}

impl Work for Opening {
    async fn once(&mut self, due: Instant, tally: &SharedTally) -> Next {
        if self.opened.len() >= self.wanted {
            return Next::Done;
        }
        let number = self.numbers.next();
        let created = self.client.create(number).await;
        let done = clock::now();
        tally.record(Step::Create, &created, done - due, done);
        if let Ok(challenge) = created {
            self.opened.put(Opened { challenge, number });
        }
        Next::More
    }
}

struct Reading {
    client: Client,
    opened: Arc<Pile<Opened>>,
    ready: Arc<Pile<Answerable>>,
}

impl Work for Reading {
    async fn once(&mut self, due: Instant, tally: &SharedTally) -> Next {
        let Some(Opened { challenge, number }) = self.opened.take() else {
            return Next::Done;
        };
        match self.client.code(challenge, number).await {
            Ok(code) => self.ready.put(Answerable {
                challenge,
                number,
                code,
            }),
            failed @ Err(_) => {
                let done = clock::now();
                tally.record(Step::Create, &failed, done - due, done);
            }
        }
        Next::More
    }
}

struct Answering {
    client: Client,
    ready: Arc<Pile<Answerable>>,
}

impl Work for Answering {
    async fn once(&mut self, due: Instant, tally: &SharedTally) -> Next {
        let Some(Answerable {
            challenge,
            number,
            code,
        }) = self.ready.take()
        else {
            return Next::Done;
        };
        let verified = self.client.verify(challenge, number, &code).await;
        let done = clock::now();
        tally.record(Step::Verify, &verified, done - due, done);
        Next::More
    }
}

/// The first round only finds out how fast the server is, and warms it up.
const TRIAL_CHALLENGES: usize = 8;
const TRIAL_LASTS: Duration = Duration::from_secs(1);
/// Opening, reading and answering together stay well inside the two minutes of a code.
const OPENING_LASTS: Duration = Duration::from_secs(40);
const READING_LASTS: Duration = Duration::from_secs(30);
const ROUND_LASTS: Duration = Duration::from_secs(10);
const RESERVE: f64 = 1.25;
/// A round shorter than this measures its own beginning and end.
const NEGLIGIBLE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_has_some_more_challenges_than_were_answered_before() {
        assert_eq!(wanted(100.0, Duration::from_secs(10), 4), 1250);
    }

    #[test]
    fn each_connection_has_a_challenge_however_slow_the_server() {
        assert_eq!(wanted(0.5, Duration::from_secs(1), 64), 64);
    }
}

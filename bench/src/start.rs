//! Measures how soon a server answers after it was started.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::Serialize;

use crate::cli;
use crate::clock;
use crate::compare::Spread;
use crate::failure::Failure;
use crate::http::Connection;
use crate::numbers::Numbers;
use crate::process::{Process, free_address};
use crate::wire::Requests;

/// How soon a server answered. This is the JSON of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Starts {
    /// The server's program.
    pub(crate) binary: String,
    /// Each start.
    pub(crate) runs: Vec<Start>,
    /// Of all starts, [`Start::ready_ms`].
    pub(crate) ready_ms: Spread,
    /// Of all starts, [`Start::answered_ms`].
    pub(crate) answered_ms: Spread,
}

/// One start, in milliseconds since the process was begun.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Start {
    /// The first 200 of `/health/ready`.
    pub(crate) ready_ms: f64,
    /// After that, the first answer to create.
    pub(crate) answered_ms: f64,
}

/// Starts the server again and again.
pub(crate) async fn run(arguments: &cli::Start) -> Result<Starts> {
    let numbers = Numbers::random()?;
    let binary = &arguments.binary;
    // Makes the database if there is none, and brings the program into the memory of the system.
    started(binary, &numbers).await?;
    let mut runs = Vec::new();
    for _ in 0..arguments.runs.get() {
        runs.push(started(binary, &numbers).await?);
    }
    Ok(Starts {
        binary: binary.display().to_string(),
        ready_ms: Spread::of(runs.iter().map(|run| run.ready_ms).collect()),
        answered_ms: Spread::of(runs.iter().map(|run| run.answered_ms).collect()),
        runs,
    })
}

/// One start; the server has ended afterwards.
async fn started(binary: &Path, numbers: &Numbers) -> Result<Start> {
    let address = free_address()?;
    let begun = clock::now();
    let mut server = Process::start(binary, address, &[])?;
    let times = answered(&mut server, address, begun, numbers).await;
    match times {
        Ok(times) => {
            server.stop().await?;
            Ok(times)
        }
        Err(error) => Err(error.context(server.last_words())),
    }
}

async fn answered(
    server: &mut Process,
    address: SocketAddr,
    begun: Instant,
    numbers: &Numbers,
) -> Result<Start> {
    let mut requests = Requests::to(&format!("http://{address}").parse()?);
    let mut connection = Connection::new(address);

    server.ready(&mut connection, &requests, begun).await?;
    let ready = clock::now() - begun;

    let answer = connection.send(requests.create(numbers.next())).await?;
    let answered = clock::now() - begun;
    if answer.status != 200 {
        bail!(
            "create was answered {}",
            Failure::status(answer.status, answer.body)
        );
    }
    Ok(Start {
        ready_ms: millis(ready),
        answered_ms: millis(answered),
    })
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests;

//! Measures how soon a server answers after it was started.

mod process;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use tokio::net::TcpStream;

use crate::cli;
use crate::clock;
use crate::compare::Spread;
use crate::failure::Failure;
use crate::http::Connection;
use crate::numbers::Numbers;
use crate::start::process::Process;
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
    let mut server = Process::start(binary, address)?;
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

    while TcpStream::connect(address).await.is_err() {
        server.wait_a_moment(begun).await?;
    }
    while connection.send(requests.ready()).await?.status != 200 {
        server.wait_a_moment(begun).await?;
    }
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

impl Process {
    /// Waits before the server is asked again, unless it has ended or takes too long.
    #[expect(
        clippy::disallowed_methods,
        reason = "a process that starts tells nobody that it listens"
    )]
    async fn wait_a_moment(&mut self, begun: Instant) -> Result<()> {
        ensure!(!self.has_ended()?, "the server ended");
        ensure!(
            begun.elapsed() < PATIENCE,
            "the server is not ready in time"
        );
        tokio::time::sleep(MOMENT).await;
        Ok(())
    }
}

/// An address of this machine that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// What a time may be too long by; the runtime's timer knows no shorter one.
const MOMENT: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests;

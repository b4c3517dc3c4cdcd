//! A server's process, which ends with its owner.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::net::TcpStream;

use crate::clock;
use crate::http::Connection;
use crate::wire::Requests;

/// A server's process.
pub(crate) struct Process {
    child: Child,
    /// Reads what it writes to standard error, so that it never waits for a reader.
    log: Option<JoinHandle<Vec<u8>>>,
}

impl Process {
    /// Starts a server that listens on `address` and has this process's environment, with these
    /// variables in place of its own.
    pub(crate) fn start(
        binary: &Path,
        address: SocketAddr,
        variables: &[(&str, String)],
    ) -> Result<Self> {
        let mut child = Command::new(binary)
            .args(["serve", "--listen", &address.to_string()])
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let log = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut log = Vec::new();
                // What cannot be read is no part of the message that it is for.
                let _ = stderr.read_to_end(&mut log);
                log
            })
        });
        Ok(Self { child, log })
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits until it can serve.
    pub(crate) async fn ready(
        &mut self,
        connection: &mut Connection,
        requests: &Requests,
        begun: Instant,
    ) -> Result<()> {
        while TcpStream::connect(connection.address()).await.is_err() {
            self.wait_a_moment(begun).await?;
        }
        while connection.send(requests.ready()).await?.status != 200 {
            self.wait_a_moment(begun).await?;
        }
        Ok(())
    }

    /// Waits before the server is asked again, unless it has ended or takes too long.
    #[expect(
        clippy::disallowed_methods,
        reason = "a process that starts tells nobody that it listens"
    )]
    async fn wait_a_moment(&mut self, begun: Instant) -> Result<()> {
        ensure!(!self.has_ended()?, "the server ended");
        ensure!(
            begun.elapsed() < READY_PATIENCE,
            "the server is not ready in time"
        );
        tokio::time::sleep(READY_MOMENT).await;
        Ok(())
    }

    /// The most memory that it has had resident so far (`VmHWM` of Linux).
    pub(crate) fn peak_memory_bytes(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kib.context("the system does not tell the peak of its memory")? * 1024)
    }

    /// Stops it as a supervisor does, and waits until it has ended.
    #[expect(
        clippy::disallowed_methods,
        reason = "a process that ends tells only who blocks for it"
    )]
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        ensure!(told.context("cannot run kill")?.success(), "kill failed");
        let begun = clock::now();
        while begun.elapsed() < PATIENCE {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the server did not stop cleanly: {status}"),
                None => tokio::time::sleep(MOMENT).await,
            }
        }
        bail!("the server did not stop in time")
    }

    /// Ends it, and tells what it wrote last.
    pub(crate) fn last_words(mut self) -> String {
        self.kill();
        let log = self.log.take().and_then(|log| log.join().ok());
        let log = log.unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        format!("the server did not answer; it wrote:\n{}", last.join("\n"))
    }

    fn kill(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An address of this machine that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}

const LAST_LINES: usize = 10;
const MOMENT: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(30);
/// What the time until a server is ready may be too long by; the runtime's timer knows no shorter one.
const READY_MOMENT: Duration = Duration::from_millis(1);
const READY_PATIENCE: Duration = Duration::from_mins(1);

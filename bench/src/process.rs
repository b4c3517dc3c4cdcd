//! A server's process, which ends with its owner.

use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::clock;

/// A server's process.
pub(super) struct Process {
    child: Child,
    /// Reads what it writes to standard error, so that it never waits for a reader.
    log: Option<JoinHandle<Vec<u8>>>,
}

impl Process {
    /// Starts a server that listens on `address` and has this process's environment.
    pub(super) fn start(binary: &Path, address: SocketAddr) -> Result<Self> {
        let mut child = Command::new(binary)
            .args(["serve", "--listen", &address.to_string()])
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
    pub(super) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Stops it as a supervisor does, and waits until it has ended.
    #[expect(
        clippy::disallowed_methods,
        reason = "a process that ends tells only who blocks for it"
    )]
    pub(super) async fn stop(mut self) -> Result<()> {
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
    pub(super) fn last_words(mut self) -> String {
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

const LAST_LINES: usize = 10;
const MOMENT: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(30);

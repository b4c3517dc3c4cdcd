//! The life of the server: start, serve, drain, stop.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use phonekey_core::time::{Clock, SystemClock};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tracing::{info, warn};

use crate::{
    assembly::{self, Assembled},
    bulletin::Bulletin,
    config::Config,
    housekeeping::{self, Retention},
    logging,
    server::{self, Patience, ServerSettings},
};

/// How long a connection may idle between two requests (SECURITY.md T55).
const IDLE: Duration = Duration::from_mins(1);

/// How long a client may take nothing of its answer. Long enough for a mobile network that drops out
/// for a while, as TCP doubles its pause before each new try; no longer, since clients that never
/// read would hold their places among `http.max_connections`.
const DEAF: Duration = Duration::from_secs(30);

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// What was under way was finished.
    InTime,
    /// Some of it was cut off.
    AtDeadline,
    /// Some of it was cut off, before the deadline, by a second signal.
    AtOnce,
}

/// Serves until the process is told to stop.
///
/// # Errors
/// When the server cannot start.
pub fn run(config: Config) -> anyhow::Result<Ended> {
    logging::start(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    let result = runtime.block_on(serve(config));
    // What still runs now was cut off at its deadline; it is not to hold up the exit.
    runtime.shutdown_background();
    result
}

async fn serve(config: Config) -> anyhow::Result<Ended> {
    let mut signals = Signals::of_process()?;
    outlive_file_size_limits()?;
    let assembled = assembly::assemble(&config).await?;
    let listener = TcpListener::bind(config.http.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.http.listen))?;
    announce(&config, &assembled, &listener)?;

    let Assembled {
        app,
        store,
        deliveries,
        clock,
        stopping,
        node,
        ..
    } = assembled;
    let retention = Retention {
        challenges: config.retention.challenges,
        audit: config.retention.audit,
    };
    deliveries.hold_sessions();
    let chores = tokio::spawn(housekeeping::run(
        Arc::clone(&store) as _,
        Arc::clone(&deliveries),
        Arc::clone(&clock),
        retention,
        stopping.clone(),
    ));
    let bulletin = Bulletin::new(
        node,
        Arc::clone(&store) as _,
        Arc::clone(&deliveries),
        clock,
    );
    let bulletin = tokio::spawn(bulletin.run(stopping.clone()));
    let settings = ServerSettings {
        max_connections: config.http.max_connections,
        patience: Patience {
            idle: IDLE,
            head: config.http.header_timeout,
            write: DEAF,
        },
    };
    let told = async {
        signals.next().await;
        info!("stopping: no new connections; what is under way may finish");
        stopping.cancel();
    };
    let serving = server::serve(listener, app, settings, stopping.clone());
    let (connections, ()) = tokio::join!(serving, told);

    // One deadline for all of it, or supervisors lose patience.
    let finishing = async {
        connections.finish().await;
        // A chore is done step by step, so it ends soon; what it leaves, the next start does.
        let _ = chores.await;
        let _ = bulletin.await;
        deliveries.shutdown().await;
    };
    let ended = tokio::select! {
        finished = timeout(config.http.shutdown_deadline, finishing) => {
            finished.map_or(Ended::AtDeadline, |()| Ended::InTime)
        }
        () = signals.next() => Ended::AtOnce,
    };
    match ended {
        Ended::InTime => info!("stopped"),
        Ended::AtDeadline => warn!("stopped at the deadline; {CUT_OFF}"),
        Ended::AtOnce => warn!("told again to stop, and stopped at once; {CUT_OFF}"),
    }
    drop(store);
    Ok(ended)
}

const CUT_OFF: &str = "requests under way were cut off; messages under way are taken up after the \
                       next start, or by another node";

/// SIGTERM, as supervisors send it, and SIGINT, as a terminal does.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on neither ends the process by itself.
    fn of_process() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
        let interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
        Ok(Self {
            terminate,
            interrupt,
        })
    }

    /// Completes at the next of them, or at one that came since the last.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A write past the size that a file may have (`ulimit -f`, systemd's `LimitFSIZE`) raises a signal
/// that ends the process. Where that signal is handled the write fails instead, and is answered as
/// one to a full disk.
fn outlive_file_size_limits() -> anyhow::Result<()> {
    // Handled from then on, whether anyone listens or not.
    let handled = signal(SignalKind::from_raw(SIGXFSZ)).context("SIGXFSZ cannot be handled");
    handled.map(drop)
}

/// On Linux (MIPS and PA-RISC apart), macOS and the BSDs.
const SIGXFSZ: i32 = 25;

/// Tells the operator where the server is, where codes go, and what is weak about it.
fn announce(config: &Config, assembled: &Assembled, listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener
        .local_addr()
        .context("the listener has no address")?;
    if let Some(path) = &assembled.secret_created {
        info!(path = %path.display(), "made a master secret; back it up, and keep it private");
    }
    for weakness in config.weaknesses(SystemClock.now()) {
        warn!("{weakness}; {}", weakness.advice());
    }
    if config.serves_inbox() {
        info!(
            "the inbox is at http://{address}/dev/inbox, a login to try at http://{address}/dev/try"
        );
    }
    let node = &assembled.node;
    info!(database = %config.database.url, %node, "phonekey listens on http://{address}");
    Ok(())
}

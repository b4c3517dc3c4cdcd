//! The life of the server: start, serve, drain, stop.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use phonekey_core::time::{Clock, SystemClock};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing::{info, warn};

use crate::{
    assembly::{self, Assembled},
    config::{Config, delivery::Provider},
    housekeeping::{self, Retention},
    logging,
    server::{self, Drained, Patience, ServerSettings},
};

/// How long a connection may idle between two requests (SECURITY.md T55).
const IDLE: Duration = Duration::from_mins(1);

/// Serves until the process is told to stop.
///
/// # Errors
/// When the server cannot start, or did not stop cleanly.
pub fn run(config: Config) -> anyhow::Result<()> {
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

async fn serve(config: Config) -> anyhow::Result<()> {
    let stop = told_to_stop()?;
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
        ..
    } = assembled;
    let retention = Retention {
        challenges: config.retention.challenges,
        audit: config.retention.audit,
    };
    let chores = tokio::spawn(housekeeping::run(
        Arc::clone(&store),
        Arc::clone(&deliveries),
        clock,
        retention,
        stopping.clone(),
    ));
    tokio::spawn({
        let stopping = stopping.clone();
        async move {
            stop.await;
            info!("stopping: no new connections; requests under way may finish");
            stopping.cancel();
        }
    });

    let settings = ServerSettings {
        max_connections: config.http.max_connections,
        patience: Patience {
            idle: IDLE,
            head: config.http.header_timeout,
        },
        shutdown_deadline: config.http.shutdown_deadline,
    };
    let drained = server::serve(listener, app, settings, stopping).await;
    // A chore is done step by step, so it ends soon; what it leaves, the next start does.
    let _ = chores.await;
    deliveries.shutdown().await;
    drop(store);
    match drained {
        Drained::Fully => info!("stopped"),
        Drained::CutOff => warn!("stopped at the deadline; some requests were cut off"),
    }
    Ok(())
}

/// Completes at SIGTERM, as supervisors send it, or SIGINT, as a terminal does.
fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
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
    if config.delivery.uses(Provider::Inbox) {
        info!(
            "the inbox is at http://{address}/dev/inbox, a login to try at http://{address}/dev/try"
        );
    }
    info!(database = %config.database.url, "phonekey listens on http://{address}");
    Ok(())
}

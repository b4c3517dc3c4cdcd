//! The listener: accepts connections up to a cap, with time-outs, and lets them finish at the end.
//!
//! `axum::serve` has no header time-out, so connections are served by hyper's own builder.

mod connection;
mod patience;
#[cfg(test)]
mod tests;
mod turn;

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use connection::Host;
pub(crate) use patience::Patience;

/// How connections are served.
#[derive(Clone, Debug)]
pub(crate) struct ServerSettings {
    /// Connections served at once; more wait in the kernel's queue.
    pub(crate) max_connections: usize,
    /// How long clients may take.
    pub(crate) patience: Patience,
}

/// Serves `app` until `stopping` is cancelled, and then accepts no more; returns the connections that
/// there still are.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    settings: ServerSettings,
    stopping: CancellationToken,
) -> Connections {
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let connections = GracefulShutdown::new();
    let host = Host::new(app, settings.patience);
    loop {
        // A place first, so that what cannot be served is not accepted.
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stopping.cancelled() => break,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: let some connections end first.
                tracing::warn!(%error, "a connection could not be accepted");
                pause_after_failed_accept().await;
                continue;
            }
        };
        // Answers are small and whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let connection = connections.watch(host.connection(stream, peer));
        tokio::spawn(async move {
            // A peer that breaks off or dawdles is no news.
            let _ = connection.await;
            drop(place);
        });
    }

    Connections(connections)
}

/// Connections that are served although no more are accepted.
pub(crate) struct Connections(GracefulShutdown);

impl Connections {
    /// Ends those that idle, lets the others give the answers that they owe, and waits for them.
    pub(crate) async fn finish(self) {
        self.0.shutdown().await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "backs off from a kernel that has no descriptors left"
)]
async fn pause_after_failed_accept() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

//! The listener: accepts connections up to a cap, with time-outs, and drains them at the end.
//!
//! `axum::serve` has no header time-out, so connections are served by hyper's own builder.

mod patience;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub(crate) use patience::Patience;
use patience::Patient;

/// How connections are served.
#[derive(Clone, Debug)]
pub(crate) struct ServerSettings {
    /// Connections served at once; more wait in the kernel's queue.
    pub(crate) max_connections: usize,
    /// How long a connection may idle, and a request's head may take.
    pub(crate) patience: Patience,
    /// How long requests under way may take once the server shuts down.
    pub(crate) shutdown_deadline: Duration,
}

/// The most bytes of a request's head (SECURITY.md T56).
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The most header fields of a request (SECURITY.md T56).
const MAX_HEADERS: usize = 64;

/// What became of the connections at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// All requests were answered.
    Fully,
    /// Some were cut off at the deadline.
    CutOff,
}

/// Serves `app` until `stopping` is cancelled; then stops accepting and lets the requests under way
/// finish within the deadline.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    settings: ServerSettings,
    stopping: CancellationToken,
) -> Drained {
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let connections = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // A bound on whatever [`Patient`] takes for a request and hyper does not.
        .header_read_timeout(settings.patience.idle + settings.patience.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);

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
        let connection = builder.serve_connection(
            io_of(stream, settings.patience),
            service_of(app.clone(), peer),
        );
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A peer that breaks off or dawdles is no news.
            let _ = connection.await;
            drop(place);
        });
    }

    drop(listener);
    match tokio::time::timeout(settings.shutdown_deadline, connections.shutdown()).await {
        Ok(()) => Drained::Fully,
        Err(_) => Drained::CutOff,
    }
}

fn io_of(stream: TcpStream, patience: Patience) -> TokioIo<Patient<TcpStream>> {
    // Answers are small and whole: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    TokioIo::new(Patient::new(stream, patience))
}

fn service_of(
    app: Router,
    peer: SocketAddr,
) -> impl hyper::service::Service<
    hyper::Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future: Send,
> + Send {
    hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "backs off from a kernel that has no descriptors left"
)]
async fn pause_after_failed_accept() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

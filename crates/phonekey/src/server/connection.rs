//! One connection: hyper over a patient stream, and the routes behind it.

use std::{convert::Infallible, net::SocketAddr};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1::{self, Connection},
    service::{HttpService, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt;

use super::{
    patience::{Patience, Patient},
    turn::{LastWord, Turn},
};

/// What all connections have in common.
pub(super) struct Host {
    builder: http1::Builder,
    app: Router,
    patience: Patience,
}

/// What hyper calls with each request.
pub(super) trait Service:
    HttpService<Incoming, ResBody = LastWord<Body>, Error = Infallible, Future: Send> + Send
{
}

impl<S> Service for S where
    S: HttpService<Incoming, ResBody = LastWord<Body>, Error = Infallible, Future: Send> + Send
{
}

/// The most bytes of a request's head (SECURITY.md T56).
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The most header fields of a request (SECURITY.md T56).
const MAX_HEADERS: usize = 64;

impl Host {
    pub(super) fn new(app: Router, patience: Patience) -> Self {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            // For a head that began behind another request, of whose bytes [`Patient`] knows
            // nothing.
            .header_read_timeout(patience.idle + patience.head)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS);
        Self {
            builder,
            app,
            patience,
        }
    }

    /// A connection that answers the requests of `peer` while it is polled.
    pub(super) fn connection<S>(
        &self,
        stream: S,
        peer: SocketAddr,
    ) -> Connection<TokioIo<Patient<S>>, impl Service + use<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let turn = Turn::default();
        let stream = Patient::new(stream, self.patience, turn.clone());
        let app = self.app.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let ours = turn.take();
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = app.clone().oneshot(request);
            async move { Ok(answer.await?.map(|body| LastWord::new(body, ours))) }
        });
        self.builder.serve_connection(TokioIo::new(stream), service)
    }
}

#[cfg(test)]
mod tests;

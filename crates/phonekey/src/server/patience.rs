//! How long a client may take: to ask, and to read what it is told.
//!
//! hyper has one time-out, for the idle time before a head and for the head, counted from the end of
//! the last answer: short enough against clients that dawdle (SECURITY.md T55), it closes idle
//! connections just as their clients use them again. And it has none for answers. So the stream
//! itself has them. A request's body has one of its own, and its answer may take as long as it takes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::turn::Turn;

/// The three time-outs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Between two requests, and before the first.
    pub(crate) idle: Duration,
    /// From a head's first byte to its last.
    pub(crate) head: Duration,
    /// While a client takes nothing of its answer. One that takes a little may be as slow as it is.
    pub(crate) write: Duration,
}

/// A connection that fails once its client has been silent, or deaf, for too long.
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    turn: Turn,
    /// What the client owes us; nothing is, from when a request came until its answer has gone.
    awaited: Option<Awaited>,
    /// When it is overdue.
    overdue: Pin<Box<Sleep>>,
    /// When an answer that waits for its client is given up.
    stalled: Option<Pin<Box<Sleep>>>,
}

/// What the client is to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// The first byte of a head, or of the empty lines that may stand before it.
    Begin,
    /// The rest of it.
    Rest,
}

impl<S> Patient<S> {
    /// Reads without a deadline while the turn is ours.
    pub(super) fn new(stream: S, patience: Patience, turn: Turn) -> Self {
        Self {
            stream,
            patience,
            turn,
            awaited: Some(Awaited::Begin),
            overdue: Box::pin(sleep_until(after(patience.idle))),
            stalled: None,
        }
    }

    fn expect(&mut self, awaited: Awaited) {
        let patience = match awaited {
            Awaited::Begin => self.patience.idle,
            Awaited::Rest => self.patience.head,
        };
        self.awaited = Some(awaited);
        self.overdue.as_mut().reset(after(patience));
    }

    /// Holds a write to its deadline.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            self.awaited = None;
            return written;
        }
        let patience = self.patience.write;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep_until(after(patience))));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a time-out of the connection, no rule's time"
)]
fn after(duration: Duration) -> Instant {
    Instant::now() + duration
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.turn.is_ours() || self.stalled.is_some() {
            return read;
        }
        if self.awaited.is_none() {
            self.expect(Awaited::Begin);
        }
        if read.is_pending() {
            ready!(self.overdue.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if self.awaited == Some(Awaited::Begin) && buffer.filled().len() > before {
            self.expect(Awaited::Rest);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;

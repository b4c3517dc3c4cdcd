//! How long a connection may keep silent, and how long a request's head may take.
//!
//! hyper has one time-out for both, counted from the end of the last answer: short enough against
//! clients that dawdle (SECURITY.md T55), it closes idle connections just as their clients use them
//! again. So the two are told apart here, by the bytes that pass.

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

/// The two time-outs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Between two requests, and before the first.
    pub(crate) idle: Duration,
    /// From a head's first byte to its last.
    pub(crate) head: Duration,
}

/// A connection whose reads fail once the client has been silent for too long.
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    stage: Stage,
    deadline: Pin<Box<Sleep>>,
}

/// Where a connection is, as far as its bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Between two requests.
    Idle,
    /// Behind empty lines that no head has followed yet.
    Blank,
    /// In a head, of whose ending (CR LF CR LF) so many bytes have come.
    Head(u8),
    /// Behind a head: the body and the answer have time-outs of their own.
    Busy,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Patience) -> Self {
        let deadline = Box::pin(sleep_until(after(patience.idle)));
        Self {
            stream,
            patience,
            stage: Stage::Idle,
            deadline,
        }
    }

    fn enter(&mut self, stage: Stage) {
        let begins = match (self.stage, stage) {
            (Stage::Idle, Stage::Blank | Stage::Head(_)) => Some(self.patience.head),
            (_, Stage::Idle) => Some(self.patience.idle),
            _ => None,
        };
        self.stage = stage;
        if let Some(duration) = begins {
            self.deadline.as_mut().reset(after(duration));
        }
    }

    /// An answer ends a request; `100 Continue` asks for the rest of it.
    fn sending(&mut self, bytes: &[u8]) {
        if !bytes.starts_with(b"HTTP/1.1 100 ") {
            self.enter(Stage::Idle);
        }
    }

    fn received(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let ending = match self.stage {
                Stage::Busy => return,
                // Empty lines before a head are skipped by hyper, so they end no head here.
                Stage::Idle | Stage::Blank if matches!(byte, b'\r' | b'\n') => {
                    self.enter(Stage::Blank);
                    continue;
                }
                Stage::Idle | Stage::Blank => 0,
                Stage::Head(ending) => ending,
            };
            match next_ending(ending, *byte) {
                4 => self.enter(Stage::Busy),
                ending => self.enter(Stage::Head(ending)),
            }
        }
    }
}

/// How much of CR LF CR LF stands at the end, one byte later. A bare LF ends a line as well, since
/// hyper reads it so.
const fn next_ending(ending: u8, byte: u8) -> u8 {
    match (ending, byte) {
        (0 | 1, b'\r') => 1,
        (0 | 1, b'\n') => 2,
        (2 | 3, b'\r') => 3,
        (2 | 3, b'\n') => 4,
        _ => 0,
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
        if let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            let filled = buffer.filled();
            self.received(&filled[before..]);
            return Poll::Ready(result);
        }
        if self.stage == Stage::Busy {
            return Poll::Pending;
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.sending(bytes);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.sending(slices.first().map_or(&[], |slice| slice));
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::advance,
    };

    use super::*;

    fn connection() -> (DuplexStream, Patient<DuplexStream>) {
        let (client, server) = duplex(1024);
        let patience = Patience {
            idle: Duration::from_mins(1),
            head: Duration::from_secs(10),
        };
        (client, Patient::new(server, patience))
    }

    /// What a read comes to if the client keeps silent for so long.
    async fn read_within(
        server: &mut Patient<DuplexStream>,
        wait: Duration,
    ) -> Option<io::ErrorKind> {
        let mut byte = [0; 64];
        let read = tokio::time::timeout(wait, server.read(&mut byte)).await;
        read.ok().and_then(Result::err).map(|error| error.kind())
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_closed_after_a_minute() {
        let (_client, mut server) = connection();

        assert_eq!(
            read_within(&mut server, Duration::from_secs(59)).await,
            None
        );
        assert_eq!(
            read_within(&mut server, Duration::from_secs(2)).await,
            Some(io::ErrorKind::TimedOut)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn t55_a_head_that_dribbles_is_cut_off_ten_seconds_after_its_first_byte() {
        let (mut client, mut server) = connection();
        advance(Duration::from_secs(50)).await;
        for _ in 0..9 {
            client.write_all(b"G").await.unwrap();
            assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);
            advance(Duration::from_secs(1)).await;
        }

        let verdict = read_within(&mut server, Duration::from_secs(2)).await;

        assert_eq!(verdict, Some(io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_its_time_and_the_next_request_too() {
        let (mut client, mut server) = connection();
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);

        assert_eq!(
            read_within(&mut server, Duration::from_mins(10)).await,
            None
        );
        server
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(
            read_within(&mut server, Duration::from_secs(59)).await,
            None
        );
        assert!(
            read_within(&mut server, Duration::from_secs(2))
                .await
                .is_some()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn empty_lines_are_no_head() {
        for empty in ["\r\n\r\n", "\n\n", "\r\n"] {
            let (mut client, mut server) = connection();
            client.write_all(empty.as_bytes()).await.unwrap();
            assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);

            let verdict = read_within(&mut server, Duration::from_secs(11)).await;

            assert_eq!(verdict, Some(io::ErrorKind::TimedOut), "{empty:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_was_asked_for_may_come() {
        let (mut client, mut server) = connection();
        client
            .write_all(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);
        server
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
            .unwrap();
        client.write_all(b"{").await.unwrap();
        assert_eq!(read_within(&mut server, Duration::from_secs(1)).await, None);

        assert_eq!(read_within(&mut server, Duration::from_mins(2)).await, None);
    }
}

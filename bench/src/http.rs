//! A minimal HTTP/1.1 client: one keep-alive connection, one request at a time.
//!
//! Written by hand because generator and server share two cores: what the client spends, the
//! server lacks. It writes with one system call and reads with one.

pub(crate) mod answer;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::answer::{Answer, AnswerReader, Progress};

/// A connection that opens itself when it is needed, and again after it was closed.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    reader: AnswerReader,
}

impl Connection {
    /// A connection to `address`, opened by its first request.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            reader: AnswerReader::new(),
        }
    }

    /// Where it leads.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends one whole request and waits for its whole answer, at most [`REQUEST_TIMEOUT`].
    ///
    /// Nothing is ever sent twice: after an error nobody knows whether the server did the work.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        match timeout(REQUEST_TIMEOUT, self.exchange(request)).await {
            Ok(Ok(())) => Ok(self.reader.answer()),
            Ok(Err(error)) => {
                self.stream = None;
                Err(error)
            }
            Err(_) => {
                self.stream = None;
                Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
            }
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<()> {
        self.reader.reset();
        if self.stream.as_ref().is_some_and(is_closed) {
            self.stream = None;
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => {
                let stream = connected(self.address).await?;
                stream.set_nodelay(true)?;
                empty.insert(stream)
            }
        };
        stream.write_all(request).await?;
        loop {
            let read_bytes = stream.read(self.reader.spare()).await?;
            let progress = match read_bytes {
                0 => self.reader.end()?,
                _ => self.reader.advance(read_bytes)?,
            };
            if progress == Progress::Complete {
                break;
            }
        }
        if !self.reader.is_reusable() {
            self.stream = None;
        }
        Ok(())
    }
}

/// Opens a connection. A refusal is passed on after [`REFUSED_PAUSE`] only: a server that starts
/// again needs the processor more than it needs a hundred thousand callers a second.
#[expect(
    clippy::disallowed_methods,
    reason = "holds back from a server that is not there"
)]
async fn connected(address: SocketAddr) -> io::Result<TcpStream> {
    let connected = TcpStream::connect(address).await;
    if connected.is_err() {
        tokio::time::sleep(REFUSED_PAUSE).await;
    }
    connected
}

/// Whether the server has closed an idle connection: it reads as ended, where an open one has
/// nothing to read. Needs no system call while nothing has arrived.
fn is_closed(stream: &TcpStream) -> bool {
    !matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// After this long a request counts as failed. Django on SQLite waits 5 s for a lock.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const REFUSED_PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers each connection's requests with the given bytes, then closes it.
    async fn serving(answers: Vec<&'static [u8]>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                for answer in &answers {
                    let mut request = [0; 64];
                    let _ = stream.read(&mut request).await;
                    stream.write_all(answer).await.unwrap();
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn a_kept_connection_carries_one_request_after_another() {
        let address = serving(vec![
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            b"HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nb",
        ])
        .await;
        let mut connection = Connection::new(address);

        let first = connection
            .send(b"x")
            .await
            .map(|a| (a.status, a.body.to_vec()))
            .unwrap();
        let second = connection
            .send(b"x")
            .await
            .map(|a| (a.status, a.body.to_vec()))
            .unwrap();

        assert_eq!(first, (200, b"a".to_vec()));
        assert_eq!(second, (404, b"b".to_vec()));
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_is_opened_again() {
        let address = serving(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
        let mut connection = Connection::new(address);
        connection.send(b"x").await.unwrap();
        connection
            .stream
            .as_ref()
            .unwrap()
            .readable()
            .await
            .unwrap();

        let status = connection.send(b"x").await.unwrap().status;

        assert_eq!(status, 200);
    }

    #[tokio::test]
    async fn an_answer_cut_short_is_an_error() {
        let address = serving(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"]).await;

        let error = Connection::new(address).send(b"x").await.err().unwrap();

        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}

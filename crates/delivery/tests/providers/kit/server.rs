//! A provider's server, played by the test.

use std::{collections::BTreeMap, time::Duration};

use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{MessageId, SendOutcome},
        report::Report,
    },
    ports::delivery::MessageSender,
};
use phonekey_delivery::{endpoint::BaseUrl, provider::PollReports};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    join,
    net::{TcpListener, TcpSocket, TcpStream},
};

/// Longer than any exchange on this machine takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// Shorter than a server that never answers.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// A provider's server.
pub(crate) struct Server(TcpListener);

/// What arrived.
#[derive(Debug)]
pub(crate) struct Request {
    /// Such as `POST / HTTP/1.1`.
    pub(crate) line: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

impl Server {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// `127.0.0.1` with its port.
    pub(crate) fn host(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    pub(crate) fn url(&self) -> BaseUrl {
        BaseUrl::parse(&format!("http://{}", self.host())).unwrap()
    }

    pub(crate) async fn connection(&self) -> TcpStream {
        self.0.accept().await.unwrap().0
    }

    /// Takes one request, answers it with `reply` as it stands, and closes the connection.
    pub(crate) async fn answer(&self, reply: &str) -> Request {
        let mut connection = self.connection().await;
        let request = read(&mut connection).await;
        // Who has read enough may be gone.
        let _ = connection.write_all(reply.as_bytes()).await;
        request
    }

    /// Takes so many requests on one connection, and answers each with `reply`.
    pub(crate) async fn answer_on_one_connection(
        &self,
        reply: &str,
        requests: usize,
    ) -> Vec<Request> {
        let mut connection = self.connection().await;
        let mut taken = Vec::new();
        for _ in 0..requests {
            taken.push(read(&mut connection).await);
            connection.write_all(reply.as_bytes()).await.unwrap();
        }
        taken
    }

    /// Has a message sent and answers it; what became of it, and what was asked.
    pub(crate) async fn exchange(
        &self,
        sender: &dyn MessageSender,
        message: &Message,
        reply: &str,
    ) -> (SendOutcome, Request) {
        join!(sender.send(message), self.answer(reply))
    }

    /// Has the provider asked for a message and answers; what is reported, and what was asked.
    pub(crate) async fn poll(
        &self,
        poller: &dyn PollReports,
        id: &str,
        reply: &str,
    ) -> (Option<Report>, Request) {
        let id = MessageId::new(id).unwrap();
        join!(poller.poll(&id), self.answer(reply))
    }
}

pub(crate) async fn read(connection: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    let head_end = loop {
        assert_ne!(connection.read_buf(&mut bytes).await.unwrap(), 0);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: BTreeMap<String, String> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length");
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        assert_ne!(connection.read_buf(&mut body).await.unwrap(), 0);
    }
    Request {
        line,
        headers,
        body: String::from_utf8(body).unwrap(),
    }
}

/// A whole reply with this status, such as `200 OK`.
pub(crate) fn reply(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// What becomes of a message to a server that answers so.
pub(crate) async fn outcome_of<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
    reply: &str,
) -> SendOutcome {
    let server = Server::listen().await;
    let sender = sender(server.url(), LONG);
    server.exchange(&sender, message, reply).await.0
}

/// What is reported of a message by a server that answers so.
pub(crate) async fn report_of<S: PollReports>(
    poller: impl Fn(BaseUrl, Duration) -> S,
    id: &str,
    reply: &str,
) -> Option<Report> {
    let server = Server::listen().await;
    let poller = poller(server.url(), LONG);
    server.poll(&poller, id, reply).await.0
}

/// A URL that nobody listens at, as long as the socket is kept: a port that was let go may be the next
/// test's.
pub(crate) fn nobody() -> (BaseUrl, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let url = BaseUrl::parse(&format!("http://{address}")).unwrap();
    (url, socket)
}

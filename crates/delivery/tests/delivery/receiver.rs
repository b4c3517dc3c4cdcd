//! A server that webhooks are posted to, played by the test.

use std::collections::BTreeMap;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The operator's server.
pub(crate) struct Receiver(TcpListener);

/// What arrived.
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Receiver {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/sms?key=k3y", self.0.local_addr().unwrap())
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

    /// Accepts so many messages, all on the same connection.
    pub(crate) async fn accept_on_one_connection(&self, messages: usize) -> Vec<Request> {
        let mut connection = self.connection().await;
        let mut requests = Vec::new();
        for _ in 0..messages {
            requests.push(read(&mut connection).await);
            let ok = reply("200 OK", "");
            connection.write_all(ok.as_bytes()).await.unwrap();
        }
        requests
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
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
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

/// A whole reply.
pub(crate) fn reply(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")
}

//! A provider's server, played by the test, and a message to send there.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use phonekey_core::{
    code::Code,
    delivery::{
        Channel, DeliveryId,
        message::Message,
        outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
        report::{Arrival, Report},
    },
    phone::PhoneNumber,
    ports::{delivery::MessageSender, report::RawReport},
    testing::{ManualClock, values},
    time::{Clock, Timestamp},
};
use phonekey_delivery::{provider::Surroundings, text::Texts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    join,
    net::{TcpListener, TcpSocket, TcpStream},
};

/// Longer than any exchange on this machine takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// Shorter than a server that never answers.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// The present: 2026-08-11T09:15:04.250Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_786_439_704_250);

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

impl Server {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// `127.0.0.1` with its port.
    pub(crate) fn host(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// Its URL, with a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.host())
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

    /// Has a message sent and answers it; what became of it, and what was asked.
    pub(crate) async fn exchange(
        &self,
        sender: &dyn MessageSender,
        message: &Message,
        reply: &str,
    ) -> (SendOutcome, Request) {
        join!(sender.send(message), self.answer(reply))
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

/// A message in English with the code 482913, good for two minutes.
pub(crate) fn message(channel: Channel, to: &str) -> Message {
    Message {
        delivery: DeliveryId {
            challenge: values::challenge().id,
            attempt: 1,
        },
        to: PhoneNumber::from_e164(to).unwrap(),
        channel,
        language: "en".to_owned(),
        code: Code::parse("482913").unwrap(),
        app_hash: None,
        expires_at: NOW.plus(Duration::from_mins(2)),
    }
}

/// A server that is reached from outside, at [`NOW`].
pub(crate) fn surroundings() -> Surroundings {
    Surroundings {
        texts: Texts::falling_back_to("fa").unwrap(),
        clock: Arc::new(ManualClock::at(NOW)) as Arc<dyn Clock>,
        callback: Some("https://login.example/delivery/reports/provider/t0ken".to_owned()),
        public_url: Some("https://login.example".to_owned()),
    }
}

/// A request of a provider's, with these header fields.
pub(crate) fn post(headers: &[(&str, &str)], body: &str) -> RawReport {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    RawReport {
        method: "POST".to_owned(),
        path_and_query: "/delivery/reports/provider/t0ken".to_owned(),
        headers: headers.iter().map(text).collect(),
        body: body.as_bytes().to_vec(),
    }
}

/// A report that is read.
pub(crate) fn report(message_id: &str, arrival: Option<Arrival>) -> Report {
    Report {
        message_id: MessageId::new(message_id).unwrap(),
        arrival,
        cost: None,
    }
}

pub(crate) fn accepted(message_id: &str) -> SendOutcome {
    SendOutcome::Accepted(Receipt {
        message_id: Some(MessageId::new(message_id).unwrap()),
        cost: None,
    })
}

pub(crate) const fn refused(refusal: SendRefusal) -> SendOutcome {
    SendOutcome::Refused(refusal)
}

/// A URL that nobody listens at, as long as the socket is kept: a port that was let go may be the next
/// test's.
pub(crate) fn nobody() -> (String, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (format!("http://{address}/"), socket)
}

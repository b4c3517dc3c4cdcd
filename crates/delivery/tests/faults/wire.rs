//! What the played servers read and write: as much of three providers' wires as a login needs.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::fault::Fault;

/// A provider's wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Kavenegar,
    SmsIr,
    Webhook,
}

/// What a request wants.
#[derive(Debug)]
pub(crate) enum Asked {
    /// That a message is sent.
    Send {
        /// As it is dialled in Iran.
        number: String,
        code: String,
    },
    /// What became of a message.
    Report,
}

/// What became of a message, as its provider says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    UnderWay,
    Delivered,
    Undelivered,
}

/// The name that the played servers give to every message.
const MESSAGE_ID: u64 = 8_792_343;

impl Wire {
    pub(crate) fn read(self, request: &Request) -> Asked {
        match self {
            Self::Kavenegar => {
                let field = |name: &str| request.form().remove(name);
                let (Some(number), Some(code)) = (field("receptor"), field("token")) else {
                    return Asked::Report;
                };
                Asked::Send { number, code }
            }
            Self::SmsIr if request.line.starts_with("GET ") => Asked::Report,
            Self::SmsIr => {
                let body = request.json();
                Asked::Send {
                    number: text(&body["mobile"]),
                    code: text(&body["parameters"][0]["value"]),
                }
            }
            Self::Webhook => {
                let body = request.json();
                Asked::Send {
                    number: text(&body["phone"]).replace("+98", "0"),
                    code: text(&body["code"]),
                }
            }
        }
    }

    /// An acceptance.
    pub(crate) fn accepted(self) -> String {
        let body = match self {
            Self::Kavenegar => json!({
                "return": { "status": 200, "message": "ok" },
                "entries": [{ "messageid": MESSAGE_ID, "status": 5, "cost": 120 }],
            }),
            Self::SmsIr => json!({
                "status": 1, "message": "ok", "data": { "messageId": MESSAGE_ID, "cost": 1.0 },
            }),
            Self::Webhook => json!({ "status": "accepted" }),
        };
        reply("200 OK", "", &body.to_string())
    }

    /// A report of the message.
    pub(crate) fn report(self, state: State) -> String {
        let of = |under_way: u8, delivered: u8, undelivered: u8| match state {
            State::UnderWay => under_way,
            State::Delivered => delivered,
            State::Undelivered => undelivered,
        };
        let body = match self {
            Self::Kavenegar => json!({
                "return": { "status": 200, "message": "ok" },
                "entries": [{ "messageid": MESSAGE_ID, "status": of(4, 10, 11) }],
            }),
            Self::SmsIr => json!({
                "status": 1, "message": "ok",
                "data": { "messageId": MESSAGE_ID, "deliveryState": of(3, 1, 6) },
            }),
            Self::Webhook => panic!("a webhook is not asked"),
        };
        reply("200 OK", "", &body.to_string())
    }

    /// The whole of an answer that is a fault's; `None` where the fault is none of the answer's.
    pub(crate) fn failing(self, fault: Fault) -> Option<String> {
        let answer = match fault {
            Fault::HungUp => String::new(),
            Fault::CutOff => {
                let mut whole = self.accepted();
                whole.truncate(whole.len() - 10);
                whole
            }
            Fault::Malformed => reply("200 OK", "", "<html>Welcome</html>"),
            Fault::RateLimited => reply("429 Too Many Requests", "retry-after: 30\r\n", ""),
            Fault::ServerError => reply("500 Internal Server Error", "", "<html>"),
            Fault::Unavailable => reply("503 Service Unavailable", "retry-after: 5\r\n", ""),
            Fault::BadCredentials => self.refusal(("403 Forbidden", 403), ("401 Unauthorized", 10)),
            Fault::NoCredit => self.refusal(("418 No Credit", 418), ("400 Bad Request", 102)),
            Fault::BadTemplate => self.refusal(("424 No Template", 424), ("400 Bad Request", 113)),
            Fault::ConnectionRefused
            | Fault::Silence
            | Fault::LateAnswer
            | Fault::LostByReport
            | Fault::NoReport => return None,
        };
        Some(answer)
    }

    /// A refusal by its HTTP status and the provider's own, of Kavenegar and of SMS.ir.
    fn refusal(self, kavenegar: (&str, u16), smsir: (&str, u16)) -> String {
        match self {
            Self::Kavenegar => {
                let body = json!({ "return": { "status": kavenegar.1, "message": "no" } });
                reply(kavenegar.0, "", &body.to_string())
            }
            Self::SmsIr => {
                let body = json!({ "status": smsir.1, "message": "no", "data": null });
                reply(smsir.0, "", &body.to_string())
            }
            Self::Webhook => panic!("no test lets the webhook refuse"),
        }
    }
}

/// A whole reply, with more lines in its head.
fn reply(status: &str, head: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{head}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    line: String,
    body: Vec<u8>,
}

impl Request {
    /// Reads one.
    pub(crate) async fn read(connection: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let head_end = loop {
            assert_ne!(connection.read_buf(&mut bytes).await.unwrap(), 0);
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
        };
        let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, length)| length.parse().unwrap());
        let mut body = bytes.split_off(head_end + 4);
        while body.len() < length {
            assert_ne!(connection.read_buf(&mut body).await.unwrap(), 0);
        }
        Self {
            line: head.lines().next().unwrap().to_owned(),
            body,
        }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

//! The bytes of the compatible wire: requests as they are sent, answers as they are read.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use uuid::Uuid;

use crate::numbers::Number;
use crate::target::TargetUrl;

/// Writes the requests of one connection, each into the same memory.
pub(crate) struct Requests {
    create_head: String,
    verify_head: String,
    refresh_head: String,
    inbox_head: String,
    inbox_tail: String,
    ready: String,
    request: String,
    body: String,
}

impl Requests {
    pub(crate) fn to(target: &TargetUrl) -> Self {
        let (prefix, host) = (&target.prefix, &target.authority);
        let post = |name: &str| {
            format!(
                "POST {prefix}/api/auth/otp/{name}/ HTTP/1.1\r\nHost: {host}\r\n\
                 Content-Type: application/json\r\nContent-Length: "
            )
        };
        Self {
            create_head: post("create"),
            verify_head: post("verify"),
            refresh_head: post("refresh"),
            inbox_head: format!("GET {prefix}/dev/inbox/messages"),
            inbox_tail: format!(" HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n"),
            ready: format!("GET {prefix}/health/ready HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            request: String::new(),
            body: String::new(),
        }
    }

    /// Asks for a code for `number`.
    pub(crate) fn create(&mut self, number: Number) -> &[u8] {
        self.body.clear();
        let _ = write!(self.body, r#"{{"receiver":"{number}"}}"#);
        assembled(&mut self.request, &self.create_head, &self.body)
    }

    /// Answers `challenge` with `code`.
    pub(crate) fn verify(&mut self, challenge: Uuid, number: Number, code: &str) -> &[u8] {
        self.body.clear();
        let _ = write!(
            self.body,
            r#"{{"uuid":"{challenge}","receiver":"{number}","code":"{code}"}}"#
        );
        assembled(&mut self.request, &self.verify_head, &self.body)
    }

    /// Exchanges `refresh_token` for its successors.
    pub(crate) fn refresh(&mut self, refresh_token: &str) -> &[u8] {
        self.body.clear();
        let _ = write!(self.body, r#"{{"refresh":"{refresh_token}"}}"#);
        assembled(&mut self.request, &self.refresh_head, &self.body)
    }

    /// Asks whether the server can serve.
    pub(crate) fn ready(&self) -> &[u8] {
        self.ready.as_bytes()
    }

    /// Asks the inbox for the messages to `number`, waiting for the first; or for all there are.
    pub(crate) fn inbox(&mut self, number: Option<Number>) -> &[u8] {
        self.request.clear();
        self.request.push_str(&self.inbox_head);
        if let Some(number) = number {
            let _ = write!(self.request, "?to={number}&wait=5s");
        }
        self.request.push_str(&self.inbox_tail);
        self.request.as_bytes()
    }
}

fn assembled<'a>(request: &'a mut String, head: &str, body: &str) -> &'a [u8] {
    request.clear();
    let _ = write!(request, "{head}{}\r\n\r\n{body}", body.len());
    request.as_bytes()
}

/// What a right answer to create holds.
#[derive(Deserialize)]
pub(crate) struct Created {
    /// The challenge.
    pub(crate) uuid: Uuid,
}

/// What a right answer to verify and to refresh holds.
#[derive(Deserialize)]
pub(crate) struct Tokens<'a> {
    /// The access token.
    #[serde(borrow)]
    pub(crate) access: Cow<'a, str>,
    /// The refresh token.
    #[serde(borrow)]
    pub(crate) refresh: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    fn requests() -> Requests {
        Requests::to(&"http://127.0.0.1:8000/x".parse().unwrap())
    }

    #[test]
    fn a_create_is_a_whole_request() {
        let number = Numbers::seeded(1).next();

        let request = String::from_utf8(requests().create(number).to_vec()).unwrap();

        assert_eq!(
            request,
            format!(
                "POST /x/api/auth/otp/create/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\
                 Content-Type: application/json\r\nContent-Length: 26\r\n\r\n\
                 {{\"receiver\":\"{number}\"}}"
            )
        );
    }

    #[test]
    fn a_later_request_holds_nothing_of_an_earlier_one() {
        let mut requests = requests();
        let number = Numbers::seeded(1).next();
        requests.verify(Uuid::nil(), number, "1234567890");

        let request = String::from_utf8(requests.refresh("a.b.c").to_vec()).unwrap();

        assert!(request.starts_with("POST /x/api/auth/otp/refresh/ HTTP/1.1\r\n"));
        assert!(request.ends_with("Content-Length: 19\r\n\r\n{\"refresh\":\"a.b.c\"}"));
    }

    #[test]
    fn the_inbox_is_asked_for_one_number_or_for_all() {
        let mut requests = requests();
        let number = Numbers::seeded(1).next();

        let one = String::from_utf8(requests.inbox(Some(number)).to_vec()).unwrap();
        let all = String::from_utf8(requests.inbox(None).to_vec()).unwrap();

        assert!(one.starts_with(&format!(
            "GET /x/dev/inbox/messages?to={number}&wait=5s HTTP/1.1"
        )));
        assert!(all.starts_with("GET /x/dev/inbox/messages HTTP/1.1\r\n"));
    }

    #[test]
    fn tokens_are_read_beside_other_fields() {
        let answer = br#"{"access":"a.b.c","refresh":"d.e.f","expires_in":1800}"#;

        let tokens: Tokens<'_> = serde_json::from_slice(answer).unwrap();

        assert_eq!((&*tokens.access, &*tokens.refresh), ("a.b.c", "d.e.f"));
    }
}

use std::{net::TcpListener, time::Duration};

use phonekey_core::{
    delivery::{
        Channel,
        message::Message,
        outcome::{Receipt, SendOutcome, SendRefusal},
    },
    ports::delivery::MessageSender,
};
use phonekey_delivery::{
    endpoint::BaseUrl,
    providers::webhook::{Webhook, WebhookUrl, signature::WebhookSecret},
    settings::WebhookSettings,
};
use tokio::join;

use crate::kit::{
    self, IRAN, LONG, Request, Server, accepted, message, nobody, refused, reply, surroundings,
    troubles,
};

fn webhook_at(url: &str, timeout: Duration) -> Webhook {
    let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    let settings = WebhookSettings {
        url: WebhookUrl::parse(url).unwrap(),
        secrets: secrets.map(|it| WebhookSecret::parse(it).unwrap()).into(),
        timeout,
    };
    Webhook::new(&settings, surroundings()).unwrap()
}

/// With a key in its query, as some gateways want it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "other senders keep it, and the kit makes all alike"
)]
fn webhook(base_url: BaseUrl, timeout: Duration) -> Webhook {
    webhook_at(&format!("{base_url}sms?key=k3y"), timeout)
}

fn sms() -> Message {
    message(Channel::Sms, IRAN)
}

/// An acceptance by a receiver that has no name for the message.
const TAKEN: SendOutcome = SendOutcome::Accepted(Receipt {
    message_id: None,
    cost: None,
});

const OPTED_OUT: &str = r#"{"status":"refused","reason":"opted_out"}"#;

/// What becomes of a message when the receiver answers `reply` and closes the connection.
async fn outcome_of(reply: &str) -> SendOutcome {
    kit::outcome_of(webhook, &sms(), reply).await
}

/// The signature is not ours: Python made it of this body, as
/// `b64encode(hmac.digest(b64decode(secret), f"{id}.{timestamp}.{body}".encode(), "sha256"))`.
#[tokio::test]
async fn a_request_has_exactly_this_form() {
    let server = Server::listen().await;
    let webhook = webhook(server.url(), LONG);

    let reply = reply("200 OK", r#"{"status":"accepted","message_id":"m-1"}"#);
    let (outcome, request) = server.exchange(&webhook, &sms(), &reply).await;

    assert_eq!(outcome, accepted("m-1"));
    assert_eq!(request.line, "POST /sms?key=k3y HTTP/1.1");
    assert_eq!(
        request.body,
        concat!(
            r#"{"challenge_id":"00000000-0000-0000-0000-000000000007","phone":"+989121234567","#,
            r#""code":"482913","text":"Your login code:\n482913\nValid for 2 min. Do not give it to anyone.","#,
            r#""channel":"sms","locale":"en","purpose":"login","expires_at":"2026-08-11T09:17:04.25Z"}"#,
        )
    );
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        header("webhook-id"),
        "00000000-0000-0000-0000-000000000007#1"
    );
    assert_eq!(header("webhook-timestamp"), "1786439704");
    assert_eq!(
        header("webhook-signature"),
        "v1,NBwtycjJlkBOoqMJhjyMmIT/R0ANmA4ncdUAQC5ByxU="
    );
    assert!(header("user-agent").starts_with("phonekey/"));
}

#[tokio::test]
async fn another_attempt_has_an_id_of_its_own() {
    let server = Server::listen().await;
    let webhook = webhook(server.url(), LONG);
    let mut message = sms();

    let sends = async {
        webhook.send(&message).await;
        webhook.send(&message).await;
        message.delivery.attempt = 2;
        webhook.send(&message).await;
    };
    let ok = reply("200 OK", "");
    let ((), requests) = join!(sends, server.answer_on_one_connection(&ok, 3));

    let id = |request: &Request| request.headers["webhook-id"].clone();
    let [first, again, second] = [0, 1, 2].map(|index| id(&requests[index]));
    assert_eq!(first, again);
    assert_eq!(first.strip_suffix('1'), second.strip_suffix('2'));
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::listen().await;
    let webhook = webhook(server.url(), LONG);

    let sends = async {
        assert_eq!(webhook.send(&sms()).await, TAKEN);
        assert_eq!(webhook.send(&sms()).await, TAKEN);
    };
    let ok = reply("200 OK", "");
    let ((), requests) = join!(sends, server.answer_on_one_connection(&ok, 2));

    assert_eq!(requests.len(), 2);
}

#[tokio::test]
async fn every_answer_has_its_meaning() {
    let cases = [
        (reply("200 OK", ""), TAKEN),
        (reply("202 Accepted", r#"{"status":"accepted"}"#), TAKEN),
        (reply("200 OK", OPTED_OUT), refused(SendRefusal::OptedOut)),
        (reply("500 Oops", OPTED_OUT), refused(SendRefusal::OptedOut)),
        (
            reply("400 Bad Request", "no"),
            refused(SendRefusal::RejectedContent),
        ),
        (
            reply("401 Unauthorized", ""),
            refused(SendRefusal::BadCredentials),
        ),
        (
            reply("403 Forbidden", ""),
            refused(SendRefusal::BadCredentials),
        ),
        (
            reply("429 Slow Down", ""),
            refused(SendRefusal::RateLimited),
        ),
        (reply("500 Oops", "<html>"), refused(SendRefusal::Temporary)),
        (reply("503 Busy", ""), refused(SendRefusal::Temporary)),
        (reply("200 OK", "thanks"), SendOutcome::Unknown),
        ("220 smtp ready\r\n\r\n".to_owned(), SendOutcome::Unknown),
    ];
    for (reply, meaning) in cases {
        assert_eq!(outcome_of(&reply).await, meaning, "{reply}");
    }
}

#[tokio::test]
async fn a_reply_is_read_up_to_64_kibibytes() {
    let acceptance = r#"{"status":"accepted"}"#;
    let padded = |bytes: usize| {
        let padding = " ".repeat(bytes - acceptance.len());
        reply("200 OK", &format!("{acceptance}{padding}"))
    };

    assert_eq!(outcome_of(&padded(64 * 1024)).await, TAKEN);
    assert_eq!(
        outcome_of(&padded(64 * 1024 + 1)).await,
        SendOutcome::Unknown
    );
}

#[tokio::test]
async fn troubles_on_the_way_mean_what_they_mean_everywhere() {
    troubles::hold_transport(webhook, &sms(), OPTED_OUT).await;
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let (url, _nobody) = nobody();

    let nobody_listens = webhook(url, LONG).send(&sms()).await;
    let no_such_name = webhook_at("https://phonekey.invalid/", LONG)
        .send(&sms())
        .await;

    assert_eq!(nobody_listens, refused(SendRefusal::Temporary));
    assert_eq!(no_such_name, refused(SendRefusal::Temporary));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = elsewhere.local_addr().unwrap();

    for status in ["301 Moved", "307 Temporary Redirect"] {
        let reply = format!(
            "HTTP/1.1 {status}\r\nlocation: http://{location}/\r\ncontent-length: 0\r\n\r\n"
        );
        let outcome = outcome_of(&reply).await;

        assert_eq!(outcome, refused(SendRefusal::Temporary));
        let connection = elsewhere.accept().map(|_| ());
        assert_eq!(
            connection.unwrap_err().kind(),
            std::io::ErrorKind::WouldBlock
        );
    }
}

use std::{future::pending, time::Duration};

use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{MessageId, Receipt, SendOutcome, SendRefusal},
    },
    ports::delivery::MessageSender,
};
use phonekey_delivery::{
    providers::webhook::{Webhook, WebhookUrl, signature::WebhookSecret},
    settings::WebhookSettings,
};
use tokio::{io::AsyncWriteExt, join, select};

use crate::{
    fakes::{accepted, refused},
    receiver::{Receiver, Request, read, reply},
    world::World,
};

fn webhook(world: &World, url: &str, timeout: Duration) -> Webhook {
    let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    let settings = WebhookSettings {
        url: WebhookUrl::parse(url).unwrap(),
        secrets: secrets.map(|it| WebhookSecret::parse(it).unwrap()).into(),
        timeout,
    };
    Webhook::new(&settings, world.surroundings()).unwrap()
}

/// Longer than any exchange on this machine takes.
const LONG: Duration = Duration::from_secs(30);
/// Shorter than a receiver that never answers.
const SHORT: Duration = Duration::from_millis(200);

fn message(world: &World) -> Message {
    world.message(&world.challenge())
}

/// What becomes of a message when the receiver answers `reply` and closes the connection.
async fn outcome_of(reply: &str) -> SendOutcome {
    let (world, receiver) = (World::new(), Receiver::listen().await);
    let webhook = webhook(&world, &receiver.url(), LONG);
    let message = message(&world);
    let (outcome, _) = join!(webhook.send(&message), receiver.answer(reply));
    outcome
}

/// The signature is not ours: Python made it of this body, as
/// `b64encode(hmac.digest(b64decode(secret), f"{id}.{timestamp}.{body}".encode(), "sha256"))`.
#[tokio::test]
async fn a_request_has_exactly_this_form() {
    let (world, receiver) = (World::new(), Receiver::listen().await);
    let webhook = webhook(&world, &receiver.url(), LONG);
    let message = message(&world);

    let reply = reply("200 OK", r#"{"status":"accepted","message_id":"m-1"}"#);
    let (outcome, request) = join!(webhook.send(&message), receiver.answer(&reply));

    let receipt = Receipt {
        message_id: MessageId::new("m-1"),
        cost: None,
    };
    assert_eq!(outcome, SendOutcome::Accepted(receipt));
    assert_eq!(request.line, "POST /sms?key=k3y HTTP/1.1");
    assert_eq!(
        request.body,
        concat!(
            r#"{"challenge_id":"019b76da-a800-770d-b259-e4e1cb631c66","phone":"+989121234567","#,
            r#""code":"43632","text":"Your login code:\n43632\nValid for 2 min. Do not give it to anyone.","#,
            r#""channel":"sms","locale":"en","purpose":"login","expires_at":"2026-01-01T00:02:00Z"}"#,
        )
    );
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        header("webhook-id"),
        "019b76da-a800-770d-b259-e4e1cb631c66#1"
    );
    assert_eq!(header("webhook-timestamp"), "1767225600");
    assert_eq!(
        header("webhook-signature"),
        "v1,RMf9rQM0uN6g+PDAu6vt0oxq1g8BwjKwLJkYIDPhDAk="
    );
    assert!(header("user-agent").starts_with("phonekey/"));
}

#[tokio::test]
async fn another_attempt_has_an_id_of_its_own() {
    let (world, receiver) = (World::new(), Receiver::listen().await);
    let webhook = webhook(&world, &receiver.url(), LONG);
    let mut message = message(&world);

    let sends = async {
        webhook.send(&message).await;
        webhook.send(&message).await;
        message.delivery.attempt = 2;
        webhook.send(&message).await;
    };
    let ((), requests) = join!(sends, receiver.accept_on_one_connection(3));

    let id = |request: &Request| request.headers["webhook-id"].clone();
    let [first, again, second] = [0, 1, 2].map(|index| id(&requests[index]));
    assert_eq!(first, again);
    assert_eq!(first.strip_suffix('1'), second.strip_suffix('2'));
}

#[tokio::test]
async fn connections_are_used_again() {
    let (world, receiver) = (World::new(), Receiver::listen().await);
    let webhook = webhook(&world, &receiver.url(), LONG);
    let (one, other) = (message(&world), message(&world));

    let sends = async {
        assert_eq!(webhook.send(&one).await, accepted());
        assert_eq!(webhook.send(&other).await, accepted());
    };
    let ((), requests) = join!(sends, receiver.accept_on_one_connection(2));

    assert_eq!(requests.len(), 2);
}

#[tokio::test]
async fn every_answer_has_its_meaning() {
    let opted_out = r#"{"status":"refused","reason":"opted_out"}"#;
    let cases = [
        (reply("200 OK", ""), accepted()),
        (
            reply("202 Accepted", r#"{"status":"accepted"}"#),
            accepted(),
        ),
        (reply("200 OK", opted_out), refused(SendRefusal::OptedOut)),
        (reply("500 Oops", opted_out), refused(SendRefusal::OptedOut)),
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
    ];
    for (reply, meaning) in cases {
        assert_eq!(outcome_of(&reply).await, meaning, "{reply}");
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_tells_nothing() {
    let whole = reply("200 OK", r#"{"status":"refused","reason":"opted_out"}"#);

    for cut_at in [0, 5, 20, whole.len() - 1] {
        let outcome = outcome_of(&whole[..cut_at]).await;
        assert_eq!(outcome, SendOutcome::Unknown, "after {cut_at} bytes");
    }
}

#[tokio::test]
async fn a_reply_that_is_no_http_tells_nothing() {
    assert_eq!(
        outcome_of("220 smtp ready\r\n\r\n").await,
        SendOutcome::Unknown
    );
}

#[tokio::test]
async fn a_reply_is_read_up_to_64_kibibytes() {
    let acceptance = r#"{"status":"accepted"}"#;
    let padded = |bytes: usize| {
        let padding = " ".repeat(bytes - acceptance.len());
        reply("200 OK", &format!("{acceptance}{padding}"))
    };

    assert_eq!(outcome_of(&padded(64 * 1024)).await, accepted());
    assert_eq!(
        outcome_of(&padded(64 * 1024 + 1)).await,
        SendOutcome::Unknown
    );
}

#[tokio::test]
async fn a_time_out_after_the_request_was_written_is_no_failure() {
    let (world, receiver) = (World::new(), Receiver::listen().await);
    let webhook = webhook(&world, &receiver.url(), SHORT);
    let silence = async {
        let mut connection = receiver.connection().await;
        read(&mut connection).await;
        pending::<()>().await;
    };

    let message = message(&world);
    let outcome = select! {
        outcome = webhook.send(&message) => outcome,
        () = silence => unreachable!("it never ends"),
    };

    assert_eq!(outcome, SendOutcome::Unknown);
}

#[tokio::test]
async fn a_body_that_does_not_end_tells_nothing() {
    let (world, receiver) = (World::new(), Receiver::listen().await);
    let webhook = webhook(&world, &receiver.url(), SHORT);
    let half = async {
        let mut connection = receiver.connection().await;
        read(&mut connection).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{";
        connection.write_all(head).await.unwrap();
        pending::<()>().await;
    };

    let message = message(&world);
    let outcome = select! {
        outcome = webhook.send(&message) => outcome,
        () = half => unreachable!("it never ends"),
    };

    assert_eq!(outcome, SendOutcome::Unknown);
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let (world, receiver) = (World::new(), Receiver::listen().await);
    let url = receiver.url();
    drop(receiver);

    let nobody_listens = webhook(&world, &url, LONG).send(&message(&world)).await;
    let no_such_name = webhook(&world, "https://phonekey.invalid/", LONG)
        .send(&message(&world))
        .await;

    assert_eq!(nobody_listens, refused(SendRefusal::Temporary));
    assert_eq!(no_such_name, refused(SendRefusal::Temporary));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
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

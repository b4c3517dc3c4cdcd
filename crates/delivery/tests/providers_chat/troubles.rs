//! What goes wrong between us and any provider that is spoken to over HTTP.

use std::{future::pending, time::Duration};

use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{SendOutcome, SendRefusal},
    },
    ports::delivery::MessageSender,
};
use tokio::{io::AsyncWriteExt, select};

use crate::kit::{LONG, SHORT, Server, nobody, read, refused, reply};

/// Holds a provider to what its transport's troubles mean. `sender` makes one that talks to a URL
/// within a time, `success` is the body of an acceptance.
pub(crate) async fn hold<S: MessageSender>(
    sender: impl Fn(&str, Duration) -> S,
    message: &Message,
    success: &str,
) {
    without_a_connection_nothing_was_sent(&sender, message).await;
    silence_tells_nothing(&sender, message).await;
    a_reply_that_breaks_off_tells_nothing(&sender, message, success).await;
    a_reply_without_an_end_tells_nothing(&sender, message, success).await;
    statuses_speak_for_themselves(&sender, message, success).await;
}

async fn without_a_connection_nothing_was_sent<S: MessageSender>(
    sender: impl Fn(&str, Duration) -> S,
    message: &Message,
) {
    let (url, _nobody) = nobody();

    let outcome = sender(&url, LONG).send(message).await;

    assert_eq!(outcome, refused(SendRefusal::Temporary));
}

async fn silence_tells_nothing<S: MessageSender>(
    sender: impl Fn(&str, Duration) -> S,
    message: &Message,
) {
    let server = Server::listen().await;
    let silence = async {
        let mut connection = server.connection().await;
        read(&mut connection).await;
        pending::<()>().await;
    };

    let outcome = select! {
        outcome = async { sender(&server.url(), SHORT).send(message).await } => outcome,
        () = silence => unreachable!("it never ends"),
    };

    assert_eq!(outcome, SendOutcome::Unknown);
}

async fn a_reply_that_breaks_off_tells_nothing<S: MessageSender>(
    sender: impl Fn(&str, Duration) -> S,
    message: &Message,
    success: &str,
) {
    let whole = reply("200 OK", success);
    for cut_at in [0, 20, whole.len() - 1] {
        let server = Server::listen().await;

        let sender = sender(&server.url(), LONG);
        let (outcome, _) = server.exchange(&sender, message, &whole[..cut_at]).await;

        assert_eq!(outcome, SendOutcome::Unknown, "after {cut_at} bytes");
    }
}

async fn a_reply_without_an_end_tells_nothing<S: MessageSender>(
    sender: impl Fn(&str, Duration) -> S,
    message: &Message,
    success: &str,
) {
    let server = Server::listen().await;
    let half = async {
        let mut connection = server.connection().await;
        read(&mut connection).await;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{success}");
        connection.write_all(head.as_bytes()).await.unwrap();
        pending::<()>().await;
    };

    let outcome = select! {
        outcome = async { sender(&server.url(), SHORT).send(message).await } => outcome,
        () = half => unreachable!("it never ends"),
    };

    assert_eq!(outcome, SendOutcome::Unknown);
}

async fn statuses_speak_for_themselves<S: MessageSender>(
    sender: impl Fn(&str, Duration) -> S,
    message: &Message,
    success: &str,
) {
    let slow_down = "HTTP/1.1 429 Slow Down\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n";
    let elsewhere = "HTTP/1.1 307 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let cases = [
        (slow_down.to_owned(), refused(SendRefusal::RateLimited)),
        (elsewhere.to_owned(), refused(SendRefusal::Temporary)),
        (
            reply("400 Bad Request", "no"),
            refused(SendRefusal::RejectedContent),
        ),
        (
            reply("401 Unauthorized", ""),
            refused(SendRefusal::BadCredentials),
        ),
        (
            reply("403 Forbidden", "<html>"),
            refused(SendRefusal::BadCredentials),
        ),
        (reply("408 Request Timeout", ""), SendOutcome::Unknown),
        (reply("500 Oops", "<html>"), SendOutcome::Unknown),
        (reply("502 Bad Gateway", ""), SendOutcome::Unknown),
        (reply("503 Busy", success), SendOutcome::Unknown),
        (reply("200 OK", ""), SendOutcome::Unknown),
        (reply("200 OK", "thanks"), SendOutcome::Unknown),
        (reply("200 OK", "{}"), SendOutcome::Unknown),
        ("220 smtp ready\r\n\r\n".to_owned(), SendOutcome::Unknown),
    ];
    for (reply, meaning) in cases {
        let server = Server::listen().await;

        let sender = sender(&server.url(), LONG);
        let (outcome, _) = server.exchange(&sender, message, &reply).await;

        assert_eq!(outcome, meaning, "{reply}");
    }
}

//! What goes wrong between us and any provider that is spoken to over HTTP.

use std::{future::pending, time::Duration};

use phonekey_core::{
    delivery::{
        message::Message,
        outcome::{MessageId, SendOutcome, SendRefusal},
    },
    ports::delivery::MessageSender,
};
use phonekey_delivery::{endpoint::BaseUrl, provider::PollReports};
use tokio::{io::AsyncWriteExt, select};

use super::{LONG, SHORT, Server, nobody, outcome_of, read, refused, reply, report_of};

/// Holds a provider to what its transport's troubles mean, and to taking nothing but an answer for
/// an answer. `sender` makes one that talks to a URL within a time, `success` is the body of an
/// acceptance.
pub(crate) async fn hold<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
    success: &str,
) {
    hold_transport(&sender, message, success).await;
    what_is_not_an_answer_tells_nothing(&sender, message, success).await;
    too_many_requests_are_refused(&sender, message).await;
}

/// Holds a provider to what its transport's troubles mean; `answer` is the body of a whole answer.
pub(crate) async fn hold_transport<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
    answer: &str,
) {
    without_a_connection_nothing_was_sent(&sender, message).await;
    silence_tells_nothing(&sender, message, "").await;
    let half = format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{answer}");
    silence_tells_nothing(&sender, message, &half).await;
    what_breaks_off_tells_nothing(&sender, message, answer).await;
}

/// Holds one whose statuses mean what HTTP says to that.
pub(crate) async fn hold_statuses<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
) {
    let elsewhere = "HTTP/1.1 307 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let cases = [
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
    ];
    for (reply, meaning) in cases {
        let outcome = outcome_of(&sender, message, &reply).await;

        assert_eq!(outcome, meaning, "{reply}");
    }
}

/// Holds one that is asked for reports to saying nothing when it cannot tell.
pub(crate) async fn hold_poller<S: PollReports>(
    poller: impl Fn(BaseUrl, Duration) -> S,
    success: &str,
) {
    let (url, _nobody) = nobody();
    let id = MessageId::new("5").unwrap();
    assert_eq!(poller(url, LONG).poll(&id).await, None);

    for reply in [
        reply("200 OK", ""),
        reply("200 OK", "{}"),
        reply("401 Unauthorized", "no"),
        reply("500 Oops", success),
        reply("200 OK", success)[..30].to_owned(),
    ] {
        assert_eq!(report_of(&poller, "5", &reply).await, None, "{reply}");
    }
}

async fn without_a_connection_nothing_was_sent<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
) {
    let (url, _nobody) = nobody();

    let outcome = sender(url, LONG).send(message).await;

    assert_eq!(outcome, refused(SendRefusal::Temporary));
}

/// After the request, or in the middle of the answer.
async fn silence_tells_nothing<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
    begun: &str,
) {
    let server = Server::listen().await;
    let sender = sender(server.url(), SHORT);
    let silence = async {
        let mut connection = server.connection().await;
        read(&mut connection).await;
        connection.write_all(begun.as_bytes()).await.unwrap();
        pending::<()>().await;
    };

    let outcome = select! {
        outcome = sender.send(message) => outcome,
        () = silence => unreachable!("it never ends"),
    };

    assert_eq!(outcome, SendOutcome::Unknown, "after {begun:?}");
}

async fn what_breaks_off_tells_nothing<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
    answer: &str,
) {
    let whole = reply("200 OK", answer);
    for cut_at in [0, 5, 20, whole.len() - 1] {
        let outcome = outcome_of(&sender, message, &whole[..cut_at]).await;

        assert_eq!(outcome, SendOutcome::Unknown, "after {cut_at} bytes");
    }
}

async fn what_is_not_an_answer_tells_nothing<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
    success: &str,
) {
    let too_long = format!("{success}{}", " ".repeat(64 * 1024));
    let replies = [
        reply("200 OK", ""),
        reply("200 OK", "thanks"),
        reply("200 OK", "{}"),
        reply("200 OK", "[]"),
        reply("200 OK", "<html>"),
        reply("200 OK", &too_long),
        reply("500 Oops", "<html>"),
        reply("502 Bad Gateway", ""),
        reply("503 Busy", success),
        reply("504 Gateway Timeout", ""),
        "220 smtp ready\r\n\r\n".to_owned(),
    ];
    for reply in replies {
        let outcome = outcome_of(&sender, message, &reply).await;

        assert_eq!(outcome, SendOutcome::Unknown, "{reply}");
    }
}

/// By a gateway in front of the provider: one that says how long to wait.
async fn too_many_requests_are_refused<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
) {
    let reply = "HTTP/1.1 429 Slow Down\r\nretry-after: 30\r\ncontent-length: 6\r\n\r\n<html>";

    let outcome = outcome_of(&sender, message, reply).await;

    assert_eq!(outcome, refused(SendRefusal::RateLimited));
}

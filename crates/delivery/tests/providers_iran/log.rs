//! What the log may hold of a message (SECURITY.md T46).

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use phonekey_core::{delivery::message::Message, ports::delivery::MessageSender};
use phonekey_delivery::{endpoint::BaseUrl, provider::PollReports};
use tracing::{
    Dispatch, Level,
    subscriber::{self, NoSubscriber},
};

use crate::kit::{CODE, LONG, Server, outcome_of, report_of};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// While there is but one subscriber, `tracing` asks the thread that first comes by an event whether
/// anybody wants it, and remembers the answer for all: another test's thread would say no. Of several
/// it asks each.
static IDLE: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [(); 2].map(|()| Dispatch::new(NoSubscriber::default())));

/// Holds a provider to keeping to itself what the log may not hold: at the lowest level, with a
/// message that is refused by `refusal`, one that nobody takes, and one that is asked for. The log
/// must say `said`, and none of `secrets`.
pub(crate) async fn hold<S: MessageSender + PollReports>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
    refusal: &str,
    said: &str,
    secrets: &[&str],
) {
    LazyLock::force(&IDLE);
    let log = Log::default();
    let to = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(move || to.clone())
        .finish();
    let listening = subscriber::set_default(subscriber);
    outcome_of(&sender, message, refusal).await;
    report_of(&sender, "5", refusal).await;
    let url = Server::listen().await.url();
    sender(url, LONG).send(message).await;
    drop(listening);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains(said), "{log}");
    assert!(log.contains(&message.delivery.to_string()), "{log}");
    assert!(log.contains("the provider gave no answer"), "{log}");
    for secret in secrets.iter().chain(&[CODE, "9121234567"]) {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

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

use super::{CODE, LONG, Server, outcome_of, report_of};

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
/// message that is refused by `refusal`, and one that nobody takes. The log must say `said`, and none
/// of `secrets`.
pub(crate) async fn hold<S: MessageSender>(
    sender: impl Fn(BaseUrl, Duration) -> S,
    message: &Message,
    refusal: &str,
    said: &str,
    secrets: &[&str],
) {
    let log = logged(async {
        outcome_of(&sender, message, refusal).await;
        let url = Server::listen().await.url();
        sender(url, LONG).send(message).await;
    })
    .await;

    assert!(log.contains(said), "{log}");
    assert!(log.contains(&message.delivery.to_string()), "{log}");
    assert!(log.contains("the provider gave no answer"), "{log}");
    let number = message.to.e164();
    for secret in secrets.iter().chain(&[CODE, &number[number.len() - 8..]]) {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// Holds one that is asked for reports to the same, when it answers so.
pub(crate) async fn hold_poller<S: PollReports>(
    poller: impl Fn(BaseUrl, Duration) -> S,
    refusal: &str,
    secrets: &[&str],
) {
    let log = logged(async {
        report_of(&poller, "5", refusal).await;
    })
    .await;

    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// What is logged, at the lowest level, while this is done.
async fn logged(done: impl Future<Output = ()>) -> String {
    LazyLock::force(&IDLE);
    let log = Log::default();
    let to = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(move || to.clone())
        .finish();
    let listening = subscriber::set_default(subscriber);
    done.await;
    drop(listening);
    let log = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8(log.clone()).unwrap()
}

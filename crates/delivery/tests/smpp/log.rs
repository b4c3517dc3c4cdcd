//! What the log may hold of a message (SECURITY.md T46).

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use tracing::{
    Dispatch, Level,
    subscriber::{self, NoSubscriber},
};

use crate::kit::{CODE, PASSWORD, Server, delivered, message, settings};

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

#[tokio::test]
async fn the_log_tells_what_happens_and_no_secret() {
    LazyLock::force(&IDLE);
    let log = Log::default();
    let to = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(move || to.clone())
        .finish();
    let listening = subscriber::set_default(subscriber);
    let server = Server::listen().await;
    let settings = settings(server.port());
    let mut log_of_settings = format!("{settings:?}");

    let (client, mut peer) = server.client(&settings).await;
    let sending = client.sending();
    let submit = peer.read().await;
    peer.answer(&submit, 0x45, b"").await;
    sending.await.unwrap();
    let text = format!("id:n-1 stat:UNDELIV err:034 text:Your login code: {CODE}");
    peer.deliver(&delivered(4, &text, b"")).await;
    peer.deliver(&delivered(0, &format!("STOP {CODE}"), b""))
        .await;
    peer.write(b"no SMPP").await;
    while peer.try_read().await.is_some() {}
    let mut peer = server.session().await;
    let stopping = tokio::spawn(client.stop());
    peer.read().await;
    drop(peer);
    stopping.await.unwrap();
    drop(listening);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for said in [
        "the SMPP session is open",
        "the SMPP server did not take a message",
        "provider.code=0x0045",
        &message().delivery.to_string(),
        "a message was lost",
        "034",
        "what came is no SMPP",
        "the SMPP session is closed",
    ] {
        assert!(log.contains(said), "{said} not in {log}");
    }
    log_of_settings.push_str(&log);
    for secret in [CODE, PASSWORD, "9121234567", "login code", "STOP"] {
        assert!(
            !log_of_settings.contains(secret),
            "{secret} in {log_of_settings}"
        );
    }
}

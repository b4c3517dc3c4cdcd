//! What the log may hold (SECURITY.md T46). Alone in its program, since a log is the program's.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use phonekey_core::{
    delivery::ProviderName,
    ports::delivery::{DispatchOutcome, Dispatcher},
    testing::values::hop,
};
use phonekey_delivery::{
    providers::webhook::{WebhookUrl, signature::WebhookSecret},
    senders::Senders,
    settings::{DeliverySettings, FileSettings, ProviderKind, WebhookSettings},
};
use tracing::{Level, subscriber};
use world::{World, tokens};

#[cfg(test)]
#[path = "delivery/world.rs"]
#[expect(dead_code, reason = "the rest is for the tests that it was made for")]
mod world;

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

/// With every sender failing, since failures are what is logged.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_log_names_failures_and_no_secret() {
    let log = Log::default();
    let to = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(move || to.clone())
        .finish();
    subscriber::set_global_default(subscriber).unwrap();
    let world = World::new();
    let file = FileSettings {
        path: PathBuf::from("/dev/full"),
    };
    let webhook = WebhookSettings {
        // Port 0 takes no connection.
        url: WebhookUrl::parse("http://127.0.0.1:0/path-k3y?key=k3y").unwrap(),
        secrets: vec![WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()],
        timeout: Duration::from_secs(5),
    };
    let providers = BTreeMap::from([
        ("webhook", ProviderKind::Webhook(webhook)),
        ("file", ProviderKind::File(file)),
    ]);
    let providers = providers
        .into_iter()
        .map(|(name, kind)| (ProviderName::new(name), kind.into()));
    let hops = vec![hop("webhook"), hop("file")];
    let settings = DeliverySettings::over(hops, providers.collect());
    let router = world.router(Senders::open(&settings, &world.clock(), &tokens()).unwrap());
    let (challenge, delivery) = world.open(&router).await;

    let outcome = router.dispatch(&challenge, delivery).await;
    router.shutdown().await;

    assert!(matches!(outcome, DispatchOutcome::Unavailable(_)));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the webhook gave no answer"), "{log}");
    assert_eq!(log.matches("message refused").count(), 2, "{log}");
    assert!(log.contains("+98*****4567"), "{log}");
    let code = world.code(&challenge);
    for secret in [
        code.expose(),
        "9121234567",
        "Your login code",
        "k3y",
        "MfKQ9r8G",
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

//! What the log may hold (SECURITY.md T46). Alone in its program, since a log is the program's.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use phonekey_core::{
    delivery::ProviderName,
    ports::delivery::{DispatchOutcome, Dispatcher},
    route::Route,
};
use phonekey_delivery::{
    senders::Senders,
    settings::{DeliverySettings, FileSettings, WebhookSettings},
    webhook::{WebhookUrl, signature::WebhookSecret},
};
use tracing::{Level, subscriber};
use world::World;

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
    let settings = DeliverySettings {
        file: Some(FileSettings {
            path: PathBuf::from("/dev/full"),
        }),
        webhook: Some(WebhookSettings {
            // Port 0 takes no connection.
            url: WebhookUrl::parse("http://127.0.0.1:0/path-k3y?key=k3y").unwrap(),
            secrets: vec![WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()],
            timeout: WebhookSettings::DEFAULT_TIMEOUT,
        }),
        ..DeliverySettings::over(Route::new(["webhook", "file"].map(ProviderName::new)).unwrap())
    };
    let router = world.router(Senders::open(&settings, &world.clock()).unwrap());
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

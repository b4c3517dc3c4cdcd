//! From the configuration to running parts: the only file that names all concrete types.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use axum::Router;
use phonekey_core::{
    code::CodeBook,
    flow::{Flows, World},
    ports::{delivery::Dispatcher, store::Store},
    random::{Random, SystemRandom},
    secret::MasterSecret,
    time::{Clock, SystemClock},
};
use phonekey_delivery::{
    router::Router as DeliveryRouter,
    senders::Senders,
    settings::{DeliverySettings, FileSettings, Pace},
};
use phonekey_store as store;
use phonekey_web::{
    compat::{self, Compat},
    language::Catalogue,
    observe::RequestIds,
    ops::{self, Ops},
    pages,
};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, database::DatabaseConfig, delivery::DeliveryConfig};

/// A server without its listener.
pub struct Assembled {
    /// All routes.
    pub app: Router,
    /// Everything that is kept.
    pub store: Arc<dyn Store>,
    /// Everything that is sent.
    pub deliveries: Arc<DeliveryRouter>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Cancelled when the server begins to shut down.
    pub stopping: CancellationToken,
    /// The file of the master secret, if this start made it.
    pub secret_created: Option<PathBuf>,
}

/// Makes all parts of a server.
///
/// # Errors
/// When a key cannot be read, the database cannot be opened, or a sender cannot be made.
pub async fn assemble(config: &Config) -> anyhow::Result<Assembled> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let secret = config.secret.current.obtain(&*random)?;
    let store = open_store(&config.database).await?;
    let book = Arc::new(code_book(config, &secret.secret));
    let keys = config
        .tokens
        .key_ring(&secret.secret, &config.secret.previous)
        .context("the key of the access tokens")?;
    let deliveries = Arc::new(delivery_router(
        config,
        Arc::clone(&store),
        Arc::clone(&book),
        &clock,
    )?);

    let world = World {
        store: Arc::clone(&store),
        dispatcher: Arc::clone(&deliveries) as Arc<dyn Dispatcher>,
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        book,
        keys: Arc::new(keys),
    };
    let flows = Arc::new(Flows::new(world, config.policy.clone()));
    let stopping = CancellationToken::new();
    let catalogue =
        Catalogue::load(&config.messages.default_language).context("messages.default_language")?;

    let mut routes = compat::router(Compat {
        flows: Arc::clone(&flows),
        catalogue,
        body_timeout: config.http.body_timeout,
    });
    routes = routes.merge(ops::router(Ops {
        store: Arc::clone(&store),
        flows,
        stopping: stopping.clone(),
    }));
    if let Some(inbox) = deliveries.inbox() {
        let phone = config.policy.phone.clone();
        let (inbox, clock) = (Arc::new(inbox), Arc::clone(&clock));
        routes = routes.merge(pages::router(inbox, clock, phone, stopping.clone()));
    }
    let ids = RequestIds {
        clock: Arc::clone(&clock),
        random,
    };
    Ok(Assembled {
        app: phonekey_web::app(routes, ids),
        store,
        deliveries,
        clock,
        stopping,
        secret_created: secret.created,
    })
}

fn code_book(config: &Config, secret: &MasterSecret) -> CodeBook {
    CodeBook::new(secret, &config.secret.previous, config.test_numbers.clone())
}

fn delivery_router(
    config: &Config,
    store: Arc<dyn Store>,
    book: Arc<CodeBook>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<DeliveryRouter> {
    let settings = delivery_settings(&config.delivery, &config.messages.default_language)?;
    let senders = Senders::open(&settings, clock).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", problems.join("\n"))
    })?;
    Ok(DeliveryRouter::new(
        senders,
        settings.pace,
        store,
        book,
        Arc::clone(clock),
    ))
}

fn delivery_settings(
    config: &DeliveryConfig,
    fallback_language: &str,
) -> anyhow::Result<DeliverySettings> {
    let route = config
        .route()
        .context("delivery.routes.default names no provider")?;
    Ok(DeliverySettings {
        route,
        pace: Pace {
            deadline: config.deadline,
            lease: config.lease,
        },
        fallback_language: fallback_language.to_owned(),
        file: config.file.clone().map(|path| FileSettings { path }),
        webhook: config.webhook.clone(),
    })
}

/// Opens the database.
///
/// # Errors
/// When it cannot be reached, or its schema is not this version's.
pub async fn open_store(database: &DatabaseConfig) -> anyhow::Result<Arc<dyn Store>> {
    Ok(store::open(&database.url, SystemClock.now()).await?)
}

/// The names of the migrations that the database still needs, in order.
///
/// # Errors
/// When it cannot be reached, or its schema is newer than this version's.
pub async fn pending_migrations(database: &DatabaseConfig) -> anyhow::Result<Vec<String>> {
    let pending = store::pending_migrations(&database.url).await?;
    Ok(pending.into_iter().map(str::to_owned).collect())
}

/// Brings the database's schema up to this version's, and returns what was done, in order.
///
/// # Errors
/// When it cannot be reached, its schema is newer than this version's, or a migration fails; that
/// one is then undone whole.
pub async fn migrate(database: &DatabaseConfig) -> anyhow::Result<Vec<String>> {
    let done = store::migrate(&database.url, SystemClock.now()).await?;
    Ok(done.into_iter().map(str::to_owned).collect())
}

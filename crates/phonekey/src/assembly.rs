//! From the configuration to running parts: the only file that names all concrete types.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::Context;
use axum::Router;
use phonekey_core::{
    code::CodeBook,
    delivery::{ProviderName, follow_up::ReportsBy},
    flow::{Flows, World},
    ports::{delivery::Dispatcher, store::Store},
    random::{Random, SystemRandom},
    route::watch::NodeId,
    secret::{MasterSecret, Secret},
    time::{Clock, SystemClock},
};
use phonekey_delivery::{
    report::ReportTokens,
    router::{Router as DeliveryRouter, RouterWorld},
    senders::Senders,
    settings::{ConsoleStream, DeliverySettings, ProviderKind},
};
use phonekey_store as store;
use phonekey_web::{
    compat::{self, Compat},
    language::Catalogue,
    observe::RequestIds,
    ops::{self, Ops},
    pages, reports,
};
use tokio_util::sync::CancellationToken;

use crate::config::{
    Config,
    database::DatabaseConfig,
    delivery::provider::{Known, Reach},
    secret,
};

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
    /// What this run of the server is called.
    pub node: NodeId,
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
    let among = RouterWorld {
        store: Arc::clone(&store) as _,
        book: Arc::clone(&book),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        number: Arc::new(config.policy.number.clone()),
    };
    let deliveries = Arc::new(delivery_router(config, &secret.secret, among)?);

    let node = NodeId::generate(&machine_name(), &*random);
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
    });
    routes = routes.merge(ops::router(Ops {
        store: Arc::clone(&store) as _,
        clock: Arc::clone(&clock),
        flows,
        stopping: stopping.clone(),
    }));
    routes = routes.merge(reports::router(Arc::clone(&deliveries) as _));
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
        app: phonekey_web::app(routes, ids, config.http.body_timeout),
        store,
        deliveries,
        clock,
        node,
        stopping,
        secret_created: secret.created,
    })
}

/// What the operating system calls this machine.
fn machine_name() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

fn code_book(config: &Config, secret: &MasterSecret) -> CodeBook {
    CodeBook::new(secret, &config.secret.previous, config.test_numbers.clone())
}

fn delivery_router(
    config: &Config,
    secret: &MasterSecret,
    world: RouterWorld,
) -> anyhow::Result<DeliveryRouter> {
    let settings = delivery_settings(config);
    let tokens = ReportTokens::new(secret);
    let senders = Senders::open(&settings, &world.clock, &tokens)?;
    let (pace, messages) = (settings.pace, settings.messages);
    Ok(DeliveryRouter::new(senders, tokens, pace, messages, world))
}

/// The paths, after the public URL, to which providers may send reports, by provider.
///
/// # Errors
/// When a sender cannot be made.
pub fn report_paths(
    config: &Config,
    secret: &MasterSecret,
) -> anyhow::Result<Vec<(ProviderName, String)>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tokens = ReportTokens::new(secret);
    let senders = Senders::open(&delivery_settings(config), &clock, &tokens)?;
    let called = senders
        .providers()
        .filter(|(_, provider)| provider.reports_by() == ReportsBy::Callback);
    Ok(called
        .map(|(name, _)| (name.clone(), tokens.path(name)))
        .collect())
}

/// How providers tell what became of their messages, by provider.
pub type ReportSources = BTreeMap<ProviderName, ReportsBy>;

/// How all providers that are configured report, on a route or not. Opens nothing: those for
/// development, which report nothing, are not made.
///
/// # Errors
/// When a sender cannot be made.
pub fn report_sources(config: &Config) -> anyhow::Result<ReportSources> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let delivery = &config.delivery;
    let configured = delivery.providers.iter().chain(&delivery.unused);
    let is_for_people = |name: &ProviderName| {
        Known::find(name.as_str()).is_some_and(|known| known.reach == Reach::People)
    };
    let (for_people, others): (Vec<_>, Vec<_>) =
        configured.partition(|(name, _)| is_for_people(name));
    let cloned = for_people.into_iter();
    let settings = DeliverySettings {
        providers: cloned
            .map(|(name, it)| (name.clone(), it.clone()))
            .collect(),
        ..delivery_settings(config)
    };
    let senders = Senders::open(&settings, &clock, &throwaway_tokens()?)?;
    let reporting = senders
        .providers()
        .map(|(name, provider)| (name.clone(), provider.reports_by()));
    let silent = others
        .into_iter()
        .map(|(name, _)| (name.clone(), ReportsBy::Nothing));
    Ok(reporting.chain(silent).collect())
}

/// The senders for a message that is a test: those that a route uses, and `also`, which is configured
/// without one. The console's messages go to the standard error, since the standard output is for
/// what is told of them.
///
/// Makes no master secret. Without one there is no server that could hear a report.
///
/// # Errors
/// When the secret cannot be read, or a sender cannot be made.
pub fn trial_senders(config: &Config, also: Option<&ProviderName>) -> anyhow::Result<Senders> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut settings = delivery_settings(config);
    let unused = also.and_then(|name| config.delivery.unused.get_key_value(name));
    let unused = unused.map(|(name, provider)| (name.clone(), provider.clone()));
    settings.providers.extend(unused);
    for provider in settings.providers.values_mut() {
        if let ProviderKind::Console(stream) = &mut provider.kind {
            *stream = ConsoleStream::Error;
        }
    }
    let tokens = match config.secret.current.existing()? {
        Some(secret) => ReportTokens::new(&secret),
        None => throwaway_tokens()?,
    };
    Ok(Senders::open(&settings, &clock, &tokens)?)
}

/// Secrets of paths that nobody is told.
fn throwaway_tokens() -> anyhow::Result<ReportTokens> {
    let secret = Secret::new(secret::generate(&SystemRandom));
    Ok(ReportTokens::new(&MasterSecret::new(secret)?))
}

fn delivery_settings(config: &Config) -> DeliverySettings {
    DeliverySettings {
        table: config.delivery.table.clone(),
        providers: config.delivery.providers.clone(),
        pace: config.delivery.pace,
        messages: config.delivery.messages,
        templates: config.messages.templates.clone(),
        fallback_language: config.messages.default_language.clone(),
        domain: config.messages.domain.clone(),
        public_url: config.http.public_url.clone(),
    }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::source::Sources;

    const PROVIDERS: &str = "
        delivery.whatsapp.phone_number_id = '106540352242922'
        delivery.whatsapp.token = 'EAAtoken'
        delivery.whatsapp.template = 'login_code'
        delivery.whatsapp.languages = ['fa']
        delivery.routes.default = [
            'kavenegar', 'infobip', 'messagebird', 'plivo', 'smpp', 'smsir', 'ghasedak', 'sns',
            'telegram', 'twilio', 'vonage', 'whatsapp', 'webhook', 'console',
        ]
        [delivery.ghasedak]
        api_key = 'key'
        template = 'login'
        [delivery.infobip]
        base_url = 'https://abc123.api.infobip.com'
        api_key = 'key'
        [delivery.kavenegar]
        api_key = 'key'
        template = 'login'
        [delivery.messagebird]
        access_key = 'key'
        originator = 'PhoneKey'
        [delivery.plivo]
        auth_id = 'MA0123456789ABCDEFGH'
        auth_token = 'token'
        src = '+14155550100'
        [delivery.smpp]
        address = 'smpp.carrier.example:3550'
        system_id = 'phonekey'
        password = 'password'
        [delivery.smsir]
        api_key = 'key'
        template_id = 1
        [delivery.sns]
        region = 'eu-central-1'
        access_key_id = 'AKIAIOSFODNN7EXAMPLE'
        secret_access_key = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
        [delivery.telegram]
        token = 'AAHtoken:secret'
        [delivery.twilio]
        account_sid = 'AC0123456789abcdef0123456789abcdef'
        auth_token = 'token'
        from = '+15005550006'
        [delivery.vonage]
        api_key = 'a1b2c3d4'
        api_secret = 'secret'
        from = 'PhoneKey'
        [delivery.webhook]
        url = 'https://sms.example/send'
        secrets = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    ";

    fn sources_at(more: &str) -> ReportSources {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("phonekey.toml");
        fs::write(&file, format!("{more}\n{PROVIDERS}")).unwrap();
        let sources = Sources {
            file: Some(file),
            ..Sources::default()
        };
        report_sources(&Config::load(&sources).unwrap()).unwrap()
    }

    #[test]
    fn what_is_told_of_a_providers_reports_is_what_its_sender_does_once_all_is_set_up() {
        let reporting = sources_at(
            "http.public_url = 'https://login.example'
            delivery.whatsapp.app_secret = 'app-secret'
            delivery.whatsapp.verify_token = 'a-token-that-is-long-enough'",
        );

        for (name, reports) in reporting {
            let known = Known::find(name.as_str()).unwrap();
            assert_eq!(known.reports, reports, "{name}");
        }
    }

    #[test]
    fn until_then_it_is_what_can_be_done() {
        let reporting = sources_at("");

        let of = |name| reporting[&ProviderName::new(name)];
        assert_eq!(of("whatsapp"), ReportsBy::Nothing);
        assert_eq!(of("vonage"), ReportsBy::Nothing);
        for name in ["infobip", "messagebird", "plivo", "telegram", "twilio"] {
            assert_eq!(of(name), ReportsBy::Polling, "{name}");
        }
    }
}

//! The configured providers, by name, and which of them may carry what.

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc};

use phonekey_core::{
    delivery::ProviderName,
    ports::delivery::MessageSender,
    route::{Handling, table::RoutingTable, watch::ProviderHealth},
    time::Clock,
};
use thiserror::Error;

use crate::{
    provider::{HoldSession, PollReports, Provider, ReportSource, Surroundings, gate::Gate},
    providers::{
        console::Console,
        file::FileSender,
        ghasedak::Ghasedak,
        infobip::Infobip,
        kavenegar::Kavenegar,
        melipayamak::MeliPayamak,
        messagebird::MessageBird,
        plivo::Plivo,
        smpp::{Smpp, TargetProblem},
        smsir::SmsIr,
        sns::Sns,
        telegram::Telegram,
        twilio::Twilio,
        vonage::Vonage,
        webhook::Webhook,
        whatsapp::WhatsApp,
    },
    report::ReportTokens,
    settings::{ConsoleStream, DeliverySettings, ProviderKind, ProviderSettings},
    text::Texts,
};

/// The configured providers, and which of them may carry a message to a number.
pub struct Senders {
    table: RoutingTable,
    texts: Texts,
    providers: BTreeMap<ProviderName, Arc<Provider>>,
}

impl Senders {
    /// Makes the configured providers; opens files, connects to nothing.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        settings: &DeliverySettings,
        clock: &Arc<dyn Clock>,
        tokens: &ReportTokens,
    ) -> Result<Self, OpenError> {
        let templates = settings.templates.clone();
        let texts = Texts::new(
            templates,
            &settings.fallback_language,
            settings.domain.clone(),
        )
        .ok_or_else(|| OpenError::NoTemplate(settings.fallback_language.clone()))?;
        let mut providers = BTreeMap::new();
        for (name, provider) in &settings.providers {
            let public_url = settings.public_url.clone();
            let callback = public_url
                .as_ref()
                .map(|url| format!("{url}{}", tokens.path(name)));
            let surroundings = Surroundings {
                texts: texts.clone(),
                clock: Arc::clone(clock),
                callback,
                public_url,
            };
            let opened =
                open_provider(provider, surroundings).map_err(|problem| OpenError::Provider {
                    provider: name.clone(),
                    problem,
                })?;
            providers.insert(name.clone(), opened);
        }
        Ok(Self::of(settings.table.clone(), texts, providers))
    }

    /// Providers that were made elsewhere.
    ///
    /// A provider of the table that is not among them refuses every message for the time being.
    #[must_use]
    pub fn of(
        table: RoutingTable,
        texts: Texts,
        providers: impl IntoIterator<Item = (ProviderName, Provider)>,
    ) -> Self {
        let providers = providers.into_iter();
        Self {
            table,
            texts,
            providers: providers
                .map(|(name, provider)| (name, Arc::new(provider)))
                .collect(),
        }
    }

    /// Which of them may carry a message to a number.
    #[must_use]
    pub const fn table(&self) -> &RoutingTable {
        &self.table
    }

    /// The words that they carry.
    #[must_use]
    pub const fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The provider of this name.
    #[must_use]
    pub fn provider(&self, name: &ProviderName) -> Option<&Arc<Provider>> {
        self.providers.get(name)
    }

    /// How those do that messages are carried by, as this node sees them.
    #[must_use]
    pub fn health(&self) -> Vec<ProviderHealth> {
        let carrying = self
            .providers
            .iter()
            .filter(|(_, provider)| provider.handling() == Handling::Carried);
        let health = carrying.map(|(name, provider)| ProviderHealth {
            provider: name.clone(),
            position: provider.health().position(),
            last_trouble: provider.health().last_trouble(),
        });
        health.collect()
    }

    /// All providers, by name.
    pub fn providers(&self) -> impl Iterator<Item = (&ProviderName, &Arc<Provider>)> {
        self.providers.iter()
    }
}

/// Why the providers cannot be made.
#[derive(Debug, Error)]
pub enum OpenError {
    /// There is no template in the fallback language.
    #[error("there is no message text in the language `{0}`")]
    NoTemplate(String),
    /// A provider cannot be made.
    #[error("the provider `{provider}` cannot start")]
    Provider {
        /// Which one.
        provider: ProviderName,
        /// Why.
        #[source]
        problem: ProviderProblem,
    },
}

/// Why a provider cannot be made.
#[derive(Debug, Error)]
pub enum ProviderProblem {
    /// The file of the provider `file` cannot be written.
    #[error(
        "{} cannot be opened for appending; create its folder, or let the server write there",
        .path.display()
    )]
    FileUnusable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The HTTP client cannot start, most likely for want of trusted certificates.
    #[error("the HTTP client cannot start; install the system's CA certificates (ca-certificates)")]
    HttpClient(
        /// What the client said.
        #[from]
        reqwest::Error,
    ),
    /// The SMPP server cannot be reached as it is configured.
    #[error(transparent)]
    SmppServer(#[from] TargetProblem),
}

fn open_provider(
    settings: &ProviderSettings,
    surroundings: Surroundings,
) -> Result<Provider, ProviderProblem> {
    let made = match &settings.kind {
        ProviderKind::Inbox => return Ok(Provider::kept()),
        ProviderKind::Console(ConsoleStream::Output) => {
            silent(Console::on_stdout(surroundings.texts, surroundings.clock))
        }
        ProviderKind::Console(ConsoleStream::Error) => {
            silent(Console::on_stderr(surroundings.texts, surroundings.clock))
        }
        ProviderKind::File(file) => {
            let sender = FileSender::open(file, surroundings.texts, surroundings.clock);
            silent(sender.map_err(|source| ProviderProblem::FileUnusable {
                path: file.path.clone(),
                source,
            })?)
        }
        ProviderKind::Ghasedak(ghasedak) => asked(Ghasedak::new(ghasedak)?),
        ProviderKind::Infobip(settings) => {
            let infobip = Arc::new(Infobip::new(settings, surroundings)?);
            let reports = infobip.reports();
            Provider::carried(infobip, reports)
        }
        ProviderKind::Kavenegar(kavenegar) => asked(Kavenegar::new(kavenegar)?),
        ProviderKind::MeliPayamak(melipayamak) => asked(MeliPayamak::new(melipayamak)?),
        ProviderKind::MessageBird(settings) => {
            let messagebird = Arc::new(MessageBird::new(settings, surroundings)?);
            let reports = messagebird.reports();
            Provider::carried(messagebird, reports)
        }
        ProviderKind::Plivo(settings) => {
            let plivo = Arc::new(Plivo::new(settings, surroundings)?);
            let reports = plivo.reports();
            Provider::carried(plivo, reports)
        }
        ProviderKind::Smpp(settings) => held(Smpp::new(settings, surroundings)?),
        ProviderKind::SmsIr(smsir) => asked(SmsIr::new(smsir)?),
        ProviderKind::Sns(sns) => silent(Sns::new(sns, surroundings)?),
        ProviderKind::Telegram(settings) => {
            let telegram = Arc::new(Telegram::new(settings, surroundings)?);
            let reports = telegram.reports();
            Provider::carried(telegram, reports)
        }
        ProviderKind::Twilio(settings) => {
            let twilio = Arc::new(Twilio::new(settings, surroundings)?);
            let reports = twilio.reports();
            Provider::carried(twilio, reports)
        }
        ProviderKind::Vonage(settings) => {
            let vonage = Arc::new(Vonage::new(settings, surroundings)?);
            let reports = vonage.reports();
            Provider::carried(vonage, reports)
        }
        ProviderKind::Webhook(webhook) => silent(Webhook::new(webhook, surroundings)?),
        ProviderKind::WhatsApp(settings) => {
            let whatsapp = Arc::new(WhatsApp::new(settings)?);
            let reports = whatsapp.reports();
            Provider::carried(whatsapp, reports)
        }
    };
    let bounds = settings.bounds;
    let gate = Gate::new(usize::from(bounds.under_way), bounds.per_second);
    Ok(made.within(gate))
}

/// A provider that reports nothing.
fn silent(sender: impl MessageSender + 'static) -> Provider {
    Provider::carried(Arc::new(sender), ReportSource::Nothing)
}

/// A provider that reports when it is asked.
fn asked(sender: impl MessageSender + PollReports + 'static) -> Provider {
    let sender = Arc::new(sender);
    let reports = ReportSource::Polling(Arc::clone(&sender) as _);
    Provider::carried(sender, reports)
}

/// A provider that reports over a session that it keeps.
fn held(sender: impl MessageSender + HoldSession + 'static) -> Provider {
    let sender = Arc::new(sender);
    let reports = ReportSource::Session(Arc::clone(&sender) as _);
    Provider::carried(sender, reports)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use phonekey_core::{
        route::Hop,
        secret::{MasterSecret, Secret},
        testing::{ManualClock, values::hop},
    };

    use super::*;
    use crate::{providers::inbox, settings::FileSettings};

    fn open(settings: &DeliverySettings) -> Result<Senders, OpenError> {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let master = MasterSecret::new(Secret::new("q8Zr1mT0vYx3KpLw7NcB5dGhJ2sFa9Ue")).unwrap();
        Senders::open(settings, &clock, &ReportTokens::new(&master))
    }

    fn settings(file: PathBuf) -> DeliverySettings {
        let inbox = Hop {
            handling: Handling::Kept,
            ..hop(inbox::NAME)
        };
        let providers = [
            ("file", ProviderKind::File(FileSettings { path: file })),
            (inbox::NAME, ProviderKind::Inbox),
        ];
        let providers = providers.map(|(name, kind)| (ProviderName::new(name), kind.into()));
        DeliverySettings::over(vec![hop("file"), inbox], BTreeMap::from(providers))
    }

    #[test]
    fn what_is_configured_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");

        let senders = open(&settings(path.clone())).unwrap();

        let handling = |name| {
            senders
                .provider(&ProviderName::new(name))
                .map(|it| it.handling())
        };
        assert_eq!(handling("file"), Some(Handling::Carried));
        assert_eq!(handling("inbox"), Some(Handling::Kept));
        assert_eq!(handling("console"), None);
        assert!(fs::exists(path).unwrap());
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let error = open(&settings("/nonexistent/messages.jsonl".into()))
            .err()
            .unwrap();

        assert!(error.to_string().contains("`file`"), "{error}");
        let problem = std::error::Error::source(&error).unwrap().to_string();
        assert!(problem.contains("/nonexistent/messages.jsonl"), "{problem}");
    }
}

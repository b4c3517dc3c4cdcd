//! The providers of a route, by name.

use std::{collections::BTreeMap, sync::Arc};

use phonekey_core::{
    delivery::ProviderName, ports::delivery::MessageSender, route::Route, time::Clock,
};

use crate::{
    console::{self, Console},
    file::{self, FileSender},
    inbox,
    settings::{DeliverySettings, problem::SettingsProblem},
    text::Texts,
    webhook::{self, Webhook},
};

/// The providers of a route, by name, and the order in which they are tried.
pub struct Senders {
    route: Route,
    texts: Texts,
    providers: BTreeMap<ProviderName, Provider>,
}

/// What carries the messages of one provider.
#[derive(Clone)]
pub enum Provider {
    /// Nothing does: the delivery's row is the message (see [`inbox`]).
    Inbox,
    /// This sender.
    Sender(Arc<dyn MessageSender>),
}

impl Senders {
    /// Makes the senders of the configured route; opens files, connects to nothing.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn open(
        settings: &DeliverySettings,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Vec<SettingsProblem>> {
        let mut problems = settings.problems();
        let Some(texts) = Texts::falling_back_to(&settings.fallback_language) else {
            return Err(problems);
        };
        let mut providers = BTreeMap::new();
        for name in settings.route.providers() {
            match open_provider(name, settings, texts, clock) {
                Ok(provider) => providers.extend(provider.map(|it| (name.clone(), it))),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self::of(settings.route.clone(), texts, providers))
    }

    /// A route over providers that were made elsewhere.
    ///
    /// A provider of the route that is not among them refuses every message for the time being.
    #[must_use]
    pub fn of(
        route: Route,
        texts: Texts,
        providers: impl IntoIterator<Item = (ProviderName, Provider)>,
    ) -> Self {
        Self {
            route,
            texts,
            providers: providers.into_iter().collect(),
        }
    }

    /// The order in which they are tried.
    #[must_use]
    pub const fn route(&self) -> &Route {
        &self.route
    }

    /// The words that they carry.
    #[must_use]
    pub const fn texts(&self) -> Texts {
        self.texts
    }

    /// The provider of this name.
    #[must_use]
    pub fn provider(&self, name: &ProviderName) -> Option<&Provider> {
        self.providers.get(name)
    }

    /// Whether messages go to the developer's inbox.
    #[must_use]
    pub fn use_inbox(&self) -> bool {
        self.providers
            .values()
            .any(|provider| matches!(provider, Provider::Inbox))
    }
}

/// The provider of this name; `None` for one that [`DeliverySettings::problems`] complains about.
fn open_provider(
    name: &ProviderName,
    settings: &DeliverySettings,
    texts: Texts,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Provider>, SettingsProblem> {
    let clock = Arc::clone(clock);
    let sender: Arc<dyn MessageSender> = match name.as_str() {
        inbox::NAME => return Ok(Some(Provider::Inbox)),
        console::NAME => Arc::new(Console::on_stdout(texts, clock)),
        file::NAME => {
            let Some(file) = &settings.file else {
                return Ok(None);
            };
            let sender = FileSender::open(file, texts, clock).map_err(|source| {
                SettingsProblem::FileUnusable {
                    path: file.path.clone(),
                    source,
                }
            })?;
            Arc::new(sender)
        }
        webhook::NAME => {
            let Some(webhook) = &settings.webhook else {
                return Ok(None);
            };
            Arc::new(Webhook::new(webhook, texts, clock).map_err(SettingsProblem::HttpClient)?)
        }
        _ => return Ok(None),
    };
    Ok(Some(Provider::Sender(sender)))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use phonekey_core::testing::ManualClock;

    use super::*;
    use crate::settings::FileSettings;

    fn clock() -> Arc<dyn Clock> {
        Arc::new(ManualClock::default())
    }

    fn route(providers: &[&str]) -> Route {
        Route::new(providers.iter().copied().map(ProviderName::new)).unwrap()
    }

    #[test]
    fn a_route_opens_what_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages.jsonl");
        let settings = DeliverySettings {
            file: Some(FileSettings { path: path.clone() }),
            ..DeliverySettings::over(route(&["file", "inbox"]))
        };

        let senders = Senders::open(&settings, &clock()).unwrap();

        assert!(senders.use_inbox());
        assert!(matches!(
            senders.provider(&ProviderName::new("file")),
            Some(Provider::Sender(_))
        ));
        assert!(senders.provider(&ProviderName::new("console")).is_none());
        assert!(fs::exists(path).unwrap());
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_a_problem() {
        let settings = DeliverySettings {
            file: Some(FileSettings {
                path: PathBuf::from("/nonexistent/messages.jsonl"),
            }),
            ..DeliverySettings::over(route(&["file"]))
        };

        let problems = Senders::open(&settings, &clock()).err().unwrap();

        assert_eq!(
            problems[0].to_string(),
            "delivery.file.path: /nonexistent/messages.jsonl cannot be opened for appending; \
             create its folder, or let the server write there"
        );
    }
}

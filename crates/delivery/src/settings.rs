//! What the configuration says about deliveries, parsed, and whether it holds together.

pub mod problem;

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use phonekey_core::{delivery::ProviderName, route::Route};

use self::problem::{Bounds, SettingsProblem};
use crate::{
    console, file, inbox,
    text::Texts,
    webhook::{self, WebhookUrl, signature::WebhookSecret},
};

/// What the configuration says about deliveries.
#[derive(Clone, Debug)]
pub struct DeliverySettings {
    /// The providers, in the order in which they are tried.
    pub route: Route,
    /// How long a caller waits, and for how long a node owns what it sends.
    pub pace: Pace,
    /// The language of texts for people whose own has no template. Default `fa`, as the Django
    /// project's texts are.
    pub fallback_language: String,
    /// The provider `file`, if it is configured.
    pub file: Option<FileSettings>,
    /// The provider `webhook`, if it is configured.
    pub webhook: Option<WebhookSettings>,
}

impl DeliverySettings {
    /// The defaults, over this route.
    #[must_use]
    pub fn over(route: Route) -> Self {
        Self {
            route,
            pace: Pace::default(),
            fallback_language: "fa".to_owned(),
            file: None,
            webhook: None,
        }
    }

    /// Everything that is wrong with these settings, as far as it shows without touching a file or
    /// the network.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = self.route_problems();
        problems.extend(self.time_problems());
        if Texts::falling_back_to(&self.fallback_language).is_none() {
            problems.push(SettingsProblem::NoTemplate {
                language: self.fallback_language.clone(),
            });
        }
        if self
            .webhook
            .as_ref()
            .is_some_and(|webhook| webhook.secrets.is_empty())
        {
            problems.push(SettingsProblem::WebhookUnsigned);
        }
        problems
    }

    /// Those providers of the route that are for development alone: they show codes to whoever can
    /// see the operator's screen, file or pages (SECURITY.md T67).
    pub fn development_providers(&self) -> impl Iterator<Item = &ProviderName> {
        self.route
            .providers()
            .filter(|provider| FOR_DEVELOPMENT.contains(&provider.as_str()))
    }

    fn route_problems(&self) -> Vec<SettingsProblem> {
        let mut seen = BTreeSet::new();
        self.route
            .providers()
            .filter_map(|provider| {
                if seen.insert(provider) {
                    self.provider_problem(provider)
                } else {
                    let provider = provider.clone();
                    Some(SettingsProblem::ProviderTwice { provider })
                }
            })
            .collect()
    }

    fn provider_problem(&self, provider: &ProviderName) -> Option<SettingsProblem> {
        let provider = provider.clone();
        let settings = match provider.as_str() {
            inbox::NAME | console::NAME => return None,
            file::NAME if self.file.is_some() => return None,
            webhook::NAME if self.webhook.is_some() => return None,
            file::NAME => "delivery.file.path",
            webhook::NAME => "delivery.webhook.url and delivery.webhook.secrets",
            _ => return Some(SettingsProblem::UnknownProvider { provider }),
        };
        Some(SettingsProblem::ProviderNotConfigured { provider, settings })
    }

    fn time_problems(&self) -> Vec<SettingsProblem> {
        let webhook_timeout = self.webhook.as_ref().map(|webhook| webhook.timeout);
        let bounded = [
            ("delivery.deadline", Some(self.pace.deadline), DEADLINE),
            ("delivery.lease", Some(self.pace.lease), LEASE),
            ("delivery.webhook.timeout", webhook_timeout, TIMEOUT),
        ];
        let mut problems: Vec<SettingsProblem> = bounded
            .into_iter()
            .filter_map(|(setting, value, bounds)| bounds.check(setting, value?))
            .collect();
        let longest_wait = webhook_timeout.unwrap_or_default().max(self.pace.deadline);
        if self.pace.lease <= longest_wait {
            problems.push(SettingsProblem::LeaseTooShort {
                lease: self.pace.lease,
                longest_wait,
            });
        }
        problems
    }
}

/// How long a caller waits for a delivery, and for how long a node owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long a caller waits for a provider's acceptance; then it learns that the message is on
    /// its way, and the sending goes on. 100 ms to 60 s, default 5 s (SECURITY.md T60).
    pub deadline: Duration,
    /// How long a pending delivery belongs to the node that sends it; after that any node may take
    /// it up, since its holder must have crashed. 5 s to 10 min, default 30 s. Longer than the
    /// deadline and than any provider's time-out.
    pub lease: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            lease: Duration::from_secs(30),
        }
    }
}

/// The provider `file`.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// The file that messages are appended to, one JSON line each.
    pub path: PathBuf,
}

/// The provider `webhook`.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where messages are posted to.
    pub url: WebhookUrl,
    /// What they are signed with; during a change of secret, the old and the new one.
    pub secrets: Vec<WebhookSecret>,
    /// How long the whole exchange may take, until nobody can tell whether the message went:
    /// 100 ms to 60 s, default 5 s (SECURITY.md T60).
    pub timeout: Duration,
}

impl WebhookSettings {
    /// The default of [`timeout`](Self::timeout).
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
}

const FOR_DEVELOPMENT: [&str; 3] = [inbox::NAME, console::NAME, file::NAME];

const DEADLINE: Bounds = Bounds {
    shortest: Duration::from_millis(100),
    longest: Duration::from_mins(1),
};
const LEASE: Bounds = Bounds {
    shortest: Duration::from_secs(5),
    longest: Duration::from_mins(10),
};
const TIMEOUT: Bounds = Bounds {
    shortest: Duration::from_millis(100),
    longest: Duration::from_mins(1),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(providers: &[&str]) -> DeliverySettings {
        let route = Route::new(providers.iter().copied().map(ProviderName::new));
        DeliverySettings::over(route.unwrap())
    }

    fn told(settings: &DeliverySettings) -> Vec<String> {
        settings
            .problems()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn webhook() -> WebhookSettings {
        WebhookSettings {
            url: WebhookUrl::parse("https://sms.example/send").unwrap(),
            secrets: vec![WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()],
            timeout: WebhookSettings::DEFAULT_TIMEOUT,
        }
    }

    #[test]
    fn the_defaults_are_sound() {
        assert!(told(&routed(&["inbox"])).is_empty());
    }

    #[test]
    fn the_inbox_may_stand_on_a_route_with_others() {
        let settings = DeliverySettings {
            webhook: Some(webhook()),
            ..routed(&["webhook", "inbox"])
        };

        assert!(told(&settings).is_empty());
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let settings = DeliverySettings {
            fallback_language: "xx".to_owned(),
            pace: Pace {
                deadline: Duration::ZERO,
                ..Pace::default()
            },
            ..routed(&["file", "pigeon", "webhook", "file"])
        };

        assert_eq!(
            told(&settings),
            [
                "the route names the provider `file`, which is not configured; set \
                 delivery.file.path, or take it off the route",
                "the route names the provider `pigeon`, which there is not; use inbox, console, \
                 file or webhook",
                "the route names the provider `webhook`, which is not configured; set \
                 delivery.webhook.url and delivery.webhook.secrets, or take it off the route",
                "the route names the provider `file` twice; name each provider once",
                "delivery.deadline is 0ns; it must be 100ms to 60s",
                "there is no message text in the language `xx`; choose one of en, fa",
            ]
        );
    }

    #[test]
    fn a_lease_outlasts_every_wait() {
        let settings = DeliverySettings {
            webhook: Some(WebhookSettings {
                timeout: Duration::from_secs(30),
                ..webhook()
            }),
            ..routed(&["webhook"])
        };

        assert_eq!(
            told(&settings),
            [
                "delivery.lease is 30s; it must be longer than delivery.deadline and every \
                 provider's time-out, here 30s"
            ]
        );
    }

    #[test]
    fn a_webhook_is_never_unsigned() {
        let settings = DeliverySettings {
            webhook: Some(WebhookSettings {
                secrets: Vec::new(),
                ..webhook()
            }),
            ..routed(&["webhook"])
        };

        assert!(matches!(
            settings.problems()[..],
            [SettingsProblem::WebhookUnsigned]
        ));
    }

    #[test]
    fn development_providers_are_known_by_name() {
        let settings = routed(&["webhook", "inbox", "console", "file"]);
        let names: Vec<_> = settings
            .development_providers()
            .map(ProviderName::as_str)
            .collect();

        assert_eq!(names, ["inbox", "console", "file"]);
    }
}

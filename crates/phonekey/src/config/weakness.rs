//! What is weak but allowed: said at every start and by `phonekey doctor`.

use std::fmt;

use phonekey_core::{phone::ServedRegions, policy::Enforcement, time::Timestamp};
use phonekey_delivery::{
    providers::{console, inbox},
    settings::ProviderKind,
};

use super::{Config, DevelopmentScope, Secrecy};

/// Something that is weaker than it should be where people depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Codes have fewer digits than NIST and ASVS ask for.
    ShortCode {
        /// How many they have.
        digits: u8,
    },
    /// Codes are shown to whoever operates the server and sent to nobody.
    DevelopmentProvider(&'static str),
    /// What is for development alone may be reached from elsewhere.
    DevelopmentAnywhere,
    /// Numbers get a fixed code.
    TestNumbers {
        /// How many still do.
        active: usize,
        /// How many no longer do, so that they can be removed.
        ended: usize,
    },
    /// No limit is in force.
    LimitsOff,
    /// There is no limit by address, prefix, region or whole server.
    NoNetworkLimits,
    /// Numbers of every region are served.
    EveryRegion,
    /// Sessions have no end.
    EndlessSessions,
    /// The token key is one that Django made for development.
    DjangoInsecureSecret,
    /// Codes and a password cross a network that may be anybody's.
    OpenSmpp {
        /// Where they go.
        host: String,
    },
    /// A text costs more than it should, or is not used.
    Text {
        /// Which file, and what is wrong with it.
        flaw: String,
    },
    /// Everybody may read the configuration file, which holds a secret.
    PublicConfigFile {
        /// Where it is.
        path: String,
    },
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortCode { digits } => write!(
                f,
                "codes have {digits} digits; NIST SP 800-63B and ASVS ask for at least 6"
            ),
            Self::DevelopmentProvider(inbox::NAME) => {
                f.write_str("codes go to the developer's inbox at /dev/inbox and not by SMS")
            }
            Self::DevelopmentProvider(console::NAME) => {
                f.write_str("codes go to the standard output and not by SMS")
            }
            Self::DevelopmentProvider(provider) => {
                write!(f, "codes go to the {provider} and not by SMS")
            }
            Self::DevelopmentAnywhere => f.write_str(
                "what is for development may be reached from elsewhere \
                 (development.allow_remote)",
            ),
            Self::TestNumbers { active, ended } => write!(
                f,
                "there are test numbers, whose code is always the same: {active} in force, {ended} \
                 ended"
            ),
            Self::LimitsOff => f.write_str("all limits are off"),
            Self::NoNetworkLimits => {
                f.write_str("this version has no limits by address, prefix, region or whole server")
            }
            Self::EveryRegion => f.write_str("numbers of every region are served"),
            Self::EndlessSessions => f.write_str("a session that is refreshed never ends"),
            Self::DjangoInsecureSecret => f.write_str(
                "tokens.hs256_secret begins with `django-insecure-`: Django made it for \
                 development",
            ),
            Self::OpenSmpp { host } => write!(
                f,
                "passwords and codes cross the network to {host} in the clear (delivery.smpp.tls)"
            ),
            Self::Text { flaw } => write!(f, "the text {flaw}"),
            Self::PublicConfigFile { path } => {
                write!(
                    f,
                    "every user of this machine may read the secrets in {path}"
                )
            }
        }
    }
}

impl Weakness {
    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::ShortCode { .. } => "set challenge.code_length = 6 once your apps accept it",
            Self::DevelopmentProvider(_) => {
                "set delivery.routes.default to a provider that reaches people"
            }
            Self::DevelopmentAnywhere => {
                "let nobody but yourself reach this address, and remove \
                 development.allow_remote before people depend on it"
            }
            Self::TestNumbers { .. } => "remove the [[test_numbers]] that nobody needs",
            Self::LimitsOff => "set limits.enabled = true",
            Self::NoNetworkLimits => {
                "limit requests by address in a proxy in front, then say \
                 limits.network.enabled = false"
            }
            Self::EveryRegion => "list the regions of your people in phone.regions",
            Self::EndlessSessions => "set sessions.absolute_lifetime, such as 30d",
            Self::DjangoInsecureSecret => {
                "give Django a SECRET_KEY of its own and use it here; everyone then logs in anew"
            }
            Self::OpenSmpp { .. } => {
                "set delivery.smpp.tls = true, or reach the carrier at a private address"
            }
            Self::Text { .. } => "docs/messages.md says what to write in its stead",
            Self::PublicConfigFile { .. } => {
                "make it private with chmod 600, or 640 with its group"
            }
        }
    }
}

impl Config {
    /// What is weak about this configuration.
    #[must_use]
    pub fn weaknesses(&self, now: Timestamp) -> Vec<Weakness> {
        let digits = self.policy.challenge.code_length.get();
        let limits = self.policy.number.enforcement;
        let insecure =
            |key: &phonekey_core::secret::Secret| key.expose().starts_with(b"django-insecure-");
        let mut found = Vec::new();
        let mut note = |weak: bool, weakness: Weakness| {
            if weak {
                found.push(weakness);
            }
        };
        for provider in self.delivery.development_providers() {
            note(true, Weakness::DevelopmentProvider(provider));
        }
        note(
            self.development == DevelopmentScope::Anywhere,
            Weakness::DevelopmentAnywhere,
        );
        let active = self.test_numbers.iter().filter(|n| now < n.until).count();
        let ended = self.test_numbers.len() - active;
        note(
            !self.test_numbers.is_empty(),
            Weakness::TestNumbers { active, ended },
        );
        note(digits < 6, Weakness::ShortCode { digits });
        note(limits == Enforcement::Off, Weakness::LimitsOff);
        note(
            limits == Enforcement::On && self.network_limits == Enforcement::On,
            Weakness::NoNetworkLimits,
        );
        note(
            self.policy.phone.served == ServedRegions::All,
            Weakness::EveryRegion,
        );
        note(
            self.policy.session.absolute_lifetime.is_none(),
            Weakness::EndlessSessions,
        );
        note(
            self.tokens.hs256_secret.as_ref().is_some_and(insecure),
            Weakness::DjangoInsecureSecret,
        );
        for provider in self.delivery.providers.values() {
            if let ProviderKind::Smpp(smpp) = &provider.kind {
                let host = smpp.host.clone();
                note(smpp.is_open(), Weakness::OpenSmpp { host });
            }
        }
        for flaw in &self.messages.flaws {
            let flaw = flaw.to_string();
            note(true, Weakness::Text { flaw });
        }
        if let Some(file) = &self.file {
            let path = file.path.display().to_string();
            note(
                file.secrecy == Secrecy::Broken,
                Weakness::PublicConfigFile { path },
            );
        }
        found
    }
}

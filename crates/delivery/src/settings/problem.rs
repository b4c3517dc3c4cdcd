//! What can be wrong with the settings, and what to do about it.

use std::{fmt, io, path::PathBuf, time::Duration};

use phonekey_core::delivery::ProviderName;
use thiserror::Error;

use crate::text::Texts;

/// What is wrong with the settings, and what to do about it.
#[derive(Debug, Error)]
pub enum SettingsProblem {
    /// The route names a provider that phonekey does not have.
    #[error(
        "the route names the provider `{provider}`, which there is not; use inbox, console, file \
         or webhook"
    )]
    UnknownProvider {
        /// The name.
        provider: ProviderName,
    },
    /// The route names a provider whose own settings are missing.
    #[error(
        "the route names the provider `{provider}`, which is not configured; set {settings}, or \
         take it off the route"
    )]
    ProviderNotConfigured {
        /// The provider.
        provider: ProviderName,
        /// The settings that it needs.
        settings: &'static str,
    },
    /// The route names a provider twice: it would be tried again after it has refused.
    #[error("the route names the provider `{provider}` twice; name each provider once")]
    ProviderTwice {
        /// The provider.
        provider: ProviderName,
    },
    /// A duration is too short or too long.
    #[error("{setting} is {value:?}; it must be {bounds}")]
    OutOfBounds {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: Duration,
        /// What it may be.
        bounds: Bounds,
    },
    /// A second node would send a message that the first is still sending.
    #[error(
        "delivery.lease is {lease:?}; it must be longer than delivery.deadline and every \
         provider's time-out, here {longest_wait:?}"
    )]
    LeaseTooShort {
        /// The lease.
        lease: Duration,
        /// The longest of the times that it must exceed.
        longest_wait: Duration,
    },
    /// There is no template in the fallback language.
    #[error(
        "there is no message text in the language `{language}`; choose one of {}",
        Texts::languages().collect::<Vec<_>>().join(", ")
    )]
    NoTemplate {
        /// The language.
        language: String,
    },
    /// Webhooks would go unsigned, and the receiver could not know whose they are.
    #[error(
        "delivery.webhook.secrets is empty; make a secret with: echo \"whsec_$(openssl rand \
         -base64 32)\""
    )]
    WebhookUnsigned,
    /// The file of the provider `file` cannot be written.
    #[error(
        "delivery.file.path: {} cannot be opened for appending; create its folder, or let the \
         server write there", .path.display()
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
        #[source]
        reqwest::Error,
    ),
}

/// The shortest and the longest that a duration may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub(super) shortest: Duration,
    pub(super) longest: Duration,
}

impl Bounds {
    /// What is wrong with this value of a setting, if anything is.
    pub(super) fn check(self, setting: &'static str, value: Duration) -> Option<SettingsProblem> {
        let within = (self.shortest..=self.longest).contains(&value);
        (!within).then_some(SettingsProblem::OutOfBounds {
            setting,
            value,
            bounds: self,
        })
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} to {:?}", self.shortest, self.longest)
    }
}

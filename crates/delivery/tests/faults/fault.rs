//! The ways in which a provider fails, and what the configuration promises a person for each.

use std::time::Duration;

use phonekey_core::delivery::follow_up::FIRST_POLL;

use crate::scene::{FOLLOW_UP_EVERY, TIMEOUT, UNKNOWN_AFTER, UNREPORTED_AFTER};

/// A way in which a provider fails. But for [`LateAnswer`](Self::LateAnswer) the person never gets
/// its message, not even where it may have gone for all that we can tell: the worst case of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody listens.
    ConnectionRefused,
    /// It reads the request and says nothing until we hang up.
    Silence,
    /// It reads the request and closes the connection.
    HungUp,
    /// Its acceptance breaks off half-way.
    CutOff,
    /// Its success is nothing that it documents.
    Malformed,
    /// 429 with `Retry-After`.
    RateLimited,
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
    /// It does not take the key.
    BadCredentials,
    /// The account is empty.
    NoCredit,
    /// The template is not approved, or gone.
    BadTemplate,
    /// It takes its time: the message goes, and the acceptance comes after the caller's deadline.
    LateAnswer,
    /// It takes the message, and reports later that it did not arrive.
    LostByReport,
    /// It takes the message, and knows nothing more whenever it is asked.
    NoReport,
}

/// What a fault tells of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It did not go: another provider may send it without the person getting two.
    NotSent,
    /// It may have gone: it counts as one that the person got.
    MayHaveGone,
    /// It went, late.
    Late,
}

/// How long a [late](Fault::LateAnswer) provider takes: past the caller's deadline, within its own
/// time-out.
pub(crate) const LATE: Duration = Duration::from_secs(4);

impl Fault {
    pub(crate) const ALL: [Self; 14] = [
        Self::ConnectionRefused,
        Self::Silence,
        Self::HungUp,
        Self::CutOff,
        Self::Malformed,
        Self::RateLimited,
        Self::ServerError,
        Self::Unavailable,
        Self::BadCredentials,
        Self::NoCredit,
        Self::BadTemplate,
        Self::LateAnswer,
        Self::LostByReport,
        Self::NoReport,
    ];

    pub(crate) const fn fate(self) -> Fate {
        match self {
            Self::ConnectionRefused
            | Self::RateLimited
            | Self::BadCredentials
            | Self::NoCredit
            | Self::BadTemplate => Fate::NotSent,
            Self::LateAnswer => Fate::Late,
            Self::Silence
            | Self::HungUp
            | Self::CutOff
            | Self::Malformed
            | Self::ServerError
            | Self::Unavailable
            | Self::LostByReport
            | Self::NoReport => Fate::MayHaveGone,
        }
    }

    /// The longest that it may keep a person from the code, by the configuration.
    pub(crate) fn longest_delay(self) -> Duration {
        match (self.fate(), self) {
            (Fate::NotSent, _) => Duration::ZERO,
            (Fate::Late, _) => LATE,
            (Fate::MayHaveGone, Self::Silence) => TIMEOUT + UNKNOWN_AFTER + FOLLOW_UP_EVERY,
            (Fate::MayHaveGone, Self::LostByReport) => FIRST_POLL + FOLLOW_UP_EVERY,
            // It is looked after each time that it is twice as old.
            (Fate::MayHaveGone, Self::NoReport) => 2 * UNREPORTED_AFTER + FOLLOW_UP_EVERY,
            (Fate::MayHaveGone, _) => UNKNOWN_AFTER + FOLLOW_UP_EVERY,
        }
    }
}

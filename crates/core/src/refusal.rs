//! The two kinds of failure: a caller's doing, and ours.

use std::time::Duration;

use thiserror::Error;

use crate::{
    delivery::outcome::SendRefusal, keys::SigningFailed, phone::PhoneError,
    ports::store::StoreError, standing::WaitRule, token::TokenError,
};

/// What a caller did that cannot be served: part of the public contract, and a closed list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The number cannot be served.
    #[error(transparent)]
    Phone(#[from] PhoneError),
    /// The number must wait.
    #[error("too many requests for this number ({})", .rule.name())]
    TooMany {
        /// The rule that makes it wait.
        rule: WaitRule,
        /// For how long, rounded up to whole seconds.
        retry_after: Duration,
    },
    /// The code is not the right one, or no longer, or for something else: one answer for each
    /// cause, so that it tells a guesser nothing.
    #[error("the code is not right")]
    CodeWrong,
    /// The user may not log in.
    #[error("the user is not active")]
    UserInactive,
    /// The operator sends nothing by the channel that was asked for.
    #[error("messages do not come by this channel here")]
    ChannelNotOffered,
    /// The challenge can no longer be answered, or never could by this number: one answer for each
    /// cause, so that it tells a guesser nothing.
    #[error("the challenge has ended; ask for a new code")]
    ChallengeEnded,
    /// The challenge has had all its messages.
    #[error("the code was sent as often as it may be; ask for a new one")]
    MessagesSpent,
    /// No provider carries a message to this number.
    #[error("no message can be sent to this number ({})", .0.name())]
    NumberUnreachable(SendRefusal),
    /// The refresh or access token is refused.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A refresh token that was replaced before: its session is revoked. To the caller it is as
    /// invalid as any other.
    #[error("Token is invalid or expired")]
    TokenReplayed,
    /// The user of an access token does not exist.
    #[error("the token's user does not exist")]
    UserUnknown,
}

impl Refusal {
    /// Its machine-readable code: permanent, for clients and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Phone(PhoneError::Invalid) => "phone_invalid",
            Self::Phone(PhoneError::RegionNotServed(_)) => "region_not_served",
            Self::Phone(PhoneError::KindRefused(_)) => "number_kind_refused",
            Self::TooMany { .. } => "too_many_requests",
            Self::CodeWrong => "code_wrong",
            Self::UserInactive => "user_inactive",
            Self::ChannelNotOffered => "channel_not_offered",
            Self::ChallengeEnded => "challenge_ended",
            Self::MessagesSpent => "messages_spent",
            Self::NumberUnreachable(_) => "number_unreachable",
            Self::Token(_) => "token_not_valid",
            Self::TokenReplayed => "token_replayed",
            Self::UserUnknown => "user_not_found",
        }
    }
}

/// What failed on our side. Logged once with its sources; the caller learns no more than that.
#[derive(Debug, Error)]
pub enum Fault {
    /// The database.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The signing key.
    #[error("signing failed")]
    Signing(#[from] SigningFailed),
    /// Every provider of the route refused for reasons of its own.
    #[error("no provider could send the message ({})", .0.name())]
    Delivery(SendRefusal),
    /// The store refused a generated username again and again.
    #[error("no free username was found in {0} draws")]
    Usernames(u8),
}

impl Fault {
    /// How long a caller should wait before trying again, when that may help.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Store(StoreError::Unavailable { .. }) => Some(Duration::from_secs(2)),
            Self::Delivery(_) => Some(Duration::from_secs(30)),
            Self::Store(_) | Self::Signing(_) | Self::Usernames(_) => None,
        }
    }
}

/// Why a flow did not succeed.
#[derive(Debug, Error)]
pub enum Error {
    /// The caller's doing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Fault(Fault::Store(error))
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        Self::Refused(Refusal::Token(error))
    }
}

impl From<PhoneError> for Error {
    fn from(error: PhoneError) -> Self {
        Self::Refused(Refusal::Phone(error))
    }
}

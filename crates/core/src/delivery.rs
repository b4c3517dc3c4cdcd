//! Deliveries: one attempt to carry a challenge's message to its number, and what became of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{code::Code, id::ChallengeId, phone::PhoneNumber, time::Timestamp};

/// The name of a configured provider, such as `inbox`, `file` or `kavenegar`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderName(String);

impl ProviderName {
    /// The provider of this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a message reaches a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A text message.
    Sms,
}

impl Channel {
    /// Its name in databases and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
        }
    }

    /// The channel with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sms]
            .into_iter()
            .find(|channel| channel.name() == name)
    }
}

/// Names one delivery: its challenge and which attempt for it this is, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId {
    /// The challenge whose code it carries.
    pub challenge: ChallengeId,
    /// 1 for the first message of a challenge.
    pub attempt: u8,
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.challenge, self.attempt)
    }
}

/// A delivery as the store keeps it. It holds no text and no code: both are made when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its name.
    pub id: DeliveryId,
    /// How it goes.
    pub channel: Channel,
    /// By whom it goes.
    pub provider: ProviderName,
    /// When it was first due.
    pub created_at: Timestamp,
    /// What became of it.
    pub state: DeliveryState,
    /// The provider's own name for the message.
    pub provider_message_id: Option<String>,
    /// What it cost, in millionths of the currency, where the provider tells it.
    pub cost: Option<Cost>,
}

/// What a provider charged for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Millionths of one unit of the currency.
    pub micros: i64,
    /// ISO 4217 code, such as `IRR` or `USD`.
    pub currency: String,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent, by the node that holds it until `leased_until`, then by any node.
    Pending {
        /// End of the present holder's turn.
        leased_until: Timestamp,
    },
    /// A provider took it.
    Accepted {
        /// When.
        at: Timestamp,
    },
    /// The provider definitely refused it.
    Refused {
        /// When.
        at: Timestamp,
        /// Why.
        reason: SendRefusal,
    },
    /// Nobody can tell: it timed out, or broke off after it may have been taken.
    Unknown {
        /// When.
        at: Timestamp,
    },
    /// It was never sent, since its challenge could no longer be answered.
    Dropped {
        /// When.
        at: Timestamp,
    },
}

impl DeliveryState {
    /// Its name in databases, pages and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
            Self::Dropped { .. } => "dropped",
        }
    }
}

/// Why a provider definitely refused a message (PROVIDERS.md: each reply becomes one of these).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendRefusal {
    /// No such number.
    InvalidNumber,
    /// The number gets no messages of this kind.
    CannotReceive,
    /// Its owner asked this provider for no more messages.
    OptedOut,
    /// The provider does not send to this country.
    BlockedCountry,
    /// The provider takes the request for fraud.
    BlockedAsFraud,
    /// The provider has had too many requests.
    RateLimited,
    /// The account is empty.
    NoCredit,
    /// The provider does not know our key.
    BadCredentials,
    /// The provider's template is missing or does not fit.
    BadTemplate,
    /// The provider does not carry this text.
    RejectedContent,
    /// Another failure before anything was sent, such as no connection.
    Temporary,
}

impl SendRefusal {
    /// All refusals, for the stores' mapping.
    pub const ALL: [Self; 11] = [
        Self::InvalidNumber,
        Self::CannotReceive,
        Self::OptedOut,
        Self::BlockedCountry,
        Self::BlockedAsFraud,
        Self::RateLimited,
        Self::NoCredit,
        Self::BadCredentials,
        Self::BadTemplate,
        Self::RejectedContent,
        Self::Temporary,
    ];

    /// Its name in databases, webhook replies, pages and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidNumber => "invalid_number",
            Self::CannotReceive => "cannot_receive",
            Self::OptedOut => "opted_out",
            Self::BlockedCountry => "blocked_country",
            Self::BlockedAsFraud => "blocked_as_fraud",
            Self::RateLimited => "rate_limited",
            Self::NoCredit => "no_credit",
            Self::BadCredentials => "bad_credentials",
            Self::BadTemplate => "bad_template",
            Self::RejectedContent => "rejected_content",
            Self::Temporary => "temporary",
        }
    }

    /// The refusal with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.name() == name)
    }
}

/// A message ready to be handed to a provider.
#[derive(Clone, Debug)]
pub struct Message {
    /// The delivery that it is.
    pub delivery: DeliveryId,
    /// The number it goes to.
    pub to: PhoneNumber,
    /// How it goes.
    pub channel: Channel,
    /// The language of its text (BCP 47, such as `fa`).
    pub language: String,
    /// The code it carries.
    pub code: Code,
    /// From then on the code is of no use, nor is the message.
    pub expires_at: Timestamp,
}

/// What a provider did with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// It took it.
    Accepted(Receipt),
    /// It definitely refused it, so nothing was sent.
    Refused(SendRefusal),
    /// It did not answer in time, or not in a way that tells: the message may have gone.
    Unknown,
}

/// What a provider says of a message that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Its own name for the message.
    pub message_id: Option<String>,
    /// What it charged.
    pub cost: Option<Cost>,
}

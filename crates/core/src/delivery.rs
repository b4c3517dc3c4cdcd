//! Deliveries: one attempt to carry a challenge's message to its number, and what became of it.

pub mod follow_up;
pub mod message;
pub mod outcome;
pub mod report;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::{
    outcome::{Receipt, SendRefusal},
    report::DeliveryReport,
};
use crate::{
    id::ChallengeId,
    route::{self, NextStep},
    time::Timestamp,
};

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
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A text message.
    Sms,
    /// A call that reads the code out.
    Voice,
    /// A message on WhatsApp.
    WhatsApp,
    /// A message on Telegram.
    Telegram,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 4] = [Self::Sms, Self::Voice, Self::WhatsApp, Self::Telegram];

    /// Its name in databases and on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::WhatsApp => "whatsapp",
            Self::Telegram => "telegram",
        }
    }

    /// The channel with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
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
    /// What the provider said of the message when it took it, and of its cost since.
    pub receipt: Receipt,
    /// What the provider has reported of its arrival.
    pub report: Option<DeliveryReport>,
    /// When somebody should look after it again: ask for its report, or send the code by another
    /// way; `None` when nothing is left to do.
    pub follow_up_at: Option<Timestamp>,
}

impl Delivery {
    /// Whether it has shown that its number gets nothing by its channel.
    #[must_use]
    pub fn shows_a_lost_channel(&self) -> bool {
        let is_refused = match self.state {
            DeliveryState::Refused { reason, .. } => {
                route::after_refusal(reason) == NextStep::ChangeChannel
            }
            _ => false,
        };
        let arrival = self.report.map(|report| report.arrival);
        is_refused || arrival.is_some_and(|it| it.next_step() == NextStep::ChangeChannel)
    }
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
    /// Whether its message went, may have gone, or may yet go.
    #[must_use]
    pub const fn may_reach(self) -> bool {
        match self {
            Self::Pending { .. } | Self::Accepted { .. } | Self::Unknown { .. } => true,
            Self::Refused { .. } | Self::Dropped { .. } => false,
        }
    }

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

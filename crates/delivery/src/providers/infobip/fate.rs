//! What Infobip says of a message, in answers, logs and reports alike: its status, and, later, the
//! network's error
//! (<https://www.infobip.com/docs/essentials/api-essentials/response-status-and-error-codes>).

use phonekey_core::delivery::{outcome::SendRefusal, report::Arrival};
use serde::Deserialize;

/// A message's status. Its texts may name the number, so they are logged nowhere.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    /// Which kind it is of.
    group_id: i64,
    /// Which it is.
    pub(super) id: i64,
}

/// What the network, or Infobip, has to say against a message.
#[derive(Deserialize)]
pub(super) struct NetworkError {
    id: i64,
    #[serde(default)]
    permanent: bool,
}

/// What became of a message, as far as a status tells.
pub(super) enum Fate {
    /// It is on its way.
    Pending,
    /// It reached its phone, or the last network that tells.
    Delivered,
    /// It did not, and will not.
    Lost(SendRefusal),
    /// A group that is not known.
    Unclear,
}

impl Fate {
    /// What a report of it notes; `None` while nothing is sure.
    pub(super) const fn arrival(&self) -> Option<Arrival> {
        match self {
            Self::Delivered => Some(Arrival::Delivered),
            Self::Lost(reason) => Some(Arrival::Undelivered(*reason)),
            Self::Pending | Self::Unclear => None,
        }
    }
}

/// The status of a message whose name Infobip has had before: it was handed over twice, as after a
/// crash, and the first one is on its way.
const DUPLICATE: i64 = 23;

impl Status {
    /// What it means, together with the error beside it.
    pub(super) fn fate(&self, error: Option<&NetworkError>) -> Fate {
        if self.id == DUPLICATE {
            return Fate::Pending;
        }
        match self.group_id {
            // OK, and pending.
            0 | 1 => Fate::Pending,
            3 => Fate::Delivered,
            // Undeliverable, expired, rejected.
            2 | 4 | 5 => Fate::Lost(self.reason(error)),
            _ => Fate::Unclear,
        }
    }

    /// Why the message was lost: what the status says, else what the error says.
    fn reason(&self, error: Option<&NetworkError>) -> SendRefusal {
        let error = error.filter(|error| error.id != NO_ERROR);
        self.own_reason()
            .or_else(|| error.map(NetworkError::reason))
            .unwrap_or(SendRefusal::Temporary)
    }

    fn own_reason(&self) -> Option<SendRefusal> {
        Some(match self.id {
            // No coverage there, no route of the account's, or a sender that is not registered or
            // is barred there: no reason to send nowhere else.
            6 | 11 | 13 | 19 => SendRefusal::BlockedCountry,
            8 | 51 | 52 => SendRefusal::InvalidNumber,
            10 | 14 => SendRefusal::OptedOut,
            // A trial account writes to its owner alone.
            18 => SendRefusal::BadCredentials,
            12 | 17 => SendRefusal::NoCredit,
            20 => SendRefusal::RateLimited,
            24 | 25 => SendRefusal::RejectedContent,
            87 => SendRefusal::BlockedAsFraud,
            _ => return None,
        })
    }
}

const NO_ERROR: i64 = 0;

impl NetworkError {
    fn reason(&self) -> SendRefusal {
        match self.id {
            1 | 5 | 351 | 352 | 3041 => SendRefusal::InvalidNumber,
            // Barred, without the service, or of a kind that takes no text messages.
            9 | 11 | 12 | 13 | 21 | 565 | 568 | 569 | 581 | 629 => SendRefusal::CannotReceive,
            // Stopped, on a list of those who want nothing, or on the account's own list.
            573 | 603 | 604 | 2050 | 2052 => SendRefusal::OptedOut,
            355 | 561 | 607 => SendRefusal::RejectedContent,
            // The sender is not registered or does not fit, or the account may not.
            368 | 433 | 488 | 562..=564 | 572 | 2053 => SendRefusal::BadCredentials,
            541 | 542 | 4103 | 4104 | 4202 => SendRefusal::RateLimited,
            608 | 609 => SendRefusal::BlockedAsFraud,
            // It took too long, in one way or another.
            811 | 4098 | 4100 | 4101 => SendRefusal::Temporary,
            4099 => SendRefusal::NoCredit,
            // What India's regulator has to know beforehand.
            4106..=4111 => SendRefusal::BadTemplate,
            _ if self.permanent => SendRefusal::CannotReceive,
            _ => SendRefusal::Temporary,
        }
    }
}

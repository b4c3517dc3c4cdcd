//! What a provider says of a message: taken, refused, or nothing that tells.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    pub message_id: Option<MessageId>,
    /// What it charged.
    pub cost: Option<Cost>,
}

/// A provider's own name for a message: 1 to 200 bytes without control characters, so that any
/// database keeps it and any log shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// The name, if it can be one: no provider has longer ones, and some databases refuse NUL.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let sound = (1..=200).contains(&text.len()) && !text.chars().any(char::is_control);
        sound.then_some(Self(text))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a provider charged for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Millionths of one unit of the currency.
    pub micros: i64,
    /// Of which currency.
    pub currency: Currency,
}

/// A currency by its ISO 4217 code, such as `IRR` or `USD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The Iranian rial, in which Iranian providers state their prices.
    pub const RIAL: Self = Self(*b"IRR");

    /// The currency with this code, whatever its case; `None` for what no code looks like.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        let is_code = letters.iter().all(u8::is_ascii_alphabetic);
        is_code.then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// Its code, in upper case.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why a provider definitely refused a message, or why one that it took did not arrive (PROVIDERS.md:
/// each reply becomes one of these).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_what_any_database_keeps() {
        for sound in ["SM-0042", "8792343", "a b", "شناسه", &"x".repeat(200)] {
            assert_eq!(MessageId::new(sound).unwrap().as_str(), sound);
        }
        for odd in ["", "a\0b", "a\nb", "\u{85}", &"x".repeat(201)] {
            assert_eq!(MessageId::new(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_currency_is_three_letters() {
        assert_eq!(Currency::from_code("usd").unwrap().code(), "USD");
        for odd in ["", "US", "USDT", "U1D", "ریا"] {
            assert_eq!(Currency::from_code(odd), None, "{odd:?}");
        }
    }
}

//! What providers say, in words, and what to do about it.

use phonekey_core::delivery::outcome::{Cost, SendRefusal};
use serde::Serialize;

/// A refusal in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Explained {
    /// What it means.
    pub(super) meaning: &'static str,
    /// What to do about it.
    pub(super) advice: &'static str,
}

/// What a refusal means, and what to do about it.
pub(super) const fn explain(refusal: SendRefusal) -> Explained {
    let (meaning, advice) = match refusal {
        SendRefusal::InvalidNumber => (
            "there is no such number",
            "check the number; no other provider is tried",
        ),
        SendRefusal::CannotReceive => (
            "the number gets no messages of this kind",
            "only other channels are tried: add one to the route, such as voice",
        ),
        SendRefusal::OptedOut => (
            "its owner wants no more messages from this sender",
            "the owner must lift that, with the provider or the network; no other provider is tried",
        ),
        SendRefusal::BlockedCountry => (
            "the provider does not send to this country",
            "allow the country in the provider's console, or route it to another provider",
        ),
        SendRefusal::BlockedAsFraud => (
            "the provider takes the request for fraud",
            "ask the provider; no other provider is tried",
        ),
        SendRefusal::RateLimited => (
            "the provider has had too many requests",
            "wait, or have the provider raise its limit; delivery.bounds keeps below one",
        ),
        SendRefusal::NoCredit => (
            "the account is empty",
            "top it up in the provider's console",
        ),
        SendRefusal::BadCredentials => (
            "the provider does not know the key, or does not let it send",
            "compare the key in the configuration with the provider's console",
        ),
        SendRefusal::BadTemplate => (
            "the provider's template or sender is missing or does not fit",
            "compare its name and its parameters with the provider's page in docs/providers",
        ),
        SendRefusal::RejectedContent => (
            "the provider does not carry this text",
            "have the text approved, or write another one (messages.folder)",
        ),
        SendRefusal::Temporary => (
            "nothing was sent: no connection, or a failure of the provider's",
            "check the network and the provider's address, then try again",
        ),
    };
    Explained { meaning, advice }
}

/// A cost such as `1200.5 IRR`.
pub(super) fn money(cost: &Cost) -> String {
    let (sign, micros) = if cost.micros < 0 {
        ("-", cost.micros.unsigned_abs())
    } else {
        ("", cost.micros.unsigned_abs())
    };
    let (units, rest) = (micros / 1_000_000, micros % 1_000_000);
    let decimals = format!(".{rest:06}");
    let decimals = decimals.trim_end_matches('0').trim_end_matches('.');
    format!("{sign}{units}{decimals} {}", cost.currency)
}

/// A cost for programs, as a webhook states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Money {
    micros: i64,
    currency: String,
}

impl From<&Cost> for Money {
    fn from(cost: &Cost) -> Self {
        Self {
            micros: cost.micros,
            currency: cost.currency.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use phonekey_core::delivery::outcome::Currency;

    use super::*;

    #[test]
    fn a_cost_has_the_decimals_that_it_needs() {
        for (micros, text) in [
            (0, "0 EUR"),
            (7500, "0.0075 EUR"),
            (1_000_000, "1 EUR"),
            (1_200_500_000, "1200.5 EUR"),
            (-2_500_000, "-2.5 EUR"),
            (1, "0.000001 EUR"),
            (i64::MIN, "-9223372036854.775808 EUR"),
        ] {
            let currency = Currency::from_code("EUR").unwrap();

            assert_eq!(money(&Cost { micros, currency }), text);
        }
    }
}

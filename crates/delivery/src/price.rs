//! Prices as providers write them: decimal numbers, mostly as texts.

use phonekey_core::delivery::outcome::{Cost, Currency};

/// What this amount is in this currency, by its ISO 4217 code; `None` when either is nothing of the
/// kind. A sign is left out: some write with a minus what they take.
pub(crate) fn cost(amount: &str, currency: &str) -> Option<Cost> {
    Some(Cost {
        micros: micros(amount.strip_prefix('-').unwrap_or(amount))?,
        currency: Currency::from_code(currency)?,
    })
}

/// Digits after the point that a [`Cost`] has.
const DIGITS: usize = 6;

/// How many millionths an amount is: digits, which may have a point among them. What is less than a
/// millionth is left out.
pub(crate) fn micros(amount: &str) -> Option<i64> {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) {
        return None;
    }
    let part = format!("{part:0<DIGITS$}");
    let part: i64 = part.get(..DIGITS)?.parse().ok()?;
    let whole: i64 = whole.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_to_the_millionth() {
        for (amount, micros) in [
            ("0.00750", 7_500),
            ("-0.00750", 7_500),
            ("0.0000019", 1),
            ("12", 12_000_000),
            ("0", 0),
            ("0.123456789", 123_456),
        ] {
            let cost = cost(amount, "usd").unwrap();

            assert_eq!(cost.micros, micros, "{amount}");
            assert_eq!(cost.currency.code(), "USD");
        }
    }

    #[test]
    fn what_is_no_price_is_none() {
        for odd in [
            "",
            "-",
            ".5",
            "5.",
            "--1",
            "€1",
            "1,5",
            "1.2.3",
            "1e-5",
            "9999999999999999",
            "99999999999999999999",
            "9223372036854775807",
        ] {
            assert_eq!(cost(odd, "USD"), None, "{odd}");
        }
        assert_eq!(cost("1", "dollars"), None);
    }
}

//! Numbers of rows as people write them.

use std::str::FromStr;

use anyhow::{Context, Error, Result};

/// A number of rows: `1000`, `500k`, `10M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u64);

impl FromStr for Count {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (digits, size) = match text.strip_suffix(['k', 'K']) {
            Some(digits) => (digits, 1000),
            None => text
                .strip_suffix('M')
                .map_or((text, 1), |digits| (digits, 1_000_000)),
        };
        digits
            .parse()
            .ok()
            .and_then(|count: u64| count.checked_mul(size))
            .map(Self)
            .context("write a whole number, with k or M behind it if you like, such as 10M")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_may_end_in_k_or_m() {
        for (text, count) in [
            ("0", 0),
            ("1234", 1234),
            ("500k", 500_000),
            ("10M", 10_000_000),
        ] {
            assert_eq!(text.parse::<Count>().unwrap(), Count(count));
        }
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for text in ["", "M", "-1", "1.5M", "10m", "1 M", "99999999999999999M"] {
            assert!(text.parse::<Count>().is_err(), "{text}");
        }
    }
}

//! How often requests begin, as the command line says it.

use std::num::{NonZeroU8, NonZeroU32};
use std::str::FromStr;

use anyhow::{Context, Error, Result};

/// How often requests begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    /// `500`: so many a second.
    PerSecond(NonZeroU32),
    /// `50%`: so much of what is answered when each answer is followed by the next request.
    OfPeak(Percent),
}

/// A share in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percent(NonZeroU8);

impl Percent {
    /// The share of a throughput, in whole requests a second.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no throughput comes near either end of the integer"
    )]
    pub(crate) fn of(self, throughput: f64) -> Result<NonZeroU32> {
        let share = throughput * f64::from(self.0.get()) / 100.0;
        NonZeroU32::new(share as u32).context("too little was answered for a share of it")
    }
}

impl FromStr for Rate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let rate = match text.strip_suffix('%') {
            Some(share) => share.parse().ok().map(|share| Self::OfPeak(Percent(share))),
            None => text.parse().ok().map(Self::PerSecond),
        };
        rate.context(
            "a rate is requests a second, such as 500, or a share of the peak, such as 50%",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_or_a_share() {
        let percent = |share| Rate::OfPeak(Percent(NonZeroU8::new(share).unwrap()));

        assert_eq!("50%".parse::<Rate>().unwrap(), percent(50));
        assert_eq!(
            "500".parse::<Rate>().unwrap(),
            Rate::PerSecond(NonZeroU32::new(500).unwrap())
        );
        for text in ["", "0", "0%", "%", "-1", "50 %", "half"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_rounded_down_to_whole_requests() {
        let half = Percent(NonZeroU8::new(50).unwrap());

        assert_eq!(half.of(1001.9).unwrap().get(), 500);
        assert!(half.of(1.0).is_err());
    }
}

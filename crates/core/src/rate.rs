//! Rates such as “3 in 10 minutes”, and the waits of a cool-down.

use std::{fmt, str::FromStr, time::Duration};

use thiserror::Error;

use crate::time::Timestamp;

/// At most `count` events within any `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many events.
    pub count: u16,
    /// Within how long.
    pub window: Duration,
}

/// Several rates that all hold at once, such as `3/10m,5/1h,10/24h`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(Vec<Rate>);

impl Rates {
    /// These rates.
    #[must_use]
    pub fn new(rates: impl Into<Vec<Rate>>) -> Self {
        Self(rates.into())
    }

    /// The rates.
    #[must_use]
    pub fn as_slice(&self) -> &[Rate] {
        &self.0
    }

    /// When one more event is allowed after those at `events` (oldest first): `None` when it is now.
    #[must_use]
    pub fn next_allowed(&self, events: &[Timestamp], now: Timestamp) -> Option<Timestamp> {
        self.0
            .iter()
            .filter_map(|rate| {
                let deciding = events.len().checked_sub(usize::from(rate.count))?;
                events.get(deciding).map(|oldest| oldest.plus(rate.window))
            })
            .filter(|until| *until > now)
            .max()
    }

    /// How long an event can matter: the longest window.
    #[must_use]
    pub fn memory(&self) -> Duration {
        self.0
            .iter()
            .map(|rate| rate.window)
            .max()
            .unwrap_or_default()
    }

    /// How many events can matter: the largest count.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0
            .iter()
            .map(|rate| usize::from(rate.count))
            .max()
            .unwrap_or_default()
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rate) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}/{}", rate.count, Span(rate.window))?;
        }
        Ok(())
    }
}

impl FromStr for Rates {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(|part| {
                let wrong = || RateError(part.trim().to_owned());
                let (count, window) = part.trim().split_once('/').ok_or_else(wrong)?;
                let count = count.parse().map_err(|_| wrong())?;
                let window = window.parse::<Span>().map_err(|_| wrong())?.0;
                let sound = count > 0 && !window.is_zero();
                sound.then_some(Rate { count, window }).ok_or_else(wrong)
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }
}

/// A text that is no rate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no rate; write a count, a slash and a time, such as 3/10m")]
pub struct RateError(pub String);

/// A length of time as people write it: `90s`, `10m`, `1h`, `7d`, `250ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("ms", 1),
    ("m", 60_000),
    ("s", 1000),
];

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || SpanError(text.to_owned());
        let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, unit) = text.split_at(end);
        let (_, millis) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?;
        let count: u64 = count.parse().map_err(|_| wrong())?;
        let millis = count.checked_mul(*millis).ok_or_else(wrong)?;
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let by_size = [UNITS[0], UNITS[1], UNITS[3], UNITS[4], UNITS[2]];
        let (unit, size) = match millis {
            0 => ("s", 1000),
            _ => by_size
                .into_iter()
                .find(|(_, size)| millis % size == 0)
                .unwrap_or(("ms", 1)),
        };
        write!(f, "{}{unit}", millis / size)
    }
}

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no length of time; write a whole number and ms, s, m, h or d, such as 120s")]
pub struct SpanError(pub String);

/// The waits between two codes for one number, such as `30s,60s,120s`; the last one repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoolDown(Vec<Duration>);

impl CoolDown {
    /// These waits; none at all means that there is no cool-down.
    #[must_use]
    pub fn new(waits: impl Into<Vec<Duration>>) -> Self {
        Self(waits.into())
    }

    /// The wait after the `sends`-th code in a row; zero before the first.
    #[must_use]
    pub fn after(&self, sends: u16) -> Duration {
        let Some(index) = usize::from(sends).checked_sub(1) else {
            return Duration::ZERO;
        };
        self.0
            .get(index)
            .or(self.0.last())
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for CoolDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, wait) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}", Span(*wait))?;
        }
        Ok(())
    }
}

impl FromStr for CoolDown {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let waits = text
            .split(',')
            .map(|part| part.trim().parse::<Span>().map(|span| span.0));
        waits.collect::<Result<Vec<_>, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_rate_is_full_until_its_oldest_event_leaves_the_window() {
        let rates: Rates = "2/10s".parse().unwrap();
        let events = [at(100), at(105)];

        assert_eq!(rates.next_allowed(&events[..1], at(101)), None);
        assert_eq!(rates.next_allowed(&events, at(109)), Some(at(110)));
        assert_eq!(rates.next_allowed(&events, at(110)), None);
    }

    #[test]
    fn the_longest_wait_of_several_rates_counts() {
        let rates: Rates = "1/10s,2/60s".parse().unwrap();

        assert_eq!(
            rates.next_allowed(&[at(100), at(105)], at(106)),
            Some(at(160))
        );
    }

    #[test]
    fn the_last_wait_repeats() {
        let waits: CoolDown = "30s,60s".parse().unwrap();

        assert_eq!(waits.after(0), Duration::ZERO);
        assert_eq!(waits.after(1), Duration::from_secs(30));
        assert_eq!(waits.after(2), Duration::from_mins(1));
        assert_eq!(waits.after(9), Duration::from_mins(1));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "", "3", "0/10m", "3/0s", "x/10m", "3/10", "3/10y", "-1/1m", "70000/1s",
        ] {
            assert!(text.parse::<Rates>().is_err(), "{text:?}");
        }
        for text in [
            "",
            "10",
            "s",
            "1.5s",
            "-1s",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_span_reads_back_as_itself(millis in 0..u64::MAX / 2) {
            let span = Span(Duration::from_millis(millis));

            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }

        #[test]
        fn no_window_ever_holds_more_than_its_count(gaps in proptest::collection::vec(0_i64..20, 0..60)) {
            let rates: Rates = "3/10s,5/60s".parse().unwrap();
            let mut now = at(0);
            let mut events: Vec<Timestamp> = Vec::new();
            for gap in gaps {
                now = now.plus(Duration::from_secs(gap.unsigned_abs()));
                if rates.next_allowed(&events, now).is_none() {
                    events.push(now);
                }
            }
            for rate in rates.as_slice() {
                for (index, first) in events.iter().enumerate() {
                    let within = events[index..].iter().filter(|e| e.since(*first) < rate.window);
                    prop_assert!(within.count() <= usize::from(rate.count));
                }
            }
        }
    }
}

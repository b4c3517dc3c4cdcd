//! What the store knows of the providers.

use std::{collections::BTreeMap, time::Duration};

use phonekey_core::{
    delivery::ProviderName,
    ports::store::{Store, StoreError},
    route::{
        conversion::Conversion,
        watch::{Figure, SeenHealth, Tally},
    },
    time::Timestamp,
};
use phonekey_delivery::outlook::CONVERSION_WINDOW;

/// What the store knows of the providers, by their names.
pub(super) struct Survey {
    /// The present.
    pub(super) now: Timestamp,
    /// What the nodes say.
    pub(super) seen: Vec<SeenHealth>,
    /// The messages of the last hour.
    pub(super) hour: BTreeMap<ProviderName, Tally>,
    /// The messages of the last 24 hours.
    pub(super) day: BTreeMap<ProviderName, Tally>,
    /// The messages since midnight, UTC.
    pub(super) today: BTreeMap<ProviderName, Tally>,
    /// The messages that the routes look at.
    pub(super) conversions: BTreeMap<ProviderName, Conversion>,
}

const HOUR: Duration = Duration::from_hours(1);
const HOURS: u32 = 24;

impl Survey {
    pub(super) async fn take(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let seen = store.health().await?;
        let (mut hour, mut day, mut today) = (Vec::new(), Vec::new(), Vec::new());
        let midnight = midnight_before(now);
        for stretch in stretches(now, midnight) {
            let figures = store.tally(stretch.since, stretch.until).await?;
            let add = |window: &mut Vec<Figure>, begin: Timestamp| {
                if stretch.since >= begin {
                    window.extend(figures.iter().cloned());
                }
            };
            add(&mut hour, now.minus(HOUR));
            add(&mut today, midnight);
            add(&mut day, now.minus(HOURS * HOUR));
        }
        let since = now.minus(CONVERSION_WINDOW);
        let mut conversions: BTreeMap<ProviderName, Conversion> = BTreeMap::new();
        for figure in store.conversions(since, now).await? {
            let sum = conversions.entry(figure.provider).or_default();
            sum.sent += figure.conversion.sent;
            sum.verified += figure.conversion.verified;
        }
        Ok(Self {
            now,
            seen,
            hour: Tally::by_provider(&hour),
            day: Tally::by_provider(&day),
            today: Tally::by_provider(&today),
            conversions,
        })
    }
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    since: Timestamp,
    /// Not a part of it.
    until: Timestamp,
}

/// The last day in stretches of an hour at most, so that no query takes long; none of them lies
/// on both sides of midnight, nor on both sides of an hour ago. The last one ends a little after
/// `now`, since the nodes' clocks may be ahead.
fn stretches(now: Timestamp, midnight: Timestamp) -> Vec<Stretch> {
    let ago = (0..=HOURS).rev().map(|hours| now.minus(hours * HOUR));
    let mut cuts: Vec<Timestamp> = ago.chain([midnight]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut stretches: Vec<Stretch> = cuts
        .windows(2)
        .map(|pair| Stretch {
            since: pair[0],
            until: pair[1],
        })
        .collect();
    if let Some(last) = stretches.last_mut() {
        last.until = now.plus(SKEW);
    }
    stretches
}

/// How far the nodes' clocks may be ahead.
const SKEW: Duration = Duration::from_mins(1);

/// The last midnight in UTC.
const fn midnight_before(now: Timestamp) -> Timestamp {
    const DAY: i64 = 24 * 60 * 60;
    Timestamp::from_seconds(now.as_seconds().div_euclid(DAY) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-08-11T09:15:04.250Z.
    const NOW: Timestamp = Timestamp::from_millis(1_786_439_704_250);

    #[test]
    fn a_day_is_counted_hour_by_hour_and_cut_at_midnight() {
        let midnight = midnight_before(NOW);
        let stretches = stretches(NOW, midnight);

        assert_eq!(midnight.to_string(), "2026-08-11T00:00:00Z");
        assert_eq!(stretches.len(), 25);
        assert_eq!(stretches[0].since, NOW.minus(HOURS * HOUR));
        assert_eq!(stretches[24].until, NOW.plus(SKEW));
        assert_eq!(stretches[24].since, NOW.minus(HOUR));
        assert!(stretches.iter().any(|stretch| stretch.since == midnight));
        for pair in stretches.windows(2) {
            assert_eq!(pair[0].until, pair[1].since, "nothing is left out");
        }
    }

    #[test]
    fn at_midnight_a_day_has_no_more_cuts() {
        let midnight = midnight_before(NOW);

        assert_eq!(midnight_before(midnight), midnight);
        assert_eq!(stretches(midnight, midnight).len(), 24);
    }
}

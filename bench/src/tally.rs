//! Counts what was answered, how fast, and what was not.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::failure::Failure;

/// What is timed on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// The create request.
    Create,
    /// The verify request.
    Verify,
    /// The refresh request.
    Refresh,
    /// Create, verify and refresh in a row, without the time in which the code is read.
    Login,
    /// A row put into the yardstick's table.
    Insert,
}

/// The count of one step.
#[derive(Clone)]
pub(crate) struct StepTally {
    /// Right answers before the measurement closed: these make the throughput.
    pub(crate) in_time: u64,
    /// How long right answers took, in microseconds, late ones included: to leave them out
    /// would hide the slowest.
    pub(crate) latency: Histogram<u64>,
    /// Failures by class.
    pub(crate) failures: BTreeMap<String, u64>,
}

impl StepTally {
    fn new() -> Result<Self> {
        Ok(Self {
            in_time: 0,
            latency: Histogram::new_with_max(MAX_LATENCY_US, SIGNIFICANT_DIGITS)?,
            failures: BTreeMap::new(),
        })
    }

    /// Right answers, late ones included.
    pub(crate) fn right(&self) -> u64 {
        self.latency.len()
    }

    /// The latency in milliseconds that `percent` of the right answers did not exceed.
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of a minute fit 52 bits"
    )]
    pub(crate) fn percentile_ms(&self, percent: f64) -> f64 {
        self.latency.value_at_percentile(percent) as f64 / 1000.0
    }

    fn add(&mut self, other: &Self) -> Result<()> {
        self.in_time += other.in_time;
        self.latency.add(&other.latency)?;
        for (class, count) in &other.failures {
            *self.failures.entry(class.clone()).or_default() += count;
        }
        Ok(())
    }
}

/// The count of all steps.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    /// By step, those that occurred.
    pub(crate) steps: BTreeMap<Step, StepTally>,
    /// When the last answer came.
    pub(crate) last: Option<Instant>,
    /// One failure in its own words, for the person who has to find out why.
    pub(crate) example: Option<String>,
}

impl Tally {
    /// Counts one answer that came at `done`, `latency` after its time began.
    fn record<T>(
        &mut self,
        step: Step,
        result: &Result<T, Failure>,
        latency: Duration,
        done: Instant,
        closes: Instant,
    ) {
        let Ok(tally) = self.of(step) else { return };
        match result {
            Ok(_) => {
                let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                tally.latency.saturating_record(latency_us.max(1));
                tally.in_time += u64::from(done <= closes);
            }
            Err(failure) => {
                *tally.failures.entry(failure.class()).or_default() += 1;
                self.example.get_or_insert_with(|| failure.to_string());
            }
        }
        self.last = self.last.max(Some(done));
    }

    /// The count of one step, begun if there is none.
    fn of(&mut self, step: Step) -> Result<&mut StepTally> {
        use std::collections::btree_map::Entry;
        Ok(match self.steps.entry(step) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(StepTally::new()?),
        })
    }

    /// Adds what another measurement of the same kind counted.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        for (step, tally) in &other.steps {
            self.of(*step)?.add(tally)?;
        }
        self.last = self.last.max(other.last);
        self.example = self.example.take().or_else(|| other.example.clone());
        Ok(())
    }
}

/// A tally that all connections write to.
///
/// One histogram for all: one for each connection would push the server's data out of the cache
/// that both share. The lock is held for some ten nanoseconds.
pub(crate) struct SharedTally {
    closes: Instant,
    tally: Mutex<Tally>,
}

impl SharedTally {
    /// An empty tally of a measurement that ends at `closes`.
    pub(crate) fn until(closes: Instant) -> Self {
        Self {
            closes,
            tally: Mutex::default(),
        }
    }

    /// Counts one answer that came at `done`, `latency` after its time began.
    pub(crate) fn record<T>(
        &self,
        step: Step,
        result: &Result<T, Failure>,
        latency: Duration,
        done: Instant,
    ) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.record(step, result, latency, done, self.closes);
    }

    /// What has been counted.
    pub(crate) fn snapshot(&self) -> Tally {
        self.tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

const MAX_LATENCY_US: u64 = 60_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn record(tally: &SharedTally, latency_ms: u64, done: Instant) {
        tally.record(
            Step::Create,
            &Ok(()),
            Duration::from_millis(latency_ms),
            done,
        );
    }

    #[test]
    fn percentiles_are_those_of_the_right_answers() {
        let now = clock::now();
        let tally = SharedTally::until(now);
        for latency_ms in 1..=100 {
            record(&tally, latency_ms, now);
        }
        let refused: Result<(), _> = Err(Failure::Status(500, String::new()));
        tally.record(Step::Create, &refused, Duration::from_secs(9), now);

        let snapshot = tally.snapshot();
        let create = &snapshot.steps[&Step::Create];

        for (percent, expected_ms) in [(50.0, 50.0), (95.0, 95.0), (99.0, 99.0), (100.0, 100.0)] {
            assert!((create.percentile_ms(percent) - expected_ms).abs() <= expected_ms / 500.0);
        }
        assert_eq!(create.failures["500"], 1);
        assert_eq!(snapshot.example.as_deref(), Some("500 "));
    }

    #[test]
    fn a_late_answer_has_a_latency_but_makes_no_throughput() {
        let closes = clock::now();
        let tally = SharedTally::until(closes);

        record(&tally, 1, closes);
        record(&tally, 500, closes + Duration::from_millis(1));

        let create = &tally.snapshot().steps[&Step::Create];
        assert_eq!(create.in_time, 1);
        assert_eq!(create.right(), 2);
        assert!(create.percentile_ms(100.0) >= 499.0);
    }

    #[test]
    fn tallies_add_up() {
        let now = clock::now();
        let (a, b) = (SharedTally::until(now), SharedTally::until(now));
        record(&a, 1, now);
        record(&b, 3, now);
        b.record(
            Step::Verify,
            &Err::<(), _>(Failure::TimedOut),
            Duration::ZERO,
            now,
        );

        let mut sum = a.snapshot();
        sum.add(&b.snapshot()).unwrap();

        assert_eq!(sum.steps[&Step::Create].in_time, 2);
        assert_eq!(sum.steps[&Step::Verify].failures["timeout"], 1);
        assert_eq!(sum.example.as_deref(), Some("no answer in time"));
    }

    #[test]
    fn a_latency_past_the_scale_counts_as_its_end() {
        let now = clock::now();
        let tally = SharedTally::until(now);

        record(&tally, 600_000, now);

        assert!(tally.snapshot().steps[&Step::Create].percentile_ms(50.0) >= 59_900.0);
    }
}

//! How much a provider is given at a time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use phonekey_core::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds on what a provider is given: messages under way, and messages a second.
///
/// Whoever finds it shut goes to the next provider instead of waiting: a person waits for the code.
#[derive(Debug)]
pub struct Gate {
    places: Arc<Semaphore>,
    pace: Option<Pace>,
}

/// Messages a second, as a generic cell rate (GCRA): in the long run so many, and at most a second's
/// worth at once.
#[derive(Debug)]
struct Pace {
    interval: Duration,
    burst: Duration,
    /// When the next message is due if they come at the even pace.
    next_due: Mutex<Timestamp>,
}

/// The right to have one message under way.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    /// No bounds but one on memory.
    #[must_use]
    pub fn open() -> Self {
        Self::new(usize::from(u16::MAX), None)
    }

    /// At most `under_way` messages at a time and, if given, `per_second` in a second.
    #[must_use]
    pub fn new(under_way: usize, per_second: Option<u32>) -> Self {
        let pace = per_second.map(|count| Pace {
            interval: Duration::from_secs(1) / count.max(1),
            burst: Duration::from_secs(1),
            next_due: Mutex::new(Timestamp::default()),
        });
        Self {
            places: Arc::new(Semaphore::new(under_way)),
            pace,
        }
    }

    /// A place for one message; `None` while it is shut.
    pub fn enter(&self, now: Timestamp) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let in_time = self.pace.as_ref().is_none_or(|pace| pace.admits(now));
        in_time.then_some(Place { _permit: permit })
    }
}

impl Pace {
    fn admits(&self, now: Timestamp) -> bool {
        let mut next_due = self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        let due = (*next_due).max(now);
        let after = due.plus(self.interval);
        let admits = after.since(now) <= self.burst;
        if admits {
            *next_due = after;
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    #[test]
    fn so_many_are_under_way_at_a_time() {
        let gate = Gate::new(2, None);
        let first = gate.enter(at(0)).unwrap();
        let _second = gate.enter(at(0)).unwrap();
        assert!(gate.enter(at(0)).is_none());

        drop(first);

        assert!(gate.enter(at(0)).is_some());
    }

    #[test]
    fn so_many_go_in_a_second_and_a_refused_one_costs_nothing() {
        let gate = Gate::new(100, Some(4));
        let count = |now| (0..20).filter(|_| gate.enter(now).is_some()).count();

        assert_eq!(count(at(0)), 4);
        assert_eq!(count(at(249)), 0);
        assert_eq!(count(at(250)), 1);
        assert_eq!(count(at(10_000)), 4);
    }
}

//! When requests begin: as fast as answers come, or at a fixed rate whatever the answers do.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::clock;

/// How often requests begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Each connection sends its next request when it has its answer (closed loop).
    AsAnswered,
    /// So many a second over all connections (open loop).
    PerSecond(NonZeroU32),
}

/// The beginnings of one measurement's requests, taken by its connections.
pub(crate) struct Arrivals {
    opens: Instant,
    closes: Instant,
    schedule: Option<Schedule>,
}

struct Schedule {
    per_second: NonZeroU32,
    due: Semaphore,
    released: AtomicU64,
    taken: AtomicU64,
}

impl Arrivals {
    /// Opens now and closes after `lasts`.
    pub(crate) fn open(pace: Pace, lasts: Duration) -> Arc<Self> {
        let opens = clock::now();
        Arc::new(Self {
            opens,
            closes: opens + lasts,
            schedule: match pace {
                Pace::AsAnswered => None,
                Pace::PerSecond(per_second) => Some(Schedule {
                    per_second,
                    due: Semaphore::new(0),
                    released: AtomicU64::new(0),
                    taken: AtomicU64::new(0),
                }),
            },
        })
    }

    /// When the measurement opened.
    pub(crate) fn opens(&self) -> Instant {
        self.opens
    }

    /// When the measurement closes.
    pub(crate) fn closes(&self) -> Instant {
        self.closes
    }

    /// Waits for the next beginning. `None` once the measurement is closed.
    ///
    /// At a fixed rate this is the moment at which the request was *due*, though every
    /// connection may have been busy then: latency counted from it includes that wait, which a
    /// generator that waits for answers leaves out (coordinated omission).
    pub(crate) async fn next(&self) -> Option<Instant> {
        let Some(schedule) = &self.schedule else {
            let now = clock::now();
            return (now < self.closes).then_some(now);
        };
        schedule.due.acquire().await.ok()?.forget();
        let index = schedule.taken.fetch_add(1, Ordering::Relaxed);
        Some(self.opens + schedule.offset_of(index))
    }

    /// Ends the measurement before its time: the work has run out.
    pub(crate) fn close(&self) {
        if let Some(schedule) = &self.schedule {
            schedule.due.close();
        }
    }

    /// Requests that were due and for which no connection became free.
    pub(crate) fn unsent(&self) -> u64 {
        self.schedule.as_ref().map_or(0, |schedule| {
            schedule.released.load(Ordering::Relaxed) - schedule.taken.load(Ordering::Relaxed)
        })
    }

    /// Starts the thread that releases what is due. `None` where nothing is scheduled.
    ///
    /// A thread, because the runtime's timer is exact to a millisecond only: ten requests at
    /// once each millisecond are another load than one each tenth of it.
    pub(crate) fn start_releasing(self: &Arc<Self>) -> Option<JoinHandle<()>> {
        self.schedule.as_ref()?;
        let arrivals = Arc::clone(self);
        Some(std::thread::spawn(move || arrivals.release_until_closed()))
    }

    #[expect(clippy::disallowed_methods, reason = "a fixed rate is made by waiting")]
    fn release_until_closed(&self) {
        let Some(schedule) = &self.schedule else {
            return;
        };
        loop {
            let now = clock::now().min(self.closes);
            let due = schedule.due_after(now - self.opens);
            let released = schedule.released.swap(due, Ordering::Relaxed);
            schedule
                .due
                .add_permits(usize::try_from(due - released).unwrap_or(usize::MAX));
            if now == self.closes || schedule.due.is_closed() {
                break;
            }
            let next = self.opens + schedule.offset_of(due);
            std::thread::sleep(
                next.saturating_duration_since(now)
                    .max(TICK)
                    .min(self.closes - now),
            );
        }
        schedule.due.close();
    }
}

impl Schedule {
    /// How many requests are due this long after the opening. The first is due at once.
    fn due_after(&self, since: Duration) -> u64 {
        let passed = since.as_nanos() * u128::from(self.per_second.get()) / NANOS_PER_SECOND;
        u64::try_from(passed).unwrap_or(u64::MAX - 1) + 1
    }

    /// How long after the opening a request is due.
    fn offset_of(&self, index: u64) -> Duration {
        let nanos = u128::from(index) * NANOS_PER_SECOND / u128::from(self.per_second.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The releasing thread sleeps at least this long: 5,000 wake-ups a second cost about 2 % of a core.
const TICK: Duration = Duration::from_micros(100);
const NANOS_PER_SECOND: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(per_second: u32) -> Schedule {
        Schedule {
            per_second: NonZeroU32::new(per_second).unwrap(),
            due: Semaphore::new(0),
            released: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }

    #[test]
    fn each_request_is_due_at_its_offset_and_not_before() {
        for per_second in [1, 3, 7, 1000, 12_345] {
            let schedule = schedule(per_second);
            for index in [0, 1, 2, 99, 100_000] {
                let offset = schedule.offset_of(index);

                assert!(schedule.due_after(offset + Duration::from_nanos(1)) > index);
                if let Some(before) = offset.checked_sub(Duration::from_nanos(1)) {
                    assert!(schedule.due_after(before) <= index);
                }
            }
        }
    }

    #[tokio::test]
    async fn a_fixed_rate_releases_what_is_due_and_then_closes() {
        let pace = Pace::PerSecond(NonZeroU32::new(1000).unwrap());
        let arrivals = Arrivals::open(pace, Duration::from_millis(50));
        let releasing = arrivals.start_releasing().unwrap();

        let mut offsets = Vec::new();
        while let Some(due) = arrivals.next().await {
            offsets.push(due - arrivals.opens());
        }
        releasing.join().unwrap();

        assert!(
            offsets.len() as u64 + arrivals.unsent() == 51,
            "{}",
            offsets.len()
        );
        assert!(offsets.is_sorted());
        assert_eq!(offsets[10], Duration::from_millis(10));
    }

    #[tokio::test]
    async fn a_closed_loop_ends_with_the_measurement() {
        let arrivals = Arrivals::open(Pace::AsAnswered, Duration::ZERO);

        assert!(arrivals.next().await.is_none());
        assert!(arrivals.start_releasing().is_none());
    }
}

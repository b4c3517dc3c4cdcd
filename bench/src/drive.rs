//! Lets all connections do their work for a while and counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use crate::arrivals::{Arrivals, Pace};
use crate::tally::{SharedTally, Tally};

/// What one connection does again and again.
pub(crate) trait Work: Send + 'static {
    /// Does it once, counting its answers in `tally`. Its time began at `due`.
    fn once(&mut self, due: Instant, tally: &SharedTally) -> impl Future<Output = Next> + Send;
}

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Go on.
    More,
    /// The work has run out before the time.
    Done,
}

/// A measurement that has ended.
pub(crate) struct Measured<W> {
    /// The connections, to go on with.
    pub(crate) workers: Vec<W>,
    /// What was counted.
    pub(crate) tally: Tally,
    /// How long it was open: less than was asked for only if the work ran out.
    pub(crate) elapsed: Duration,
    /// Requests that were due and could not be sent (fixed rate only).
    pub(crate) unsent: u64,
}

/// Lets `workers` work at `pace` until `lasts` is over or their work has run out. In no time (a
/// warm-up that was not asked for) they do nothing, though the first request would be due at once.
pub(crate) async fn drive<W: Work>(
    workers: Vec<W>,
    pace: Pace,
    lasts: Duration,
) -> Result<Measured<W>> {
    if lasts.is_zero() {
        return Ok(Measured {
            workers,
            tally: Tally::default(),
            elapsed: Duration::ZERO,
            unsent: 0,
        });
    }
    let arrivals = Arrivals::open(pace, lasts);
    let tally = Arc::new(SharedTally::until(arrivals.closes()));
    let mut tasks = JoinSet::new();
    for mut worker in workers {
        let (arrivals, tally) = (Arc::clone(&arrivals), Arc::clone(&tally));
        tasks.spawn(async move {
            while let Some(due) = arrivals.next().await {
                if worker.once(due, &tally).await == Next::Done {
                    return (worker, Next::Done);
                }
            }
            (worker, Next::More)
        });
    }
    arrivals.start_releasing();

    let mut workers = Vec::new();
    let mut ran_out = false;
    while let Some(ended) = tasks.join_next().await {
        let (worker, next) = ended.context("a connection's task failed")?;
        if next == Next::Done {
            ran_out = true;
            arrivals.close();
        }
        workers.push(worker);
    }

    let tally = tally.snapshot();
    let closed = match tally.last {
        Some(last) if ran_out => last.min(arrivals.closes()),
        _ => arrivals.closes(),
    };
    Ok(Measured {
        workers,
        tally,
        elapsed: closed - arrivals.opens(),
        unsent: arrivals.unsent(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::tally::Step;

    /// Answers at once, so many times.
    struct Counting {
        left: u32,
    }

    impl Work for Counting {
        async fn once(&mut self, due: Instant, tally: &SharedTally) -> Next {
            let Some(left) = self.left.checked_sub(1) else {
                return Next::Done;
            };
            self.left = left;
            let done = clock::now();
            tally.record(Step::Create, &Ok(()), done - due, done);
            tokio::task::yield_now().await;
            Next::More
        }
    }

    #[tokio::test]
    async fn work_that_runs_out_ends_the_measurement_early() {
        let workers = vec![Counting { left: 5 }, Counting { left: 7 }];

        let measured = drive(workers, Pace::AsAnswered, Duration::from_mins(1))
            .await
            .unwrap();

        assert_eq!(measured.tally.steps[&Step::Create].in_time, 12);
        assert!(measured.elapsed < Duration::from_secs(30));
        assert_eq!(measured.workers.len(), 2);
    }

    #[tokio::test]
    async fn in_no_time_nothing_is_done_at_any_pace() {
        for pace in [Pace::AsAnswered, Pace::PerSecond(9.try_into().unwrap())] {
            let workers = vec![Counting { left: 5 }];

            let measured = drive(workers, pace, Duration::ZERO).await.unwrap();

            assert!(measured.tally.steps.is_empty(), "{pace:?}");
            assert_eq!((measured.workers[0].left, measured.unsent), (5, 0));
        }
    }

    #[tokio::test]
    async fn work_that_does_not_run_out_lasts_as_long_as_asked() {
        let workers = vec![Counting { left: u32::MAX }];

        let measured = drive(workers, Pace::AsAnswered, Duration::from_millis(20))
            .await
            .unwrap();

        assert_eq!(measured.elapsed, Duration::from_millis(20));
    }
}

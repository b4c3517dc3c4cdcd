//! What is being carried at this moment: bounded in number, and waited for at shutdown.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// Places for tasks that outlive the request that began them.
#[derive(Debug)]
pub(crate) struct UnderWay {
    places: Arc<Semaphore>,
    tracker: TaskTracker,
}

impl UnderWay {
    /// Room for `places` tasks at a time.
    pub(crate) fn with_places(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            tracker: TaskTracker::new(),
        }
    }

    /// Waits for a place; `None` once [`finish`](Self::finish) was called.
    pub(crate) async fn place(&self) -> Option<Place> {
        // The token comes first, so that `finish` cannot overlook whoever got a place.
        let token = self.tracker.token();
        let permit = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some(Place { permit, token })
    }

    /// A place that is free at this moment.
    fn free_place(&self) -> Option<Place> {
        let token = self.tracker.token();
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { permit, token })
    }

    /// Waits for a place and takes up to `most` of those that are free then; none once
    /// [`finish`](Self::finish) was called.
    pub(crate) async fn places(&self, most: u16) -> Vec<Place> {
        let Some(first) = self.place().await else {
            return Vec::new();
        };
        let others = std::iter::from_fn(|| self.free_place());
        std::iter::once(first)
            .chain(others)
            .take(usize::from(most))
            .collect()
    }

    /// Runs `task`, which has no place and may wait for one: as long as it does, it holds up nobody
    /// but [`finish`](Self::finish).
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// Whether [`finish`](Self::finish) was called.
    pub(crate) fn is_finishing(&self) -> bool {
        self.places.is_closed()
    }

    /// Gives out no more places and waits until all are free.
    pub(crate) async fn finish(&self) {
        self.places.close();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// The right to run one task.
#[derive(Debug)]
pub(crate) struct Place {
    permit: OwnedSemaphorePermit,
    token: TaskTrackerToken,
}

impl Place {
    /// Runs `task` in this place, whether or not anyone waits for it.
    pub(crate) fn spawn(self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        tokio::spawn(async move {
            let Self { permit, token } = self;
            task.await;
            drop((permit, token));
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use tokio::{sync::oneshot, time::timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_waits_until_a_place_is_free() {
        let under_way = UnderWay::with_places(1);
        let (end, ended) = oneshot::channel::<()>();
        let task = under_way.place().await.unwrap().spawn(async {
            let _ = ended.await;
        });

        let crowded = timeout(Duration::from_secs(1), under_way.place()).await;
        end.send(()).unwrap();
        task.await.unwrap();

        assert!(crowded.is_err());
        assert!(under_way.place().await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn finishing_waits_for_tasks_and_turns_away_those_who_wait_for_a_place() {
        let under_way = UnderWay::with_places(1);
        let (end, ended) = oneshot::channel::<()>();
        let _task = under_way.place().await.unwrap().spawn(async {
            let _ = ended.await;
        });
        let waiting = under_way.place();
        let mut finishing = pin!(under_way.finish());

        let early = timeout(Duration::from_secs(1), &mut finishing).await;
        let turned_away = waiting.await;
        end.send(()).unwrap();
        finishing.await;

        assert!(early.is_err(), "a task is still under way");
        assert!(turned_away.is_none());
        assert!(under_way.places(9).await.is_empty());
    }

    #[tokio::test]
    async fn many_places_are_no_more_than_are_free() {
        let under_way = UnderWay::with_places(3);

        assert_eq!(under_way.places(2).await.len(), 2);
        assert_eq!(under_way.places(9).await.len(), 3);
    }
}

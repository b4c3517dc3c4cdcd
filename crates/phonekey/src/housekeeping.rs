//! The chores: messages that a crash left behind or that are to be looked after, and rows that
//! nothing needs any more.

use std::{sync::Arc, time::Duration};

use phonekey_core::{
    ports::store::{MaintenanceStore, Purge},
    time::Clock,
};
use phonekey_delivery::router::{RESUME_BATCH, Router as DeliveryRouter};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{debug, error, info};

/// How long things stay that nothing needs any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retention {
    /// Challenges and their deliveries, after they expired.
    pub(crate) challenges: Duration,
    /// Audit events.
    pub(crate) audit: Duration,
}

/// How often messages are looked for that a crash left behind.
const RESUME_EVERY: Duration = Duration::from_secs(2);

/// How often messages are looked for whose provider is to be asked what became of them, or whose
/// code should go once more.
const FOLLOW_UP_EVERY: Duration = Duration::from_secs(2);

/// How often it is looked whether another node knows by now what an early report is about.
const EARLY_REPORTS_EVERY: Duration = Duration::from_secs(2);

/// How often it is counted how many messages of each provider end in a right code.
const CONVERSIONS_EVERY: Duration = Duration::from_secs(30);

/// How often rows are looked for that nothing needs any more.
const PURGE_EVERY: Duration = Duration::from_secs(10);

/// Rows of each kind that one purge deletes: few, so that logins wait for none of it.
const PURGE_BATCH: u16 = 500;

/// Does the chores until the server stops. Any node may do them, and none must.
pub(crate) async fn run(
    store: Arc<dyn MaintenanceStore>,
    deliveries: Arc<DeliveryRouter>,
    clock: Arc<dyn Clock>,
    retention: Retention,
    stopping: CancellationToken,
) {
    // Apart, since a slow provider holds up the one and must not hold up the other. What has begun
    // to be sent goes on when its chore is dropped.
    tokio::select! {
        () = stopping.cancelled() => {}
        () = resume_for_ever(&deliveries, &clock) => {}
        () = follow_up_for_ever(&deliveries, &clock) => {}
        () = note_early_reports_for_ever(&deliveries, &clock) => {}
        () = watch_conversions_for_ever(&deliveries, &clock) => {}
        () = purge_for_ever(&store, &clock, retention) => {}
    }
}

async fn resume_for_ever(deliveries: &Arc<DeliveryRouter>, clock: &Arc<dyn Clock>) {
    let mut timer = timer(RESUME_EVERY);
    loop {
        timer.tick().await;
        let step = resume_once(Arc::clone(deliveries), Arc::clone(clock));
        contained("resume", step).await;
    }
}

async fn follow_up_for_ever(deliveries: &Arc<DeliveryRouter>, clock: &Arc<dyn Clock>) {
    let mut timer = timer(FOLLOW_UP_EVERY);
    loop {
        timer.tick().await;
        // A full batch tells that there is more.
        loop {
            let step = follow_up_once(Arc::clone(deliveries), Arc::clone(clock));
            if contained("follow up", step).await < usize::from(RESUME_BATCH) {
                break;
            }
        }
    }
}

async fn note_early_reports_for_ever(deliveries: &Arc<DeliveryRouter>, clock: &Arc<dyn Clock>) {
    let mut timer = timer(EARLY_REPORTS_EVERY);
    loop {
        timer.tick().await;
        let (deliveries, now) = (Arc::clone(deliveries), clock.now());
        let step = async move { deliveries.note_early_reports(now).await };
        contained("early reports", step).await;
    }
}

async fn watch_conversions_for_ever(deliveries: &Arc<DeliveryRouter>, clock: &Arc<dyn Clock>) {
    let mut timer = timer(CONVERSIONS_EVERY);
    loop {
        timer.tick().await;
        let step = count_conversions_once(Arc::clone(deliveries), Arc::clone(clock));
        contained("conversions", step).await;
    }
}

async fn purge_for_ever(
    store: &Arc<dyn MaintenanceStore>,
    clock: &Arc<dyn Clock>,
    retention: Retention,
) {
    let mut timer = timer(PURGE_EVERY);
    loop {
        timer.tick().await;
        // A full batch tells that there is more; logins get their turn between two of them.
        loop {
            let step = purge_once(Arc::clone(store), Arc::clone(clock), retention);
            if contained("purge", step).await < u64::from(PURGE_BATCH) {
                break;
            }
        }
    }
}

/// Does one step of a chore. One that panics ends alone, and nothing came of it.
pub(crate) async fn contained<T: Default + Send + 'static>(
    chore: &'static str,
    step: impl Future<Output = T> + Send + 'static,
) -> T {
    let ended = AbortOnDropHandle::new(tokio::spawn(step)).await;
    ended.unwrap_or_else(|error| {
        error!(
            error = &error as &dyn std::error::Error,
            chore, "a chore panicked; its next turn comes as usual"
        );
        T::default()
    })
}

pub(crate) fn timer(period: Duration) -> Interval {
    let mut timer = interval(period);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

async fn resume_once(deliveries: Arc<DeliveryRouter>, clock: Arc<dyn Clock>) {
    match deliveries.resume_once(clock.now()).await {
        Ok(0) => {}
        Ok(count) => info!(count, "took up messages that were left behind"),
        Err(error) => {
            error!(
                error = &error as &dyn std::error::Error,
                "pending messages cannot be read"
            );
        }
    }
}

async fn follow_up_once(deliveries: Arc<DeliveryRouter>, clock: Arc<dyn Clock>) -> usize {
    match deliveries.follow_up_once(clock.now()).await {
        Ok(count) => count,
        Err(error) => {
            error!(
                error = &error as &dyn std::error::Error,
                "messages that are to be looked after cannot be read"
            );
            0
        }
    }
}

async fn count_conversions_once(deliveries: Arc<DeliveryRouter>, clock: Arc<dyn Clock>) {
    if let Err(error) = deliveries.refresh_outlook(clock.now()).await {
        error!(
            error = &error as &dyn std::error::Error,
            "the providers' conversions cannot be counted; the last count stays"
        );
    }
}

/// Deletes one batch; returns how many rows of the kind that had most.
async fn purge_once(
    store: Arc<dyn MaintenanceStore>,
    clock: Arc<dyn Clock>,
    retention: Retention,
) -> u64 {
    let step = Purge {
        challenge_retention: retention.challenges,
        audit_retention: retention.audit,
        batch: PURGE_BATCH,
        now: clock.now(),
    };
    match store.purge(step).await {
        Ok(purged) => {
            if !purged.is_empty() {
                debug!(?purged, "deleted what nothing needs any more");
            }
            let kinds = [
                purged.challenges,
                purged.sessions,
                purged.standings,
                purged.audit_events,
            ];
            kinds.into_iter().max().unwrap_or_default()
        }
        Err(error) => {
            error!(
                error = &error as &dyn std::error::Error,
                "old rows cannot be deleted"
            );
            0
        }
    }
}

#[cfg(test)]
mod tests;

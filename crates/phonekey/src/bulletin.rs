//! Writes how this node's providers do into the store, for whoever looks from outside
//! (`phonekey delivery status`): a breaker is known to its node alone.
//!
//! A node writes when something has changed, and once a minute to say that it is still there.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use phonekey_core::{
    ports::store::{NoteHealth, WatchStore},
    route::watch::{NodeId, ProviderHealth},
    time::{Clock, Timestamp},
};
use phonekey_delivery::router::Router as DeliveryRouter;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::housekeeping::{contained, timer};

/// How often a node looks whether something has changed.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// How often it writes although nothing has.
const WRITE_EVERY: Duration = Duration::from_mins(1);

/// A node that has written nothing for so long does not run any more, or cannot write: it has left
/// out three turns.
pub(crate) const SILENCE: Duration = Duration::from_secs(200);

/// How long it is remembered what a node wrote that is gone.
const MEMORY: Duration = Duration::from_hours(1);

/// What a node writes.
pub(crate) struct Bulletin {
    node: NodeId,
    store: Arc<dyn WatchStore>,
    deliveries: Arc<DeliveryRouter>,
    clock: Arc<dyn Clock>,
    written: Mutex<Option<Written>>,
}

/// What was written last, and when.
struct Written {
    providers: Vec<ProviderHealth>,
    at: Timestamp,
}

impl Written {
    fn is_stale(&self, providers: &[ProviderHealth], now: Timestamp) -> bool {
        self.providers != providers || now.since(self.at) >= WRITE_EVERY
    }
}

impl Bulletin {
    /// Nothing has been written yet.
    pub(crate) fn new(
        node: NodeId,
        store: Arc<dyn WatchStore>,
        deliveries: Arc<DeliveryRouter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            node,
            store,
            deliveries,
            clock,
            written: Mutex::default(),
        }
    }

    /// Writes until the server stops.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let this = Arc::new(self);
        let writing = async {
            let mut timer = timer(LOOK_EVERY);
            loop {
                timer.tick().await;
                let bulletin = Arc::clone(&this);
                contained("bulletin", async move { bulletin.write_once().await }).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = writing => {}
        }
    }

    async fn write_once(&self) {
        let providers = self.deliveries.senders().health();
        let now = self.clock.now();
        let is_due = match &*self.written() {
            None => true,
            Some(written) => written.is_stale(&providers, now),
        };
        if !is_due {
            return;
        }
        let step = NoteHealth {
            node: self.node.clone(),
            providers: providers.clone(),
            forget_before: now.minus(MEMORY),
            now,
        };
        match self.store.note_health(step).await {
            Ok(()) => {
                let at = now;
                *self.written() = Some(Written { providers, at });
            }
            Err(error) => error!(
                error = &error as &dyn std::error::Error,
                "how the providers do cannot be written"
            ),
        }
    }

    fn written(&self) -> MutexGuard<'_, Option<Written>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

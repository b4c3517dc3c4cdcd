//! Plans deliveries, has them carried, and answers for them within a caller's patience.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use phonekey_core::{
    challenge::Challenge,
    code::CodeBook,
    delivery::{Delivery, DeliveryId, DeliveryState},
    ports::{
        delivery::{DispatchOutcome, Dispatcher},
        store::{DeliveryStore, StoreError},
    },
    time::{Clock, Timestamp},
};
use tokio::{sync::oneshot, time::timeout};
use tracing::error;

use crate::{
    carrier::Carrier,
    inbox::{Arrivals, StoredInbox},
    senders::Senders,
    settings::Pace,
    under_way::UnderWay,
};

/// The [`Dispatcher`] over a configured route.
///
/// Whatever it has begun goes on when its caller is gone; [`shutdown`](Self::shutdown) waits for it.
pub struct Router {
    carrier: Arc<Carrier>,
    deadline: Duration,
}

impl Router {
    /// A router over these senders, whose deliveries are kept in `store`.
    #[must_use]
    pub fn new(
        senders: Senders,
        pace: Pace,
        store: Arc<dyn DeliveryStore>,
        book: Arc<CodeBook>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let carrier = Carrier {
            senders,
            lease: pace.lease,
            store,
            book,
            clock,
            arrivals: Arrivals::none_yet(),
            under_way: UnderWay::with_places(MAX_UNDER_WAY),
        };
        Self {
            carrier: Arc::new(carrier),
            deadline: pace.deadline,
        }
    }

    /// The developer's inbox, while the route uses it.
    #[must_use]
    pub fn inbox(&self) -> Option<StoredInbox> {
        let carrier = &self.carrier;
        carrier.senders.use_inbox().then(|| StoredInbox {
            store: Arc::clone(&carrier.store),
            book: Arc::clone(&carrier.book),
            texts: carrier.senders.texts(),
            arrivals: carrier.arrivals.clone(),
        })
    }

    /// Takes up pending deliveries whose lease ended before `now`, since whoever held it must have
    /// crashed, and carries them. Returns how many, once all are settled; when it is
    /// [`RESUME_BATCH`], there may be more.
    ///
    /// Several nodes may do this at once: the store gives each delivery to one. What has begun goes
    /// on when this future is dropped.
    pub async fn resume_once(&self, now: Timestamp) -> Result<usize, StoreError> {
        let places = self.carrier.under_way.places(RESUME_BATCH).await;
        let Ok(limit) = u16::try_from(places.len()) else {
            return Ok(0);
        };
        if limit == 0 {
            return Ok(0);
        }
        let leased_until = now.plus(self.carrier.lease);
        let due = self
            .carrier
            .store
            .lease_deliveries(now, leased_until, limit)
            .await?;
        let carried: Vec<_> = due
            .into_iter()
            .zip(places)
            .map(|(due, place)| {
                let carrier = Arc::clone(&self.carrier);
                let (answer, _nobody_waits) = oneshot::channel();
                place.spawn(async move {
                    carrier.carry(&due.challenge, due.delivery, answer).await;
                })
            })
            .collect();
        let count = carried.len();
        for task in carried {
            if let Err(error) = task.await {
                error!(
                    error = &error as &dyn std::error::Error,
                    "a delivery was left pending by a panic"
                );
            }
        }
        Ok(count)
    }

    /// Takes on nothing more and waits for what is under way, each bounded by its lease. What comes
    /// after stays pending, for the next start or another node.
    pub async fn shutdown(&self) {
        self.carrier.under_way.finish().await;
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Router(…)")
    }
}

/// Deliveries that are sent or settled at one time: enough for 20,000 a second at 200 ms each, and
/// a bound on memory when a provider or the store is slow. Others wait their turn.
const MAX_UNDER_WAY: usize = 4096;

/// The most that [`Router::resume_once`] takes up at a time.
pub const RESUME_BATCH: u16 = 256;

#[async_trait]
impl Dispatcher for Router {
    fn plan(&self, challenge: &Challenge, now: Timestamp) -> Delivery {
        let id = DeliveryId {
            challenge: challenge.id,
            attempt: 1,
        };
        let provider = self.carrier.senders.route().first();
        self.carrier.new_delivery(id, provider, now)
    }

    /// Answers [`DispatchOutcome::Sent`] as well when it cannot tell in time, or is shutting down:
    /// the delivery is committed, and whoever holds its lease carries on.
    async fn dispatch(&self, challenge: &Challenge, delivery: Delivery) -> DispatchOutcome {
        let DeliveryState::Pending { .. } = delivery.state else {
            self.carrier.arrivals.add();
            return DispatchOutcome::Sent;
        };
        let (answer, answered) = oneshot::channel();
        let carried = async {
            let place = self.carrier.under_way.place().await?;
            let carrier = Arc::clone(&self.carrier);
            let challenge = challenge.clone();
            place.spawn(async move { carrier.carry(&challenge, delivery, answer).await });
            answered.await.ok()
        };
        timeout(self.deadline, carried)
            .await
            .ok()
            .flatten()
            .unwrap_or(DispatchOutcome::Sent)
    }
}

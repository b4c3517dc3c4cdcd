//! Plans deliveries, has them carried, and answers for them within a caller's patience.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;
use phonekey_core::{
    challenge::{Challenge, messages::MessagePolicy},
    code::CodeBook,
    delivery::{Channel, Delivery, DeliveryState, ProviderName, follow_up::ReportsBy},
    phone::PhoneNumber,
    policy::NumberPolicy,
    ports::{
        delivery::{DispatchOutcome, Dispatcher},
        report::{RawReport, ReportAnswer, ReportReceiver},
        store::{DeliveryStore, StoreError},
    },
    random::Random,
    route::plan::SendPlan,
    time::{Clock, Timestamp},
};
use tokio::{sync::oneshot, time::timeout};
use tracing::error;

use crate::{
    carrier::Carrier,
    early::EarlyReports,
    outlook::Outlook,
    provider::{BadReport, ReportRead, ReportSource},
    providers::inbox::{self, Arrivals, StoredInbox},
    report::ReportTokens,
    senders::Senders,
    sessions::Sessions,
    settings::Pace,
    under_way::UnderWay,
};

/// The [`Dispatcher`] over the configured providers.
///
/// Whatever it has begun goes on when its caller is gone; [`shutdown`](Self::shutdown) waits for it.
pub struct Router {
    carrier: Arc<Carrier>,
    sessions: Sessions,
    tokens: ReportTokens,
    deadline: Duration,
}

/// What a router works among.
pub struct RouterWorld {
    /// Where deliveries are kept.
    pub store: Arc<dyn DeliveryStore>,
    /// The codes.
    pub book: Arc<CodeBook>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, by which some messages try another provider than the best.
    pub random: Arc<dyn Random>,
    /// The rules of one number: messages that nobody asked for count for them as well.
    pub number: Arc<NumberPolicy>,
}

impl Router {
    /// A router over these senders.
    #[must_use]
    pub fn new(
        senders: Senders,
        tokens: ReportTokens,
        pace: Pace,
        messages: MessagePolicy,
        world: RouterWorld,
    ) -> Self {
        let carrier = Carrier {
            senders,
            lease: pace.lease,
            messages,
            number: world.number,
            store: world.store,
            book: world.book,
            clock: world.clock,
            random: world.random,
            outlook: Outlook::default(),
            arrivals: Arrivals::none_yet(),
            early: EarlyReports::default(),
            under_way: UnderWay::with_places(MAX_UNDER_WAY),
        };
        Self {
            carrier: Arc::new(carrier),
            sessions: Sessions::default(),
            tokens,
            deadline: pace.deadline,
        }
    }

    /// The developer's inbox, while the route uses it.
    #[must_use]
    pub fn inbox(&self) -> Option<StoredInbox> {
        let carrier = &self.carrier;
        let inbox = ProviderName::new(inbox::NAME);
        carrier.senders.provider(&inbox).map(|_| StoredInbox {
            store: Arc::clone(&carrier.store),
            book: Arc::clone(&carrier.book),
            texts: carrier.senders.texts().clone(),
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

    /// Looks after messages that are due for it: asks what became of them, and sends the code once
    /// more where its message did not arrive. Reports that came too early are looked at again. Returns how many; when it is [`RESUME_BATCH`], there
    /// may be more.
    ///
    /// # Errors
    /// When the store does not tell what is due. What cannot be noted of a single message is logged.
    pub async fn follow_up_once(&self, now: Timestamp) -> Result<usize, StoreError> {
        let due = self
            .carrier
            .store
            .lease_follow_ups(now, RESUME_BATCH)
            .await?;
        let looks = due.iter().map(|due| async {
            if let Err(error) = self.carrier.look_after(due).await {
                error!(
                    delivery.id = %due.delivery.id,
                    error = &error as &dyn std::error::Error,
                    "a message could not be looked after; it is tried again later"
                );
            }
        });
        join_all(looks).await;
        Ok(due.len())
    }

    /// Begins the sessions of those providers that keep one; [`shutdown`](Self::shutdown) ends them.
    /// Called once, within a runtime.
    pub fn hold_sessions(&self) {
        self.sessions.hold(&self.carrier);
    }

    /// Notes reports that came before their messages were known, where another node has settled those
    /// by now. What cannot be noted is logged, and tried again.
    pub async fn note_early_reports(&self, now: Timestamp) {
        self.carrier.note_early_ones(now).await;
    }

    /// Counts anew how many messages of each provider end in a right code, if a rule goes by it.
    ///
    /// # Errors
    /// When the store does not tell.
    pub async fn refresh_outlook(&self, now: Timestamp) -> Result<(), StoreError> {
        let carrier = &self.carrier;
        carrier
            .outlook
            .refresh(&carrier.senders, &*carrier.store, now)
            .await
    }

    /// The configured providers.
    #[must_use]
    pub fn senders(&self) -> &Senders {
        &self.carrier.senders
    }

    /// Takes on nothing more and waits for what is under way, each bounded by its lease. What comes
    /// after stays pending, for the next start or another node. Then the sessions end.
    pub async fn shutdown(&self) {
        self.carrier.under_way.finish().await;
        self.sessions.end().await;
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
    fn language(&self, asked: &[&str], phone: PhoneNumber) -> String {
        let texts = self.carrier.senders.texts();
        texts.language(asked, phone).to_owned()
    }

    fn plan(
        &self,
        phone: PhoneNumber,
        channel: Option<Channel>,
        now: Timestamp,
    ) -> Option<SendPlan> {
        let candidates = self.carrier.senders.table().candidates(phone, channel)?;
        self.carrier.plan(&candidates, phone, now)
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

#[async_trait]
impl ReportReceiver for Router {
    fn expects(&self, provider: &ProviderName, token: &str) -> bool {
        let known = self.carrier.senders.provider(provider);
        known.is_some_and(|known| known.reports_by() == ReportsBy::Callback)
            && self.tokens.is_token(provider, token)
    }

    async fn receive(
        &self,
        provider: &ProviderName,
        token: &str,
        report: &RawReport,
    ) -> Result<ReportAnswer, StoreError> {
        let carrier = &self.carrier;
        let known = carrier.senders.provider(provider);
        let Some(ReportSource::Callback(reader)) = known.map(|known| known.reports()) else {
            return Ok(ReportAnswer::NotHere);
        };
        if !self.tokens.is_token(provider, token) {
            return Ok(ReportAnswer::Forged);
        }
        match reader.read(report, carrier.clock.now()) {
            Ok(ReportRead::Reports(reports)) => {
                carrier.note_all(provider, reports).await?;
                Ok(ReportAnswer::Noted)
            }
            Ok(ReportRead::Handshake(text)) => Ok(ReportAnswer::Handshake(text)),
            Err(BadReport::Forged) => Ok(ReportAnswer::Forged),
            Err(BadReport::Unreadable) => Ok(ReportAnswer::Unreadable),
        }
    }
}

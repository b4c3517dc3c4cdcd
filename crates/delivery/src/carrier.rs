//! Carries one delivery: it is sent by its provider, settled in the store, and followed by the next
//! provider's where that could do better.
//!
//! A delivery belongs to whoever holds its lease, and is sent only while that lasts. So what a
//! crash left pending is sent by another node, and what is being sent is not sent by two.

use std::{error::Error, sync::Arc, time::Duration};

use phonekey_core::{
    challenge::{Challenge, messages::MessagePolicy},
    code::CodeBook,
    delivery::{
        Delivery, DeliveryId, DeliveryState,
        follow_up::{self, ReportsBy},
        message::Message,
        outcome::{Receipt, SendOutcome, SendRefusal},
    },
    phone::PhoneNumber,
    policy::NumberPolicy,
    ports::{
        delivery::DispatchOutcome,
        store::{DeliveryStore, RefuseDelivery, RefuseOutcome, SettleDelivery, StoreError},
    },
    random::Random,
    route::{
        self, NextStep,
        order::{Strategy, order},
        plan::SendPlan,
        table::Candidates,
    },
    time::{Clock, Timestamp},
};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tracing::{debug, error, warn};

use crate::{
    early::EarlyReports, outlook::Outlook, providers::inbox::Arrivals, senders::Senders,
    under_way::UnderWay,
};

/// All that a delivery needs on its way.
pub(crate) struct Carrier {
    pub(crate) senders: Senders,
    pub(crate) lease: Duration,
    pub(crate) messages: MessagePolicy,
    pub(crate) number: Arc<NumberPolicy>,
    pub(crate) store: Arc<dyn DeliveryStore>,
    pub(crate) book: Arc<CodeBook>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) outlook: Outlook,
    pub(crate) arrivals: Arrivals,
    pub(crate) early: EarlyReports,
    pub(crate) under_way: UnderWay,
}

/// What came of handing a delivery over.
enum Attempt {
    /// The provider answered, or did not.
    Made(SendOutcome),
    /// The code would be of no use any more.
    Pointless,
    /// The lease has ended: another node may be sending it.
    LeaseEnded,
}

impl Carrier {
    /// The ways of a message in the order in which they should be tried at `now`.
    pub(crate) fn plan(
        &self,
        candidates: &Candidates<'_>,
        phone: PhoneNumber,
        now: Timestamp,
    ) -> Option<SendPlan> {
        let facts = self.outlook.facts(&self.senders, phone, now);
        let draw = match candidates.strategy {
            Strategy::Ordered => 1.0,
            Strategy::Conversion => self.draw(),
        };
        SendPlan::new(order(candidates, &facts, draw), self.lease)
    }

    /// The ways by which the code of a message may go on; none when there is none left.
    pub(crate) fn plan_after(
        &self,
        challenge: &Challenge,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Option<SendPlan> {
        let (provider, channel) = (&delivery.provider, delivery.channel);
        let table = self.senders.table();
        let candidates = table.candidates_after(challenge.phone, provider, channel)?;
        self.plan(&candidates, challenge.phone, now)
    }

    /// A number between 0 and 1.
    fn draw(&self) -> f64 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
    }

    /// Carries a delivery, and those that follow from its refusal, until one is settled.
    ///
    /// `answer` learns of an acceptance before it is settled, so that nobody waits for the store; of
    /// a refusal afterwards, since that may end the challenge. An attempt by another provider is
    /// committed before it is made.
    pub(crate) async fn carry(
        self: &Arc<Self>,
        challenge: &Challenge,
        first: Delivery,
        answer: oneshot::Sender<DispatchOutcome>,
    ) {
        let mut delivery = first;
        loop {
            let DeliveryState::Pending { leased_until } = delivery.state else {
                self.arrivals.add();
                return tell(answer, DispatchOutcome::Sent);
            };
            let outcome = match self.hand_over(challenge, &delivery, leased_until).await {
                Attempt::Made(outcome) => outcome,
                Attempt::Pointless => {
                    tell(answer, DispatchOutcome::Unavailable(SendRefusal::Temporary));
                    let at = self.clock.now();
                    let dropped = DeliveryState::Dropped { at };
                    let step = settlement(&delivery, dropped, Receipt::default(), None);
                    return self.settle(step, leased_until).await;
                }
                Attempt::LeaseEnded => return tell(answer, DispatchOutcome::Sent),
            };
            log(challenge, &delivery, &outcome);
            let now = self.clock.now();
            let (state, receipt) = match &outcome {
                SendOutcome::Accepted(receipt) => {
                    (DeliveryState::Accepted { at: now }, receipt.clone())
                }
                SendOutcome::Unknown => (DeliveryState::Unknown { at: now }, Receipt::default()),
                SendOutcome::Refused(reason) => {
                    match self
                        .refuse(challenge, &delivery, *reason, leased_until)
                        .await
                    {
                        RefuseOutcome::Next(next) => {
                            delivery = *next;
                            continue;
                        }
                        RefuseOutcome::Last => return tell(answer, told_of(*reason)),
                        RefuseOutcome::Lost => return tell(answer, DispatchOutcome::Sent),
                    }
                }
            };
            tell(answer, DispatchOutcome::Sent);
            let look =
                follow_up::first_look(&outcome, self.reports_by(&delivery), &self.messages, now);
            let message_id = receipt.message_id.clone();
            let step = settlement(&delivery, state, receipt, look);
            self.settle(step, leased_until).await;
            if let Some(message_id) = message_id {
                self.note_early_one(&delivery.provider, &message_id);
            }
            return;
        }
    }

    /// How the provider of a delivery tells what became of it.
    pub(crate) fn reports_by(&self, delivery: &Delivery) -> ReportsBy {
        let provider = self.senders.provider(&delivery.provider);
        provider.map_or(ReportsBy::Nothing, |provider| provider.reports_by())
    }

    /// Notes a refusal. One that cannot be noted is the last of this turn: the delivery stays
    /// pending, and its next holder tries again.
    async fn refuse(
        &self,
        challenge: &Challenge,
        delivery: &Delivery,
        reason: SendRefusal,
        leased_until: Timestamp,
    ) -> RefuseOutcome {
        let noted = self.note_within(leased_until, delivery.id, || {
            let now = self.clock.now();
            let plan = match route::after_refusal(reason) {
                NextStep::FailOver | NextStep::ChangeChannel => {
                    self.plan_after(challenge, delivery, now)
                }
                NextStep::Done | NextStep::Stop(_) => None,
            };
            self.store.refuse_delivery(RefuseDelivery {
                id: delivery.id,
                reason,
                plan,
                now,
            })
        });
        noted.await.unwrap_or(RefuseOutcome::Last)
    }

    /// Hands a delivery to its provider, within the lease.
    async fn hand_over(
        &self,
        challenge: &Challenge,
        delivery: &Delivery,
        leased_until: Timestamp,
    ) -> Attempt {
        let now = self.clock.now();
        if !challenge.is_live(now) {
            return Attempt::Pointless;
        }
        let turn = leased_until.since(now);
        if turn.is_zero() {
            return Attempt::LeaseEnded;
        }
        let Some(code) = self.book.code(&challenge.code_subject()) else {
            warn!(
                delivery.id = %delivery.id,
                "a message was dropped: its code came from a master secret that is no longer \
                 configured"
            );
            return Attempt::Pointless;
        };
        let message = Message {
            delivery: delivery.id,
            to: challenge.phone,
            channel: delivery.channel,
            language: challenge.language.clone(),
            code,
            app_hash: challenge.app_hash,
            expires_at: challenge.expires_at,
        };
        // A provider that was taken off the configuration sends nothing: another one could.
        let Some(provider) = self.senders.provider(&delivery.provider) else {
            return Attempt::Made(SendOutcome::Refused(SendRefusal::Temporary));
        };
        let sent = timeout(turn, provider.send(&message, &*self.clock)).await;
        Attempt::Made(sent.unwrap_or(SendOutcome::Unknown))
    }

    /// Settles a delivery.
    async fn settle(&self, step: SettleDelivery, leased_until: Timestamp) {
        let settle = || self.store.settle_delivery(step.clone());
        let _ = self.note_within(leased_until, step.id, settle).await;
    }

    /// Has the store note what became of a delivery. While the store is away it tries again within
    /// the lease: a delivery that stays pending is sent a second time. `None` when it could not be
    /// noted.
    #[expect(
        clippy::disallowed_methods,
        reason = "the pause between two tries of a background task; whoever waits has a deadline"
    )]
    async fn note_within<T, F>(
        &self,
        leased_until: Timestamp,
        id: DeliveryId,
        step: impl Fn() -> F,
    ) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match step().await {
                Ok(noted) => return Some(noted),
                Err(error) => error,
            };
            let may_return = matches!(error, StoreError::Unavailable { .. });
            let in_time = self.clock.now().plus(pause) < leased_until;
            if !may_return || !in_time || self.under_way.is_finishing() {
                log_unsettled(id, &error);
                return None;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Who stopped waiting need not be told.
fn tell(answer: oneshot::Sender<DispatchOutcome>, outcome: DispatchOutcome) {
    let _ = answer.send(outcome);
}

/// What a caller learns of a refusal that nothing follows.
const fn told_of(reason: SendRefusal) -> DispatchOutcome {
    match route::after_refusal(reason) {
        NextStep::Stop(_) | NextStep::ChangeChannel => DispatchOutcome::NumberRefused(reason),
        NextStep::FailOver | NextStep::Done => DispatchOutcome::Unavailable(reason),
    }
}

fn settlement(
    delivery: &Delivery,
    state: DeliveryState,
    receipt: Receipt,
    follow_up_at: Option<Timestamp>,
) -> SettleDelivery {
    SettleDelivery {
        id: delivery.id,
        state,
        receipt,
        follow_up_at,
    }
}

fn log(challenge: &Challenge, delivery: &Delivery, outcome: &SendOutcome) {
    let (id, provider, phone) = (delivery.id, &delivery.provider, challenge.phone.masked());
    match outcome {
        SendOutcome::Accepted(_) => {
            debug!(delivery.id = %id, delivery.provider = %provider, phone, "message accepted");
        }
        SendOutcome::Refused(reason) => warn!(
            delivery.id = %id,
            delivery.provider = %provider,
            delivery.refusal = reason.name(),
            phone,
            "message refused"
        ),
        SendOutcome::Unknown => warn!(
            delivery.id = %id,
            delivery.provider = %provider,
            phone,
            "message may have gone: the provider did not say in time"
        ),
    }
}

fn log_unsettled(id: DeliveryId, error: &StoreError) {
    error!(
        delivery.id = %id,
        error = error as &dyn Error,
        "what became of a delivery could not be stored; it stays pending and may be sent again"
    );
}

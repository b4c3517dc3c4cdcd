//! Carries one delivery: it is sent by its provider, settled in the store, and followed by the next
//! provider's where that could do better.
//!
//! A delivery belongs to whoever holds its lease, and is sent only while that lasts. So what a
//! crash left pending is sent by another node, and what is being sent is not sent by two.

use std::{error::Error, sync::Arc, time::Duration};

use phonekey_core::{
    challenge::Challenge,
    code::CodeBook,
    delivery::{
        Channel, Delivery, DeliveryId, DeliveryState, Message, ProviderName, Receipt, SendOutcome,
        SendRefusal,
    },
    ports::{
        delivery::DispatchOutcome,
        store::{DeliveryStore, SettleDelivery, StoreError},
    },
    route::{self, NextStep},
    time::{Clock, Timestamp},
};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tracing::{debug, error, warn};

use crate::{
    inbox::{self, Arrivals},
    senders::{Provider, Senders},
    under_way::UnderWay,
};

/// All that a delivery needs on its way.
pub(crate) struct Carrier {
    pub(crate) senders: Senders,
    pub(crate) lease: Duration,
    pub(crate) store: Arc<dyn DeliveryStore>,
    pub(crate) book: Arc<CodeBook>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) arrivals: Arrivals,
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
    /// A delivery by `provider`. One to the inbox has arrived with its commit, since its row is the
    /// message; any other is this node's to send.
    pub(crate) fn new_delivery(
        &self,
        id: DeliveryId,
        provider: &ProviderName,
        now: Timestamp,
    ) -> Delivery {
        let state = if provider.as_str() == inbox::NAME {
            DeliveryState::Accepted { at: now }
        } else {
            DeliveryState::Pending {
                leased_until: now.plus(self.lease),
            }
        };
        Delivery {
            id,
            channel: Channel::Sms,
            provider: provider.clone(),
            created_at: now,
            state,
            provider_message_id: None,
            cost: None,
        }
    }

    /// Carries a delivery, and those that follow from its refusal, until one is settled.
    ///
    /// `answer` learns the outcome before it is settled, so that nobody waits for the store; an
    /// attempt by another provider is committed before it is made.
    pub(crate) async fn carry(
        &self,
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
                    let dropped = SettleDelivery {
                        id: delivery.id,
                        state: DeliveryState::Dropped { at },
                        receipt: Receipt::default(),
                    };
                    return self.settle(dropped, leased_until).await;
                }
                Attempt::LeaseEnded => return tell(answer, DispatchOutcome::Sent),
            };
            log(challenge, &delivery, &outcome);
            let now = self.clock.now();
            let step = settlement(delivery.id, &outcome, now);
            if route::next_step(&outcome) == NextStep::FailOver
                && let Some(next) = self.next_delivery(challenge, &delivery, now)
            {
                if let Err(error) = self.store.fail_over(step, next.clone()).await {
                    log_unsettled(delivery.id, &error);
                    return tell(answer, told_of(&outcome));
                }
                delivery = next;
                continue;
            }
            tell(answer, told_of(&outcome));
            return self.settle(step, leased_until).await;
        }
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
            expires_at: challenge.expires_at,
        };
        let outcome = match self.senders.provider(&delivery.provider) {
            Some(Provider::Sender(sender)) => timeout(turn, sender.send(&message))
                .await
                .unwrap_or(SendOutcome::Unknown),
            // An inbox delivery is never pending, and a provider that was taken off the
            // configuration sends nothing: another one could.
            Some(Provider::Inbox) | None => SendOutcome::Refused(SendRefusal::Temporary),
        };
        Attempt::Made(outcome)
    }

    /// The next provider's attempt; none when there is no further provider, or nothing left to send
    /// for. After a provider that is no longer on the route, the route begins anew.
    fn next_delivery(
        &self,
        challenge: &Challenge,
        refused: &Delivery,
        now: Timestamp,
    ) -> Option<Delivery> {
        if !challenge.is_live(now) {
            return None;
        }
        let route = self.senders.route();
        let on_route = route.providers().any(|name| *name == refused.provider);
        let provider = if on_route {
            route.after(&refused.provider)?
        } else {
            route.first()
        };
        let id = DeliveryId {
            challenge: refused.id.challenge,
            attempt: refused.id.attempt.checked_add(1)?,
        };
        Some(self.new_delivery(id, provider, now))
    }

    /// Settles a delivery. While the store is away it tries again within the lease: a delivery that
    /// stays pending is sent a second time.
    #[expect(
        clippy::disallowed_methods,
        reason = "the pause between two tries of a background task that nobody waits for"
    )]
    async fn settle(&self, step: SettleDelivery, leased_until: Timestamp) {
        let mut pause = FIRST_PAUSE;
        loop {
            let Err(error) = self.store.settle_delivery(step.clone()).await else {
                return;
            };
            let may_return = matches!(error, StoreError::Unavailable { .. });
            let in_time = self.clock.now().plus(pause) < leased_until;
            if !may_return || !in_time || self.under_way.is_finishing() {
                return log_unsettled(step.id, &error);
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

/// What a caller learns of an outcome that is followed by no other.
fn told_of(outcome: &SendOutcome) -> DispatchOutcome {
    match (route::next_step(outcome), outcome) {
        (NextStep::Stop(refusal), _) => DispatchOutcome::NumberRefused(refusal),
        (NextStep::FailOver, SendOutcome::Refused(refusal)) => {
            DispatchOutcome::Unavailable(*refusal)
        }
        (NextStep::Done | NextStep::FailOver, _) => DispatchOutcome::Sent,
    }
}

/// What the store keeps of an outcome.
fn settlement(id: DeliveryId, outcome: &SendOutcome, at: Timestamp) -> SettleDelivery {
    let (state, receipt) = match outcome {
        SendOutcome::Accepted(receipt) => (DeliveryState::Accepted { at }, receipt.clone()),
        SendOutcome::Refused(reason) => {
            let reason = *reason;
            (DeliveryState::Refused { at, reason }, Receipt::default())
        }
        SendOutcome::Unknown => (DeliveryState::Unknown { at }, Receipt::default()),
    };
    SettleDelivery { id, state, receipt }
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

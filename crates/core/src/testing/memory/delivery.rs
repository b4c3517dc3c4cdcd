//! Steps on deliveries.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::{
    challenge::{ChallengeState, CloseReason, messages},
    delivery::{
        Channel, Delivery, DeliveryId, DeliveryState, ProviderName, follow_up,
        report::{self, NothingNew},
    },
    id::ChallengeId,
    phone::PhoneNumber,
    ports::store::{
        DeliveryStore, DueDelivery, NoteOutcome, NoteReport, RefuseDelivery, RefuseOutcome,
        SendAgain, SendAgainOutcome, SettleDelivery, StoreError,
    },
    route::conversion::{BlockConversion, Conversion, NumberBlock},
    time::Timestamp,
};

impl State {
    /// All messages of a challenge, oldest first.
    pub(super) fn messages_of(&self, challenge: ChallengeId) -> Vec<Delivery> {
        let all = self.deliveries.values();
        all.filter(|delivery| delivery.id.challenge == challenge)
            .cloned()
            .collect()
    }

    fn due(&self, delivery: &Delivery) -> Option<DueDelivery> {
        let challenge = self.challenges.get(&delivery.id.challenge)?.clone();
        Some(DueDelivery {
            delivery: delivery.clone(),
            challenge,
        })
    }

    fn pending(&mut self, id: DeliveryId) -> Option<&mut Delivery> {
        let delivery = self.deliveries.get_mut(&id)?;
        matches!(delivery.state, DeliveryState::Pending { .. }).then_some(delivery)
    }
}

#[async_trait]
impl DeliveryStore for MemoryStore {
    async fn settle_delivery(&self, step: SettleDelivery) -> Result<(), StoreError> {
        if let Some(delivery) = self.state().pending(step.id) {
            delivery.state = step.state;
            delivery.receipt = step.receipt;
            delivery.follow_up_at = step.follow_up_at;
        }
        Ok(())
    }

    async fn refuse_delivery(&self, step: RefuseDelivery) -> Result<RefuseOutcome, StoreError> {
        let mut state = self.state();
        let (at, reason) = (step.now, step.reason);
        let Some(delivery) = state.pending(step.id) else {
            return Ok(RefuseOutcome::Lost);
        };
        delivery.state = DeliveryState::Refused { at, reason };
        let Some(mut challenge) = state.challenges.get(&step.id.challenge).cloned() else {
            return Ok(RefuseOutcome::Last);
        };
        let tried = state.messages_of(challenge.id);
        let mut standing = state.standing(challenge.phone);
        let plan = step.plan.as_ref();
        let next = messages::after_refusal(&mut challenge, &mut standing, &tried, plan, at);
        if let Some(kept) = state.standings.get_mut(&challenge.phone) {
            kept.standing = standing;
        }
        state.challenges.insert(challenge.id, challenge);
        Ok(match next {
            Some(next) => {
                state.deliveries.insert(next.id, next.clone());
                RefuseOutcome::Next(Box::new(next))
            }
            None => RefuseOutcome::Last,
        })
    }

    async fn send_again(&self, step: SendAgain) -> Result<SendAgainOutcome, StoreError> {
        let mut state = self.state();
        let dead = SendAgainOutcome::None(messages::NotAgain::Dead);
        let Some(about) = state.deliveries.get(&step.id).cloned() else {
            return Ok(dead);
        };
        let Some(challenge) = state.challenges.get(&step.id.challenge).cloned() else {
            return Ok(dead);
        };
        let tried = state.messages_of(challenge.id);
        let mut standing = state.standing(challenge.phone);
        let terms = step.terms.as_terms();
        let next =
            messages::send_again(&about, &challenge, &mut standing, &tried, &terms, step.now);
        Ok(match next {
            Ok(next) => {
                state.keep_standing(challenge.phone, standing, &step.terms.number);
                state.deliveries.insert(next.id, next.clone());
                SendAgainOutcome::Next(Box::new(next))
            }
            Err(reason) => SendAgainOutcome::None(reason),
        })
    }

    async fn note_report(&self, step: NoteReport) -> Result<NoteOutcome, StoreError> {
        let mut state = self.state();
        let is_it = |delivery: &&mut Delivery| {
            delivery.provider == step.provider
                && delivery.receipt.message_id.as_ref() == Some(&step.message_id)
        };
        let Some(delivery) = state.deliveries.values_mut().rev().find(is_it) else {
            return Ok(NoteOutcome::Unknown);
        };
        let noted = report::note(delivery, step.arrival, step.cost, step.now);
        if let Err(NothingNew) = noted {
            return Ok(NoteOutcome::Known);
        }
        let delivery = delivery.clone();
        let due = state.due(&delivery).map(Box::new);
        Ok(due.map_or(NoteOutcome::Unknown, NoteOutcome::Noted))
    }

    async fn lease_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let mut state = self.state();
        let is_due = |delivery: &&Delivery| matches!(delivery.state, DeliveryState::Pending { leased_until } if leased_until <= now);
        let due = state.deliveries.values().filter(is_due);
        let due: Vec<DeliveryId> = due.map(|it| it.id).take(usize::from(limit)).collect();
        let mut leased = Vec::new();
        for id in due {
            let challenge = state.challenges.get(&id.challenge);
            let live = challenge.is_some_and(|challenge| challenge.is_live(now));
            let Some(delivery) = state.deliveries.get_mut(&id) else {
                continue;
            };
            if live {
                delivery.state = DeliveryState::Pending { leased_until };
                let delivery = delivery.clone();
                leased.extend(state.due(&delivery));
            } else {
                delivery.state = DeliveryState::Dropped { at: now };
            }
        }
        Ok(leased)
    }

    async fn lease_follow_ups(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let mut state = self.state();
        let is_due = |delivery: &&Delivery| delivery.follow_up_at.is_some_and(|at| at <= now);
        let mut due: Vec<&Delivery> = state.deliveries.values().filter(is_due).collect();
        due.sort_by_key(|delivery| (delivery.follow_up_at, delivery.id));
        let due = due.into_iter().take(usize::from(limit));
        let leased: Vec<DueDelivery> = due.filter_map(|delivery| state.due(delivery)).collect();
        for due in &leased {
            if let Some(delivery) = state.deliveries.get_mut(&due.delivery.id) {
                delivery.follow_up_at = follow_up::put_off(&due.delivery, &due.challenge, now);
            }
        }
        Ok(leased)
    }

    async fn recent_deliveries(
        &self,
        provider: &ProviderName,
        phone: Option<PhoneNumber>,
        limit: u16,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let state = self.state();
        let all = state.deliveries.values().rev();
        let due = all
            .filter(|delivery| delivery.provider == *provider)
            .filter_map(|delivery| state.due(delivery));
        let chosen = due.filter(|due| phone.is_none_or(|phone| due.challenge.phone == phone));
        Ok(chosen.take(usize::from(limit)).collect())
    }

    async fn conversions(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BlockConversion>, StoreError> {
        let state = self.state();
        let mut figures: BTreeMap<(ProviderName, &str, NumberBlock), (Channel, Conversion)> =
            BTreeMap::new();
        let ended = state
            .challenges
            .values()
            .filter(|challenge| challenge.created_at >= since && !challenge.is_live(now));
        for challenge in ended {
            let messages = state.messages_of(challenge.id);
            let reaching = || messages.iter().filter(|it| it.state.may_reach());
            let newest = reaching().next_back().map(|delivery| delivery.id);
            let is_answered = matches!(
                challenge.state,
                ChallengeState::Closed {
                    reason: CloseReason::Answered,
                    ..
                }
            );
            for delivery in reaching() {
                let block = NumberBlock::of(challenge.phone);
                let key = (delivery.provider.clone(), delivery.channel.name(), block);
                let (_, conversion) = figures
                    .entry(key)
                    .or_insert((delivery.channel, Conversion::default()));
                conversion.sent += 1;
                conversion.verified += u64::from(is_answered && newest == Some(delivery.id));
            }
        }
        let figures = figures
            .into_iter()
            .map(
                |((provider, _, block), (channel, conversion))| BlockConversion {
                    provider,
                    channel,
                    block,
                    conversion,
                },
            );
        Ok(figures.collect())
    }
}

//! One challenge's messages: by which way the first goes, and each that follows.

use std::time::Duration;

use super::Handling;
use super::Hop;
use crate::{
    delivery::{Channel, Delivery, DeliveryId, DeliveryState, outcome::Receipt},
    id::ChallengeId,
    time::Timestamp,
};

/// The ways for one challenge's messages, in the order in which they are tried; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendPlan {
    first: Hop,
    others: Vec<Hop>,
    lease: Duration,
}

impl SendPlan {
    /// A plan over these ways; a message belongs to the node that plans it for `lease`. `None` when
    /// there is no way.
    #[must_use]
    pub fn new(hops: impl IntoIterator<Item = Hop>, lease: Duration) -> Option<Self> {
        let mut hops = hops.into_iter();
        Some(Self {
            first: hops.next()?,
            others: hops.collect(),
            lease,
        })
    }

    /// All ways, in order.
    pub fn hops(&self) -> impl Iterator<Item = &Hop> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The same without the ways of channels by which the number gets nothing, as these messages
    /// have shown; `None` when there is no other.
    #[must_use]
    pub fn without_lost_channels(&self, tried: &[Delivery]) -> Option<Self> {
        let others = self.hops().filter(|hop| !is_lost(hop.channel, tried));
        Self::new(others.cloned(), self.lease)
    }

    /// The first message of a challenge.
    #[must_use]
    pub fn first(&self, challenge: ChallengeId, now: Timestamp) -> Delivery {
        self.delivery(challenge, FIRST_ATTEMPT, &self.first, now)
    }

    /// The message that follows a refusal: by a way that was not tried for this challenge yet, else
    /// by one that took a message of it before and has not refused since. `tried` are all of its
    /// messages; `None` when there is no such way, but by channels that are lost.
    #[must_use]
    pub fn by_another_way(&self, tried: &[Delivery], now: Timestamp) -> Option<Delivery> {
        let taken = tried.iter().filter(|delivery| delivery.state.may_reach());
        let last_taken = taken
            .max_by_key(|delivery| delivery.id.attempt)
            .map(|delivery| delivery.id);
        let refused = |hop: &Hop| {
            let mut since = tried.iter().filter(|it| Some(it.id) > last_taken);
            since.any(|delivery| goes_by(delivery, hop))
        };
        let left = self
            .hops()
            .filter(|hop| !refused(hop) && !is_lost(hop.channel, tried));
        let hop = left.min_by_key(|hop| last_try(hop, tried))?;
        self.next(tried, hop, now)
    }

    /// The message that carries the same code once more, since the ones before may not have come:
    /// by a way that was not tried yet, else by the one that was tried longest ago, those that
    /// refused later, and channels that are lost last of all. `None` when a challenge can have no
    /// more.
    #[must_use]
    pub fn once_more(&self, tried: &[Delivery], now: Timestamp) -> Option<Delivery> {
        let rank = |hop: &Hop| (is_lost(hop.channel, tried), last_try(hop, tried));
        let hop = self.hops().min_by_key(|hop| rank(hop))?;
        self.next(tried, hop, now)
    }

    fn next(&self, tried: &[Delivery], hop: &Hop, now: Timestamp) -> Option<Delivery> {
        let last = tried.iter().max_by_key(|delivery| delivery.id.attempt)?;
        let attempt = last.id.attempt.checked_add(1)?;
        Some(self.delivery(last.id.challenge, attempt, hop, now))
    }

    fn delivery(&self, challenge: ChallengeId, attempt: u8, hop: &Hop, now: Timestamp) -> Delivery {
        let state = match hop.handling {
            Handling::Kept => DeliveryState::Accepted { at: now },
            Handling::Carried => DeliveryState::Pending {
                leased_until: now.plus(self.lease),
            },
        };
        Delivery {
            id: DeliveryId { challenge, attempt },
            channel: hop.channel,
            provider: hop.provider.clone(),
            created_at: now,
            state,
            receipt: Receipt::default(),
            report: None,
            follow_up_at: None,
        }
    }
}

const FIRST_ATTEMPT: u8 = 1;

fn goes_by(delivery: &Delivery, hop: &Hop) -> bool {
    delivery.provider == hop.provider && delivery.channel == hop.channel
}

/// Sorts ways by when they were tried last: those never tried first, those that refused last.
fn last_try(hop: &Hop, tried: &[Delivery]) -> Option<(bool, u8)> {
    let by_it = tried.iter().filter(|delivery| goes_by(delivery, hop));
    let last = by_it.max_by_key(|delivery| delivery.id.attempt)?;
    Some((!last.state.may_reach(), last.id.attempt))
}

fn is_lost(channel: Channel, tried: &[Delivery]) -> bool {
    let mut by_it = tried.iter().filter(|delivery| delivery.channel == channel);
    by_it.any(Delivery::shows_a_lost_channel)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        delivery::{
            outcome::SendRefusal,
            report::{Arrival, DeliveryReport},
        },
        testing::values::{hop, plan},
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn challenge() -> ChallengeId {
        ChallengeId::from_uuid(Uuid::from_u128(7))
    }

    fn settled(mut delivery: Delivery, state: DeliveryState) -> Delivery {
        delivery.state = state;
        delivery
    }

    fn refused(delivery: Delivery) -> Delivery {
        let reason = SendRefusal::Temporary;
        settled(delivery, DeliveryState::Refused { at: NOW, reason })
    }

    fn taken(delivery: Delivery) -> Delivery {
        settled(delivery, DeliveryState::Accepted { at: NOW })
    }

    fn way(delivery: &Delivery) -> (u8, &str) {
        (delivery.id.attempt, delivery.provider.as_str())
    }

    #[test]
    fn refusals_go_down_the_plan_and_end_with_it() {
        let plan = plan(&["a", "b", "c"]);
        let mut tried = vec![refused(plan.first(challenge(), NOW))];
        while let Some(next) = plan.by_another_way(&tried, NOW) {
            tried.insert(0, refused(next));
        }

        let ways: Vec<_> = tried.iter().map(way).collect();
        assert_eq!(ways, [(3, "c"), (2, "b"), (1, "a")]);
    }

    #[test]
    fn a_code_goes_once_more_by_the_next_way_then_by_the_oldest_that_did_not_refuse() {
        let plan = plan(&["a", "b"]);
        let mut tried = vec![refused(plan.first(challenge(), NOW))];
        tried.push(taken(plan.once_more(&tried, NOW).unwrap()));
        assert_eq!(way(&tried[1]), (2, "b"));

        tried.push(taken(plan.once_more(&tried, NOW).unwrap()));
        assert_eq!(way(&tried[2]), (3, "b"), "a has refused");
    }

    #[test]
    fn with_one_provider_it_is_asked_again() {
        let plan = plan(&["a"]);
        let first = taken(plan.first(challenge(), NOW));

        let mut tried = vec![first];
        tried.push(refused(plan.once_more(&tried, NOW).unwrap()));

        assert_eq!(way(&tried[1]), (2, "a"));
        assert_eq!(plan.by_another_way(&tried, NOW), None);
    }

    #[test]
    fn what_was_carried_by_a_provider_that_is_gone_begins_the_plan_anew() {
        let gone = refused(plan(&["gone"]).first(challenge(), NOW));

        let next = plan(&["a"]).by_another_way(&[gone], NOW);

        assert_eq!(way(&next.unwrap()), (2, "a"));
    }

    #[test]
    fn a_message_that_nobody_needs_to_carry_has_arrived_when_it_is_planned() {
        let inbox = Hop {
            handling: Handling::Kept,
            ..hop("inbox")
        };
        let plan = SendPlan::new([inbox], Duration::from_secs(30)).unwrap();

        assert_eq!(
            plan.first(challenge(), NOW).state,
            DeliveryState::Accepted { at: NOW }
        );
        assert!(SendPlan::new([], Duration::ZERO).is_none());
    }

    #[test]
    fn when_the_next_way_refuses_the_one_that_took_a_message_before_takes_another() {
        let plan = plan(&["a", "b", "c"]);
        let mut tried = vec![taken(plan.first(challenge(), NOW))];
        tried.push(refused(plan.once_more(&tried, NOW).unwrap()));
        tried.push(refused(plan.by_another_way(&tried, NOW).unwrap()));
        let ways: Vec<_> = tried.iter().map(way).collect();
        assert_eq!(ways, [(1, "a"), (2, "b"), (3, "c")]);

        let back = refused(plan.by_another_way(&tried, NOW).unwrap());
        assert_eq!(way(&back), (4, "a"));

        tried.push(back);
        assert_eq!(plan.by_another_way(&tried, NOW), None);
    }

    #[test]
    fn a_channel_by_which_the_number_gets_nothing_is_left_out() {
        let voice = Hop {
            channel: Channel::Voice,
            ..hop("a")
        };
        let hops = [hop("a"), hop("b"), voice.clone()];
        let plan = SendPlan::new(hops, Duration::ZERO).unwrap();
        let (at, reason) = (NOW, SendRefusal::CannotReceive);
        let first = plan.first(challenge(), NOW);
        let lost = Delivery {
            report: Some(DeliveryReport {
                at,
                arrival: Arrival::Undelivered(reason),
            }),
            ..taken(first.clone())
        };
        let refused = settled(first, DeliveryState::Refused { at, reason });

        for shown in [lost, refused] {
            let mut tried = vec![shown];
            let only_voice = SendPlan::new([voice.clone()], Duration::ZERO);
            assert_eq!(plan.without_lost_channels(&tried), only_voice);
            let called = taken(plan.once_more(&tried, NOW).unwrap());
            assert_eq!(called.channel, Channel::Voice);
            tried.push(called);
            let asked_again = plan.once_more(&tried, NOW).unwrap();
            assert_eq!(asked_again.channel, Channel::Voice);
        }
    }

    #[test]
    fn a_refusal_of_another_channel_leads_not_back_to_the_lost_one() {
        let voice = Hop {
            channel: Channel::Voice,
            ..hop("a")
        };
        let plan = SendPlan::new([hop("a"), hop("b"), voice], Duration::ZERO).unwrap();
        let (at, reason) = (NOW, SendRefusal::CannotReceive);
        let first = plan.first(challenge(), NOW);
        let mut tried = vec![settled(first, DeliveryState::Refused { at, reason })];
        tried.push(refused(plan.by_another_way(&tried, NOW).unwrap()));
        assert_eq!(tried[1].channel, Channel::Voice);

        assert_eq!(plan.by_another_way(&tried, NOW), None);
    }

    #[test]
    fn no_challenge_has_more_than_255_messages() {
        let plan = plan(&["a"]);
        let mut last = taken(plan.first(challenge(), NOW));
        last.id.attempt = u8::MAX;

        assert_eq!(plan.once_more(&[last], NOW), None);
    }
}

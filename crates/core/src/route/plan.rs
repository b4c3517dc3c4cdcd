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

    /// The same without the ways of a channel; `None` when there is no other.
    #[must_use]
    pub fn without(&self, channel: Channel) -> Option<Self> {
        let others = self.hops().filter(|hop| hop.channel != channel);
        Self::new(others.cloned(), self.lease)
    }

    /// The first message of a challenge.
    #[must_use]
    pub fn first(&self, challenge: ChallengeId, now: Timestamp) -> Delivery {
        self.delivery(challenge, FIRST_ATTEMPT, &self.first, now)
    }

    /// The message that follows a refusal: by a way that was not tried for this challenge yet.
    /// `tried` are all of its messages; `None` when every way was tried.
    #[must_use]
    pub fn by_another_way(&self, tried: &[Delivery], now: Timestamp) -> Option<Delivery> {
        let is_untried = |hop: &&Hop| !tried.iter().any(|delivery| goes_by(delivery, hop));
        let hop = self.hops().find(is_untried)?;
        self.next(tried, hop, now)
    }

    /// The message that carries the same code once more, since the ones before may not have come:
    /// by a way that was not tried yet, else by the one that was tried longest ago, those that
    /// refused last of all. `None` when a challenge can have no more.
    #[must_use]
    pub fn once_more(&self, tried: &[Delivery], now: Timestamp) -> Option<Delivery> {
        let last_try = |hop: &Hop| {
            let last = tried
                .iter()
                .filter(|delivery| goes_by(delivery, hop))
                .max_by_key(|delivery| delivery.id.attempt);
            last.map(|delivery| (!delivery.state.may_reach(), delivery.id.attempt))
        };
        let hop = self.hops().min_by_key(|hop| last_try(hop))?;
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        delivery::{Channel, outcome::SendRefusal},
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
        let first = refused(plan.first(challenge(), NOW));
        assert_eq!(way(&first), (1, "a"));

        let second = refused(
            plan.by_another_way(std::slice::from_ref(&first), NOW)
                .unwrap(),
        );
        assert_eq!(way(&second), (2, "b"));

        let third = plan
            .by_another_way(&[second.clone(), first.clone()], NOW)
            .unwrap();
        assert_eq!(way(&third), (3, "c"));
        assert_eq!(plan.by_another_way(&[first, second, third], NOW), None);
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

        assert_eq!(
            way(&plan.once_more(std::slice::from_ref(&first), NOW).unwrap()),
            (2, "a")
        );
        assert_eq!(plan.by_another_way(&[first], NOW), None);
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
    fn a_channel_that_reaches_nobody_is_left_out() {
        let voice = Hop {
            channel: Channel::Voice,
            ..hop("a")
        };
        let both = SendPlan::new([hop("a"), voice.clone()], Duration::ZERO).unwrap();

        let rest = both.without(Channel::Sms);

        assert_eq!(rest, SendPlan::new([voice], Duration::ZERO));
        assert_eq!(plan(&["a", "b"]).without(Channel::Sms), None);
    }

    #[test]
    fn no_challenge_has_more_than_255_messages() {
        let plan = plan(&["a"]);
        let mut last = taken(plan.first(challenge(), NOW));
        last.id.attempt = u8::MAX;

        assert_eq!(plan.once_more(&[last], NOW), None);
    }
}

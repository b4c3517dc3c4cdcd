//! In which order the ways of a message are tried.

use super::{Hop, conversion::Conversion, table::Candidates};
use crate::delivery::ProviderName;

/// How ways are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// As the operator wrote them.
    #[default]
    Ordered,
    /// Those first whose messages most often end in a right code.
    Conversion,
}

/// The share of messages by which a strategy of conversion tries another way than the best, so
/// that one that has recovered is found out: 5 %, shared by all others.
pub const EXPLORATION: f64 = 0.05;

/// What is known of the ways at this moment.
pub trait Facts {
    /// Whether a provider takes messages.
    fn availability(&self, provider: &ProviderName) -> Availability;

    /// How a way does for the number that the message goes to.
    fn conversion(&self, hop: &Hop) -> Conversion;
}

/// Whether a provider takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Availability {
    /// It does, as far as anyone knows.
    Up,
    /// Its breaker is open.
    Down,
}

/// Puts ways in order. Those of providers that are down come last: they are left for when there is
/// no other.
///
/// `draw` is any number between 0 and 1, drawn at random for this message.
#[must_use]
pub fn order(candidates: &Candidates<'_>, facts: &dyn Facts, draw: f64) -> Vec<Hop> {
    let mut hops: Vec<&Hop> = candidates.hops.clone();
    if candidates.strategy == Strategy::Conversion {
        let score = |hop: &Hop| facts.conversion(hop).score();
        hops.sort_by(|one, other| score(other).total_cmp(&score(one)));
    }
    hops.sort_by_key(|hop| facts.availability(&hop.provider));
    if candidates.strategy == Strategy::Conversion && draw < EXPLORATION {
        let up = hops
            .iter()
            .filter(|hop| facts.availability(&hop.provider) == Availability::Up);
        let others = up.count().saturating_sub(1);
        if others > 0 {
            let chosen = 1 + pick(draw / EXPLORATION, others);
            hops[..=chosen].rotate_right(1);
        }
    }
    hops.into_iter().cloned().collect()
}

/// One of `count` things, by a number between 0 and 1.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a handful of ways, and a share between 0 and 1"
)]
fn pick(share: f64, count: usize) -> usize {
    ((share * count as f64) as usize).min(count - 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::{Strategy, *};
    use crate::testing::values;

    #[derive(Default)]
    struct Known {
        down: Vec<&'static str>,
        verified_of_1000: HashMap<&'static str, u64>,
    }

    impl Facts for Known {
        fn availability(&self, provider: &ProviderName) -> Availability {
            if self.down.contains(&provider.as_str()) {
                Availability::Down
            } else {
                Availability::Up
            }
        }

        fn conversion(&self, hop: &Hop) -> Conversion {
            let verified = self.verified_of_1000.get(hop.provider.as_str());
            verified.map_or_else(Conversion::default, |verified| Conversion {
                sent: 1000,
                verified: *verified,
            })
        }
    }

    fn hops() -> Vec<Hop> {
        ["a", "b", "c"].map(values::hop).into()
    }

    fn ordered(strategy: Strategy, facts: &Known, draw: f64) -> String {
        let hops = hops();
        let candidates = Candidates {
            hops: hops.iter().collect(),
            strategy,
        };
        let order = order(&candidates, facts, draw);
        order.iter().map(|hop| hop.provider.as_str()).collect()
    }

    #[test]
    fn the_operators_order_stands_but_for_providers_that_are_down() {
        let mut facts = Known::default();
        assert_eq!(ordered(Strategy::Ordered, &facts, 0.0), "abc");

        facts.down = vec!["a"];
        assert_eq!(ordered(Strategy::Ordered, &facts, 0.0), "bca");

        facts.down = vec!["a", "b", "c"];
        assert_eq!(ordered(Strategy::Ordered, &facts, 0.0), "abc");
    }

    #[test]
    fn the_best_conversion_comes_first_and_what_nobody_knows_in_between() {
        let facts = Known {
            verified_of_1000: HashMap::from([("a", 300), ("c", 900)]),
            ..Known::default()
        };

        assert_eq!(ordered(Strategy::Conversion, &facts, 0.5), "cba");
    }

    #[test]
    fn equal_conversions_leave_the_operators_order() {
        assert_eq!(ordered(Strategy::Conversion, &Known::default(), 0.5), "abc");
    }

    #[test]
    fn one_message_in_twenty_tries_another_way_each_as_often() {
        let facts = Known::default();
        let first = |draw: f64| ordered(Strategy::Conversion, &facts, draw);

        assert_eq!(first(0.0), "bac");
        assert_eq!(first(0.0249), "bac");
        assert_eq!(first(0.0251), "cab");
        assert_eq!(first(0.0499), "cab");
        assert_eq!(first(0.0501), "abc");
    }

    #[test]
    fn nothing_is_explored_among_those_that_are_down() {
        let facts = Known {
            down: vec!["b", "c"],
            ..Known::default()
        };

        assert_eq!(ordered(Strategy::Conversion, &facts, 0.0), "abc");
    }

    proptest! {
        #[test]
        fn no_way_is_lost_or_doubled(draw in 0.0..1.0_f64, a in 0..1000_u64, b in 0..1000_u64, down in any::<bool>()) {
            let facts = Known {
                down: if down { vec!["b"] } else { vec![] },
                verified_of_1000: HashMap::from([("a", a), ("b", b)]),
            };
            let mut names: Vec<char> = ordered(Strategy::Conversion, &facts, draw).chars().collect();
            names.sort_unstable();

            prop_assert_eq!(names, ['a', 'b', 'c']);
        }
    }
}

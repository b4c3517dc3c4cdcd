//! Phone numbers: those that loads ask for, which look random and never come twice, and those that
//! `fill` gives to users.
//!
//! The last digit tells them apart: filled numbers end in 0, those of a load in any other digit. So
//! each login of a load is the first of its number, on a filled database as on an empty one. In the
//! order of a server's index they lie among each other all the same: had the filled numbers a range
//! of their own, a load would only ever touch the few pages beside it, and find a full database as
//! fast as an empty one.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use phonekey_core::phone::PhoneNumber;

use crate::permutation::Permutation;

/// An Iranian mobile number in national form: `09` and nine digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Number(u64);

impl Number {
    /// The number that `fill` gives to the user with this id: always the same one, so that what is
    /// filled later never meets what was filled before. `None` past [`FILLED`].
    pub(crate) fn of_filled_user(id: u64) -> Option<Self> {
        const ORDER: Permutation = Permutation::of(FILLED, 0x70_686f_6e65);
        (id < FILLED).then(|| Self(ORDER.at(id) * 10))
    }

    /// The number as phonekey knows it.
    pub(crate) fn phone(self) -> Option<PhoneNumber> {
        PhoneNumber::from_e164(&format!("+989{:09}", self.0))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "09{:09}", self.0)
    }
}

/// Hands out all numbers of loads in an order that depends on a seed, each of them once.
///
/// A random draw would meet its own earlier draws after some 30,000 numbers (the birthday
/// paradox), and a server rightly treats the second request for a number differently. Counting
/// upwards would touch neighbouring pages of the server's index and flatter it.
pub(crate) struct Numbers {
    order: Permutation,
    issued: AtomicU64,
    half: Option<Half>,
}

/// Half of all numbers, by the digit after 09; so a few prefixes tell a server which half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    /// An even digit.
    Even,
    /// An odd digit.
    Odd,
}

impl Half {
    /// The first digits of its numbers, as a list in an environment variable.
    pub(crate) fn prefixes(self) -> String {
        let digits = (0..10).filter(|digit| Self::of_digit(*digit) == self);
        let prefixes: Vec<String> = digits.map(|digit| format!("+989{digit}")).collect();
        prefixes.join(",")
    }

    fn of(number: Number) -> Self {
        Self::of_digit(number.0 / 100_000_000)
    }

    fn of_digit(digit: u64) -> Self {
        if digit.is_multiple_of(2) {
            Self::Even
        } else {
            Self::Odd
        }
    }
}

impl Numbers {
    /// An order that no other run shares.
    pub(crate) fn random() -> Result<Self> {
        Ok(Self::seeded(random_seed()?))
    }

    /// The order that belongs to a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            order: Permutation::of(FRESH, seed),
            issued: AtomicU64::new(0),
            half: None,
        }
    }

    /// Only those of one half.
    pub(crate) fn of_half(self, half: Half) -> Self {
        Self {
            half: Some(half),
            ..self
        }
    }

    /// The next number. They repeat after nine hundred million, or half of that.
    pub(crate) fn next(&self) -> Number {
        loop {
            let number = self.next_of_all();
            if self.half.is_none_or(|half| Half::of(number) == half) {
                return number;
            }
        }
    }

    fn next_of_all(&self) -> Number {
        let place = self.order.at(self.issued.fetch_add(1, Ordering::Relaxed));
        Number(place / 9 * 10 + 1 + place % 9)
    }
}

/// A seed from the operating system.
#[expect(
    clippy::disallowed_methods,
    reason = "the seed itself; what follows from it is repeatable"
)]
pub(crate) fn random_seed() -> Result<u64> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).context("the operating system gives no randomness")?;
    Ok(u64::from_le_bytes(seed))
}

/// How many users can be filled into one database: as many as there are numbers that end in 0.
pub(crate) const FILLED: u64 = 100_000_000;
/// The numbers that end in another digit.
const FRESH: u64 = 900_000_000;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_number_is_nine_digits_after_09() {
        assert_eq!(Number(7).to_string(), "09000000007");
        assert_eq!(Number(999_999_999).to_string(), "09999999999");
        assert_eq!(Number(7).phone().unwrap().e164(), "+989000000007");
    }

    #[test]
    fn no_number_comes_twice() {
        let numbers = Numbers::seeded(1);

        let distinct: HashSet<Number> = (0..200_000).map(|_| numbers.next()).collect();

        assert_eq!(distinct.len(), 200_000);
    }

    #[test]
    fn no_load_asks_for_a_number_that_was_filled() {
        let numbers = Numbers::seeded(1);

        assert!((0..10_000).all(|_| !numbers.next().0.is_multiple_of(10)));
        assert!((0..10_000).all(|id| Number::of_filled_user(id).unwrap().0.is_multiple_of(10)));
    }

    #[test]
    fn each_filled_user_has_a_number_of_its_own() {
        let numbers: HashSet<Number> = (0..200_000).filter_map(Number::of_filled_user).collect();

        assert_eq!(numbers.len(), 200_000);
        assert_eq!(Number::of_filled_user(FILLED), None);
    }

    #[test]
    fn filled_numbers_and_those_of_loads_lie_among_each_other() {
        let numbers = Numbers::seeded(2);
        let mut tenths = [[0_u32; 10]; 2];

        for id in 0..10_000 {
            let both = [Number::of_filled_user(id).unwrap(), numbers.next()];
            for (tenths, number) in tenths.iter_mut().zip(both) {
                tenths[usize::try_from(number.0 / 100_000_000).unwrap()] += 1;
            }
        }

        let even = |tenths: &[u32; 10]| tenths.iter().all(|count| (850..1150).contains(count));
        assert!(tenths.iter().all(even), "{tenths:?}");
    }

    #[test]
    fn the_halves_share_no_number_and_are_told_apart_by_their_prefixes() {
        for (half, prefixes) in [
            (Half::Even, "+9890,+9892,+9894,+9896,+9898"),
            (Half::Odd, "+9891,+9893,+9895,+9897,+9899"),
        ] {
            let numbers = Numbers::seeded(1).of_half(half);

            assert_eq!(half.prefixes(), prefixes);
            for _ in 0..1000 {
                let number = numbers.next().phone().unwrap().e164();
                assert!(prefixes.contains(&number[..5]), "{number}");
            }
        }
    }

    #[test]
    fn another_seed_is_another_order() {
        let (a, b) = (Numbers::seeded(3), Numbers::seeded(4));

        assert_ne!(a.next(), b.next());
    }
}

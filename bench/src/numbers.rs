//! Phone numbers that look random and never come twice.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};

/// An Iranian mobile number in national form: `09` and nine digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Number(u64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "09{:09}", self.0)
    }
}

/// Hands out all numbers there are in an order that depends on a seed, each of them once.
///
/// A random draw would meet its own earlier draws after some 30,000 numbers (the birthday
/// paradox), and a server rightly treats the second request for a number differently. Counting
/// upwards would touch neighbouring pages of the server's index and flatter it.
pub(crate) struct Numbers {
    seed: u64,
    issued: AtomicU64,
}

impl Numbers {
    /// An order that no other run shares.
    pub(crate) fn random() -> Result<Self> {
        Ok(Self::seeded(random_seed()?))
    }

    /// The order that belongs to a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            seed,
            issued: AtomicU64::new(0),
        }
    }

    /// The next number. They repeat after a thousand million.
    pub(crate) fn next(&self) -> Number {
        let index = self.issued.fetch_add(1, Ordering::Relaxed) % NUMBERS;
        Number(permuted(index, self.seed))
    }
}

/// Where `index` goes in the seed's permutation of all numbers.
///
/// A Feistel network is a permutation of 2³⁰ values whatever its round function; a value outside
/// the numbers is sent through again until it lands inside, which keeps it a permutation.
fn permuted(index: u64, seed: u64) -> u64 {
    let mut value = index;
    loop {
        let (mut left, mut right) = (value >> HALF_BITS, value & HALF_MASK);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ (mixed(right ^ seed, round) & HALF_MASK));
        }
        value = (left << HALF_BITS) | right;
        if value < NUMBERS {
            return value;
        }
    }
}

/// `SplitMix64`'s finaliser (Steele, Lea and Flood, 2014): every input bit reaches every output bit.
fn mixed(value: u64, round: u64) -> u64 {
    let mut z = value.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
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

const NUMBERS: u64 = 1_000_000_000;
const HALF_BITS: u32 = 15;
const HALF_MASK: u64 = (1 << HALF_BITS) - 1;
const ROUNDS: u64 = 4;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_number_is_nine_digits_after_09() {
        assert_eq!(Number(7).to_string(), "09000000007");
        assert_eq!(Number(NUMBERS - 1).to_string(), "09999999999");
    }

    #[test]
    fn no_number_comes_twice() {
        let numbers = Numbers::seeded(1);

        let distinct: HashSet<Number> = (0..200_000).map(|_| numbers.next()).collect();

        assert_eq!(distinct.len(), 200_000);
    }

    #[test]
    fn numbers_spread_over_the_whole_range() {
        let numbers = Numbers::seeded(2);
        let mut tenths = [0_u32; 10];

        for _ in 0..10_000 {
            tenths[usize::try_from(numbers.next().0 / (NUMBERS / 10)).unwrap()] += 1;
        }

        assert!(
            tenths.iter().all(|count| (850..1150).contains(count)),
            "{tenths:?}"
        );
    }

    #[test]
    fn another_seed_is_another_order() {
        let (a, b) = (Numbers::seeded(3), Numbers::seeded(4));

        assert_ne!(a.next(), b.next());
    }
}

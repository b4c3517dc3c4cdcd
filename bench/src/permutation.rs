//! Orders that look random and are kept nowhere.

/// A permutation of the integers below `count`, chosen by a seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permutation {
    count: u64,
    half_bits: u32,
    seed: u64,
}

impl Permutation {
    /// The permutation of `0..count` that belongs to a seed. `count` is at least 2.
    pub(crate) const fn of(count: u64, seed: u64) -> Self {
        let bits = u64::BITS - (count - 1).leading_zeros();
        Self {
            count,
            half_bits: bits.div_ceil(2),
            seed,
        }
    }

    /// Where `index` goes. Indices repeat after `count`.
    ///
    /// A Feistel network permutes all values of its width whatever its round function; a value past
    /// the end is sent through again until it lands inside, which keeps it a permutation.
    pub(crate) fn at(&self, index: u64) -> u64 {
        let half_mask = (1 << self.half_bits) - 1;
        let mut value = index % self.count;
        loop {
            let (mut left, mut right) = (value >> self.half_bits, value & half_mask);
            for round in 0..ROUNDS {
                (left, right) = (right, left ^ (mixed(right ^ self.seed, round) & half_mask));
            }
            value = (left << self.half_bits) | right;
            if value < self.count {
                return value;
            }
        }
    }
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): its `round`-th output from the state `value`; every
/// input bit reaches every output bit.
pub(crate) fn mixed(value: u64, round: u64) -> u64 {
    let mut z = value.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const ROUNDS: u64 = 4;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        for count in [2, 3, 1000, 4096, 4097, 65_537] {
            let order = Permutation::of(count, 1);

            let places: HashSet<u64> = (0..count).map(|index| order.at(index)).collect();

            assert_eq!(places.len() as u64, count);
            assert!(places.iter().all(|place| *place < count));
        }
    }

    #[test]
    fn neighbours_are_spread_over_the_whole_range() {
        let order = Permutation::of(1_000_000, 2);
        let mut tenths = [0_u32; 10];

        for index in 0..10_000 {
            tenths[usize::try_from(order.at(index) / 100_000).unwrap()] += 1;
        }

        assert!(
            tenths.iter().all(|count| (850..1150).contains(count)),
            "{tenths:?}"
        );
    }

    #[test]
    fn another_seed_is_another_order() {
        let (a, b) = (Permutation::of(1000, 3), Permutation::of(1000, 4));

        assert!((0..10).any(|index| a.at(index) != b.at(index)));
    }
}

//! Randomness for ids and names by the hundred million: fast, different each time, and no secret.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use phonekey_core::random::Random;

use crate::numbers::random_seed;
use crate::permutation::mixed;

/// `SplitMix64` from a seed of the operating system's, which would itself take longer than the
/// databases do.
pub(super) struct FastRandom {
    seed: u64,
    drawn: AtomicU64,
}

impl FastRandom {
    /// Another sequence each time.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            seed: random_seed()?,
            drawn: AtomicU64::new(0),
        })
    }

    /// The next 64 bits.
    pub(super) fn next(&self) -> u64 {
        mixed(self.seed, self.drawn.fetch_add(1, Ordering::Relaxed))
    }
}

impl Random for FastRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

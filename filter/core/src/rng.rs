//! Randomness without entropy of its own: one seed for each VM, one sequence derived from it for each exchange.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// The seed of one VM. Sequences are derived, never cloned: no two exchanges, and no two workers, share their jitter.
#[derive(Clone, Copy, Debug)]
pub struct Seed(pub u64);

impl Seed {
    /// The sequence of exchange number `exchange`.
    #[must_use]
    pub fn derive(self, exchange: u64) -> Rng {
        // The golden ratio's bits spread consecutive numbers; seed_from_u64 then mixes them (SplitMix64).
        Rng(SmallRng::seed_from_u64(self.0 ^ exchange.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}

#[derive(Clone, Debug)]
pub struct Rng(SmallRng);

impl Rng {
    /// A number from 0 to `max`, both included, each as likely as the other.
    pub fn up_to(&mut self, max: u64) -> u64 {
        self.0.random_range(0..=max)
    }
}

//! A hash that nobody outside can foresee: SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) under
//! a key that all workers of a proxy share.
//!
//! Names of tenants come from outside. With a hash that anyone can compute, one could choose names that all fall into the cell
//! of a tenant one wishes to harm. API keys are told apart by it as well, and can't be found out from it.

use crate::rng::Rng;
use crate::store::{self, Store};

const KEY: &str = "seawall/limits/key";
const VERSION: u8 = 1;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashKey(u64, u64);

/// Nothing: it is a secret.
impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey")
    }
}

impl HashKey {
    /// The key that workers share, made by the first of them.
    pub(crate) fn shared(store: &mut dyn Store, rng: &mut Rng) -> Self {
        let own = Self(rng.up_to(u64::MAX), rng.up_to(u64::MAX));
        store::update(store, KEY, |bytes| match bytes.and_then(Self::read) {
            Some(known) => (None, known),
            None => (Some(own.write()), own),
        })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (keys, rest) = rest.as_chunks::<8>();
        match (*version, keys, rest) {
            (VERSION, [a, b], []) => Some(Self(u64::from_le_bytes(*a), u64::from_le_bytes(*b))),
            _ => None,
        }
    }

    fn write(self) -> Vec<u8> {
        let (a, b) = (self.0.to_le_bytes(), self.1.to_le_bytes());
        [VERSION].into_iter().chain(a).chain(b).collect()
    }

    pub(crate) fn hash(self, bytes: &[u8]) -> u64 {
        let mut state = State([
            self.0 ^ 0x736f_6d65_7073_6575,
            self.1 ^ 0x646f_7261_6e64_6f6d,
            self.0 ^ 0x6c79_6765_6e65_7261,
            self.1 ^ 0x7465_6462_7974_6573,
        ]);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            state.absorb(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        state.absorb(u64::from_le_bytes(last) | (bytes.len() as u64) << 56);
        state.0[2] ^= 0xff;
        (0..3).for_each(|_| state.round());
        state.0.iter().fold(0, |hash, word| hash ^ word)
    }
}

struct State([u64; 4]);

impl State {
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.0[0] ^= word;
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.0 = [a, b, c, d];
    }
}

#[cfg(test)]
#[expect(deprecated, reason = "the standard library's own, to compare with")]
mod tests {
    use std::hash::{Hasher, SipHasher};

    use proptest::prelude::*;

    use super::*;
    use crate::memory::MemoryStore;
    use crate::rng::Seed;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The standard library keeps SipHash-1-3 to itself, but for a key of zeros.
        #[test]
        fn it_is_siphash(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut hasher = std::hash::DefaultHasher::new();
            hasher.write(&bytes);
            prop_assert_eq!(HashKey(0, 0).hash(&bytes), hasher.finish());
            let mut other = SipHasher::new_with_keys(1, 2);
            other.write(&bytes);
            prop_assert_ne!(HashKey(1, 2).hash(&bytes), hasher.finish());
        }
    }

    #[test]
    fn workers_share_the_key_of_the_first() {
        let mut store = MemoryStore::default();
        let mut key = |seed| HashKey::shared(&mut store, &mut Seed(seed).derive(0));
        let first = key(1);
        assert_eq!(first, key(2));
        assert_ne!(first, HashKey::shared(&mut MemoryStore::default(), &mut Seed(2).derive(0)));
    }
}

//! Maps by the host's numbers of streams. Those are the host's to choose and nobody else's, so their hash needs no key; and it
//! takes far less code than a tree does, which matters for what runs several times for each request.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// By the number of a stream or context.
pub type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;

/// Spreads numbers that follow each other (Knuth, TAOCP 3, 6.4: multiplicative hashing).
#[derive(Clone, Copy, Debug, Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32((*byte).into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

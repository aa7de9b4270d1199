//! The hash that names a policy: SHA-256 over everything a [`Policy`] means. What isn't meaning isn't in a policy: layout
//! and comments are gone, defaults are filled in, definitions are in the order of their names, and where something was
//! written doesn't count. Sizes and choices are hashed in eight bytes, so that Wasm and native builds agree.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use crate::policy::Policy;

/// Changes whenever the encoding does on purpose, so that hashes of two encodings never meet.
const ENCODING: &str = "seawall policy 2";

/// First 12 hex digits of the SHA-256.
pub(crate) fn of(policy: &Policy) -> String {
    // Every field by name: a new one can't be forgotten.
    let Policy { hash: _, targets, groups, tenant, tiers, limits, breakers, routes, health } = policy;
    let mut hasher = Encoder(Sha256::new());
    (ENCODING, targets, groups, tenant, tiers, limits, breakers, routes).hash(&mut hasher);
    // What most policies don't have changes nothing for them.
    if let Some(health) = health {
        health.hash(&mut hasher);
    }
    let digest = hasher.0.finalize();
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    digest.iter().take(6).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Feeds what `Hash` says about a value to the digest.
struct Encoder(Sha256);

impl Hasher for Encoder {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn write_u8(&mut self, value: u8) {
        self.write(&[value]);
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.write(&value.to_le_bytes());
    }

    /// Lengths, which are smaller on Wasm.
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    /// Which variant of an enum it is.
    fn write_isize(&mut self, value: isize) {
        self.write(&(value as i64).to_le_bytes());
    }

    fn finish(&self) -> u64 {
        // Nobody asks: the digest is taken in full.
        0
    }
}

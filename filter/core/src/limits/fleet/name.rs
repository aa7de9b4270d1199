//! How a service is told of a tenant.

use sha2::{Digest, Sha256};

/// Longest name that a service is told as it is.
const LONGEST_NAME: usize = 128;

/// How a service is told of a tenant, the same in all proxies: by its name, unless that is very long.
pub(in crate::limits) fn of_name(name: &str) -> String {
    if name.len() <= LONGEST_NAME { name.to_owned() } else { hashed("name-", name.as_bytes()) }
}

/// And by a hash of what is a secret.
pub(in crate::limits) fn of_key(key: &[u8]) -> String {
    hashed("key-", key)
}

/// The first 128 bits of a SHA-256. Keys are random: nobody finds them out from it.
fn hashed(kind: &str, bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"seawall ");
    hash.update(kind.as_bytes());
    hash.update(bytes);
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let digits = hash.finalize();
    let digits = digits.iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    kind.chars().chain(digits).collect()
}

//! How the two halves know each other, and a request that is back: a text that names an attempt and that nobody else can
//! make.

#![expect(
    clippy::disallowed_types,
    reason = "a key that nobody knows decides nothing, and no test needs to set it"
)]

use std::hash::{BuildHasher, RandomState};

use crate::event::ExchangeId;

/// An attempt of an exchange, under the root context of one filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    pub root: u32,
    pub id: ExchangeId,
    pub n: u32,
}

/// Makes and reads tokens; each VM has a key of its own, drawn from the host's randomness.
#[derive(Default)]
pub struct Mint(RandomState);

/// Nothing: it is a secret.
impl std::fmt::Debug for Mint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mint")
    }
}

impl Mint {
    #[must_use]
    pub fn token(&self, ticket: Ticket) -> String {
        let Ticket { root, id, n } = ticket;
        format!("{root}.{}.{n}.{}", id.0, self.seal(ticket))
    }

    /// The attempt that a token names, if it is one of ours.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<Ticket> {
        let mut parts = token.split('.');
        let mut number = || parts.next()?.parse::<u32>().ok();
        let ticket = Ticket { root: number()?, id: ExchangeId(number()?), n: number()? };
        (parts.next()?.parse() == Ok(self.seal(ticket)) && parts.next().is_none()).then_some(ticket)
    }

    /// SipHash under the key: 64 bits that can't be guessed.
    fn seal(&self, Ticket { root, id, n }: Ticket) -> u64 {
        self.0.hash_one((root, id.0, n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_by_its_maker_and_cannot_be_changed() {
        let (mint, other) = (Mint::default(), Mint::default());
        let ticket = Ticket { root: 1, id: ExchangeId(77), n: 2 };
        let token = mint.token(ticket);
        assert_eq!(mint.read(&token), Some(ticket));
        assert_eq!(other.read(&token), None);
        for wrong in [
            "",
            "1.77.2",
            "1.77.2.5",
            &token.replacen("77", "78", 1),
            &format!("{token}.1"),
            &format!("{token}0"),
        ] {
            assert_eq!(mint.read(wrong), None, "{wrong}");
        }
    }
}

//! How the two halves know each other, and a request that is back: a text that names an attempt and that nobody else can
//! make.

use std::hash::{BuildHasher, RandomState};

use seawall_core::ExchangeId;

/// The request header that tells the upstream half whose attempt a request is. It removes it.
pub(crate) const HEADER: &str = "x-seawall-attempt";

/// What the path of a request starts with that is sent through the filter again.
pub(crate) const PATH: &str = "/.seawall/";

/// An attempt of an exchange, of the plugin with this root context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attempt {
    pub(crate) root: u32,
    pub(crate) id: ExchangeId,
    pub(crate) n: u32,
}

/// Makes and reads tokens; each VM has a key of its own, drawn from the host's randomness.
#[derive(Default)]
pub(crate) struct Mint(RandomState);

impl Mint {
    pub(crate) fn token(&self, attempt: Attempt) -> String {
        let Attempt { root, id, n } = attempt;
        format!("{root}.{}.{n}.{}", id.0, self.seal(attempt))
    }

    /// The attempt that a token names, if it is one of ours.
    pub(crate) fn read(&self, token: &str) -> Option<Attempt> {
        let mut parts = token.split('.');
        let mut number = || parts.next()?.parse::<u32>().ok();
        let attempt = Attempt { root: number()?, id: ExchangeId(number()?), n: number()? };
        (parts.next()?.parse() == Ok(self.seal(attempt)) && parts.next().is_none()).then_some(attempt)
    }

    /// SipHash under the key: 64 bits that can't be guessed.
    fn seal(&self, Attempt { root, id, n }: Attempt) -> u64 {
        self.0.hash_one((root, id.0, n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_by_its_maker_and_cannot_be_changed() {
        let (mint, other) = (Mint::default(), Mint::default());
        let attempt = Attempt { root: 1, id: ExchangeId(77), n: 2 };
        let token = mint.token(attempt);
        assert_eq!(mint.read(&token), Some(attempt));
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

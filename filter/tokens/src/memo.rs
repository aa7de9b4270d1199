//! Counts that are known already: agents send the whole conversation again at each turn, and only its end is new.

use crate::kind::Tally;

/// Entries of a set.
const WAYS: usize = 4;

/// Counts by the keyed hash of what was counted, in a table of a fixed size. The least recently used of four entries makes
/// room for a new one.
///
/// The hash is SipHash-1-3 of 64 bits with a key that the caller draws at random, once for each VM: who does not know the
/// key can't choose texts that take one another's counts, and by chance one look-up in 4·10¹⁸ is wrong. Texts themselves are
/// not kept.
#[derive(Debug)]
pub struct Memo {
    key: [u64; 2],
    sets: Vec<[Entry; WAYS]>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Entry {
    /// 0: empty.
    hash: u64,
    tally: Tally,
}

impl Memo {
    /// Room for about so many counts, of 32 bytes each, at least 4 and at most 2^20. The key is random and secret.
    #[must_use]
    pub fn new(entries: usize, key: [u64; 2]) -> Self {
        let sets = (entries.min(1 << 20) / WAYS).next_power_of_two();
        Self { key, sets: vec![[Entry::default(); WAYS]; sets] }
    }

    /// What is known of this text, in this `context`: another encoding or use of the same text has a count of its own.
    pub(crate) fn get(&mut self, context: u64, text: &[u8]) -> (Hash, Option<Tally>) {
        let hash = Hash(siphash(self.key, context, text).max(1));
        let Some(set) = self.set(hash) else { return (hash, None) };
        let Some(way) = set.iter().position(|entry| entry.hash == hash.0) else { return (hash, None) };
        if let Some(recent) = set.get_mut(..=way) {
            recent.rotate_right(1);
        }
        let tally = set.first().map(|entry| entry.tally);
        (hash, tally)
    }

    pub(crate) fn put(&mut self, hash: Hash, tally: Tally) {
        if let Some(set) = self.set(hash) {
            set.rotate_right(1);
            if let Some(first) = set.first_mut() {
                *first = Entry { hash: hash.0, tally };
            }
        }
    }

    fn set(&mut self, hash: Hash) -> Option<&mut [Entry; WAYS]> {
        let index = hash.0 as usize & (self.sets.len().max(1) - 1);
        self.sets.get_mut(index)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Hash(u64);

/// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) of the text, its length and the context.
fn siphash(key: [u64; 2], context: u64, text: &[u8]) -> u64 {
    let mut state = [
        key[0] ^ 0x736F_6D65_7073_6575,
        key[1] ^ 0x646F_7261_6E64_6F6D,
        key[0] ^ 0x6C79_6765_6E65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ];
    let mut add = |word: u64| {
        state[3] ^= word;
        round(&mut state);
        state[0] ^= word;
    };
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        add(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    add(u64::from_le_bytes(last));
    add(text.len() as u64);
    add(context);
    state[2] ^= 0xFF;
    for _ in 0..3 {
        round(&mut state);
    }
    state[0] ^ state[1] ^ state[2] ^ state[3]
}

#[inline(always)]
fn round(state: &mut [u64; 4]) {
    let [mut a, mut b, mut c, mut d] = *state;
    a = a.wrapping_add(b);
    c = c.wrapping_add(d);
    b = b.rotate_left(13) ^ a;
    d = d.rotate_left(16) ^ c;
    a = a.rotate_left(32).wrapping_add(d);
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    d = d.rotate_left(21) ^ a;
    *state = [a, b, c.rotate_left(32), d];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    fn tally(tokens: u64) -> Tally {
        let mut tally = Tally::default();
        tally.add(Kind::Prose, tokens);
        tally
    }

    #[test]
    fn what_was_counted_is_known() {
        let mut memo = Memo::new(1_024, [1, 2]);
        let (hash, known) = memo.get(0, b"text");
        assert_eq!(known, None);
        memo.put(hash, tally(3));
        assert_eq!(memo.get(0, b"text").1, Some(tally(3)));
        assert_eq!(memo.get(1, b"text").1, None);
        assert_eq!(memo.get(0, b"text\0").1, None);
    }

    #[test]
    fn a_full_set_forgets_what_was_used_longest_ago() {
        let mut memo = Memo::new(4, [1, 2]);
        for text in [b"1", b"2", b"3", b"4"] {
            let (hash, _) = memo.get(0, text);
            memo.put(hash, tally(text[0].into()));
        }
        assert!(memo.get(0, b"1").1.is_some());
        let (hash, _) = memo.get(0, b"5");
        memo.put(hash, tally(5));
        assert!(memo.get(0, b"1").1.is_some() && memo.get(0, b"5").1.is_some());
        assert_eq!(memo.get(0, b"2").1, None);
    }

    #[test]
    fn another_key_gives_other_hashes() {
        let hashes = |key| (0..1_000_u32).map(move |text| siphash(key, 0, &text.to_le_bytes()));
        assert!(hashes([1, 2]).zip(hashes([1, 3])).all(|(one, other)| one != other));
        let mut all: Vec<_> = hashes([1, 2]).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1_000);
    }
}

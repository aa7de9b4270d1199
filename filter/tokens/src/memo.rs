//! Counts that are known already: agents send the whole conversation again at each turn, and only its end is new.

use crate::keyed::{BLOCK, Hash, Key};
use crate::kind::Tally;

/// Entries of a set.
const WAYS: usize = 4;

/// Blocks of a body whose beginnings are remembered.
const BLOCKS: usize = 256;

/// Counts by the keyed hash of what was counted, in tables of fixed sizes. The least recently used of four entries makes
/// room for a new one.
///
/// What is known is what a message comes to, and what a body comes to up to the last message that ends in its first 2, 4, 6 …
/// KiB: of a body that goes on as another one did, only the rest is read.
///
/// The hash has 64 bits and a key that the caller draws at random, once for each VM: who does not know the key can't choose
/// texts that take one another's counts, and by chance one look-up in 4·10¹⁸ is wrong. Texts themselves are not kept.
#[derive(Debug)]
pub struct Memo {
    key: Key,
    known: Table<Known>,
    begun: Table<Begun>,
    /// Numbers that were drawn.
    drawn: usize,
}

/// What a message comes to.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct Known {
    pub(crate) tally: Tally,
    /// It was sampled, with so much of the budget in reach; 0: more would have made it no better.
    pub(crate) reach: u32,
}

/// What a body comes to up to the end of a message.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Begun {
    pub(crate) tally: Tally,
    pub(crate) has_tools: bool,
    /// The member that the list of messages is the value of.
    pub(crate) list: &'static str,
    /// Where that message ends; 0 if none does.
    pub(crate) end: usize,
}

/// How a body begins, after each of its blocks.
#[derive(Default)]
pub(crate) struct Beginnings {
    hashes: Vec<Hash>,
    /// The first of them of which nothing is known.
    next: usize,
}

#[derive(Debug)]
struct Table<V> {
    /// Hashes and what they stand for; 0: empty.
    sets: Vec<[(u64, V); WAYS]>,
}

impl<V: Copy + Default> Table<V> {
    fn new(entries: usize) -> Self {
        let sets = (entries.min(1 << 20) / WAYS).next_power_of_two();
        Self { sets: vec![[(0, V::default()); WAYS]; sets] }
    }

    fn get(&mut self, hash: Hash) -> Option<V> {
        let set = self.set(hash)?;
        let way = set.iter().position(|(known, _)| *known == hash.0)?;
        set.get_mut(..=way)?.rotate_right(1);
        set.first().map(|(_, value)| *value)
    }

    fn put(&mut self, hash: Hash, value: V) {
        if let Some(set) = self.set(hash) {
            let old = set.iter().position(|(known, _)| *known == hash.0).unwrap_or(WAYS - 1);
            set.get_mut(..=old).unwrap_or_default().rotate_right(1);
            if let Some(first) = set.first_mut() {
                *first = (hash.0, value);
            }
        }
    }

    fn set(&mut self, hash: Hash) -> Option<&mut [(u64, V); WAYS]> {
        let index = hash.0 as usize & (self.sets.len().max(1) - 1);
        self.sets.get_mut(index)
    }
}

impl Memo {
    /// Room for about so many counts of messages, of 56 bytes each, at least 4 and at most 2^20, and for an eighth as many
    /// beginnings. The key is random and secret.
    #[must_use]
    pub fn new(entries: usize, key: [u64; 2]) -> Self {
        Self { key: Key::new(key), known: Table::new(entries), begun: Table::new(entries / 8), drawn: 0 }
    }

    /// A number that nobody foresees who does not know the key.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        self.key.hash(&self.drawn.to_le_bytes(), u64::MAX).0
    }

    /// What is known of this text, in this `context`: another encoding or use of the same text has a count of its own.
    pub(crate) fn get(&mut self, context: u64, text: &[u8]) -> (Hash, Option<Known>) {
        let hash = self.key.hash(text, context);
        (hash, self.known.get(hash))
    }

    pub(crate) fn put(&mut self, hash: Hash, known: Known) {
        self.known.put(hash, known);
    }

    /// What is known of how this body begins, in this `context`.
    pub(crate) fn begun(&mut self, context: u64, body: &[u8]) -> (Beginnings, Option<Begun>) {
        let mut state = self.key.start();
        let (mut beginnings, mut found) = (Beginnings::default(), None);
        for (number, block) in body.as_chunks::<BLOCK>().0.iter().take(BLOCKS).enumerate() {
            state.add(&self.key, block);
            let hash = state.end(&self.key, &[], (number + 1) * BLOCK, context);
            if beginnings.next == number
                && let Some(begun) = self.begun.get(hash)
            {
                (beginnings.next, found) = (number + 1, Some(begun));
            }
            beginnings.hashes.push(hash);
        }
        (beginnings, found.filter(|begun| begun.end > 0))
    }

    /// Remembers what all blocks begin with that end before `end`.
    pub(crate) fn put_begun(&mut self, beginnings: &mut Beginnings, end: usize, begun: Begun) {
        while let Some(hash) = beginnings.hashes.get(beginnings.next)
            && (beginnings.next + 1) * BLOCK < end
        {
            self.begun.put(*hash, begun);
            beginnings.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    fn tally(tokens: u64) -> Known {
        let mut tally = Tally::default();
        tally.add(Kind::Prose, tokens);
        Known { tally, reach: 0 }
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
        assert_eq!(size_of::<(u64, Known)>(), 56, "what the documentation says");
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
}

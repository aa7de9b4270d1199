//! A hash of texts that nobody foresees who does not know its key.
//!
//! Blocks are compressed by NH, twice, to a word each (RFC 4418, UMAC, section 5.2; the second time under the key moved by four
//! numbers): two texts are taken for one once in 2⁶⁴ times, whoever chose them. What is left of a text is hashed by SipHash-1-3
//! (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), so that no hash says anything of the key. SipHash alone would
//! read a long text far more slowly: NH works on four numbers at once where there are instructions for that.

/// Bytes that are compressed at once.
pub(crate) const BLOCK: usize = 2_048;

/// Bytes that NH takes together: four numbers, and the four that they are multiplied with.
const GROUP: usize = 32;

/// What a secret key of two words comes to.
#[derive(Debug)]
pub(crate) struct Key {
    start: State,
    /// For each four numbers of a block those that they are added to, and four more.
    added: Box<[[u32; 4]; BLOCK / 16 + 1]>,
}

/// Never 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Hash(pub(crate) u64);

impl Key {
    pub(crate) fn new(key: [u64; 2]) -> Self {
        let start = State::new(key);
        let mut added = Box::new([[0; 4]; BLOCK / 16 + 1]);
        for (number, word) in added.as_flattened_mut().iter_mut().enumerate() {
            // Of a context that no text has.
            *word = start.finish(number as u64, u64::MAX - 1) as u32;
        }
        Self { start, added }
    }

    /// Nothing read yet.
    pub(crate) fn start(&self) -> State {
        self.start
    }

    /// The hash of a whole text in this `context`.
    pub(crate) fn hash(&self, text: &[u8], context: u64) -> Hash {
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut state = self.start;
        blocks.iter().for_each(|block| state.add(self, block));
        state.end(self, rest, text.len(), context)
    }

    /// At most a block, with zeros behind it.
    fn compress(&self, text: &[u8]) -> [u64; 2] {
        let (groups, rest) = text.as_chunks::<GROUP>();
        let mut last = [0; GROUP];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let last = (!rest.is_empty()).then_some(&last);
        let mut sums = [[0_u64; 4]; 2];
        for (group, keys) in groups.iter().chain(last).zip(self.added.windows(3).step_by(2)) {
            let ([one, other], [first, second, third]) = (group.as_chunks::<{ GROUP / 2 }>().0, keys) else {
                continue;
            };
            let [sum, moved] = &mut sums;
            multiply(sum, (one, first), (other, second));
            multiply(moved, (one, second), (other, third));
        }
        sums.map(|sums| sums.into_iter().fold(0, u64::wrapping_add))
    }
}

/// Adds the products of four numbers with four others, each with its part of the key.
#[inline(always)]
fn multiply(sums: &mut [u64; 4], one: (&[u8; 16], &[u32; 4]), other: (&[u8; 16], &[u32; 4])) {
    let number = |(bytes, key): (&[u8; 4], &u32)| u64::from(u32::from_le_bytes(*bytes).wrapping_add(*key));
    let numbers = |(bytes, keys): (&'_ [u8; 16], &'_ [u32; 4])| {
        let mut four = [0; 4];
        let all = bytes.as_chunks::<4>().0.iter().zip(keys);
        four.iter_mut().zip(all).for_each(|(four, pair)| *four = number(pair));
        four
    };
    for (sum, (one, other)) in sums.iter_mut().zip(numbers(one).into_iter().zip(numbers(other))) {
        *sum = sum.wrapping_add(one.wrapping_mul(other));
    }
}

/// A text of which so much has been read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State([u64; 4]);

impl State {
    fn new(key: [u64; 2]) -> Self {
        Self([
            key[0] ^ 0x736F_6D65_7073_6575,
            key[1] ^ 0x646F_7261_6E64_6F6D,
            key[0] ^ 0x6C79_6765_6E65_7261,
            key[1] ^ 0x7465_6462_7974_6573,
        ])
    }

    /// More of the text.
    pub(crate) fn add(&mut self, key: &Key, block: &[u8; BLOCK]) {
        key.compress(block).into_iter().for_each(|word| self.word(word));
    }

    /// The hash if the text ends so, after less than a block, and has so many bytes.
    pub(crate) fn end(mut self, key: &Key, rest: &[u8], len: usize, context: u64) -> Hash {
        if !rest.is_empty() {
            key.compress(rest).into_iter().for_each(|word| self.word(word));
        }
        Hash(self.finish(len as u64, context).max(1))
    }

    fn finish(mut self, len: u64, context: u64) -> u64 {
        self.word(len);
        self.word(context);
        let Self(mut state) = self;
        state[2] ^= 0xFF;
        for _ in 0..3 {
            round(&mut state);
        }
        state[0] ^ state[1] ^ state[2] ^ state[3]
    }

    #[inline(always)]
    fn word(&mut self, word: u64) {
        self.0[3] ^= word;
        round(&mut self.0);
        self.0[0] ^= word;
    }
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
    use std::collections::BTreeSet;
    use std::hash::{DefaultHasher, Hasher};

    use proptest::prelude::*;

    use super::*;

    /// NH as RFC 4418 writes it, with the key from this word on, without the length.
    fn nh(key: &Key, from: usize, text: &[u8]) -> u64 {
        let mut text = text.to_vec();
        text.resize(text.len().next_multiple_of(GROUP), 0);
        let word = |at: usize| u32::from_le_bytes(text[4 * at..4 * at + 4].try_into().unwrap());
        let added = |at: usize| u64::from(word(at).wrapping_add(key.added.as_flattened()[from + at]));
        let groups = (0..text.len() / 4).step_by(8);
        groups
            .flat_map(|group| (group..group + 4).map(|at| added(at).wrapping_mul(added(at + 4))))
            .fold(0, u64::wrapping_add)
    }

    proptest! {
        #[test]
        fn blocks_are_compressed_as_the_rfc_says(text in prop::collection::vec(any::<u8>(), 0..=BLOCK), key in any::<[u64; 2]>()) {
            let key = Key::new(key);
            prop_assert_eq!(key.compress(&text), [nh(&key, 0, &text), nh(&key, 4, &text)]);
        }

        #[test]
        fn texts_that_differ_in_a_bit_or_their_length_have_other_hashes(
            text in prop::collection::vec(any::<u8>(), 1..3 * BLOCK),
            (at, bit) in (any::<prop::sample::Index>(), 0_u8..8),
        ) {
            let key = Key::new([1, 2]);
            let (mut flipped, at) = (text.clone(), at.index(text.len()));
            flipped[at] ^= 1_u8 << bit;
            let longer = [text.as_slice(), &[0]].concat();
            let all = [&text, &flipped, &longer, &text[..at].to_vec()].map(|text| key.hash(text, 7).0);
            prop_assert_eq!(BTreeSet::from(all).len(), 4);
            prop_assert_ne!(key.hash(&text, 7), key.hash(&text, 8));
            prop_assert_ne!(key.hash(&text, 7), Key::new([1, 3]).hash(&text, 7));
        }

        #[test]
        fn a_text_that_is_read_block_by_block_has_the_same_hash(text in prop::collection::vec(any::<u8>(), 0..4 * BLOCK)) {
            let (key, (blocks, rest)) = (Key::new([1, 2]), text.as_chunks::<BLOCK>());
            let mut state = key.start();
            blocks.iter().for_each(|block| state.add(&key, block));
            prop_assert_eq!(state.end(&key, rest, text.len(), 7), key.hash(&text, 7));
        }
    }

    #[test]
    fn what_is_left_is_hashed_by_siphash() {
        // The standard library keeps SipHash-1-3 to itself, but for a key of zeros. The last word that it takes is the length.
        let mut other = DefaultHasher::new();
        other.write_u64(0x0123_4567_89AB_CDEF);
        assert_eq!(State::new([0, 0]).finish(0x0123_4567_89AB_CDEF, 8 << 56), other.finish());
    }

    #[test]
    fn another_key_gives_other_hashes() {
        let hashes = |key: [u64; 2]| {
            let key = Key::new(key);
            (0..1_000_u32).map(move |text| key.hash(&text.to_le_bytes(), 0).0)
        };
        assert!(hashes([1, 2]).zip(hashes([1, 3])).all(|(one, other)| one != other));
        assert_eq!(hashes([1, 2]).collect::<BTreeSet<_>>().len(), 1_000);
    }
}

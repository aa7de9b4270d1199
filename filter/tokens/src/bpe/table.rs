//! A vocabulary: which texts are tokens, and which of two tokens is merged first.
//!
//! All tokens' texts lie behind one another in the order of their ranks, each after its length, so a token *is* its offset
//! there, and the lower offset has the lower rank. A perfect hash finds it: of a text's hash some bits choose one of
//! `displacements`, with which others give the one slot in which the token lies if it is one. A slot holds an offset and eleven
//! more bits of the hash: nearly every text that is no token is told by them, and every other one by the texts.
//! It is all static data, laid out when the crate is built: nothing runs and nothing is allocated at the start.

use super::hash::{LONGEST, OFFSET_BITS, bucket, first, of_long, of_word, slot, tag, word};

/// A token, or that there is none: larger than every token.
pub(super) type Rank = u32;

pub(super) const NONE: Rank = u32::MAX;

/// Columns of a row of `seams`.
const WIDTH: usize = 64;

/// The static tables of one vocabulary. Each implementation gives whole arrays, so that the compiler knows their sizes.
pub(crate) trait Vocabulary {
    fn texts() -> &'static [u8];
    fn displacements() -> &'static [u8];
    /// `u32`s in little-endian order.
    fn slots() -> &'static [u8];
    /// The tokens of two ASCII characters, by both; `u32`s.
    fn pairs() -> &'static [u8];
    /// Which characters of two and three bytes are tokens: a bit each.
    fn characters() -> &'static [u8];
    fn seam_rows() -> &'static [u8; 256];
    fn seam_columns() -> &'static [u8; 256];
    /// `u32`s.
    fn seams() -> &'static [u8];
    /// Where the piece ends that begins at `at`.
    fn split(bytes: &[u8], at: usize) -> usize;
}

#[inline(always)]
fn read(table: &[u8], nth: usize) -> u32 {
    table.get(nth * 4..).and_then(<[u8]>::first_chunk::<4>).map_or(NONE, |four| u32::from_le_bytes(*four))
}

/// The token with this text.
#[inline(always)]
pub(super) fn find<V: Vocabulary>(bytes: &[u8], start: usize, length: usize) -> Rank {
    if length > 8 {
        return find_long::<V>(bytes, start, length);
    }
    let text = first(word(bytes, start), length);
    let offset = candidate::<V>(of_word(text, length));
    if offset == NONE {
        return NONE;
    }
    let there = first(word(V::texts(), offset as usize + 1), length);
    let is_it = text == there && V::texts().get(offset as usize).copied() == Some(length as u8);
    if is_it { offset } else { NONE }
}

#[inline(never)]
fn find_long<V: Vocabulary>(bytes: &[u8], start: usize, length: usize) -> Rank {
    if length > LONGEST {
        return NONE;
    }
    let offset = candidate::<V>(of_long(bytes, start, length));
    if offset == NONE {
        return NONE;
    }
    let at = offset as usize + 1;
    let there = V::texts().get(at..at + length);
    let is_it = there.is_some_and(|there| bytes.get(start..start + length) == Some(there))
        && V::texts().get(offset as usize).copied() == Some(length as u8);
    if is_it { offset } else { NONE }
}

/// The only token that could have this hash.
#[inline(always)]
fn candidate<V: Vocabulary>(hash: u64) -> Rank {
    const OFFSET: u32 = (1 << OFFSET_BITS) - 1;
    let displacements = V::displacements();
    let displacement = displacements.get(bucket(hash, displacements.len())).copied().unwrap_or(0);
    let differs = read(V::slots(), slot(hash, displacement, V::slots().len() / 4)) ^ tag(hash);
    if differs <= OFFSET { differs } else { NONE }
}

/// The token of two ASCII characters.
#[inline(always)]
pub(super) fn pair<V: Vocabulary>(left: u8, right: u8) -> Rank {
    read(V::pairs(), usize::from(left & 0x7F) << 7 | usize::from(right & 0x7F))
}

/// Whether the character of these two or three bytes is a token.
#[inline(always)]
pub(super) fn is_character<V: Vocabulary>(bytes: &[u8]) -> bool {
    let six = |byte: u8| usize::from(byte & 0x3F);
    let character = match *bytes {
        [first, second] => usize::from(first & 0x1F) << 6 | six(second),
        [first, second, third] => usize::from(first & 0x0F) << 12 | six(second) << 6 | six(third),
        _ => return false,
    };
    V::characters().get(character / 8).is_some_and(|bits| bits >> (character % 8) & 1 == 1)
}

/// The first token that reaches from a character ending with `left` into one beginning with `right` and holds only a part of
/// one of the two.
#[inline(always)]
pub(super) fn seam<V: Vocabulary>(left: u8, right: u8) -> Rank {
    let row = V::seam_rows().get(usize::from(left)).copied().unwrap_or(0);
    let column = V::seam_columns().get(usize::from(right)).copied().unwrap_or(0);
    read(V::seams(), usize::from(row) * WIDTH + usize::from(column))
}

//! Exact counts of byte-pair encoding.
//!
//! A text is split into pieces (`split`), most of which are a token each (`table`); the others are encoded (`merge`).

mod class;
mod hash;
mod merge;
mod split;
mod table;
mod vocabularies;

use self::table::{NONE, Vocabulary, find};
#[cfg(feature = "cl100k")]
pub(crate) use self::vocabularies::Cl100k;
#[cfg(feature = "o200k")]
pub(crate) use self::vocabularies::O200k;
use crate::Count;
use crate::encoding::LONGEST_PIECE;

pub(crate) fn count<V: Vocabulary>(text: &str) -> Count {
    let bytes = text.as_bytes();
    let (mut tokens, mut is_exact, mut at) = (0, true, 0);
    while at < bytes.len() {
        let end = V::split(bytes, at);
        debug_assert!(end > at, "a piece without a character");
        if end - at <= LONGEST_PIECE {
            tokens += of_piece::<V>(bytes, at, end);
        } else {
            tokens += of_long_piece::<V>(bytes, at, end);
            is_exact = false;
        }
        at = end;
    }
    Count { tokens: tokens as u64, is_exact }
}

#[inline(always)]
fn of_piece<V: Vocabulary>(bytes: &[u8], at: usize, end: usize) -> usize {
    if end - at == 1 || find::<V>(bytes, at, end - at) != NONE {
        1
    } else {
        merge::count::<V>(bytes, at, end)
    }
}

/// A piece too long to be encoded as one: cut where characters begin.
#[cold]
#[inline(never)]
fn of_long_piece<V: Vocabulary>(bytes: &[u8], mut at: usize, end: usize) -> usize {
    let mut tokens = 0;
    while at < end {
        let mut cut = end.min(at + LONGEST_PIECE);
        while cut < end && bytes.get(cut).is_some_and(|byte| byte & 0xC0 == 0x80) {
            cut -= 1;
        }
        tokens += of_piece::<V>(bytes, at, cut);
        at = cut;
    }
    tokens
}

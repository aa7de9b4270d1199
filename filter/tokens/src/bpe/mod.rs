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
use crate::encoding::{Counted, LONGEST_PIECE};

/// What is always encoded as one, in bytes.
const LEAST_PIECE: usize = 32;

/// Counts up to the end, or until it has done more than `limit` of work (`encoding::Counted`).
pub(crate) fn count<V: Vocabulary>(text: &str, limit: usize) -> Counted {
    let bytes = text.as_bytes();
    let mut counted = Counted { tokens: 0, end: 0, is_exact: true, work: 0 };
    while counted.end < bytes.len() && counted.work <= limit {
        let (at, end) = (counted.end, V::split(bytes, counted.end));
        debug_assert!(end > at, "a piece without a character");
        counted.work += end - at;
        if end - at == 1 || find::<V>(bytes, at, end - at) != NONE {
            counted.tokens += 1;
            counted.end = end;
        } else {
            merge_piece::<V>(bytes, at, end, limit, &mut counted);
        }
    }
    counted
}

/// A piece that is no token. One too long to be encoded at once is cut where characters begin.
fn merge_piece<V: Vocabulary>(bytes: &[u8], mut at: usize, end: usize, limit: usize, counted: &mut Counted) {
    while at < end && counted.work <= limit {
        // What is left of the limit bounds the piece, too.
        let room = (limit - counted.work) / merge::WORK_OF_MANY + LEAST_PIECE;
        let mut cut = end.min(at + LONGEST_PIECE.min(room));
        if cut < end {
            counted.is_exact = false;
            while bytes.get(cut).is_some_and(|byte| byte & 0xC0 == 0x80) {
                cut -= 1;
            }
        }
        let merged = merge::count::<V>(bytes, at, cut);
        counted.tokens += merged.tokens as u64;
        counted.work += merged.work;
        at = cut;
    }
    counted.end = at;
}

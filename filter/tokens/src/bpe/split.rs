//! Splits a text into the pieces that are encoded each by itself: what the vocabularies' regular expressions match, one
//! after the other, written out by hand.
//!
//! The expressions are those in tiktoken-rs 0.12 (`tiktoken_ext/openai_public.rs`). They match every text from end to end,
//! so a piece is given by its end. Each function says which alternatives it stands for, by their number in its expression.

use super::class::{Class, class_at};

/// For `o200k_base`:
///
/// 1. `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`
/// 2. `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?`
/// 3. `\p{N}{1,3}`
/// 4. ` ?[^\s\p{L}\p{N}]+[\r\n/]*`
/// 5. `\s*[\r\n]+`
/// 6. `\s+(?!\S)`
/// 7. `\s+`
#[cfg(feature = "o200k")]
#[inline(always)]
pub(super) fn o200k(bytes: &[u8], at: usize) -> usize {
    let Some((class, next)) = class_at(bytes, at) else { return at };
    match class {
        Class::Upper | Class::Lower | Class::Letter => word(bytes, at).unwrap_or(next),
        Class::Number => numbers(bytes, next),
        Class::Newline => white_space(bytes, at, false),
        // Alternative 1 takes it before a word; where that ends in capitals, with nothing of either case among them, it takes
        // the mark alone, as a word.
        Class::Mark => match word(bytes, next) {
            Some(end) if !is_only_upper(bytes, next, end) => end,
            _ => contraction(bytes, next),
        },
        Class::Space | Class::Other => {
            if let Some(end) = word(bytes, next) {
                return end;
            }
            let others = if class == Class::Other { Some(next) } else { after_space(bytes, at) };
            match others {
                Some(from) => others_o200k(bytes, from),
                None => white_space(bytes, at, false),
            }
        }
    }
}

/// Alternatives 1 and 2 without what may stand before a word.
#[cfg(feature = "o200k")]
#[inline(always)]
fn word(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    // The end of the last character that may stand in both parts of a word.
    let mut either = start;
    loop {
        match class_at(bytes, at) {
            Some((Class::Upper, next)) => at = next,
            Some((Class::Letter | Class::Mark, next)) => (at, either) = (next, next),
            Some((Class::Lower, next)) => {
                at = next;
                while let Some((Class::Lower | Class::Letter | Class::Mark, next)) = class_at(bytes, at) {
                    at = next;
                }
                return Some(contraction(bytes, at));
            }
            _ => break,
        }
    }
    // No lower case: alternative 1 goes back to the last character that could be, alternative 2 takes capitals alone.
    let end = if either > start { either } else { at };
    (end > start).then(|| contraction(bytes, end))
}

#[cfg(feature = "o200k")]
fn is_only_upper(bytes: &[u8], start: usize, end: usize) -> bool {
    let mut at = start;
    while at < end {
        match class_at(bytes, at) {
            Some((Class::Upper, next)) => at = next,
            // A contraction after capitals.
            Some((Class::Other, _)) => return at > start,
            _ => return false,
        }
    }
    true
}

/// Where the contraction ends that stands at `at`, or `at`.
#[inline(always)]
fn contraction(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at) == Some(&b'\'') { after_apostrophe(bytes, at) } else { at }
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`. The long s (U+017F) is an s in another case.
fn after_apostrophe(bytes: &[u8], at: usize) -> usize {
    let lower = |nth| bytes.get(at + nth).map_or(0, u8::to_ascii_lowercase);
    match (lower(1), lower(2)) {
        (b's' | b't' | b'm' | b'd', _) => at + 2,
        (b'r' | b'v', b'e') | (b'l', b'l') | (0xC5, 0xBF) => at + 3,
        _ => at,
    }
}

/// `\p{N}{1,3}` after the first.
#[inline(always)]
fn numbers(bytes: &[u8], second: usize) -> usize {
    match class_at(bytes, second) {
        Some((Class::Number, third)) => match class_at(bytes, third) {
            Some((Class::Number, end)) => end,
            _ => third,
        },
        _ => second,
    }
}

/// Where what follows a blank ends if it is the first of other characters: ` ?[^\s\p{L}\p{N}]`.
#[inline(always)]
fn after_space(bytes: &[u8], at: usize) -> Option<usize> {
    match class_at(bytes, at + 1) {
        Some((Class::Other | Class::Mark, next)) if bytes.get(at) == Some(&b' ') => Some(next),
        _ => None,
    }
}

/// Alternative 4 after its first character.
#[cfg(feature = "o200k")]
#[inline(always)]
fn others_o200k(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some((Class::Other | Class::Mark, next)) = class_at(bytes, at) {
        at = next;
    }
    while let Some(b'\r' | b'\n' | b'/') = bytes.get(at) {
        at += 1;
    }
    at
}

/// White space of which no character goes to what follows: to the last line end; else all of it at the end of the text;
/// else all but the last character, which is left for the next word. `all_at_end`: at the end of the text, line ends or not.
fn white_space(bytes: &[u8], start: usize, all_at_end: bool) -> usize {
    let (mut at, mut last, mut line_end) = (start, start, start);
    loop {
        match class_at(bytes, at) {
            Some((Class::Space, next)) => (last, at) = (at, next),
            Some((Class::Newline, next)) => (last, at, line_end) = (at, next, next),
            Some(_) if line_end == start => return if last > start { last } else { at },
            None if all_at_end || line_end == start => return at,
            _ => return line_end,
        }
    }
}

/// For `cl100k_base`:
///
/// 1. `'(?i:[sdmt]|ll|ve|re)`
/// 2. `[^\r\n\p{L}\p{N}]?+\p{L}++`
/// 3. `\p{N}{1,3}+`
/// 4. ` ?[^\s\p{L}\p{N}]++[\r\n]*+`
/// 5. `\s++$`
/// 6. `\s*[\r\n]`
/// 7. `\s+(?!\S)`
/// 8. `\s`
#[cfg(feature = "cl100k")]
#[inline(always)]
pub(super) fn cl100k(bytes: &[u8], at: usize) -> usize {
    let Some((class, next)) = class_at(bytes, at) else { return at };
    match class {
        Class::Upper | Class::Lower | Class::Letter => letters(bytes, next),
        Class::Number => numbers(bytes, next),
        Class::Newline => white_space(bytes, at, true),
        Class::Space | Class::Mark | Class::Other => {
            let contraction = contraction(bytes, at);
            if contraction > at {
                return contraction;
            }
            let end = letters(bytes, next);
            if end > next {
                return end;
            }
            let others = if class == Class::Space { after_space(bytes, at) } else { Some(next) };
            match others {
                Some(from) => others_cl100k(bytes, from),
                None => white_space(bytes, at, true),
            }
        }
    }
}

#[cfg(feature = "cl100k")]
#[inline(always)]
fn letters(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some((Class::Upper | Class::Lower | Class::Letter, next)) = class_at(bytes, at) {
        at = next;
    }
    at
}

/// Alternative 4 after its first character.
#[cfg(feature = "cl100k")]
#[inline(always)]
fn others_cl100k(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some((Class::Other | Class::Mark, next)) = class_at(bytes, at) {
        at = next;
    }
    while let Some(b'\r' | b'\n') = bytes.get(at) {
        at += 1;
    }
    at
}

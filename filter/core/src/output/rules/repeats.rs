//! Passages that follow themselves again and again.
//!
//! One walk over the bytes. Where eight of them were seen before, their distance may be the length of a passage that repeats itself: from then
//! on each byte is compared with the one that far back. Each byte costs the same, however the text is made; what repeats itself in a way that
//! this overlooks at first is found a passage later.

use super::json::Text;

/// Bytes that are looked up.
const GRAM: usize = 8;
/// Places that are remembered: a power of two.
const PLACES: usize = 1024;
/// Longest passage, in bytes.
const LONGEST: usize = 4096;
/// A passage of fewer bytes counts where it fills [`HALF_PAGE`]; one that is a word at most, or has no letter, where it fills [`PAGE`]:
/// "ha ha ha" is none, nor are zeros in a table.
const SHORT: usize = 16;
const WORD: usize = 8;
const HALF_PAGE: usize = 512;
const PAGE: usize = 2048;

/// Whether a text that is whole has a passage that follows itself more often than this. Of JSON the strings count: rows of numbers may be alike.
pub(super) fn repeats(text: &Text<'_>, most: u32) -> bool {
    let least = fewest_bytes(most);
    let is_found = |text: &str| text.len() >= least && Repeats::default().look(text, most, usize::MAX);
    if text.text.len() < least {
        return false;
    }
    if is_json(text.text)
        && let Ok(document) = text.document()
    {
        return document.texts().any(is_found);
    }
    is_found(text.text)
}

/// Bytes that a passage takes which follows itself more often than this.
fn fewest_bytes(most: u32) -> usize {
    SHORT.saturating_mul(copies(most)).min(HALF_PAGE)
}

/// The first follows nothing.
fn copies(most: u32) -> usize {
    most as usize + 2
}

/// Whether a text begins as JSON does that isn't all one value. That it is none shows at its end.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_ascii_start().starts_with(['{', '['])
}

/// What was seen of a text that grows.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// Where each of a few grams was last, by its hash: its end, or 0.
    last: Vec<u32>,
    /// Bytes that were looked at.
    at: usize,
    /// The passage that repeats itself now, in bytes, and where its first copy begins; 0 for none.
    period: usize,
    from: usize,
    /// Bytes that were looked at again, to find where a first copy begins.
    again: usize,
}

impl Repeats {
    /// Reads on in this text, so many bytes at most. Whether a passage follows itself more often than this.
    pub(super) fn look(&mut self, text: &str, most: u32, bytes: usize) -> bool {
        let all = text.as_bytes();
        let end = all.len().min(self.at.saturating_add(bytes));
        if self.last.is_empty() && end >= GRAM {
            self.last = vec![0; PLACES];
        }
        let copies = copies(most);
        while self.at < end {
            let at = self.at;
            self.at += 1;
            if self.period > 0 && all.get(at) != all.get(at.wrapping_sub(self.period)) {
                self.period = 0;
            }
            self.remember(all, at);
            let length = self.at - self.from;
            if self.period > 0
                && length >= self.period.saturating_mul(copies)
                && length.is_multiple_of(self.period)
                && counts(text, self.from, self.period, length)
            {
                return true;
            }
        }
        false
    }

    /// Takes down the gram that ends here. If it was seen before, what is between may be repeating itself.
    fn remember(&mut self, all: &[u8], at: usize) {
        let end = at + 1;
        let Some(start) = end.checked_sub(GRAM) else { return };
        let gram =
            |start: usize| all.get(start..start + GRAM).and_then(|gram| <[u8; GRAM]>::try_from(gram).ok());
        let Some(known) = gram(start) else { return };
        let hash = u64::from_le_bytes(known).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54;
        let Some(place) = self.last.get_mut(hash as usize % PLACES) else { return };
        let before = std::mem::replace(place, end as u32) as usize;
        let period = end.saturating_sub(before);
        if self.period > 0 || before == 0 || period > LONGEST || gram(before - GRAM) != Some(known) {
            return;
        }
        let mut from = start - period;
        while from > 0 && self.again < end && all.get(from - 1) == all.get(from - 1 + period) {
            (from, self.again) = (from - 1, self.again + 1);
        }
        (self.period, self.from) = (period, from);
    }
}

/// Whether a passage is one that people would notice: not blanks, nor lines.
fn counts(text: &str, from: usize, period: usize, length: usize) -> bool {
    let bytes = text.as_bytes().get(from..from + period).unwrap_or_default();
    // From and to where characters begin.
    let edge = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let passage = text.get(edge(from)..edge(from + period)).unwrap_or("");
    let least = match bytes.len() {
        _ if !passage.contains(char::is_alphabetic) => PAGE,
        SHORT.. => 0,
        WORD.. => HALF_PAGE,
        _ => PAGE,
    };
    length >= least && passage.contains(char::is_alphanumeric)
}

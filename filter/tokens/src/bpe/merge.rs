//! Byte-pair encoding of one piece: of all neighbouring parts whose texts together are a token, the two with the lowest rank
//! become one, the leftmost of equals first, until there are none.
//!
//! Parts are single bytes at first. A character of several bytes may begin as one part if it is a token `c` and no token
//! that holds a part of it *and* something beside it is further ahead than `c` (`table::seam`): ranks rise from merge to merge in
//! a vocabulary like these (a test goes through all tokens), so what makes `c` of its bytes comes before what could take them
//! apart. Of Chinese and Japanese that is nearly every character, which leaves a quarter of the look-ups.

use std::collections::BinaryHeap;

use super::table::{NONE, Rank, Vocabulary, find, is_character, pair, seam};

/// Up to so many parts the lowest rank is looked for among all; above, a heap knows it.
const FEW: usize = 64;

/// What a part of a piece costs beside its bytes, in bytes of ordinary text: among few, and among many.
const WORK_OF_FEW: usize = 5;
pub(super) const WORK_OF_MANY: usize = 11;

pub(super) struct Merged {
    pub(super) tokens: usize,
    pub(super) work: usize,
}

/// How many tokens the piece is.
pub(super) fn count<V: Vocabulary>(bytes: &[u8], start: usize, end: usize) -> Merged {
    let mut few = Few { starts: [0; FEW + 1], ranks: [NONE; FEW + 1], parts: 0 };
    if end - start <= FEW || characters(bytes, start, end) <= FEW {
        let mut parts = Parts::<V>::new(bytes, start, end);
        while let Some(part) = parts.next() {
            if !few.push(part - start) {
                return many::<V>(bytes, start, end);
            }
        }
        let work = few.parts * WORK_OF_FEW;
        return Merged { tokens: few.merge::<V>(bytes, start, end), work };
    }
    many::<V>(bytes, start, end)
}

fn characters(bytes: &[u8], start: usize, end: usize) -> usize {
    bytes.get(start..end).map_or(0, |piece| piece.iter().filter(|byte| **byte & 0xC0 != 0x80).count())
}

/// Where the parts of a piece begin.
struct Parts<'t, V> {
    bytes: &'t [u8],
    start: usize,
    end: usize,
    at: usize,
    vocabulary: std::marker::PhantomData<V>,
}

impl<'t, V: Vocabulary> Parts<'t, V> {
    fn new(bytes: &'t [u8], start: usize, end: usize) -> Self {
        Self { bytes, start, end, at: start, vocabulary: std::marker::PhantomData }
    }

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let part = self.at;
        if part >= self.end {
            return None;
        }
        let byte = |at: usize| self.bytes.get(at).copied().unwrap_or(0);
        let lead = byte(part);
        self.at = part + 1;
        if lead < 0xC0 {
            return Some(part);
        }
        let length = if lead < 0xE0 {
            2
        } else if lead < 0xF0 {
            3
        } else {
            4
        };
        let next = part + length;
        let before = if part > self.start { seam::<V>(byte(part - 1), lead) } else { NONE };
        let after = if next < self.end { seam::<V>(byte(next - 1), byte(next)) } else { NONE };
        let first = before.min(after);
        // Most often nothing holds a part of it, and then a bit says enough.
        let is_part = match self.bytes.get(part..next) {
            Some(character) if first == NONE && length < 4 => is_character::<V>(character),
            Some(_) => next <= self.end && find::<V>(self.bytes, part, length) < first,
            None => false,
        };
        if is_part {
            self.at = next;
        }
        Some(part)
    }
}

/// The token of the text from `start` to `end`, which is that of two parts.
#[inline(always)]
fn joined<V: Vocabulary>(bytes: &[u8], start: usize, end: usize) -> Rank {
    if end - start == 2
        && let Some(&[left @ 0..0x80, right @ 0..0x80]) = bytes.get(start..end)
    {
        return pair::<V>(left, right);
    }
    find::<V>(bytes, start, end - start)
}

struct Few {
    /// Where the parts begin, counted from the piece's beginning, and after the last one its end.
    starts: [u16; FEW + 1],
    /// For each part, the token that it and the next one together are.
    ranks: [Rank; FEW + 1],
    parts: usize,
}

impl Few {
    #[inline(always)]
    fn push(&mut self, start: usize) -> bool {
        if self.parts == FEW {
            return false;
        }
        if let Some(place) = self.starts.get_mut(self.parts) {
            *place = start as u16;
        }
        self.parts += 1;
        true
    }

    #[inline(always)]
    fn start(&self, part: usize) -> usize {
        self.starts.get(part).copied().unwrap_or(0).into()
    }

    /// Looks up what a part and the next one together are.
    #[inline(always)]
    fn look_up<V: Vocabulary>(&mut self, bytes: &[u8], from: usize, part: usize) {
        let rank = if part + 1 < self.parts {
            joined::<V>(bytes, from + self.start(part), from + self.start(part + 2))
        } else {
            NONE
        };
        if let Some(place) = self.ranks.get_mut(part) {
            *place = rank;
        }
    }

    fn merge<V: Vocabulary>(mut self, bytes: &[u8], from: usize, end: usize) -> usize {
        if let Some(place) = self.starts.get_mut(self.parts) {
            *place = (end - from) as u16;
        }
        for part in 0..self.parts {
            self.look_up::<V>(bytes, from, part);
        }
        loop {
            let (mut lowest, mut part) = (NONE, 0);
            for (at, rank) in self.ranks.iter().take(self.parts).enumerate() {
                if *rank < lowest {
                    (lowest, part) = (*rank, at);
                }
            }
            if lowest == NONE {
                return self.parts;
            }
            // The next part goes into this one; all after it move up.
            if part + 2 <= self.parts {
                self.starts.copy_within(part + 2..=self.parts, part + 1);
                self.ranks.copy_within(part + 2..=self.parts, part + 1);
            }
            self.parts -= 1;
            self.look_up::<V>(bytes, from, part);
            if let Some(before) = part.checked_sub(1) {
                self.look_up::<V>(bytes, from, before);
            }
        }
    }
}

/// A part of a long piece, in a list by where parts begin.
#[derive(Clone, Copy)]
struct Linked {
    /// Where the part before begins.
    before: u16,
    end: u16,
    /// The token that it and the next one together are.
    rank: Rank,
}

#[inline(never)]
fn many<V: Vocabulary>(bytes: &[u8], from: usize, end: usize) -> Merged {
    let length = end - from;
    let mut list = vec![Linked { before: 0, end: 0, rank: NONE }; length + 1];
    let mut count = 0;
    let (mut before, mut parts) = (0, Parts::<V>::new(bytes, from, end));
    while let Some(start) = parts.next() {
        if let Some(part) = list.get_mut(start - from) {
            *part = Linked { before, end: (parts.at - from) as u16, rank: NONE };
        }
        before = (start - from) as u16;
        count += 1;
    }
    let at = |list: &[Linked], start: u16| list.get(usize::from(start)).copied();
    // The token of the part that begins there and the one after it.
    let rank_of = |list: &[Linked], start: u16| {
        let next = at(list, start).map_or(u16::MAX, |part| part.end);
        if usize::from(next) >= length {
            return NONE;
        }
        let end = at(list, next).map_or(0, |part| part.end);
        joined::<V>(bytes, from + usize::from(start), from + usize::from(end))
    };
    // Lowest rank first, then leftmost: both in one number, inverted, as the heap gives the largest.
    let entry = |rank: Rank, start: u16| !(u64::from(rank) << 16 | u64::from(start));
    let mut entries = Vec::with_capacity(count);
    let mut start = 0;
    while usize::from(start) < length {
        let rank = rank_of(&list, start);
        if let Some(part) = list.get_mut(usize::from(start)) {
            part.rank = rank;
            if rank != NONE {
                entries.push(entry(rank, start));
            }
            start = part.end;
        }
    }
    let work = count * WORK_OF_MANY;
    let mut heap = BinaryHeap::from(entries);
    while let Some(entry_of_pair) = heap.pop() {
        let (rank, start) = ((!entry_of_pair >> 16) as Rank, !entry_of_pair as u16);
        let Some(left) = at(&list, start).filter(|part| part.rank == rank) else { continue };
        let Some(right) = at(&list, left.end) else { continue };
        // The right part is no part any more, and what was said of it is void.
        if let Some(gone) = list.get_mut(usize::from(left.end)) {
            gone.rank = NONE;
        }
        if let Some(after) = list.get_mut(usize::from(right.end)) {
            after.before = start;
        }
        if let Some(merged) = list.get_mut(usize::from(start)) {
            merged.end = right.end;
        }
        count -= 1;
        let before = if start > 0 { Some(left.before) } else { None };
        for part in [Some(start), before].into_iter().flatten() {
            let rank = rank_of(&list, part);
            if let Some(place) = list.get_mut(usize::from(part)) {
                place.rank = rank;
                if rank != NONE {
                    heap.push(entry(rank, part));
                }
            }
        }
    }
    Merged { tokens: count, work }
}

//! Sets of characters.

use crate::sort::sort;

/// Ascending ranges of code points, both ends included, with a gap between each and the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    ranges: Vec<(u32, u32)>,
}

pub(super) const LAST: u32 = 0x10_FFFF;

/// `\d`
pub(super) const DIGIT: &[(u32, u32)] = &[(0x30, 0x39)];
/// `\w`
pub(super) const WORD: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
/// `\s`: ECMA-262's WhiteSpace and LineTerminator.
pub(super) const SPACE: &[(u32, u32)] = &[
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];
/// What `.` doesn't match: ECMA-262's LineTerminator.
pub(super) const LINE_END: &[(u32, u32)] = &[(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)];

impl Class {
    pub(super) fn of(ranges: &[(u32, u32)]) -> Self {
        let mut class = Self { ranges: ranges.to_vec() };
        class.tidy();
        class
    }

    pub(super) fn add(&mut self, first: u32, last: u32) {
        self.ranges.push((first, last));
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        self.ranges.extend_from_slice(&other.ranges);
    }

    /// Puts what was added into order.
    pub(super) fn tidy(&mut self) {
        sort(&mut self.ranges, |one, other| one.cmp(other));
        let mut tidy: Vec<(u32, u32)> = Vec::with_capacity(self.ranges.len());
        for &(first, last) in &self.ranges {
            match tidy.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => tidy.push((first, last)),
            }
        }
        self.ranges = tidy;
    }

    /// All other characters. It must be tidy.
    pub(super) fn opposite(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(first, last) in &self.ranges {
            if first > next {
                ranges.push((next, first - 1));
            }
            next = last + 1;
        }
        if next <= LAST {
            ranges.push((next, LAST));
        }
        Self { ranges }
    }

    /// With the other case of every letter that has one other character as such. Ranges so wide that they hold whole scripts are
    /// taken to hold both cases.
    pub(super) fn in_both_cases(&mut self) {
        let more: Vec<_> = self
            .ranges
            .iter()
            .filter(|(first, last)| last - first < 0x400)
            .flat_map(|&(first, last)| first..=last)
            .filter_map(char::from_u32)
            .flat_map(|character| [single(character.to_lowercase()), single(character.to_uppercase())])
            .flatten()
            .map(|other| (u32::from(other), u32::from(other)))
            .collect();
        self.ranges.extend(more);
        self.tidy();
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    pub(super) fn contains(&self, character: u32) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= character);
        after.checked_sub(1).and_then(|at| self.ranges.get(at)).is_some_and(|(_, last)| character <= *last)
    }
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let only = characters.next();
    if characters.next().is_some() { None } else { only }
}

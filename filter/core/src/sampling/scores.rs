//! How good the answers of a target have been found: a window over all workers.
//!
//! Samples are few, so the window is long: two slots, each of which ends after [`SHORTEST`] if it holds [`ENOUGH`], else
//! after [`LONGEST`]. The cell: a version, the second at which the newer slot began, and of each slot how many answers were
//! looked at, how many of them were good, how many were scored, and the sum of those scores; and what share is usually good.
//!
//! **Baseline.** A slot that leaves the window with [`ENOUGH`] answers says what is usual: the first as it is, each later one takes
//! that half of the way up, or a twentieth of itself down at most. So an hour of bad answers takes away less than a half.

use crate::store::{self, Store};
use crate::time::Timestamp;

const SHORTEST: u64 = 300;
const LONGEST: u64 = 3_600;
const ENOUGH: u32 = 20;

/// The part of itself by which a baseline falls at most.
const FALL: u32 = 20;

const VERSION: u8 = 2;
const SIZE: usize = 1 + 8 + 2 * 20 + 4;

/// From this score on an answer is a good one, in ten-thousandths.
pub(super) const GOOD: u32 = 5_000;

/// What one look at an answer has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// In ten-thousandths.
    Score(u32),
    /// Whether the answers are away from where they used to be.
    Away(bool),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Answers that were looked at, and those of them that were good.
    pub(crate) answers: u32,
    pub(crate) good: u32,
    scored: u32,
    sum: u64,
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            answers: self.answers.saturating_add(other.answers),
            good: self.good.saturating_add(other.good),
            scored: self.scored.saturating_add(other.scored),
            sum: self.sum.saturating_add(other.sum),
        }
    }

    /// The share of good ones among enough, in basis points.
    fn share(self) -> Option<u32> {
        let share = (u64::from(self.good) * 10_000).checked_div(self.answers.into())?;
        u32::try_from(share).ok().filter(|_| self.answers >= ENOUGH)
    }

    /// The mean score, in ten-thousandths.
    pub(crate) fn mean(self) -> Option<u32> {
        u32::try_from(self.sum.checked_div(self.scored.into())?).ok()
    }
}

impl From<Look> for Counts {
    fn from(look: Look) -> Self {
        match look {
            Look::Score(score) => {
                Self { answers: 1, good: u32::from(score >= GOOD), scored: 1, sum: score.into() }
            }
            Look::Away(is_away) => Self { answers: 1, good: u32::from(!is_away), ..Self::default() },
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Window {
    /// In seconds; 0 before the first.
    since: u64,
    before: Counts,
    filling: Counts,
    /// What share is usually good, in basis points; 0 while that isn't known.
    usual: u32,
}

impl Window {
    fn rolled(mut self, now: u64) -> Self {
        // A clock that has stepped back begins the slot anew with what it holds.
        if self.since == 0 || now < self.since {
            self.since = now;
        }
        let age = now - self.since;
        if age < SHORTEST || (age < LONGEST && self.filling.answers < ENOUGH) {
            return self;
        }
        self.learn(self.before);
        if age < 2 * LONGEST {
            return Self { since: now, before: self.filling, filling: Counts::default(), ..self };
        }
        self.learn(self.filling);
        Self { since: now, usual: self.usual, ..Self::default() }
    }

    /// Takes in what leaves the window.
    fn learn(&mut self, leaving: Counts) {
        let Some(share) = leaving.share() else { return };
        self.usual = if self.usual == 0 {
            share
        } else if share >= self.usual {
            self.usual.midpoint(share)
        } else {
            share.max(self.usual - (self.usual / FALL).max(1))
        };
        // None is good: that is a baseline too.
        self.usual = self.usual.max(1);
    }

    fn counts(&self) -> Counts {
        self.before.plus(self.filling)
    }

    /// The share of good answers, in basis points and in hundredths of what it usually is; `None` while it is cold.
    fn of_usual(&self) -> Option<(u32, u32)> {
        let share = self.counts().share()?;
        let hundredths = (u64::from(share) * 100).checked_div(self.usual.into())?;
        Some((share, u32::try_from(hundredths).unwrap_or(u32::MAX)))
    }

    fn decode(bytes: Option<&[u8]>) -> Self {
        bytes.and_then(read).unwrap_or_default()
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.since.to_le_bytes());
        for Counts { answers, good, scored, sum } in [self.before, self.filling] {
            [answers, good, scored].iter().for_each(|count| bytes.extend(count.to_le_bytes()));
            bytes.extend(sum.to_le_bytes());
        }
        bytes.extend(self.usual.to_le_bytes());
        bytes
    }
}

fn read(bytes: &[u8]) -> Option<Window> {
    let (&[VERSION], mut rest) = bytes.split_first_chunk().filter(|_| bytes.len() == SIZE)? else {
        return None;
    };
    let mut window = Window { since: u64::from_le_bytes(take(&mut rest)?), ..Window::default() };
    for counts in [&mut window.before, &mut window.filling] {
        let Counts { answers, good, scored, sum } = counts;
        for count in [answers, good, scored] {
            *count = u32::from_le_bytes(take(&mut rest)?);
        }
        *sum = u64::from_le_bytes(take(&mut rest)?);
    }
    window.usual = u32::from_le_bytes(take(&mut rest)?).min(10_000);
    Some(window)
}

/// The next bytes of a cell.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

/// Adds one look, and says what the window holds then, and how that is to what is usual: see [`Window::of_usual`].
pub(super) fn record(
    store: &mut dyn Store,
    key: &str,
    now: Timestamp,
    look: Look,
) -> (Counts, Option<(u32, u32)>) {
    store::update(store, key, |bytes| {
        let mut window = Window::decode(bytes).rolled(seconds(now));
        window.filling = window.filling.plus(look.into());
        (Some(window.encode()), (window.counts(), window.of_usual()))
    })
}

/// What the window holds.
pub(super) fn known(store: &mut dyn Store, key: &str, now: Timestamp) -> Counts {
    let cell = store.get(key);
    let window = Window::decode(cell.as_ref().map(|(bytes, _)| bytes.as_slice())).rolled(seconds(now));
    window.counts()
}

/// What it holds belongs to another time. What is usual follows it as ever: what stays bad is usual one day.
pub(super) fn forget(store: &mut dyn Store, key: &str) {
    store::update(store, key, |bytes| {
        let mut window = Window::decode(bytes);
        window.learn(window.counts());
        (Some(Window { usual: window.usual, ..Window::default() }.encode()), ())
    });
}

fn seconds(now: Timestamp) -> u64 {
    now.0 / 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;

    #[test]
    fn the_window_holds_minutes_of_many_samples_and_hours_of_few() {
        let at = |second: u64| Timestamp((1_000_000 + second) * 1_000_000_000);
        for (each, after, expected) in [(1, 700, 20), (60, 3_000, 20), (60, 4_000, 20), (60, 20_000, 0)] {
            let mut store = MemoryStore::default();
            let last = if each == 1 { 620 } else { after.min(4_000) };
            for second in (0..=last).step_by(each) {
                record(&mut store, "s", at(second), Look::Score(8_000));
            }
            let counts = known(&mut store, "s", at(after));
            assert!(counts.answers >= expected, "{each} {after}: {counts:?}");
            assert!(expected > 0 || counts.answers == 0, "{each} {after}: {counts:?}");
        }
    }

    /// So many slots, with so many answers each of which so many are bad; how the last look stands to what is usual.
    fn slots(store: &mut MemoryStore, second: &mut u64, (slots, bad): (u64, u32)) -> Option<(u32, u32)> {
        let mut last = None;
        for _ in 0..slots {
            for number in 0..ENOUGH {
                let look = Look::Away(number >= ENOUGH - bad);
                last = record(store, "s", Timestamp(*second * 1_000_000_000), look).1;
            }
            *second += SHORTEST;
        }
        last
    }

    #[test]
    fn what_is_usual_is_known_by_what_has_left_the_window_and_falls_slowly() {
        let (mut store, mut second) = (MemoryStore::default(), 1_000_000);
        assert_eq!(slots(&mut store, &mut second, (2, 0)), None, "nothing has left it");
        assert_eq!(slots(&mut store, &mut second, (1, 0)), Some((10_000, 100)));
        // Half of them are bad, first in half of the window.
        assert_eq!(slots(&mut store, &mut second, (1, 10)), Some((7_500, 75)));
        let after_an_hour = slots(&mut store, &mut second, (12, 10)).unwrap();
        assert!(after_an_hour.0 == 5_000 && (70..100).contains(&after_an_hour.1), "{after_an_hour:?}");
        assert_eq!(slots(&mut store, &mut second, (12, 10)), Some((5_000, 100)), "it is usual now");
        assert!(slots(&mut store, &mut second, (6, 0)).unwrap().1 < 110, "and better ones soon are");
        // What a breaker has heard of is forgotten, but not what is usual.
        forget(&mut store, "s");
        assert_eq!(slots(&mut store, &mut second, (1, 20)), Some((0, 0)));
    }

    #[test]
    fn scores_have_a_mean_and_drift_counts_without_one() {
        let mut store = MemoryStore::default();
        let now = Timestamp(5_000_000_000_000);
        for look in [Look::Score(9_000), Look::Score(4_999), Look::Away(true), Look::Away(false)] {
            record(&mut store, "s", now, look);
        }
        let counts = known(&mut store, "s", now);
        assert_eq!((counts.answers, counts.good, counts.mean()), (4, 2, Some(6_999)));
        forget(&mut store, "s");
        assert_eq!(known(&mut store, "s", now), Counts::default());
        for garbage in [&b""[..], &[VERSION], &[VERSION + 1; SIZE], &[VERSION; SIZE - 1]] {
            assert_eq!(Window::decode(Some(garbage)), Window::default());
        }
    }
}

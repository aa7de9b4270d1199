//! How good the answers of a target have been found: a window over all workers.
//!
//! Samples are few, so the window is long: two slots, each of which ends after [`SHORTEST`] if it holds [`ENOUGH`], else
//! after [`LONGEST`]. The cell: a version, the second at which the newer slot began, and of each slot how many answers were
//! looked at, how many of them were good, how many were scored, and the sum of those scores.

use crate::store::{self, Store};
use crate::time::Timestamp;

const SHORTEST: u64 = 300;
const LONGEST: u64 = 3_600;
const ENOUGH: u32 = 20;

const VERSION: u8 = 1;
const SIZE: usize = 1 + 8 + 2 * 20;

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
        let before = if age < 2 * LONGEST { self.filling } else { Counts::default() };
        Self { since: now, before, filling: Counts::default() }
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
    Some(window)
}

/// The next bytes of a cell.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

/// Adds one look, and says what the window holds then.
pub(super) fn record(store: &mut dyn Store, key: &str, now: Timestamp, look: Look) -> Counts {
    store::update(store, key, |bytes| {
        let mut window = Window::decode(bytes).rolled(seconds(now));
        window.filling = window.filling.plus(look.into());
        (Some(window.encode()), window.before.plus(window.filling))
    })
}

/// What the window holds.
pub(super) fn known(store: &mut dyn Store, key: &str, now: Timestamp) -> Counts {
    let cell = store.get(key);
    let window = Window::decode(cell.as_ref().map(|(bytes, _)| bytes.as_slice())).rolled(seconds(now));
    window.before.plus(window.filling)
}

/// What it holds belongs to another time.
pub(super) fn forget(store: &mut dyn Store, key: &str) {
    store::update(store, key, |_| (Some(Window::default().encode()), ()));
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
        for garbage in [&b""[..], &[1], &[2; SIZE], &[1; SIZE - 1]] {
            assert_eq!(Window::decode(Some(garbage)), Window::default());
        }
    }
}

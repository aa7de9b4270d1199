//! A sliding window of two slots: the one before and the one that fills.
//!
//! A slot ends after [`SHORTEST`] if it holds [`ENOUGH`], else after [`LONGEST`]: where traffic is dense the window covers 30
//! to 60 seconds, where it is thin some minutes, for a percentile of three answers says nothing. After a silence it is at
//! most twenty minutes old. A policy that looks at shorter windows makes the slots of dense traffic shorter.

use crate::time::Timestamp;

/// Length of a slot, in seconds, unless the policy wants shorter ones.
pub(crate) const SHORTEST: u32 = 30;
pub(super) const LONGEST: u32 = 300;
/// So many answers are a slot.
const ENOUGH: u32 = 200;
/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots<T> {
    pub(super) before: T,
    pub(super) filling: T,
    /// Second since the epoch at which the filling slot began.
    pub(super) since: u32,
    /// Length of a slot in seconds, by the policy; 0 for [`SHORTEST`]. Not part of what is written down.
    pub(super) length: u32,
}

impl<T: Default> Slots<T> {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { since: seconds(now), ..Self::default() }
    }

    /// Forgets what it holds.
    pub(super) fn clear(&mut self, now: Timestamp) {
        *self = Self { length: self.length, ..Self::new(now) };
    }

    /// Brings the window up to this time. `leave` is told what leaves it, and how many seconds ago something last did.
    pub(super) fn roll(&mut self, now: Timestamp, count: impl Fn(&T) -> u32, mut leave: impl FnMut(&T, u32)) {
        let shortest = if self.length == 0 { SHORTEST } else { self.length };
        let is_young = |since: u64| (since * SECOND..(since + u64::from(shortest)) * SECOND).contains(&now.0);
        if self.since != 0 && is_young(self.since.into()) {
            return;
        }
        let now = seconds(now);
        // When the clock has stepped back, the slot begins anew with what it holds.
        if self.since == 0 || now < self.since {
            self.since = now;
        }
        let age = now - self.since;
        if age < shortest || (age < LONGEST && count(&self.filling) < ENOUGH) {
            return;
        }
        leave(&self.before, age);
        self.before = std::mem::take(&mut self.filling);
        self.since = now;
        if age >= 2 * LONGEST {
            leave(&self.before, age);
            self.before = T::default();
        }
    }
}

/// Whole seconds since the epoch, until 2106.
pub(super) fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.0 / SECOND).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts at seconds, and what the window holds after them.
    fn window(counts: &[(u64, u32)]) -> (u32, u32) {
        let mut slots = Slots::<u32>::default();
        for (second, count) in counts {
            slots.roll(Timestamp(second * 1_000_000_000), |count| *count, |_, _| {});
            slots.filling += count;
        }
        (slots.before, slots.filling)
    }

    #[test]
    fn a_slot_ends_after_half_a_minute_if_it_holds_enough() {
        assert_eq!(window(&[(100, 200), (129, 1)]), (0, 201));
        assert_eq!(window(&[(100, 200), (130, 1)]), (200, 1));
        assert_eq!(window(&[(100, 200), (130, 200), (160, 1)]), (200, 1));
        assert_eq!(window(&[(100, 199), (130, 0)]), (0, 199));
    }

    #[test]
    fn a_policy_may_want_shorter_ones() {
        let mut slots = Slots::<u32> { length: 2, ..Slots::default() };
        for (second, expected) in [(100, (0, 200)), (101, (0, 400)), (102, (400, 200)), (104, (200, 200))] {
            slots.roll(Timestamp(second * 1_000_000_000), |count| *count, |_, _| {});
            slots.filling += 200;
            assert_eq!((slots.before, slots.filling), expected, "{second}");
        }
        slots.clear(Timestamp(105_000_000_000));
        assert_eq!(slots, Slots { since: 105, length: 2, ..Slots::default() });
    }

    #[test]
    fn a_slot_that_holds_little_lasts_five_minutes() {
        assert_eq!(window(&[(100, 5), (399, 1)]), (0, 6));
        assert_eq!(window(&[(100, 5), (400, 1)]), (5, 1));
    }

    #[test]
    fn after_a_long_silence_nothing_is_left() {
        assert_eq!(window(&[(100, 500), (699, 1)]), (500, 1));
        assert_eq!(window(&[(100, 500), (700, 1)]), (0, 1));
    }

    #[test]
    fn a_clock_that_steps_back_starts_the_slot_again() {
        assert_eq!(window(&[(1_000, 200), (500, 1), (529, 1)]), (0, 202));
        assert_eq!(window(&[(1_000, 200), (500, 1), (530, 1)]), (201, 1));
    }

    #[test]
    fn what_leaves_is_told_once_and_with_its_age() {
        let (mut slots, mut left) = (Slots::<u32>::default(), Vec::new());
        for second in [100, 140, 180, 1_000] {
            slots.roll(
                Timestamp(second * 1_000_000_000),
                |count| *count,
                |count, age| left.push((*count, age)),
            );
            slots.filling = second as u32 * 10;
        }
        assert_eq!(left, [(0, 40), (1_000, 40), (1_400, 820), (1_800, 820)]);
    }
}

//! Answers and errors over a sliding window, in slots of a tenth of it.
//!
//! The newest slot is still filling, so the counts cover between nine and ten tenths of the window. Rolling keeps slot
//! boundaries where they are however irregular the calls; a clock that steps back counts into the newest slot.

use std::time::Duration;

use crate::time::{Timestamp, nanos};

pub(crate) const SLOTS: usize = 10;

/// Counts of one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Attempts that were answered, and among them those whose answer was of no use.
    pub(crate) successes: u32,
    pub(crate) bad: u32,
    pub(crate) failures: u32,
}

impl Slot {
    pub(crate) const SUCCESS: Self = Self { successes: 1, bad: 0, failures: 0 };
    pub(crate) const BAD_ANSWER: Self = Self { successes: 1, bad: 1, failures: 0 };
    pub(crate) const FAILURE: Self = Self { successes: 0, bad: 0, failures: 1 };

    fn plus(self, other: Self) -> Self {
        Self {
            successes: self.successes.saturating_add(other.successes),
            bad: self.bad.saturating_add(other.bad),
            failures: self.failures.saturating_add(other.failures),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// Length of a slot in nanoseconds. A policy that changes it starts the counts anew.
    pub(crate) slot_ns: u64,
    /// Number of the newest slot since the epoch.
    pub(crate) newest: u64,
    /// Slot number `n` lies at `n % SLOTS`.
    pub(crate) slots: [Slot; SLOTS],
}

impl Window {
    pub(crate) fn record(&mut self, length: Duration, now: Timestamp, count: Slot) {
        self.roll(length, now);
        // The newest slot, also when the clock has stepped back.
        self.add(now.max(Timestamp(self.newest.saturating_mul(self.slot_ns))), count);
    }

    /// Adds to the slot of a time that may have passed; what has left the window is forgotten.
    pub(crate) fn add(&mut self, time: Timestamp, count: Slot) {
        let number = (time.0 / self.slot_ns.max(1)).min(self.newest);
        if self.newest - number >= SLOTS as u64 {
            return;
        }
        if let Some(slot) = self.slots.get_mut((number % SLOTS as u64) as usize) {
            *slot = slot.plus(count);
        }
    }

    /// All of the window's counts.
    pub(crate) fn total(&self) -> Slot {
        self.slots.iter().fold(Slot::default(), |sum, slot| sum.plus(*slot))
    }

    /// Brings the newest slot up to this time.
    pub(crate) fn roll(&mut self, length: Duration, now: Timestamp) {
        let slot_ns = (nanos(length) / SLOTS as u64).max(1);
        let current = now.0 / slot_ns;
        if self.slot_ns != slot_ns {
            *self = Self { slot_ns, newest: current, ..Self::default() };
        }
        // A clock that was wrong for longer than the window: what it counted then belongs to no time.
        if self.newest.saturating_sub(current) > SLOTS as u64 {
            *self = Self { slot_ns, newest: current, ..Self::default() };
        }
        let passed = current.saturating_sub(self.newest).min(SLOTS as u64);
        for number in (self.newest.max(current) - passed + 1)..=self.newest.max(current) {
            if let Some(slot) = self.slots.get_mut((number % SLOTS as u64) as usize) {
                *slot = Slot::default();
            }
        }
        self.newest = self.newest.max(current);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    fn one(success: bool) -> Slot {
        if success { Slot::SUCCESS } else { Slot::FAILURE }
    }

    fn counts(events: &[(u64, bool)]) -> (u32, u32) {
        let mut window = Window::default();
        for (second, success) in events {
            window.record(MINUTE, at(*second), one(*success));
        }
        (window.total().successes, window.total().failures)
    }

    #[test]
    fn counts_what_lies_within_the_window_and_forgets_the_rest() {
        assert_eq!(counts(&[(0, true), (5, false), (59, true)]), (2, 1));
        assert_eq!(counts(&[(0, true), (5, false), (60, true)]), (1, 0));
        assert_eq!(counts(&[(0, false), (66, true)]), (1, 0));
    }

    #[test]
    fn a_gap_of_sixty_days_empties_it() {
        assert_eq!(counts(&[(1, false), (2, false), (60 * 86_400, true)]), (1, 0));
    }

    #[test]
    fn a_clock_that_steps_back_loses_nothing() {
        assert_eq!(counts(&[(100, false), (40, false), (100, true)]), (1, 2));
    }

    #[test]
    fn what_a_clock_counted_that_was_far_ahead_does_not_stay() {
        assert_eq!(counts(&[(10_000, false), (40, true), (41, true)]), (2, 0));
    }

    #[test]
    fn another_length_starts_anew() {
        let mut window = Window::default();
        window.record(MINUTE, at(100), one(false));
        window.record(MINUTE * 2, at(101), one(true));
        assert_eq!(window.total(), Slot::SUCCESS);
    }
}

//! What requests under way hold: what they reserved, their places among the concurrent ones, their seats in a line.
//!
//! It counts by the epoch in which its worker last confirmed it: a worker confirms what its requests hold once in every
//! epoch, and what two ends of epochs have found unconfirmed is forgotten. So what a dead worker held comes back within
//! 15 to 30 seconds, and nobody has to notice its death.

use std::time::Duration;

use crate::time::{Timestamp, nanos};

/// How often a worker confirms what it holds.
pub(super) const EPOCH: Duration = Duration::from_secs(15);

/// A clock that stepped back further than so many epochs is followed at once.
const MOST_AHEAD: u32 = 4;

/// The number of the epoch at this time.
pub(super) fn epoch(now: Timestamp) -> u32 {
    u32::try_from(now.0 / nanos(EPOCH)).unwrap_or(u32::MAX)
}

/// When this epoch begins.
pub(super) fn begin(epoch: u32) -> Timestamp {
    Timestamp(u64::from(epoch).saturating_mul(nanos(EPOCH)))
}

/// What has become of the time since something was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// So many epochs are over.
    pub(super) epochs: u32,
    /// The clock has stepped back, and is followed.
    pub(super) is_back: bool,
}

/// The same since the epoch `last`, and which it is now.
pub(super) fn passed(last: u32, now: Timestamp) -> (Passed, u32) {
    let current = epoch(now);
    let is_back = last > current.saturating_add(MOST_AHEAD);
    let passed = Passed { epochs: current.saturating_sub(last), is_back };
    (passed, if is_back { current } else { current.max(last) })
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// Last confirmed in the epoch before.
    pub(super) older: u64,
    /// Taken or confirmed in this one.
    pub(super) newer: u64,
}

impl Held {
    pub(super) fn total(self) -> u64 {
        self.older.saturating_add(self.newer)
    }

    /// So many epochs are over.
    pub(super) fn roll(&mut self, epochs: u32) {
        *self = match epochs {
            0 => *self,
            1 => Self { older: self.newer, newer: 0 },
            _ => Self::default(),
        };
    }

    /// A worker still holds so much, which it last confirmed so many epochs ago.
    pub(super) fn confirm(&mut self, amount: u64, epochs: u32) {
        if epochs == 0 {
            return;
        }
        if epochs == 1 {
            self.older = self.older.saturating_sub(amount);
        }
        self.take(amount);
    }

    pub(super) fn take(&mut self, amount: u64) {
        self.newer = self.newer.saturating_add(amount);
    }

    /// Gives back what has been confirmed in this epoch.
    pub(super) fn give(&mut self, amount: u64) {
        self.newer = self.newer.saturating_sub(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_confirmed_stays_and_what_is_not_is_forgotten_after_two_ends_of_epochs() {
        let mut held = Held::default();
        held.take(3);
        held.take(4);
        held.roll(1);
        held.confirm(3, 1);
        assert_eq!((held.total(), held.newer), (7, 3));
        held.roll(1);
        assert_eq!(held.total(), 3);
        held.confirm(4, 2);
        assert_eq!(held.total(), 7, "a worker that was asleep still holds it");
        held.roll(2);
        assert_eq!(held.total(), 0);
    }

    #[test]
    fn a_clock_that_steps_back_a_little_ends_no_epoch_and_one_that_steps_back_far_is_followed() {
        let at = |epochs: u64| Timestamp(epochs * 15_000_000_000 + 1);
        let of = |epochs, is_back| Passed { epochs, is_back };
        assert_eq!(passed(10, at(12)), (of(2, false), 12));
        assert_eq!(passed(10, at(8)), (of(0, false), 10));
        assert_eq!(passed(10, at(2)), (of(0, true), 2));
        assert_eq!(begin(epoch(at(3))), Timestamp(45_000_000_000));
    }
}

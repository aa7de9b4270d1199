//! A sliding window of two slots: the one before and the one that fills.
//!
//! A slot ends after [`SHORTEST`] if it holds [`ENOUGH`], else after [`LONGEST`]: where traffic is dense the window covers 30
//! to 60 seconds, where it is thin some minutes, for a percentile of three answers says nothing. After a silence it is at
//! most twenty minutes old.

use crate::time::Timestamp;

/// Length of a slot, in seconds.
const SHORTEST: u32 = 30;
pub(super) const LONGEST: u32 = 300;
/// So many answers are a slot.
const ENOUGH: u32 = 200;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots<T> {
    pub(super) before: T,
    pub(super) filling: T,
    /// Second since the epoch at which the filling slot began.
    pub(super) since: u32,
}

impl<T: Default> Slots<T> {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { since: seconds(now), before: T::default(), filling: T::default() }
    }

    /// Brings the window up to this time. `leave` is told what leaves it, and how many seconds ago something last did.
    pub(super) fn roll(&mut self, now: Timestamp, count: impl Fn(&T) -> u32, mut leave: impl FnMut(&T, u32)) {
        let now = seconds(now);
        // When the clock has stepped back, the slot begins anew with what it holds.
        if self.since == 0 || now < self.since {
            self.since = now;
        }
        let age = now - self.since;
        if age < SHORTEST || (age < LONGEST && count(&self.filling) < ENOUGH) {
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
    u32::try_from(time.0 / 1_000_000_000).unwrap_or(u32::MAX)
}

//! What is usual of somebody, and whether it is more now: `anomaly > 5x baseline`.
//!
//! Time is cut into windows. What is usual is the mean of those in which anything was used, the newer ones counting for more (an
//! exponentially weighted mean, over [`REMEMBERED`] of them). So nights and weekends don't make the mornings after them look like
//! an anomaly, and what grows little by little stays usual. It is compared with what was used in the window that is going on and,
//! of the one before, as large a part as is needed for a whole one: so a jump shows wherever in a window it begins.
//!
//! An anomaly makes nothing usual but by degrees: no window changes the mean by more than would have been no anomaly. It is over when a
//! whole window has come less than half the way from what is usual to what would be an anomaly.

use super::recent::Recent;
use super::wire::{Reader, Writer};
use crate::time::Timestamp;

/// Windows with something in them that must be over before anything is an anomaly: an hour of use where one is of five minutes.
const NEEDED: u64 = 12;

/// Windows that the mean is about.
const REMEMBERED: u64 = 64;

/// What is an anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Baseline {
    /// More than so many hundredths of what is usual.
    pub(super) factor: u64,
    /// Less than this is none.
    pub(super) least: u64,
    /// In nanoseconds; a second at least.
    pub(super) window: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usual {
    /// What has been used in this window, and in the one before.
    recent: Recent,
    /// What is usual, times the windows it is the mean of.
    sum: u64,
    seen: u64,
}

impl Usual {
    /// Bytes of it.
    pub(super) const SIZE: usize = Recent::SIZE + 8 + 1;

    pub(super) fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let (recent, sum) = (Recent::read(bytes)?, bytes.u64()?);
        Some(Self { recent, sum, seen: u64::from(bytes.u8()?).min(REMEMBERED) })
    }

    pub(super) fn write(&self, bytes: &mut Writer<'_>) {
        self.recent.write(bytes);
        bytes.u64(self.sum);
        bytes.u8(u8::try_from(self.seen).unwrap_or(u8::MAX));
    }

    pub(super) fn add(&mut self, used: u64) {
        self.recent.add(used);
    }

    /// So many hundredths of what is usual.
    fn times(&self, hundredths: u64) -> u64 {
        self.sum.saturating_mul(hundredths) / (100 * self.seen.max(1))
    }

    /// Brings it up to this time. Returns whether a window is over since, and nothing was unusual in the last.
    pub(super) fn roll(&mut self, of: Baseline, now: Timestamp) -> bool {
        let Some(used) = self.recent.roll(of.window, now) else { return false };
        let is_calm = self.recent.before() <= self.times(50 + of.factor / 2);
        if used > 0 {
            let most = if self.seen < NEEDED { u64::MAX } else { self.times(of.factor) };
            match self.seen {
                REMEMBERED => self.sum -= self.sum / REMEMBERED,
                _ => self.seen += 1,
            }
            self.sum = self.sum.saturating_add(used.min(most));
        }
        is_calm
    }

    /// How many hundredths of what is usual are used now, where that is an anomaly. To be asked after [`Usual::roll`].
    pub(super) fn unusual(&self, of: Baseline, now: Timestamp) -> Option<u64> {
        let used = self.recent.within(of.window, now);
        let is_unusual = self.seen >= NEEDED && used >= of.least && used > self.times(of.factor);
        is_unusual.then(|| used.saturating_mul(100 * self.seen) / self.sum.max(1))
    }
}

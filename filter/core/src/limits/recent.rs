//! How much of a rate has been used of late, for warnings: a sliding window of one period, from two counts. What was used in the
//! period before is taken to lie evenly in it, as in Cloudflare's "How we built rate limiting capable of scaling to millions of
//! domains" (2017). Nobody is refused by it.

use super::pace::mul_div;
use super::wire::{Reader, Writer};
use crate::time::Timestamp;

/// What was used in two periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Recent {
    /// The number of the newer one since the epoch, its lower 32 bits.
    number: u32,
    before: u64,
    current: u64,
}

impl Recent {
    /// Bytes of it.
    pub(super) const SIZE: usize = 4 + 8 + 8;

    pub(super) fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        Some(Self { number: bytes.u32()?, before: bytes.u64()?, current: bytes.u64()? })
    }

    pub(super) fn write(&self, bytes: &mut Writer<'_>) {
        bytes.u32(self.number);
        bytes.u64(self.before);
        bytes.u64(self.current);
    }

    /// Brings it up to this time. Another worker's clock may have been a little ahead. Returns what was used in the newer period where that
    /// is over.
    pub(super) fn roll(&mut self, period: u64, now: Timestamp) -> Option<u64> {
        let (number, used) = ((now.0 / period.max(1)) as u32, self.current);
        match number.wrapping_sub(self.number) {
            0 | u32::MAX => return None,
            1 => *self = Self { number, before: used, current: 0 },
            _ => *self = Self { number, ..Self::default() },
        }
        Some(used)
    }

    /// What was used in the period before this one.
    pub(super) fn before(&self) -> u64 {
        self.before
    }

    pub(super) fn add(&mut self, used: u64) {
        self.current = self.current.saturating_add(used);
    }

    /// What was used within the last period. To be asked after [`Recent::roll`].
    pub(super) fn within(&self, period: u64, now: Timestamp) -> u64 {
        let period = period.max(1);
        let left = period - now.0 % period;
        self.current.saturating_add(mul_div(self.before, left, period, false))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_used_is_forgotten_little_by_little() {
        let mut recent = Recent::default();
        for (now, used, within) in [
            (1_000, 10, 10),
            (1_099, 10, 20),
            (1_100, 0, 20),
            (1_150, 0, 10),
            (1_150, 5, 15),
            (1_199, 0, 5),
            (1_250, 0, 2),
            (1_400, 0, 0),
        ] {
            recent.roll(100, Timestamp(now));
            recent.add(used);
            assert_eq!(recent.within(100, Timestamp(now)), within, "{now}");
        }
    }

    #[test]
    fn a_clock_that_is_a_little_behind_forgets_nothing() {
        let mut recent = Recent::default();
        recent.roll(100, Timestamp(1_100));
        recent.add(7);
        recent.roll(100, Timestamp(1_099));
        assert_eq!(recent.within(100, Timestamp(1_099)), 7);
        recent.roll(100, Timestamp(500));
        assert_eq!(recent.within(100, Timestamp(500)), 0, "a clock that was wrong");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Steady use is what is used in a period, wherever in it somebody asks.
        #[test]
        fn steady_use_is_what_it_is(each in 1..1_000_u64, period in 10..1_000_u64, periods in 2..10_u64, at in 0..1_000_u64) {
            let (mut recent, start) = (Recent::default(), 1_000_000 * period);
            let end = start + periods * period + at % period;
            for now in start..=end {
                recent.roll(period, Timestamp(now));
                recent.add(each);
            }
            let (within, expected) = (recent.within(period, Timestamp(end)), each * period);
            prop_assert!(within.abs_diff(expected) <= each, "{} for {}", within, expected);
        }

        #[test]
        fn it_is_read_as_it_was_written(number: u32, before: u64, current: u64) {
            let (recent, mut bytes) = (Recent { number, before, current }, [0; Recent::SIZE]);
            recent.write(&mut Writer(&mut bytes));
            prop_assert_eq!(Recent::read(&mut Reader(&bytes)), Some(recent));
        }
    }
}

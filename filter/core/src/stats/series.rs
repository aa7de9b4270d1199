//! One measure over time: its present window and the baseline that the window is compared with.
//!
//! What leaves the window moves the baseline of each percentile towards it, by the share of [`MEMORY`] that has passed:
//! an exponentially weighted mean, and so never part of the window it is compared with. Rising is held to 1 % of the
//! baseline a minute: an hour of illness moves it by less than a factor of two, a load that doubles over the morning
//! takes it along.

use super::sketch::{self, Floor, Sketch};
use super::slots::{LONGEST, Slots};
use crate::time::Timestamp;

/// The percentiles that a policy may name, and that have a baseline.
pub(super) const PERCENTILES: [u8; 4] = [50, 90, 95, 99];

/// Time constant of the baseline, in seconds.
const MEMORY: u64 = 600;
/// In so many seconds a baseline may rise by as much as it is.
const RISE: u64 = 6_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) slots: Slots<Sketch>,
    /// In microseconds, for each of [`PERCENTILES`]; 0 while there is none.
    pub(super) baselines: [u32; PERCENTILES.len()],
}

/// The least number of answers by which a percentile is known: one of twenty may lie above the 95th, so two of forty
/// must. Fewer would let a single slow answer be the percentile.
pub(super) fn least(percent: u8) -> u32 {
    (200u32.div_ceil(u32::from(100u8.saturating_sub(percent)).max(1))).max(20)
}

impl Series {
    pub(super) fn record(&mut self, floor: Floor, now: Timestamp, micros: u64) {
        self.roll(floor, now);
        self.slots.filling.add(floor, micros);
    }

    /// Brings the window up to this time.
    pub(super) fn roll(&mut self, floor: Floor, now: Timestamp) {
        let Self { slots, baselines } = self;
        slots.roll(now, Sketch::count, |leaving, age| learn(baselines, leaving, floor, age));
    }

    /// The window's percentile in microseconds; `None` while it holds too little to know.
    pub(super) fn percentile(&self, floor: Floor, percent: u8) -> Option<u64> {
        percentile(std::iter::once(self), floor, percent)
    }

    pub(super) fn baseline(&self, percent: u8) -> Option<u64> {
        let index = PERCENTILES.iter().position(|known| *known == percent)?;
        self.baselines.get(index).copied().filter(|baseline| *baseline > 0).map(u64::from)
    }

    /// The window is empty again and leaves no trace in the baseline.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.slots.clear(now);
    }
}

/// Moves the baselines towards the slot that leaves the window; `age` is how long ago they were last moved, in seconds.
fn learn(baselines: &mut [u32; PERCENTILES.len()], leaving: &Sketch, floor: Floor, age: u32) {
    let age = u64::from(age.min(LONGEST));
    for (percent, baseline) in PERCENTILES.iter().zip(baselines) {
        let (count, micros) = sketch::percentile(std::iter::once(leaving), floor, *percent);
        if count < least(*percent) {
            continue;
        }
        let old = u64::from(*baseline);
        let new = if old == 0 {
            micros
        } else if micros >= old {
            old + ((micros - old) * age / MEMORY).min((old * age / RISE).max(1))
        } else {
            old - (old - micros) * age / MEMORY
        };
        *baseline = u32::try_from(new).unwrap_or(u32::MAX);
    }
}

/// The percentile of several windows together.
pub(super) fn percentile<'a>(
    windows: impl Iterator<Item = &'a Series>,
    floor: Floor,
    percent: u8,
) -> Option<u64> {
    let sketches = windows.flat_map(|series| [&series.slots.before, &series.slots.filling]);
    let (count, micros) = sketch::percentile(sketches, floor, percent);
    (count >= least(percent)).then_some(micros)
}

//! Everything remembered of one target and model, as it lies in shared data: little-endian, fixed size, with a version.
//! What cannot be read is a fresh cell: to know nothing is harmless.

use super::peak::Peak;
use super::series::{PERCENTILES, Series};
use super::sketch::{BUCKETS, Sketch};
use super::slots::Slots;
use super::tally::{RULES, Tally};
use super::{Quota, Remaining, SERIES};
use crate::time::Timestamp;

const VERSION: u8 = 3;
const SERIES_SIZE: usize = 4 + BUCKETS * 2 * 2 + PERCENTILES.len() * 4;
pub(super) const SIZE: usize = 4 + SERIES * SERIES_SIZE + (4 + 2 * TALLY_SIZE + 4) + 16 + 2 * 24;
const TALLY_SIZE: usize = (5 + RULES) * 4;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Grows when the window is forgotten: what was seen before does not count after.
    pub(super) epoch: u16,
    pub(super) series: [Series; SERIES],
    pub(super) tallies: Slots<Tally>,
    /// Share of answers that is usually good, in basis points; 0 while there is none.
    pub(super) quality: u32,
    pub(super) peak: Peak,
    pub(super) quota: Quota,
}

impl Cell {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIZE);
        let [low, high] = self.epoch.to_le_bytes();
        bytes.extend_from_slice(&[VERSION, 0, low, high]);
        for Series { slots, baselines } in &self.series {
            put(&mut bytes, slots.since);
            for count in slots.before.0.iter().chain(&slots.filling.0) {
                bytes.extend_from_slice(&count.to_le_bytes());
            }
            baselines.iter().for_each(|baseline| put(&mut bytes, *baseline));
        }
        put(&mut bytes, self.tallies.since);
        for tally in [self.tallies.before, self.tallies.filling] {
            let Tally { attempts, failures, judged, good, checked, broken } = tally;
            let numbers = [attempts, failures, judged, good, checked];
            numbers.iter().chain(&broken).for_each(|number| put(&mut bytes, *number));
        }
        put(&mut bytes, self.quality);
        put_long(&mut bytes, self.peak.micros);
        put_long(&mut bytes, self.peak.at.0);
        for remaining in [self.quota.requests, self.quota.tokens] {
            // No quota is one whose reset is long over.
            let Remaining { left, limit, told, resets } = remaining.unwrap_or_default();
            [left, limit].iter().for_each(|number| put(&mut bytes, *number));
            [told, resets].iter().for_each(|time| put_long(&mut bytes, time.0));
        }
        bytes
    }

    /// Reads a cell; a fresh one when it is absent or not one of ours.
    pub(super) fn decode(bytes: Option<&[u8]>) -> Self {
        bytes.and_then(read).unwrap_or_default()
    }
}

fn read(bytes: &[u8]) -> Option<Cell> {
    let (&[version, _, low, high], mut bytes) = bytes.split_first_chunk()?;
    if version != VERSION || bytes.len() != SIZE - 4 {
        return None;
    }
    let bytes = &mut bytes;
    let mut cell = Cell { epoch: u16::from_le_bytes([low, high]), ..Cell::default() };
    for Series { slots, baselines } in &mut cell.series {
        slots.since = word(bytes)?;
        for Sketch(counts) in [&mut slots.before, &mut slots.filling] {
            let (head, rest) = bytes.split_at_checked(BUCKETS * 2)?;
            for (count, pair) in counts.iter_mut().zip(head.as_chunks().0) {
                *count = u16::from_le_bytes(*pair);
            }
            *bytes = rest;
        }
        for baseline in baselines {
            *baseline = word(bytes)?;
        }
    }
    cell.tallies.since = word(bytes)?;
    for tally in [&mut cell.tallies.before, &mut cell.tallies.filling] {
        let (attempts, failures) = (word(bytes)?, word(bytes)?);
        let (judged, good, checked) = (word(bytes)?, word(bytes)?, word(bytes)?);
        *tally = Tally { attempts, failures, judged, good, checked, ..Tally::default() };
        for count in &mut tally.broken {
            *count = word(bytes)?;
        }
    }
    cell.quality = word(bytes)?;
    cell.peak = Peak { micros: long(bytes)?, at: Timestamp(long(bytes)?) };
    for remaining in [&mut cell.quota.requests, &mut cell.quota.tokens] {
        let (left, limit) = (word(bytes)?, word(bytes)?);
        let read = Remaining { left, limit, told: Timestamp(long(bytes)?), resets: Timestamp(long(bytes)?) };
        *remaining = (read.resets > Timestamp(0)).then_some(read);
    }
    Some(cell)
}

fn put(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

fn put_long(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

fn word(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes).map(u32::from_le_bytes)
}

fn long(bytes: &mut &[u8]) -> Option<u64> {
    take(bytes).map(u64::from_le_bytes)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A cell with any numbers.
    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), SIZE).prop_map(|mut bytes| {
            (bytes[0], bytes[1]) = (VERSION, 0);
            bytes
        })
    }

    #[test]
    fn a_cell_is_small() {
        assert_eq!(Cell::default().encode().len(), SIZE);
        const { assert!(SIZE <= 2_176) };
    }

    #[test]
    fn foreign_bytes_are_a_fresh_cell() {
        let good = Cell { epoch: 7, ..Cell::default() }.encode();
        assert_eq!(Cell::decode(Some(&good)).epoch, 7);
        let mut newer = good.clone();
        newer[0] = VERSION + 1;
        for bytes in [None, Some(&b""[..]), Some(&good[1..]), Some(&[&good[..], b"x"].concat()), Some(&newer)]
        {
            assert_eq!(Cell::decode(bytes), Cell::default());
        }
    }

    proptest! {
        #[test]
        fn every_cell_survives_the_trip(bytes in any_bytes()) {
            let cell = Cell::decode(Some(&bytes));
            prop_assert_eq!(Cell::decode(Some(&cell.encode())), cell);
        }

        /// A cell is memory that others write to: whatever lies there, using it does not panic.
        #[test]
        fn any_cell_can_be_used(bytes in any_bytes(), now: u64, latency: u64, tokens: u32) {
            let mut view = crate::stats::View { cell: Cell::decode(Some(&bytes)) };
            let now = Timestamp(now);
            let sample = crate::stats::tests::sample(latency, tokens);
            for _ in 0..2 {
                view.cell.record(now, &sample);
                view.cell.roll(now);
                for measure in crate::stats::tests::MEASURES {
                    for percent in [0, 50, 95, 99, 100, 255] {
                        let _ = view.percentile(measure, percent, Some(tokens));
                        let _ = view.baseline(measure, percent, Some(tokens));
                        let _ = view.above_baseline(measure, percent);
                    }
                }
                let _ = (view.errors_bp(), view.quality_bp(), view.slowness(now));
                let _ = (view.quality_of_usual(), view.broken_bp().count());
                let _ = view.quota(Timestamp(0)).suffices_from(tokens);
                view.cell.forget(now);
            }
        }
    }
}

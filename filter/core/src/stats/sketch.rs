//! Durations counted in buckets whose bounds grow by a fixed factor, so that every percentile is known to within a fixed
//! share of itself (the idea of DDSketch; Masson, Rim and Lee, VLDB 2019).
//!
//! Four buckets to an octave, γ = 2^(1/4). What is reported for a bucket lies within (γ - 1) / (γ + 1) = 8.7 % of
//! everything in it. 64 buckets reach over 16 octaves: with a first bound of 8 ms up to 9 minutes. What is shorter or
//! longer counts in the first or the last bucket.

/// Buckets of one sketch.
pub(super) const BUCKETS: usize = 64;
/// The greatest share by which a reported percentile differs from the exact one.
#[cfg(test)]
pub(super) const ERROR: f64 = 0.087;

const QUARTERS: usize = 4;
/// 2^(1/4), 2^(2/4) and 2^(3/4), as multiples of 2^-31.
const STEPS: [u64; QUARTERS - 1] = [2_553_802_834, 3_037_000_500, 3_611_622_603];
/// What is reported for the quarters of an octave, as multiples of 2^-31 of its lower bound: the harmonic mean of the
/// quarter's bounds, which errs by the same share at both.
const MIDDLES: [u64; QUARTERS] = [2_333_084_719, 2_774_520_948, 3_299_480_052, 3_923_765_154];

/// How often each bucket was hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sketch(pub(super) [u16; BUCKETS]);

/// The first bucket begins at two to the power of this, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floor(pub(super) u32);

impl Default for Sketch {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Sketch {
    /// Counts one duration. A bucket that is full halves them all, so that shares stay what they are.
    pub(super) fn add(&mut self, floor: Floor, micros: u64) {
        let bucket = bucket(floor, micros);
        if self.0.get(bucket) == Some(&u16::MAX) {
            self.0.iter_mut().for_each(|count| *count /= 2);
        }
        if let Some(count) = self.0.get_mut(bucket) {
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|count| u32::from(*count)).sum()
    }
}

/// All sketches' durations together: how many, and the one below which `percent` of them lie (nearest rank), in
/// microseconds.
pub(super) fn percentile<'a>(
    sketches: impl Iterator<Item = &'a Sketch>,
    floor: Floor,
    percent: u8,
) -> (u32, u64) {
    let mut sum = [0u32; BUCKETS];
    for sketch in sketches {
        for (sum, count) in sum.iter_mut().zip(&sketch.0) {
            *sum = sum.saturating_add(u32::from(*count));
        }
    }
    let all = sum.iter().fold(0u32, |all, count| all.saturating_add(*count));
    let rank = (u64::from(all) * u64::from(percent)).div_ceil(100).max(1);
    let mut passed = 0u64;
    let bucket = sum.iter().position(|count| {
        passed += u64::from(*count);
        passed >= rank
    });
    (all, bucket.map_or(0, |bucket| middle(floor, bucket)))
}

fn bucket(Floor(floor): Floor, micros: u64) -> usize {
    let value = micros.max(1 << floor);
    let octave = value.ilog2();
    let mantissa = (value << (63 - octave)) >> 32;
    let quarter = STEPS.iter().filter(|step| mantissa >= **step).count();
    ((octave.saturating_sub(floor)) as usize * QUARTERS + quarter).min(BUCKETS - 1)
}

fn middle(Floor(floor): Floor, bucket: usize) -> u64 {
    let middle = MIDDLES.get(bucket % QUARTERS).copied().unwrap_or_default();
    let octave = floor + (bucket / QUARTERS) as u32;
    (middle << octave.min(32)) >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FLOOR: Floor = Floor(13);

    fn of(micros: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        micros.iter().for_each(|micros| sketch.add(FLOOR, *micros));
        sketch
    }

    fn is_near(reported: u64, exact: u64) -> bool {
        (reported as f64 - exact as f64).abs() <= exact as f64 * ERROR + 1.0
    }

    #[test]
    fn an_empty_sketch_knows_nothing() {
        assert_eq!(percentile([Sketch::default()].iter(), FLOOR, 95), (0, 0));
    }

    #[test]
    fn what_is_out_of_range_counts_at_the_ends() {
        let ends = [0, 1, 8_191, 1 << 29, 1 << 40, u64::MAX].map(|micros| bucket(FLOOR, micros));
        assert_eq!(ends, [0, 0, 0, 63, 63, 63]);
        assert_eq!(bucket(FLOOR, (1 << 29) - 1), 63);
    }

    #[test]
    fn every_percentile_is_one_of_the_durations_to_within_the_error() {
        let hundred: Vec<u64> = (1..=100).map(|n| n * 10_000).collect();
        for percent in 1..=100 {
            let (count, reported) = percentile([of(&hundred)].iter(), FLOOR, percent);
            assert_eq!(count, 100);
            assert!(is_near(reported, u64::from(percent) * 10_000), "p{percent} is {reported}");
        }
    }

    #[test]
    fn a_full_bucket_keeps_the_shares() {
        let mut sketch = Sketch::default();
        for n in 0..1_000_000u64 {
            sketch.add(FLOOR, if n % 10 == 0 { 1_000_000 } else { 100_000 });
        }
        assert!(is_near(percentile([sketch.clone()].iter(), FLOOR, 89).1, 100_000));
        assert!(is_near(percentile([sketch].iter(), FLOOR, 91).1, 1_000_000));
    }

    proptest! {
        #[test]
        fn no_duration_is_further_from_what_is_reported_for_it(micros in 1u64 << 13..(1 << 29)) {
            let reported = middle(FLOOR, bucket(FLOOR, micros));
            prop_assert!(is_near(reported, micros), "{reported}");
        }

        #[test]
        fn however_they_are_spread_over_sketches_the_percentiles_are_the_same(
            mut all in prop::collection::vec(8_192u64..500_000_000, 1..400), parts in 1usize..5, percent in 1u8..=100,
        ) {
            let sketches: Vec<Sketch> = (0..parts)
                .map(|part| of(&all.iter().copied().skip(part).step_by(parts).collect::<Vec<_>>()))
                .collect();
            let (count, reported) = percentile(sketches.iter(), FLOOR, percent);
            all.sort_unstable();
            let rank = (all.len() * usize::from(percent)).div_ceil(100).max(1);
            prop_assert_eq!(count as usize, all.len());
            prop_assert!(is_near(reported, all[rank - 1]), "{} for {}", reported, all[rank - 1]);
        }
    }
}

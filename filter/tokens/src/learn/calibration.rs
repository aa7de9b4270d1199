//! How many tokens a model of another maker has for each that the base count finds.
//!
//! For each kind of text a factor, learned by recursive least squares: the reported count over the base count is taken as the
//! sum of the factors, each times its kind's share, and some noise. Factors begin at 1 and are believed to be within 0.5
//! of it; what is known well changes little by one answer, and what no answer has held yet stays where it began.
//!
//! A report that is far from all others teaches no more than one that is as far as reports are wont to be: what is nonsense, or was
//! made to be, moves nobody else's estimates by much (Huber, "Robust estimation of a location parameter", 1964).

use crate::kind::{KINDS, Kind, Tally};

const VERSION: u8 = 2;

/// Variance of a factor of which nothing is known.
const UNKNOWN: f64 = 0.25;

/// Variance of the reported count over the base count for long requests: 3 %.
const NOISE: f64 = 0.0009;

/// What a maker's frame may differ by, in tokens: short requests say less.
const FRAME: f64 = 8.0;

/// Tokens are forgotten as a model changes behind its name: after 200 answers the old weigh a third.
const FORGET: f64 = 0.995;

/// Least weight of the newest answer in the error.
const NEWEST: f64 = 0.05;

/// A report that is further off than so many deviations is taken for one that is as far.
const FAR: f64 = 3.0;

/// Fewer tokens say nothing.
const LEAST: u64 = 16;

const PAIRS: usize = KINDS * (KINDS + 1) / 2;

/// What is known of one model.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Calibration {
    answers: u16,
    factors: [f64; KINDS],
    /// How sure the factors are: their covariance, its lower half.
    covariance: [f64; PAIRS],
    /// Mean of how far estimates were off, as a share of what was reported, each at most 1.
    error: f64,
}

/// A count of a model of another maker.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    pub tokens: u64,
    /// How far estimates have been off lately, as a share; `None` before the first answer.
    pub error: Option<f64>,
}

impl Default for Calibration {
    fn default() -> Self {
        let mut covariance = [0.0; PAIRS];
        for kind in 0..KINDS {
            set(&mut covariance, kind, kind, UNKNOWN);
        }
        Self { answers: 0, factors: [1.0; KINDS], covariance, error: 0.0 }
    }
}

impl Calibration {
    /// Bytes of a cell.
    pub const BYTES: usize = 3 + 4 * (KINDS + PAIRS + 1);

    /// Reads a cell; a fresh one if it is of another version or damaged.
    #[must_use]
    pub fn read(cell: &[u8]) -> Self {
        Self::try_read(cell).unwrap_or_default()
    }

    fn try_read(cell: &[u8]) -> Option<Self> {
        let ([VERSION, low, high], rest) = cell.split_first_chunk()? else { return None };
        let mut floats = rest.as_chunks().0.iter().map(|four| f64::from(f32::from_le_bytes(*four)));
        let mut read = Self { answers: u16::from_le_bytes([*low, *high]), ..Self::default() };
        for place in read.factors.iter_mut().chain(&mut read.covariance).chain([&mut read.error]) {
            *place = floats.next().filter(|float| float.is_finite())?;
        }
        (cell.len() == Self::BYTES).then_some(read)
    }

    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut cell = Vec::with_capacity(Self::BYTES);
        cell.push(VERSION);
        cell.extend(self.answers.to_le_bytes());
        for float in self.factors.iter().chain(&self.covariance).chain([&self.error]) {
            cell.extend((*float as f32).to_le_bytes());
        }
        cell
    }

    /// What this model makes of a base count.
    #[must_use]
    pub fn estimate(&self, base: &Tally) -> Estimate {
        let tokens: f64 =
            Kind::ALL.iter().zip(self.factors).map(|(kind, factor)| base.of(*kind) as f64 * factor).sum();
        Estimate { tokens: tokens.round() as u64, error: (self.answers > 0).then_some(self.error) }
    }

    /// Learns from the input tokens that the provider has reported, cached ones among them, for a request with this base count.
    pub fn learn(&mut self, base: &Tally, reported: u64) {
        let total = base.total();
        if total < LEAST || reported == 0 || base.is_doubtful() {
            return;
        }
        let ratio = reported as f64 / total as f64;
        // Something else was counted than what was sent.
        if !(0.1..=10.0).contains(&ratio) {
            return;
        }
        let off = (self.estimate(base).tokens as f64 / reported as f64 - 1.0).abs();
        let usual = self.error;
        self.answers = self.answers.saturating_add(1);
        let weight = NEWEST.max(1.0 / f64::from(self.answers));
        self.error += weight * (off.min(1.0) - self.error);

        let share = Kind::ALL.map(|kind| base.of(kind) as f64 / total as f64);
        let dot =
            |one: &[f64; KINDS], other: &[f64; KINDS]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
        let row = |kind| std::array::from_fn::<f64, KINDS, _>(|other| get(&self.covariance, kind, other));
        let spread: [f64; KINDS] = std::array::from_fn(|kind| dot(&row(kind), &share));
        let noise = NOISE + (FRAME / total as f64).powi(2);
        let variance = noise + dot(&spread, &share);
        let gain = spread.map(|spread_of_kind| spread_of_kind / variance);
        let most = FAR * variance.sqrt().max(usual);
        let surprise = (ratio - dot(&self.factors, &share)).clamp(-most, most);
        for (factor, gain) in self.factors.iter_mut().zip(gain) {
            *factor = (*factor + gain * surprise).clamp(0.1, 10.0);
        }
        // What no answer holds is not forgotten beyond what was believed at first.
        let is_sure = (0..KINDS).all(|kind| get(&self.covariance, kind, kind) < UNKNOWN * FORGET);
        let forget = if is_sure { FORGET } else { 1.0 };
        for (kind, gain) in gain.iter().enumerate() {
            for (other, spread) in spread.iter().enumerate().take(kind + 1) {
                let now = (get(&self.covariance, kind, other) - gain * spread) / forget;
                set(&mut self.covariance, kind, other, now);
            }
        }
    }
}

fn place(one: usize, other: usize) -> usize {
    let (row, column) = (one.max(other), one.min(other));
    row * (row + 1) / 2 + column
}

fn get(covariance: &[f64; PAIRS], one: usize, other: usize) -> f64 {
    covariance.get(place(one, other)).copied().unwrap_or(0.0)
}

fn set(covariance: &mut [f64; PAIRS], one: usize, other: usize, value: f64) {
    if let Some(place) = covariance.get_mut(place(one, other)) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Splitmix64, as a share.
    struct Dice(u64);

    impl Dice {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
        }

        /// A request in which one or two kinds prevail.
        fn request(&mut self) -> Tally {
            let mut tally = Tally::default();
            let size = 200.0 * 100_f64.powf(self.next());
            let mut text = || (self.next() * (KINDS - 1) as f64) as usize;
            let (first, second) = (text(), text());
            let share = self.next();
            tally.add(Kind::ALL[first], (size * share) as u64);
            tally.add(Kind::ALL[second], (size * (1.0 - share)) as u64);
            tally.add(Kind::Frame, 7 + (self.next() * 40.0) as u64);
            tally
        }
    }

    fn truth(ratios: [f64; KINDS], tally: &Tally) -> f64 {
        Kind::ALL.iter().zip(ratios).map(|(kind, ratio)| tally.of(*kind) as f64 * ratio).sum()
    }

    /// Providers whose true ratios for the kinds, in their order, are these.
    const PROVIDERS: [[f64; KINDS]; 5] = [
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        [1.15, 1.35, 1.25, 0.95, 1.1, 1.3, 1.2, 1.5, 1.6, 1.5],
        [1.05, 1.2, 1.1, 1.45, 1.3, 1.2, 1.0, 0.9, 1.4, 0.8],
        [0.9, 0.85, 0.95, 0.7, 0.8, 0.9, 0.85, 0.75, 0.7, 1.0],
        [1.4, 1.7, 1.6, 1.9, 1.8, 1.9, 1.7, 1.9, 2.0, 2.0],
    ];

    #[test]
    fn after_fifty_answers_estimates_are_within_five_percent_on_requests_not_seen() {
        for ratios in PROVIDERS {
            let mut far = 0;
            for seed in 0..20 {
                let mut dice = Dice(seed);
                let mut cell = Calibration::default().write();
                for _ in 0..50 {
                    let request = dice.request();
                    // What is reported differs by up to 4 % from what the ratios say.
                    let noise = 1.0 + 0.08 * (dice.next() - 0.5);
                    let mut calibration = Calibration::read(&cell);
                    calibration.learn(&request, (truth(ratios, &request) * noise) as u64);
                    cell = calibration.write();
                }
                let calibration = Calibration::read(&cell);
                for _ in 0..200 {
                    let request = dice.request();
                    let (estimate, truth) = (calibration.estimate(&request), truth(ratios, &request));
                    let off = (estimate.tokens as f64 / truth - 1.0).abs();
                    far += u32::from(off > 0.05);
                    assert!(off <= 0.1, "{ratios:?}, seed {seed}: {off} for {request:?}");
                }
                assert!(calibration.estimate(&dice.request()).error.is_some_and(|error| error < 0.1));
            }
            // Of 4,000; short ones that are mostly frame.
            assert!(far <= 4, "{ratios:?}: {far}");
        }
    }

    #[test]
    fn a_kind_that_no_answer_held_keeps_its_factor() {
        let mut calibration = Calibration::default();
        let (mut prose, mut code) = (Tally::default(), Tally::default());
        prose.add(Kind::Prose, 1_000);
        code.add(Kind::Code, 1_000);
        for _ in 0..5_000 {
            calibration.learn(&prose, 1_500);
        }
        assert!(calibration.estimate(&prose).tokens.abs_diff(1_500) <= 3);
        assert_eq!(calibration.estimate(&code).tokens, 1_000);
        // And is learned as fast as at first when one comes.
        for _ in 0..5 {
            calibration.learn(&code, 800);
        }
        assert!(calibration.estimate(&code).tokens.abs_diff(800) <= 10);
    }

    #[test]
    fn reports_that_are_nonsense_move_estimates_little() {
        for (low, high) in [(0.1, 0.1), (10.0, 10.0), (0.1, 10.0)] {
            for ratios in PROVIDERS {
                let (mut calibration, mut dice) = (Calibration::default(), Dice(11));
                for number in 0..500 {
                    let request = dice.request();
                    let nonsense = if number % 20 == 9 { low } else { high };
                    let is_nonsense = number % 10 == 9;
                    let reported = truth(ratios, &request) * (1.0 + 0.08 * (dice.next() - 0.5));
                    let total = request.total() as f64;
                    calibration.learn(&request, if is_nonsense { total * nonsense } else { reported } as u64);
                }
                for _ in 0..200 {
                    let request = dice.request();
                    let off = calibration.estimate(&request).tokens as f64 / truth(ratios, &request) - 1.0;
                    assert!(off.abs() <= 0.1, "{low} {high} {ratios:?}: {off} for {request:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_counted_teaches_nothing() {
        let mut calibration = Calibration::default();
        let mut tally = Tally::default();
        tally.add(Kind::Prose, 1_000);
        tally.doubt();
        calibration.learn(&tally, 2_000);
        assert_eq!(calibration, Calibration::default());
    }

    #[test]
    fn a_model_that_changes_is_followed() {
        let (mut calibration, mut dice) = (Calibration::default(), Dice(7));
        for ratios in [PROVIDERS[1], PROVIDERS[3]] {
            for _ in 0..1_500 {
                let request = dice.request();
                calibration.learn(&request, truth(ratios, &request) as u64);
            }
            let request = dice.request();
            let off = calibration.estimate(&request).tokens as f64 / truth(ratios, &request) - 1.0;
            assert!(off.abs() < 0.05, "{off}");
        }
    }

    #[test]
    fn cells_that_can_not_be_read_are_fresh() {
        let cell = Calibration::default().write();
        assert_eq!(cell.len(), Calibration::BYTES);
        assert_eq!(Calibration::read(&cell), Calibration::default());
        let damaged = [
            &cell[..cell.len() - 1],
            &[],
            &[VERSION + 1; Calibration::BYTES],
            &[[VERSION].as_slice(), &[0xFF; Calibration::BYTES - 1]].concat(),
        ];
        for cell in damaged {
            assert_eq!(Calibration::read(cell), Calibration::default());
        }
    }

    proptest! {
        #[test]
        fn no_report_breaks_a_cell(reports in proptest::collection::vec((0_u64..100_000, 0_u64..100_000, any::<u64>()), 0..50)) {
            let mut calibration = Calibration::default();
            for (prose, json, reported) in reports {
                let mut tally = Tally::default();
                tally.add(Kind::Prose, prose);
                tally.add(Kind::Json, json);
                calibration.learn(&tally, reported);
                prop_assert!(calibration.estimate(&tally).tokens <= 10 * tally.total() + 1);
            }
        }
    }
}

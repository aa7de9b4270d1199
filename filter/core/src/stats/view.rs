//! What can be asked about one target and model.

use std::time::Duration;

use super::cell::Cell;
use super::peak::Peak;
use super::record::{CLASSES, FIRST_TOKEN, PER_TOKEN, UNKNOWN, class};
use super::sketch::Floor;
use super::tally::{self, Tally, share_bp};
use super::{Measure, Quota, Remaining, series};
use crate::output::Rule;
use crate::time::Timestamp;

/// An answer of so many output tokens counts as it is, where speeds of targets are compared.
const TYPICAL_TOKENS: u64 = 256;
/// The first token takes about as long as so many others.
const FIRST_TOKENS: u64 = 64;

/// What is known of one target and model at one time.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub(super) cell: Cell,
}

impl View {
    /// A percentile of the present window, `None` while it is cold. Of latency: of answers that may be to a request
    /// for at most `most_tokens` output tokens.
    #[must_use]
    pub fn percentile(&self, measure: Measure, percent: u8, most_tokens: Option<u32>) -> Option<Duration> {
        let series = &self.cell.series;
        let micros = match measure {
            Measure::Latency => {
                let last = most_tokens.map_or(CLASSES.len(), |tokens| class(Some(tokens)));
                let sized = series.get(..=last)?.iter();
                series::percentile(sized.chain(series.get(UNKNOWN)), floor(0), percent)
            }
            Measure::FirstToken => series.get(FIRST_TOKEN)?.percentile(floor(FIRST_TOKEN), percent),
            Measure::PerToken => series.get(PER_TOKEN)?.percentile(floor(PER_TOKEN), percent),
        };
        micros.map(Duration::from_micros)
    }

    /// What a percentile (p50, p90, p95, p99) usually is. Of latency: of answers of so many output tokens.
    #[must_use]
    pub fn baseline(&self, measure: Measure, percent: u8, output_tokens: Option<u32>) -> Option<Duration> {
        let number = match measure {
            Measure::Latency => class(output_tokens),
            Measure::FirstToken => FIRST_TOKEN,
            Measure::PerToken => PER_TOKEN,
        };
        self.cell.series.get(number)?.baseline(percent).map(Duration::from_micros)
    }

    /// What a percentile (p50, p90, p95, p99) usually is of answers like those of [`View::percentile`]: of latency the longest of the
    /// size classes. While no baseline is known, what it is in the present window.
    #[must_use]
    pub fn usual(&self, measure: Measure, percent: u8, most_tokens: Option<u32>) -> Option<Duration> {
        let last = most_tokens.map_or(CLASSES.len(), |tokens| class(Some(tokens)));
        let (sized, rest) = match measure {
            Measure::Latency => (0..=last, UNKNOWN),
            Measure::FirstToken => (FIRST_TOKEN..=FIRST_TOKEN, FIRST_TOKEN),
            Measure::PerToken => (PER_TOKEN..=PER_TOKEN, PER_TOKEN),
        };
        let series = sized.chain([rest]).filter_map(|number| self.cell.series.get(number));
        let baseline = series.filter_map(|series| series.baseline(percent)).max();
        baseline.map(Duration::from_micros).or_else(|| self.percentile(measure, percent, most_tokens))
    }

    /// A percentile (p50, p90, p95, p99), and in hundredths of what it usually is; `None` while it is cold. Of latency: that
    /// of the size class which has risen most. The hundredths err by a fifth at most, as both sides err.
    #[must_use]
    pub fn above_baseline(&self, measure: Measure, percent: u8) -> Option<(Duration, u32)> {
        let numbers = match measure {
            Measure::Latency => 0..=UNKNOWN,
            Measure::FirstToken => FIRST_TOKEN..=FIRST_TOKEN,
            Measure::PerToken => PER_TOKEN..=PER_TOKEN,
        };
        let risen = numbers.filter_map(|number| {
            let series = self.cell.series.get(number)?;
            let usual = series.baseline(percent)?;
            let now = series.percentile(floor(number), percent)?;
            Some((now, now.saturating_mul(100).checked_div(usual)?))
        });
        let (now, hundredths) = risen.max_by_key(|(_, hundredths)| *hundredths)?;
        Some((Duration::from_micros(now), u32::try_from(hundredths).unwrap_or(u32::MAX)))
    }

    /// Attempts in the window.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.tally().attempts
    }

    /// Share of attempts in the window that failed, in basis points.
    #[must_use]
    pub fn errors_bp(&self) -> Option<u32> {
        let Tally { attempts, failures, .. } = self.tally();
        share_bp(failures, attempts)
    }

    /// Answers in the window whose quality is known, and the share of them that was good, in basis points.
    #[must_use]
    pub fn quality_bp(&self) -> (u32, Option<u32>) {
        let Tally { judged, good, .. } = self.tally();
        (judged, share_bp(good, judged))
    }

    /// What share of answers is usually good, in basis points; `None` while it is cold.
    #[must_use]
    pub fn usual_quality_bp(&self) -> Option<u32> {
        Some(self.cell.quality).filter(|usual| *usual > 0)
    }

    /// The share of answers in the window that was good, in basis points and in hundredths of what it usually is; `None` while it is cold.
    #[must_use]
    pub fn quality_of_usual(&self) -> Option<(u32, u32)> {
        let (judged, share) = self.quality_bp();
        let (share, usual) = (share.filter(|_| judged >= tally::LEAST)?, self.usual_quality_bp()?);
        Some((share, u32::try_from(u64::from(share) * 100 / u64::from(usual)).unwrap_or(u32::MAX)))
    }

    /// Of the answers in the window that were held to an `output`, the share that broke each rule, in basis points.
    pub fn broken_bp(&self) -> impl Iterator<Item = (Rule, u32)> {
        let Tally { checked, broken, .. } = self.tally();
        let shares = Rule::ALL.into_iter().zip(broken);
        shares.filter_map(move |(rule, count)| Some((rule, share_bp(count, checked)?)))
    }

    /// What is left of its quota; nothing of what has been reset since it was told.
    #[must_use]
    pub fn quota(&self, now: Timestamp) -> Quota {
        let holds = |remaining: &Remaining| now < remaining.resets;
        let Quota { requests, tokens } = self.cell.quota;
        Quota { requests: requests.filter(holds), tokens: tokens.filter(holds) }
    }

    /// The peak-EWMA of latency, scaled to a typical answer; `None` when it was never measured.
    #[must_use]
    pub fn slowness(&self, now: Timestamp) -> Option<Duration> {
        (self.cell.peak != Peak::default()).then(|| Duration::from_micros(self.cell.peak.read(now)))
    }

    fn tally(&self) -> Tally {
        let mut tally = self.cell.tallies.before;
        tally.add(self.cell.tallies.filling);
        tally
    }
}

/// Where a series' sketch begins: latency at 8 ms (up to 9 minutes), the first token at 4 ms (up to 4 minutes), each other
/// at 64 µs (up to 4 s).
pub(super) fn floor(number: usize) -> Floor {
    Floor(match number {
        PER_TOKEN => 6,
        FIRST_TOKEN => 12,
        _ => 13,
    })
}

/// What a latency would be for a typical answer.
pub(super) fn scaled(micros: u64, tokens: Option<u32>) -> u64 {
    let tokens = tokens.map_or(TYPICAL_TOKENS, u64::from);
    micros.saturating_mul(TYPICAL_TOKENS + FIRST_TOKENS) / (tokens + FIRST_TOKENS)
}

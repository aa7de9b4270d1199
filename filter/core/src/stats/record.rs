//! What a sample changes in a cell.

use std::time::Duration;

use super::cell::Cell;
use super::tally::{self, Tally};
use super::{Sample, view};
use crate::telemetry::Outcome;
use crate::time::Timestamp;

pub(super) const FIRST_TOKEN: usize = 5;
pub(super) const PER_TOKEN: usize = 6;
/// An answer has at most so many output tokens to be of the first, second and third class.
pub(super) const CLASSES: [u32; 3] = [128, 512, 2_048];
/// The class of answers whose tokens nobody counted.
pub(super) const UNKNOWN: usize = 4;

/// Fewer output tokens tell little about the time that each takes.
const LEAST_TOKENS: u32 = 8;

impl Cell {
    pub(super) fn record(&mut self, now: Timestamp, sample: &Sample) {
        let Sample { outcome, latency, first_token, output_tokens, most_tokens, is_good, broken, quota } =
            *sample;
        self.roll_tallies(now);
        self.tallies.filling.add(Tally {
            attempts: 1,
            failures: u32::from(outcome.is_failure()),
            judged: u32::from(is_good.is_some()),
            good: u32::from(is_good == Some(true)),
            ..broken.map(Tally::checked).unwrap_or_default()
        });
        self.quota.requests = quota.requests.or(self.quota.requests);
        self.quota.tokens = quota.tokens.or(self.quota.tokens);
        if !matches!(outcome, Outcome::Success | Outcome::Timeout) {
            return;
        }
        if let Some(latency) = latency {
            self.observe(class(output_tokens.or(most_tokens)), now, micros(latency));
        }
        if let Some(first) = first_token {
            self.observe(FIRST_TOKEN, now, micros(first));
        }
        let rest = latency.zip(first_token).map(|(latency, first)| micros(latency.saturating_sub(first)));
        if let Some((rest, tokens)) = rest.zip(output_tokens.filter(|tokens| *tokens >= LEAST_TOKENS)) {
            self.observe(PER_TOKEN, now, rest / u64::from(tokens - 1));
        }
        let whole = latency.map(|latency| view::scaled(micros(latency), output_tokens));
        if let Some(micros) = whole.or(first_token.map(micros)) {
            self.peak.observe(now, micros);
        }
    }

    fn observe(&mut self, number: usize, now: Timestamp, micros: u64) {
        if let Some(series) = self.series.get_mut(number) {
            series.record(view::floor(number), now, micros);
        }
    }

    pub(super) fn roll(&mut self, now: Timestamp) {
        for (number, series) in self.series.iter_mut().enumerate() {
            series.roll(view::floor(number), now);
        }
        self.roll_tallies(now);
    }

    fn roll_tallies(&mut self, now: Timestamp) {
        let Self { tallies, quality, .. } = self;
        tallies.roll(now, |tally| tally.attempts, |leaving, age| tally::learn(quality, leaving, age));
    }

    /// With slots of so many seconds.
    pub(super) fn with_slots(mut self, length: u32) -> Self {
        self.series.iter_mut().for_each(|series| series.slots.length = length);
        self.tallies.length = length;
        self
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        self.epoch = self.epoch.wrapping_add(1);
        self.series.iter_mut().for_each(|series| series.forget(now));
        self.tallies.clear(now);
    }
}

/// The number of the series for answers of so many output tokens.
pub(super) fn class(tokens: Option<u32>) -> usize {
    tokens.map_or(UNKNOWN, |tokens| CLASSES.iter().filter(|most| tokens > **most).count())
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

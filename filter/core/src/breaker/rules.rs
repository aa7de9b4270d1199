//! What a breaker is made to do, read once from the policy.

use std::time::Duration;

use seawall_policy::policy::{self, Forced, Trip};

use super::cause::{Cause, Signal};
use super::window::Slot;
use crate::telemetry::BreakerState;

/// Times the cooldown may double. A target that stays sick is asked again at least every four times `open`: a probe is
/// one small request that fails over, so a longer silence would save little and cost the time to come back.
const MOST_DOUBLINGS: u8 = 2;

#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Attempts are counted over this sliding window.
    pub(super) window: Duration,
    /// How long it stays open before the first probe, the first time.
    pub(super) open: Duration,
    /// Probes of each half-open stage.
    pub(super) recover: Vec<u32>,
    pub(super) force: Option<Forced>,
    // It opens when any of these is exceeded.
    pub(super) errors: Vec<Share>,
    pub(super) errors_in_a_row: Option<u32>,
    pub(super) quality: Vec<Share>,
    /// In hundredths of the baseline.
    pub(super) quality_drop: Option<u32>,
    pub(super) drifts: Vec<DriftLimit>,
    /// In micro-dollars.
    pub(super) cost: Option<u64>,
}

/// A bound for a share in basis points, once there were so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) bound_bp: u32,
    pub(super) at_least: u32,
}

/// A percentile may be so many hundredths of its baseline.
#[derive(Clone, Copy, Debug)]
pub(super) struct DriftLimit {
    pub(super) signal: Signal,
    pub(super) percentile: u8,
    pub(super) above_hundredths: u32,
}

/// How a percentile of the last answers stands to that of the time before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) now: Duration,
    /// In hundredths of the baseline.
    pub(crate) hundredths: u32,
}

impl Rules {
    pub(crate) fn new(breaker: &policy::Breaker) -> Self {
        let mut rules = Self {
            window: breaker.window,
            open: breaker.open,
            recover: breaker.recover.clone(),
            force: breaker.force,
            errors: Vec::new(),
            errors_in_a_row: None,
            quality: Vec::new(),
            quality_drop: None,
            drifts: Vec::new(),
            cost: None,
        };
        for trip in &breaker.trips {
            rules.add(*trip);
        }
        rules
    }

    fn add(&mut self, trip: Trip) {
        let mut drift = |signal, percentile, above_hundredths| {
            self.drifts.push(DriftLimit { signal, percentile, above_hundredths });
        };
        match trip {
            Trip::ErrorRate { above_bp: bound_bp, at_least } => {
                self.errors.push(Share { bound_bp, at_least });
            }
            Trip::Quality { below_bp: bound_bp, at_least } => {
                self.quality.push(Share { bound_bp, at_least });
            }
            Trip::QualityDrop { below_baseline_hundredths: bound } => {
                self.quality_drop = self.quality_drop.max(Some(bound));
            }
            Trip::Latency { percentile, above_baseline_hundredths } => {
                drift(Signal::Latency, percentile, above_baseline_hundredths);
            }
            Trip::FirstToken { percentile, above_baseline_hundredths } => {
                drift(Signal::FirstToken, percentile, above_baseline_hundredths);
            }
            Trip::PerToken { percentile, above_baseline_hundredths } => {
                drift(Signal::PerToken, percentile, above_baseline_hundredths);
            }
            // Of several the smallest is exceeded first.
            Trip::ErrorsInARow(errors) => {
                self.errors_in_a_row = Some(self.errors_in_a_row.map_or(errors, |other| other.min(errors)));
            }
            Trip::Cost { above_micro_dollars } => {
                self.cost =
                    Some(self.cost.map_or(above_micro_dollars, |other| other.min(above_micro_dollars)));
            }
        }
    }

    /// Whether bad answers open it at all.
    pub(super) fn watches_quality(&self) -> bool {
        !self.quality.is_empty() || self.quality_drop.is_some()
    }

    /// Whether errors in a row open it.
    pub(super) fn counts_rows(&self) -> bool {
        self.errors_in_a_row.is_some()
    }

    pub(crate) fn is_forced(&self) -> bool {
        self.force.is_some()
    }

    pub(crate) fn forced_state(&self) -> Option<BreakerState> {
        self.force.map(|force| match force {
            Forced::Open => BreakerState::Open,
            Forced::Closed => BreakerState::Closed,
        })
    }

    /// The limit that an error has exceeded, if it has one.
    pub(super) fn errors_exceeded(&self, count: Slot, in_a_row: u32) -> Option<Cause> {
        if self.errors_in_a_row.is_some_and(|most| in_a_row >= most) {
            return Some(Cause::ErrorsInARow(in_a_row));
        }
        let of = count.successes.saturating_add(count.failures);
        let is_exceeded = |limit: &Share| {
            of >= limit.at_least
                && u64::from(count.failures) * 10_000 > u64::from(of) * u64::from(limit.bound_bp)
        };
        self.errors
            .iter()
            .any(is_exceeded)
            .then(|| Cause::Errors { share_bp: basis_points(count.failures, of), of })
    }

    /// The limit that a bad answer has exceeded.
    pub(super) fn quality_exceeded(&self, count: Slot) -> Option<Cause> {
        let of = count.successes;
        let good = of.saturating_sub(count.bad);
        let is_exceeded = |limit: &Share| {
            of >= limit.at_least && u64::from(good) * 10_000 < u64::from(of) * u64::from(limit.bound_bp)
        };
        self.quality.iter().any(is_exceeded).then(|| Cause::Quality { share_bp: basis_points(good, of), of })
    }

    /// The share of good answers in basis points, and in hundredths of its baseline, if the latter is below the limit.
    pub(super) fn quality_dropped(&self, now: Option<(u32, u32)>) -> Option<Cause> {
        let (share_bp, hundredths) = now?;
        let is_below = self.quality_drop.is_some_and(|bound| hundredths < bound);
        is_below.then_some(Cause::QualityDrop { share_bp, hundredths })
    }

    /// The limit that answers have exceeded which were looked at after they had come.
    pub(super) fn appraised(&self, looked_at: Slot, of_usual: Option<(u32, u32)>) -> Option<Cause> {
        self.quality_exceeded(looked_at).or_else(|| self.quality_dropped(of_usual))
    }

    /// The limit that this cost of a request exceeds.
    pub(crate) fn cost_exceeded(&self, micro_dollars: u64) -> Option<Cause> {
        self.cost.filter(|most| micro_dollars > *most).map(|_| Cause::Cost { micro_dollars })
    }

    /// Over which window answers are compared with a baseline, if they are.
    pub(crate) fn drift_window(&self) -> Option<Duration> {
        self.watches_drift().then_some(self.window)
    }

    /// Whether answers are compared with a baseline at all.
    pub(super) fn watches_drift(&self) -> bool {
        !self.drifts.is_empty() || self.quality_drop.is_some()
    }

    /// The limit that answers have drifted beyond; `drift` says how a percentile stands, if enough is known.
    pub(crate) fn drift_exceeded(&self, mut drift: impl FnMut(Signal, u8) -> Option<Drift>) -> Option<Cause> {
        self.drifts.iter().find_map(|limit| {
            let Drift { now, hundredths } = drift(limit.signal, limit.percentile)?;
            (hundredths > limit.above_hundredths).then_some(Cause::Drift {
                signal: limit.signal,
                percentile: limit.percentile,
                now,
                hundredths,
            })
        })
    }

    /// How long it stays open after so many failed recoveries.
    pub(super) fn cooldown(&self, doublings: u8) -> Duration {
        self.open.saturating_mul(1 << doublings.min(MOST_DOUBLINGS))
    }

    /// The number of doublings after one more.
    pub(super) fn doubled(doublings: u8) -> u8 {
        doublings.saturating_add(1).min(MOST_DOUBLINGS)
    }

    /// Probes of a stage; a stage the policy does not have needs one.
    pub(super) fn probes(&self, stage: u8) -> u32 {
        self.recover.get(usize::from(stage)).copied().unwrap_or(1)
    }
}

/// A share of something; none of nothing.
fn basis_points(part: u32, of: u32) -> u32 {
    u32::try_from(u64::from(part) * 10_000 / u64::from(of.max(1))).unwrap_or(u32::MAX)
}

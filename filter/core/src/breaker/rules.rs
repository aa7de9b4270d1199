//! What a breaker is made to do, read once from the policy.

use std::time::Duration;

use seawall_policy::policy::{self, Trip};

use super::window::Slot;

#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Attempts are counted over this sliding window.
    pub(super) window: Duration,
    /// It opens when any of these is exceeded.
    pub(super) trips: Vec<ErrorRate>,
    /// How long it stays open before the first probe.
    pub(super) open: Duration,
    /// Probes of each half-open stage.
    pub(super) recover: Vec<u32>,
}

/// The share of errors is above this many basis points, of at least so many attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct ErrorRate {
    pub(super) above_bp: u32,
    pub(super) at_least: u32,
}

impl Rules {
    pub(crate) fn new(breaker: &policy::Breaker) -> Self {
        let error_rate = |trip: &Trip| match *trip {
            Trip::ErrorRate { above_bp, at_least } => Some(ErrorRate { above_bp, at_least }),
            // The checker refuses a policy with any of these.
            Trip::ErrorsInARow(_)
            | Trip::Latency { .. }
            | Trip::FirstToken { .. }
            | Trip::Quality { .. }
            | Trip::Cost { .. } => None,
        };
        Self {
            window: breaker.window,
            trips: breaker.trips.iter().filter_map(error_rate).collect(),
            open: breaker.open,
            recover: breaker.recover.clone(),
        }
    }
}

impl ErrorRate {
    pub(super) fn is_exceeded_by(self, count: Slot) -> bool {
        let all = u64::from(count.successes) + u64::from(count.failures);
        all >= u64::from(self.at_least) && u64::from(count.failures) * 10_000 > all * u64::from(self.above_bp)
    }
}

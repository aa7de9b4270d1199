//! What is told of a balance: how much of it is used, and how much is left.

use std::time::Duration;

use super::{Balance, Used};
use crate::limits::measure::Measure;
use crate::time::Timestamp;

impl Balance {
    /// Where less than half of what is warned of is used, the warning is told again when it is due: what goes up and down with each
    /// request is told once.
    pub(in crate::limits) fn calm(&mut self, measure: Measure, now: Timestamp, warn_bp: u32) {
        self.has_warned = self.has_warned && self.used_bp(measure, now) >= warn_bp / 2;
    }

    /// How much is used, in basis points, where that is at least what is warned of; and whether nobody has been told yet.
    pub(in crate::limits) fn warn(
        &mut self,
        measure: Measure,
        now: Timestamp,
        warn_bp: u32,
    ) -> Option<(u32, bool)> {
        let used = self.used_bp(measure, now);
        (used >= warn_bp).then(|| (used, !std::mem::replace(&mut self.has_warned, true)))
    }

    /// How many hundredths of what is usual are used, where that is an anomaly; and whether nobody has been told yet.
    pub(in crate::limits) fn unusual(&mut self, measure: Measure, now: Timestamp) -> Option<(u64, bool)> {
        let (Used::Usual(usual), Measure::Baseline(baseline)) = (&self.used, measure) else { return None };
        let hundredths = usual.unusual(baseline, now)?;
        Some((hundredths, !std::mem::replace(&mut self.has_warned, true)))
    }

    /// What a request may still use now, and in which time all of it is back.
    pub(in crate::limits) fn remaining(&self, measure: Measure, now: Timestamp) -> (u64, Duration) {
        match (&self.used, measure) {
            (Used::Rate { upper, .. }, Measure::Rate(pace)) => {
                let debt = upper.saturating_sub(now.0);
                let most = pace.burst_time(0);
                (pace.units(most.saturating_sub(debt)), Duration::from_nanos(debt))
            }
            (Used::Money { newest, spent }, Measure::Money(budget)) => {
                let spent = spent.iter().fold(self.held.total(), |sum, slot| sum.saturating_add(*slot));
                let end = (newest + budget.slots()).saturating_mul(budget.slot());
                (budget.micro_dollars.saturating_sub(spent), Timestamp(end).since(now))
            }
            (Used::Sum { last, used, before }, Measure::Sum(sum)) => {
                let used = used.saturating_sub(*before).saturating_add(self.held.total());
                let end = Timestamp(last.saturating_add(sum.silence));
                (sum.amount.saturating_sub(used), end.since(now))
            }
            _ => (measure.amount().saturating_sub(self.held.total()), Duration::ZERO),
        }
    }

    /// How much of the amount is in use, in basis points: of a rate, what has been used within a period, and what is reserved.
    pub(in crate::limits) fn used_bp(&self, measure: Measure, now: Timestamp) -> u32 {
        let used = match (&self.used, measure) {
            (Used::Rate { recent, .. }, Measure::Rate(pace)) => {
                recent.within(pace.period(), now).saturating_add(self.held.total())
            }
            _ => measure.amount().saturating_sub(self.remaining(measure, now).0),
        };
        u32::try_from(used.saturating_mul(10_000) / measure.amount().max(1)).unwrap_or(u32::MAX)
    }

    /// Whether at least half of the amount isn't in use: of a rate, of what may be used at once.
    pub(in crate::limits) fn is_half_free(&self, measure: Measure, now: Timestamp) -> bool {
        let (used, of) = match (&self.used, measure) {
            (Used::Rate { upper, .. }, Measure::Rate(pace)) => {
                (upper.saturating_sub(now.0), pace.burst_time(0))
            }
            _ => (measure.amount().saturating_sub(self.remaining(measure, now).0), measure.amount()),
        };
        used <= of / 2
    }
}

//! What one limit knows of one key: what has been used, and what is held by requests under way.
//!
//! **Rates** are a GCRA (Generic Cell Rate Algorithm, ITU-T I.371): the *theoretical arrival time* of the next unit. How far it lies
//! ahead is the debt, which time pays back. A request reserves what it may use when it is admitted, and what it really used
//! is known only at its end. Giving the difference back as such would admit too much: time has paid back some of it already, and a
//! debt that was paid in full gains nothing by having been smaller. So there are two arrival times, and both are never too early:
//!
//! ```text
//! upper   every request charged with its reservation, at its admission
//! lower   every request charged with what it used, at its end; and every one under way with its reservation, now
//! ```
//!
//! Charging later never makes the debt smaller, so the smaller of the two is still at least what is owed by requests charged
//! with what they used when they were admitted. That smaller one is kept in `upper`. Hence over any window
//!
//! ```text
//! used by those admitted in it <= rate · window + burst        (+ what answers used beyond their reservations)
//! ```
//!
//! What is used beyond a reservation is charged when it is known, and paid back before anything else is admitted.
//!
//! A debt says how much can be used at once, and nothing of how much has been used of a rate: who may use one unit at a time owes
//! all of it after each. So a rate that warns counts beside what has been used in this period and the one before, see `recent`.
//!
//! **Money** counts in a window: the calendar's, or a rolling one of twelve slots and the one that fills, so that no window of that
//! length sees more. What is spent counts when it is known, and what is reserved until then.
//!
//! **Concurrency** is what is held. How long a place is usually held is remembered beside it, so that a caller can be told when to
//! come back.
//!
//! **A baseline** lies beside a limit that tells of anomalies: what is used is compared with what is usual, and nothing is refused.
//! See `usual`.
//!
//! **A conversation** has a sum that never shrinks, and begins anew when nothing has been heard of it for long.

mod succession;
mod told;

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::held::{Held, Passed};
use super::measure::{Measure, ROLLING};
use super::recent::Recent;
use super::unsettled::Settlement;
use super::usual::Usual;
use super::wire::{Reader, Writer};
use crate::time::{Timestamp, nanos};

/// When to ask again where nobody can know: what blocks is what requests under way hold.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// No caller is told to come back sooner, or later, for a place that others hold.
const SOONEST: Duration = Duration::from_millis(20);
const LATEST: Duration = Duration::from_secs(60);

/// The newest of so many places decides about as much of what is usual.
const REMEMBERED: u64 = 8;

/// What a limit says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fits,
    /// It fits after this time if nobody else comes, and not a nanosecond before.
    After(Duration),
    /// It fits when enough of what is under way has ended.
    WhenReleased,
    /// It is larger than all that is ever admitted.
    Never,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Balance {
    used: Used,
    pub(super) held: Held,
    /// Who waits in line.
    pub(super) seats: Held,
    /// Whether it has been told that so much of it is used.
    has_warned: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Used {
    Rate {
        /// Theoretical arrival times in nanoseconds since the epoch.
        upper: u64,
        lower: u64,
        /// Kept where its rate is one that warns.
        recent: Recent,
    },
    /// For how long a place was usually held, in milliseconds: a moving average. Zero before the first.
    Places {
        usual: u32,
    },
    /// In micro-dollars by slot; slot `n` lies at `n % slots`.
    Money {
        newest: u64,
        spent: [u64; ROLLING],
    },
    Sum {
        /// When it was last heard of, in nanoseconds since the epoch.
        last: u64,
        used: u64,
        /// How much of that others had used, who had its place in the table before.
        before: u64,
    },
    Usual(Usual),
}

impl Balance {
    pub(super) fn read(measure: Measure, bytes: &mut Reader<'_>) -> Option<Self> {
        let used = match measure {
            Measure::Rate(_) => {
                Used::Rate { upper: bytes.u64()?, lower: bytes.u64()?, recent: Recent::default() }
            }
            Measure::Concurrent(_) => Used::Places { usual: bytes.u32()? },
            Measure::Sum(_) => Used::Sum { last: bytes.u64()?, used: bytes.u64()?, before: bytes.u64()? },
            Measure::Baseline(_) => Used::Usual(Usual::read(bytes)?),
            Measure::Money(budget) => {
                let newest = bytes.u64()?;
                let mut spent = [0; ROLLING];
                for slot in spent.iter_mut().take(budget.slots() as usize) {
                    *slot = bytes.u64()?;
                }
                Used::Money { newest, spent }
            }
        };
        let held = Held { older: bytes.u64()?, newer: bytes.u64()? };
        let seats = Held { older: bytes.u16()?.into(), newer: bytes.u16()?.into() };
        let mut balance = Self { used, held, seats, has_warned: bytes.u8()? != 0 };
        if let (Used::Rate { recent, .. }, Measure::Rate(pace)) = (&mut balance.used, measure)
            && pace.warns()
        {
            *recent = Recent::read(bytes)?;
        }
        Some(balance)
    }

    pub(super) fn write(&self, measure: Measure, bytes: &mut Writer<'_>) {
        match (&self.used, measure) {
            (Used::Rate { upper, lower, .. }, _) => {
                bytes.u64(*upper);
                bytes.u64(*lower);
            }
            (Used::Sum { last, used, before }, _) => {
                bytes.u64(*last);
                bytes.u64(*used);
                bytes.u64(*before);
            }
            (Used::Money { newest, spent }, Measure::Money(budget)) => {
                bytes.u64(*newest);
                spent.iter().take(budget.slots() as usize).for_each(|slot| bytes.u64(*slot));
            }
            (Used::Places { usual }, _) => bytes.u32(*usual),
            (Used::Usual(usual), _) => usual.write(bytes),
            (Used::Money { .. }, _) => {}
        }
        bytes.u64(self.held.older);
        bytes.u64(self.held.newer);
        bytes.u16(u16::try_from(self.seats.older).unwrap_or(u16::MAX));
        bytes.u16(u16::try_from(self.seats.newer).unwrap_or(u16::MAX));
        bytes.u8(self.has_warned.into());
        // At the end: the rest is the same whether or not it warns.
        if let (Used::Rate { recent, .. }, Measure::Rate(pace)) = (&self.used, measure)
            && pace.warns()
        {
            recent.write(bytes);
        }
    }

    /// Brings it up to this time.
    pub(super) fn roll(&mut self, measure: Measure, now: Timestamp, passed: Passed) {
        self.held.roll(passed.epochs);
        self.seats.roll(passed.epochs);
        // A clock that was wrong for a while must not close a limit for good: debts by it are none.
        if let (Used::Rate { upper, lower, .. }, true) = (&mut self.used, passed.is_back) {
            (*upper, *lower) = ((*upper).min(now.0), (*lower).min(now.0));
        }
        self.catch_up(measure, now);
    }

    fn catch_up(&mut self, measure: Measure, now: Timestamp) {
        match (&mut self.used, measure) {
            (Used::Rate { upper, lower, recent }, Measure::Rate(pace)) => {
                recent.roll(pace.period(), now);
                let under_way = pace.time(self.held.total());
                *upper = (*upper).min((*lower).max(now.0).saturating_add(under_way));
            }
            (Used::Money { newest, spent }, Measure::Money(budget)) => {
                let (current, slots) = (now.0 / budget.slot(), budget.slots());
                if newest.saturating_sub(current) > slots {
                    // The clock has stepped back by more than all of it.
                    *newest = current;
                }
                for number in current.saturating_sub((current.saturating_sub(*newest)).min(slots))..current {
                    if let Some(slot) = spent.get_mut(((number + 1) % slots) as usize) {
                        *slot = 0;
                    }
                }
                *newest = (*newest).max(current);
            }
            (Used::Usual(usual), Measure::Baseline(baseline)) => {
                self.has_warned &= !usual.roll(baseline, now);
            }
            (Used::Sum { last, used, before }, Measure::Sum(sum))
                if now.0.saturating_sub(*last) >= sum.silence && self.held.total() == 0 =>
            {
                (*used, *before) = (0, 0);
            }
            _ => {}
        }
    }

    /// Whether a request of this cost fits now. To be asked after [`Balance::roll`].
    pub(super) fn check(&self, measure: Measure, now: Timestamp, cost: u64) -> Verdict {
        if cost == 0 {
            return Verdict::Fits;
        }
        if cost > measure.amount() {
            return Verdict::Never;
        }
        match (&self.used, measure) {
            (Used::Rate { upper, .. }, Measure::Rate(pace)) => {
                let debt = upper.saturating_sub(now.0).saturating_add(pace.time(cost));
                match debt.saturating_sub(pace.burst_time(cost)) {
                    0 => Verdict::Fits,
                    wait => Verdict::After(Duration::from_nanos(wait)),
                }
            }
            (Used::Money { newest, spent }, Measure::Money(budget)) => {
                let mut left = spent.iter().fold(cost, |sum, slot| sum.saturating_add(*slot));
                if left.saturating_add(self.held.total()) <= budget.micro_dollars {
                    return Verdict::Fits;
                }
                // The oldest slots leave first.
                for number in 1..=budget.slots() {
                    if left <= budget.micro_dollars {
                        break;
                    }
                    let slot = ((newest + number) % budget.slots()) as usize;
                    left = left.saturating_sub(spent.get(slot).copied().unwrap_or_default());
                    if left <= budget.micro_dollars {
                        let at = (newest + number).saturating_mul(budget.slot());
                        return Verdict::After(Timestamp(at).since(now));
                    }
                }
                // What was reserved is mostly more than what comes to be spent.
                Verdict::WhenReleased
            }
            (Used::Sum { used, before, .. }, Measure::Sum(sum)) => {
                let used = used.saturating_sub(*before).saturating_add(cost);
                match used.saturating_add(self.held.total()) <= sum.amount {
                    true => Verdict::Fits,
                    false if used > sum.amount => Verdict::Never,
                    false => Verdict::WhenReleased,
                }
            }
            (Used::Usual(_), _) => Verdict::Fits,
            (_, Measure::Concurrent(most)) if self.held.total().saturating_add(cost) <= most => Verdict::Fits,
            _ => Verdict::WhenReleased,
        }
    }

    /// Takes a request's cost.
    pub(super) fn reserve(&mut self, measure: Measure, now: Timestamp, cost: u64) {
        self.held.take(cost);
        self.charge(measure, now, cost);
    }

    fn charge(&mut self, measure: Measure, now: Timestamp, cost: u64) {
        match (&mut self.used, measure) {
            (Used::Rate { upper, .. }, Measure::Rate(pace)) => {
                *upper = (*upper).max(now.0).saturating_add(pace.time(cost));
            }
            (Used::Sum { last, .. }, _) => *last = (*last).max(now.0),
            _ => {}
        }
    }

    /// Takes back what was reserved so long ago and came to nothing. Had it not been reserved, the debt would be less by as much, but
    /// for the time since: in it a smaller debt may have been paid in full, and what was left of the time is nobody's.
    pub(super) fn undo(&mut self, measure: Measure, cost: u64, ago: Duration) {
        self.held.give(cost);
        if let (Used::Rate { upper, .. }, Measure::Rate(pace)) = (&mut self.used, measure) {
            *upper = upper.saturating_sub(pace.time(cost).saturating_sub(nanos(ago)));
        }
    }

    /// How long until the first of those who hold something gives it back; of concurrency, by how long they usually do.
    pub(super) fn soon(&self, measure: Measure) -> Duration {
        match self.turnover(measure) {
            Duration::ZERO => SOON,
            time => time.clamp(SOONEST, LATEST),
        }
    }

    /// In which time one more place among concurrent requests comes back where all are in use; zero where that isn't known.
    pub(super) fn turnover(&self, measure: Measure) -> Duration {
        match (&self.used, measure) {
            (Used::Places { usual }, Measure::Concurrent(most)) => {
                Duration::from_micros(u64::from(*usual).saturating_mul(1_000) / most.max(1))
            }
            _ => Duration::ZERO,
        }
    }

    /// Places among concurrent ones were held for so long together.
    fn learn(&mut self, requests: u32, time: Duration) {
        if let (Used::Places { usual }, Some(mean)) = (&mut self.used, time.checked_div(requests)) {
            let millis = u64::try_from(mean.as_millis()).unwrap_or(u64::MAX).clamp(1, u32::MAX.into());
            let mut known = if *usual == 0 { millis } else { u64::from(*usual) };
            // More of the same teach nothing more.
            for _ in 0..u64::from(requests).min(2 * REMEMBERED) {
                known = ((REMEMBERED - 1) * known + millis) / REMEMBERED;
            }
            *usual = u32::try_from(known.max(1)).unwrap_or(u32::MAX);
        }
    }

    /// Replaces what requests reserved by what they used.
    pub(super) fn settle(&mut self, measure: Measure, now: Timestamp, of: &Settlement) {
        self.held.give(of.reserved);
        self.charge(measure, now, of.beyond);
        match (&mut self.used, measure) {
            (Used::Rate { lower, recent, .. }, Measure::Rate(pace)) => {
                *lower = (*lower).max(now.0).saturating_add(pace.time(of.used));
                recent.roll(pace.period(), now);
                recent.add(of.used);
            }
            (Used::Money { newest, spent }, Measure::Money(budget)) => {
                if let Some(slot) = spent.get_mut((*newest % budget.slots()) as usize) {
                    *slot = slot.saturating_add(of.used);
                }
            }
            (Used::Sum { used, .. }, _) => *used = used.saturating_add(of.used),
            (Used::Usual(usual), _) => usual.add(of.used),
            _ => {}
        }
        self.learn(of.requests, of.time);
        self.catch_up(measure, now);
    }
}

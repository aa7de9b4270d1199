//! How many attempts failed, how many answers were good, and which rules the others broke.

use super::slots::LONGEST;
use crate::output::{Broken, Rule};

/// Rules of a route's `output`.
pub(super) const RULES: usize = Rule::ALL.len();
/// Fewer judged answers say little about what is usual.
pub(super) const LEAST: u32 = 20;
/// Time constant of the baseline, in seconds.
const MEMORY: u64 = 600;
/// In so many seconds a baseline may fall by as much as it is.
const FALL: u64 = 6_000;

/// Counts of one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) attempts: u32,
    pub(super) failures: u32,
    /// Answers whose quality is known, and those of them that were good.
    pub(super) judged: u32,
    pub(super) good: u32,
    /// Answers that were held to an `output`, and those of them that broke each rule.
    pub(super) checked: u32,
    pub(super) broken: [u32; RULES],
}

impl Tally {
    /// Those of one answer.
    pub(super) fn checked(broken: Broken) -> Self {
        let broken = Rule::ALL.map(|rule| u32::from(broken.has(rule)));
        Self { checked: 1, broken, ..Self::default() }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.failures = self.failures.saturating_add(other.failures);
        self.judged = self.judged.saturating_add(other.judged);
        self.good = self.good.saturating_add(other.good);
        self.checked = self.checked.saturating_add(other.checked);
        for (count, more) in self.broken.iter_mut().zip(other.broken) {
            *count = count.saturating_add(more);
        }
    }
}

/// Moves what share of answers is usually good towards that of the slot that leaves the window, as baselines of latency are moved, the
/// other way round: an hour of bad answers takes it down by less than a half. In basis points; 0 for none.
pub(super) fn learn(baseline: &mut u32, leaving: &Tally, age: u32) {
    let (Some(share), age) = (share_bp(leaving.good, leaving.judged), u64::from(age.min(LONGEST))) else {
        return;
    };
    if leaving.judged < LEAST {
        return;
    }
    let (old, share) = (u64::from(*baseline), u64::from(share));
    let new = if old == 0 {
        share
    } else if share >= old {
        old + (share - old) * age / MEMORY
    } else {
        old - ((old - share) * age / MEMORY).min((old * age / FALL).max(1))
    };
    // None is good: that is a baseline too.
    *baseline = u32::try_from(new.max(1)).unwrap_or(u32::MAX);
}

/// A share in basis points; `None` of nothing.
pub(super) fn share_bp(part: u32, all: u32) -> Option<u32> {
    u32::try_from((u64::from(part) * 10_000).checked_div(u64::from(all))?).ok()
}

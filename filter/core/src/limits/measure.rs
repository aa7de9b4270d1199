//! How a limit counts, and how much there is.

use super::pace::Pace;
use super::recent::Recent;
use super::usual::{Baseline, Usual};

/// Slots of a rolling window: twelve that are full, and the one that fills.
pub(super) const ROLLING: usize = 13;

/// How a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Rate(Pace),
    /// So many at the same time.
    Concurrent(u64),
    Money(Budget),
    Sum(Sum),
    Baseline(Baseline),
}

/// So much in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) amount: u64,
    /// After so many nanoseconds of silence it begins anew.
    pub(super) silence: u64,
}

/// So much money in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) micro_dollars: u64,
    /// In nanoseconds.
    pub(super) period: u64,
    pub(super) is_rolling: bool,
}

impl Budget {
    pub(super) fn slots(self) -> u64 {
        if self.is_rolling { ROLLING as u64 } else { 1 }
    }

    /// Length of a slot, in nanoseconds.
    pub(super) fn slot(self) -> u64 {
        (self.period / (self.slots() - 1).max(1)).max(1)
    }
}

impl Measure {
    /// Bytes of a balance.
    pub(super) fn size(self) -> usize {
        let used = match self {
            Self::Rate(pace) => 16 + if pace.warns() { Recent::SIZE } else { 0 },
            Self::Sum(_) => 24,
            Self::Concurrent(_) => 4,
            Self::Baseline(_) => Usual::SIZE,
            Self::Money(budget) => 8 + 8 * budget.slots() as usize,
        };
        used + 16 + 4 + 1
    }

    /// What a balance can't do without if it is to mean the same under a changed policy.
    pub(super) fn kind(self) -> u64 {
        match self {
            Self::Rate(_) => 1,
            Self::Concurrent(_) => 2,
            Self::Sum(_) => 3,
            Self::Baseline(baseline) => baseline.window << 8 | 4,
            Self::Money(budget) => budget.slot() << 8 | budget.slots(),
        }
    }

    /// All there is to use, in units or micro-dollars.
    pub(super) fn amount(self) -> u64 {
        match self {
            Self::Rate(pace) => pace.amount(),
            Self::Concurrent(most) => most,
            Self::Money(budget) => budget.micro_dollars,
            Self::Sum(sum) => sum.amount,
            Self::Baseline(_) => u64::MAX,
        }
    }
}

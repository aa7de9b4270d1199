//! How many attempts failed, and how many answers were good.

/// Counts of one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) attempts: u32,
    pub(super) failures: u32,
    /// Answers whose quality is known, and those of them that were good.
    pub(super) judged: u32,
    pub(super) good: u32,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.failures = self.failures.saturating_add(other.failures);
        self.judged = self.judged.saturating_add(other.judged);
        self.good = self.good.saturating_add(other.good);
    }
}

/// A share in basis points; `None` of nothing.
pub(super) fn share_bp(part: u32, all: u32) -> Option<u32> {
    u32::try_from((u64::from(part) * 10_000).checked_div(u64::from(all))?).ok()
}

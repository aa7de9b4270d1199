//! How it stands between a service and this worker.

use super::{LATE, TIMEOUT};
use crate::time::Timestamp;

/// So many granted in a row, and a limit that was closed is open for all who have waited.
const OPEN: u32 = 32;

/// How it stands with one limit at one key, between its service and this worker.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    /// What is owed to the service; a credit where it is negative.
    pub(super) owed: i64,
    /// When that is forgotten.
    pub(super) until: Timestamp,
    /// So many hits and more have been refused; until then. It stays when that is over, until enough has been granted.
    pub(super) closed: Option<(u64, Timestamp)>,
    /// Since then: questions under way, when the last of them was asked, and what has been granted.
    under_way: u32,
    last: Timestamp,
    pub(super) granted: u32,
}

impl Account {
    /// What is owed still.
    pub(super) fn owed(&self, now: Timestamp) -> i64 {
        if self.until > now { self.owed } else { 0 }
    }

    /// Whether it was closed, and has opened.
    pub(super) fn has_opened(&self, now: Timestamp) -> bool {
        self.closed.is_some_and(|(_, until)| until <= now)
    }

    /// Whether one more of those who have waited may ask.
    pub(super) fn lets_ask(&self, now: Timestamp) -> bool {
        let is_silent = now.since(self.last) > TIMEOUT.saturating_add(LATE);
        !self.has_opened(now) || is_silent || self.under_way <= self.granted
    }

    /// A question has been put about it.
    pub(super) fn asked(&mut self, now: Timestamp) {
        self.under_way = self.under_way.saturating_add(1);
        self.last = now;
    }

    /// One of them has been answered.
    pub(super) fn heard(&mut self, now: Timestamp, is_granted: bool) {
        self.under_way = self.under_way.saturating_sub(1);
        if is_granted && self.has_opened(now) {
            self.granted = self.granted.saturating_add(1);
        }
        if self.granted >= OPEN {
            self.closed = None;
        }
    }

    pub(super) fn close(&mut self, hits: u64, until: Timestamp) {
        (self.closed, self.granted) = (Some((hits, until)), 0);
    }

    /// When nothing of it matters any more.
    pub(super) fn end(&self) -> Timestamp {
        let closed = self.closed.map(|(_, until)| until).unwrap_or_default();
        if self.owed == 0 { closed } else { closed.max(self.until) }
    }

    /// Adds to what is owed. What was owed before isn't owed for longer because of it, and neither is a credit kept.
    pub(super) fn add(&mut self, now: Timestamp, more: i64, until: Timestamp) {
        if until <= now {
            return;
        }
        let before = self.owed(now);
        self.owed = before.saturating_add(more);
        if before == 0 || before.signum() != self.owed.signum() {
            self.until = until;
        } else if before.signum() == more.signum() {
            self.until = self.until.min(until);
        }
    }
}

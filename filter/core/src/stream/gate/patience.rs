//! How long an answer may be silent, and what follows when it is for longer.

use std::time::Duration;

use super::{Flow, Gate, State};
use crate::stream::{Verdict, write};
use crate::time::Timestamp;

/// How long an answer that is finished may keep its end marker back. Usage comes before it, milliseconds after the last text.
pub(in crate::stream) const GRACE: Duration = Duration::from_secs(1);

/// The same where the dialect has no marker, and only the connection's end tells that nothing more comes. Gemini has sent a reason
/// to stop with every event of a stream, and Bedrock tells the usage in one more event.
pub(in crate::stream) const LONG_GRACE: Duration = Duration::from_secs(5);

/// How long an answer may be silent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub first_token: Option<Duration>,
    pub idle: Option<Duration>,
    /// From the attempt's beginning to the end of its answer.
    pub total: Option<Duration>,
}

impl Gate {
    /// When to call [`lapse`](Self::lapse), if nothing comes before.
    pub fn deadline(&self) -> Option<Timestamp> {
        if !matches!(self.state, State::Held | State::Committed) {
            return None;
        }
        [self.grace_ends(), self.first_token_due(), self.idle_ends(), self.total_ends()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed, and maybe too much of it.
    pub fn lapse(&mut self, now: Timestamp) -> Flow {
        let is_over = |end: Option<Timestamp>| end.is_some_and(|end| now >= end);
        if self.deadline().is_none() {
            Flow::Hold
        } else if is_over(self.grace_ends()) {
            self.complete()
        } else if ![self.first_token_due(), self.idle_ends(), self.total_ends()].into_iter().any(is_over) {
            Flow::Hold
        } else if self.watch.is_finished() {
            // Nothing of it is missing, whatever its connection still waits for.
            self.complete()
        } else {
            self.fail(Verdict::TimedOut)
        }
    }

    fn grace_ends(&self) -> Option<Timestamp> {
        let has_marker = write::has_marker(self.watch.dialect(), self.watch.framing());
        let grace = if has_marker { GRACE } else { LONG_GRACE };
        self.finished.map(|finished| finished.after(grace))
    }

    fn first_token_due(&self) -> Option<Timestamp> {
        let limit = self.rules.limits.first_token.filter(|_| self.first_token.is_none());
        limit.map(|limit| self.begun.after(limit))
    }

    fn total_ends(&self) -> Option<Timestamp> {
        self.rules.limits.total.map(|limit| self.begun.after(limit))
    }

    fn idle_ends(&self) -> Option<Timestamp> {
        self.rules.limits.idle.map(|limit| self.last.after(limit))
    }
}

//! Successes that one worker keeps to itself for a while.

use super::record::Verdict;
use super::rules::Rules;
use super::window::{SLOTS, Slot};
use super::{Breaker, Phase, Ticket};
use crate::time::Timestamp;

/// Successes may wait while they are less than one in so many of those in the window.
const SHARE: u32 = 64;

/// Successes of a closed breaker that one worker has not written down yet.
///
/// A healthy target's every answer would cost a read and a write of the shared cell. Its successes are remembered
/// instead and written at one of this worker's next looks at the cell, which an attempt soon needs anyway: at the first
/// while the window holds little, later when they are one [`SHARE`]th of what it holds or a slot old, and always before
/// a failure of this worker. So while traffic flows the window lacks less than workers / [`SHARE`] of its successes, and those
/// of about a millisecond.
///
/// None of them is one that ends a row of errors: while a row is counted a success is written at once, so what is remembered
/// came before the row's first error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(super) generation: u32,
    pub(super) successes: u32,
    /// When the first of them came. All of them count as of then.
    pub(super) since: Timestamp,
}

impl Remembered {
    /// Takes in a success, if it is one that can wait.
    pub(crate) fn takes(&mut self, ticket: Ticket, verdict: Verdict, now: Timestamp) -> bool {
        let can_wait = !ticket.is_probe && verdict == Verdict::Success;
        if can_wait {
            if self.generation != ticket.generation {
                // What an earlier phase admitted does not count any more.
                *self = Self { generation: ticket.generation, ..Self::default() };
            }
            if self.successes == 0 {
                self.since = now;
            }
            self.successes = self.successes.saturating_add(1);
        }
        can_wait
    }
}

impl Breaker {
    /// Whether what a worker has remembered need not be written yet.
    pub(crate) fn lets_wait(&mut self, rules: &Rules, now: Timestamp, remembered: Remembered) -> bool {
        self.window.roll(rules.window, now);
        self.phase == Phase::Closed
            && self.generation == remembered.generation
            && remembered.successes < self.window.total().successes / SHARE
            && now.since(remembered.since) < rules.window / SLOTS as u32
    }

    /// Writes down what a worker has remembered.
    pub(crate) fn recall(&mut self, rules: &Rules, now: Timestamp, remembered: Remembered) {
        if self.phase == Phase::Closed && self.generation == remembered.generation && remembered.successes > 0
        {
            self.window.roll(rules.window, now);
            self.window.add(remembered.since, Slot { successes: remembered.successes, ..Slot::default() });
        }
    }
}

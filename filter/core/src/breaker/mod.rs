//! Circuit breaker: stops sending to a target that keeps failing, so that callers fail over at once and the target gets
//! room to recover.
//!
//! | from | event | guard | to | effect |
//! |---|---|---|---|---|
//! | closed | failure | any trip: its share of errors exceeded, enough attempts in the window | open | until now + `open` |
//! | open | admission | `open` has passed | half-open, first stage | this attempt is its first probe |
//! | open | admission | otherwise | open | refused |
//! | half-open | admission | probes left in the stage | half-open | admitted as a probe |
//! | half-open | admission | none left | half-open | refused |
//! | half-open | success | last one of the stage | next stage, or closed with an empty window | |
//! | half-open | failure | | open | until now + `open` |
//!
//! Cold start: no trip counts before the window holds its least number of attempts. Open becomes half-open only when
//! somebody asks, so a target without traffic needs no timer. Results count only in the phase that admitted them: the
//! failures of slow attempts that began before it opened say nothing about its recovery. A probe whose worker died
//! would keep its place for ever; after [`PROBE_LEASE`] without progress the places are given out again.

mod cell;
mod rules;
mod window;

use std::time::Duration;

pub(crate) use self::rules::Rules;
use self::window::{SLOTS, Slot, Window};
use crate::telemetry::BreakerState;
use crate::time::Timestamp;

/// How long probes may be out without one coming back before they count as lost.
const PROBE_LEASE: Duration = Duration::from_secs(60);

/// Successes may wait while they are less than one in so many of those in the window.
const SHARE: u32 = 64;

/// What the caller of a refused admission may be told to wait while probes are out.
const PROBE_WAIT: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    /// Grows with every change of phase.
    generation: u32,
    phase: Phase,
    window: Window,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Closed,
    Open {
        until: Timestamp,
    },
    HalfOpen {
        stage: u8,
        /// Probes given out in this stage, and how many of them succeeded.
        admitted: u32,
        succeeded: u32,
        /// When a probe was last given out or came back.
        progress: Timestamp,
    },
}

/// The right to make one attempt; given back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    generation: u32,
    is_probe: bool,
}

/// Successes of a closed breaker that one worker has not written down yet.
///
/// A healthy target's every answer would cost a read and a write of the shared cell. Its successes are remembered
/// instead and written at one of this worker's next looks at the cell, which the next attempt needs anyway: at the first
/// while the window holds little, later when they are one [`SHARE`]th of what it holds or a slot old, and always before
/// a failure of this worker. So while traffic flows the window lacks less than workers / [`SHARE`] of its successes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    generation: u32,
    successes: u32,
    /// When the first of them came. All of them count as of then.
    since: Timestamp,
}

impl Remembered {
    /// Takes in a success, if it is one that can wait.
    pub(crate) fn takes(&mut self, permit: Permit, verdict: Verdict, now: Timestamp) -> bool {
        let can_wait = !permit.is_probe && verdict == Verdict::Success;
        if can_wait {
            if self.generation != permit.generation {
                // What an earlier phase admitted does not count any more.
                *self = Self { generation: permit.generation, ..Self::default() };
            }
            if self.successes == 0 {
                self.since = now;
            }
            self.successes = self.successes.saturating_add(1);
        }
        can_wait
    }
}

/// What came of an admitted attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    Failure,
    /// Nothing was learnt: the client went away.
    Dropped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted(Permit),
    /// Asking again before this time is no use.
    Refused {
        until: Timestamp,
    },
}

/// A change worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) from: BreakerState,
    pub(crate) to: BreakerState,
}

impl Breaker {
    pub(crate) fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Asks to make an attempt.
    pub(crate) fn admit(&mut self, rules: &Rules, now: Timestamp) -> (Admission, Option<Transition>) {
        let before = self.state();
        if let Phase::Open { until } = self.phase {
            if now < until {
                return (Admission::Refused { until }, None);
            }
            self.enter(Phase::HalfOpen { stage: 0, admitted: 0, succeeded: 0, progress: now });
        }
        let (generation, mut is_probe) = (self.generation, false);
        if let Phase::HalfOpen { stage, admitted, succeeded, progress } = &mut self.phase {
            if now.since(*progress) >= PROBE_LEASE {
                *admitted = *succeeded;
            }
            if *admitted >= probes(rules, *stage) {
                return (Admission::Refused { until: now.after(PROBE_WAIT) }, None);
            }
            *admitted += 1;
            *progress = now;
            is_probe = true;
        }
        (Admission::Admitted(Permit { generation, is_probe }), self.transition(before))
    }

    /// Whether [`Breaker::admit`] would admit now.
    pub(crate) fn would_admit(&self, rules: &Rules, now: Timestamp) -> bool {
        matches!(self.clone().admit(rules, now), (Admission::Admitted(_), _))
    }

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
            self.window.add(remembered.since, Slot { successes: remembered.successes, failures: 0 });
        }
    }

    /// Takes back a permit.
    pub(crate) fn record(
        &mut self,
        rules: &Rules,
        now: Timestamp,
        permit: Permit,
        verdict: Verdict,
    ) -> Option<Transition> {
        if permit.generation != self.generation {
            return None;
        }
        let before = self.state();
        match (&mut self.phase, verdict) {
            (Phase::Closed, Verdict::Dropped) | (Phase::Open { .. }, _) => {}
            (Phase::Closed, Verdict::Success) => {
                self.window.record(rules.window, now, Slot { successes: 1, failures: 0 })
            }
            (Phase::Closed, Verdict::Failure) => {
                self.window.record(rules.window, now, Slot { successes: 0, failures: 1 });
                if self.is_over_a_limit(rules) {
                    self.enter(Phase::Open { until: now.after(rules.open) });
                }
            }
            (Phase::HalfOpen { .. }, Verdict::Failure) => {
                self.enter(Phase::Open { until: now.after(rules.open) });
            }
            (Phase::HalfOpen { admitted, progress, .. }, Verdict::Dropped) => {
                *admitted = admitted.saturating_sub(1);
                *progress = now;
            }
            (Phase::HalfOpen { stage, succeeded, progress, .. }, Verdict::Success) => {
                *succeeded = succeeded.saturating_add(1);
                *progress = now;
                if *succeeded >= probes(rules, *stage) {
                    let stage = stage.saturating_add(1);
                    // A stage is a phase of its own: a lost probe of an earlier one does not count here.
                    if usize::from(stage) < rules.recover.len() {
                        self.enter(Phase::HalfOpen { stage, admitted: 0, succeeded: 0, progress: now });
                    } else {
                        self.window = Window::default();
                        self.enter(Phase::Closed);
                    }
                }
            }
        }
        self.transition(before)
    }

    fn is_over_a_limit(&self, rules: &Rules) -> bool {
        let count = self.window.total();
        rules.trips.iter().any(|limit| limit.is_exceeded_by(count))
    }

    fn enter(&mut self, phase: Phase) {
        self.generation = self.generation.wrapping_add(1);
        self.phase = phase;
    }

    fn transition(&self, from: BreakerState) -> Option<Transition> {
        let to = self.state();
        (from != to).then_some(Transition { from, to })
    }
}

/// Probes of a stage; a stage the policy does not have needs one.
fn probes(rules: &Rules, stage: u8) -> u32 {
    rules.recover.get(usize::from(stage)).copied().unwrap_or(1)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

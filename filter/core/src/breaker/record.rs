//! What the results of attempts do to a breaker.

use std::time::Duration;

use super::cause::Cause;
use super::rules::Rules;
use super::window::{Slot, Window};
use super::{Breaker, EXHAUSTED, LONGEST_RESET, Phase, Then, Ticket, Transition, stage};
use crate::classify::SHORT;
use crate::time::Timestamp;

/// What came of an admitted attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    /// An answer of no use: invalid, refused, empty or cut off.
    BadAnswer,
    /// An answer that exceeds what the policy allows: too slow for too long, or too dear.
    Excess(Cause),
    /// An error of the target.
    Failure,
    /// The provider limits the rate and says for how long.
    Throttled {
        wait: Duration,
    },
    /// The quota is used up, and until when if the provider says so.
    Exhausted {
        wait: Option<Duration>,
    },
    /// Nothing was learnt: the client went away.
    Dropped,
}

impl Breaker {
    /// Takes back a ticket.
    pub(crate) fn record(
        &mut self,
        rules: &Rules,
        now: Timestamp,
        ticket: Ticket,
        verdict: Verdict,
    ) -> Option<Transition> {
        if rules.is_forced() {
            return None;
        }
        let before = self.state();
        match verdict {
            Verdict::Throttled { wait } => self.throttled(now, wait),
            Verdict::Exhausted { wait } => self.exhausted(now, wait),
            _ if !self.counts(ticket) => {}
            _ if self.phase == Phase::Closed => self.record_closed(rules, now, verdict),
            _ => self.record_probe(rules, now, ticket, verdict),
        }
        self.transition(before)
    }

    /// The answer of a probe has begun: that is good enough. What it comes to in the end is recorded by the ticket that is given
    /// back here.
    pub(crate) fn begin(
        &mut self,
        rules: &Rules,
        now: Timestamp,
        ticket: Ticket,
    ) -> (Ticket, Option<Transition>) {
        let transition = self.record(rules, now, ticket, Verdict::Success);
        (Ticket { has_begun: true, ..ticket }, transition)
    }

    /// Whether this phase is the one that has admitted it. A probe whose answer has begun belongs to all that follows, until the
    /// breaker opens again.
    fn counts(&self, ticket: Ticket) -> bool {
        let age = |generation| self.generation.wrapping_sub(generation);
        ticket.generation == self.generation
            || (ticket.has_begun && age(ticket.generation) < age(self.opened))
    }

    fn record_closed(&mut self, rules: &Rules, now: Timestamp, verdict: Verdict) {
        let (count, row) = match verdict {
            Verdict::Success | Verdict::Excess(_) => (Slot::SUCCESS, 0),
            Verdict::BadAnswer => (Slot::BAD_ANSWER, 0),
            Verdict::Failure if rules.counts_rows() => (Slot::FAILURE, self.in_a_row.saturating_add(1)),
            Verdict::Failure => (Slot::FAILURE, 0),
            _ => return,
        };
        self.window.record(rules.window, now, count);
        self.in_a_row = row;
        let total = self.window.total();
        let exceeded = match verdict {
            Verdict::Excess(cause) => Some(cause),
            Verdict::BadAnswer => rules.quality_exceeded(total),
            Verdict::Failure => rules.errors_exceeded(total, row),
            _ => None,
        };
        if let Some(cause) = exceeded {
            self.trip(rules, now, cause);
        }
    }

    /// Answers were looked at, long after they had come, and found to be like this.
    pub(crate) fn appraise(
        &mut self,
        rules: &Rules,
        now: Timestamp,
        (looked_at, of_usual): (Slot, Option<(u32, u32)>),
    ) -> Option<Transition> {
        let before = self.state();
        if let Some(cause) = rules.appraised(looked_at, of_usual).filter(|_| self.phase == Phase::Closed) {
            self.trip(rules, now, cause);
        }
        self.transition(before)
    }

    fn trip(&mut self, rules: &Rules, now: Timestamp, cause: Cause) {
        let has_just_recovered = self.cause == Cause::Recovered && now.since(self.since) < rules.window;
        self.doublings = if has_just_recovered { Rules::doubled(self.doublings) } else { 0 };
        self.open(rules, now, cause);
    }

    fn record_probe(&mut self, rules: &Rules, now: Timestamp, ticket: Ticket, verdict: Verdict) {
        let Phase::HalfOpen { stage, admitted, succeeded, progress, .. } = &mut self.phase else { return };
        let cause = match verdict {
            Verdict::Failure => Cause::ProbeFailed,
            Verdict::BadAnswer if rules.watches_quality() => Cause::ProbeFailed,
            Verdict::Excess(cause) => cause,
            // It has succeeded by beginning, and given its place back.
            _ if ticket.has_begun => return,
            Verdict::Success | Verdict::BadAnswer => {
                *succeeded = succeeded.saturating_add(1);
                *progress = now;
                if *succeeded >= rules.probes(*stage) {
                    let next = stage.saturating_add(1);
                    self.pass_stage(rules, now, next);
                }
                return;
            }
            _ => {
                *admitted = admitted.saturating_sub(1);
                *progress = now;
                return;
            }
        };
        self.doublings = Rules::doubled(self.doublings);
        self.open(rules, now, cause);
    }

    /// A stage is a phase of its own: a lost probe of an earlier one does not count here.
    fn pass_stage(&mut self, rules: &Rules, now: Timestamp, next: u8) {
        if usize::from(next) < rules.recover.len() {
            self.enter(stage(next, now), now, self.cause);
        } else {
            (self.window, self.in_a_row) = (Window::default(), 0);
            self.enter(Phase::Closed, now, Cause::Recovered);
        }
    }

    fn open(&mut self, rules: &Rules, now: Timestamp, cause: Cause) {
        let until = now.after(rules.cooldown(self.doublings));
        self.enter(Phase::Open { until, then: Then::Probe }, now, cause);
    }

    fn throttled(&mut self, now: Timestamp, wait: Duration) {
        let reset = now.after(wait.min(LONGEST_RESET));
        let then = match &mut self.phase {
            Phase::Open { until, .. } => {
                *until = (*until).max(reset);
                return;
            }
            Phase::Closed => Then::Close,
            Phase::HalfOpen { .. } => Then::Probe,
        };
        self.enter(Phase::Open { until: reset, then }, now, Cause::Throttled);
    }

    fn exhausted(&mut self, now: Timestamp, wait: Option<Duration>) {
        // A short one is about another limit: the quota isn't back by then.
        let reset = wait.filter(|wait| *wait > SHORT);
        let longest = reset.map_or(EXHAUSTED, |wait| wait.min(LONGEST_RESET));
        let reset = now.after(longest);
        let until = if let Phase::Open { until, .. } = self.phase { until.max(reset) } else { reset };
        // Of many answers that say the same, the first is the change.
        let is_known = self.cause == Cause::QuotaExhausted;
        match &mut self.phase {
            Phase::Open { until: present, .. } if is_known => *present = until,
            _ => self.enter(Phase::Open { until, then: Then::Probe }, now, Cause::QuotaExhausted),
        }
    }
}

//! What follows a failed attempt.
//!
//! | outcome | at the same target | at another |
//! |---|---|---|
//! | throttled, overloaded, server error | after a wait, if `on` lists its status | at once, if `on` lists it |
//! | refused, reset | after a wait, if `on` lists `connect` or `reset` | at once, likewise |
//! | truncated, invalid output | after a wait, if `on` lists `reset` or `invalid_output` | at once, likewise |
//! | timeout: silence | never: it has had its chance | at once, if `on` lists `timeout` |
//! | timeout: the provider says so (408, 504) | after a wait, if no other is left and `on` lists its status | at once, likewise |
//! | quota exhausted, more than the target's quota for a minute | never | at once, whatever `on` lists |
//! | context length | never | at once, where the context is larger; once in a request |
//! | content policy, model not found | never | at once, if `on` lists `content_policy` or `model_not_found` |
//! | client error, 413 | never | never |
//!
//! An error that comes with a status which says nothing of it (a 200 with an error inside, a 424 for a model that failed) counts
//! as the status it stands for: 429, 503 or 529, 500. So does a status above 500 that a policy can't list, such as Cloudflare's
//! 520 to 524, except those that the same request would bring again (501, 505, 511).
//!
//! `attempts` bounds what one request may cost over all its targets, hedges included. The plan's order is the admin's
//! preference, so the same target is tried again while enough attempts remain to give each later target that would admit
//! one its own: with targets `a, b` and 3 attempts the order is a, a, b. The wait is what the provider asked for, never
//! less, and backoff on top so that a crowd told the same time does not return as one. A `retry-after` longer than the policy honours
//! and a wait that would leave no time to speak of before the deadline end the attempts at that target, and so does a breaker that
//! has just opened.
//!
//! The retry budget is asked before the wait, not after it. It pays for attempts at the same target; with `else fail` for
//! those at others as well, so that it bounds all that failures may add to the traffic.

use std::time::Duration;

use seawall_policy::policy::{BudgetSpent, Retry, Trigger};

use super::backoff;
use crate::deadline::LEAST;
use crate::rng::Rng;
use crate::telemetry::{Outcome, Reason};

/// The attempts at one request so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Begun in all, hedges included, and in a row at the target of the last one.
    pub(crate) attempts: u32,
    pub(crate) here: u32,
    /// The backoff before the last one.
    backoff: Duration,
    /// Whether a target was left for one with a larger context.
    is_widened: bool,
}

impl Progress {
    /// An attempt begins, at the same target as the one before or at another.
    pub(crate) fn begin(&mut self, is_same_target: bool) {
        self.attempts = self.attempts.saturating_add(1);
        if is_same_target {
            self.here = self.here.saturating_add(1);
        } else {
            (self.here, self.backoff) = (1, Duration::ZERO);
        }
    }

    /// A hedge begins beside the attempt that is under way.
    pub(crate) fn hedge(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
    }
}

/// Where another attempt may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// To the same target or to another.
    Anywhere,
    Elsewhere,
    /// To another with a larger context than this one's.
    LargerContext,
    Nowhere(Reason),
}

/// Where another attempt may go after this outcome. `status` is that of the provider's answer, if there was one.
pub(crate) fn scope(policy: &Retry, outcome: Outcome, status: Option<u16>, progress: &Progress) -> Scope {
    let listed = |trigger| policy.on.contains(&trigger);
    let when = |is_listed, scope| if is_listed { scope } else { Scope::Nowhere(Reason::NotRetried) };
    // The status it came with, or those it stands for.
    let by_status = |means: &[u16]| match status {
        Some(status @ (408 | 429 | 500..)) => {
            Trigger::of_status(status).iter().any(|trigger| listed(*trigger))
        }
        _ => means.iter().any(|status| listed(Trigger::Status(*status))),
    };
    match outcome {
        Outcome::Throttled => when(by_status(&[429]), Scope::Anywhere),
        Outcome::Overloaded => when(by_status(&[503, 529]), Scope::Anywhere),
        Outcome::ServerError => when(by_status(&[500]), Scope::Anywhere),
        Outcome::Refused => when(listed(Trigger::Connect), Scope::Anywhere),
        Outcome::Reset => when(listed(Trigger::Reset), Scope::Anywhere),
        Outcome::Truncated | Outcome::InvalidOutput => {
            when(listed(Trigger::InvalidOutput) || listed(Trigger::Reset), Scope::Anywhere)
        }
        Outcome::Timeout if is_silence(status) => when(listed(Trigger::Timeout), Scope::Elsewhere),
        Outcome::Timeout => when(by_status(&[]), Scope::Anywhere),
        Outcome::QuotaExhausted => Scope::Elsewhere,
        // A body of too many bytes is the caller's to mend; a quota smaller than the request isn't.
        Outcome::TooLarge if status != Some(413) => Scope::Elsewhere,
        Outcome::ContextLength if !progress.is_widened => Scope::LargerContext,
        Outcome::ContentPolicy if listed(Trigger::ContentPolicy) => Scope::Elsewhere,
        Outcome::ModelNotFound if listed(Trigger::ModelNotFound) => Scope::Elsewhere,
        Outcome::ContextLength
        | Outcome::TooLarge
        | Outcome::ContentPolicy
        | Outcome::ModelNotFound
        | Outcome::ClientError
        | Outcome::Success => Scope::Nowhere(Reason::ClientError),
    }
}

/// Whether a timeout is the proxy's finding: the provider itself said nothing, or fell silent within an answer.
fn is_silence(status: Option<u16>) -> bool {
    status.is_none_or(|status| status < 400)
}

/// A failed attempt, and what is left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    pub(crate) outcome: Outcome,
    /// The status of the provider's answer, if it gave one.
    pub(crate) status: Option<u16>,
    /// What the provider asks to be waited.
    pub(crate) wait: Option<Duration>,
    /// Whether this target would admit another attempt, and how many others would that the [`Scope`] allows.
    pub(crate) is_admitted_here: bool,
    pub(crate) others: u32,
    /// Until the deadline; `None` without one.
    pub(crate) left: Option<Duration>,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The same target, after this wait.
    Again(Duration),
    /// The next target that admits and that the [`Scope`] allows, now.
    MoveOn,
    Stop(Reason),
}

/// What follows. `pay` takes one attempt from the retry budget and says whether it was there.
pub(crate) fn next(
    policy: &Retry,
    progress: &mut Progress,
    failed: Failed,
    rng: &mut Rng,
    mut pay: impl FnMut() -> bool,
) -> Step {
    let scope = scope(policy, failed.outcome, failed.status, progress);
    if let Scope::Nowhere(reason) = scope {
        return Step::Stop(reason);
    }
    let attempts_left = policy.attempts.saturating_sub(progress.attempts);
    let spent = if attempts_left == 0 {
        Some(Reason::AttemptsSpent)
    } else {
        failed.left.is_some_and(|left| left.is_zero()).then_some(Reason::DeadlineExceeded)
    };
    if let Some(reason) = spent {
        // What the provider says of the request is the answer, whatever else there might have been.
        return Step::Stop(if failed.outcome.is_failure() { reason } else { Reason::ClientError });
    }
    let has_other = failed.others > 0;
    let must_move_on = failed.outcome == Outcome::Timeout && has_other;
    let mut stop = stop_reason(scope, &failed);
    if scope == Scope::Anywhere && attempts_left > failed.others && !must_move_on && failed.is_admitted_here {
        let asked = failed.wait.unwrap_or_default();
        let retry = progress.here.saturating_sub(1);
        let backoff = backoff::wait(policy.backoff, retry, progress.backoff, rng);
        let wait = asked.saturating_add(backoff);
        if asked > policy.honor_retry_after {
            stop = Reason::RetryAfterTooLong;
        } else if failed.left.is_some_and(|left| left < wait.saturating_add(LEAST)) {
            stop = Reason::DeadlineExceeded;
        } else if !pay() {
            stop = Reason::BudgetSpent;
        } else {
            progress.backoff = backoff;
            return Step::Again(wait);
        }
    }
    let fails_fast = policy.budget.is_some_and(|budget| budget.spent == BudgetSpent::Fail);
    if !has_other {
        return Step::Stop(stop);
    }
    // What was refused just now isn't asked for again.
    if fails_fast && (stop == Reason::BudgetSpent || !pay()) {
        return Step::Stop(Reason::BudgetSpent);
    }
    progress.is_widened |= scope == Scope::LargerContext;
    Step::MoveOn
}

/// Why nothing follows when no other target is left.
fn stop_reason(scope: Scope, failed: &Failed) -> Reason {
    match scope {
        Scope::Anywhere if !failed.is_admitted_here => Reason::BreakerOpen,
        // The provider's answer is about the request.
        _ if !failed.outcome.is_failure() => Reason::ClientError,
        _ => Reason::NotRetried,
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;

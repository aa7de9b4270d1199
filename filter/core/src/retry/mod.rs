//! After a failed attempt: again, elsewhere, or no more.
//!
//! `attempts` bounds what one request may cost over all its targets. The plan's order is the admin's preference, so the
//! same target is tried again while enough attempts remain to give each later target that would admit one its own:
//! with targets `a, b` and 3 attempts the order is a, a, b. In place means after a wait (backoff, or what the provider
//! asked for, and backoff on top so that a crowd told the same time does not return as one). Moving on costs no wait.
//!
//! - A timeout is not repeated in place while another target is left: the silent one has had its chance.
//! - A `retry-after` longer than the policy honours ends the attempts at that target.
//! - A target whose breaker has just opened is left at once.

mod backoff;
#[expect(dead_code, reason = "asked when the exchange is wired to it")]
pub(crate) mod budget;
#[expect(dead_code, reason = "asked when the exchange is wired to it")]
pub(crate) mod hedge;
mod hint;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "takes the place of `next` when the exchange is wired to it")
)]
pub(crate) mod rules;
#[cfg_attr(not(test), expect(dead_code, reason = "asked when the exchange is wired to it"))]
pub(crate) mod share;

use std::time::Duration;

use seawall_policy::policy::{Retry, Trigger};

pub(crate) use self::hint::{LONGEST, leading_span, wait, wait_ms};
use crate::rng::Rng;
use crate::telemetry::{Outcome, Reason};

/// A failed attempt, and what is left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    pub(crate) outcome: Outcome,
    pub(crate) trigger: Trigger,
    pub(crate) retry_after: Option<Duration>,
    /// Attempts made so far: in all, and at this target.
    pub(crate) attempts: u32,
    pub(crate) attempts_here: u32,
    /// Whether this target's breaker would admit another attempt, and how many later targets' would.
    pub(crate) is_admitted_here: bool,
    pub(crate) later_targets: u32,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The same target, after this wait.
    Again(Duration),
    /// The next target that admits, now.
    MoveOn,
    Stop(Reason),
}

pub(crate) fn next(policy: &Retry, failed: Failed, rng: &mut Rng) -> Step {
    if !failed.outcome.is_failure() {
        return Step::Stop(Reason::ClientError);
    }
    if !policy.on.contains(&failed.trigger) {
        return Step::Stop(Reason::NotRetried);
    }
    let left = policy.attempts.saturating_sub(failed.attempts);
    if left == 0 {
        return Step::Stop(Reason::AttemptsSpent);
    }
    let is_wait_honored = failed.retry_after.is_none_or(|wait| wait <= policy.honor_retry_after);
    let is_silent = failed.outcome == Outcome::Timeout && failed.later_targets > 0;
    if left > failed.later_targets && failed.is_admitted_here && is_wait_honored && !is_silent {
        let jitter =
            backoff::wait(policy.backoff, failed.attempts_here.saturating_sub(1), Duration::ZERO, rng);
        return Step::Again(failed.retry_after.unwrap_or_default().saturating_add(jitter));
    }
    if failed.later_targets > 0 {
        return Step::MoveOn;
    }
    Step::Stop(if failed.is_admitted_here { Reason::RetryAfterTooLong } else { Reason::BreakerOpen })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
mod explained;

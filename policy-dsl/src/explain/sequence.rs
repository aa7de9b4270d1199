//! Which attempts follow one another when every one fails alike, and no breaker keeps any of them back: what the filter's
//! retry decides, played through.

use std::time::Duration;

use crate::policy::{Backoff, InvalidAction, Jitter, Retry, Trigger};

/// How an attempt fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The provider answers with this status.
    Status {
        status: u16,
        /// What its `retry-after` asks for.
        retry_after: Option<Duration>,
    },
    Timeout,
    Connect,
    Reset,
    /// The answer is no answer: it can't be read, or has nothing in it. What follows one that doesn't fit the route's `output` is
    /// [`Sequence::of_invalid`].
    InvalidOutput,
    /// The provider has nothing left for this key.
    QuotaExhausted,
    /// The prompt is too long for the model; and the place of the first target that is known to have more room.
    ContextLength {
        larger: Option<usize>,
    },
    ContentPolicy,
    ModelNotFound,
}

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The place of its target in the plan, from 0.
    pub position: usize,
    /// The longest backoff before it; `None` when it follows at once.
    pub backoff: Option<Duration>,
    /// What is waited besides, because the provider asked for it.
    pub retry_after: Option<Duration>,
}

/// Why no attempt follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It isn't a failure but what the caller must hear.
    ClientError,
    /// The policy doesn't retry this.
    NotRetried,
    AttemptsSpent,
    RetryAfterTooLong,
    /// No answer fits, and the caller gets an error.
    Rejected,
    /// The last answer is delivered, though it doesn't fit.
    Passed,
}

/// The attempts at a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    pub attempts: Vec<Attempt>,
    pub end: End,
}

impl Failure {
    /// Whether a policy's `on` has a word for it.
    fn is_listed(self, retry: &Retry) -> bool {
        let listed = |trigger| retry.on.contains(&trigger);
        match self {
            Failure::Status { status, .. } => {
                Trigger::of_status(status).iter().any(|trigger| listed(*trigger))
            }
            Failure::Timeout => listed(Trigger::Timeout),
            Failure::Connect => listed(Trigger::Connect),
            Failure::Reset => listed(Trigger::Reset),
            // An answer that can't be read is as good as a broken one.
            Failure::InvalidOutput => listed(Trigger::InvalidOutput) || listed(Trigger::Reset),
            Failure::ContentPolicy => listed(Trigger::ContentPolicy),
            Failure::ModelNotFound => listed(Trigger::ModelNotFound),
            Failure::QuotaExhausted | Failure::ContextLength { .. } => true,
        }
    }

    /// An error of the request.
    fn is_the_callers(self) -> bool {
        match self {
            Failure::Status { status: 408 | 429, .. } => false,
            Failure::Status { status, .. } => (400..500).contains(&status),
            Failure::ContextLength { .. } | Failure::ContentPolicy | Failure::ModelNotFound => true,
            _ => false,
        }
    }

    /// Whether nothing that the policy allows would mend it.
    fn is_final(self, retry: &Retry) -> bool {
        match self {
            Failure::ContextLength { .. } => false,
            Failure::ContentPolicy | Failure::ModelNotFound => !self.is_listed(retry),
            _ => self.is_the_callers(),
        }
    }

    /// The place that comes next when the target at `position` isn't asked again.
    fn next(self, position: usize, targets: usize) -> Option<usize> {
        let next = match self {
            // Asked for once: a second target that finds it too long is believed.
            Failure::ContextLength { larger } => larger.filter(|larger| *larger > position)?,
            _ => position + 1,
        };
        Some(next).filter(|next| *next < targets)
    }

    /// A target that didn't answer in time has had its chance, and is left where that is possible.
    fn is_silent(self) -> bool {
        matches!(self, Failure::Timeout | Failure::Status { status: 408 | 504 | 524, .. })
    }

    fn retry_after(self) -> Option<Duration> {
        if let Failure::Status { retry_after, .. } = self { retry_after } else { None }
    }
}

impl Sequence {
    /// The attempts at a plan of so many targets. Ends within the policy's attempts.
    #[must_use]
    pub fn of(retry: &Retry, targets: usize, failure: Failure) -> Self {
        let mut attempts = vec![Attempt { position: 0, backoff: None, retry_after: None }];
        let mut here = 1;
        let end = loop {
            let position = attempts.last().map_or(0, |attempt| attempt.position);
            if failure.is_final(retry) {
                break End::ClientError;
            }
            if !failure.is_listed(retry) {
                break End::NotRetried;
            }
            let left = (retry.attempts as usize).saturating_sub(attempts.len());
            if left == 0 {
                break if failure.is_the_callers() { End::ClientError } else { End::AttemptsSpent };
            }
            let later = targets.saturating_sub(position + 1);
            let asked = failure.retry_after();
            let is_honored = asked.is_none_or(|wait| wait <= retry.honor_retry_after);
            let has_chance = match failure {
                Failure::Timeout
                | Failure::QuotaExhausted
                | Failure::ContextLength { .. }
                | Failure::ContentPolicy
                | Failure::ModelNotFound => false,
                failure => !failure.is_silent() || later == 0,
            };
            if left > later && is_honored && has_chance {
                let backoff = Some(longest_backoff(retry.backoff, here - 1));
                attempts.push(Attempt { position, backoff, retry_after: asked });
                here += 1;
            } else if let Some(position) = failure.next(position, targets) {
                attempts.push(Attempt { position, backoff: None, retry_after: None });
                here = 1;
            } else if failure.is_the_callers() {
                break End::ClientError;
            } else if !has_chance {
                break End::NotRetried;
            } else {
                break End::RetryAfterTooLong;
            }
        };
        Self { attempts, end }
    }
}

impl Sequence {
    /// The attempts at a plan of so many targets when no answer fits the route's `output`, and none can be repaired.
    #[must_use]
    pub fn of_invalid(retry: &Retry, targets: usize, actions: &[InvalidAction]) -> Self {
        let mut attempts = vec![Attempt { position: 0, backoff: None, retry_after: None }];
        let mut retries = 0;
        loop {
            let position = attempts.last().map_or(0, |attempt| attempt.position);
            let is_left = attempts.len() < retry.attempts as usize;
            let can_be_done = |action: &&InvalidAction| match action {
                InvalidAction::Repair => false,
                InvalidAction::Retry(most) => is_left && retries < *most,
                InvalidAction::FailOver => is_left && position + 1 < targets,
                InvalidAction::Reject | InvalidAction::Pass => true,
            };
            let position = match actions.iter().find(can_be_done) {
                Some(InvalidAction::Retry(_)) => {
                    retries += 1;
                    position
                }
                Some(InvalidAction::FailOver) => position + 1,
                Some(InvalidAction::Pass) => return Self { attempts, end: End::Passed },
                Some(InvalidAction::Reject | InvalidAction::Repair) | None => {
                    return Self { attempts, end: End::Rejected };
                }
            };
            attempts.push(Attempt { position, backoff: None, retry_after: None });
        }
    }
}

/// The longest that the backoff before a retry can be; `retry` counts from 0.
pub(super) fn longest_backoff(backoff: Backoff, retry: u32) -> Duration {
    let (factor, times) = match backoff.jitter {
        Jitter::Decorrelated => (3_u32, retry + 1),
        Jitter::Full | Jitter::Equal | Jitter::None => (2, retry),
    };
    backoff.base.saturating_mul(factor.saturating_pow(times)).min(backoff.cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(attempts: u32) -> Retry {
        let on = vec![Trigger::Status(408), Trigger::Status(429), Trigger::Status(500), Trigger::Timeout];
        let backoff =
            Backoff { jitter: Jitter::Full, base: Duration::from_millis(500), cap: Duration::from_secs(1) };
        Retry { on, attempts, backoff, honor_retry_after: Duration::from_secs(60), budget: None }
    }

    fn positions(attempts: u32, targets: usize, failure: Failure) -> (Vec<usize>, End) {
        let sequence = Sequence::of(&retry(attempts), targets, failure);
        (sequence.attempts.iter().map(|attempt| attempt.position).collect(), sequence.end)
    }

    #[test]
    fn the_first_target_gets_the_attempts_that_the_later_ones_leave() {
        let failed = Failure::Status { status: 500, retry_after: None };
        for (attempts, targets, expected) in [
            (1, 1, vec![0]),
            (3, 1, vec![0, 0, 0]),
            (3, 2, vec![0, 0, 1]),
            (3, 3, vec![0, 1, 2]),
            (2, 4, vec![0, 1]),
        ] {
            assert_eq!(positions(attempts, targets, failed), (expected, End::AttemptsSpent));
        }
    }

    #[test]
    fn silence_and_long_waits_move_on() {
        assert_eq!(positions(3, 2, Failure::Timeout), (vec![0, 1], End::NotRetried));
        assert_eq!(positions(1, 2, Failure::Timeout), (vec![0], End::AttemptsSpent));
        let asks = |seconds| Failure::Status { status: 429, retry_after: Some(Duration::from_secs(seconds)) };
        assert_eq!(positions(3, 2, asks(60)), (vec![0, 0, 1], End::AttemptsSpent));
        assert_eq!(positions(3, 2, asks(61)), (vec![0, 1], End::RetryAfterTooLong));
    }

    #[test]
    fn what_no_retry_mends_is_not_retried() {
        let failed = |status| Failure::Status { status, retry_after: None };
        assert_eq!(positions(3, 2, failed(400)), (vec![0], End::ClientError));
        for status in [501, 505, 511] {
            assert_eq!(positions(3, 2, failed(status)), (vec![0], End::NotRetried));
        }
        assert_eq!(positions(3, 2, Failure::Reset), (vec![0], End::NotRetried));
    }

    #[test]
    fn a_server_error_without_a_word_of_its_own_is_what_it_stands_for() {
        let failed = |status| Failure::Status { status, retry_after: None };
        for status in [507, 520, 521, 522, 523, 530, 599] {
            assert_eq!(positions(3, 2, failed(status)), (vec![0, 0, 1], End::AttemptsSpent), "{status}");
        }
        // 504 isn't listed there.
        assert_eq!(positions(3, 2, failed(524)), (vec![0], End::NotRetried));
        let on = vec![Trigger::Status(504)];
        let sequence = Sequence::of(&Retry { on, ..retry(3) }, 2, failed(524));
        assert_eq!((sequence.attempts.len(), sequence.end), (3, End::AttemptsSpent));
    }

    #[test]
    fn what_only_another_target_mends_moves_on_at_once() {
        assert_eq!(positions(5, 3, Failure::QuotaExhausted), (vec![0, 1, 2], End::NotRetried));
        let too_long = |larger| Failure::ContextLength { larger };
        assert_eq!(positions(5, 3, too_long(Some(2))), (vec![0, 2], End::ClientError));
        assert_eq!(positions(5, 3, too_long(None)), (vec![0], End::ClientError));
        assert_eq!(positions(3, 2, Failure::ContentPolicy), (vec![0], End::ClientError));
        let on = vec![Trigger::ContentPolicy];
        let sequence = Sequence::of(&Retry { on, ..retry(3) }, 2, Failure::ContentPolicy);
        assert_eq!((sequence.attempts.len(), sequence.end), (2, End::ClientError));
    }

    #[test]
    fn answers_that_do_not_fit_are_asked_for_as_the_policy_says() {
        use InvalidAction::{FailOver, Pass, Reject, Repair, Retry};
        let played = |attempts, targets, actions: &[InvalidAction]| {
            let sequence = Sequence::of_invalid(&retry(attempts), targets, actions);
            (sequence.attempts.iter().map(|attempt| attempt.position).collect::<Vec<_>>(), sequence.end)
        };
        assert_eq!(played(3, 2, &[Repair, Retry(1), FailOver]), (vec![0, 0, 1], End::Rejected));
        assert_eq!(played(2, 2, &[Repair, Retry(1), FailOver, Pass]), (vec![0, 0], End::Passed));
        assert_eq!(played(5, 3, &[FailOver, Retry(2)]), (vec![0, 1, 2, 2, 2], End::Rejected));
        assert_eq!(played(5, 1, &[FailOver]), (vec![0], End::Rejected));
        assert_eq!(played(5, 2, &[Reject, FailOver]), (vec![0], End::Rejected));
    }

    #[test]
    fn the_backoff_grows_to_its_bound() {
        let failed = Failure::Status { status: 500, retry_after: None };
        let waits: Vec<_> = Sequence::of(&retry(4), 1, failed)
            .attempts
            .iter()
            .map(|attempt| attempt.backoff.map(|wait| wait.as_millis()))
            .collect();
        assert_eq!(waits, [None, Some(500), Some(1_000), Some(1_000)]);
        let backoff = Backoff {
            jitter: Jitter::Decorrelated,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(5),
        };
        assert_eq!(longest_backoff(backoff, 0), Duration::from_secs(3));
        assert_eq!(longest_backoff(backoff, 40), Duration::from_secs(5));
    }
}

//! What `seawall explain` tells of retries is what happens: both are played through side by side.

use std::time::Duration;

use proptest::prelude::*;
use seawall_policy::explain::{Attempt, End, Failure, Sequence};
use seawall_policy::policy::{Backoff, Jitter, Provider, Retry, Trigger};

use super::*;
use crate::classify::judge;
use crate::event::{Answer, Origin};
use crate::headers::Headers;
use crate::rng::Seed;
use crate::telemetry::{Outcome, Reason};
use crate::time::Timestamp;

fn answer(failure: Failure) -> Answer {
    let (origin, status) = match failure {
        Failure::Status { status, .. } => (Origin::Provider, status),
        Failure::Timeout => (Origin::Timeout, 504),
        Failure::Connect => (Origin::Connect, 503),
        Failure::Reset | Failure::InvalidOutput => (Origin::Reset, 503),
    };
    Answer { status, origin, headers: Headers::default(), body: Vec::new() }
}

fn end(reason: Reason) -> Option<End> {
    match reason {
        Reason::ClientError => Some(End::ClientError),
        Reason::NotRetried => Some(End::NotRetried),
        Reason::AttemptsSpent => Some(End::AttemptsSpent),
        Reason::RetryAfterTooLong => Some(End::RetryAfterTooLong),
        _ => None,
    }
}

/// The attempts as they are really made, where every target admits. Each wait must lie within the explained one.
fn played(
    policy: &Retry,
    targets: usize,
    failure: Failure,
    told: &Sequence,
) -> Result<Sequence, TestCaseError> {
    let (answer, mut rng) = (answer(failure), Seed(1).derive(1));
    let retry_after = if let Failure::Status { retry_after, .. } = failure { retry_after } else { None };
    let mut attempts = vec![Attempt { position: 0, backoff: None, retry_after: None }];
    let (mut position, mut progress) = (0, Progress::default());
    progress.begin(true);
    let outcome = match failure {
        Failure::InvalidOutput => Outcome::InvalidOutput,
        _ => judge(Provider::OpenAi, &answer, Timestamp(0)).outcome,
    };
    loop {
        let failed = Failed {
            outcome,
            status: (answer.origin == Origin::Provider).then_some(answer.status),
            wait: retry_after,
            is_admitted_here: true,
            others: u32::try_from(targets - position - 1).unwrap(),
            left: None,
        };
        match next(policy, &mut progress, failed, &mut rng, || true) {
            Step::Again(wait) => {
                let told = told.attempts.get(attempts.len()).and_then(|attempt| attempt.backoff);
                let Some(longest) = told else { return Err(TestCaseError::fail("a wait isn't told of")) };
                prop_assert!(wait <= longest + retry_after.unwrap_or_default());
                attempts.push(Attempt { position, backoff: Some(longest), retry_after });
                progress.begin(true);
            }
            Step::MoveOn => {
                position += 1;
                progress.begin(false);
                attempts.push(Attempt { position, backoff: None, retry_after: None });
            }
            Step::Stop(reason) => {
                let Some(end) = end(reason) else { return Err(TestCaseError::fail(reason.word())) };
                return Ok(Sequence { attempts, end });
            }
        }
    }
}

fn failures() -> impl Strategy<Value = Failure> {
    let status = prop::sample::select(vec![400, 401, 404, 408, 422, 429, 500, 501, 502, 503, 504, 529, 599]);
    let retry_after = prop::option::of((0..20_u64).prop_map(Duration::from_secs));
    prop_oneof![
        4 => (status, retry_after).prop_map(|(status, retry_after)| Failure::Status { status, retry_after }),
        1 => Just(Failure::Timeout),
        1 => Just(Failure::Connect),
        1 => Just(Failure::Reset),
        1 => Just(Failure::InvalidOutput),
    ]
}

fn policies() -> impl Strategy<Value = Retry> {
    let statuses = [408, 429, 500, 502, 503, 504, 529].map(Trigger::Status);
    let triggers: Vec<Trigger> = statuses
        .into_iter()
        .chain([Trigger::Timeout, Trigger::Connect, Trigger::Reset, Trigger::InvalidOutput])
        .collect();
    let on = prop::sample::subsequence(triggers, 1..=11);
    let jitter = prop::sample::select(vec![Jitter::Full, Jitter::Equal, Jitter::Decorrelated, Jitter::None]);
    (on, 1..11_u32, 1..2_000_u64, 1..9_000_u64, 0..20_u64, jitter).prop_map(
        |(on, attempts, base, cap, honor, jitter)| Retry {
            on,
            attempts,
            backoff: Backoff { jitter, base: Duration::from_millis(base), cap: Duration::from_millis(cap) },
            honor_retry_after: Duration::from_secs(honor),
            budget: None,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_what_happens(policy in policies(), targets in 1..8_usize, failure in failures()) {
        let told = Sequence::of(&policy, targets, failure);
        prop_assert_eq!(played(&policy, targets, failure, &told)?, told);
    }
}

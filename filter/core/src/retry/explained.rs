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

/// What is found of such a failure, and the status of the provider's answer if there is one.
fn found(failure: Failure) -> (Outcome, Option<u16>) {
    let judged = |origin, status| {
        let answer = Answer { status, origin, headers: Headers::default(), body: Vec::new() };
        let provider = (answer.origin == Origin::Provider).then_some(status);
        (judge(Provider::OpenAi, &answer, Timestamp(0)).outcome, provider)
    };
    match failure {
        Failure::Status { status, .. } => judged(Origin::Provider, status),
        Failure::Timeout => judged(Origin::Timeout, 504),
        Failure::Connect => judged(Origin::Connect, 503),
        Failure::Reset => judged(Origin::Reset, 503),
        Failure::InvalidOutput => (Outcome::InvalidOutput, None),
        Failure::QuotaExhausted => (Outcome::QuotaExhausted, Some(429)),
        Failure::ContextLength { .. } => (Outcome::ContextLength, Some(400)),
        Failure::ContentPolicy => (Outcome::ContentPolicy, Some(400)),
        Failure::ModelNotFound => (Outcome::ModelNotFound, Some(404)),
    }
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
    let ((outcome, status), mut rng) = (found(failure), Seed(1).derive(1));
    let retry_after = if let Failure::Status { retry_after, .. } = failure { retry_after } else { None };
    let mut attempts = vec![Attempt { position: 0, backoff: None, retry_after: None }];
    let (mut position, mut progress) = (0, Progress::default());
    progress.begin(true);
    loop {
        let later = match failure {
            Failure::ContextLength { larger } => {
                larger.into_iter().filter(|place| *place > position).collect()
            }
            _ => (position + 1..targets).collect::<Vec<_>>(),
        };
        let failed = Failed {
            outcome,
            status,
            wait: retry_after,
            is_admitted_here: true,
            others: u32::try_from(later.len()).unwrap(),
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
                position = later[0];
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
    let status = prop::sample::select(vec![
        400, 401, 404, 408, 422, 429, 500, 501, 502, 503, 504, 505, 511, 520, 522, 524, 529, 530, 599,
    ]);
    let retry_after = prop::option::of((0..20_u64).prop_map(Duration::from_secs));
    prop_oneof![
        4 => (status, retry_after).prop_map(|(status, retry_after)| Failure::Status { status, retry_after }),
        1 => Just(Failure::Timeout),
        1 => Just(Failure::Connect),
        1 => Just(Failure::Reset),
        1 => Just(Failure::InvalidOutput),
        1 => Just(Failure::QuotaExhausted),
        1 => Just(Failure::ContentPolicy),
        1 => Just(Failure::ModelNotFound),
    ]
}

fn policies() -> impl Strategy<Value = Retry> {
    let statuses = [408, 429, 500, 502, 503, 504, 529].map(Trigger::Status);
    let triggers: Vec<Trigger> = statuses
        .into_iter()
        .chain([
            Trigger::Timeout,
            Trigger::Connect,
            Trigger::Reset,
            Trigger::InvalidOutput,
            Trigger::ContentPolicy,
            Trigger::ModelNotFound,
        ])
        .collect();
    let on = prop::sample::subsequence(triggers, 1..=13);
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

    #[test]
    fn a_prompt_that_is_too_long_goes_where_it_is_told(
        policy in policies(), (targets, larger) in (1..8_usize).prop_flat_map(|targets| (Just(targets), prop::option::of(0..targets))),
    ) {
        let failure = Failure::ContextLength { larger: larger.filter(|place| *place > 0) };
        let told = Sequence::of(&policy, targets, failure);
        prop_assert_eq!(played(&policy, targets, failure, &told)?, told);
    }
}

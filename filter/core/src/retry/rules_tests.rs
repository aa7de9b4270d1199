use proptest::prelude::*;
use seawall_policy::policy::{Backoff, Jitter, RetryBudget};

use super::*;
use crate::rng::Seed;

fn policy(on: &[Trigger]) -> Retry {
    Retry {
        on: on.to_vec(),
        attempts: 3,
        backoff: Backoff {
            jitter: Jitter::Full,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(1),
        },
        honor_retry_after: Duration::from_secs(5),
        budget: None,
    }
}

const LISTED: [Trigger; 6] = [
    Trigger::Status(408),
    Trigger::Status(429),
    Trigger::Status(503),
    Trigger::Timeout,
    Trigger::Connect,
    Trigger::Reset,
];

const OVERLOADED: Failed = Failed {
    outcome: Outcome::Overloaded,
    status: Some(503),
    wait: None,
    is_admitted_here: true,
    others: 0,
    left: None,
};

/// What follows the first attempt; `x` for none, with its reason.
fn after_one(policy: &Retry, failed: Failed, pays: bool) -> String {
    let mut progress = Progress::default();
    progress.begin(false);
    match next(policy, &mut progress, failed, &mut Seed(1).derive(1), || pays) {
        Step::Again(_) => "again".into(),
        Step::MoveOn => "elsewhere".into(),
        Step::Stop(reason) => reason.word().into(),
    }
}

/// Alone, and with another target left.
fn both(outcome: Outcome, status: Option<u16>) -> [String; 2] {
    let policy = policy(&LISTED);
    [0, 2].map(|others| after_one(&policy, Failed { outcome, status, others, ..OVERLOADED }, true))
}

#[test]
fn every_outcome_has_its_rule() {
    use Outcome as O;
    for (outcome, status, alone, with_two_others) in [
        (O::Throttled, Some(429), "again", "again"),
        (O::Throttled, Some(200), "again", "again"),
        (O::Overloaded, Some(503), "again", "again"),
        (O::Overloaded, Some(529), "not_retried", "not_retried"),
        (O::Overloaded, Some(200), "again", "again"),
        (O::ServerError, Some(500), "not_retried", "not_retried"),
        (O::ServerError, Some(424), "not_retried", "not_retried"),
        (O::ServerError, Some(501), "not_retried", "not_retried"),
        (O::ServerError, Some(520), "not_retried", "not_retried"),
        (O::Timeout, Some(524), "not_retried", "not_retried"),
        (O::Refused, None, "again", "again"),
        (O::Reset, None, "again", "again"),
        (O::Truncated, Some(200), "again", "again"),
        (O::InvalidOutput, Some(200), "again", "again"),
        (O::Timeout, None, "not_retried", "elsewhere"),
        (O::Timeout, Some(200), "not_retried", "elsewhere"),
        (O::Timeout, Some(408), "again", "elsewhere"),
        (O::Timeout, Some(504), "not_retried", "not_retried"),
        (O::QuotaExhausted, Some(429), "not_retried", "elsewhere"),
        (O::QuotaExhausted, Some(400), "not_retried", "elsewhere"),
        (O::ModelNotFound, Some(404), "client_error", "client_error"),
        (O::TooLarge, Some(413), "client_error", "client_error"),
        (O::TooLarge, Some(429), "client_error", "elsewhere"),
        (O::ContextLength, Some(400), "client_error", "elsewhere"),
        (O::ContentPolicy, Some(400), "client_error", "client_error"),
        (O::ClientError, Some(400), "client_error", "client_error"),
        (O::ClientError, Some(422), "client_error", "client_error"),
    ] {
        // Three attempts, two others: nothing is left for the same target unless it is counted among them.
        let expected = [alone, if with_two_others == "again" { "elsewhere" } else { with_two_others }];
        assert_eq!(both(outcome, status), expected, "{outcome:?} {status:?}");
    }
}

#[test]
fn a_failure_without_its_own_status_counts_as_the_one_it_stands_for() {
    let policy = policy(&[Trigger::Status(500)]);
    for (status, expected) in
        [(Some(200), "again"), (Some(424), "again"), (Some(500), "again"), (Some(501), "not_retried")]
    {
        let failed = Failed { outcome: Outcome::ServerError, status, ..OVERLOADED };
        assert_eq!(after_one(&policy, failed, true), expected, "{status:?}");
    }
}

#[test]
fn a_server_error_that_no_policy_can_list_counts_as_the_one_it_stands_for() {
    let after = |status, outcome, listed, others| {
        let failed = Failed { outcome, status: Some(status), others, ..OVERLOADED };
        after_one(&policy(&[Trigger::Status(listed)]), failed, true)
    };
    for status in [507, 520, 521, 522, 523, 530, 599] {
        for listed in [500, 502] {
            assert_eq!(after(status, Outcome::ServerError, listed, 0), "again", "{status}");
            assert_eq!(after(status, Outcome::ServerError, listed, 2), "elsewhere", "{status}");
        }
        assert_eq!(after(status, Outcome::ServerError, 503, 2), "not_retried", "{status}");
    }
    assert_eq!(after(524, Outcome::Timeout, 504, 0), "again");
    assert_eq!(after(524, Outcome::Timeout, 504, 1), "elsewhere");
    for status in [501, 505, 511] {
        assert_eq!(after(status, Outcome::ServerError, 500, 2), "not_retried", "{status}");
    }
}

#[test]
fn what_another_target_may_take_goes_there_only_where_the_policy_says_so() {
    for (outcome, trigger) in
        [(Outcome::ContentPolicy, Trigger::ContentPolicy), (Outcome::ModelNotFound, Trigger::ModelNotFound)]
    {
        let failed = Failed { outcome, status: Some(400), others: 1, ..OVERLOADED };
        assert_eq!(after_one(&policy(&LISTED), failed, true), "client_error");
        assert_eq!(after_one(&policy(&[trigger]), failed, true), "elsewhere");
        let alone = Failed { others: 0, ..failed };
        assert_eq!(after_one(&policy(&[trigger]), alone, true), "client_error");
    }
}

#[test]
fn what_a_provider_says_of_the_request_is_told_as_such_when_attempts_or_time_are_spent() {
    let all = policy(&[Trigger::ContentPolicy, Trigger::ModelNotFound]);
    for outcome in [Outcome::ContentPolicy, Outcome::ModelNotFound, Outcome::ContextLength, Outcome::TooLarge]
    {
        let failed = Failed { outcome, status: Some(404), others: 1, ..OVERLOADED };
        assert_eq!(after_one(&Retry { attempts: 1, ..all.clone() }, failed, true), "client_error");
        let late = Failed { left: Some(Duration::ZERO), ..failed };
        assert_eq!(after_one(&all, late, true), "client_error");
    }
    let spent = Retry { attempts: 1, ..policy(&LISTED) };
    assert_eq!(after_one(&spent, OVERLOADED, true), "attempts_spent");
}

#[test]
fn a_larger_context_is_looked_for_once() {
    let (policy, mut progress, mut rng) = (policy(&LISTED), Progress::default(), Seed(1).derive(1));
    let failed = Failed { outcome: Outcome::ContextLength, status: Some(400), others: 2, ..OVERLOADED };
    progress.begin(false);
    assert_eq!(scope(&policy, failed.outcome, failed.status, &progress), Scope::LargerContext);
    assert_eq!(next(&policy, &mut progress, failed, &mut rng, || true), Step::MoveOn);
    progress.begin(false);
    assert_eq!(next(&policy, &mut progress, failed, &mut rng, || true), Step::Stop(Reason::ClientError));
}

#[test]
fn a_target_is_asked_again_while_the_later_ones_keep_an_attempt_each() {
    for (others, expected) in [(0, "again"), (1, "again"), (2, "elsewhere"), (9, "elsewhere")] {
        assert_eq!(after_one(&policy(&LISTED), Failed { others, ..OVERLOADED }, true), expected);
    }
}

#[test]
fn a_hedge_is_one_of_the_attempts() {
    let (policy, mut progress) = (policy(&LISTED), Progress::default());
    progress.begin(false);
    progress.hedge();
    progress.hedge();
    let step = next(&policy, &mut progress, OVERLOADED, &mut Seed(1).derive(1), || true);
    assert_eq!(step, Step::Stop(Reason::AttemptsSpent));
}

#[test]
fn no_wait_ends_after_the_deadline() {
    let policy = policy(&LISTED);
    let left = |ms, others| {
        let wait = Some(Duration::from_secs(2));
        after_one(&policy, Failed { wait, left: Some(Duration::from_millis(ms)), others, ..OVERLOADED }, true)
    };
    assert_eq!(left(2_200, 0), "again");
    assert_eq!(left(2_009, 0), "deadline_exceeded");
    assert_eq!(left(2_000, 0), "deadline_exceeded");
    assert_eq!(left(2_000, 1), "elsewhere");
    assert_eq!(left(0, 1), "deadline_exceeded");
}

#[test]
fn a_wait_longer_than_the_policy_honours_is_not_begun() {
    let asks = |ms, others| Failed { wait: Some(Duration::from_millis(ms)), others, ..OVERLOADED };
    assert_eq!(after_one(&policy(&LISTED), asks(5_000, 0), true), "again");
    assert_eq!(after_one(&policy(&LISTED), asks(5_001, 0), true), "retry_after_too_long");
    assert_eq!(after_one(&policy(&LISTED), asks(5_001, 1), true), "elsewhere");
}

#[test]
fn a_target_whose_breaker_has_opened_is_left() {
    let failed = Failed { is_admitted_here: false, ..OVERLOADED };
    assert_eq!(after_one(&policy(&LISTED), failed, true), "breaker_open");
    assert_eq!(after_one(&policy(&LISTED), Failed { others: 1, ..failed }, true), "elsewhere");
}

#[test]
fn a_spent_budget_goes_on_or_fails_as_the_policy_says() {
    let silent = Failed { outcome: Outcome::Timeout, status: None, others: 1, ..OVERLOADED };
    let with_other = Failed { others: 1, ..OVERLOADED };
    for (spent, failed, paid, unpaid) in [
        (BudgetSpent::NextTarget, OVERLOADED, "again", "budget_spent"),
        (BudgetSpent::NextTarget, with_other, "again", "elsewhere"),
        (BudgetSpent::NextTarget, silent, "elsewhere", "elsewhere"),
        (BudgetSpent::Fail, OVERLOADED, "again", "budget_spent"),
        (BudgetSpent::Fail, with_other, "again", "budget_spent"),
        (BudgetSpent::Fail, silent, "elsewhere", "budget_spent"),
    ] {
        let budget = Some(RetryBudget { share_bp: 1_000, at_least_per_second: 0, spent });
        let policy = Retry { budget, ..policy(&LISTED) };
        assert_eq!(after_one(&policy, failed, true), paid, "{spent:?} {failed:?}");
        assert_eq!(after_one(&policy, failed, false), unpaid, "{spent:?} {failed:?}");
    }
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    use Outcome as O;
    prop::sample::select(vec![
        O::Throttled,
        O::Overloaded,
        O::QuotaExhausted,
        O::ServerError,
        O::Timeout,
        O::Refused,
        O::Reset,
        O::Truncated,
        O::InvalidOutput,
        O::ContextLength,
        O::ContentPolicy,
        O::ModelNotFound,
        O::TooLarge,
        O::ClientError,
    ])
}

fn failures() -> impl Strategy<Value = Failed> {
    let status = prop::option::of(prop::sample::select(vec![200, 400, 408, 424, 429, 500, 503, 529]));
    let wait = || prop::option::of((0..20_000_u64).prop_map(Duration::from_millis));
    (outcomes(), status, wait(), any::<bool>(), 0..4_u32, wait()).prop_map(
        |(outcome, status, wait, is_admitted_here, others, left)| Failed {
            outcome,
            status,
            wait,
            is_admitted_here,
            others,
            left,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn attempts_deadline_and_budget_bound_every_sequence(
        failures in prop::collection::vec((failures(), any::<bool>()), 1..20),
        attempts in 1..6_u32,
        jitter in prop::sample::select(vec![Jitter::Full, Jitter::Equal, Jitter::Decorrelated, Jitter::None]),
        seed in any::<u64>(),
    ) {
        let all: Vec<Trigger> = LISTED.into_iter().chain([Trigger::Status(500), Trigger::Status(529)]).collect();
        let mut policy = Retry { attempts, ..policy(&all) };
        policy.backoff.jitter = jitter;
        policy.budget = Some(RetryBudget { share_bp: 1, at_least_per_second: 0, spent: BudgetSpent::Fail });
        let (mut progress, mut rng) = (Progress::default(), Seed(seed).derive(1));
        progress.begin(false);
        let mut paid = 0;
        for (failed, pays) in failures {
            let mut asked = 0;
            let step = next(&policy, &mut progress, failed, &mut rng, || {
                asked += 1;
                pays
            });
            prop_assert!(asked <= 1, "the budget is asked once");
            match step {
                Step::Again(wait) => {
                    prop_assert!(pays && asked == 1);
                    prop_assert!(wait >= failed.wait.unwrap_or_default(), "undercut");
                    prop_assert!(failed.left.is_none_or(|left| wait + LEAST <= left), "leaves no time");
                    prop_assert!(failed.wait.unwrap_or_default() <= policy.honor_retry_after);
                    prop_assert!(failed.is_admitted_here);
                    prop_assert!(!matches!(
                        failed.outcome,
                        Outcome::QuotaExhausted
                            | Outcome::ContextLength
                            | Outcome::ContentPolicy
                            | Outcome::ModelNotFound
                            | Outcome::ClientError
                    ));
                    progress.begin(true);
                }
                Step::MoveOn => {
                    prop_assert!(pays && asked == 1 && failed.others > 0);
                    prop_assert!(failed.left.is_none_or(|left| !left.is_zero()));
                    progress.begin(false);
                }
                Step::Stop(_) => break,
            }
            paid += 1;
            prop_assert!(progress.attempts <= attempts && progress.attempts == paid + 1);
        }
    }
}

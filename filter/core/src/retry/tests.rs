use super::*;
use crate::rng::Seed;
use seawall_policy::policy::{Backoff, Jitter};

fn policy() -> Retry {
    Retry {
        on: vec![Trigger::Status(429), Trigger::Status(503), Trigger::Timeout],
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

const OVERLOADED: Failed = Failed {
    outcome: Outcome::Overloaded,
    trigger: Trigger::Status(503),
    retry_after: None,
    attempts: 1,
    attempts_here: 1,
    is_admitted_here: true,
    later_targets: 1,
};
const SILENT: Failed = Failed { outcome: Outcome::Timeout, trigger: Trigger::Timeout, ..OVERLOADED };

fn step(failed: Failed) -> &'static str {
    match next(&policy(), failed, &mut Seed(1).derive(1)) {
        Step::Again(_) => "again",
        Step::MoveOn => "move on",
        Step::Stop(reason) => reason.word(),
    }
}

#[test]
fn every_situation_has_its_step() {
    let client_error = Failed { outcome: Outcome::ClientError, trigger: Trigger::Status(400), ..OVERLOADED };
    let unlisted = Failed { outcome: Outcome::ServerError, trigger: Trigger::Status(500), ..OVERLOADED };
    let asks_for = |seconds| Failed { retry_after: Some(Duration::from_secs(seconds)), ..OVERLOADED };
    let alone = |failed| Failed { later_targets: 0, ..failed };
    let table = [
        ("an error of the request is nobody's to retry", client_error, "client_error"),
        ("a failure the policy does not list", unlisted, "not_retried"),
        ("three attempts, one later target: one more here", OVERLOADED, "again"),
        ("the last attempt belongs to the later target", Failed { attempts: 2, ..OVERLOADED }, "move on"),
        ("the last attempt, and nowhere else to go", alone(Failed { attempts: 2, ..OVERLOADED }), "again"),
        ("every attempt made", Failed { attempts: 3, ..OVERLOADED }, "attempts_spent"),
        ("two later targets share what is left", Failed { later_targets: 2, ..OVERLOADED }, "move on"),
        ("a silent target is left", SILENT, "move on"),
        ("a silent target that is the only one", alone(SILENT), "again"),
        ("a wait the policy honours", asks_for(5), "again"),
        ("a wait it does not", asks_for(6), "move on"),
        ("a wait it does not, and nowhere else", alone(asks_for(6)), "retry_after_too_long"),
        ("its breaker has opened", Failed { is_admitted_here: false, ..OVERLOADED }, "move on"),
        (
            "its breaker has opened, and nowhere else",
            alone(Failed { is_admitted_here: false, ..OVERLOADED }),
            "breaker_open",
        ),
    ];
    for (what, failed, expected) in table {
        assert_eq!(step(failed), expected, "{what}");
    }
}

#[test]
fn a_retry_after_is_never_undercut() {
    for seed in 0..500 {
        let asked = Duration::from_secs(2);
        let failed = Failed { retry_after: Some(asked), ..OVERLOADED };
        let Step::Again(wait) = next(&policy(), failed, &mut Seed(seed).derive(3)) else { panic!() };
        assert!(wait >= asked && wait <= asked + Duration::from_millis(100), "{wait:?}");
    }
}

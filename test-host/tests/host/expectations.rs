//! What a scenario file gets wrong, and what a filter gets wrong, is told at the line where it stands.
use std::path::Path;

use crate::support::module;
use seawall_test_host::scenario::{Failure, Timing, judge_refusal, parse, run};
use seawall_test_host::sim::{SimDriver, Started};

/// Logs one decision and lets everything pass.
const PASSES: &str = r#"
  (data (i32.const 0) "seawall pass exchange=1")
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $log (i32.const 2) (i32.const 0) (i32.const 23)))"#;

fn failures(text: &str) -> Vec<Failure> {
    let scenario = parse(Path::new("test.yaml"), text).unwrap().scenario;
    match SimDriver::start(&module(PASSES), &scenario).unwrap() {
        Started::Running(mut driver) => {
            let mut failures = judge_refusal(&scenario, None);
            failures.extend(run(driver.as_mut(), &scenario, Timing::Virtual).unwrap().failures);
            failures
        }
        Started::Refused { log } => judge_refusal(&scenario, Some(&log.join("\n"))),
    }
}

#[test]
fn every_failed_expectation_is_told_with_its_line() {
    let text = r#"about: a test
policy: fixture
providers: { primary: [] }
steps:
  - request: {}
    expect:
      status: 503
      headers:
        content-type: text/plain
        x-absent: null
        content-length: null
      body: ["simulated", "nowhere"]
      complete: false
      upstream: { primary: 2 }
      at_least: 1s
      at_most: 1ms
      trace:
        - pass
        - answer status=200
"#;
    let seen: Vec<(u64, String)> = failures(text).into_iter().map(|f| (f.line, f.text)).collect();
    let lines: Vec<u64> = seen.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [7, 9, 11, 12, 13, 14, 15, 16, 19], "{seen:#?}");
    assert_eq!(seen[0].1, "expected status 503, saw 200");
    assert_eq!(seen[1].1, "expected header content-type: `text/plain`, saw `application/json`");
    assert!(seen[8].1.contains("      pass\n    - answer status=200"), "{}", seen[8].1);
}

#[test]
fn what_a_provider_was_asked_is_told_member_by_member() {
    let with = |saw: &str| {
        let head = "about: a test\npolicy: fixture\nproviders: { primary: [] }\nsteps:\n  - request: { model: large }\n    expect:\n      saw:\n";
        failures(&format!("{head}        primary: {saw}\n")).into_iter().map(|f| f.text).collect::<Vec<_>>()
    };
    assert!(with("[{}]").is_empty());
    assert!(
        with("[{ model: large, max_tokens: 64, stream: false, headers: { content-type: application/json, x-a: null } }]")
            .is_empty()
    );
    assert_eq!(with("[]"), ["expected 0 requests at primary, saw 1"]);
    assert_eq!(
        with("[{ model: small, temperature: 0.5, headers: { x-a: b } }]"),
        [
            "expected model `small` in request 1 at primary, saw `large`",
            "expected temperature `0.5` in request 1 at primary, saw none",
            "expected header x-a: `b` in request 1 at primary, saw none",
        ]
    );
}

#[test]
fn a_trace_that_goes_on_is_told_at_its_last_line() {
    let with = |trace: &str| {
        let head = "about: a test\npolicy: fixture\nproviders: { primary: [] }\nsteps:\n  - request: {}\n    expect:\n";
        let failures = failures(&format!("{head}      trace: {trace}\n"));
        failures.into_iter().map(|f| f.line).collect::<Vec<_>>()
    };
    assert!(with("[pass]").is_empty());
    assert_eq!(with("[]"), [7]);
    assert_eq!(with("\n        - pass\n        - pass"), [9]);
    assert_eq!(with("\n        - stop"), [8]);
}

#[test]
fn repetitions_are_told_apart() {
    let text = "about: a test\npolicy: fixture\nproviders: { primary: [{ times: 2 }, { status: 500 }] }\nsteps:\n  \
                - request: { times: 3 }\n    expect: { status: 200 }\n";
    let texts: Vec<_> = failures(text).into_iter().map(|f| f.text).collect();
    assert_eq!(texts, ["request 3 of 3: expected status 200, saw 500"]);
}

#[test]
fn a_policy_that_should_have_been_refused_is_told() {
    let text = "about: a test\npolicy: fixture\nrefused: [\"a reason\"]\n";
    let seen = failures(text);
    assert_eq!((seen[0].line, seen[0].text.as_str()), (3, "the policy was not refused"));
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place() {
    let head = "about: a test\npolicy: fixture\n";
    for (rest, told) in [
        ("stepz: []\n", "test.yaml:3:1: "),
        ("steps:\n  - request: { times: many }\n", "test.yaml:4:23: "),
        ("steps:\n  - wait: 5\n", "test.yaml:4:11: "),
        ("steps: []\n", "either `steps` or `refused`"),
        ("steps: [{ request: {}, wait: 1s }]\n", "step 1: exactly one of"),
        ("steps: [{ request: { worker: 1 } }]\n", "there is no worker 1"),
        ("steps: [{ providers: { primry: refused } }]\n", "`primry` is not one of"),
        ("steps: [{ request: {}, expect: { upstream: { primry: 1 } } }]\n", "`primry` is not one of"),
        ("steps: [{ request: {}, expect: { saw: { primry: [] } } }]\n", "`primry` is not one of"),
        ("steps: [{ request: {}, expect: { saw: { primry: [{ modle: x }] } } }]\n", "modle"),
    ] {
        let error = parse(Path::new("test.yaml"), &format!("{head}{rest}")).unwrap_err().to_string();
        assert!(error.contains(told), "{rest:?}: {error}");
    }
}

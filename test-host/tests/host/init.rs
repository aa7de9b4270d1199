//! `seawall init`.

use seawall_test_host::policy_tests::{Found, parse};
use seawall_test_host::scenario::{Timing, run};
use seawall_test_host::sim::{Module, SimDriver, Started};
use seawall_test_host::starter::{Answers, Place};

use super::command::{Place as Directory, wasm};

/// Every combination of what can be left open.
fn combinations() -> Vec<Answers> {
    let some = |text: &str| Some(text.to_owned());
    let places = |cluster: &str, host: &str, key: &str, model: &str| -> Vec<Place> {
        let (hosts, keys, models) = ([None, some(host)], [None, some(key)], [None, some(model)]);
        let mut places = Vec::new();
        for host in &hosts {
            for key in &keys {
                for model in &models {
                    let (host, key, model) = (host.clone(), key.clone(), model.clone());
                    places.push(Place { provider: "openai", cluster: cluster.to_owned(), host, key, model });
                }
            }
        }
        places
    };
    let mut all = Vec::new();
    for path in ["/v1/chat/completions", "/v1/*", "/*", "/openai/deployments/a/chat/completions"] {
        for primary in places("openai", "api.openai.com", "OPENAI_API_KEY", "gpt-4.1") {
            let path = path.to_owned();
            all.push(Answers { primary: primary.clone(), fallback: None, path: path.clone() });
            // In a cluster of its own, or in the same.
            for cluster in ["spare", "openai"] {
                for fallback in places(cluster, "llm.example:8443", "SPARE_KEY", "gpt \"4\" \\ mini") {
                    let fallback = Some(fallback);
                    all.push(Answers { primary: primary.clone(), fallback, path: path.clone() });
                }
            }
        }
    }
    all
}

#[test]
fn every_policy_that_can_be_made_checks_without_a_finding_and_is_formatted() {
    for answers in combinations() {
        let text = answers.policy().unwrap_or_else(|reason| panic!("{answers:?}: {reason}"));
        let checked = seawall_policy::check(&text);
        assert_eq!(checked.diagnostics, [], "{text}");
        assert_eq!(seawall_policy::format(&text).as_ref(), Ok(&text));
        assert_eq!(text.matches("\ntest \"").count(), 1);
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}

#[test]
#[ignore = "needs the module"]
fn every_policy_that_can_be_made_passes_its_test() {
    let module = Module::load(wasm().as_ref()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for answers in combinations() {
        let text = answers.policy().unwrap();
        let Found::Tests(tests) = parse("p.seawall".as_ref(), &text) else { panic!("refused:\n{text}") };
        let [test] = &tests[..] else { panic!("one test:\n{text}") };
        let Started::Running(mut driver) = SimDriver::start(&module, &test.scenario).unwrap() else {
            panic!("the filter refuses:\n{text}")
        };
        let outcome = run(driver.as_mut(), &test.scenario, Timing::Virtual).unwrap();
        assert_eq!(outcome.failures, [], "{text}");
        seen.insert(test.name());
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[test]
fn flags_are_answers_and_nothing_is_written_over() {
    let place = Directory::new(&[]);
    let (code, out, err) =
        place.seawall(&["init", "--fallback-cluster", "spare", "--fallback-key", "SPARE_KEY"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("Wrote policy.seawall"), "{err}");
    let text = place.read("policy.seawall");
    for part in ["bearer env.SPARE_KEY", "\"api.openai.com\"", "then", "// of Envoy's configuration"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    assert_eq!(place.seawall(&["check", "--deny-warnings", "policy.seawall"]).0, 0);

    let (code, _, err) = place.seawall(&["init", "--yes"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: policy.seawall is there already; --force"), "{err}");
    assert_eq!(place.read("policy.seawall"), text);
    assert_eq!(place.seawall(&["init", "--no-input", "--force"]).0, 0);
    assert_ne!(place.read("policy.seawall"), text);
    // The plain one is also what goes to the standard output.
    assert_eq!(place.seawall(&["init", "-o", "-"]).1, place.read("policy.seawall"));
}

#[test]
fn answers_that_no_policy_can_hold_end_with_2_and_no_file() {
    for (arguments, told) in [
        (&["--cluster", "two words"][..], "`cluster` must not hold a space"),
        (&["--key", "K model \"x\""], "an answer holds more than a value"),
        (&["--host", "https://a.example"], "`host` holds a scheme"),
        (&["--fallback-model", "m"], "there is no fallback; name one with --fallback-cluster"),
        (&["--provider", "cohere"], "invalid value 'cohere'"),
    ] {
        let place = Directory::new(&[]);
        let (code, out, err) = place.seawall(&[&["init"], arguments].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(told), "{err}");
        assert!(!place.path("policy.seawall").exists());
    }
}

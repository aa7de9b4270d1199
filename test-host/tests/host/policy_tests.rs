//! `seawall test` on policies.

use super::command::{Place, repository, wasm};

const POLICY: &str = r#"seawall 1
target large { cluster "openai"  provider openai  auth bearer env.OPENAI_API_KEY  model "large" }
target small { like large  model "small" }
retry once { attempts 2 }
route chat { match path "/v1/chat/completions"  try large  then small  retry once }
route default { pass }
"#;

fn with(tests: &str) -> Place {
    Place::new(&[("p.seawall", &[POLICY, tests].concat())])
}

#[test]
#[ignore = "needs the module"]
fn tests_that_hold_end_with_0_and_are_listed() {
    let place = with(
        "test \"the small model steps in\" {\n  upstream large { answer 529 header \"retry-after\" \"600\" }\n  request { }\n\
         \x20 expect { target small  body \"\\\"model\\\":\\\"small\\\"\" }\n}\n\
         test \"others pass\" { request { method \"GET\"  path \"/x\" }  expect { passed  status 200 } }\n",
    );
    let (code, out, err) = place.seawall(&["test", "p.seawall", "--wasm", &wasm()]);
    assert_eq!(code, 0, "{out}{err}");
    let lines: Vec<&str> = out.lines().skip(1).map(|line| line.split(" (").next().unwrap()).collect();
    assert_eq!(lines, ["ok     p: the small model steps in", "ok     p: others pass", "2 passed, 0 failed"]);
    let (_, out, _) = place.seawall(&["test", "p.seawall", "--wasm", &wasm(), "--filter", "others"]);
    assert!(out.ends_with("1 passed, 0 failed\n"), "{out}");
    let (code, _, err) = place.seawall(&["test", "p.seawall", "--wasm", &wasm(), "--filter", "nothing"]);
    assert_eq!((code, err.as_str()), (2, "error: no test's name holds `nothing`\n"));
}

#[test]
#[ignore = "needs the module"]
fn each_expectation_that_fails_is_told_at_its_place_in_the_policy() {
    let place = with(
        "test \"wrong\" {\n  request { }\n  expect {\n    status 429\n    target small  attempts 2 at large\n    passed\n  }\n}\n",
    );
    let (code, out, _) = place.seawall(&["test", "p.seawall", "--wasm", &wasm(), "--junit", "report.xml"]);
    assert_eq!(code, 1);
    for told in [
        "FAILED p: wrong",
        "p.seawall:10:5: expected status 429, saw 200",
        "p.seawall:11:5: expected target `small`, saw `large`",
        "p.seawall:11:19: expected 2 attempts at `large`, saw 1",
        "p.seawall:12:5: expected that no route takes the request",
        "0 passed, 1 failed",
    ] {
        assert!(out.contains(told), "no `{told}` in\n{out}");
    }
    let report = place.read("report.xml");
    for told in [
        "<testsuite name=\"p.seawall\" tests=\"1\" skipped=\"0\" errors=\"0\" failures=\"1\">",
        "<testcase name=\"p: wrong\"",
        "<failure message=\"p.seawall:10:5: expected status 429, saw 200\">",
    ] {
        assert!(report.contains(told), "no `{told}` in\n{report}");
    }
}

#[test]
#[ignore = "needs the module"]
fn each_test_starts_anew() {
    let place = with("breaker touchy { trip errors > 1% of at least 1 }\n");
    let text = place
        .read("p.seawall")
        .replace("retry once }\nroute default", "retry once  breaker touchy }\nroute default")
        + "test \"it opens\" { upstream large { answer 500 forever }  request { times 3 }  expect { target small }\n\
           request { }  expect { attempts 0 at large } }\n\
           test \"and is closed in the next\" { request { }  expect { target large } }\n";
    std::fs::write(place.path("p.seawall"), text).unwrap();
    let (code, out, err) = place.seawall(&["test", "p.seawall", "--wasm", &wasm()]);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
#[ignore = "needs the module"]
fn a_policy_that_this_version_refuses_fails_the_run() {
    let place = with("test \"a\" { request { }  expect { status 200 } }\n");
    let text = place.read("p.seawall").replace("try large", "cache 1h  try large");
    std::fs::write(place.path("p.seawall"), text).unwrap();
    for filter in ["", "nothing"] {
        let arguments = ["test", "p.seawall", "--wasm", &wasm(), "--filter", filter, "--junit", "report.xml"];
        let (code, out, _) = place.seawall(&arguments);
        assert_eq!(code, 1, "{out}");
        assert!(out.contains("FAILED p\n"), "{out}");
        assert!(out.contains("p.seawall: the policy is refused, so none of its tests can be run"), "{out}");
        assert!(out.contains("error[SW0401]: `cache` is not supported by this version"), "{out}");
        assert!(out.ends_with("0 passed, 1 failed\n"), "{out}");
        assert!(place.read("report.xml").contains("failures=\"1\""));
    }
}

#[test]
#[ignore = "needs the module"]
fn files_that_a_policy_names_lie_beside_it() {
    let policy = r#"seawall 1
target a { cluster "a"  provider openai }
route chat { match path "/v1/chat/completions"  try a  output { schema file "s.json"  invalid reject } }
test "what doesn't fit is rejected" {
  request { }
  expect { status 502  output invalid }
}
test "at its place" { request { }  expect { status 200 } }
"#;
    let place = Place::new(&[("p.seawall", policy), ("s.json", "{\n  \"type\": \"integer\"\n}\n")]);
    let (code, out, err) = place.seawall(&["test", "p.seawall", "--wasm", &wasm()]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("ok     p: what doesn't fit is rejected"), "{out}");
    // Whose text is longer than its name.
    assert!(out.contains("p.seawall:8:45: expected status 200, saw 502"), "{out}");
    let place = Place::new(&[("p.seawall", policy)]);
    let (code, out, _) = place.seawall(&["test", "p.seawall", "--wasm", &wasm()]);
    assert!(code == 1 && out.contains("p.seawall:3:") && out.contains("`s.json`"), "{out}");
}

#[test]
#[ignore = "needs the module"]
fn directories_hold_policies_and_scenarios() {
    let scenario = "about: One.\nupstream_half: false\npolicy: |\n  seawall 1\n  route default { pass }\nproviders: { a: [] }\n\
                    steps: [{ request: {}, expect: { status: 200 } }]\n";
    let tested = [POLICY, "test \"t\" { request { }  expect { status 200 } }\n"].concat();
    let place = Place::new(&[
        ("all/a.yaml", scenario),
        ("all/b.seawall", &tested),
        ("all/c.seawall", POLICY),
        ("all/d.txt", ""),
    ]);
    let (code, out, err) = place.seawall(&["test", "all", "--wasm", &wasm(), "--junit", "r.xml"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("ok     a (") && out.contains("ok     b: t (") && out.ends_with("2 passed, 0 failed\n"),
        "{out}"
    );
    assert_eq!(place.read("r.xml").matches("<testsuite ").count(), 2);
    // Who names a policy wants it tested.
    let (code, _, err) = place.seawall(&["test", "all/c.seawall", "--wasm", &wasm()]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: all/c.seawall holds no test: write `test"), "{err}");
}

#[test]
#[ignore = "needs the module"]
fn the_example_policies_pass_their_tests() {
    let policies = repository("envoy/policies");
    let (code, out, err) = Place::new(&[]).seawall(&["test", policies.to_str().unwrap(), "--wasm", &wasm()]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.matches("\nok ").count() >= 8, "{out}");
}

#[test]
fn the_example_policies_are_formatted_and_check_without_a_finding() {
    for file in repository("envoy/policies").read_dir().unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(seawall_policy::format(&text).as_ref(), Ok(&text), "{}", path.display());
        let (code, out, err) = Place::new(&[]).seawall(&["check", "--deny-warnings", path.to_str().unwrap()]);
        assert_eq!(code, 0, "{out}{err}");
    }
}

//! The tests that stand in a policy: what they mean, and that they are no part of it.

use std::time::Duration;

use seawall_policy::policy_test::{Answer, Behaviour, Step, TestCase, Tests, Upstream, Wanted, What, read};
use seawall_policy::{Code, LineIndex, check, render};

const POLICY: &str = r#"seawall 1
target sonnet { cluster "anthropic"  provider openai  auth bearer env.KEY }
target haiku  { like sonnet  model "haiku" }
target spare  { cluster "spare"  provider openai  auth header "x-api-key" env.OTHER }
route chat { match path "/v1/*"  try sonnet  then haiku, spare }
"#;

#[track_caller]
fn tests(text: &str) -> Tests {
    let source = [POLICY, text].concat();
    let read = read(&source);
    read.tests.unwrap_or_else(|| panic!("{}", render("p", &source, &read.diagnostics)))
}

fn one(text: &str) -> TestCase {
    let mut cases = tests(&format!("test \"it\" {{\n{text}\n}}")).cases;
    assert_eq!(cases.len(), 1);
    cases.remove(0)
}

fn behaviours(text: &str) -> Vec<Behaviour> {
    let case = one(&format!("upstream spare {{ {text} }}\nrequest {{ }}  expect {{ status 200 }}"));
    match &case.steps[0] {
        Step::Upstream { target, upstream: Upstream::Does(behaviours) } if target == "spare" => {
            behaviours.clone()
        }
        other => panic!("{other:?}"),
    }
}

fn answer(status: u16) -> Answer {
    let zero = Duration::ZERO;
    Answer { status, after: zero, first_token: zero, between_tokens: zero, headers: Vec::new(), says: None }
}

#[test]
fn what_a_provider_does_is_read_word_by_word() {
    let ms = Duration::from_millis;
    let header = |name: &str, value: &str| (name.to_string(), value.to_string());
    let slow = Answer { after: ms(100), first_token: ms(2_000), between_tokens: ms(30), ..answer(200) };
    let told = Answer { headers: vec![header("retry-after", "2"), header("x-a", "b c")], ..answer(429) };
    let cases = [
        ("answer 503", What::Answer(answer(503)), Some(1)),
        ("answer 503 3 times", What::Answer(answer(503)), Some(3)),
        ("answer 200 after 100ms first_token 2s between_tokens 30ms forever", What::Answer(slow), None),
        ("answer 429 header \"retry-after\" \"2\", \"x-a\" \"b c\" 2 times", What::Answer(told), Some(2)),
        ("reset 2 times", What::Reset, Some(2)),
        ("cut", What::Cut, Some(1)),
        ("malformed forever", What::Malformed, None),
        ("hang", What::Hang, Some(1)),
    ];
    for (text, what, times) in cases {
        assert_eq!(behaviours(text), [Behaviour { what, times }], "{text}");
    }
    assert_eq!(behaviours("reset  hang 2 times  answer 500; cut").len(), 4);
    assert_eq!(behaviours(""), []);
    let refused = one("upstream spare { refuse }\nrequest { }  expect { status 200 }");
    assert_eq!(refused.steps[0], Step::Upstream { target: "spare".into(), upstream: Upstream::Refuses });
}

#[test]
fn a_request_is_a_chat_completion_unless_it_says_otherwise() {
    let request =
        |text: &str| match one(&format!("request {{ {text} }}  expect {{ status 200 }}")).steps.remove(0) {
            Step::Request(request) => request,
            other => panic!("{other:?}"),
        };
    let plain = request("");
    assert_eq!((plain.method.as_str(), plain.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!((plain.model.as_str(), plain.stream, plain.times), ("gpt-4.1", false, 1));
    assert_eq!((plain.body, plain.prompt_bytes, plain.headers), (None, None, vec![]));
    let told = request(
        "method \"PUT\"  path \"/v1/x?a=b\"  header \"x-a\" \"1\"  header \"x-b\" \"2\"  model \"m\"  stream\n\
         prompt 2KiB\ntimes 20",
    );
    assert_eq!((told.method.as_str(), told.path.as_str(), told.model.as_str()), ("PUT", "/v1/x?a=b", "m"));
    assert_eq!((told.stream, told.times, told.prompt_bytes), (true, 20, Some(2048)));
    assert_eq!(request("body <<JSON\n  {}\n  JSON\n").body.as_deref(), Some("{}"));
    assert_eq!(told.headers, [("x-a".into(), "1".into()), ("x-b".into(), "2".into())]);
}

#[test]
fn expectations_belong_to_the_request_above_and_keep_their_place() {
    let source = [
        POLICY,
        "test \"it\" {\n  request { }\n  expect { status 200\n    target haiku }\n  wait 5s\n  expect { attempts 2 at sonnet }\n\
         \x20 request { }\n  expect { cut  took at most 5s }\n}\n",
    ]
    .concat();
    let case = read(&source).tests.unwrap().cases.remove(0);
    let [Step::Request(first), Step::Wait(wait), Step::Request(second)] = &case.steps[..] else {
        panic!("{:?}", case.steps)
    };
    assert_eq!(*wait, Duration::from_secs(5));
    let lines = LineIndex::new(&source);
    let seen: Vec<_> = first
        .expected
        .iter()
        .map(|expected| {
            (expected.wanted.clone(), lines.line_of(expected.span.start), expected.span.text(&source))
        })
        .collect();
    let attempts = Wanted::Attempts { count: 2, target: Some("sonnet".into()) };
    assert_eq!(
        seen,
        [
            (Wanted::Status(200), 8, "status 200"),
            (Wanted::Target("haiku".into()), 9, "target haiku"),
            (attempts, 11, "attempts 2 at sonnet"),
        ]
    );
    let second: Vec<_> = second.expected.iter().map(|expected| expected.wanted.clone()).collect();
    assert_eq!(second, [Wanted::Cut, Wanted::AtMost(Duration::from_secs(5))]);
}

#[test]
fn everything_can_be_expected() {
    let text = r#"status 503  target spare  attempts 3  attempts 1 at haiku  reason breaker_open  passed  cut
      header "a" "1"  header "b" absent  body "x \"y\""  took at least 1s"#;
    let case = one(&format!("request {{ }}  expect {{ {text} }}"));
    let [Step::Request(request)] = &case.steps[..] else { panic!() };
    let wanted: Vec<_> = request.expected.iter().map(|expected| expected.wanted.clone()).collect();
    assert_eq!(
        wanted,
        [
            Wanted::Status(503),
            Wanted::Target("spare".into()),
            Wanted::Attempts { count: 3, target: None },
            Wanted::Attempts { count: 1, target: Some("haiku".into()) },
            Wanted::Reason("breaker_open"),
            Wanted::Passed,
            Wanted::Cut,
            Wanted::Header { name: "a".into(), value: Some("1".into()) },
            Wanted::Header { name: "b".into(), value: None },
            Wanted::Body("x \"y\"".into()),
            Wanted::AtLeast(Duration::from_secs(1)),
        ]
    );
}

#[test]
fn targets_that_share_a_cluster_are_told_apart_on_the_same_lines() {
    let tests = tests("");
    let clusters: Vec<(&str, &str)> =
        tests.clusters.iter().map(|(target, cluster)| (target.as_str(), cluster.as_str())).collect();
    let wanted = [("haiku", "anthropic-haiku"), ("sonnet", "anthropic-sonnet"), ("spare", "spare")];
    assert_eq!(clusters, wanted);
    assert_eq!(tests.policy.lines().count(), POLICY.lines().count());
    let run = check(&tests.policy).policy.unwrap();
    let clusters: Vec<_> =
        run.targets.iter().map(|target| (target.name.as_str(), target.cluster.as_str())).collect();
    assert_eq!(clusters, wanted);
    // Nothing else has changed.
    let mut own = check(POLICY).policy.unwrap();
    for (target, other) in own.targets.iter_mut().zip(&run.targets) {
        target.cluster.clone_from(&other.cluster);
        assert_eq!(target, other);
    }
    assert_eq!(own.routes, run.routes);
}

#[test]
fn names_of_clusters_stay_apart_whatever_they_are() {
    let source = r#"seawall 1
target a { cluster "x\"\\"  provider openai }
target b { cluster "x\"\\-a"  provider openai }
target c {cluster "x\"\\"  provider openai}
target d { cluster "x\"\\-c-"  provider openai }
target e {
  like c
}
route chat { match path "/v1/*"  try a, b, c, d, e }
"#;
    let tests = read(source).tests.unwrap();
    let run = check(&tests.policy).policy.unwrap();
    let mut clusters: Vec<&str> = run.targets.iter().map(|target| target.cluster.as_str()).collect();
    let told: Vec<&str> = tests.clusters.iter().map(|(_, cluster)| cluster.as_str()).collect();
    assert_eq!(clusters, told);
    clusters.sort_unstable();
    clusters.dedup();
    assert_eq!(clusters.len(), 5, "{clusters:?}");
}

#[test]
fn a_policy_without_shared_clusters_runs_as_it_is() {
    let source = POLICY.replace("like sonnet ", "like sonnet  cluster \"own\" ");
    assert_eq!(read(&source).tests.unwrap().policy, source);
}

#[test]
fn variables_are_listed_once() {
    assert_eq!(tests("").variables, ["KEY", "OTHER"]);
}

#[test]
fn tests_do_not_change_the_policy() {
    let with = [POLICY, "test \"a\" { request { }  expect { status 200 } }\n"].concat();
    let (with, without) = (check(&with), check(POLICY));
    assert_eq!(with.diagnostics, []);
    assert_eq!(with.policy, without.policy);
}

#[test]
fn what_this_version_refuses_has_no_tests() {
    let source = [POLICY, "test \"a\" { request { }  expect { status 200 } }\n"].concat();
    let source = source.replace("route chat {", "route chat {  cache 1h ");
    let read = read(&source);
    assert_eq!(read.tests, None);
    assert_eq!(read.diagnostics.first().map(|found| found.code), Some(Code::NotSupported));
}

#[test]
fn what_means_nothing_where_it_stands_is_told() {
    let cases = [
        ("expect { status 200 }  request { }", "this `expect` has no `request` above it"),
        (
            "request { }  expect { status 200 }  wait 5s",
            "no `request` comes after this `wait`, so it changes nothing",
        ),
        (
            "request { }  expect { status 200 }  upstream spare { hang }",
            "no `request` comes after this `upstream`, so it changes nothing",
        ),
        (
            "upstream spare { refuse  hang }  request { }  expect { status 200 }",
            "a provider that refuses connections can do nothing else",
        ),
        (
            "upstream spare { hang forever  reset }  request { }  expect { status 200 }",
            "this `reset` stands behind one that holds `forever`",
        ),
        ("request { }", "`test it` has no `expect`"),
        (
            "request { header \"a\" \"1\"  header \"a\" \"2\" }  expect { status 200 }",
            "the header `a` is written twice",
        ),
        (
            "request { }  expect { header \"a\" \"1\"  header \"a\" absent }",
            "the header `a` is written twice",
        ),
        (
            "upstream spare { answer 200 header \"a\" \"1\", \"a\" \"2\" }  request { }  expect { status 200 }",
            "the header `a` is written twice",
        ),
        (
            "upstream spare { answer 200 header \"content-length\" \"1\" }  request { }  expect { status 200 }",
            "the header `content-length` can't be chosen",
        ),
        ("request { header \"host\" \"a\" }  expect { status 200 }", "the header `host` can't be chosen"),
        ("request { }  expect { reason retryed }", "unknown reason `retryed`"),
        ("request { }  expect { target sonet }", "unknown target `sonet`"),
        ("request { }  expect { status 199 }", "`199` is out of range for `status`"),
    ];
    for (text, message) in cases {
        let source = format!("{POLICY}test \"it\" {{ {text} }}\n");
        let read = read(&source);
        let told: Vec<_> = read.diagnostics.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(told, [message], "{}", render("p", &source, &read.diagnostics));
        assert_eq!(read.tests, None);
    }
}

//! Plans as people write them, in YAML and in JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use seawall_provider::{Behaviour, Dialect, ErrorKind, Fault, Plan, Times};

fn with(status: u16, headers: &[(&str, &str)]) -> Behaviour {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Behaviour { status: Some(status), headers, ..Behaviour::default() }
}

#[test]
fn a_plan_reads_alike_from_yaml_and_from_json() {
    let script = |behaviour| Plan::Script(vec![behaviour]);
    let slow = Behaviour {
        latency: Duration::from_secs(1),
        first_token: Duration::from_millis(250),
        between_tokens: Duration::from_millis(5),
        ..Behaviour::default()
    };
    let cases = [
        ("refused", r#""refused""#, Plan::Refused),
        ("[]", "[]", Plan::Script(Vec::new())),
        ("- {}", "[{}]", script(Behaviour::default())),
        (
            "- status: 429\n  headers: { Retry-After: \"1\" }",
            r#"[{"status":429,"headers":{"Retry-After":"1"}}]"#,
            script(with(429, &[("retry-after", "1")])),
        ),
        (
            "- { times: 3, fault: reset }",
            r#"[{"times":3,"fault":"reset"}]"#,
            script(Behaviour { times: Times::Count(3), fault: Some(Fault::Reset), ..Behaviour::default() }),
        ),
        (
            "- { times: forever, status: 503 }",
            r#"[{"times":"forever","status":503}]"#,
            script(Behaviour { times: Times::Forever, ..with(503, &[]) }),
        ),
        (
            "- { latency: 1s, first_token: 250ms, between_tokens: 5ms }",
            r#"[{"latency":"1s","first_token":"250ms","between_tokens":"5ms"}]"#,
            script(slow),
        ),
    ];
    for (yaml, json, plan) in cases {
        assert_eq!(serde_saphyr::from_str::<Plan>(yaml).unwrap(), plan, "{yaml}");
        assert_eq!(serde_json::from_str::<Plan>(json).unwrap(), plan, "{json}");
        let written = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&written).unwrap(), plan, "{written}");
    }
}

#[test]
fn plans_stand_inside_other_documents() {
    let text = "primary: refused\nsecondary:\n  - { status: 500, times: forever }\n";
    let plans: BTreeMap<String, Plan> = serde_saphyr::from_str(text).unwrap();
    assert_eq!(plans["primary"], Plan::Refused);
    let failing = Behaviour { times: Times::Forever, ..with(500, &[]) };
    assert_eq!(plans["secondary"], Plan::Script(vec![failing]));
}

#[test]
fn what_a_plan_cannot_mean_is_refused_with_the_reason() {
    let cases = [
        ("down", "`refused`, or a list of behaviours"),
        ("- { times: 0 }", "a number from 1 up, or `forever`"),
        ("- { times: -1 }", "a number from 1 up, or `forever`"),
        ("- { times: always }", "a number from 1 up, or `forever`"),
        ("- { status: 99 }", "a status from 200 to 599"),
        ("- { latency: 10 }", "`10` is not a duration"),
        ("- { latency: soon }", "`soon` is not a duration"),
        ("- { fault: explode }", "explode"),
        ("- { error: overload }", "unknown variant `overload`"),
        ("- { dialect: openapi }", "unknown variant `openapi`"),
        ("- { stauts: 500 }", "stauts"),
        ("- headers: { \"bad name\": x }", "`bad name` is not a header name"),
        ("- headers: { content-length: \"3\" }", "`content-length` is set by the provider itself"),
        ("- headers: { x-a: \"1\\n2\" }", "the value of `x-a` is not a header value"),
    ];
    for (yaml, reason) in cases {
        let error = serde_saphyr::from_str::<Plan>(yaml).unwrap_err().to_string();
        assert!(error.contains(reason), "{yaml}: {error}");
    }
}

#[test]
fn all_words_read_and_write_alike() {
    let yaml = "- { dialect: bedrock, error: token_rate_limit, status: 200, after: 3, reset: 6m, remaining_tokens: 0 }\n\
                - { remaining_requests: 3, text: Hello, tokens: 50, finish: content_filter, fault: left_open }\n\
                - { body: '{}', times: forever }";
    let plan: Plan = serde_saphyr::from_str(yaml).unwrap();
    let written = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&written).unwrap(), plan);
    let Plan::Script(behaviours) = plan else { panic!() };
    let first = Behaviour {
        dialect: Some(Dialect::Bedrock),
        error: Some(ErrorKind::TokenRateLimit),
        after: Some(3),
        reset: Some(Duration::from_secs(360)),
        remaining_tokens: Some(0),
        ..with(200, &[])
    };
    assert_eq!(behaviours[0], first);
    assert_eq!(behaviours[1].fault, Some(Fault::LeftOpen));
}

#[test]
fn a_request_may_bring_its_own_behaviour() {
    let given = Behaviour::from_override(br#"{"status":503,"headers":{"retry-after":"2"}}"#);
    assert_eq!(given, Ok(with(503, &[("retry-after", "2")])));
    let refused = Behaviour::from_override(b"{").unwrap_err();
    assert!(refused.starts_with("x-simulate: "), "{refused}");
}

//! Policies and requests in plain words: recorded explanations, and what holds of all of them.

use std::fs;

use proptest::prelude::*;
use seawall_policy::explain::{Body, BodyFacts, Document, Explainer, Request, Verdict};
use seawall_policy::policy::Capability;

use super::bless;

fn body() -> BodyFacts {
    BodyFacts {
        model: Some("gpt-4o".into()),
        messages: 2,
        input_tokens: 1_200,
        repeats: 2,
        max_tokens: Some(9_000),
        ..BodyFacts::default()
    }
}

fn chat(facts: BodyFacts, headers: &[(&str, &str)]) -> Request {
    Request {
        path: "/v1/chat/completions".into(),
        headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        body: Body::Json(facts),
        body_bytes: 5_000,
        hour: 14,
        ..Request::default()
    }
}

fn source(name: &str) -> String {
    let file = match name {
        "demo" => "../envoy/demo.seawall".into(),
        name => format!("tests/explain/{name}.seawall"),
    };
    fs::read_to_string(bless::path(&file)).unwrap()
}

fn same(name: &str, document: &Document) {
    bless::same(&bless::path(&format!("tests/explain/{name}.txt")), &document.to_string());
}

#[test]
fn summaries_are_as_recorded() {
    for name in ["demo", "routes", "whole"] {
        let source = source(name);
        same(name, &Explainer::new(&source).unwrap().summary());
    }
}

#[test]
fn what_becomes_of_a_request_is_as_recorded() {
    let key = ("authorization", "Bearer sk-1234567890abcdef");
    let acme = ("x-tenant-id", "acme");
    let stream = || BodyFacts { stream: true, ..body() };
    let needing = |needs: &[Capability]| BodyFacts { needs: needs.iter().copied().collect(), ..body() };
    let long = || BodyFacts { messages: 21, input_tokens: 40_000, ..body() };
    let elsewhere = Request { path: "/v1/models?key=sk-1234567890".into(), ..Request::default() };
    let broken = Request { body: Body::Unreadable("it isn't valid JSON".into()), ..chat(body(), &[]) };
    let zipped = chat(body(), &[("content-encoding", "gzip")]);
    for (name, policy, request) in [
        (
            "demo-streamed",
            "demo",
            chat(stream(), &[key, ("x-envoy-max-retries", "9"), ("x-envoy-expected-rq-timeout-ms", "9")]),
        ),
        ("demo-elsewhere", "demo", elsewhere),
        ("demo-broken", "demo", broken),
        ("routes-small", "routes", chat(body(), &[key, ("x-batch", "yes")])),
        ("routes-night", "routes", Request { hour: 3, ..chat(body(), &[key, ("x-batch", "yes")]) }),
        ("routes-key", "routes", chat(stream(), &[key, ("x-small", "")])),
        ("routes-other", "routes", zipped),
        ("fit-image", "fit", chat(needing(&[Capability::Vision, Capability::Json]), &[])),
        ("fit-none", "fit", chat(needing(&[Capability::Vision, Capability::Tools]), &[])),
        ("fit-plain", "fit", chat(BodyFacts { max_tokens: Some(100), ..body() }, &[])),
        ("fit-dear", "fit", Request { path: "/v1/responses".into(), ..chat(body(), &[]) }),
        ("whole-free", "whole", chat(stream(), &[key, ("x-request-deadline-ms", "20000")])),
        ("whole-gold", "whole", chat(body(), &[key, acme])),
        ("whole-refused", "whole", chat(long(), &[key])),
    ] {
        let source = source(policy);
        same(name, &Explainer::new(&source).unwrap().request(&request));
    }
}

fn texts(document: &Document) -> String {
    format!("{document:?}\n{document}")
}

#[test]
fn no_value_of_a_header_that_may_hold_credentials_is_told() {
    let secret = "sk-Abc\"def\\ghi`1234";
    let policy = r#"seawall 1
        target t { cluster "c"  provider openai  auth header "x-own" env.KEY }
        route a {
          match path "/*"
          when `headers["authorization"] != "Bearer x" && headers["x-own"].contains("b") && headers["cookie"] in ["a", "c"] || size(headers["x-api-key"]) > 3 || headers["authorization"].contains("sk-Abc\"def\\ghi\u00601234")`
          try t
        }"#;
    let explainer = Explainer::new(policy).unwrap();
    for name in ["authorization", "x-own", "cookie", "x-api-key", "proxy-authorization", "x-goog-api-key"] {
        for value in [secret.into(), format!("Bearer {secret}"), format!("a=b; session={secret}")] {
            let request = Request { path: format!("/x?key={secret}&b=1"), ..chat(body(), &[(name, &value)]) };
            let said = explainer.request(&request).to_string();
            for form in [secret, "sk-Abc", "ghi`1234", r#"sk-Abc\"def\\ghi\`1234"#] {
                assert!(!said.contains(form), "{name}: {value}\n{said}");
            }
            assert!(said.contains(&format!("`{name}`")), "{said}");
        }
    }
}

#[test]
fn a_short_secret_is_not_shown_where_conditions_ask_for_it() {
    let policy = r#"seawall 1
        target t { cluster "c"  provider openai }
        route a { match path "/*"  when `headers["x-token"] != "zz"`  try t }"#;
    let said = Explainer::new(policy).unwrap().request(&chat(body(), &[("x-token", "qqq")])).to_string();
    assert!(!said.contains("qqq") && said.contains("****"), "{said}");
}

#[test]
fn a_tenant_that_is_read_from_credentials_is_not_told() {
    let policy = r#"seawall 1
        target t { cluster "c"  provider openai }
        tenant by header "x-api-key"
        tier gold { tenants "qqq" }
        route a {
          match path "/*"
          when `tenant != "zz" && prompt_version != "zz"`
          try t
          trace sample 1% to otel header prompt_version "x-session"
        }"#;
    let request = chat(body(), &[("x-api-key", "qqq"), ("x-session", "vvv")]);
    let said = Explainer::new(policy).unwrap().request(&request).to_string();
    assert!(!said.contains("qqq") && !said.contains("vvv"), "{said}");
    assert!(said.contains("\"****\", in tier `gold`") && said.contains("takes the request"), "{said}");
}

#[test]
fn nothing_of_a_request_steers_a_terminal() {
    let model = "a\u{1b}[31m\nb\u{202e}";
    let facts =
        BodyFacts { model: Some(model.into()), tools: vec!["t\u{7}".into()], tool_count: 1, ..body() };
    let source = source("routes");
    let said = Explainer::new(&source).unwrap().request(&chat(facts, &[("x-\u{1b}", "a")])).to_string();
    assert!(said.chars().all(|c| c == '\n' || !c.is_control()) && !said.contains('\u{202e}'), "{said}");
}

#[test]
fn what_this_version_refuses_is_said_first() {
    let (whole, demo) = (source("whole"), source("demo"));
    let explainer = Explainer::new(&whole).unwrap();
    assert!(!explainer.is_supported());
    for document in [explainer.summary(), explainer.request(&chat(body(), &[]))] {
        let first = &document.sections[0];
        assert_eq!(first.heading, "Not supported by this version");
        assert_eq!(first.lines[0].verdict, Verdict::Caution);
        assert!(first.lines.iter().any(|line| line.text.starts_with("`cache` in ")), "{first}");
    }
    let explainer = Explainer::new(&demo).unwrap();
    assert!(explainer.is_supported());
    assert_ne!(explainer.summary().sections[0].heading, "Not supported by this version");
}

#[test]
fn what_is_wrong_is_not_explained() {
    let findings = Explainer::new("seawall 1\nroute a { }").unwrap_err();
    assert!(!findings.is_empty());
}

#[test]
fn defaults_are_marked_and_only_they() {
    let policy = |retry: &str, route: &str| {
        let text = format!(
            "seawall 1\ntarget t {{ cluster \"c\"  provider openai }}\n\
             retry r {{ {retry} }}\nroute a {{ match path \"/\"  try t  retry r  {route} }}"
        );
        Explainer::new(&text).unwrap().summary().to_string()
    };
    let bare = policy("", "");
    assert!(bare.contains("up to 3 attempts in all (default); by `r`"), "{bare}");
    assert!(bare.contains("an attempt may take 1m to answer (default)"), "{bare}");
    // The same values, but written.
    let written = policy("attempts 3", "timeout 60s");
    assert!(written.contains("up to 3 attempts in all; by `r`"), "{written}");
    assert!(written.contains("an attempt may take 1m to answer\n"), "{written}");
}

#[test]
fn lines_of_text_are_short() {
    for name in ["demo", "routes", "whole"] {
        let source = source(name);
        for line in Explainer::new(&source).unwrap().summary().to_string().lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

/// A policy of so many targets, some of them with long or odd texts in them.
fn policies() -> impl Strategy<Value = (String, usize, usize)> {
    let text = "[a-z<>&'#;|\\{\\}\\[\\]äß模`%$ -]{1,40}";
    let order = prop::sample::select(vec!["", "cheapest", "fastest", "least_loaded"]);
    let route = (1..6_usize, any::<bool>(), order, 1..11_u32, 1..90_u32, any::<bool>(), "[a-z/]{0,30}");
    let routes = prop::collection::vec(route, 1..5);
    (prop::collection::vec((text, any::<bool>()), 6), routes).prop_map(|(targets, routes)| {
        let mut source = String::from("seawall 1\nbreaker k { }\n");
        for (number, (model, priced)) in targets.iter().enumerate() {
            let price = if *priced { "price $2 in, $8 out per 1M tokens  context 32k tokens" } else { "" };
            source += &format!("target target_{number} {{ cluster \"c\"  provider openai  model \"{model}\"  {price} }}\n");
        }
        let count = routes.len();
        for (number, (targets, stages, order, attempts, timeout, guarded, path)) in routes.into_iter().enumerate() {
            let names: Vec<String> = (0..targets).map(|target| format!("target_{target}")).collect();
            let plan = if stages { names.join(" \n then ") } else { format!("{} {order}", names.join(", ")) };
            let breaker = if guarded { "breaker k" } else { "" };
            source += &format!(
                "retry r{number} {{ attempts {attempts} }}\nroute route_{number} {{ match path \"/{path}{number}\"\n try {plan}\n \
                 retry r{number}\n {breaker}\n timeout {timeout}s }}\n"
            );
        }
        (source, targets.len(), count)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_route_and_target_is_told_of((source, targets, routes) in policies(), path in "[a-z/]{0,20}", bytes in any::<u64>()) {
        let Ok(explainer) = Explainer::new(&source) else { return Ok(()) };
        let (summary, picture) = (explainer.summary(), explainer.picture());
        let said = summary.to_string();
        for name in (0..targets).map(|number| format!("`target_{number}`")).chain((0..routes).map(|number| format!("`route_{number}`"))) {
            prop_assert!(said.contains(&name), "{}\n{}", name, said);
        }
        prop_assert_eq!(picture.rows.len(), routes);
        for (row, route) in picture.rows.iter().zip(&explainer.policy().routes) {
            let drawn: usize = row.columns.iter().map(|column| column.nodes.len()).sum();
            prop_assert_eq!(drawn, route.targets().count());
        }
        for route in &explainer.policy().routes {
            let seawall_policy::policy::PathMatch::Exact(exact) = &route.path else { continue };
            let request = Request { path: exact.clone(), ..chat(body(), &[]) };
            prop_assert!(explainer.route_of(&request).is_some());
            let said = explainer.request(&request).to_string();
            prop_assert!(said.contains("takes the request"), "{}", said);
        }
        let request = Request { path: format!("/{path}"), body_bytes: bytes, ..chat(body(), &[]) };
        prop_assert!(!texts(&explainer.request(&request)).is_empty());
    }

    #[test]
    fn any_policy_that_checks_is_explained(cut in 0..4_400_usize, length in 0..60_usize, insert in "[a-z{}\"0-9%. \n]{0,8}") {
        let mut source = source("whole");
        let start = source.floor_char_boundary(cut);
        let end = source.floor_char_boundary(start + length);
        source.replace_range(start..end, &insert);
        if let Ok(explainer) = Explainer::new(&source) {
            prop_assert!(!texts(&explainer.summary()).is_empty());
            prop_assert!(!texts(&explainer.request(&chat(body(), &[("x-tenant-id", "acme")]))).is_empty());
            prop_assert!(explainer.picture().rows.len() == explainer.policy().routes.len());
        }
    }
}

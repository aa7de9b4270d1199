//! What a policy means once it is resolved.

use std::time::Duration;

use seawall_policy::policy::{
    Auth, Backoff, BreakerId, Jitter, PathMatch, Provider, TargetId, Trigger, Trip,
};
use seawall_policy::{Policy, check, render};

#[track_caller]
fn policy(source: &str) -> Policy {
    let checked = check(source);
    checked.policy.unwrap_or_else(|| panic!("{}", render("p", source, &checked.diagnostics)))
}

const FULL: &str = r#"
seawall 1
target a {
  cluster "east"
  provider openai
  host "api.openai.com:443"
  path "/v1/chat/completions?api-version=1"
  auth bearer env.OPENAI_API_KEY
  model "gpt \"4\""
}
target b { cluster "west"  provider openai  auth header "x-api-key" env._KEY2 }
target c { cluster "last"; provider openai }
breaker touchy { window 5m  trip errors > 0.5% of at least 3  open 200ms  recover 2 }
retry patient {
  on timeout, 503,
     429
  attempts 7
  backoff full_jitter 1us .. 1h
  honor retry_after up to 0s
}
"#;

fn full() -> String {
    // The smallest base is a millisecond.
    FULL.replace("1us ..", "1ms ..")
        + "route chat { then c; try a  match path \"/v1/*\"  then b  breaker touchy  retry patient  timeout 1500ms }\n\
           route default { pass }"
}

#[test]
fn every_statement_arrives() {
    let policy = policy(&full());
    let [a, b, c] = &policy.targets[..] else { panic!() };
    assert_eq!((a.name.as_str(), a.cluster.as_str(), a.provider), ("a", "east", Provider::OpenAi));
    assert_eq!(a.host.as_deref(), Some("api.openai.com:443"));
    assert_eq!(a.path.as_deref(), Some("/v1/chat/completions?api-version=1"));
    assert_eq!(a.model.as_deref(), Some("gpt \"4\""));
    assert!(matches!(&a.auth, Some(Auth::Bearer(variable)) if variable.name == "OPENAI_API_KEY"));
    assert!(
        matches!(&b.auth, Some(Auth::Header { name, value }) if name == "x-api-key" && value.name == "_KEY2")
    );
    assert_eq!((&c.host, &c.path, &c.auth, &c.model), (&None, &None, &None, &None));

    let [touchy] = &policy.breakers[..] else { panic!() };
    assert_eq!((touchy.window, touchy.open), (Duration::from_secs(300), Duration::from_millis(200)));
    let trip = Trip::ErrorRate { above_bp: 50, at_least: 3 };
    assert_eq!((&touchy.trips[..], &touchy.recover[..]), (&[trip][..], &[2][..]));

    let [chat] = &policy.routes[..] else { panic!() };
    assert_eq!(chat.path, PathMatch::Prefix("/v1/".into()));
    let plan: Vec<TargetId> = chat.targets().collect();
    assert_eq!(plan, [TargetId(0), TargetId(2), TargetId(1)], "`try` first, then each `then` in order");
    assert_eq!((chat.breaker, chat.timeout.total), (Some(BreakerId(0)), Duration::from_millis(1500)));
    assert_eq!(chat.retry.on, [Trigger::Status(429), Trigger::Status(503), Trigger::Timeout]);
    assert_eq!((chat.retry.attempts, chat.retry.honor_retry_after), (7, Duration::ZERO));
    assert_eq!(
        chat.retry.backoff,
        Backoff { jitter: Jitter::Full, base: Duration::from_millis(1), cap: Duration::from_secs(3600) }
    );
}

#[test]
fn what_is_left_out_has_its_default() {
    let policy = policy(
        "seawall 1\ntarget a { cluster \"a\"  provider openai }\ntarget b { cluster \"b\"  provider openai }\n\
         retry r { }\nbreaker k { }\n\
         route one { match path \"/1\"  try a  retry r  breaker k }\nroute two { match path \"/2\"  try a, b }\n",
    );
    let [one, two] = &policy.routes[..] else { panic!() };
    let seconds = Duration::from_secs;
    let all = [408, 429, 500, 502, 503, 504, 529].map(Trigger::Status);
    let all = [&all[..], &[Trigger::Timeout, Trigger::Connect, Trigger::Reset]].concat();
    for route in [one, two] {
        assert_eq!((route.timeout.total, &route.retry.on), (seconds(60), &all));
        assert_eq!(
            route.retry.backoff,
            Backoff { jitter: Jitter::Full, base: Duration::from_millis(500), cap: seconds(8) }
        );
        assert_eq!(route.retry.honor_retry_after, seconds(60));
    }
    assert_eq!((one.retry.attempts, two.retry.attempts), (3, 2), "without a retry block, each target once");
    assert_eq!((one.breaker, two.breaker), (Some(BreakerId(0)), None));
    let [breaker] = &policy.breakers[..] else { panic!() };
    assert_eq!((breaker.window, breaker.open), (seconds(60), seconds(10)));
    let trip = Trip::ErrorRate { above_bp: 5000, at_least: 20 };
    assert_eq!((&breaker.trips[..], &breaker.recover[..]), (&[trip][..], &[1, 5, 10][..]));
}

#[test]
fn the_least_policy_passes_everything() {
    let policy = policy("seawall 1; route default { pass }");
    assert_eq!((policy.targets.len(), policy.breakers.len(), policy.routes.len()), (0, 0, 0));
}

#[test]
fn layout_is_free() {
    for source in [
        "\u{feff}seawall 1\r\nroute default {\r\n\tpass\r\n}\r\n",
        "// first a comment\n\nseawall 1 // here\nroute default // there\n{ // and\n pass // everywhere\n} // ok",
        "seawall 1;route default{pass}",
        "seawall 1\n;;\nroute default { ; pass ; }",
    ] {
        assert_eq!(policy(source).routes.len(), 0, "{source}");
    }
}

#[test]
fn names_may_be_words_of_the_language() {
    let policy = policy(
        "seawall 1\ntarget target { cluster \"a\"  provider openai }\ntarget try { cluster \"b\"  provider openai }\n\
         retry timeout { }\nroute route { match path \"/\"  try target, try  retry timeout  timeout 3s }",
    );
    assert_eq!(policy.routes[0].targets().collect::<Vec<_>>(), [TargetId(0), TargetId(1)]);
}

#[test]
fn every_unit_of_time_is_read() {
    for (text, nanos) in [
        ("1000000ns", 1_000_000),
        ("1000us", 1_000_000),
        ("1ms", 1_000_000),
        ("2s", 2_000_000_000),
        ("2m", 120_000_000_000),
    ] {
        let source = format!(
            "seawall 1\ntarget a {{ cluster \"a\" provider openai }}\nroute r {{ match path \"/\" try a timeout {text} }}"
        );
        assert_eq!(policy(&source).routes[0].timeout.total, Duration::from_nanos(nanos), "{text}");
    }
}

#[test]
fn the_hash_is_twelve_hex_digits_and_stays() {
    let hash = policy(&full()).hash;
    assert!(
        hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
        "{hash}"
    );
    // It names policies in logs and metrics: a change of the encoding must be meant.
    assert_eq!(policy("seawall 1\nroute default { pass }").hash, "53a6b079d315");
}

#[test]
fn the_hash_ignores_layout_comments_order_of_definitions_and_written_defaults() {
    let hash = policy(&full()).hash;
    let mut swapped = full().replace("target c { cluster \"last\"; provider openai }\n", "");
    swapped += "\n// moved\ntarget c {\n provider openai // dialect\n cluster \"last\" }\n";
    assert_eq!(policy(&swapped).hash, hash);
    assert_eq!(policy(&full().replace("on timeout, 503,\n     429", "on 429, 503, timeout")).hash, hash);
    assert_eq!(policy(&full().replace("300s", "5m")).hash, hash);
    let short =
        policy("seawall 1\ntarget a { cluster \"a\" provider openai }\nroute r { match path \"/\" try a }");
    let long = policy(
        "seawall 1\ntarget a { cluster \"a\" provider openai }\nroute r { match path \"/\" try a timeout 60s }",
    );
    assert_eq!(short.hash, long.hash);
}

#[test]
fn the_hash_changes_with_every_value() {
    let source = full();
    let hash = policy(&source).hash;
    for (from, to) in [
        ("\"east\"", "\"est\""),
        ("api.openai.com:443", "api.openai.com"),
        ("?api-version=1", ""),
        ("bearer env.OPENAI_API_KEY", "bearer env.OTHER"),
        ("bearer env.OPENAI_API_KEY", "header \"authorization\" env.OPENAI_API_KEY"),
        ("gpt", "gtp"),
        ("model \"gpt \\\"4\\\"\"", ""),
        ("5m", "6m"),
        ("0.5%", "0.51%"),
        ("least 3", "least 4"),
        ("200ms", "201ms"),
        ("recover 2", "recover 2, 2"),
        ("503,", "504,"),
        ("attempts 7", "attempts 8"),
        ("1ms ..", "2ms .."),
        ("up to 0s", "up to 1s"),
        ("/v1/*", "/v1/"),
        ("try a ", "try a, b "),
        ("then b", ""),
        ("1500ms", "1501ms"),
        ("breaker touchy  retry", "retry"),
        ("route chat", "route chat2"),
    ] {
        let changed = source.replacen(from, to, 1).replace(" then b  then b", " then b");
        let changed = if to == "try a, b " { changed.replace("then b", "") } else { changed };
        assert_ne!(changed, source, "{from}");
        let checked = check(&changed);
        let policy =
            checked.policy.unwrap_or_else(|| panic!("{}", render("p", &changed, &checked.diagnostics)));
        assert_ne!(policy.hash, hash, "{from} → {to}");
    }
}

/// `retry` and `breaker` are also what blocks are called.
#[test]
fn a_line_may_begin_with_a_statement_and_open_another_block() {
    let targets = "seawall 1\ntarget a { cluster \"a\"  provider openai }\nretry k { }\nbreaker k { }\n";
    for route in [
        "route r {\n retry k  try a { }  match path \"/\" }",
        "route r { match path \"/\"  try a\n breaker k } route default { pass }",
        "route r { match path \"/\"  try a\n breaker k; contract { } }",
    ] {
        let source = [targets, route].concat();
        let checked = seawall_policy::check_as(&source, seawall_policy::Scope::WholeLanguage);
        assert!(checked.policy.is_some(), "{}", render("p", &source, &checked.diagnostics));
    }
}

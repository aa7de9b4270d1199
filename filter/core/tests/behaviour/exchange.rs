//! Whole exchanges: what one client gets, and what the providers see.

use std::time::Duration;

use crate::plans::{Did, Host};
use crate::world::{Complaint, Fate, Lie, World};
use seawall_core::{BreakerState, Event, MAX_BODY_BYTES};

const TWO: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai  host "a.test" }
    target b { cluster "b"  provider openai  host "b.test" }
    retry quick { attempts 3  backoff full_jitter 100ms .. 1s  honor retry_after up to 5s }
    route chat { match path "/v1/chat/completions"  try a  then b  retry quick  timeout 2s }
"#;
const ONE: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai }
    retry quick { on 429, 503, timeout, reset  attempts 3  backoff full_jitter 100ms .. 1s  honor retry_after up to 5s }
    route chat { match path "/v1/chat/completions"  try a  retry quick  timeout 2s }
"#;

/// Sends one request; `a` and `b` do this, in order, and then succeed.
fn one(policy: &str, a: &[Fate], b: &[Fate]) -> (World, u32) {
    one_of(policy, a, b, false)
}

fn one_of(policy: &str, a: &[Fate], b: &[Fate], upstream_half: bool) -> (World, u32) {
    let (a, b) = (a.to_vec(), b.to_vec());
    let fate = move |target: &str, n: u64| {
        let fates = if target == "a" { &a } else { &b };
        fates.get(n as usize).copied().unwrap_or(Fate::Status(200))
    };
    let mut world = World::new(policy, 1, 7, fate);
    world.upstream_half = upstream_half;
    let id = world.send(0);
    world.settle();
    (world, id)
}

#[test]
fn with_the_upstream_half_what_providers_answer_stays_on_the_routers_path() {
    use Fate::{Hang, Refuse, Status, Throttle};
    let always = |fate| vec![fate; 9];
    // what a does, what b does; targets tried, status, whose body
    let table = [
        (vec![], vec![], "a", 200, "the router's"),
        (vec![Status(500)], vec![], "a a", 200, "the router's"),
        (vec![Throttle(6)], vec![], "a b", 200, "the router's"),
        (always(Status(503)), vec![], "a a b", 200, "the router's"),
        (always(Status(503)), always(Status(529)), "a a b", 503, "provider's 503"),
        (vec![Status(503), Status(401)], vec![], "a a", 503, "provider's 503"),
        // What the host itself answers ends the router's path.
        (vec![Hang], vec![], "a b", 200, "provider's 200"),
        (vec![Status(500), Refuse], vec![], "a a b", 200, "provider's 200"),
        (vec![Refuse, Status(500)], vec![], "a a b", 200, "provider's 200"),
    ];
    for (a, b, tried, status, body) in table {
        let (world, id) = one_of(TWO, &a, &b, true);
        let got = world.got(id);
        let what = format!("{a:?} {b:?}: {got:?}");
        assert_eq!((world.tried(id).as_str(), got.status), (tried, status), "{what}");
        assert!(got.whose().contains(body), "{what}");
    }
}

#[test]
fn every_failure_has_its_way() {
    use Fate::{Hang, Refuse, Reset, Status, Throttle};
    let always = |fate| vec![fate; 9];
    // policy, what a does, what b does; targets tried, status, reason, whose body
    let table = [
        (TWO, vec![], vec![], "a", 200, "ok", "the router's"),
        (TWO, vec![Status(500)], vec![], "a a", 200, "retried", "provider's 200"),
        (TWO, vec![Throttle(1)], vec![], "a a", 200, "retried", "provider's 200"),
        (TWO, vec![Throttle(6)], vec![], "a b", 200, "failed_over", "provider's 200"),
        (TWO, always(Status(503)), vec![], "a a b", 200, "failed_over", "provider's 200"),
        (TWO, always(Refuse), vec![], "a a b", 200, "failed_over", "provider's 200"),
        (TWO, vec![Reset], vec![], "a a", 200, "retried", "provider's 200"),
        (TWO, vec![Hang], vec![], "a b", 200, "failed_over", "provider's 200"),
        (TWO, vec![Hang], vec![Status(529)], "a b b", 200, "failed_over", "provider's 200"),
        (TWO, vec![Status(400)], vec![], "a", 400, "client_error", "the router's"),
        // What a later attempt is refused for says less than what was wrong.
        (TWO, vec![Status(503), Status(401)], vec![], "a a", 503, "attempts_spent", "the router's"),
        (TWO, always(Status(503)), always(Status(529)), "a a b", 503, "attempts_spent", "provider's 503"),
        (ONE, vec![Throttle(60)], vec![], "a", 429, "retry_after_too_long", "the router's"),
        (ONE, vec![Status(500)], vec![], "a", 500, "not_retried", "the router's"),
        (ONE, vec![Status(503), Status(503), Hang], vec![], "a a a", 503, "attempts_spent", "provider's 503"),
    ];
    for (policy, a, b, tried, status, reason, body) in table {
        let (world, id) = one(policy, &a, &b);
        let got = world.got(id);
        let what = format!("{a:?} {b:?}: {got:?}");
        assert_eq!(world.tried(id), tried, "{what}");
        assert_eq!((got.status, got.headers["x-seawall-reason"].as_str()), (status, reason), "{what}");
        assert!(got.whose().contains(body), "{what}");
        assert_eq!(got.headers["x-seawall-attempts"], tried.split(' ').count().to_string(), "{what}");
        // Of failures the first one's.
        let target = if status == 200 { tried.rsplit(' ').next() } else { tried.split(' ').next() };
        assert_eq!(got.headers["x-seawall-target"], target.unwrap(), "{what}");
        assert_eq!(got.headers["x-seawall-policy"].len(), 12, "{what}");
        let is_spent = matches!(reason, "attempts_spent" | "retry_after_too_long" | "not_retried");
        assert_eq!(
            got.headers.get("x-should-retry").map(String::as_str),
            is_spent.then_some("false"),
            "{what}"
        );
    }
}

#[test]
fn a_retry_that_a_limit_refuses_is_told_as_that() {
    let limited = ONE.replace("route chat", "limit each per target { 1 requests/min }\n    route chat");
    let (world, id) =
        one(&limited.replace("timeout 2s", "limit each  timeout 2s"), &[Fate::Status(503)], &[]);
    let got = world.got(id);
    assert_eq!((world.tried(id).as_str(), got.status), ("a", 503), "{got:?}");
    assert_eq!(got.headers["x-seawall-reason"], "limit_reached", "{got:?}");
}

#[test]
fn a_failure_without_an_answer_is_told_in_the_callers_dialect() {
    for (fate, status, code) in [
        (Fate::Refuse, 503, "upstream_unreachable"),
        (Fate::Reset, 502, "upstream_reset"),
        (Fate::Hang, 504, "upstream_timeout"),
    ] {
        let (world, id) = one(TWO, &[fate; 3], &[fate; 3]);
        let got = world.got(id);
        assert_eq!((got.status, got.headers["content-type"].as_str()), (status, "application/json"));
        let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
        assert_eq!(body["error"]["code"], code);
        assert_eq!(body["error"]["type"], "server_error");
        assert!(body["error"]["param"].is_null() && body["error"]["message"].is_string());
    }
}

#[test]
fn the_callers_dialect_is_that_of_the_first_target() {
    for (provider, at, name) in [
        ("azure", "/error/type", "server_error"),
        ("anthropic", "/error/type", "timeout_error"),
        ("gemini", "/error/status", "DEADLINE_EXCEEDED"),
    ] {
        let policy = TWO.replacen("provider openai", &format!("provider {provider}"), 1);
        let (world, id) = one(&policy, &[Fate::Hang; 3], &[Fate::Hang; 3]);
        let body: serde_json::Value = serde_json::from_str(&world.got(id).body).unwrap();
        assert_eq!(body.pointer(at).and_then(serde_json::Value::as_str), Some(name), "{provider} {body}");
    }
    let policy = TWO.replacen("provider openai", "provider bedrock", 1);
    let (world, id) = one(&policy, &[Fate::Refuse; 3], &[Fate::Refuse; 3]);
    assert_eq!(world.got(id).headers["x-amzn-errortype"], "ServiceUnavailableException");
    assert!(world.got(id).body.starts_with(r#"{"message":"#), "{}", world.got(id).body);
}

#[test]
fn a_retry_after_is_waited_out_and_a_little_more() {
    let (world, id) = one(TWO, &[Fate::Throttle(3)], &[]);
    let attempts = &world.requests[&id].attempts;
    let waited = attempts[1].begun.since(attempts[0].ended);
    assert!(waited >= Duration::from_secs(3) && waited <= Duration::from_millis(3_100), "{waited:?}");
}

#[test]
fn a_body_that_cannot_be_read_is_refused_and_nothing_is_sent() {
    for (body, status, code) in [
        (b"not json".to_vec(), 400, "invalid_json"),
        (br#"{"stream":true,"stream":false}"#.to_vec(), 400, "invalid_json"),
        (vec![b' '; MAX_BODY_BYTES + 1], 413, "request_too_large"),
    ] {
        let mut world = World::new(TWO, 1, 1, |_, _| Fate::Status(200));
        let id = world.send_to(0, "/v1/chat/completions", &[], body);
        world.settle();
        assert_eq!((world.got(id).status, world.tried(id).as_str()), (status, ""));
        assert!(world.got(id).body.contains(code), "{:?}", world.got(id));
    }
}

#[test]
fn a_request_without_a_body_is_forwarded() {
    let mut world = World::new(ONE, 1, 1, |_, _| Fate::Status(200));
    let id = world.send_to(0, "/v1/chat/completions?limit=2", &[], Vec::new());
    world.settle();
    assert_eq!((world.got(id).status, world.tried(id).as_str()), (200, "a"));
}

#[test]
fn what_no_route_matches_passes_without_forged_headers() {
    let mut world = World::new(TWO, 1, 1, |_, _| Fate::Status(200));
    let headers = [
        ("x-seawall-cluster", "b"),
        ("x-seawall-anything", "1"),
        ("x-envoy-retry-on", "5xx"),
        ("x-own", "1"),
    ];
    let id = world.send_to(0, "/v1/models", &headers, b"whatever".to_vec());
    world.settle();
    let removed: Vec<_> = world.got(id).headers.keys().map(String::as_str).collect();
    assert_eq!(
        (world.got(id).body.as_str(), removed),
        ("passed", vec!["x-seawall-anything", "x-seawall-cluster"])
    );
}

#[test]
fn a_host_that_keeps_bodies_back_is_found_out_within_a_second() {
    let mut world = World::new(TWO, 1, 1, |_, _| Fate::Status(200));
    let id = world.send_headers_only();
    world.requests.get_mut(&id).unwrap().received = 1;
    let sent = world.now;
    world.settle();
    assert_eq!(world.got(id).status, 500);
    assert!(world.got(id).body.contains("allow_on_headers_stop_iteration"));
    assert!(world.got(id).at.since(sent) < Duration::from_secs(1));
}

#[test]
fn a_slow_client_is_not_blamed_on_the_host() {
    let mut world = World::new(TWO, 1, 1, |_, _| Fate::Status(200));
    let id = world.send_headers_only();
    world.run_for(Duration::from_secs(30));
    assert!(world.requests[&id].answers.is_empty());
    world.tell(id, Event::RequestEnd { body: b"{}".to_vec() });
    world.settle();
    assert_eq!(world.got(id).status, 200);
}

#[test]
fn bodies_are_kept_up_to_a_limit_and_let_go_with_their_exchange() {
    let mut world = World::new(TWO, 1, 1, |_, _| Fate::Hang);
    let body = [b"{\"a\":\"".as_slice(), &vec![b'x'; MAX_BODY_BYTES - 8], b"\"}"].concat();
    let send = |world: &mut World| {
        let id = world.send_to(0, "/v1/chat/completions", &[], body.clone());
        world.requests[&id].answers.first().map(|got| got.headers["x-seawall-reason"].clone())
    };
    let refused = (0..60).filter_map(|_| send(&mut world)).collect::<Vec<_>>();
    assert_eq!(refused, vec!["overloaded"; 9], "51 bodies of 10 MiB are just below 512 MiB");
    world.settle();
    assert_eq!(send(&mut world), None, "all are let go");
}

#[test]
fn what_is_not_json_goes_on_unread() {
    for header in [("content-type", "multipart/form-data; boundary=x"), ("content-encoding", "gzip")] {
        let mut world = World::new(TWO, 1, 1, |_, _| Fate::Status(200));
        let id = world.send_to(0, "/v1/chat/completions", &[header], b"--x".to_vec());
        world.settle();
        assert_eq!((world.got(id).status, world.tried(id).as_str()), (200, "a"));
    }
}

#[test]
fn a_body_that_some_servers_read_is_refused_whatever_its_headers_say() {
    let twice = r#"{"n":1,"n":1,"messages":[]}"#.to_owned();
    let deep = format!(r#"{{"messages":{}}}"#, "[".repeat(129));
    for body in [twice.clone(), deep, format!("\u{feff}{twice}")] {
        for header in
            [("content-encoding", "x"), ("content-type", "text/plain"), ("content-type", "application/json")]
        {
            let mut world = World::new(TWO, 1, 1, |_, _| Fate::Status(200));
            let id = world.send_to(0, "/v1/chat/completions", &[header], body.clone().into_bytes());
            world.settle();
            assert_eq!((world.got(id).status, world.tried(id).as_str()), (400, ""), "{header:?} {body:.40}");
        }
    }
}

#[test]
fn a_byte_order_mark_hides_no_body() {
    let mut world = World::new(TWO, 1, 1, |_, n| if n == 0 { Fate::Status(503) } else { Fate::Status(200) });
    let id = world.send_to(0, "/v1/chat/completions", &[], "\u{feff}{\"stream\":true}".into());
    world.settle();
    assert_eq!(
        (world.got(id).status, world.requests[&id].attempts[1].timeout),
        (200, Duration::from_secs(20))
    );
}

#[test]
fn a_retried_stream_may_take_longer_than_it_may_take_to_begin() {
    let mut world = World::new(ONE, 1, 1, |_, n| if n == 0 { Fate::Status(503) } else { Fate::Status(200) });
    let id = world.send_to(0, "/v1/chat/completions", &[], br#"{"stream":true}"#.to_vec());
    world.settle();
    assert_eq!(world.requests[&id].attempts[1].timeout, Duration::from_secs(20));
}

#[test]
fn a_call_given_up_after_its_headers_is_a_timeout() {
    let mut world = World::new(ONE, 1, 1, |_, n| if n == 0 { Fate::Status(503) } else { Fate::Reset });
    world.latency = Duration::from_millis(1_999);
    let id = world.send(0);
    world.settle();
    assert_eq!(world.requests[&id].outcomes[1], "timeout");
}

#[test]
fn an_open_breaker_is_skipped_and_told_when_to_come_back() {
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        breaker b { window 10s  trip errors > 50% of at least 2  open 30s }
        route chat { match path "/v1/chat/completions"  try a  breaker b }
    "#;
    let mut world = World::new(policy, 1, 1, |_, _| Fate::Status(500));
    for _ in 0..2 {
        world.send(0);
        world.run_for(Duration::from_millis(100));
    }
    world.run_for(Duration::from_secs(10));
    let id = world.send(0);
    let got = world.got(id);
    assert_eq!((got.status, world.tried(id).as_str()), (503, ""));
    assert_eq!(got.headers["retry-after"], "20");
    assert_eq!(got.headers.get("x-should-retry"), None, "waiting helps, and nothing has been retried");
    assert!(got.body.contains("no_target_available"));
}

#[test]
fn a_large_request_is_no_probe_while_another_target_takes_it() {
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        target b { cluster "b"  provider openai }
        retry quick { attempts 2  backoff full_jitter 1ms .. 2ms }
        breaker b { window 10s  trip errors > 50% of at least 2  open 1s }
        route chat { match path "/v1/chat/completions"  try a  then b  retry quick  breaker b }
    "#;
    let mut world =
        World::new(policy, 1, 1, |target, n| Fate::Status(if target == "a" && n < 2 { 500 } else { 200 }));
    for _ in 0..2 {
        world.send(0);
        world.run_for(Duration::from_millis(100));
    }
    world.run_for(Duration::from_secs(1));
    let large = format!(r#"{{"model":"gpt-4.1","messages":[],"x":"{}"}}"#, "x".repeat(80_000));
    let large = world.send_to(0, "/v1/chat/completions", &[], large.into_bytes());
    let small = world.send(0);
    world.settle();
    assert_eq!((world.tried(large).as_str(), world.tried(small).as_str()), ("b", "a"));
}

#[test]
fn a_probe_whose_client_leaves_makes_room_for_another() {
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        breaker b { window 10s  trip errors > 50% of at least 2  open 1s  recover 1 }
        route chat { match path "/v1/chat/completions"  try a  breaker b }
    "#;
    let fate = |_: &str, n| if n < 2 { Fate::Status(500) } else { Fate::Slow(2_000) };
    let mut world = World::new(policy, 1, 1, fate);
    for _ in 0..2 {
        world.send(0);
        world.run_for(Duration::from_millis(100));
    }
    world.run_for(Duration::from_secs(1));
    let probe = world.send(0);
    let refused = world.send(0);
    assert_eq!((world.tried(probe).as_str(), world.tried(refused).as_str()), ("a", ""));
    world.leave_after(probe, Duration::from_millis(500));
    world.run_for(Duration::from_secs(1));
    let next = world.send(0);
    assert_eq!(world.tried(next), "a");
    world.settle();
}

#[test]
fn a_probe_keeps_its_place_for_as_long_as_its_answer_may_take() {
    let mut host = Host::new(
        r#"
        target a { cluster "a"  provider openai }
        breaker b { window 10s  trip errors > 50% of at least 2  open 1s  recover 1 }
        route chat { match path "/v1/chat/completions"  try a  breaker b  timeout 10s, per output token 100ms }
        "#,
    );
    let is_sent = |host: &mut Host, after| {
        host.now += after;
        let body = r#"{"model":"gpt-4.1","messages":[],"max_tokens":600}"#;
        matches!(host.ask_at("/v1/chat/completions", body).0, Did::Sent { .. })
    };
    for _ in 0..2 {
        assert!(is_sent(&mut host, 0));
        host.answer(500);
    }
    assert!(is_sent(&mut host, 2), "the probe");
    assert!(!is_sent(&mut host, 69), "its answer may still come");
    assert!(is_sent(&mut host, 7), "its worker must have died");
}

#[test]
fn a_deadline_hides_no_failure_that_is_the_targets_own() {
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        breaker b { window 60s  trip errors > 50% of at least 2  open 1s }
        route chat {
            match path "/v1/chat/completions"  try a  breaker b  deadline 20s  stream MODE
            timeout 30s, FIRST idle 2s
        }
    "#;
    // A stream's longest time is cut by any deadline of minutes, its beginning by one that SDKs tell.
    let table = [
        (("x-unknown", "1"), Fate::Hang, BreakerState::Open),
        (("x-unknown", "1"), Fate::Lie(Lie::Stall(1)), BreakerState::Open),
        // The provider's own words, shortly before the deadline.
        (("x-request-deadline-ms", "1000"), Fate::Says(Complaint::Status(504), 945), BreakerState::Open),
        // These have had less time than the policy gives.
        (("x-request-deadline-ms", "1000"), Fate::Hang, BreakerState::Closed),
        (("x-stainless-timeout", "1"), Fate::Hang, BreakerState::Closed),
        (("x-stainless-timeout", "1"), Fate::Lie(Lie::Stall(1)), BreakerState::Closed),
        (("x-stainless-timeout", "1"), Fate::Lie(Lie::SlowStart(3_000)), BreakerState::Closed),
        (("x-request-deadline-ms", "1000"), Fate::Lie(Lie::Stall(3)), BreakerState::Closed),
    ];
    let check = |header, fate, expected, mode: &str, first: &str, upstream_half| {
        let policy = policy.replace("MODE", mode).replace("FIRST", first);
        let mut world = World::new(&policy, 1, 1, move |_, _| fate);
        world.upstream_half = upstream_half;
        for _ in 0..2 {
            let body = br#"{"model":"gpt-4.1","stream":true}"#.to_vec();
            world.send_to(0, "/v1/chat/completions", &[header], body);
        }
        world.settle();
        let state = world.breakers.values().next().copied().unwrap_or(BreakerState::Closed);
        assert_eq!(state, expected, "{header:?} {fate:?} {mode} {first} {upstream_half}");
    };
    // It has begun in time, where that is enough.
    let stall = (("x-stainless-timeout", "1"), Fate::Lie(Lie::Stall(3)));
    for upstream_half in [false, true] {
        for first in ["first_token 5s,", ""] {
            for (header, fate, expected) in table {
                // Silence that may last longer than the deadline says nothing.
                let expected =
                    if first.is_empty() && fate == Fate::Hang { BreakerState::Closed } else { expected };
                for mode in ["until_commit", "complete"] {
                    check(header, fate, expected, mode, first, upstream_half);
                }
            }
            check(stall.0, stall.1, BreakerState::Open, "until_commit", first, upstream_half);
            check(stall.0, stall.1, BreakerState::Closed, "complete", first, upstream_half);
        }
    }
}

/// A target with these credentials, behind a breaker.
fn with_key(auth: &str, attempts: u32) -> String {
    format!(
        r#"
        seawall 1
        target a {{ cluster "a"  provider openai  {auth} }}
        target b {{ cluster "b"  provider openai }}
        breaker b {{ window 60s  trip errors > 50% of at least 2  open 30s }}
        retry quick {{ attempts {attempts}  backoff full_jitter 1ms .. 2ms }}
        route chat {{ match path "/v1/chat/completions"  try a  then b  breaker b  retry quick }}
        "#
    )
}

/// Credentials of a target's own.
const OWN_KEY: &str = "auth header \"x-own-key\" env.KEY";

#[test]
fn a_key_of_one_callers_own_closes_no_target_to_the_others_for_long() {
    let key = ("authorization", "Bearer x");
    let none = ("x-none", "x");
    let spent = Fate::Says(Complaint::QuotaExhausted, 10);
    let throttled = |seconds| Fate::Throttle(seconds);
    let table = [
        ("", key, spent, "a"),
        ("", none, spent, "b"),
        (OWN_KEY, key, spent, "b"),
        ("", key, throttled(120), "a"),
        ("", key, throttled(30), "b"),
        ("", none, throttled(120), "b"),
    ];
    for (auth, header, fate, next) in table {
        let mut world = World::new(&with_key(auth, 2), 1, 1, move |target, n| {
            if target == "a" && n < 3 { fate } else { Fate::Status(200) }
        });
        for _ in 0..3 {
            world.send_to(0, "/v1/chat/completions", &[header], b"{}".to_vec());
            world.run_for(Duration::from_millis(100));
        }
        let id = world.send(0);
        world.settle();
        assert_eq!(world.tried(id), next, "{auth} {header:?} {fate:?}");
    }
}

#[test]
fn a_key_that_a_target_does_not_know_says_nothing_of_it() {
    for (auth, next) in [("", "b"), (OWN_KEY, "a")] {
        let mut world = World::new(&with_key(auth, 1), 1, 1, |target, n| match (target, n) {
            ("a", 0 | 3) => Fate::Status(500),
            ("a", 1 | 2) => Fate::Status(401),
            _ => Fate::Status(200),
        });
        for _ in 0..4 {
            world.send_to(0, "/v1/chat/completions", &[("authorization", "Bearer x")], b"{}".to_vec());
            world.run_for(Duration::from_millis(100));
        }
        let id = world.send(0);
        world.settle();
        assert_eq!(world.tried(id), next, "{auth}");
    }
}

#[test]
fn what_the_proxys_own_limits_refuse_is_tried_elsewhere_and_says_nothing_of_the_target() {
    let guarded = TWO
        .replace(
            "route chat",
            "breaker b { window 60s  trip errors > 50% of at least 2  open 60s }\n    route chat",
        )
        .replace("then b", "then b  breaker b");
    for (fate, tried, state) in
        [(Fate::Full, "a b", BreakerState::Closed), (Fate::Refuse, "a b", BreakerState::Open)]
    {
        for upstream_half in [false, true] {
            let policy = guarded.replace("attempts 3", "attempts 2");
            let mut world = World::new(
                &policy,
                1,
                7,
                move |target, _| if target == "a" { fate } else { Fate::Status(200) },
            );
            world.upstream_half = upstream_half;
            let ids: Vec<_> = (0..2).map(|_| world.send(0)).collect();
            world.settle();
            for id in ids {
                assert_eq!((world.tried(id).as_str(), world.got(id).status), (tried, 200), "{fate:?}");
            }
            let found = world.breakers.values().next().copied().unwrap_or(BreakerState::Closed);
            assert_eq!(found, state, "{fate:?} {upstream_half}");
        }
    }
}

#[test]
fn an_error_too_long_to_be_kept_is_told_in_the_proxys_own_words_where_it_cannot_pass_any_more() {
    let long = Fate::Says(Complaint::Long(500), 10);
    for (b, attempts, upstream_half, is_passed) in [
        // The first one tells most, and is gone by the time that it goes out.
        (Fate::Refuse, 2, true, false),
        (Fate::Status(503), 2, true, false),
        // It is held still.
        (Fate::Refuse, 2, false, true),
        (Fate::Refuse, 1, true, true),
    ] {
        let policy = TWO.replace("attempts 3", &format!("attempts {attempts}"));
        let mut world = World::new(&policy, 1, 7, move |target, _| if target == "a" { long } else { b });
        world.upstream_half = upstream_half;
        let id = world.send(0);
        world.settle();
        let got = world.got(id);
        let error: serde_json::Value = serde_json::from_str(&got.body).unwrap();
        assert_eq!((got.status, got.headers["x-seawall-target"].as_str()), (500, "a"), "{b:?} {attempts}");
        assert_eq!(error["error"]["code"] == "upstream_error_too_long", !is_passed, "{b:?} {attempts}");
        assert_eq!(got.body.contains("server_error"), !is_passed, "what it came to");
    }
}

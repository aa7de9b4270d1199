//! Streams: what of them reaches the client, whatever becomes of the attempts beside them.

use std::time::Duration;

use seawall_core::BreakerState;

use crate::world::{Fate, From, Lie, Request, Sense, World, text};

fn policy(rest: &str) -> String {
    format!(
        r#"
        seawall 1
        target a {{ cluster "a"  provider openai }}
        target b {{ cluster "b"  provider openai }}
        retry quick {{ attempts 3  backoff full_jitter 1ms .. 2ms }}
        route chat {{ match path "/v1/chat/completions"  retry quick  timeout 2s  {rest} }}
        "#
    )
}

fn one(rest: &str, upstream_half: bool, mut fate: impl FnMut(&str) -> Fate + 'static) -> (World, u32) {
    let mut world = World::new(&policy(rest), 1, 7, move |target, _| fate(target));
    world.upstream_half = upstream_half;
    let id = world.send_to(0, "/v1/chat/completions", &[], br#"{"model":"m","stream":true}"#.to_vec());
    world.settle();
    (world, id)
}

#[test]
fn a_hedge_that_ends_while_the_winning_stream_still_passes_changes_nothing_of_it() {
    for upstream_half in [false, true] {
        let (world, id) = one("try a, b  hedge after 100ms at most 100%", upstream_half, |target| {
            if target == "a" { Fate::Slow(150) } else { Fate::Status(200) }
        });
        let whole = Sense::Whole(text(&Request::mark(id, 1)));
        assert_eq!((world.tried(id).as_str(), world.got(id).sense()), ("a b", whole));
        assert_eq!(world.requests[&id].outcomes, ["success", "success"], "both are counted");
    }
}

#[test]
fn a_target_whose_stream_never_begins_is_not_asked_again() {
    for upstream_half in [false, true] {
        for mode in ["live", "until_commit", "complete"] {
            let (world, id) = one(&format!("try a  stream {mode}"), upstream_half, |_| Fate::Hang);
            assert_eq!((world.tried(id).as_str(), world.got(id).status), ("a", 504), "{mode}");
        }
    }
}

#[test]
fn an_error_within_a_success_goes_out_as_one_whether_it_is_json_or_not() {
    for lie in [Lie::Error, Lie::TextError, Lie::ErrorCut] {
        for upstream_half in [false, true] {
            for mode in ["until_commit", "complete"] {
                let (world, id) =
                    one(&format!("try a  stream {mode}"), upstream_half, move |_| Fate::Lie(lie));
                let got = world.got(id);
                let what = format!("{lie:?} {mode} {upstream_half}: {got:?}");
                if !upstream_half && lie == Lie::ErrorCut {
                    assert_eq!(got.status, 502, "{what}");
                    continue;
                }
                assert_eq!((world.tried(id).as_str(), got.status), ("a a a", 502), "{what}");
                assert!(serde_json::from_str::<serde_json::Value>(&got.body).is_ok(), "{what}");
            }
        }
    }
}

#[test]
fn a_stream_that_is_held_ends_in_one_error_before_its_caller_stops_waiting() {
    let held = [
        ("until_commit", Lie::Stall(1)),
        ("until_commit", Lie::SlowStart(5_000)),
        ("complete", Lie::SlowStart(5_000)),
        ("complete", Lie::Stall(3)),
    ];
    for (mode, lie) in held {
        for upstream_half in [false, true] {
            let policy = policy(&format!("try a  deadline 20s  stream {mode}"));
            let mut world = World::new(&policy, 1, 7, move |_, _| Fate::Lie(lie));
            world.upstream_half = upstream_half;
            let (sent, body) = (world.now, br#"{"model":"m","stream":true}"#.to_vec());
            let id = world.send_to(0, "/v1/chat/completions", &[("x-stainless-timeout", "1")], body);
            world.settle();
            let got = world.got(id);
            let what = format!("{mode} {lie:?} {upstream_half}: {got:?}");
            assert_eq!((got.status, got.from), (504, From::Filter), "{what}");
            assert!(got.done.is_some_and(|done| done.since(sent) < Duration::from_secs(1)), "{what}");
        }
    }
}

/// A long prompt whose stream has begun, and what is held of both then.
fn begun(rest: &str, upstream_half: bool, fate: impl Fn(&str) -> Fate + 'static) -> (World, usize) {
    let mut world = World::new(&policy(rest), 1, 7, move |target, _| fate(target));
    world.upstream_half = upstream_half;
    let prompt = "word ".repeat(20_000);
    let body =
        format!(r#"{{"model":"m","stream":true,"messages":[{{"role":"user","content":"{prompt}"}}]}}"#);
    world.send_to(0, "/v1/chat/completions", &[], body.into_bytes());
    world.run_for(Duration::from_millis(160));
    let held = world.held_bytes();
    (world, held)
}

#[test]
fn a_request_is_kept_until_no_further_attempt_can_follow_and_no_longer() {
    let stalls = |_: &str| Fate::Lie(Lie::Stall(2));
    for upstream_half in [false, true] {
        for (mode, keeps) in [("live", false), ("until_commit", false), ("complete", true)] {
            let (mut world, held) = begun(&format!("try a  stream {mode}"), upstream_half, stalls);
            assert_eq!(held > 100_000, keeps, "{mode} {upstream_half}: {held}");
            world.settle();
        }
        // Answers that are looked at to their end are held against their requests.
        let (mut world, held) = begun("try a  stream live  output { repeats <= 5 }", upstream_half, stalls);
        assert!(held > 100_000);
        world.settle();
    }
}

#[test]
fn what_loses_against_a_stream_that_has_begun_keeps_no_request() {
    // The hedge is still silent when the first one begins.
    let (mut world, held) = begun("try a, b  hedge after 50ms at most 100%", true, |target| {
        if target == "a" { Fate::Slow(100) } else { Fate::Slow(700) }
    });
    assert!(held < 1_000, "{held}");
    world.settle();
}

#[test]
fn an_answer_that_its_client_has_holds_nothing_though_its_connection_stays_open() {
    for upstream_half in [false, true] {
        let policy = "seawall 1\ntarget a { cluster \"a\"  provider openai }\nlimit one global { 1 concurrent }\n\
                      route chat { match path \"/v1/chat/completions\"  try a  timeout 2s, idle 300ms  limit one }";
        let mut world = World::new(policy, 1, 7, |_, _| Fate::Lie(Lie::Unmarked { ends: false }));
        world.upstream_half = upstream_half;
        let send = |world: &mut World| {
            let body = br#"{"model":"m","stream":true}"#.to_vec();
            world.send_to(0, "/v1/chat/completions", &[], body)
        };
        let first = send(&mut world);
        world.run_for(Duration::from_millis(600));
        assert!(world.got(first).done.is_some(), "{upstream_half}");
        let next = send(&mut world);
        world.settle();
        assert_eq!(world.got(next).status, 200, "{upstream_half}");
    }
}

#[test]
fn a_recovery_does_not_wait_for_the_end_of_a_stream_and_learns_of_it_all_the_same() {
    let (open, closed) = (BreakerState::Open, BreakerState::Closed);
    for (mode, stages, next, state) in [
        ("live", "1, 2", "a", open),
        ("until_commit", "1, 2", "a", open),
        // By then the breaker has closed, and one error opens none.
        ("until_commit", "1, 1", "a", closed),
        // Nothing of it has gone on.
        ("complete", "1, 2", "b", open),
    ] {
        for upstream_half in [false, true] {
            let policy = format!(
                r#"
                seawall 1
                target a {{ cluster "a"  provider openai }}
                target b {{ cluster "b"  provider openai }}
                breaker b {{ window 60s  trip errors > 50% of at least 2  open 1s  recover {stages} }}
                route chat {{
                    match path "/v1/chat/completions"  try a  then b  breaker b
                    timeout 20s, idle 5s  stream {mode}
                }}
                "#
            );
            let mut world = World::new(&policy, 2, 7, |target, n| match (target, n) {
                ("a", 0 | 1) => Fate::Status(503),
                ("a", 2) => Fate::Lie(Lie::Stall(3)),
                _ => Fate::Status(200),
            });
            world.upstream_half = upstream_half;
            let mut send = |worker, then| {
                let body = br#"{"model":"m","stream":true}"#.to_vec();
                let id = world.send_to(worker, "/v1/chat/completions", &[], body);
                world.run_for(Duration::from_millis(then));
                id
            };
            let (_, _) = (send(0, 0), send(0, 2_000));
            let (stalls, follows) = (send(0, 200), send(1, 200));
            let what = format!("{mode} {stages} {upstream_half}");
            assert_eq!((world.tried(stalls).as_str(), world.tried(follows).as_str()), ("a", next), "{what}");
            world.settle();
            assert_eq!(world.requests[&stalls].outcomes[0], "timeout", "{what}");
            assert_eq!(world.breakers[&("a".to_owned(), "m".to_owned())], state, "{what}");
        }
    }
}

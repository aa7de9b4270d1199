//! Targets that never answer, where nobody waits for them to their end.

use std::time::Duration;

use seawall_core::BreakerState;

use crate::world::{Fate, World};

const SECOND: Duration = Duration::from_secs(1);

/// Enough to know what is usual.
const KNOWN: u64 = 1_200;

fn policy(route: &str) -> String {
    let head = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        target b { cluster "b"  provider openai }
        breaker b1 { trip 5 errors in a row  open 2s  recover 1 }
    "#;
    format!("{head} route chat {{ match path \"/v1/chat/completions\"  try a then b  breaker b1  {route} }}")
}

/// A world in which `a` has answered promptly for a while, unless that isn't known, and does so much later on.
fn known(route: &str, then: Fate, upstream_half: bool) -> World {
    let mut world = World::new(&policy(route), 1, 7, move |target, n| match target {
        "a" if n >= KNOWN => then,
        _ => Fate::Status(200),
    });
    world.upstream_half = upstream_half;
    for _ in 0..KNOWN {
        world.send(0);
        world.run_for(SECOND / 10);
    }
    world
}

fn state(world: &World) -> BreakerState {
    let known = world.breakers.iter().find(|((target, _), _)| target == "a");
    known.map_or(BreakerState::Closed, |(_, state)| *state)
}

/// Attempts at `a` of requests every quarter of a second for a minute, each of which has its answer at once or from a hedge.
fn asked_in_a_minute(world: &mut World) -> usize {
    let sent: Vec<_> = (0..240)
        .map(|_| {
            let id = world.send(0);
            world.run_for(Duration::from_millis(250));
            id
        })
        .collect();
    world.settle();
    for id in &sent {
        let got = world.got(*id);
        assert_eq!((got.status, got.headers["x-seawall-target"].as_str()), (200, "b"));
        let took = got.at.since(world.requests[id].arrived);
        assert!(took < Duration::from_millis(230), "{took:?}");
    }
    sent.iter().filter(|id| world.tried(**id).starts_with('a')).count()
}

#[test]
fn hedges_hide_no_silent_target_from_its_breaker() {
    for upstream_half in [false, true] {
        let mut world = known("timeout 30s  hedge after 200ms", Fate::Hang, upstream_half);
        // Five until it opens, and then a probe after 2, 4, 8, 8 … seconds.
        let asked = asked_in_a_minute(&mut world);
        assert!((9..=14).contains(&asked), "{asked}");
    }
}

#[test]
fn a_slow_percentile_hides_none_either() {
    let mut world = known("timeout 30s  hedge after p90", Fate::Hang, false);
    let asked = asked_in_a_minute(&mut world);
    // The percentile rises with what is learnt, and the hedges with it.
    assert!(asked < 120, "{asked}");
}

#[test]
fn a_target_that_is_as_fast_as_ever_loses_to_hedges_without_blame() {
    // It would answer in 20 ms, and each of its attempts is hedged after 5 and lost.
    let mut world = known("timeout 30s  hedge after 5ms", Fate::Slow(20), false);
    for _ in 0..100 {
        world.send(0);
        world.run_for(SECOND);
    }
    assert_eq!(state(&world), BreakerState::Closed);
}

#[test]
fn a_probe_of_which_nothing_is_known_runs_its_time() {
    // It has never answered.
    let fate = |n| if n < 5 { Fate::Reset } else { Fate::Hang };
    let policy =
        policy("timeout 1s  hedge after 200ms  retry one").replace("route", "retry one { attempts 2 } route");
    let mut world = World::new(&policy, 1, 7, move |target, n| match target {
        "a" => fate(n),
        _ => Fate::Status(200),
    });
    let mut asked = 0;
    for _ in 0..240 {
        let id = world.send(0);
        world.run_for(Duration::from_millis(250));
        asked += usize::from(world.tried(id).starts_with('a'));
    }
    assert!((9..=16).contains(&asked), "{asked}");
    world.settle();
    assert!(world.requests.keys().all(|id| world.got(*id).status == 200));
}

#[test]
fn callers_who_give_up_on_a_silent_target_have_told_of_it() {
    let mut world = known("timeout 60s", Fate::Hang, false);
    for _ in 0..5 {
        assert_eq!(state(&world), BreakerState::Closed);
        let id = world.send(0);
        world.leave_after(id, SECOND);
        world.run_for(2 * SECOND);
        assert_eq!(world.tried(id), "a");
    }
    assert_eq!(state(&world), BreakerState::Open);
    let id = world.send(0);
    world.settle();
    assert_eq!((world.tried(id).as_str(), world.got(id).status), ("b", 200));
}

#[test]
fn callers_who_leave_early_tell_nothing() {
    let mut world = known("timeout 60s", Fate::Hang, false);
    for _ in 0..200 {
        let id = world.send(0);
        world.leave_after(id, Duration::from_millis(8));
        world.run_for(SECOND);
    }
    assert_eq!(state(&world), BreakerState::Closed);
}

#[test]
fn a_callers_deadline_leaves_the_next_target_a_chance() {
    let body = br#"{"model":"gpt-4.1","messages":[]}"#;
    let route = r#"timeout 30s  deadline header "x-request-deadline-ms" default 90s"#;
    for upstream_half in [false, true] {
        let mut world = known(route, Fate::Hang, upstream_half);
        for _ in 0..5 {
            assert_eq!(state(&world), BreakerState::Closed);
            let headers = [("x-request-deadline-ms", "10000")];
            let id = world.send_to(0, "/v1/chat/completions", &headers, body.to_vec());
            world.run_for(10 * SECOND);
            let got = world.got(id);
            assert_eq!((world.tried(id).as_str(), got.status), ("a b", 200));
            let took = got.at.since(world.requests[&id].arrived);
            assert!(took > 4 * SECOND && took < 6 * SECOND, "{took:?}");
        }
        assert_eq!(state(&world), BreakerState::Open);
    }
}

#[test]
fn where_no_target_follows_the_deadline_is_all_that_bounds_an_attempt_and_silence_counts() {
    let route = r#"timeout 30s  retry one  deadline header "x-request-deadline-ms""#;
    let policy =
        policy(route).replace("try a then b", "try a").replace("route", "retry one { attempts 1 } route");
    let fate = |n| if n < KNOWN { Fate::Status(200) } else { Fate::Hang };
    let mut world = World::new(&policy, 1, 7, move |_, n| fate(n));
    for _ in 0..KNOWN {
        world.send(0);
        world.run_for(SECOND / 10);
    }
    let headers = [("x-request-deadline-ms", "10000")];
    let body = br#"{"model":"gpt-4.1","messages":[]}"#;
    for _ in 0..5 {
        assert_eq!(state(&world), BreakerState::Closed);
        let id = world.send_to(0, "/v1/chat/completions", &headers, body.to_vec());
        world.run_for(11 * SECOND);
        let took = world.got(id).at.since(world.requests[&id].arrived);
        assert_eq!(world.got(id).status, 504);
        assert!(took > 9 * SECOND, "{took:?}");
    }
    assert_eq!(state(&world), BreakerState::Open);
}

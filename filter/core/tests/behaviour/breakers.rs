//! What breakers do to a stream of requests.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use seawall_core::{BreakerState, Event, Headers};

use crate::world::{Fate, World};

/// Sends a request each so often.
fn traffic(world: &mut World, requests: u32, pause: Duration) -> u32 {
    let mut last = 0;
    for _ in 0..requests {
        last = world.send(0);
        world.run_for(pause);
    }
    last
}

#[test]
fn a_target_that_has_become_slow_is_left_alone_until_it_is_fast_again() {
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        target b { cluster "b"  provider openai }
        breaker slow { trip latency p50 > 3x baseline  open 10s  recover 1, 2 }
        route chat { match path "/v1/chat/completions"  try a  then b  breaker slow  timeout 20s }
    "#;
    let mut world = World::new(policy, 1, 7, |_, _| Fate::Status(200));
    world.latency = Duration::from_millis(200);
    // No handful of slow answers trips it while nobody knows what is usual.
    traffic(&mut world, 15, Duration::from_secs(1));
    world.latency = Duration::from_millis(900);
    traffic(&mut world, 5, Duration::from_secs(1));
    assert!(world.breakers.is_empty());
    world.latency = Duration::from_millis(200);
    traffic(&mut world, 400, Duration::from_millis(400));
    assert!(world.breakers.is_empty(), "{:?}", world.breakers);

    // From then on it sees nothing but probes, each of which is too slow.
    world.latency = Duration::from_millis(900);
    let slow = (0..500).take_while(|_| {
        traffic(&mut world, 1, Duration::from_millis(250));
        world.breakers.is_empty()
    });
    assert!(slow.count() < 499);
    let last = (0..40).map(|_| traffic(&mut world, 1, Duration::from_secs(1))).collect::<Vec<_>>();
    let probes = last.iter().filter(|id| world.tried(**id) == "a").count();
    assert!((1..=2).contains(&probes), "{probes}");
    world.latency = Duration::from_millis(200);
    world.run_for(Duration::from_secs(60));
    let id = traffic(&mut world, 10, Duration::from_secs(2));
    assert_eq!(world.tried(id), "a");
    assert!(world.breakers.values().all(|state| *state == BreakerState::Closed), "{:?}", world.breakers);
}

#[test]
fn in_a_minute_without_its_provider_a_target_sees_only_probes_and_is_back_soon_after() {
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai  model "m" }
        target b { cluster "b"  provider openai  model "m" }
        retry quick { attempts 3  backoff full_jitter 10ms .. 100ms }
        breaker standard { trip errors > 50% of at least 10 }
        route chat { match path "/v1/chat/completions"  try a  then b  retry quick  breaker standard  timeout 2s }
    "#;
    let (is_out, seen) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let mut world = World::new(policy, 3, 7, {
        let (is_out, seen) = (is_out.clone(), seen.clone());
        move |target, _| {
            if target != "a" || !is_out.get() {
                return Fate::Status(200);
            }
            seen.set(seen.get() + 1);
            Fate::Status(503)
        }
    });
    let second = |world: &mut World| {
        (0..10)
            .map(|n| {
                let id = world.send(n % 3);
                world.run_for(Duration::from_millis(100));
                id
            })
            .collect::<Vec<_>>()
    };
    (0..30).for_each(|_| drop(second(&mut world)));
    is_out.set(true);
    let mut ids = Vec::new();
    (0..60).for_each(|_| ids.extend(second(&mut world)));
    let until_open = seen.get();
    is_out.set(false);
    assert!(until_open < 400, "the window's good answers are outweighed first: {until_open}");
    let mut seconds = 0;
    while world.tried(*ids.last().expect("sent")) != "a" {
        ids.extend(second(&mut world));
        seconds += 1;
        assert!(seconds <= 30, "{:?}", world.breakers);
    }
    world.settle();
    for id in ids {
        assert_eq!(world.got(id).status, 200, "all are answered");
    }
}

#[test]
fn the_health_page_is_one_only_for_those_who_may_read_it() {
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        route chat { match path "/v1/chat/completions"  try a }
        health { from "192.0.2.0/24" }
    "#;
    let ask = |policy: &str, method: &str| {
        let mut world = World::new(policy, 1, 7, |_, _| Fate::Status(200));
        let id = world.send_headers(0, "/seawall/health", &[(":method", method)], true);
        world.got(id).clone()
    };
    // The world's clients are at 192.0.2.7.
    let page = ask(policy, "GET");
    assert_eq!(page.status, 200);
    assert!(page.body.contains(r#""target":"a""#), "{}", page.body);
    assert_eq!(ask(policy, "POST").body, "passed");
    assert_eq!(ask(&policy.replace("192.0.2.0/24", "10.0.0.0/8"), "GET").body, "passed");
    assert_eq!(ask(&policy.replace("health { from \"192.0.2.0/24\" }", ""), "GET").body, "passed");
    let mut world = World::new(policy, 1, 7, |_, _| Fate::Status(200));
    let id = world.send(0);
    world.tell(id, Event::Source { address: "192.0.2.7".to_owned() });
    assert_eq!(world.requests[&id].answers.len(), 0, "nobody has asked: {:?}", Headers::default());
}

//! The promises that hold whatever providers, clients and workers do, under random faults in virtual time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::world::{Fate, World};
use proptest::prelude::*;
use seawall_core::BreakerState;

const POLICY: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai  host "a.test" }
    target b { cluster "b"  provider openai  host "b.test"  model "other" }
    target c { cluster "c"  provider openai  host "c.test" }
    retry quick { attempts 4  backoff full_jitter 50ms .. 2s  honor retry_after up to 3s }
    breaker sensitive { window 10s  trip errors > 30% of at least 5  open 5s  recover 1, 3 }
    route chat { match path "/v1/chat/completions"  try a, b  then c  retry quick  breaker sensitive  timeout 1s  hedge after 300ms at most 50% }
    route b { match path "/only/b"  try b  retry quick  breaker sensitive  timeout 1s }
    route c { match path "/only/c"  try c  retry quick  breaker sensitive  timeout 1s }
"#;
const ATTEMPTS: usize = 4;
const HONORED: u64 = 3;

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Status(200)),
        2 => prop::sample::select(vec![408, 429, 500, 502, 503, 504, 529]).prop_map(Fate::Status),
        1 => prop::sample::select(vec![400, 401, 403, 404, 413, 422, 501]).prop_map(Fate::Status),
        1 => (0u64..6).prop_map(Fate::Throttle),
        1 => Just(Fate::Refuse),
        1 => Just(Fate::Reset),
        1 => Just(Fate::Hang),
        // Never at the moment of the hedge.
        1 => (50u64..450).prop_map(|n| Fate::Slow(n * 2 + 1)),
    ]
}

/// One request.
#[derive(Clone, Debug)]
struct Arrival {
    /// Milliseconds after the one before.
    pause: u64,
    worker: usize,
    team: &'static str,
    body: &'static str,
    /// Milliseconds until its body comes, and until its client leaves, if it does.
    body_after: u64,
    leaves: Option<u64>,
    /// What happens to a worker before it arrives.
    upset: Option<Upset>,
}

#[derive(Clone, Copy, Debug)]
enum Upset {
    Reconfigured,
    Trapped,
}

prop_compose! {
    fn arrival()(pause in 0u64..800, worker in 0usize..4,
                 team in prop::sample::select(vec!["", "tide"]),
                 body in prop::sample::select(vec![r#"{"model":"gpt-4.1","messages":[]}"#, r#"{"model":"o3"}"#, r#"{"stream":true}"#, "{"]),
                 body_after in prop_oneof![Just(0u64), 1u64..1_500],
                 leaves in prop::option::weighted(0.2, 0u64..3_000),
                 upset in prop::option::weighted(0.05, prop::sample::select(vec![Upset::Reconfigured, Upset::Trapped])))
                 -> Arrival {
        Arrival { pause, worker, team, body, body_after, leaves, upset }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_promise_holds(
        fates in prop::collection::vec(fate(), 1..60),
        arrivals in prop::collection::vec(arrival(), 1..120),
        workers in 1u64..5,
        upstream_half: bool,
        seed: u64,
    ) {
        let is_over = Rc::new(Cell::new(false));
        let mut world = World::new(POLICY, workers, seed, {
            let is_over = is_over.clone();
            move |target, n| {
                let offset = target.bytes().map(usize::from).sum::<usize>();
                if is_over.get() { Fate::Status(200) } else { fates[(n as usize + offset) % fates.len()] }
            }
        });
        world.upstream_half = upstream_half;
        for Arrival { pause, worker, team, body, body_after, leaves, upset } in arrivals {
            world.run_for(Duration::from_millis(pause));
            match upset {
                Some(Upset::Reconfigured) => world.reconfigure(worker),
                Some(Upset::Trapped) => world.trap(worker),
                None => {}
            }
            let after = Duration::from_millis(body_after);
            let id = world.send_slowly(worker, &[("x-team", team)], body.into(), after);
            if let Some(after) = leaves {
                world.leave_after(id, Duration::from_millis(after));
            }
        }
        // The world itself checks: one answer at most, none to a client that is gone, no attempt at an open breaker's
        // target, attempts numbered in order, and that nothing is left over in the end.
        world.settle();

        for (id, request) in &world.requests {
            let passed = request.answers.iter().any(|got| got.body == "passed");
            prop_assert!(!passed || request.attempts.is_empty(), "{request:?}");
            prop_assert!(request.answers.len() == 1 || request.is_gone, "exchange {id} was lost: {request:?}");
            prop_assert!(request.attempts.len() <= ATTEMPTS);
            for (failed, next) in request.attempts.iter().zip(request.attempts.iter().skip(1)) {
                // An attempt follows the last one that failed before it, unless it is a hedge.
                let before = request.attempts.iter().filter(|other| other.ended <= next.begun && other.begun < next.begun);
                let is_fault = |fate| matches!(fate, Fate::Status(200 | 400 | 401 | 403 | 404 | 413 | 422) | Fate::Slow(_));
                prop_assert!(before.clone().all(|other| !is_fault(other.fate)), "{request:?}");
                let last = before.max_by_key(|other| other.ended);
                prop_assert!(last.is_none_or(|last| last.fate != Fate::Status(501)), "{request:?}");
                if let Fate::Throttle(seconds) = failed.fate && failed.target == next.target {
                    prop_assert!(seconds <= HONORED);
                    prop_assert!(next.begun.since(failed.ended) >= Duration::from_secs(seconds), "{request:?}");
                }
            }
        }

        // No permit was lost: once the providers are well, every breaker closes again within a few probes.
        is_over.set(true);
        for _ in 0..10 {
            for path in ["/v1/chat/completions", "/only/b", "/only/c"] {
                for body in [r#"{"model":"gpt-4.1"}"#, r#"{"model":"o3"}"#, "{}"] {
                    world.send_to(0, path, &[], body.into());
                    world.run_for(Duration::from_secs(3));
                }
            }
        }
        world.settle();
        prop_assert!(world.breakers.values().all(|state| *state == BreakerState::Closed), "{:?}", world.breakers);
    }
}

//! What retries may cost, whatever fails and however many workers there are: attempts, the shared budget, and time.

use std::time::Duration;

use crate::world::{Fate, World};
use proptest::prelude::*;

const POLICY: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai  host "a.test" }
    target b { cluster "b"  provider openai  host "b.test" }
    retry thrifty { attempts 4  backoff equal_jitter 20ms .. 1s  honor retry_after up to 3s  budget 20% of requests, at least 2/s }
    route chat { match path "/v1/chat/completions"  try a  then b  retry thrifty  timeout 1s  deadline header "x-budget-ms" default 4s }
"#;
const ATTEMPTS: usize = 4;
const DEFAULT_MS: u64 = 4_000;

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate::Status(200)),
        4 => prop::sample::select(vec![408, 429, 500, 502, 503, 504, 529]).prop_map(Fate::Status),
        1 => (0u64..6).prop_map(Fate::Throttle),
        1 => Just(Fate::Refuse),
        1 => Just(Fate::Reset),
        1 => Just(Fate::Hang),
    ]
}

/// Milliseconds after the request before, its worker, its deadline in milliseconds, and whether the caller retries.
type Arrival = (u64, usize, Option<u64>, bool);

fn arrival() -> impl Strategy<Value = Arrival> {
    let deadline = prop::option::weighted(0.5, 0u64..3_000);
    (0u64..400, 0usize..4, deadline, prop::bool::weighted(0.1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn retries_stay_within_attempts_budget_and_deadline(
        fates in prop::collection::vec(fate(), 1..40),
        arrivals in prop::collection::vec(arrival(), 1..80),
        workers in 2u64..5,
        upstream_half: bool,
        seed: u64,
    ) {
        let mut world = World::new(POLICY, workers, seed, move |target, n| {
            fates[(n as usize + target.len()) % fates.len()]
        });
        world.upstream_half = upstream_half;
        let (mut own, mut deadlines) = (0, Vec::new());
        let begun = world.now;
        for (pause, worker, deadline, is_retry) in arrivals {
            world.run_for(Duration::from_millis(pause));
            let (millis, count) = (deadline.map(|ms| ms.to_string()), if is_retry { "1" } else { "0" });
            let mut headers = vec![("x-stainless-retry-count", count)];
            headers.extend(millis.as_deref().map(|ms| ("x-budget-ms", ms)));
            let by = world.now.after(Duration::from_millis(deadline.unwrap_or(DEFAULT_MS)));
            let id = world.send_to(worker, "/v1/chat/completions", &headers, br#"{"model":"m"}"#.to_vec());
            own += u64::from(!is_retry);
            deadlines.push((id, by));
        }
        world.settle();

        let (mut again, mut last) = (0, begun);
        for (id, by) in deadlines {
            let request = &world.requests[&id];
            prop_assert!(request.answers[0].at <= by, "too late: {request:?}");
            prop_assert!(request.attempts.len() <= ATTEMPTS);
            for (failed, next) in request.attempts.iter().zip(request.attempts.iter().skip(1)) {
                last = last.max(next.begun);
                prop_assert!(next.begun < by, "begun after the deadline: {request:?}");
                if failed.target == next.target {
                    again += 1;
                    prop_assert!(failed.fate != Fate::Hang, "a silent target was asked again: {request:?}");
                }
            }
        }
        // Seconds by the clock; and what workers lose that make the cell at the same time.
        let seconds = last.0 / 1_000_000_000 - begun.0 / 1_000_000_000 + 1;
        prop_assert!(again <= own / 5 + 2 * seconds + (workers - 1), "{again} of {own} in {seconds} s");
    }
}

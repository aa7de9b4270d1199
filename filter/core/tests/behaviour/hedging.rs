//! Attempts beside each other.

use std::time::Duration;

use crate::world::{Fate, World};

const POLICY: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai }
    target b { cluster "b"  provider openai }
    retry quick { attempts 3  backoff full_jitter 1ms .. 2ms }
    route chat { match path "/v1/chat/completions"  try a, b  retry quick  timeout 2s  hedge after 100ms at most 100% }
"#;

fn one(a: &[Fate], b: &[Fate]) -> (World, u32) {
    let (a, b) = (a.to_vec(), b.to_vec());
    let mut world = World::new(POLICY, 1, 7, move |target, n| {
        let fates = if target == "a" { &a } else { &b };
        fates.get(n as usize).copied().unwrap_or(Fate::Status(200))
    });
    let id = world.send(0);
    world.settle();
    (world, id)
}

/// What a and b do; targets tried, who answered and how, when, and what the attempts came to.
type Row<'a> = (Vec<Fate>, Vec<Fate>, &'a str, (&'a str, u16), u64, &'a [&'a str]);

#[test]
fn the_first_answer_wins_and_every_attempt_is_counted() {
    use Fate::{Hang, Reset, Slow, Status};
    let table: [Row<'_>; 7] = [
        (vec![Slow(90)], vec![], "a", ("a", 200), 90, &["success"]),
        (vec![Slow(1_500)], vec![], "a b", ("b", 200), 110, &["success"]),
        (vec![Slow(150)], vec![Slow(500)], "a b", ("a", 200), 150, &["success", "success"]),
        // One that fails is followed by nothing while the other is under way.
        (vec![Slow(150)], vec![Status(500)], "a b", ("a", 200), 150, &["server_error", "success"]),
        (vec![Hang], vec![Status(500)], "a b", ("b", 500), 2_000, &["server_error", "timeout"]),
        (vec![Hang], vec![Hang], "a b", ("b", 504), 2_100, &["timeout", "timeout"]),
        // One that fails before its time is retried and not hedged.
        (vec![Reset], vec![Slow(50)], "a a", ("a", 200), 20, &["reset", "success"]),
    ];
    for (a, b, tried, (target, status), millis, outcomes) in table {
        let (world, id) = one(&a, &b);
        let (got, request) = (world.got(id), &world.requests[&id]);
        let what = format!("{a:?} {b:?}: {got:?} {:?}", request.outcomes);
        assert_eq!(world.tried(id), tried, "{what}");
        assert_eq!(request.outcomes, outcomes, "{what}");
        let took = got.at.since(request.attempts[0].begun);
        assert!(took >= Duration::from_millis(millis) && took < Duration::from_millis(millis + 20), "{what}");
        assert_eq!((got.status, got.headers["x-seawall-target"].as_str()), (status, target), "{what}");
    }
}

#[test]
fn no_more_requests_are_hedged_than_the_policy_says() {
    let policy = POLICY.replace("at most 100%", "at most 10%");
    let mut world = World::new(&policy, 2, 7, |target, _| Fate::Slow(if target == "a" { 300 } else { 10 }));
    for worker in 0..400 {
        world.send(worker % 2);
        world.run_for(Duration::from_millis(20));
    }
    world.settle();
    let hedged = world.requests.values().filter(|request| request.attempts.len() > 1).count();
    assert!(hedged > 20 && hedged <= 40, "{hedged}");
}

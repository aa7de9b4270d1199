//! Requests that wait in line for a target.

use std::time::Duration;

use crate::world::{Complaint, Fate, World};

/// A request to the route of completions.
fn plain(world: &mut World) -> u32 {
    world.send_to(0, "/v1/completions", &[], br#"{"model":"m","prompt":"Hi"}"#.to_vec())
}

/// A request to the route of responses.
fn other(world: &mut World) -> u32 {
    world.send_to(0, "/v1/responses", &[], br#"{"model":"m","input":"Hi"}"#.to_vec())
}

#[test]
fn who_waits_for_one_target_and_then_for_another_holds_nothing_of_the_first_and_is_counted() {
    let policy = r#"
        seawall 1
        target p { cluster "p"  provider openai }
        target q { cluster "q"  provider openai }
        limit places per target { 1 concurrent  wait up to 10s  queue 9 }
        limit few global { 3 requests/hour  burst 100% }
        breaker b { trip 1 errors in a row  open 1s }
        retry once { attempts 1 }
        route chat { match path "/v1/chat/completions"  try p  then q  retry once  breaker b  limit places, few  timeout 8s }
    "#;
    let mut world = World::new(policy, 1, 7, |target, n| match (target, n) {
        // Its place comes free as its breaker opens.
        ("p", 0) => Fate::Says(Complaint::Status(500), 300),
        ("q", 0) => Fate::Slow(5_000),
        _ => Fate::Status(200),
    });
    let sent: Vec<_> = (0..3).map(|_| world.send(0)).collect();
    world.run_for(Duration::from_secs(9));
    let tried: Vec<_> = sent.iter().map(|id| world.tried(*id)).collect();
    assert_eq!(tried, ["p", "q", "p"]);
    let late = world.send(0);
    world.settle();
    assert_eq!(world.got(late).status, 429, "three have been counted");
}

#[test]
fn who_has_waited_for_one_limit_waits_for_another_that_lets_nobody_wait() {
    let policy = r#"
        seawall 1
        target p { cluster "p"  provider openai }
        target q { cluster "q"  provider openai }
        limit one   per target { 1 concurrent  wait up to 10s }
        limit calls global     { 1 concurrent }
        route chat  { match path "/v1/chat/completions"  try p  limit one, calls }
        route plain { match path "/v1/completions"       try p  limit one }
        route other { match path "/v1/responses"         try q  limit calls }
    "#;
    // For so many milliseconds after its turn has come another one has the only place among all calls.
    for (busy, status, after) in [(0, 200, 20), (15, 200, 25), (1_000, 200, 1_010), (20_000, 429, 9_200)] {
        let mut world = World::new(policy, 1, 7, move |target, n| match (target, n) {
            ("p", 0) => Fate::Slow(1_000),
            ("q", 0) => Fate::Slow(500 + busy),
            _ => Fate::Status(200),
        });
        let first = plain(&mut world);
        world.run_for(Duration::from_millis(200));
        let (waits, behind) = (world.send(0), plain(&mut world));
        world.run_for(Duration::from_millis(300));
        let other = other(&mut world);
        world.settle();
        let turn = world.got(first).done.unwrap();
        let got = |id| (world.got(id).status, world.got(id).done.unwrap().since(turn).as_millis());
        assert_eq!(got(waits), (status, after), "{busy}");
        assert_eq!(got(behind), (200, 10), "who stands behind goes first meanwhile");
        assert_eq!(got(other).0, 200);
    }
}

#[test]
fn who_is_let_in_where_the_provider_has_no_quota_left_asks_there_if_no_other_target_takes_it() {
    let policy = r#"
        seawall 1
        target p { cluster "p"  provider openai }
        target q { cluster "q"  provider openai }
        limit one per target { 1 concurrent  wait up to 20s }
        route chat  { match path "/v1/chat/completions"  try p  then q  limit one }
        route plain { match path "/v1/completions"       try p  limit one }
        route other { match path "/v1/responses"         try q  limit one }
    "#;
    // The place of the target with quota comes free before that of the spent one, after it, or too late.
    for (busy, tried) in [(500, "q"), (1_500, "p"), (60_000, "p")] {
        let mut world = World::new(policy, 1, 7, move |target, n| match (target, n) {
            ("p", 0) => Fate::Spent(10, 300),
            ("p", 1) => Fate::Slow(1_000),
            ("q", 0) => Fate::Slow(busy),
            _ => Fate::Status(200),
        });
        plain(&mut world);
        world.run_for(Duration::from_secs(1));
        plain(&mut world);
        other(&mut world);
        world.run_for(Duration::from_millis(200));
        let waiting: Vec<_> = (0..3).map(|_| world.send(0)).collect();
        world.run_for(Duration::from_secs(3));
        let got: Vec<_> = waiting.iter().map(|id| (world.tried(*id), world.got(*id).status)).collect();
        assert_eq!(got, vec![(tried.to_owned(), 200); 3], "{busy}");
        world.settle();
    }
}

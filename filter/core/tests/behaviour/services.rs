//! Limits that a rate limit service counts, and whole exchanges under them.

use std::time::Duration;

use crate::world::{Fate, World};

const POLICY: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai }
    target b { cluster "b"  provider openai }
    limit  all  global     { 100 requests/min  burst 100%  via rate_limit_service "counts" }
    limit  each per target { 100 requests/min  burst 100%  via rate_limit_service "counts" }
    retry  quick { attempts 3  backoff full_jitter 1ms .. 2ms }
    route  chat { match path "/v1/chat/completions"  try a  then b  retry quick  timeout 2s  limit all, each }
"#;

/// After how many milliseconds a service answers, and what; `None`: never.
type Said = Option<(u64, Result<Vec<u8>, u32>)>;

const OK: [u8; 2] = [8, 1];
const OVER: [u8; 2] = [8, 2];

/// `service`: what it says to its n-th question.
fn world(service: impl Fn(u64) -> Said + 'static) -> World {
    let mut world = World::new(POLICY, 1, 7, |_, _| Fate::Status(200));
    world.service = Box::new(move |n| service(n).map(|(millis, said)| (Duration::from_millis(millis), said)));
    world
}

#[test]
fn a_request_is_held_until_its_service_has_answered_for_all_limits_at_once() {
    let mut world = world(|_| Some((30, Ok(OK.to_vec()))));
    let id = world.send(0);
    world.settle();
    let got = world.got(id);
    let time = got.at.since(world.requests[&id].complete);
    assert_eq!((got.status, world.tried(id).as_str(), world.questions), (200, "a", 2));
    assert!((30..60).contains(&time.as_millis()), "{time:?}");
}

#[test]
fn what_the_service_refuses_goes_elsewhere_or_is_refused() {
    // The request's own limit, then that of the first target.
    let mut refused = world(|n| Some((1, Ok(if n == 1 { OVER } else { OK }.to_vec()))));
    let id = refused.send(0);
    refused.settle();
    assert_eq!((refused.got(id).status, refused.tried(id).as_str()), (200, "b"));

    let mut refused = world(|_| Some((1, Ok(OVER.to_vec()))));
    let id = refused.send(0);
    refused.settle();
    let got = refused.got(id);
    assert_eq!(
        (got.status, got.headers["x-seawall-reason"].as_str(), refused.questions),
        (429, "limit_reached", 2)
    );
}

#[test]
fn silence_errors_and_nonsense_leave_the_decision_here() {
    let answers: [Said; 5] = [
        None,
        Some((500, Ok(OK.to_vec()))),
        Some((1, Err(14))),
        Some((1, Ok(vec![0xff]))),
        Some((1, Ok(vec![]))),
    ];
    for answer in answers {
        let said = answer.clone();
        let mut world = world(move |_| said.clone());
        let ids = [world.send(0), world.send(0), world.send(0)];
        world.run_for(Duration::from_secs(1));
        for id in ids {
            let got = world.got(id);
            let time = got.at.since(world.requests[&id].complete);
            assert_eq!((got.status, world.tried(id).as_str()), (200, "a"), "{answer:?}");
            assert!(time <= Duration::from_millis(200), "{answer:?} {time:?}");
        }
        assert_eq!(world.questions, 6, "{answer:?}: it isn't asked again");
        let id = world.send(0);
        world.run_for(Duration::from_millis(1));
        assert_eq!((world.tried(id).as_str(), world.questions), ("a", 6), "{answer:?}: it is away");
        world.settle();
    }
}

#[test]
fn an_answer_that_is_lost_now_and_then_leaves_the_others_to_the_service() {
    let mut world = world(|n| (n % 3 != 0).then(|| (5, Ok(OK.to_vec()))));
    for n in 1..=12 {
        let id = world.send(0);
        world.run_for(Duration::from_millis(400));
        assert_eq!((world.got(id).status, world.tried(id).as_str()), (200, "a"), "{n}");
    }
    assert!(world.questions >= 12, "{}", world.questions);
    world.settle();
}

#[test]
fn who_leaves_while_the_service_is_asked_leaves_nothing_behind() {
    let mut world = world(|n| (n % 3 != 2).then(|| (20, Ok(OK.to_vec()))));
    for after in [5, 25, 45] {
        let id = world.send(0);
        world.leave_after(id, Duration::from_millis(after));
        world.settle();
    }
}

#[test]
fn an_attempt_that_has_moved_on_stays_with_the_target_that_its_service_was_asked_for() {
    // While it waits for another attempt at `a`, somebody else takes that target's only place, and is done before the service
    // has answered for `b`.
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        target b { cluster "b"  provider openai }
        limit  one  per target { 1 concurrent }
        limit  each per target { 100 requests/min  burst 100%  via rate_limit_service "counts" }
        retry  quick { attempts 3  backoff no_jitter 50ms .. 50ms }
        route  chat { match path "/v1/chat/completions"  try a  then b  retry quick  timeout 2s  limit one, each }
    "#;
    let mut world =
        World::new(
            policy,
            1,
            7,
            |target, n| {
                if (target, n) == ("a", 0) { Fate::Throttle(0) } else { Fate::Slow(60) }
            },
        );
    world.service = Box::new(|n| Some((Duration::from_millis(if n == 2 { 90 } else { 1 }), Ok(OK.to_vec()))));
    let first = world.send(0);
    world.run_for(Duration::from_millis(20));
    let second = world.send(0);
    world.settle();
    assert_eq!((world.tried(first).as_str(), world.tried(second).as_str()), ("a b", "a"));
    assert_eq!(world.questions, 3, "the service isn't asked twice for one attempt");
}

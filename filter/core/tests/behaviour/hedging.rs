//! Attempts beside each other.

use std::time::Duration;

use seawall_core::{
    Answer, Config, Effect, Engine, Event, ExchangeId, Half, Headers, HedgeEvent, MemoryStore, Metric,
    Origin, Seed, Timestamp,
};

use crate::world::{Complaint, Fate, World};

const POLICY: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai }
    target b { cluster "b"  provider openai }
    retry quick { attempts 3  backoff full_jitter 1ms .. 2ms }
    route chat { match path "/v1/chat/completions"  try a, b  retry quick  timeout 2s  hedge after 100ms at most 100% }
"#;

fn one(a: &[Fate], b: &[Fate], upstream_half: bool) -> (World, u32) {
    let (a, b) = (a.to_vec(), b.to_vec());
    let mut world = World::new(POLICY, 1, 7, move |target, n| {
        let fates = if target == "a" { &a } else { &b };
        fates.get(n as usize).copied().unwrap_or(Fate::Status(200))
    });
    world.upstream_half = upstream_half;
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
        // Then what may follow it follows, whatever the other one came to.
        (vec![Hang], vec![Status(500)], "a b b", ("b", 200), 2_000, &["server_error", "timeout", "success"]),
        (vec![Hang], vec![Hang], "a b", ("a", 504), 2_100, &["timeout", "timeout"]),
        // One that fails before its time is retried and not hedged.
        (vec![Reset], vec![Slow(50)], "a a", ("a", 200), 20, &["reset", "success"]),
    ];
    check(&table);
}

fn check(table: &[Row<'_>]) {
    for (a, b, tried, (target, status), millis, outcomes) in table {
        for upstream_half in [false, true] {
            let (world, id) = one(a, b, upstream_half);
            let (got, request) = (world.got(id), &world.requests[&id]);
            let what = format!("{a:?} {b:?}: {got:?} {:?}", request.outcomes);
            assert_eq!(world.tried(id), *tried, "{what}");
            assert_eq!(request.outcomes, *outcomes, "{what}");
            let took = got.at.since(request.attempts[0].begun);
            let (least, most) = (Duration::from_millis(*millis), Duration::from_millis(millis + 20));
            assert!(took >= least && took < most, "{what}");
            assert_eq!((got.status, got.headers["x-seawall-target"].as_str()), (*status, *target), "{what}");
        }
    }
}

#[test]
fn after_a_hedge_only_the_target_that_has_just_failed_is_asked_again() {
    use Complaint::{ContentPolicy, ContextLength, QuotaExhausted, Throttled};
    let late = |complaint| Fate::Says(complaint, 150);
    let failed = Fate::Says(Complaint::Status(500), 300);
    let table: [Row<'_>; 6] = [
        // What the hedge's target has said holds, whatever the other one comes to.
        (
            vec![failed],
            vec![late(Throttled(30_000))],
            "a b a",
            ("a", 200),
            300,
            &["throttled", "server_error", "success"],
        ),
        (
            vec![failed],
            vec![late(QuotaExhausted)],
            "a b a",
            ("a", 200),
            300,
            &["quota_exhausted", "server_error", "success"],
        ),
        (
            vec![late(Throttled(30_000))],
            vec![Fate::Says(Complaint::Status(500), 100)],
            "a b b",
            ("b", 200),
            200,
            &["throttled", "server_error", "success"],
        ),
        // It is about the request.
        (
            vec![failed],
            vec![late(ContentPolicy)],
            "a b",
            ("b", 400),
            300,
            &["content_policy", "server_error"],
        ),
        (
            vec![failed],
            vec![late(ContextLength)],
            "a b",
            ("b", 400),
            300,
            &["context_length", "server_error"],
        ),
        (
            vec![late(ContextLength)],
            vec![Fate::Says(Complaint::Status(500), 100)],
            "a b",
            ("a", 400),
            200,
            &["context_length", "server_error"],
        ),
    ];
    check(&table);
}

/// A target that doesn't let Seawall in, or doesn't have what it asks for, says nothing of the request.
#[test]
fn what_is_wrong_with_the_hedges_target_alone_ends_no_request_and_is_not_what_its_client_is_told() {
    let failed = Fate::Says(Complaint::Status(500), 300);
    for status in [401, 403, 404] {
        let refused = Fate::Says(Complaint::Status(status), 150);
        let retried: &[&str] = &["client_error", "server_error", "success"];
        let spent: &[&str] = &["client_error", "server_error", "server_error"];
        let table: [Row<'_>; 2] = [
            (vec![failed], vec![refused], "a b a", ("a", 200), 300, retried),
            (vec![failed, Fate::Status(500)], vec![refused], "a b a", ("a", 500), 300, spent),
        ];
        check(&table);
    }
}

#[test]
fn of_two_beside_each_other_it_is_no_matter_which_fails_last() {
    let say = |status, millis| Fate::Says(Complaint::Status(status), millis);
    let third = POLICY
        .replace("retry quick {", r#"target c { cluster "c"  provider openai } retry quick {"#)
        .replace("try a, b ", "try a, b, c ");
    for status in [401, 403, 404] {
        let outcomes: &[&str] = &["server_error", "client_error", "success"];
        // Only what the hedge's target alone is to blame for: to what the first target says of the request there is no more to add.
        let refused: &[&str] = &["server_error", "client_error"];
        let table: [Row<'_>; 2] = [
            (
                vec![say(500, 150)],
                vec![say(status, 100)],
                "a b a",
                ("a", 200),
                200,
                &["server_error", "client_error", "success"],
            ),
            (vec![say(status, 300)], vec![say(500, 100)], "a b", ("b", 500), 300, refused),
        ];
        check(&table);
        let mut world = World::new(&third, 1, 7, move |target, _| match target {
            "a" => say(500, 150),
            "b" => say(status, 100),
            _ => Fate::Status(200),
        });
        let id = world.send(0);
        world.settle();
        assert_eq!(world.tried(id), "a b c", "its attempts are left for the others");
        assert_eq!(world.requests[&id].outcomes, outcomes);
    }
    let table: [Row<'_>; 3] = [
        // It is about the request.
        (vec![say(500, 150)], vec![say(400, 100)], "a b", ("a", 500), 200, &["server_error", "client_error"]),
        // No policy lists it.
        (
            vec![say(500, 150)],
            vec![say(501, 100)],
            "a b a",
            ("a", 200),
            200,
            &["server_error", "server_error", "success"],
        ),
        // What it has said of itself holds.
        (
            vec![say(500, 150)],
            vec![Fate::Says(Complaint::QuotaExhausted, 100)],
            "a b a",
            ("a", 200),
            200,
            &["server_error", "quota_exhausted", "success"],
        ),
    ];
    check(&table);
}

#[test]
fn a_refusal_that_is_not_what_goes_out_ends_no_hedge() {
    let policy = POLICY
        .replace("retry quick {", r#"target c { cluster "c"  provider openai } retry quick {"#)
        .replace("try a, b ", "try a then b then c ");
    for (hedge, expected) in [(Fate::Slow(500), ("c", 200)), (Fate::Status(500), ("a", 503))] {
        for upstream_half in [false, true] {
            let mut world = World::new(&policy, 1, 7, move |target, _| match target {
                "a" => Fate::Status(503),
                "b" => Fate::Says(Complaint::Status(400), 150),
                _ => hedge,
            });
            world.upstream_half = upstream_half;
            let id = world.send(0);
            world.settle();
            let got = world.got(id);
            assert_eq!(world.tried(id), "a b c", "{got:?}");
            assert_eq!((got.headers["x-seawall-target"].as_str(), got.status), expected, "{got:?}");
        }
    }
}

#[test]
fn what_the_first_target_refuses_for_good_goes_out_at_once_and_its_hedge_runs_on() {
    use Complaint::{ContentPolicy, ContextLength, Status};
    let late = |complaint| Fate::Says(complaint, 150);
    let table: [Row<'_>; 5] = [
        (
            vec![late(ContentPolicy)],
            vec![Fate::Slow(500)],
            "a b",
            ("a", 400),
            150,
            &["content_policy", "success"],
        ),
        (
            vec![late(Status(400))],
            vec![Fate::Slow(500)],
            "a b",
            ("a", 400),
            150,
            &["client_error", "success"],
        ),
        (vec![late(Status(413))], vec![Fate::Hang], "a b", ("a", 413), 150, &["too_large", "timeout"]),
        // Another's context may be larger.
        (
            vec![late(ContextLength)],
            vec![Fate::Slow(100)],
            "a b",
            ("b", 200),
            200,
            &["context_length", "success"],
        ),
        // What only the hedge's target refuses, the first one may take.
        (
            vec![Fate::Slow(300)],
            vec![late(ContentPolicy)],
            "a b",
            ("a", 200),
            300,
            &["content_policy", "success"],
        ),
    ];
    check(&table);
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

#[test]
fn a_hedge_that_no_limit_admits_takes_none_of_the_share() {
    let policy = POLICY
        .replace("route chat", "limit each per target { 1 concurrent }\n    route chat")
        .replace("at most 100%", "at most 10%  limit each")
        + r#"route only { match path "/only"  try b  limit each  retry quick  timeout 20s }"#;
    let mut world = World::new(&policy, 1, 7, |target, n| match (target, n) {
        ("b", 0) => Fate::Hang,
        ("b", _) => Fate::Slow(10),
        _ => Fate::Slow(300),
    });
    world.send_to(0, "/only", &[], br#"{"model":"m"}"#.to_vec());
    let mut send = || {
        let id = world.send(0);
        world.run_for(Duration::from_millis(500));
        world.tried(id)
    };
    let tried: Vec<_> = (0..35).map(|_| send()).collect();
    assert!(tried.iter().all(|tried| tried == "a"), "{tried:?}");
    let tried: Vec<_> = (0..8).map(|_| send()).collect();
    assert!(tried[6] == "a b" && tried[7] == "a b", "b is free again: {tried:?}");
    world.settle();
}

/// A call that nobody waits for any more can't be taken back; the client it was made for has nothing to do with it.
#[test]
fn a_client_that_has_gone_or_has_its_answer_keeps_no_place_while_its_other_call_hangs() {
    let policy = POLICY
        .replace("route chat", "limit calls global { 1 concurrent }\n    route chat")
        .replace("  timeout 2s", "  limit calls  timeout 2s");
    // The hedge hangs; the first attempt does as well, or answers.
    for first in [Fate::Hang, Fate::Slow(150)] {
        let mut world = World::new(&policy, 1, 7, move |target, n| match (target, n) {
            ("a", 0) => first,
            ("b", 0) => Fate::Hang,
            _ => Fate::Status(200),
        });
        let id = world.send(0);
        world.leave_after(id, Duration::from_millis(160));
        world.run_for(Duration::from_millis(140));
        assert_eq!(world.tried(id), "a b");
        let early = world.send(0);
        world.run_for(Duration::from_millis(40));
        let late = world.send(0);
        world.settle();
        assert_eq!(world.got(early).headers["x-seawall-reason"], "limit_reached", "{first:?}");
        assert_eq!(world.got(late).status, 200, "{first:?}");
    }
}

const ID: ExchangeId = ExchangeId(1);

/// What a stream has brought by the time of its hedge: the bytes of its body, after its headers. The engine then, and what
/// it did about that time.
fn streamed(mode: &str, half: Half, body: &str) -> (Engine, MemoryStore, Vec<Effect>) {
    let policy = POLICY.replace("hedge after", &format!("stream {mode}  hedge after"));
    let policy = seawall_policy::check(&policy).policy.unwrap();
    let mut engine = Engine::new(Config::new(policy, |_| None).unwrap(), Seed(1), false);
    let (mut store, mut fx) = (MemoryStore::default(), Vec::new());
    let mut tell = |engine: &mut Engine, millis: u64, event| {
        engine.handle(at(millis), &mut store, ID, event, &mut fx);
    };
    let pseudo = [(":method", "POST"), (":path", "/v1/chat/completions"), (":authority", "client.test")];
    let headers: Headers = pseudo.into_iter().collect();
    tell(&mut engine, 0, Event::RequestHeaders { headers, end_of_stream: false });
    let request = br#"{"model":"gpt-4.1","messages":[],"stream":true}"#.to_vec();
    tell(&mut engine, 0, Event::RequestEnd { body: request });
    let headers = [("content-type", "text/event-stream")].into_iter().collect();
    let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
    tell(&mut engine, 10, Event::AnswerHeaders { half, answer, end_of_stream: false });
    if !body.is_empty() {
        let (chunk, buffered) = (body.as_bytes().to_vec(), body.len());
        tell(&mut engine, 20, Event::AnswerBody { half, chunk, buffered, end_of_stream: false });
    }
    fx.clear();
    while engine.handle_timeout(at(120), &mut store, &mut fx).is_some() {}
    (engine, store, fx)
}

fn at(millis: u64) -> Timestamp {
    Timestamp(1_700_000_000_000_000_000 + millis * 1_000_000)
}

/// What is counted of hedges.
fn counted(fx: &[Effect]) -> Vec<HedgeEvent> {
    let event = |effect: &Effect| match effect {
        Effect::Count(Metric::Hedge(target, event)) => {
            assert_eq!(target.0, 1, "that of its target");
            Some(*event)
        }
        _ => None,
    };
    fx.iter().filter_map(event).collect()
}

const ROLE: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n";
const TEXT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";

const WHOLE: &str = r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}"#;

#[test]
fn a_stream_that_is_held_is_hedged_until_its_first_content() {
    for half in [Half::Downstream, Half::Upstream { attempt: 1 }] {
        for (mode, body, is_hedged) in [
            ("live", "", false),
            ("until_commit", "", true),
            ("until_commit", ROLE, true),
            ("until_commit", TEXT, false),
            ("complete", "", true),
            ("complete", ROLE, true),
            ("complete", TEXT, false),
        ] {
            let (_, _, fx) = streamed(mode, half, body);
            let dispatched = fx.iter().filter(|effect| matches!(effect, Effect::Dispatch { attempt: 2, .. }));
            assert_eq!(dispatched.count(), usize::from(is_hedged), "{mode} {half:?} {body}");
            let sent = is_hedged.then_some(HedgeEvent::Sent);
            assert_eq!(counted(&fx), Vec::from_iter(sent), "{mode} {half:?} {body}");
        }
    }
}

#[test]
fn of_a_held_stream_and_its_hedge_the_first_content_wins() {
    for half in [Half::Downstream, Half::Upstream { attempt: 1 }] {
        let call = |status| {
            let headers = [("content-type", "application/json")].into_iter().collect();
            let answer =
                Answer { status, headers, body: WHOLE.as_bytes().to_vec(), origin: Origin::Provider };
            Event::CallAnswer { attempt: 2, answer }
        };
        let text = || {
            let (chunk, buffered) = (TEXT.as_bytes().to_vec(), TEXT.len());
            Event::AnswerBody { half, chunk, buffered, end_of_stream: false }
        };
        let is_response = |effect: &Effect| matches!(effect, Effect::Respond { .. });
        let passes = |effect: &Effect| matches!(effect, Effect::PassAnswer { .. });

        let (mut engine, mut store, mut fx) = streamed("until_commit", half, "");
        engine.handle(at(200), &mut store, ID, call(200), &mut fx);
        assert!(fx.iter().any(is_response) && !engine.knows(ID), "{half:?}: the hedge answers");
        assert_eq!(counted(&fx), [HedgeEvent::Sent, HedgeEvent::Won]);

        let (mut engine, mut store, mut fx) = streamed("until_commit", half, "");
        engine.handle(at(150), &mut store, ID, text(), &mut fx);
        engine.handle(at(200), &mut store, ID, call(200), &mut fx);
        assert!(fx.iter().any(passes) && !fx.iter().any(is_response), "{half:?}: the stream does");
        assert_eq!(counted(&fx), [HedgeEvent::Sent]);

        let (mut engine, mut store, mut fx) = streamed("until_commit", half, "");
        engine.handle(at(150), &mut store, ID, call(503), &mut fx);
        engine.handle(at(200), &mut store, ID, text(), &mut fx);
        assert!(fx.iter().any(passes) && !fx.iter().any(is_response), "{half:?}: a hedge that fails is none");
        assert_eq!(counted(&fx), [HedgeEvent::Sent]);
    }
}

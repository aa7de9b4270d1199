//! Conditions: which route takes a request, and when that is decided.

use std::time::Duration;

use crate::world::{Fate, World};
use proptest::prelude::*;
use seawall_core::{Event, MAX_BODY_BYTES};

type Pairs<'a> = &'a [(&'a str, &'a str)];
type Routes<'a> = &'a [(&'a str, Option<&'a str>)];

const CHAT: &str = "/v1/chat/completions";

/// Routes for one path each, in this order; the first one's target is `a`, the second one's `b`, and so on.
fn policy(routes: Routes<'_>) -> String {
    let mut policy = "seawall 1\n".to_owned();
    for ((path, when), name) in routes.iter().zip('a'..) {
        let when = when.map(|when| format!("when `{when}`")).unwrap_or_default();
        policy += &format!("target {name} {{ cluster \"{name}\"  provider openai }}\n");
        policy += &format!("route {name} {{ match path \"{path}\"  {when}  try {name}  timeout 2s }}\n");
    }
    policy
}

fn world(routes: Routes<'_>) -> World {
    World::new(&policy(routes), 1, 1, |_, _| Fate::Status(200))
}

/// The target that a request got, `passed`, or the reason of its refusal.
fn way(world: &World, id: u32) -> String {
    let got = world.requests[&id].answers.first();
    match (got, world.tried(id)) {
        (Some(got), _) if got.body == "passed" => "passed".into(),
        (Some(got), tried) if tried.is_empty() => got.headers["x-seawall-reason"].clone(),
        (_, tried) => tried,
    }
}

#[test]
fn the_first_route_that_matches_in_path_and_condition_takes_the_request() {
    let routes = [
        (CHAT, Some(r#"headers["x-team"] == "tide""#)),
        (CHAT, Some(r#"model.startsWith("gpt-4") && turns < 3"#)),
        (CHAT, Some("stream")),
        ("/v1/*", Some(r#""search" in tools"#)),
        (CHAT, Some("size(tools) == 2")),
        ("/v1/models", None),
    ];
    let table: [(&str, Pairs<'_>, &str, &str); 11] = [
        (CHAT, &[("x-team", "tide")], r#"{"model":"gpt-4.1"}"#, "a"),
        (CHAT, &[("x-team", "wave")], r#"{"model":"gpt-4.1"}"#, "b"),
        (CHAT, &[("x-team", "tide")], "not JSON", "body_invalid"),
        (CHAT, &[], r#"{"model":"gpt-4.1","messages":[1,2,3],"stream":true}"#, "c"),
        (CHAT, &[], r#"{"tools":[{"name":"search"}],"stream":true}"#, "c"),
        (CHAT, &[], r#"{"tools":[{"name":"search"}]}"#, "d"),
        ("/v1/else", &[], r#"{"tools":[{"name":"search"}],"stream":true}"#, "d"),
        (CHAT, &[], r#"{"tools":[{"name":"a"},{"name":"b"}]}"#, "e"),
        (CHAT, &[], "{}", "passed"),
        ("/v1/models?limit=3", &[], "", "f"),
        ("/v2/models", &[("x-team", "tide")], r#"{"model":"gpt-4.1"}"#, "passed"),
    ];
    for (path, headers, body, expected) in table {
        let mut world = world(&routes);
        let id = world.send_to(0, path, headers, body.into());
        assert_eq!(way(&world, id), expected, "{path} {headers:?} {body}");
        world.settle();
    }
}

#[test]
fn a_path_asks_for_a_stream_where_the_dialect_has_it_there() {
    let routes = [("/v1beta/*", Some("stream")), ("/v1beta/*", None)];
    for (path, expected) in [
        ("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "a"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", "b"),
    ] {
        let mut world = world(&routes);
        let id = world.send_to(0, path, &[], br#"{"contents":[]}"#.to_vec());
        world.settle();
        assert_eq!(way(&world, id), expected, "{path}");
    }
}

#[test]
fn a_body_is_waited_for_only_where_it_can_change_the_way() {
    let on_header = (CHAT, Some(r#"headers["x-team"] == "tide""#));
    let on_body = (CHAT, Some(r#"model == "gpt-4.1""#));
    let json = ("content-type", "application/json; charset=utf-8");
    // Routes, the request's headers, and whether they alone let it pass.
    let table: [(Routes<'_>, Pairs<'_>, bool); 8] = [
        (&[on_header], &[], true),
        (&[on_header, on_body], &[], false),
        (&[on_header, on_body], &[json], false),
        (&[on_body], &[("content-type", "multipart/form-data; boundary=x")], true),
        (&[on_body], &[("content-encoding", "gzip")], true),
        (&[on_body], &[json, ("content-encoding", "identity")], false),
        (&[on_header, on_body], &[("x-team", "tide")], false),
        (&[("/v1/*", Some("turns > 3")), on_header], &[], false),
    ];
    for (routes, headers, passes) in table {
        let mut world = world(routes);
        let id = world.send_headers(0, CHAT, headers, false);
        assert_eq!(!world.requests[&id].answers.is_empty(), passes, "{routes:?} {headers:?}");
        if !passes {
            world.tell(id, Event::RequestEnd { body: b"{}".to_vec() });
        }
        let expected = if headers.contains(&("x-team", "tide")) { "a" } else { "passed" };
        assert_eq!(way(&world, id), expected, "{routes:?} {headers:?}");
        world.settle();
    }
}

#[test]
fn a_request_without_a_readable_body_says_nothing() {
    let routes = [
        (CHAT, Some(r#"model == "gpt-4.1" || stream"#)),
        (CHAT, Some("turns + size(tools) == 0 && method == 'POST'")),
    ];
    for (body, headers, expected) in [
        ("", [("x", "y")], "b"),
        ("", [("content-type", "application/json")], "b"),
        ("--x", [("content-type", "text/plain")], "b"),
        (r#"{"model":"gpt-4.1"}"#, [("content-type", "text/plain")], "b"),
        (r#"{"model":"gpt-4.1""#, [("x", "y")], "body_invalid"),
        (r#"{"model":"gpt-4.1","model":"gpt-4.1"}"#, [("x", "y")], "body_invalid"),
        (r#"[{"model":"gpt-4.1"}]"#, [("x", "y")], "body_invalid"),
        (r#"{"model":["gpt-4.1"]}"#, [("x", "y")], "b"),
    ] {
        let mut world = world(&routes);
        let id = world.send_to(0, CHAT, &headers, body.into());
        assert_eq!(way(&world, id), expected, "{body} {headers:?}");
        world.settle();
    }
}

#[test]
fn a_request_that_passes_after_all_keeps_what_it_came_with() {
    let mut world = world(&[(CHAT, Some("stream"))]);
    let headers = [("x-seawall-cluster", "a"), ("x-envoy-retry-on", "5xx")];
    let id = world.send_to(0, CHAT, &headers, br#"{"model":"gpt-4.1"}"#.to_vec());
    let removed: Vec<_> = world.got(id).headers.keys().map(String::as_str).collect();
    assert_eq!((way(&world, id).as_str(), removed), ("passed", vec!["x-seawall-cluster"]));
    world.settle();
}

#[test]
fn a_body_that_may_choose_the_route_is_bounded_like_any_other() {
    let mut world = world(&[(CHAT, Some("stream"))]);
    let id = world.send_headers(0, CHAT, &[], false);
    world.tell(id, Event::RequestBody { buffered: MAX_BODY_BYTES });
    assert_eq!(world.requests[&id].answers.len(), 0);
    world.tell(id, Event::RequestBody { buffered: MAX_BODY_BYTES + 1 });
    assert_eq!(way(&world, id), "body_too_large");
    let id = world.send_to(0, CHAT, &[], vec![b' '; MAX_BODY_BYTES + 1]);
    assert_eq!((way(&world, id).as_str(), world.got(id).status), ("body_too_large", 413));
    world.settle();
}

#[test]
fn a_body_that_passes_takes_no_room() {
    let mut world = World::new(&policy(&[(CHAT, Some("stream"))]), 1, 1, |_, _| Fate::Hang);
    let body = |start: &str| [start.as_bytes(), &vec![b'x'; MAX_BODY_BYTES - 32], b"\"}"].concat();
    let (stream, whole) = (body(r#"{"stream":true,"a":""#), body(r#"{"stream":false,"a":""#));
    for _ in 0..60 {
        let id = world.send_to(0, CHAT, &[], whole.clone());
        assert_eq!(way(&world, id), "passed");
    }
    let ways = |world: &mut World, count| {
        let sent = (0..count).map(|_| world.send_to(0, CHAT, &[], stream.clone())).collect::<Vec<_>>();
        sent.into_iter().map(|id| way(world, id)).collect::<Vec<_>>()
    };
    assert_eq!(ways(&mut world, 51), vec!["a"; 51]);
    assert_eq!(ways(&mut world, 2), vec!["overloaded"; 2]);
    let id = world.send_to(0, CHAT, &[], whole);
    assert_eq!(way(&world, id), "passed", "also when there is no room left");
    world.settle();
}

#[test]
fn a_client_that_leaves_while_its_body_is_awaited_leaves_nothing_behind() {
    let mut world = world(&[(CHAT, Some("stream"))]);
    let id = world.send_headers(0, CHAT, &[], false);
    world.tell(id, Event::RequestBody { buffered: 10 });
    world.leave_after(id, Duration::from_millis(5));
    world.settle();
    assert_eq!(world.requests[&id].answers.len(), 0);
}

#[test]
fn a_host_that_keeps_back_the_body_that_decides_is_found_out() {
    let mut world = world(&[(CHAT, Some("stream"))]);
    let id = world.send_headers(0, CHAT, &[], false);
    world.requests.get_mut(&id).unwrap().received = 1;
    world.settle();
    assert_eq!(way(&world, id), "body_missing");
}

#[test]
fn the_hour_is_that_of_the_arrival_also_when_the_body_comes_later() {
    // The world starts at 22:13:20 UTC.
    let routes = [
        (CHAT, Some("hour < 22")),
        (CHAT, Some("stream")),
        (CHAT, Some("hour == 22")),
        (CHAT, Some("hour == 23")),
    ];
    let mut world = world(&routes);
    let at_once = world.send_to(0, CHAT, &[], b"{}".to_vec());
    let late = world.send_headers(0, CHAT, &[], false);
    world.tell(late, Event::RequestBody { buffered: 1 });
    world.run_for(Duration::from_secs(3_600));
    world.tell(late, Event::RequestEnd { body: b"{}".to_vec() });
    let next = world.send_to(0, CHAT, &[], b"{}".to_vec());
    assert_eq!([at_once, late, next].map(|id| way(&world, id)), ["c", "c", "d"]);
    world.settle();
}

/// A condition, and what it means.
type Known = (&'static str, fn(&Asked) -> bool);

#[derive(Clone, Debug)]
struct Asked {
    team: Option<&'static str>,
    model: &'static str,
    stream: bool,
    turns: usize,
    /// Whether the body can be read.
    readable: bool,
}

const CONDITIONS: [Known; 7] = [
    ("true || path == ''", |_| true),
    ("headers['x-team'] == 'tide'", |asked| asked.team == Some("tide")),
    ("!('x-team' in headers)", |asked| asked.team.is_none()),
    ("model == 'o3'", |asked| asked.readable && asked.model == "o3"),
    ("model != 'o3' && turns > 1", |asked| asked.readable && asked.model != "o3" && asked.turns > 1),
    ("!stream || headers['x-team'] == 'wave'", |asked| {
        !(asked.readable && asked.stream) || asked.team == Some("wave")
    }),
    ("stream && !('x-team' in headers)", |asked| asked.readable && asked.stream && asked.team.is_none()),
];

prop_compose! {
    fn asked()(team in prop::sample::select(vec![None, Some("tide"), Some("wave"), Some("")]),
               model in prop::sample::select(vec!["o3", "gpt-4.1"]),
               stream: bool, turns in 0usize..4, readable in prop::bool::weighted(0.8)) -> Asked {
        Asked { team, model, stream, turns, readable }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whenever it is decided, it is as if all had been known from the start.
    #[test]
    fn an_early_choice_is_the_late_one(
        routes in prop::collection::vec((prop::sample::select(vec![CHAT, "/v1/*", "/v2/*"]), 0..CONDITIONS.len()), 1..5),
        asked in asked(),
        path in prop::sample::select(vec![CHAT, "/v1/else", "/v3"]),
    ) {
        let holds = |(on, condition): &(&str, usize)| {
            let on_path = on.strip_suffix('*').map_or(path == *on, |prefix| path.starts_with(prefix));
            on_path && CONDITIONS[*condition].1(&asked)
        };
        let expected = routes.iter().position(holds);
        let written: Vec<_> = routes.iter().map(|(on, condition)| (*on, Some(CONDITIONS[*condition].0))).collect();
        let mut world = world(&written);
        let messages = vec!["{}"; asked.turns].join(",");
        let body = format!(r#"{{"model":"{}","stream":{},"messages":[{messages}]}}"#, asked.model, asked.stream);
        let kind = if asked.readable { "application/json" } else { "application/octet-stream" };
        let headers = asked.team.map(|team| ("x-team", team)).into_iter().chain([("content-type", kind)]);
        let id = world.send_to(0, path, &headers.collect::<Vec<_>>(), body.into_bytes());
        let expected = expected.map_or("passed".to_owned(), |number| ["a", "b", "c", "d"][number].to_owned());
        prop_assert_eq!(way(&world, id), expected);
        world.settle();
    }
}

//! `seawall golden run` against a simulated provider on a real socket.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use seawall_provider::{Plan, Provider};
use tokio::runtime::Runtime;

use super::command::{Place, Said};

/// As many cases as a set should have at least, in each dialect in turn.
fn set() -> String {
    let mut set = String::from(
        "about: It says where it comes from.\nprice: { in: 2.00, out: 8.00 }\nrequest: { model: gpt-4.1 }\n\
         expect: { contains: [provider], lacks: [Paris], max_tokens: 50, max_latency: 60s, max_cost: 0.01 }\n\
         budget: { cost: 1 }\ncases:\n",
    );
    for number in 0..210 {
        let (path, finish) = match number % 3 {
            0 => ("/v1/chat/completions", "stop"),
            1 => ("/v1/messages", "end_turn"),
            _ => ("/v1/responses", "completed"),
        };
        writeln!(
            set,
            "  - {{ name: case-{number}, path: {path}, prompt: hello, expect: {{ finish: {finish} }} }}"
        )
        .unwrap();
    }
    set
}

struct World {
    place: Place,
    provider: Provider,
    runtime: Runtime,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let provider = runtime.block_on(Provider::start("provider", anywhere, Plan::default())).unwrap();
        Self { place: Place::new(&[("set.yaml", &set())]), provider, runtime }
    }

    /// What the next requests get, before correct answers follow.
    fn plan(&self, plan: &str) {
        self.runtime.block_on(self.provider.set_plan(serde_saphyr::from_str(plan).unwrap())).unwrap();
    }

    fn run(&self, more: &[&str]) -> Said {
        let url = format!("http://{}/", self.provider.addr());
        self.place
            .seawall(&[&["golden", "run", "set.yaml", "--base-url", &url, "--jobs", "8"], more].concat())
    }
}

#[test]
fn a_set_is_asked_judged_and_compared_with_the_run_before() {
    let world = World::new();
    let (code, out, error) = world.run(&["--save-baseline", "usual.json", "--html", "page.html"]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    assert!(out.contains("ok     case-0 (") && out.contains("210 of 210 passed, latency p50 "), "{out}");
    assert_eq!(world.provider.count(), 210);
    assert!(world.place.read("page.html").contains("210 of 210 golden cases passed"));

    world.plan("[{ status: 503, times: 3 }]");
    let (code, out, _) = world.run(&["--baseline", "usual.json"]);
    assert_eq!(code, 1, "{out}");
    assert_eq!(out.matches("FAILED").count(), 3);
    assert_eq!(out.matches("worse than before: case-").count(), 3);
    assert!(out.contains("fails: 98.6% of the cases that were there before passed, before 100.0%"), "{out}");

    world.plan("[{ status: 503, times: 3 }]");
    let (code, out, _) = world.run(&["--baseline", "usual.json", "--tolerance", "2"]);
    assert_eq!(code, 0, "models don't answer alike each time: {out}");
}

#[test]
fn a_run_that_fails_or_is_only_a_part_becomes_no_baseline() {
    let world = World::new();
    world.run(&["--save-baseline", "usual.json"]);
    let usual = world.place.read("usual.json");

    world.plan("[{ status: 503, times: 3 }]");
    let both = ["--baseline", "usual.json", "--save-baseline", "usual.json"];
    let (code, out, _) = world.run(&both);
    assert!(code == 1 && out.contains("it is no baseline: usual.json is left alone"), "{out}");
    assert_eq!(world.place.read("usual.json"), usual);

    // One that is tolerated is kept, and makes the next run no easier.
    world.plan("[{ status: 503, times: 3 }]");
    assert_eq!(world.run(&[&both[..], &["--tolerance", "2"]].concat()).0, 0);
    assert_eq!(world.place.read("usual.json"), usual);

    let (code, _, error) = world.run(&["--filter", "case-1", "--save-baseline", "usual.json"]);
    assert!(code == 2 && error.contains("cannot be used with"), "{code} {error}");
    let (code, _, error) = world.run(&["--baseline", "usual.json", "--tolerance", "nan"]);
    assert!(code == 2 && error.contains("from 0 to 100"), "{code} {error}");
    assert_eq!(world.place.read("usual.json"), usual);
}

#[test]
fn what_never_answers_counts_in_every_budget() {
    let world = World::new();
    world.plan("[{ fault: hang, times: 20 }]");
    let (code, out, _) = world.run(&["--filter", "case-1", "--timeout", "1"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("the cost of 20 of the answers isn't known"), "{out}");
    assert!(!out.lines().any(|line| line.starts_with("FAILED") && line.ends_with("(0ms)")), "{out}");
}

#[test]
fn what_cannot_be_asked_is_told_apart_from_what_is_wrong() {
    let world = World::new();
    let (code, _, error) = world.run(&["--baseline", "none.json"]);
    assert_eq!((code, error.contains("cannot read the baseline none.json")), (2, true), "{error}");
    let (code, _, error) = world.run(&["--filter", "weather"]);
    assert_eq!((code, error.contains("no case's name holds `weather`")), (2, true), "{error}");
    world.plan("refused");
    let (code, out, _) = world.run(&["--filter", "case-10"]);
    assert_eq!((code, out.contains("no answer")), (1, true), "{out}");
}

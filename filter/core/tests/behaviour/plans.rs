//! Plans: where the attempts at one request go, and what is changed on the way.

use std::collections::BTreeMap;

use seawall_core::{
    Answer, Config, Effect, Engine, Event, ExchangeId, Half, Headers, MemoryStore, Origin, Seed, Timestamp,
};

const CHAT: &str = "/v1/chat/completions";

/// A host with no time and no faults of its own: each attempt is answered as the test says.
pub(crate) struct Host {
    pub(crate) engine: Engine,
    store: MemoryStore,
    id: u32,
    /// In seconds.
    pub(crate) now: u64,
}

/// What the filter did with a request, or about a failure.
#[derive(Debug, PartialEq)]
pub(crate) enum Did {
    Sent {
        cluster: String,
        body: String,
    },
    Said {
        status: u16,
        body: String,
    },
    /// The provider's own words went to the client.
    Passed,
}

impl Host {
    pub(crate) fn new(policy: &str) -> Self {
        let checked = seawall_policy::check(&format!("seawall 1\n{policy}"));
        let policy = checked.policy.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
        let config = Config::new(policy, |_| Some("secret".into())).unwrap();
        Self { engine: Engine::new(config, Seed(1), false), store: MemoryStore::default(), id: 1, now: 1 }
    }

    pub(crate) fn id(&self) -> ExchangeId {
        ExchangeId(self.id)
    }

    pub(crate) fn handle(&mut self, event: Event) -> Vec<Effect> {
        self.handle_for(ExchangeId(self.id), event)
    }

    pub(crate) fn handle_for(&mut self, id: ExchangeId, event: Event) -> Vec<Effect> {
        let mut fx = Vec::new();
        self.engine.handle(Timestamp(self.now * 1_000_000_000), &mut self.store, id, event, &mut fx);
        fx
    }

    /// What comes of so many seconds in which nothing happens.
    pub(crate) fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        self.now += seconds;
        let mut fx = Vec::new();
        self.engine.handle_timeout(Timestamp(self.now * 1_000_000_000), &mut self.store, &mut fx);
        fx
    }

    /// Answers the attempt under way after so many seconds, and says where the next request goes.
    fn next(&mut self, seconds: u64) -> String {
        self.now += seconds;
        self.answer(200);
        self.first(&chat(""))
    }

    fn ask(&mut self, body: &str) -> (Did, Vec<Effect>) {
        self.ask_at(CHAT, body)
    }

    pub(crate) fn ask_at(&mut self, path: &str, body: &str) -> (Did, Vec<Effect>) {
        self.ask_as(path, "application/json", body)
    }

    pub(crate) fn ask_as(&mut self, path: &str, kind: &str, body: &str) -> (Did, Vec<Effect>) {
        self.ask_with((path, kind), "identity", body)
    }

    pub(crate) fn ask_encoded(&mut self, path: &str, encoding: &str, body: &str) -> (Did, Vec<Effect>) {
        self.ask_with((path, "application/json"), encoding, body)
    }

    fn ask_with(&mut self, (path, kind): (&str, &str), encoding: &str, body: &str) -> (Did, Vec<Effect>) {
        self.id += 1;
        let headers = [
            (":path", path),
            (":authority", "api.test"),
            ("content-type", kind),
            ("content-encoding", encoding),
            ("x-degraded", "forged"),
        ];
        let headers: Headers = headers.into_iter().collect();
        self.handle(Event::RequestHeaders { headers, end_of_stream: false });
        let fx = self.handle(Event::RequestEnd { body: body.into() });
        (did(&fx, body), fx)
    }

    /// The cluster that a request goes to first.
    fn first(&mut self, body: &str) -> String {
        match self.ask(body).0 {
            Did::Sent { cluster, .. } => cluster,
            other => panic!("{other:?}"),
        }
    }

    /// The attempt through the router is answered.
    pub(crate) fn answer(&mut self, status: u16) -> Vec<Effect> {
        self.answer_with(status, &[])
    }

    fn answer_with(&mut self, status: u16, headers: &[(&str, &str)]) -> Vec<Effect> {
        // A success that nobody looks at.
        let unread = [("content-type", "application/octet-stream")];
        let headers = headers.iter().chain(&unread).copied().collect();
        let answer = Answer { status, headers, body: Vec::new(), origin: Origin::Provider };
        self.handle(Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream: true })
    }

    /// The clusters that a request goes to while each attempt fails, each once: attempts that are left over when some
    /// targets aren't tried are made at the others.
    fn all(&mut self, body: &str) -> Vec<String> {
        let mut clusters = vec![self.first(body)];
        let (mut fx, mut attempt) = (self.answer(503), 1);
        loop {
            if let Some(due) = self.engine.next_deadline() {
                self.engine.handle_timeout(due, &mut self.store, &mut fx);
            }
            let Did::Sent { cluster, .. } = did(&fx, body) else { break };
            if clusters.last() != Some(&cluster) {
                clusters.push(cluster);
            }
            attempt += 1;
            let answer = Answer {
                status: 503,
                headers: Headers::default(),
                body: Vec::new(),
                origin: Origin::Provider,
            };
            fx = self.handle(Event::CallAnswer { attempt, answer });
        }
        clusters
    }
}

pub(crate) fn did(fx: &[Effect], asked: &str) -> Did {
    let text = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap();
    fx.iter()
        .find_map(|effect| match effect {
            Effect::Route { cluster, body, .. } => {
                let body = body.as_ref().map_or_else(|| asked.to_owned(), |body| text(body));
                Some(Did::Sent { cluster: cluster.to_string(), body })
            }
            Effect::Dispatch { cluster, body, .. } => {
                Some(Did::Sent { cluster: cluster.to_string(), body: text(body) })
            }
            Effect::Respond { status, body, .. } => Some(Did::Said { status: *status, body: text(body) }),
            Effect::PassAnswer { .. } => Some(Did::Passed),
            _ => None,
        })
        .unwrap_or_else(|| panic!("{fx:?}"))
}

/// The headers that the client gets.
pub(crate) fn told(fx: &[Effect]) -> BTreeMap<String, String> {
    let set = fx.iter().find_map(|effect| match effect {
        Effect::PassAnswer { set, .. } => {
            Some(set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
        }
        Effect::Respond { headers, .. } => {
            let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
            Some(headers.iter().map(|(name, value)| (name.clone(), text(value))).collect())
        }
        _ => None,
    });
    set.unwrap_or_default()
}

fn chat(more: &str) -> String {
    format!(r#"{{"model":"gpt-4.1","messages":[{{"role":"user","content":"hi"}}]{more}}}"#)
}

/// Targets `a`, `b` and `c`, each with what is said of it, and a route with the rest.
fn policy([a, b, c]: [&str; 3], route: &str) -> String {
    let target = |name, more| format!("target {name} {{ cluster \"{name}\"  provider openai  {more} }}\n");
    format!(
        "{}{}{}route r {{ match path \"{CHAT}\"  {route} }}",
        target("a", a),
        target("b", b),
        target("c", c)
    )
}

#[test]
fn a_weighted_stage_shares_its_requests() {
    let mut host = Host::new(&policy(["", "", ""], "try a, b weighted 80, 20  then c"));
    let mut first: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..2_000 {
        let clusters = host.all(&chat(""));
        assert_eq!((clusters.len(), &*clusters[2]), (3, "c"), "{clusters:?}");
        *first.entry(clusters[0].clone()).or_default() += 1;
    }
    assert!((1_520..1_680).contains(&first["a"]), "{first:?}");
}

#[test]
fn the_cheapest_target_comes_first() {
    let prices = ["price $3 in, $15 out per 1M tokens", "price $1 in, $4 out per 1M tokens", ""];
    let mut host = Host::new(&policy(prices, "try a, b, c cheapest"));
    assert_eq!(host.all(&chat("")), ["b", "a", "c"]);
}

#[test]
fn the_fastest_target_comes_first_once_all_were_tried() {
    let mut host = Host::new(&policy(["", "", ""], "try a, b, c fastest"));
    let mut tried = vec![host.first(&chat(""))];
    for seconds in [9, 3] {
        tried.push(host.next(seconds));
    }
    let fastest = tried[2].clone();
    tried.sort();
    assert_eq!(tried, ["a", "b", "c"]);
    assert_eq!(host.next(1), fastest);
    assert_eq!(host.next(1), fastest);
    // Then it is the slowest by far.
    assert_ne!(host.next(20), fastest);
}

#[test]
fn the_least_loaded_target_comes_first() {
    let mut host = Host::new(&policy(["", "", ""], "try a, b, c least_loaded"));
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(host.first(&chat("")));
    }
    all.sort();
    assert_eq!(all, ["a", "a", "b", "b", "c", "c"]);
}

#[test]
fn a_stage_changes_the_requests_of_its_targets_and_of_no_others() {
    let changes = r#"then b { max_tokens 512  model "small"  temperature 0.2  header "x-degraded" "yes"  path "/v2/chat" }"#;
    let mut host = Host::new(&policy(["", "", ""], &format!("try a  {changes}  then c")));
    let asked = chat(r#","max_tokens":4096,"temperature":1,"seed":7"#);
    let (first, fx) = host.ask(&asked);
    assert_eq!(first, Did::Sent { cluster: "a".into(), body: asked.clone() });
    assert!(matches!(&fx[..], [Effect::Route { set, .. }] if set.is_empty()));

    let fx = host.answer(503);
    let changed = asked
        .replace("gpt-4.1", "small")
        .replace("4096", "512")
        .replace("\"temperature\":1", "\"temperature\":0.2");
    assert_eq!(did(&fx, &asked), Did::Sent { cluster: "b".into(), body: changed });
    let headers = fx
        .iter()
        .find_map(|effect| if let Effect::Dispatch { headers, .. } = effect { Some(headers) } else { None });
    let value = |name: &str| {
        let values: Vec<_> =
            headers.unwrap().iter().filter(|(known, _)| known == name).map(|(_, value)| &**value).collect();
        String::from_utf8(values.join(&b","[..])).unwrap()
    };
    assert_eq!((value(":path"), value("x-degraded")), ("/v2/chat".into(), "yes".into()));

    let answer =
        Answer { status: 503, headers: Headers::default(), body: Vec::new(), origin: Origin::Provider };
    let fx = host.handle(Event::CallAnswer { attempt: 2, answer });
    assert_eq!(did(&fx, &asked), Did::Sent { cluster: "c".into(), body: asked.clone() });
}

#[test]
fn the_answer_names_the_target_and_model_that_were_used() {
    let mut host =
        Host::new(&policy(["", "model \"large\"", ""], "try a  then b { model \"small\" }  then c"));
    let mut told_after = |failures: usize, body: &str| {
        host.ask(body);
        let mut fx = host.answer(if failures == 0 { 200 } else { 503 });
        for attempt in 1..=failures as u32 {
            let status = if attempt == failures as u32 { 200 } else { 503 };
            let headers = [("content-type", "application/octet-stream")].into_iter().collect();
            let answer = Answer { status, headers, body: Vec::new(), origin: Origin::Provider };
            fx = host.handle(Event::CallAnswer { attempt: attempt + 1, answer });
        }
        let told = told(&fx);
        [told.get("x-seawall-target").cloned(), told.get("x-seawall-model").cloned()]
            .map(Option::unwrap_or_default)
    };
    assert_eq!(told_after(0, &chat("")), ["a", "gpt-4.1"]);
    assert_eq!(told_after(1, &chat("")), ["b", "small"]);
    assert_eq!(told_after(2, &chat("")), ["c", "gpt-4.1"]);
    assert_eq!(told_after(0, r#"{"model":"x\r\ny","messages":[]}"#), ["a", ""], "no header can hold it");
    assert_eq!(told_after(0, r#"{"messages":[]}"#), ["a", ""]);
}

#[test]
fn a_target_that_cannot_serve_a_request_is_not_tried() {
    let lacks = ["lacks vision", "lacks tools, prefill", "lacks json, stream"];
    let mut host = Host::new(&policy(lacks, "try a  then b  then c"));
    assert_eq!(host.all(&chat("")), ["a", "b", "c"]);
    assert_eq!(host.all(&chat(r#","tools":[{"type":"function"}]"#)), ["a", "c"]);
    let image =
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]"#;
    assert_eq!(host.all(&format!("{image}}}")), ["b", "c"]);
    assert_eq!(host.all(&format!(r#"{image},"response_format":{{"type":"json_object"}}}}"#)), ["b"]);
    let (did, fx) = host.ask(&format!(r#"{image},"stream":true,"tools":[{{}}]}}"#));
    let Did::Said { status: 400, body } = did else { panic!("{did:?}") };
    assert!(body.contains("it needs vision, tools, stream") && body.contains("no_capable_target"), "{body}");
    assert_eq!(told(&fx)["x-seawall-reason"], "no_capable_target");
    assert!(!host.engine.knows(ExchangeId(host.id)));
}

#[test]
fn a_request_that_does_not_fit_a_context_window_is_not_sent_there() {
    let windows = ["context 100 tokens", "context 1k tokens", "context 200 tokens"];
    let mut host = Host::new(&policy(windows, "try a  then b  then c { max_tokens 50 }"));
    assert_eq!(host.all(&chat("")), ["a", "b", "c"]);
    assert_eq!(host.all(&chat(r#","max_tokens":300"#)), ["b", "c"]);
    // What is not for the model takes no room in its window.
    let long = "some words of text ".repeat(400);
    assert_eq!(host.all(&chat(&format!(r#","user":"{long}""#))), ["a", "b", "c"]);
    let (did, _) =
        host.ask(&format!(r#"{{"model":"gpt-4.1","messages":[{{"role":"user","content":"{long}"}}]}}"#));
    let Did::Said { status: 400, body } = did else { panic!("{did:?}") };
    assert!(
        body.contains("context_length_exceeded") && body.contains("the largest context window holds 1000"),
        "{body}"
    );
}

#[test]
fn an_outage_costs_no_more_than_the_contract_allows() {
    let price =
        |dollars: u32| format!("price ${dollars} in, ${dollars} out per 1M tokens  context 1M tokens");
    let (a, b, c) = (price(1), price(4), price(3));
    let policy = policy([&a, &b, &c], "try a  then b  then c  contract { failover cost <= 3x }");
    assert_eq!(Host::new(&policy).all(&chat("")), ["a", "c"]);
}

#[test]
fn a_body_that_cannot_be_read_goes_on_as_it_is() {
    let mut host = Host::new(&policy(["lacks tools", "", ""], "try a { max_tokens 5 }"));
    host.id += 1;
    let headers: Headers =
        [(":path", CHAT), ("content-encoding", "gzip"), ("content-type", "application/json")]
            .into_iter()
            .collect();
    host.handle(Event::RequestHeaders { headers, end_of_stream: false });
    let fx = host.handle(Event::RequestEnd { body: vec![0x1f, 0x8b, 0xff] });
    assert!(matches!(&fx[..], [Effect::Route { body: None, .. }]), "{fx:?}");
}

#[test]
fn a_target_whose_quota_is_used_up_is_passed_over_until_its_reset() {
    let mut host = Host::new(&policy(["", "", ""], "try a  then b"));
    let spent = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "20s")];
    assert_eq!(host.first(&chat("")), "a");
    host.answer_with(200, &spent);
    host.now += 1;
    assert_eq!(host.first(&chat("")), "b", "before the first 429");
    host.answer_with(200, &spent);
    host.now += 1;
    assert_eq!(host.first(&chat("")), "a", "when nobody has any left the provider may say so itself");
    host.answer(429);
    host.now += 20;
    assert_eq!(host.first(&chat("")), "a");
}

#[test]
fn a_quota_too_small_for_this_request_is_kept_for_smaller_ones() {
    let mut host = Host::new(&policy(["", "", ""], "try a  then b"));
    let left = [
        ("x-ratelimit-limit-tokens", "30000"),
        ("x-ratelimit-remaining-tokens", "300"),
        ("x-ratelimit-reset-tokens", "1m0s"),
    ];
    host.first(&chat(""));
    host.answer_with(200, &left);
    assert_eq!(host.first(&chat(r#","max_tokens":100"#)), "a");
    assert_eq!(host.first(&chat(r#","max_tokens":400"#)), "b");
}

#[test]
fn what_a_callers_own_key_has_left_keeps_no_target_from_the_others_for_long() {
    let key = ("authorization", "Bearer x");
    let none = ("x-none", "x");
    let own = "auth header \"x-own-key\" env.KEY";
    let reset = |after| ("x-ratelimit-reset-requests", after);
    let table = [
        ("", key, reset("1m0s"), "b"),
        ("", key, reset("1m1s"), "a"),
        // When it is over isn't told.
        ("", key, ("x-none", "x"), "a"),
        ("", none, reset("5m0s"), "b"),
        ("", none, ("x-none", "x"), "b"),
        (own, key, reset("5m0s"), "b"),
    ];
    for (auth, header, reset, next) in table {
        let mut host = Host::new(&policy([auth, "", ""], "try a  then b"));
        host.id += 1;
        let headers =
            [(":path", CHAT), (":authority", "api.test"), ("content-type", "application/json"), header];
        host.handle(Event::RequestHeaders { headers: headers.into_iter().collect(), end_of_stream: false });
        host.handle(Event::RequestEnd { body: chat("").into() });
        host.answer_with(200, &[("x-ratelimit-remaining-requests", "0"), reset]);
        host.now += 1;
        assert_eq!(host.first(&chat("")), next, "{auth} {header:?} {reset:?}");
    }
}

//! Answers that the host takes away, puts others in the place of, or would follow itself.

use seawall_core::{
    Answer, Config, Effect, Engine, Event, ExchangeId, Half, MemoryStore, Origin, Seed, Timestamp,
};

const POLICY: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai }
    target b { cluster "b"  provider openai }
    retry once { attempts 2 }
    route chat { match path "/v1/chat/completions"  try a  then b  retry once }
"#;
const ID: ExchangeId = ExchangeId(1);
const UPSTREAM: Half = Half::Upstream { attempt: 1 };
const JSON: (&str, &str) = ("content-type", "application/json");

/// A host with one request on its way to `a`, and what the filter wants of it.
struct Host {
    engine: Engine,
    store: MemoryStore,
    fx: Vec<Effect>,
}

impl Host {
    fn asked() -> Self {
        Self::asked_by(POLICY)
    }

    fn asked_by(policy: &str) -> Self {
        Self::asked_of(policy, br#"{"model":"m"}"#)
    }

    fn asked_of(policy: &str, body: &[u8]) -> Self {
        let policy = seawall_policy::check(policy).policy.unwrap();
        let config = Config::new(policy, |_| None).unwrap();
        let engine = Engine::new(config, Seed(1), false);
        let mut host = Self { engine, store: MemoryStore::default(), fx: Vec::new() };
        let headers =
            [(":path", "/v1/chat/completions"), (":authority", "api.test"), JSON].into_iter().collect();
        host.handle(Event::RequestHeaders { headers, end_of_stream: false });
        host.handle(Event::RequestEnd { body: body.to_vec() });
        host
    }

    fn handle(&mut self, event: Event) {
        self.fx.clear();
        self.engine.handle(Timestamp(1_000_000_000), &mut self.store, ID, event, &mut self.fx);
    }

    fn answers(&mut self, half: Half, status: u16, headers: &[(&str, &str)], end_of_stream: bool) {
        let (headers, body, origin) = (headers.iter().copied().collect(), Vec::new(), Origin::Provider);
        let answer = Answer { status, headers, body, origin };
        self.handle(Event::AnswerHeaders { half, answer, end_of_stream });
    }

    fn says(&mut self, half: Half, body: &str, end_of_stream: bool) {
        let (chunk, buffered) = (body.as_bytes().to_vec(), body.len());
        self.handle(Event::AnswerBody { half, chunk, buffered, end_of_stream });
    }

    /// The host says in a provider's place that nothing more comes.
    fn breaks(&mut self) {
        let (headers, body, origin) = ([].into_iter().collect(), Vec::new(), Origin::Reset);
        let answer = Answer { status: 502, headers, body, origin };
        self.handle(Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream: false });
    }

    /// The answer in place of the provider's.
    fn responds(&self) -> Option<(u16, String)> {
        self.fx.iter().find_map(|effect| match effect {
            Effect::Respond { status, body, .. } => Some((*status, String::from_utf8(body.clone()).unwrap())),
            _ => None,
        })
    }

    /// What is due until the next attempt leaves.
    fn wait(&mut self) {
        while !self.dispatches()
            && let Some(due) = self.engine.next_deadline()
        {
            self.engine.handle_timeout(due, &mut self.store, &mut self.fx);
        }
    }

    fn dispatches(&self) -> bool {
        self.fx.iter().any(|effect| matches!(effect, Effect::Dispatch { attempt: 2, .. }))
    }

    fn holds(&self, half: Half) -> bool {
        self.fx.iter().any(|effect| matches!(effect, Effect::HoldAnswer(held) if *held == half))
    }

    fn passes(&self, half: Half) -> Option<String> {
        self.fx.iter().find_map(|effect| match effect {
            Effect::PassAnswer { half: passed, set } if *passed == half => {
                let location = set.iter().find(|(name, _)| &**name == "location");
                Some(location.map(|(_, value)| value.to_string()).unwrap_or_default())
            }
            _ => None,
        })
    }
}

#[test]
fn an_answer_that_the_host_hands_on_instead_of_following_it_is_held_and_never_told() {
    let mut host = Host::asked();
    host.answers(UPSTREAM, 503, &[], true);
    assert!(host.fx.iter().any(|effect| matches!(effect, Effect::Reroute { .. })), "{:?}", host.fx);
    host.answers(Half::Downstream, 307, &[("location", "http://api.test/.seawall/x")], true);
    assert!(host.holds(Half::Downstream), "{:?}", host.fx);
    host.wait();
    assert!(host.dispatches(), "{:?}", host.fx);
    // What is told in the end is the provider's answer, and not the redirect that is held in its place.
    let (headers, body, origin) = ([].into_iter().collect(), Vec::new(), Origin::Reset);
    host.handle(Event::CallAnswer { attempt: 2, answer: Answer { status: 503, headers, body, origin } });
    assert!(host.passes(Half::Downstream).is_none(), "{:?}", host.fx);
    assert!(
        host.fx.iter().any(|effect| matches!(effect, Effect::Respond { status: 503, .. })),
        "{:?}",
        host.fx
    );
}

#[test]
fn an_error_in_place_of_an_answer_that_was_held_is_the_hosts_and_another_attempt_follows() {
    let mut host = Host::asked();
    host.answers(UPSTREAM, 200, &[JSON], false);
    assert!(host.holds(UPSTREAM), "{:?}", host.fx);
    host.answers(Half::Downstream, 500, &[], false);
    assert!(host.holds(Half::Downstream), "{:?}", host.fx);
    host.wait();
    assert!(host.dispatches(), "{:?}", host.fx);
}

#[test]
fn where_a_provider_redirects_to_is_kept_from_the_router_and_told_to_the_caller() {
    for status in [301, 302, 307, 308] {
        let mut host = Host::asked();
        host.answers(UPSTREAM, status, &[("location", "https://elsewhere.test/")], true);
        assert_eq!(host.passes(UPSTREAM).as_deref(), Some(""), "{:?}", host.fx);
        host.answers(Half::Downstream, status, &[("location", "")], true);
        assert_eq!(
            host.passes(Half::Downstream).as_deref(),
            Some("https://elsewhere.test/"),
            "{:?}",
            host.fx
        );
        assert!(!host.engine.knows(ID));
    }
}

const ALONE: &str = r#"
    seawall 1
    target a { cluster "a"  provider PROVIDER }
    retry once { attempts 1 }
    route chat { match path "/v1/chat/completions"  try a  retry once  stream until_commit }
"#;

/// What becomes of the only attempt.
fn alone(provider: &str, half: Half, status: u16, kind: &str, body: &str, end: bool) -> Host {
    let mut host = Host::asked_by(&ALONE.replace("PROVIDER", provider));
    host.answers(half, status, &[("content-type", kind)], false);
    assert!(host.holds(half), "{:?}", host.fx);
    host.says(half, body, end);
    if !end {
        host.breaks();
    }
    host
}

fn is_json(body: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(body).is_ok()
}

#[test]
fn no_error_within_a_success_goes_out_as_a_success() {
    let long = "x".repeat(9_000);
    let longer = "x".repeat(70_000);
    let (stream, json) = ("text/event-stream", "application/json");
    let limited = || "{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"m\"}}".to_owned();
    let table = [
        // What its headers don't say its body shows.
        ("text/plain", limited(), 429),
        ("", limited(), 429),
        ("Application/JSON", limited(), 429),
        ("text/plain", format!("data: {}\n\n", limited()), 429),
        ("", "event: error\ndata: upstream is gone\n\n".to_owned(), 502),
        ("text/html; charset=utf-8", "<html>We'll be back</html>".to_owned(), 502),
        ("text/plain", "no healthy upstream".to_owned(), 502),
        ("", "<html>".to_owned(), 502),
        ("", String::new(), 502),
        (stream, "event: error\ndata: upstream is gone\n\n".to_owned(), 502),
        (
            stream,
            format!("data: {{\"error\":{{\"code\":\"rate_limit_exceeded\",\"message\":\"{long}\"}}}}\n\n"),
            429,
        ),
        (
            stream,
            "data: {\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"m\"}}\n\n".to_owned(),
            429,
        ),
        // What some servers end a choice with whose engine has failed is a part of an answer by its form.
        (
            stream,
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}]}\n\n".to_owned(),
            502,
        ),
        (json, "{\"error\":{\"code\":\"rate_limit_exceeded\",\"mess".to_owned(), 429),
        (json, format!("{{\"error\":{{\"code\":\"rate_limit_exceeded\",\"message\":\"{longer}\"}}}}"), 429),
    ];
    for (kind, said, expected) in table {
        for half in [UPSTREAM, Half::Downstream] {
            let mut host = alone("openai", half, 200, kind, &said, true);
            if host.passes(UPSTREAM).is_some() {
                host.answers(Half::Downstream, 200, &[("content-type", kind)], false);
            }
            let (status, body) =
                host.responds().unwrap_or_else(|| panic!("{said:.80} {half:?}: {:?}", host.fx));
            assert_eq!(status, expected, "{said:.80} {half:?}");
            let is_error = body.contains("\"error\":{") && !body.contains("choices");
            assert!(is_json(&body) && is_error, "{said:.80} {half:?}: {body}");
        }
    }
}

#[test]
fn of_an_error_that_breaks_off_nothing_goes_out_but_its_status() {
    for (status, expected) in [(200, 502), (413, 413), (429, 429), (500, 500), (504, 504)] {
        let host =
            alone("openai", UPSTREAM, status, "application/json", "{\"error\":{\"message\":\"The ser", false);
        let (told, body) = host.responds().unwrap_or_else(|| panic!("{status}: {:?}", host.fx));
        assert_eq!(told, expected, "{body}");
        assert!(is_json(&body) && !body.contains("The ser"), "{body}");
    }
}

#[test]
fn what_comes_of_an_attempt_that_was_given_up_where_no_other_half_is_does_not_pass() {
    let policy = POLICY.replace("retry once }", "retry once  stream complete  timeout 1s }");
    for late in [200, 504] {
        let mut host = Host::asked_of(&policy, br#"{"model":"m","stream":true}"#);
        let gives_up = |host: &Host| host.fx.iter().any(|fx| matches!(fx, Effect::GiveUp { attempt: 1 }));
        while !gives_up(&host) {
            let due = host.engine.next_deadline().expect("it is given up in time");
            host.engine.handle_timeout(due, &mut host.store, &mut host.fx);
        }
        let (headers, body, origin) = ([].into_iter().collect(), Vec::new(), Origin::Timeout);
        let answer = Answer { status: 503, headers, body, origin };
        host.handle(Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream: true });
        host.wait();
        assert!(host.dispatches(), "{:?}", host.fx);
        host.answers(Half::Downstream, late, &[("content-type", "text/event-stream")], false);
        assert!(host.holds(Half::Downstream) && host.passes(Half::Downstream).is_none(), "{:?}", host.fx);
        let headers = [("content-type", "application/json")].into_iter().collect();
        let answer = Answer { status: 200, headers, body: b"{}".to_vec(), origin: Origin::Provider };
        host.handle(Event::CallAnswer { attempt: 2, answer });
        assert!(host.responds().is_some(), "{:?}", host.fx);
    }
}

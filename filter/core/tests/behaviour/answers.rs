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
        let policy = seawall_policy::check(POLICY).policy.unwrap();
        let config = Config::new(policy, |_| None).unwrap();
        let engine = Engine::new(config, Seed(1), false);
        let mut host = Self { engine, store: MemoryStore::default(), fx: Vec::new() };
        let headers =
            [(":path", "/v1/chat/completions"), (":authority", "api.test"), JSON].into_iter().collect();
        host.handle(Event::RequestHeaders { headers, end_of_stream: false });
        host.handle(Event::RequestEnd { body: br#"{"model":"m"}"#.to_vec() });
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

//! Headers that are passed on: whatever bytes they hold, as often as they stand there, and none that speak in another's name.

use seawall_core::{
    Answer, Config, Effect, Engine, Entry, Event, ExchangeId, Half, Headers, MemoryStore, Origin, Pairs,
    Seed, Timestamp,
};

const POLICY: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai  host "a.test" }
    target b { cluster "b"  provider openai  host "b.test"  auth bearer env.KEY }
    retry once { attempts 2 }
    route chat { match path "/v1/chat/completions"  try a { header "x-tag" "own" }  then b  retry once }
"#;
const ID: ExchangeId = ExchangeId(1);

fn headers(pairs: &[(&str, &[u8])]) -> Headers {
    let (mut text, mut index) = (Vec::new(), Vec::new());
    let mut push = |part: &[u8]| {
        let start = text.len() as u32;
        text.extend_from_slice(part);
        (start, part.len() as u32)
    };
    for (name, value) in pairs {
        let ((name_start, name_len), (value_start, value_len)) = (push(name.as_bytes()), push(value));
        index.push(Entry { name_start, name_len, value_start, value_len });
    }
    Headers::new(text, index)
}

/// A request that is on its way to `a`, and what was done for that.
struct Host {
    engine: Engine,
    store: MemoryStore,
    fx: Vec<Effect>,
}

impl Host {
    fn asked() -> Self {
        let policy = seawall_policy::check(POLICY).policy.unwrap();
        let config = Config::new(policy, |_| Some("secret".into())).unwrap();
        let mut host = Self {
            engine: Engine::new(config, Seed(1), false),
            store: MemoryStore::default(),
            fx: Vec::new(),
        };
        let headers = headers(&[
            (":path", b"/v1/chat/completions"),
            (":authority", b"api.test"),
            ("x-tag", b"one"),
            ("x-tag", b"\xff"),
            ("x-other", b"\xfe"),
            ("x-other", b"two"),
            ("authorization", b"Bearer theirs"),
        ]);
        host.handle(Event::RequestHeaders { headers, end_of_stream: false });
        host.handle(Event::RequestEnd { body: b"{}".to_vec() });
        host
    }

    fn handle(&mut self, event: Event) {
        self.engine.handle(Timestamp(1_000_000_000), &mut self.store, ID, event, &mut self.fx);
    }

    fn answered(&mut self, half: Half, (status, said): (u16, &[(&str, &[u8])])) {
        let (headers, body, origin) = (headers(said), Vec::new(), Origin::Provider);
        let answer = Answer { status, headers, body, origin };
        self.handle(Event::AnswerHeaders { half, answer, end_of_stream: true });
        if half == Half::Downstream {
            self.wait();
        }
    }

    fn wait(&mut self) {
        if let Some(due) = self.engine.next_deadline() {
            self.engine.handle_timeout(due, &mut self.store, &mut self.fx);
        }
    }
}

fn named(pairs: &Pairs, name: &str) -> Vec<Vec<u8>> {
    pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
}

#[test]
fn a_request_that_is_routed_again_gets_its_headers_back_as_they_were() {
    let mut host = Host::asked();
    host.answered(Half::Upstream { attempt: 1 }, (503, &[]));
    assert!(host.fx.iter().any(|effect| matches!(effect, Effect::Reroute { .. })), "{:?}", host.fx);
    host.fx.clear();
    host.handle(Event::Rerouted { end_of_stream: false });
    host.handle(Event::RequestEnd { body: b"{}".to_vec() });
    host.wait();
    let route = host.fx.iter().find_map(|effect| match effect {
        Effect::Route { cluster, remove, set, add, .. } => Some((cluster, remove, set, add)),
        _ => None,
    });
    let (cluster, remove, set, add) = route.unwrap_or_else(|| panic!("{:?}", host.fx));
    assert_eq!(&**cluster, "b");
    assert!(remove.contains(&"x-tag".to_owned()));
    assert_eq!(named(add, "x-tag"), [b"one".to_vec(), b"\xff".to_vec()]);
    assert_eq!(named(add, ":path"), [b"/v1/chat/completions".to_vec()]);
    // What the next target sets stands alone.
    assert!(named(add, ":authority").is_empty() && named(add, "authorization").is_empty());
    assert!(set.iter().any(|(name, value)| (&**name, &**value) == ("authorization", "Bearer secret")));
}

#[test]
fn a_request_that_is_dispatched_has_its_headers_as_they_were() {
    let mut host = Host::asked();
    host.answered(Half::Downstream, (503, &[]));
    let sent = host.fx.iter().find_map(|effect| match effect {
        Effect::Dispatch { headers, .. } => Some(headers),
        _ => None,
    });
    let sent = sent.unwrap_or_else(|| panic!("{:?}", host.fx));
    assert_eq!(named(sent, "x-tag"), [b"one".to_vec(), b"\xff".to_vec()]);
    assert_eq!(named(sent, "x-other"), [b"\xfe".to_vec(), b"two".to_vec()]);
    assert_eq!(named(sent, "authorization"), [b"Bearer secret".to_vec()]);
}

#[test]
fn a_provider_cannot_speak_in_the_filters_name() {
    let said: &[(&str, &[u8])] = &[
        ("x-seawall-reason", b"ok"),
        ("x-should-retry", b"true"),
        ("x-request-id", b"r"),
        ("set-cookie", b"\xff"),
    ];
    for status in [200, 400] {
        let mut host = Host::asked();
        host.answered(Half::Downstream, (status, said));
        let removed = host.fx.iter().find_map(|effect| match effect {
            Effect::StripAnswer { remove } => Some(remove.clone()),
            _ => None,
        });
        assert_eq!(removed.unwrap(), ["x-seawall-reason", "x-should-retry"]);
    }
    // An answer that is sent from here: to a dispatched attempt.
    let mut host = Host::asked();
    host.answered(Half::Downstream, (503, &[]));
    let (headers, body, origin) = (headers(said), b"{}".to_vec(), Origin::Provider);
    host.handle(Event::CallAnswer { attempt: 2, answer: Answer { status: 200, headers, body, origin } });
    let got = host.fx.iter().find_map(|effect| match effect {
        Effect::Respond { headers, .. } => Some(headers),
        _ => None,
    });
    let got = got.unwrap_or_else(|| panic!("{:?}", host.fx));
    assert_eq!(named(got, "x-seawall-reason"), [b"failed_over".to_vec()]);
    assert!(named(got, "x-should-retry").is_empty());
    assert_eq!(named(got, "set-cookie"), [b"\xff".to_vec()]);
}

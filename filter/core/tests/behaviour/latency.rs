//! Breakers that trip on latency and on the pace of streams: what is slow, compared with what is usual, over hours of virtual time and two workers.

use std::collections::BTreeSet;
use std::time::Duration;

use seawall_core::{
    Answer, BreakerState, Config, Decision, Effect, Engine, Event, ExchangeId, Half, Headers, MemoryStore,
    Origin, Seed, Timestamp,
};

use crate::plans::Host;

const POLICY: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai }
    target b { cluster "b"  provider openai }
    breaker slow { trip latency p95 > 3x baseline  open 20s  recover 1, 5 }
    route chat { match path "/v1/chat/completions"  try a then b  timeout 60s  breaker slow }
"#;

/// The first token comes as soon as ever.
const PACE: &str = r#"
    seawall 1
    target a { cluster "a"  provider openai }
    target b { cluster "b"  provider openai }
    breaker slow { trip first_token p95 > 3x baseline  trip per_token p95 > 3x baseline  open 20s  recover 1, 5 }
    route chat { match path "/v1/chat/completions"  try a then b  timeout 60s  breaker slow }
"#;

/// How a stream of 51 tokens ends.
const REST: &str = concat!(
    r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":51}}"#,
    "\n\ndata: [DONE]\n\n"
);

/// Two workers in front of two targets: `a` takes as long as the test says, `b` a tenth of a second.
struct Proxy {
    workers: Vec<Engine>,
    store: MemoryStore,
    /// In milliseconds.
    now: u64,
    asked: u32,
    /// Answers under way, by when they come and for whom; of those that stream, when the first and the last of it does.
    answers: BTreeSet<(u64, u32)>,
    /// Those that have begun.
    begun: BTreeSet<u32>,
    streams: bool,
    /// When the breaker of `a` changed, and to what.
    changes: Vec<(u64, BreakerState)>,
    /// Why it first did.
    reason: String,
    /// Requests that went to `b`.
    elsewhere: u32,
}

impl Proxy {
    fn new(policy: &str, streams: bool) -> Self {
        let worker = |seed| {
            let policy = seawall_policy::check(policy).policy.expect("the policy checks");
            Engine::new(Config::new(policy, |_| None).expect("it needs no secret"), Seed(seed), true)
        };
        Self {
            workers: vec![worker(1), worker(2)],
            store: MemoryStore::default(),
            now: 1_000,
            asked: 0,
            answers: BTreeSet::new(),
            begun: BTreeSet::new(),
            streams,
            changes: Vec::new(),
            reason: String::new(),
            elsewhere: 0,
        }
    }

    /// A request every so many milliseconds for so many minutes; `latency` of `a` in milliseconds, by the minute.
    fn requests(&mut self, apart: u64, minutes: u64, latency: impl Fn(u64) -> u64) {
        let (start, end) = (self.now, self.now + minutes * 60_000);
        while self.now < end {
            self.now += apart;
            self.answer_until(self.now);
            self.asked += 1;
            let headers: Headers =
                [(":path", "/v1/chat/completions"), (":authority", "api.test")].into_iter().collect();
            self.tell(self.asked, Event::RequestHeaders { headers, end_of_stream: false });
            let body = format!(r#"{{"model":"m","stream":{}}}"#, self.streams).into_bytes();
            let fx = self.tell(self.asked, Event::RequestEnd { body });
            let is_usual =
                fx.iter().any(|effect| matches!(effect, Effect::Route { cluster, .. } if &**cluster == "a"));
            self.elsewhere += u32::from(!is_usual);
            // Half to one and a half times, in turn.
            let spread = 50 + u64::from(self.asked * 37 % 101);
            let took = if is_usual { latency((self.now - start) / 60_000) * spread / 100 } else { 100 };
            if self.streams {
                self.answers.insert((self.now + 100, self.asked));
            }
            self.answers.insert((self.now + 100 + took, self.asked));
        }
    }

    fn answer_until(&mut self, end: u64) {
        let now = self.now;
        while let Some((time, id)) = self.answers.first().copied().filter(|(time, _)| *time <= end) {
            self.answers.pop_first();
            self.now = time;
            self.answer(id);
        }
        self.now = now;
    }

    /// The whole answer; of a stream the first content, and then the rest.
    fn answer(&mut self, id: u32) {
        let is_first = self.begun.insert(id);
        if is_first {
            let kind = if self.streams { "text/event-stream" } else { "application/octet-stream" };
            let headers = [("content-type", kind)].into_iter().collect();
            let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
            let end_of_stream = !self.streams;
            self.tell(id, Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream });
        }
        if self.streams {
            let (delta, rest) = if is_first { (r#"{"content":"x"}"#, "") } else { ("{}", REST) };
            let chunk =
                format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n{rest}").into_bytes();
            let (half, buffered) = (Half::Downstream, chunk.len());
            self.tell(id, Event::AnswerBody { half, chunk, buffered, end_of_stream: !is_first });
        }
    }

    fn tell(&mut self, id: u32, event: Event) -> Vec<Effect> {
        let (mut fx, now) = (Vec::new(), Timestamp(1_700_000_000_000_000_000 + self.now * 1_000_000));
        let worker = &mut self.workers[id as usize % 2];
        worker.handle(now, &mut self.store, ExchangeId(id), event, &mut fx);
        for effect in &fx {
            if let Effect::Log(Decision::Breaker { to, cause, .. }) = effect {
                if self.changes.is_empty() {
                    self.reason = cause.to_string();
                }
                self.changes.push((self.now, *to));
            }
        }
        fx
    }
}

#[test]
fn a_target_five_times_slower_than_usual_is_left_and_used_again_once_it_is_well() {
    let mut proxy = Proxy::new(POLICY, false);
    proxy.requests(250, 10, |_| 1_000);
    assert_eq!((&proxy.changes[..], proxy.elsewhere), (&[][..], 0));
    let ill = proxy.now;
    proxy.requests(250, 2, |_| 5_000);
    let (opened, to) = proxy.changes[0];
    assert_eq!(to, BreakerState::Open);
    assert!(opened - ill < 60_000, "after {} ms", opened - ill);
    assert!(proxy.elsewhere > 100, "{}", proxy.elsewhere);
    proxy.requests(250, 3, |_| 1_000);
    assert_eq!(proxy.changes.last().map(|(_, to)| *to), Some(BreakerState::Closed));
    let before = proxy.elsewhere;
    proxy.requests(250, 10, |_| 1_000);
    assert_eq!(proxy.elsewhere, before);
}

#[test]
fn a_cold_start_trips_nothing_however_slow_it_is() {
    let mut proxy = Proxy::new(POLICY, false);
    proxy.requests(5_000, 3, |minute| 100 << (3 * minute));
    assert_eq!(proxy.changes, []);
}

#[test]
fn what_becomes_slower_over_hours_is_usual_by_then() {
    let mut proxy = Proxy::new(POLICY, false);
    proxy.requests(2_000, 300, |minute| 1_000 + minute * 1_000 / 60);
    assert_eq!(proxy.changes, []);
}

#[test]
fn a_target_whose_tokens_come_slower_than_usual_is_left_though_its_first_token_is_prompt() {
    let mut proxy = Proxy::new(PACE, true);
    proxy.requests(250, 10, |_| 1_000);
    assert_eq!((&proxy.changes[..], proxy.elsewhere), (&[][..], 0));
    proxy.requests(250, 2, |_| 5_000);
    assert!(proxy.reason.starts_with("per_token percentile=p95"), "{}", proxy.reason);
    assert!(proxy.elsewhere > 100, "{}", proxy.elsewhere);
    proxy.requests(250, 3, |_| 1_000);
    assert_eq!(proxy.changes.last().map(|(_, to)| *to), Some(BreakerState::Closed));
}

/// What the adaptive times of a route come to: that of the whole answer, and that of its beginning.
fn given(host: &mut Host, body: &str) -> (Duration, Duration) {
    let (_, fx) = host.ask_at("/v1/chat/completions", body);
    let route = fx.iter().find_map(|effect| match effect {
        Effect::Route { total, headers, .. } => Some((*total, *headers)),
        _ => None,
    });
    route.expect("it is routed")
}

const ADAPTIVE: &str = r#"
    target a { cluster "a"  provider openai }
    retry once { attempts 1 }
    route chat {
        match path "/v1/chat/completions"  try a  retry once  stream complete
        timeout 2x p95 in 1s .. 60s, idle 5s
    }
"#;

#[test]
fn a_provider_that_says_at_once_that_its_own_time_is_over_makes_no_answer_fast() {
    let mut host = Host::new(ADAPTIVE);
    let ask = |host: &mut Host| given(host, r#"{"model":"m"}"#).0;
    let ended = |host: &mut Host, seconds, status| {
        let given = ask(host);
        host.now += seconds;
        host.answer(status);
        given
    };
    for _ in 0..100 {
        ended(&mut host, 10, 200);
    }
    let usual = ended(&mut host, 10, 200);
    assert!(usual > Duration::from_secs(15) && usual < Duration::from_secs(30), "{usual:?}");
    for status in [504, 408].into_iter().cycle().take(400) {
        ended(&mut host, 0, status);
    }
    assert_eq!(ask(&mut host), usual);
}

#[test]
fn a_stream_that_falls_silent_midway_had_its_first_token_when_it_came() {
    let mut host = Host::new(ADAPTIVE);
    let ask = |host: &mut Host| given(host, r#"{"model":"m","stream":true}"#).1;
    for _ in 0..100 {
        ask(&mut host);
        host.now += 1;
        let headers = [("content-type", "text/event-stream")].into_iter().collect();
        let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
        host.handle(Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream: false });
        let chunk = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n".to_vec();
        let (half, buffered) = (Half::Downstream, chunk.len());
        host.handle(Event::AnswerBody { half, chunk, buffered, end_of_stream: false });
        let fx = host.wait(5);
        assert!(fx.iter().any(|effect| matches!(effect, Effect::Respond { status: 504, .. })), "{fx:?}");
    }
    let usual = ask(&mut host);
    assert!(usual < Duration::from_secs(3), "{usual:?}");
}

//! A host for engines: virtual time, scripted providers, and the rules every host relies on, checked at each step.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use seawall_core::{
    Answer, BreakerState, Config, Conflict, Decision, Effect, Engine, Event, ExchangeId, Half, Headers,
    MemoryStore, Origin, Seed, Store, Timestamp, Version,
};

/// What a provider does to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Status(u16),
    /// 429 and so many seconds to wait.
    Throttle(u64),
    Refuse,
    Reset,
    /// Silence until the attempt's time is over.
    Hang,
    /// A sound answer after so many milliseconds.
    Slow(u64),
}

/// What the client of one request got.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) at: Timestamp,
}

/// What the world knows of one request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    worker: usize,
    /// The model its body names.
    model: String,
    pub(crate) answers: Vec<Got>,
    pub(crate) is_gone: bool,
    /// Where the router's answer is held, and what it is.
    is_response_held: bool,
    pub(crate) attempts: Vec<Attempt>,
    router_status: u16,
    /// Whether the answer under way in the router came to the downstream half already.
    is_routed: bool,
    is_moving: bool,
    /// What its attempts came to, as the filter says.
    pub(crate) outcomes: Vec<&'static str>,
    /// Body bytes that have reached the host.
    pub(crate) received: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) target: String,
    pub(crate) fate: Fate,
    pub(crate) begun: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) timeout: Duration,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Ended {
        id: u32,
        attempt: usize,
        fate_index: usize,
        is_routed: bool,
    },
    Gone {
        id: u32,
    },
    /// The host sends the request through the filter again.
    Back {
        id: u32,
    },
    BodyCame {
        id: u32,
        body: Vec<u8>,
    },
}

/// What a target does to its n-th attempt.
type Choose = Box<dyn FnMut(&str, u64) -> Fate>;

pub(crate) struct World {
    pub(crate) now: Timestamp,
    /// Every engine there has been: a new configuration starts another one, while requests under the old one run on.
    workers: Vec<Engine>,
    /// Of each worker, its engines, the last of which takes new requests.
    engines: Vec<Vec<usize>>,
    make: Box<dyn Fn(u64) -> Engine>,
    store: Contended,
    queue: BinaryHeap<Reverse<(Timestamp, u64, Due)>>,
    sequence: u64,
    pub(crate) requests: BTreeMap<u32, Request>,
    fates: Vec<Fate>,
    /// Breakers as their transitions tell them, by target and model.
    pub(crate) breakers: BTreeMap<(String, String), BreakerState>,
    /// How long a provider takes to answer.
    pub(crate) latency: Duration,
    /// Whether the policy has attempts beside each other.
    hedges: bool,
    /// Whether the filter stands behind the router, too.
    pub(crate) upstream_half: bool,
    next_id: u32,
    choose: Choose,
    counts: BTreeMap<String, u64>,
    timeout: Duration,
}

/// Shared state that every third write finds changed by somebody else.
#[derive(Default)]
struct Contended {
    cells: MemoryStore,
    writes: u64,
}

impl Store for Contended {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.cells.get(key)
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        self.writes += 1;
        if self.writes.is_multiple_of(3) { Err(Conflict) } else { self.cells.set(key, value, expected) }
    }
}

const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

impl World {
    /// `choose` says what a target does to its n-th attempt, counting from 0.
    pub(crate) fn new(
        policy: &str,
        workers: u64,
        seed: u64,
        choose: impl FnMut(&str, u64) -> Fate + 'static,
    ) -> Self {
        let checked = seawall_policy::check(policy);
        let text = seawall_policy::render("test", policy, &checked.diagnostics);
        let policy = checked.policy.unwrap_or_else(|| panic!("{text}"));
        let timeout = policy.routes[0].timeout.total;
        let hedges = policy.routes.iter().any(|route| route.hedge.is_some());
        let make = move |number| {
            Engine::new(Config::new(policy.clone(), |_| None).unwrap(), Seed(seed.wrapping_add(number)), true)
        };
        Self {
            now: START,
            workers: (0..workers).map(&make).collect(),
            engines: (0..workers as usize).map(|worker| vec![worker]).collect(),
            make: Box::new(make),
            store: Contended::default(),
            queue: BinaryHeap::new(),
            sequence: 0,
            requests: BTreeMap::new(),
            fates: Vec::new(),
            breakers: BTreeMap::new(),
            latency: Duration::from_millis(10),
            hedges,
            upstream_half: false,
            next_id: 1,
            choose: Box::new(choose),
            counts: BTreeMap::new(),
            timeout,
        }
    }

    /// A chat completion arrives.
    pub(crate) fn send(&mut self, worker: usize) -> u32 {
        let body = br#"{"model":"gpt-4.1","messages":[]}"#.to_vec();
        self.send_to(worker, "/v1/chat/completions", &[], body)
    }

    pub(crate) fn send_to(
        &mut self,
        worker: usize,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> u32 {
        let end_of_stream = body.is_empty();
        let id = self.send_headers(worker, path, headers, end_of_stream);
        if !end_of_stream && self.requests[&id].answers.is_empty() {
            self.tell(id, Event::RequestEnd { body });
        }
        id
    }

    /// A request whose body comes so much later.
    pub(crate) fn send_slowly(
        &mut self,
        worker: usize,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        after: Duration,
    ) -> u32 {
        let id = self.send_headers(worker, "/v1/chat/completions", headers, false);
        self.push(self.now.after(after), Due::BodyCame { id, body });
        id
    }

    /// A request whose body does not come.
    pub(crate) fn send_headers_only(&mut self) -> u32 {
        self.send_headers(0, "/v1/chat/completions", &[], false)
    }

    /// A request whose body is still to come, unless its headers are all of it.
    pub(crate) fn send_headers(
        &mut self,
        worker: usize,
        path: &str,
        headers: &[(&str, &str)],
        end_of_stream: bool,
    ) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        let worker = *self.engines[worker % self.engines.len()].last().unwrap();
        self.requests.insert(id, Request { worker, ..Request::default() });
        let pseudo = [(":method", "POST"), (":path", path), (":authority", "client.test")];
        let headers: Headers = pseudo.iter().chain(headers).copied().collect();
        self.tell(id, Event::RequestHeaders { headers, end_of_stream });
        id
    }

    /// The client will leave after this time, answered or not.
    pub(crate) fn leave_after(&mut self, id: u32, time: Duration) {
        self.push(self.now.after(time), Due::Gone { id });
    }

    /// A worker gets its configuration anew.
    pub(crate) fn reconfigure(&mut self, worker: usize) {
        let (number, count) = (self.workers.len(), self.engines.len());
        self.workers.push((self.make)(number as u64));
        self.engines[worker % count].push(number);
    }

    /// A worker's machine dies with all that it knew, and is built anew. Its streams are over.
    pub(crate) fn trap(&mut self, worker: usize) {
        let count = self.engines.len();
        let dead = self.engines[worker % count].clone();
        for request in self.requests.values_mut().filter(|request| dead.contains(&request.worker)) {
            request.is_gone = true;
        }
        for number in dead {
            self.sequence += 1;
            self.workers[number] = (self.make)(1_000 + self.sequence);
        }
    }

    /// Runs until nothing is due before `end`.
    pub(crate) fn run_until(&mut self, end: Timestamp) {
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 1_000_000, "the engine does not come to rest");
            let event = self.queue.peek().map(|Reverse((time, ..))| *time);
            let timer = self.workers.iter().filter_map(Engine::next_deadline).min();
            let Some(next) = event.into_iter().chain(timer).min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if timer == Some(next) {
                self.tick();
            } else if let Some(Reverse((_, _, due))) = self.queue.pop() {
                self.happen(due);
            }
        }
        self.now = self.now.max(end);
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(self.now.after(time));
    }

    /// Runs until nothing waits any more.
    pub(crate) fn settle(&mut self) {
        self.run_until(self.now.after(Duration::from_secs(100_000)));
        assert!(self.workers.iter().all(|engine| engine.next_deadline().is_none()), "a timer is left over");
        for (id, request) in &self.requests {
            assert!(!self.workers[request.worker].knows(ExchangeId(*id)), "exchange {id} is left over");
        }
    }

    fn tick(&mut self) {
        for worker in 0..self.workers.len() {
            let mut fx = Vec::new();
            while let Some(ExchangeId(id)) =
                self.workers[worker].handle_timeout(self.now, &mut self.store, &mut fx)
            {
                self.carry_out(id, std::mem::take(&mut fx));
            }
            // A call too early does nothing.
            assert!(
                self.workers[worker].handle_timeout(self.now, &mut self.store, &mut fx).is_none()
                    && fx.is_empty()
            );
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Gone { id } => {
                self.requests.get_mut(&id).unwrap().is_gone = true;
                self.tell(id, Event::Gone);
            }
            Due::BodyCame { id, body } => {
                // What has passed, been answered or left does not come to the filter any more.
                let request = &self.requests[&id];
                if request.answers.is_empty() && !request.is_gone {
                    self.tell(id, Event::RequestEnd { body });
                }
            }
            Due::Back { id } => {
                let request = self.requests.get_mut(&id).unwrap();
                request.is_moving = false;
                if !request.is_gone {
                    self.tell(id, Event::Rerouted { end_of_stream: false });
                    self.tell(id, Event::RequestEnd { body: Vec::new() });
                }
            }
            Due::Ended { id, attempt, fate_index, is_routed } => {
                let answer = answer(self.fates[fate_index]);
                let request = self.requests.get_mut(&id).unwrap();
                request.attempts[attempt - 1].ended = self.now;
                // The host cancels what its router sends for a client that is gone, and lets dispatched calls run.
                if !is_routed {
                    self.tell(id, Event::CallAnswer { attempt: attempt as u32, answer });
                } else if !request.is_gone {
                    request.router_status = answer.status;
                    let is_providers = answer.origin == Origin::Provider;
                    let half = if self.upstream_half && is_providers {
                        Half::Upstream { attempt: attempt as u32 }
                    } else {
                        Half::Downstream
                    };
                    self.meet(id, half, answer);
                }
            }
        }
    }

    /// An answer comes to one of the filter's halves, its body a moment after its headers.
    fn meet(&mut self, id: u32, half: Half, answer: Answer) {
        let Answer { status, headers, body, origin } = answer;
        let answer = Answer { status, headers, body: Vec::new(), origin };
        self.tell(id, Event::AnswerHeaders { half, answer, end_of_stream: body.is_empty() });
        let engine = &self.workers[self.requests[&id].worker];
        if let Some(reads) = engine.reads(ExchangeId(id), half).filter(|_| !body.is_empty()) {
            let end = body.len().min(reads.start.saturating_add(reads.max));
            let chunk = body[reads.start.min(body.len())..end].to_vec();
            self.tell(id, Event::AnswerBody { half, chunk, buffered: body.len(), end_of_stream: true });
        }
    }

    pub(crate) fn tell(&mut self, id: u32, event: Event) {
        let mut fx = Vec::new();
        let request = self.requests.get_mut(&id).unwrap();
        if let Event::RequestEnd { body } = &event
            && let Some((_, rest)) = str::from_utf8(body).unwrap().split_once("\"model\":\"")
        {
            request.model = rest.split('"').next().unwrap_or_default().to_owned();
        }
        let worker = request.worker;
        self.workers[worker].handle(self.now, &mut self.store, ExchangeId(id), event, &mut fx);
        self.carry_out(id, fx);
    }

    fn carry_out(&mut self, id: u32, effects: Vec<Effect>) {
        for effect in effects {
            let now = self.now;
            let request = self.requests.get_mut(&id).unwrap();
            let is_about_the_client = !matches!(effect, Effect::Log(_) | Effect::Count(_));
            assert!(!(request.is_gone && is_about_the_client), "{effect:?} for a client that is gone");
            match effect {
                Effect::Route { attempt, cluster, total, headers, .. } => {
                    assert!(!request.is_moving && !request.is_routed, "the request is elsewhere");
                    assert_eq!(
                        attempt as usize,
                        request.attempts.len() + 1,
                        "attempts are numbered in order"
                    );
                    assert!(headers <= total && headers <= self.timeout, "{headers:?} {total:?}");
                    request.is_routed = true;
                    self.begin(id, &cluster, headers, true);
                }
                Effect::Dispatch { attempt, cluster, timeout, headers, body } => {
                    assert_eq!(
                        attempt as usize,
                        request.attempts.len() + 1,
                        "attempts are numbered in order"
                    );
                    assert!(
                        request.is_response_held || self.hedges,
                        "but for a hedge, a dispatched attempt needs the router's answer held"
                    );
                    assert!(headers.iter().all(|(name, _)| name != "content-length") && !body.is_empty());
                    assert!(timeout <= self.timeout * 10);
                    self.begin(id, &cluster, timeout, false);
                }
                Effect::TellSource => {
                    self.tell(id, Event::Source { address: "192.0.2.7:4321".to_owned() });
                }
                Effect::CountBody => {
                    let received = request.received;
                    self.tell(id, Event::BodyCounted { received });
                }
                Effect::HoldAnswer(Half::Downstream) => request.is_response_held = true,
                Effect::HoldAnswer(Half::Upstream { attempt }) => {
                    assert!(attempt as usize <= request.attempts.len(), "no such attempt");
                }
                Effect::ReplaceBody { .. } | Effect::BreakAnswer | Effect::GiveUp { .. } => {
                    panic!("no answer here is a stream")
                }
                Effect::Reroute { .. } => {
                    (request.is_moving, request.is_routed) = (true, false);
                    self.push(now.after(Duration::from_millis(1)), Due::Back { id });
                }
                Effect::PassAnswer { half: Half::Upstream { .. }, .. } => {
                    let status = request.router_status;
                    let headers = [("content-type", "application/json")].into_iter().collect();
                    let body = b"{}".to_vec();
                    let answer = Answer { status, headers, body, origin: Origin::Provider };
                    self.meet(id, Half::Downstream, answer);
                }
                Effect::PassAnswer { half: Half::Downstream, set } => {
                    let headers =
                        set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
                    let status = request.router_status;
                    request.answers.push(Got { status, headers, body: "the router's".into(), at: now });
                }
                Effect::Respond { status, headers, body } => {
                    let body = String::from_utf8(body).unwrap();
                    request.answers.push(Got {
                        status,
                        headers: headers.into_iter().collect(),
                        body,
                        at: now,
                    });
                }
                Effect::PassRequest { remove } => {
                    let headers = remove.into_iter().map(|name| (name, "removed".into())).collect();
                    request.answers.push(Got { status: 0, headers, body: "passed".into(), at: now });
                }
                Effect::Log(Decision::Breaker { target, model, from, to, .. }) => {
                    let key = (target.to_string(), model.map(|model| model.to_string()).unwrap_or_default());
                    let known = self.breakers.insert(key, to).unwrap_or(BreakerState::Closed);
                    assert_eq!(known, from, "a breaker tells every change once");
                }
                Effect::Log(Decision::Attempt { outcome, .. }) => request.outcomes.push(outcome.word()),
                Effect::HoldRequest | Effect::Log(_) | Effect::Count(_) => {}
            }
            assert!(self.requests[&id].answers.len() <= 1, "a second answer for exchange {id}");
        }
    }

    fn begin(&mut self, id: u32, target: &str, timeout: Duration, is_routed: bool) {
        // The policy's own model, if it sets one, is always `other`.
        for model in [&self.requests[&id].model, "other"] {
            let breaker = self.breakers.get(&(target.to_owned(), model.to_owned()));
            assert_ne!(breaker, Some(&BreakerState::Open), "an attempt at {target} with {model}");
        }
        let count = self.counts.entry(target.into()).or_default();
        let fate = (self.choose)(target, *count);
        *count += 1;
        self.fates.push(fate);
        let (begun, fate_index) = (self.now, self.fates.len() - 1);
        let request = self.requests.get_mut(&id).unwrap();
        request.attempts.push(Attempt { target: target.into(), fate, begun, ended: begun, timeout });
        let takes = match fate {
            Fate::Hang => timeout,
            Fate::Slow(millis) => Duration::from_millis(millis),
            _ => self.latency,
        };
        let attempt = request.attempts.len();
        self.push(begun.after(takes), Due::Ended { id, attempt, fate_index, is_routed });
    }

    fn push(&mut self, time: Timestamp, due: Due) {
        self.sequence += 1;
        self.queue.push(Reverse((time, self.sequence, due)));
    }

    /// The only answer of a request.
    #[track_caller]
    pub(crate) fn got(&self, id: u32) -> &Got {
        self.requests[&id].answers.first().unwrap_or_else(|| panic!("exchange {id} has no answer"))
    }

    /// The targets of a request's attempts, in order.
    pub(crate) fn tried(&self, id: u32) -> String {
        let targets: Vec<_> =
            self.requests[&id].attempts.iter().map(|attempt| attempt.target.as_str()).collect();
        targets.join(" ")
    }
}

fn answer(fate: Fate) -> Answer {
    let wait = if let Fate::Throttle(seconds) = fate { seconds.to_string() } else { String::new() };
    let (status, origin) = match fate {
        Fate::Status(status) => (status, Origin::Provider),
        Fate::Throttle(_) => (429, Origin::Provider),
        Fate::Refuse => (503, Origin::Connect),
        Fate::Reset => (503, Origin::Reset),
        Fate::Hang => (504, Origin::Timeout),
        Fate::Slow(_) => (200, Origin::Provider),
    };
    let headers =
        [("retry-after", wait.as_str()), ("x-provider", "yes"), ("content-type", "application/json")];
    let headers = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Answer { status, headers, body: format!("provider's {status}").into_bytes(), origin }
}

//! A host for engines: virtual time, scripted providers, and the rules every host relies on, checked at each step.

mod client;
mod effects;
mod fate;
mod run;
mod store;
mod wire;

use std::cmp::Reverse;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::hash::Hasher;
use std::rc::Rc;
use std::time::Duration;

use seawall_core::{BreakerState, Config, Effect, Engine, Event, ExchangeId, Half, Headers, Seed, Timestamp};
use seawall_policy::Policy;

pub(crate) use self::client::{End, From, Got, Sense};
pub(crate) use self::fate::{Complaint, Fate, Lie, text};

use self::fate::{Script, Stand};
use self::store::Contended;
use self::wire::{Side, Wire};

/// What the world knows of one request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// The engine that has taken it on, and the number of that engine's policy.
    engine: usize,
    pub(crate) policy: usize,
    pub(crate) arrived: Timestamp,
    /// Its deadline, as the test knows it.
    pub(crate) by: Timestamp,
    pub(crate) is_callers_retry: bool,
    /// When its body was complete.
    pub(crate) complete: Timestamp,
    /// The model its body names.
    model: String,
    /// Its body, as its caller sent it.
    body: String,
    /// Whether its body asks for a stream.
    pub(crate) streams: bool,
    pub(crate) answers: Vec<Got>,
    /// Its client has left, or its worker has died.
    pub(crate) is_gone: bool,
    /// Its worker has died before it was over.
    pub(crate) is_trapped: bool,
    /// Nothing can reach its client any more.
    is_over: bool,
    pub(crate) attempts: Vec<Attempt>,
    wire: Option<Wire>,
    downstream: Side,
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
    /// When the filter said what it came to, or the host gave it up; the end of time until then.
    pub(crate) ended: Timestamp,
    pub(crate) outcome: Option<&'static str>,
    /// When the client had the first content of its stream.
    pub(crate) heard: Option<Timestamp>,
    pub(crate) timeout: Duration,
    /// Begun while another was under way.
    pub(crate) is_hedge: bool,
    /// Sent from the filter, not through the router.
    is_dispatched: bool,
    /// The host waits no more for what is still to come of it.
    is_cancelled: bool,
    pieces: Rc<Script>,
    /// What its provider says was used, where it says that: tokens of the prompt and of the answer.
    pub(crate) usage: Option<(u64, u64)>,
    /// How much of the answer has been told to the filter while that still waited for it: `usage` is in it, and it is whole.
    pub(crate) is_usage_seen: bool,
    /// Of a stream through the router: events with content.
    pub(crate) contents_seen: u64,
    pub(crate) is_whole: bool,
    /// Of a dispatched one: what has come.
    call: Option<(u16, Headers, Vec<u8>)>,
    /// The breaker that let it through while it recovered, and how many recoveries that one had begun.
    pub(crate) probe: Option<((String, String), u32)>,
    /// Recoveries of the breaker that its target's models share, if it was recovering: it may have been a probe of that one, where
    /// its model has none of its own.
    pub(crate) shared: Option<u32>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The next thing comes from a provider.
    Piece {
        id: u32,
        attempt: usize,
        index: usize,
    },
    /// The host's patience with an attempt is over: for its headers, or for all of it.
    Timeout {
        id: u32,
        attempt: usize,
        headers: bool,
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
    /// A rate limit service answers, with a message or one of gRPC's statuses.
    ServiceAnswers {
        id: u32,
        number: u32,
        answer: Result<Vec<u8>, u32>,
    },
}

/// What the host does when the callback under way has returned.
#[derive(Clone, Copy, Debug)]
enum Later {
    Resume(Half),
    /// The host says something of its own.
    Stands(Stand),
    GiveUp {
        attempt: u32,
    },
    /// The client's stream is over.
    Closed {
        broke: bool,
    },
}

/// How long a rate limit service takes to answer its n-th question, and what it says; never, where there is nothing.
type Service = Box<dyn FnMut(u64) -> Option<(Duration, Result<Vec<u8>, u32>)>>;

/// What a provider says was used: of the body that was sent, for an attempt of a request.
type Meter = fn(&str, u32, usize) -> (u64, u64);

/// What a target does to its n-th attempt.
type Choose = Box<dyn FnMut(&str, u64) -> Fate>;

pub(crate) struct World {
    pub(crate) now: Timestamp,
    /// Every engine there has been: a new configuration starts another one, while requests under the old one run on.
    workers: Vec<Engine>,
    /// Of each worker, its engines, the last of which takes new requests.
    engines: Vec<Vec<usize>>,
    /// The policy of each engine, by its number.
    installed: Vec<usize>,
    /// Engines that another one has taken the place of, and that have nothing under way any more.
    closed: Vec<bool>,
    policies: Vec<Policy>,
    seed: u64,
    store: Contended,
    queue: BinaryHeap<Reverse<(Timestamp, u64, Due)>>,
    sequence: u64,
    pub(crate) requests: BTreeMap<u32, Request>,
    /// Breakers as their transitions tell them, by target and model.
    pub(crate) breakers: BTreeMap<(String, String), BreakerState>,
    /// How often each has begun to recover.
    recoveries: BTreeMap<(String, String), u32>,
    /// How long a provider takes to answer.
    pub(crate) latency: Duration,
    /// Whether the filter stands behind the router, too.
    pub(crate) upstream_half: bool,
    /// Whether the host refuses to send a request through the filter again.
    pub(crate) refuses_redirects: bool,
    next_id: u32,
    choose: Choose,
    /// What providers say was used; none does where there is nothing.
    pub(crate) meter: Option<Meter>,
    pub(crate) service: Service,
    pub(crate) questions: u64,
    /// What was told last of the latency of a route.
    pub(crate) is_slow: bool,
    counts: BTreeMap<String, u64>,
    /// The callback under way, where it is about an answer of the router's.
    callback: Option<(u32, Half)>,
    later: VecDeque<(u32, Later)>,
    digest: DefaultHasher,
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
        Self::with_policies(&[policy], workers, seed, choose)
    }

    /// The first of these policies is installed, and each new configuration of a worker brings the next one.
    pub(crate) fn with_policies(
        policies: &[&str],
        workers: u64,
        seed: u64,
        choose: impl FnMut(&str, u64) -> Fate + 'static,
    ) -> Self {
        let mut world = Self {
            now: START,
            workers: Vec::new(),
            engines: vec![Vec::new(); workers as usize],
            installed: Vec::new(),
            closed: Vec::new(),
            policies: policies.iter().map(|policy| read(policy)).collect(),
            seed,
            store: Contended::default(),
            queue: BinaryHeap::new(),
            sequence: 0,
            requests: BTreeMap::new(),
            breakers: BTreeMap::new(),
            recoveries: BTreeMap::new(),
            latency: Duration::from_millis(10),
            upstream_half: false,
            refuses_redirects: false,
            next_id: 1,
            choose: Box::new(choose),
            meter: None,
            service: Box::new(|_| Some((Duration::from_millis(2), Ok(vec![8, 1])))),
            questions: 0,
            is_slow: false,
            counts: BTreeMap::new(),
            callback: None,
            later: VecDeque::new(),
            digest: DefaultHasher::new(),
        };
        for worker in 0..world.engines.len() {
            world.install(worker, 0);
        }
        world
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
        if !end_of_stream && !self.requests[&id].is_over {
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
        let engine = *self.engines[worker % self.engines.len()].last().unwrap();
        let (policy, now) = (self.installed[engine], self.now);
        let request = Request { engine, policy, arrived: now, complete: now, ..Request::default() };
        self.requests.insert(id, request);
        let pseudo = [(":method", "POST"), (":path", path), (":authority", "client.test")];
        let headers: Headers = pseudo.iter().chain(headers).copied().collect();
        self.tell(id, Event::RequestHeaders { headers, end_of_stream });
        id
    }

    /// The client will leave after this time, answered or not.
    pub(crate) fn leave_after(&mut self, id: u32, time: Duration) {
        self.push(self.now.after(time), Due::Gone { id });
    }

    /// A worker gets its next configuration.
    pub(crate) fn reconfigure(&mut self, worker: usize) {
        let worker = worker % self.engines.len();
        let last = self.engines[worker].last().map_or(0, |engine| self.installed[*engine]);
        self.install(worker, (last + 1) % self.policies.len());
    }

    fn install(&mut self, worker: usize, policy: usize) {
        self.engines[worker].push(self.workers.len());
        self.workers.push(self.engine(self.workers.len() as u64, policy));
        self.installed.push(policy);
        self.closed.push(false);
        self.close_idle();
    }

    /// Every worker gets this configuration.
    pub(crate) fn replace(&mut self, policy: &str) {
        self.policies.push(read(policy));
        (0..self.engines.len()).for_each(|worker| self.install(worker, self.policies.len() - 1));
    }

    /// The host ends configurations whose last stream has ended, and tells them nothing any more. What they have asked for
    /// themselves is called off.
    pub(super) fn close_idle(&mut self) {
        for number in (0..self.workers.len()).filter(|number| !self.closed[*number]).collect::<Vec<_>>() {
            let is_last = self.engines.iter().any(|engines| engines.last() == Some(&number));
            let uses =
                |request: &Request| request.engine == number && (!request.is_over || request.is_moving);
            // The latest are the likeliest.
            if is_last || self.requests.values().rev().any(uses) {
                continue;
            }
            let mut fx = Vec::new();
            self.workers[number].close(self.now, &mut self.store, &mut fx);
            let is_told = |effect: &Effect| matches!(effect, Effect::Count(_) | Effect::Log(_));
            assert!(fx.iter().all(is_told), "{fx:?} of a configuration that is over");
            self.closed[number] = true;
            let now = self.now;
            let own = self.requests.values_mut().filter(|request| request.engine == number);
            own.flat_map(|request| &mut request.attempts).for_each(|attempt| attempt.cancel(now));
        }
    }

    fn engine(&self, number: u64, policy: usize) -> Engine {
        let config = Config::new(self.policies[policy].clone(), |_| Some("secret".into())).unwrap();
        Engine::new(config, Seed(self.seed.wrapping_add(number)), true)
    }

    /// A worker's machine dies with all that it knew, and is built anew. Its streams are over.
    pub(crate) fn trap(&mut self, worker: usize) {
        let count = self.engines.len();
        let dead = self.engines[worker % count].clone();
        for (id, request) in self.requests.iter_mut().filter(|(_, request)| dead.contains(&request.engine)) {
            request.is_trapped |= self.workers[request.engine].knows(ExchangeId(*id));
            (request.is_gone, request.is_over) = (true, true);
            request.attempts.iter_mut().for_each(|attempt| attempt.cancel(self.now));
        }
        // What a worker has asked dies with it.
        let requests = &self.requests;
        let is_dead = |id: &u32| dead.contains(&requests[id].engine);
        self.queue
            .retain(|Reverse((_, _, due))| !matches!(due, Due::ServiceAnswers { id, .. } if is_dead(id)));
        for number in dead {
            self.sequence += 1;
            self.workers[number] = self.engine(1_000 + self.sequence, self.installed[number]);
        }
    }

    pub(crate) fn tell(&mut self, id: u32, event: Event) {
        self.handle(id, event);
        self.finish_calls();
    }

    fn handle(&mut self, id: u32, event: Event) {
        let mut fx = Vec::new();
        let now = self.now;
        let request = self.requests.get_mut(&id).unwrap();
        if let Event::RequestEnd { body } = &event
            && !body.is_empty()
        {
            let body = String::from_utf8_lossy(body);
            let model = body.split_once("\"model\":\"").and_then(|(_, rest)| rest.split('"').next());
            request.model = model.unwrap_or_default().to_owned();
            request.body = body.clone().into_owned();
            request.streams = body.contains("\"stream\":true");
            request.complete = now;
        }
        let engine = request.engine;
        if self.closed[engine] {
            return;
        }
        self.workers[engine].handle(now, &mut self.store, ExchangeId(id), event, &mut fx);
        self.carry_out(id, fx);
    }

    fn push(&mut self, time: Timestamp, due: Due) {
        self.sequence += 1;
        self.queue.push(Reverse((time, self.sequence, due)));
    }

    /// Bytes of requests and answers that the filter holds.
    pub(crate) fn held_bytes(&self) -> usize {
        self.workers.iter().map(Engine::held_bytes).sum()
    }

    /// What the filter has done so far, and when.
    pub(crate) fn digest(&self) -> u64 {
        self.digest.finish()
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

impl Attempt {
    /// The host gives it up.
    fn cancel(&mut self, now: Timestamp) {
        (self.is_cancelled, self.ended) = (true, self.ended.min(now));
    }
}

impl Request {
    /// What the words of one of its attempts begin with.
    pub(crate) fn mark(id: u32, attempt: usize) -> String {
        format!("{id}-{attempt}")
    }
}

fn read(policy: &str) -> Policy {
    let checked = seawall_policy::check(policy);
    let text = seawall_policy::render("test", policy, &checked.diagnostics);
    checked.policy.unwrap_or_else(|| panic!("{text}"))
}

//! One configured filter: an engine, and the hands that carry out its effects.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::types::{BufferType, LogLevel, MapType, StreamType};
use seawall_core::{
    Config, Decision, Effect, Engine, Event, ExchangeId, Half, HeaderList, Headers, Origin, Pairs, Reads,
    Seed, Text, Ticket, Timestamp,
};

use crate::bodies::Bodies;
use crate::calls::{self, Call, Calls, Question};
use crate::clusters::Clusters;
use crate::metrics::Metrics;
use crate::shared::SharedData;
use crate::{answer, caller, halves, host};

/// The request header that names the cluster; the route in Envoy's configuration reads it.
const CLUSTER: &str = "x-seawall-cluster";
/// Envoy's router gives up when the answer has not ended …
const TIMEOUT: &str = "x-envoy-upstream-rq-timeout-ms";
/// … or has not begun: once headers went downstream, this one stops counting, so that a stream may take its time.
const HEADERS_TIMEOUT: &str = "x-envoy-upstream-rq-per-try-timeout-ms";

pub(crate) struct Plugin {
    root: u32,
    engine: Engine,
    calls: Calls,
    /// The host numbers these apart.
    questions: Calls,
    metrics: Metrics,
    effects: Vec<Effect>,
    /// Exchanges whose answer is held at the downstream half.
    held: BTreeSet<ExchangeId>,
    /// Attempts that the upstream half has in its hands.
    upstream: BTreeMap<(ExchangeId, u32), Upstream>,
    /// Bodies of answers on their way.
    bodies: Bodies,
    clusters: Clusters,
    /// The context of each exchange whose stream isn't its first one any more.
    moved: BTreeMap<ExchangeId, u32>,
    /// What this callback may not do any more, for the next tick.
    later: Vec<(ExchangeId, Later)>,
    /// The deadline that ticks are set for.
    armed: Option<Timestamp>,
}

enum Later {
    Dispatch(Call),
    Ask(Question),
    Event(Event),
}

struct Upstream {
    context: u32,
    is_held: bool,
}

/// The callback that effects are carried out in. What is held by the callback under way is let go by its return value,
/// what is held since an earlier one by a host call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Request,
    Response,
    Upstream { attempt: u32 },
    Elsewhere,
}

impl Plugin {
    pub(crate) fn new(root: u32, config: Config, seed: Seed) -> Self {
        let engine = Engine::new(config, seed, host::logs(LogLevel::Debug));
        Self {
            root,
            engine,
            calls: Calls::default(),
            questions: Calls::default(),
            metrics: Metrics::default(),
            effects: Vec::new(),
            held: BTreeSet::new(),
            upstream: BTreeMap::new(),
            bodies: Bodies::default(),
            clusters: Clusters::default(),
            moved: BTreeMap::new(),
            later: Vec::new(),
            armed: None,
        }
    }

    pub(crate) fn knows(&self, id: ExchangeId) -> bool {
        self.engine.knows(id)
    }

    /// The exchange whose request is back on another stream.
    pub(crate) fn back(&mut self, context: u32, headers: &Headers) -> Option<ExchangeId> {
        let token = headers.get(":path")?.strip_prefix(halves::PATH)?;
        let Ticket { id, .. } = halves::read(token)
            .filter(|attempt| attempt.root == self.root && self.engine.is_moving(attempt.id))?;
        self.moved.insert(id, context);
        Some(id)
    }

    pub(crate) fn upstream_begins(&mut self, attempt: Ticket, context: u32) {
        self.upstream.insert((attempt.id, attempt.n), Upstream { context, is_held: false });
        self.clusters.has_met(attempt);
    }

    /// The answer of a provider is at the downstream half.
    pub(crate) fn provider_answers(&mut self, id: ExchangeId) {
        self.clusters.has_missed(id);
    }

    pub(crate) fn upstream_ended(&mut self, Ticket { id, n, .. }: Ticket) {
        if let Some(upstream) = self.upstream.remove(&(id, n)) {
            self.bodies.forget(upstream.context);
        }
    }

    /// Whether it is of use to tell the engine of a part of a request's body.
    pub(crate) fn minds_body(&self, id: ExchangeId, buffered: usize) -> bool {
        self.engine.minds_body(id, buffered)
    }

    /// Hands an event to the engine. Returns whether the side of the stream that `place` is about stays held.
    pub(crate) fn handle(&mut self, id: ExchangeId, event: Event, place: Place) -> bool {
        host::begin();
        let now = host::now();
        self.engine.handle(now, &mut SharedData, id, event, &mut self.effects);
        let is_held = self.carry_out(id, place, now);
        self.arm(now);
        is_held
    }

    /// More of an answer's body is here: tells the engine what it wants of it. Returns whether it stays held.
    pub(crate) fn answer_goes_on(
        &mut self,
        id: ExchangeId,
        half: Half,
        size: usize,
        end_of_stream: bool,
    ) -> bool {
        let place = match half {
            Half::Downstream => Place::Response,
            Half::Upstream { attempt } => Place::Upstream { attempt },
        };
        let (context, _) = self.answer_place(id, half, place);
        self.bodies.begin(context, size);
        let is_held = if let Some(Reads { start, max }) = self.engine.reads(id, half) {
            let due = self.bodies.due(context);
            let start = due.saturating_add(start);
            // The end mostly comes by itself, and there is nothing to ask the host for.
            let max = if size > start { max } else { 0 };
            let chunk = host::buffer_part(BufferType::ResponseBody, start, max);
            let buffered = size.saturating_sub(due);
            self.handle(id, Event::AnswerBody { half, chunk, buffered, end_of_stream }, place)
        } else {
            self.holds(id, place)
        };
        if is_held {
            self.bodies.hold(context);
            return true;
        }
        let is_open = self.engine.reads(id, half).is_some();
        let is_stopped = self.bodies.pass(context, end_of_stream, is_open);
        if self.bodies.wait() {
            self.arm(host::now());
        }
        is_stopped
    }

    fn holds(&self, id: ExchangeId, place: Place) -> bool {
        match place {
            Place::Response => self.held.contains(&id),
            Place::Upstream { attempt } => {
                self.upstream.get(&(id, attempt)).is_some_and(|upstream| upstream.is_held)
            }
            Place::Request | Place::Elsewhere => false,
        }
    }

    /// A stream has ended. Nothing is kept of it, whatever state it ended in, unless it comes back as another.
    pub(crate) fn gone(&mut self, context: u32, id: ExchangeId) {
        self.bodies.forget(context);
        if self.engine.is_moving(id) || self.context(id) != context {
            return;
        }
        self.held.remove(&id);
        self.moved.remove(&id);
        self.clusters.forget(id);
        if self.knows(id) {
            if answer::broke() {
                self.handle(id, Event::AnswerBroke, Place::Elsewhere);
            }
            self.handle(id, Event::Gone, Place::Elsewhere);
        }
    }

    /// The context of an exchange's stream.
    fn context(&self, id: ExchangeId) -> u32 {
        self.moved.get(&id).copied().unwrap_or(id.0)
    }

    pub(crate) fn tick(&mut self) {
        host::begin();
        let now = host::now();
        for (id, later) in std::mem::take(&mut self.later) {
            match later {
                Later::Dispatch(call) => self.dispatch(id, call),
                Later::Ask(question) => self.ask(id, question),
                Later::Event(event) => {
                    self.engine.handle(now, &mut SharedData, id, event, &mut self.effects);
                    self.carry_out(id, Place::Elsewhere, now);
                }
            }
        }
        while let Some(id) = self.engine.handle_timeout(now, &mut SharedData, &mut self.effects) {
            self.carry_out(id, Place::Elsewhere, now);
        }
        self.bodies.tick();
        self.metrics.hand_over(now);
        self.armed = None;
        self.arm(now);
    }

    /// Sends an attempt from here, at once if this callback may still do that.
    fn dispatch(&mut self, id: ExchangeId, call: Call) {
        if host::has_asked() {
            return self.later.push((id, Later::Dispatch(call)));
        }
        // A call of the stream's own would be cancelled with it, and its answer never told.
        let _ = host::set_effective_context(self.root);
        let has_started = self.calls.start(id, &call);
        let _ = host::set_effective_context(self.context(id));
        if !has_started {
            let (attempt, answer) = (call.attempt, calls::no_answer(Origin::Connect));
            self.later.push((id, Later::Event(Event::CallAnswer { attempt, answer })));
        }
    }

    /// Asks a rate limit service from here, at once if this callback may still do that.
    fn ask(&mut self, id: ExchangeId, question: Question) {
        if host::has_asked() {
            return self.later.push((id, Later::Ask(question)));
        }
        let _ = host::set_effective_context(self.root);
        let has_started = self.questions.ask(id, &question);
        let _ = host::set_effective_context(self.context(id));
        if !has_started {
            let answer = Err(calls::UNAVAILABLE);
            let event = Event::ServiceAnswered { number: question.number, answer };
            self.later.push((id, Later::Event(event)));
        }
    }

    /// A rate limit service has answered, with the message that the host holds now or one of gRPC's statuses. Returns whether
    /// it was asked by this plugin.
    pub(crate) fn service_answered(&mut self, token: u32, status: Option<u32>) -> bool {
        let Some((id, number)) = self.questions.finish(token) else { return false };
        let answer = status.map_or_else(|| Ok(calls::message()), Err);
        self.handle(id, Event::ServiceAnswered { number, answer }, Place::Elsewhere);
        true
    }

    /// A dispatched attempt has ended; its answer is what the host holds now. Returns whether it was one of these.
    pub(crate) fn call_ended(&mut self, token: u32, header_count: usize) -> bool {
        let Some((id, attempt)) = self.calls.finish(token) else { return false };
        let answer = calls::answer(header_count);
        self.handle(id, Event::CallAnswer { attempt, answer }, Place::Elsewhere);
        true
    }

    fn carry_out(&mut self, id: ExchangeId, place: Place, now: Timestamp) -> bool {
        let mut is_held = false;
        // Some effects are questions, and their answers lead to more effects.
        while !self.effects.is_empty() {
            let mut reply = None;
            let mut effects = std::mem::take(&mut self.effects);
            for effect in effects.drain(..) {
                is_held |= self.one(id, effect, place, now, &mut reply);
            }
            if self.effects.is_empty() {
                self.effects = effects;
            }
            if let Some(event) = reply {
                self.engine.handle(now, &mut SharedData, id, event, &mut self.effects);
            }
        }
        is_held || self.holds(id, place)
    }

    fn one(
        &mut self,
        id: ExchangeId,
        effect: Effect,
        place: Place,
        now: Timestamp,
        reply: &mut Option<Event>,
    ) -> bool {
        match effect {
            Effect::HoldRequest => return true,
            Effect::TellSource => {
                // What no host tells comes from nowhere that a policy could name.
                let address = host::property("source\0address").unwrap_or_default();
                *reply = Some(Event::Source { address: String::from_utf8_lossy(&address).into_owned() });
            }
            Effect::TellCaller { claims, metadata } => {
                *reply = Some(Event::Caller { identity: caller::who(&claims, &metadata) });
            }
            Effect::CountBody => {
                // A host that does not count is asked again later: none we know of keeps bodies back.
                let received = body_received(self.context(id)).unwrap_or_default();
                *reply = Some(Event::BodyCounted { received });
            }
            Effect::StripAnswer { remove } => remove_headers(MapType::Response, &remove),
            Effect::HoldAnswer(Half::Downstream) => {
                self.held.insert(id);
            }
            Effect::HoldAnswer(Half::Upstream { attempt }) => {
                if let Some(upstream) = self.upstream.get_mut(&(id, attempt)) {
                    upstream.is_held = true;
                }
            }
            Effect::PassRequest { remove } => {
                remove_headers(MapType::Request, &remove);
                self.let_request_go(id, place);
            }
            Effect::Route {
                attempt,
                cluster,
                total,
                headers,
                longest,
                is_held_whole,
                remove,
                set,
                add,
                body,
            } => {
                if place == Place::Request || host::set_effective_context(self.context(id)).is_ok() {
                    remove_headers(MapType::Request, &remove);
                    let token = self.clusters.token(Ticket { root: self.root, id, n: attempt }, &cluster);
                    let limits = match &token {
                        Some(_) if is_held_whole => (total, total),
                        Some(_) => (total, headers),
                        None => (longest, headers),
                    };
                    route(&cluster, limits, (&set, &add), token.as_deref(), body.as_deref());
                    self.let_request_go(id, place);
                }
            }
            Effect::Dispatch { attempt, cluster, headers, body, timeout } => {
                self.dispatch(id, Call { attempt, cluster, headers, body, timeout });
            }
            Effect::AskService { number, cluster, message, timeout } => {
                self.ask(id, Question { number, cluster, message, timeout });
            }
            Effect::PassAnswer { half, set } => self.pass_answer(id, half, &set, place),
            Effect::ReplaceBody { half, body } => {
                let (context, is_here) = self.answer_place(id, half, place);
                if is_here || host::set_effective_context(context).is_ok() {
                    self.bodies.replace(context, &body);
                }
            }
            Effect::GiveUp { attempt } => {
                let upstream = self.upstream.get(&(id, attempt)).map(|upstream| upstream.context);
                if upstream.is_some_and(|context| host::set_effective_context(context).is_ok()) {
                    let _ = host::respond(504, &[], b"");
                }
            }
            Effect::BreakAnswer => {
                self.held.remove(&id);
                if host::set_effective_context(self.context(id)).is_ok() {
                    let _ = host::close(StreamType::Response);
                }
            }
            Effect::Reroute { attempt, origin } => {
                let token = halves::sealed(Ticket { root: self.root, id, n: attempt });
                let location = [&origin, halves::PATH, &token].concat();
                let set = [(":status".into(), "307".into()), ("location".into(), location.into())];
                self.held.remove(&id);
                self.pass_answer(id, Half::Upstream { attempt }, &set, place);
            }
            Effect::Respond { status, headers, body } => {
                self.held.remove(&id);
                let is_here = matches!(place, Place::Request | Place::Response);
                if is_here || host::set_effective_context(self.context(id)).is_ok() {
                    let _ = host::respond(status, &headers, &body);
                }
                // The answer goes out after this callback; nothing else may slip past it.
                return true;
            }
            Effect::Log(decision) => log(&decision),
            Effect::Count(metric) => self.metrics.count(self.engine.config(), metric, now),
        }
        false
    }

    /// The context that meets the answer at this half, and whether its callback is under way.
    fn answer_place(&self, id: ExchangeId, half: Half, place: Place) -> (u32, bool) {
        match half {
            Half::Downstream => (self.context(id), place == Place::Response),
            Half::Upstream { attempt } => {
                let upstream = self.upstream.get(&(id, attempt));
                (upstream.map_or(id.0, |upstream| upstream.context), place == Place::Upstream { attempt })
            }
        }
    }

    fn pass_answer(&mut self, id: ExchangeId, half: Half, set: &[(Text, Text)], place: Place) {
        let (context, is_here) = match half {
            Half::Downstream => {
                self.held.remove(&id);
                (self.context(id), place == Place::Response)
            }
            Half::Upstream { attempt } => {
                let Some(upstream) = self.upstream.get_mut(&(id, attempt)) else { return };
                upstream.is_held = false;
                (upstream.context, place == Place::Upstream { attempt })
            }
        };
        if is_here {
            set_headers(MapType::Response, set);
        } else if host::set_effective_context(context).is_ok() {
            set_headers(MapType::Response, set);
            let _ = host::resume(StreamType::Response);
            self.bodies.has_passed(context);
        }
    }

    /// Lets a request go on that is held since an earlier callback than the one under way.
    fn let_request_go(&self, id: ExchangeId, place: Place) {
        if place != Place::Request && host::set_effective_context(self.context(id)).is_ok() {
            let _ = host::resume(StreamType::Request);
        }
    }

    /// Sets ticks for the next deadline, and none while nothing waits. A tick that comes early does no harm, and costs less
    /// than to set the host's timer anew for every exchange that ends before its deadline.
    fn arm(&mut self, now: Timestamp) {
        let later = (!self.later.is_empty() || self.bodies.wait()).then_some(now);
        let deadline = [later, self.engine.next_deadline(), self.metrics.due()].into_iter().flatten().min();
        let is_early = self.armed.is_some_and(|armed| deadline.is_some_and(|deadline| armed <= deadline));
        if deadline == self.armed || is_early {
            return;
        }
        let millis = deadline.map_or(0, |deadline| {
            let wait = deadline.since(now);
            u32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1)
        });
        // Also from a callback of the upstream half, whose own root context knows nothing.
        let _ = host::set_effective_context(self.root);
        host::set_tick_period(millis);
        self.armed = deadline;
    }
}

/// Bytes of a held request's body that have reached Envoy: it counts them, and those of the headers, before any filter
/// sees them.
fn body_received(context: u32) -> Option<u64> {
    host::set_effective_context(context).ok()?;
    let total = host::property("request\0total_size")?;
    let total = u64::from_le_bytes(*total.first_chunk()?);
    let headers = host::headers(MapType::Request);
    let sizes = headers.iter().map(|(name, value)| (name.len() + value.len()) as u64);
    Some(total.saturating_sub(sizes.sum()))
}

/// Changes the held request into an attempt. A host call that fails here is about a stream that is gone.
fn route(
    cluster: &str,
    (total, headers): (Duration, Duration),
    (set, add): (&HeaderList, &Pairs),
    token: Option<&str>,
    body: Option<&[u8]>,
) {
    const MAP: MapType = MapType::Request;
    set_headers(MAP, set);
    for (name, value) in add {
        let _ = host::add_header(MAP, name, value);
    }
    let _ = host::set_header(MAP, TIMEOUT, &millis(total).to_string());
    if headers < total {
        let _ = host::set_header(MAP, HEADERS_TIMEOUT, &millis(headers).to_string());
    }
    let _ = host::set_header(MAP, CLUSTER, cluster);
    if let Some(token) = token {
        let _ = host::set_header(MAP, halves::HEADER, token);
    }
    if let Some(body) = body {
        let _ = host::replace_buffer(BufferType::RequestBody, body);
        let _ = host::set_header(MAP, "content-length", &body.len().to_string());
    }
}

/// Whole milliseconds. Not `as_millis`: printing its 128 bits costs more than the host call.
fn millis(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000) + u64::from(time.subsec_millis())
}

fn set_headers(map: MapType, set: &[(Text, Text)]) {
    for (name, value) in set {
        let _ = host::set_header(map, name, value);
    }
}

fn remove_headers(map: MapType, names: &[String]) {
    for name in names {
        let _ = host::remove_header(map, name);
    }
}

fn log(decision: &Decision) {
    let level = if decision.is_news() { LogLevel::Warn } else { LogLevel::Debug };
    host::log(level, &decision.to_string());
}

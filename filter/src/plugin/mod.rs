//! One configured filter: an engine, and the hands that carry out its effects.

mod effects;

use crate::types::{BufferType, LogLevel};
use seawall_core::{
    Config, Effect, Engine, Event, ExchangeId, Half, Headers, IdMap, Origin, Reads, Seed, Ticket, Timestamp,
};

use crate::bodies::Bodies;
use crate::calls::{self, Call, Calls, Question};
use crate::clusters::Clusters;
use crate::metrics::Metrics;
use crate::shared::SharedData;
use crate::{answer, halves, host};

pub(crate) struct Plugin {
    root: u32,
    engine: Engine,
    calls: Calls,
    /// The host numbers these apart.
    questions: Calls,
    metrics: Metrics,
    effects: Vec<Effect>,
    /// Exchanges whose answer is held at the downstream half.
    held: IdMap<ExchangeId, ()>,
    /// Attempts that the upstream half has in its hands.
    upstream: IdMap<(ExchangeId, u32), Upstream>,
    /// Bodies of answers on their way.
    bodies: Bodies,
    clusters: Clusters,
    /// The context of each exchange whose stream isn't its first one any more.
    moved: IdMap<ExchangeId, u32>,
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
            held: IdMap::default(),
            upstream: IdMap::default(),
            bodies: Bodies::default(),
            clusters: Clusters::default(),
            moved: IdMap::default(),
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
            Place::Response => self.held.contains_key(&id),
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
        if self.armed.is_none() {
            // The host ticks on at the period it was given last.
            let _ = host::set_effective_context(self.root);
            host::set_tick_period(0);
        }
    }

    /// Hands over what would be lost with this configuration: nothing is told it any more, and the host has called off what it
    /// sent.
    pub(crate) fn flush(&mut self) {
        host::begin();
        let now = host::now();
        self.engine.close(now, &mut SharedData, &mut self.effects);
        self.carry_out(ExchangeId::NOBODY, Place::Elsewhere, now);
        self.metrics.flush();
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

//! One Envoy with its filter and its providers: what is in it, how the filter is entered, and how time passes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::bail;
use seawall_provider::RateLimits;

use super::clock::Clock;
use super::exchange::Exchange;
use super::headers::HeaderMap;
use super::journal::{Journal, Source};
use super::machine::{Machine, Setup};
use super::pipe::{Pipe, Place};
use super::reply::Failure;
use super::router::{CallId, Owner};
use super::schedule::Schedule;
use super::shared::Shared;
use super::state::Asked;
use super::stream::{Finished, Stream};
use super::upstream::{Piece, Upstream};
use super::vm::Module;
use crate::scenario::{Scenario, ToMetadata, UpstreamHalf};

/// A stream: which machine serves it, and its context there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId {
    pub(crate) machine: usize,
    pub(crate) context: u32,
}

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Event {
    Tick {
        machine: usize,
        root: u32,
        generation: u64,
    },
    /// A request reaches its provider.
    Arrival {
        exchange: u64,
    },
    Answer {
        exchange: u64,
        piece: Piece,
    },
    Refused {
        exchange: u64,
    },
    Timeout {
        exchange: u64,
        per_try: bool,
    },
    Grpc {
        call: CallId,
        answer: Result<Vec<u8>, u32>,
    },
    /// A client has waited long enough.
    Leave {
        request: u64,
    },
}

/// More events than this in one wait are an endless loop.
const MOST_STEPS: usize = 1_000_000;

#[derive(Debug)]
pub(crate) struct World {
    pub(super) clock: Clock,
    pub(super) schedule: Schedule<Event>,
    pub(super) journal: Journal,
    pub(super) machines: Vec<Machine>,
    /// The machine that serves each worker's new streams.
    pub(super) serving: Vec<usize>,
    pub(super) setup: Setup,
    pub(super) shared: Rc<RefCell<Shared>>,
    pub(super) upstreams: BTreeMap<String, Upstream>,
    pub(super) rate_limits: BTreeMap<String, RateLimits>,
    /// How many requests a cluster takes at once, where that is bounded.
    pub(super) max_requests: BTreeMap<String, u32>,
    pub(super) unmatched: Option<String>,
    pub(super) metadata: Vec<ToMetadata>,
    pub(super) body_while_paused: bool,
    /// Whether the route follows the upstream half's redirects.
    pub(super) redirects: bool,
    pub(super) pipes: BTreeMap<StreamId, Pipe>,
    pub(super) streams: BTreeMap<StreamId, Stream>,
    /// By the request's number.
    pub(super) finished: BTreeMap<u64, Finished>,
    pub(super) last_request: u64,
    pub(super) exchanges: BTreeMap<u64, Exchange>,
    pub(super) last_exchange: u64,
}

impl World {
    /// Starts one VM for each machine; `false` if the filter refused its configuration.
    pub(crate) fn start(module: &Module, scenario: &Scenario) -> anyhow::Result<(Self, bool)> {
        let upstreams =
            scenario.providers.iter().map(|(name, plan)| (name.clone(), Upstream::new(name, plan.clone())));
        let services = scenario.rate_limit_services.iter();
        let services = services.map(|(name, plan)| (name.clone(), RateLimits::new(plan.clone())));
        let mut world = Self {
            clock: Clock::default(),
            schedule: Schedule::default(),
            journal: Journal::default(),
            machines: Vec::new(),
            serving: Vec::new(),
            setup: Setup::new(module, scenario),
            shared: Rc::default(),
            upstreams: upstreams.collect(),
            rate_limits: services.collect(),
            max_requests: scenario.max_requests.clone(),
            unmatched: scenario.unmatched.clone().or_else(|| scenario.providers.keys().next().cloned()),
            metadata: scenario.metadata.clone(),
            body_while_paused: scenario.allow_on_headers_stop_iteration,
            redirects: scenario.upstream_half == UpstreamHalf::Installed,
            pipes: BTreeMap::new(),
            streams: BTreeMap::new(),
            last_request: 0,
            finished: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            last_exchange: 0,
        };
        for worker in 0..scenario.workers as usize {
            let Some(machine) = world.start_machine()? else { return Ok((world, false)) };
            world.serving.insert(worker, machine);
        }
        Ok((world, true))
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    pub(super) fn note(&mut self, source: Source, text: String) {
        self.journal.add(self.clock.elapsed(), source, text);
    }

    /// Does what the filter asked for during a callback. What that leads to may enter the filter again, and so on, until
    /// nothing is left.
    pub(super) fn settle(&mut self, machine: usize) -> anyhow::Result<()> {
        while let Some(asked) = self.vm(machine)?.host().asked.pop_front() {
            match asked {
                Asked::Continue { context, direction } => {
                    self.resume(StreamId { machine, context }, direction)?;
                }
                Asked::Close { context } => self.close(StreamId { machine, context })?,
                Asked::Reply { context, reply } => {
                    self.filter_reply(StreamId { machine, context }, reply)?;
                }
                Asked::Call(call) => self.start_call(machine, call)?,
                Asked::Grpc(call) => self.start_grpc_call(machine, call),
                Asked::Tick { root, period } => self.set_period(machine, root, period)?,
            }
        }
        Ok(())
    }

    /// The filter resets a stream.
    fn close(&mut self, id: StreamId) -> anyhow::Result<()> {
        match self.place(id) {
            None => Ok(()),
            Some(Place::Downstream) => self.finish(id, false),
            Some(Place::Upstream { exchange }) => match self.owner(exchange) {
                Some(Owner::Stream(id)) => self.finish(id, false),
                Some(Owner::Call(_)) | None => self.cancel(exchange),
            },
        }
    }

    /// Lets things happen up to that time or until `done`; whether it was `done`.
    pub(crate) fn run(&mut self, until: Duration, done: impl Fn(&Self) -> bool) -> anyhow::Result<bool> {
        for _ in 0..MOST_STEPS {
            if done(self) {
                return Ok(true);
            }
            let Some((time, event)) = self.schedule.next_until(until) else {
                self.clock.advance_to(until);
                return Ok(false);
            };
            self.clock.advance_to(time);
            self.happen(event)?;
        }
        bail!("{MOST_STEPS} events and no end: the filter keeps waking itself up")
    }

    fn happen(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Tick { machine, root, generation } => self.tick(machine, root, generation),
            Event::Arrival { exchange } => self.arrive(exchange),
            Event::Answer { exchange, piece } => self.answer(exchange, piece),
            Event::Refused { exchange } => self.fail(exchange, Failure::Refused),
            Event::Timeout { exchange, per_try } => self.time_out(exchange, per_try),
            Event::Grpc { call, answer } => self.grpc_answered(call, answer),
            Event::Leave { request } => self.leave(request),
        }
    }

    /// Hands the answer of a call to the filter; `None` when its connection broke midway.
    pub(super) fn call_response(
        &mut self,
        CallId { machine, root, token }: CallId,
        answer: Option<(HeaderMap, Vec<u8>)>,
    ) -> anyhow::Result<()> {
        let (headers, body) = answer.as_ref().map_or((0, 0), |(headers, body)| (headers.len(), body.len()));
        let status = answer.as_ref().and_then(|(headers, _)| headers.status());
        let shown = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.vm(machine)?.host().call_response = answer;
        self.enter(
            machine,
            |vm| vm.on_call_response(root, token, (headers, body)),
            |()| format!("worker={machine} on_http_call_response token={token} status={shown} body={body}"),
        )?;
        self.vm(machine)?.host().call_response = None;
        self.settle(machine)
    }
}

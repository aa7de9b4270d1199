//! One Envoy with its filter and its providers: what is in it, how the filter is entered, and how time passes.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail};

use super::clock::Clock;
use super::exchange::Exchange;
use super::headers::HeaderMap;
use super::journal::{Journal, Source};
use super::pipe::{Pipe, Place};
use super::reply::Failure;
use super::rng::Rng;
use super::router::{CallId, Owner};
use super::schedule::Schedule;
use super::shared::Shared;
use super::state::{Asked, HostState, Plugin};
use super::stream::{Finished, Stream};
use super::upstream::{Piece, Upstream};
use super::vm::{Module, Vm};
use crate::scenario::Scenario;

/// A stream: which worker serves it, and its context there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId {
    pub(crate) worker: usize,
    pub(crate) context: u32,
}

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Event {
    Tick {
        worker: usize,
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
}

/// More events than this in one wait are an endless loop.
const MOST_STEPS: usize = 1_000_000;

#[derive(Debug)]
struct Worker {
    vm: Vm,
    /// Of each root context.
    timers: BTreeMap<u32, Timer>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    period: Option<Duration>,
    /// Of the timer that runs now; older ones were called off.
    generation: u64,
}

/// The configuration of the upstream half, which has no policy of its own.
const UPSTREAM_HALF: &str = "upstream half";

#[derive(Debug)]
pub(crate) struct World {
    pub(super) clock: Clock,
    pub(super) schedule: Schedule<Event>,
    pub(super) journal: Journal,
    workers: Vec<Worker>,
    pub(super) shared: Rc<RefCell<Shared>>,
    pub(super) upstreams: BTreeMap<String, Upstream>,
    pub(super) unmatched: Option<String>,
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
    /// Starts one VM for each worker; `false` if the filter refused its configuration.
    pub(crate) fn start(module: &Module, scenario: &Scenario) -> anyhow::Result<(Self, bool)> {
        let upstreams =
            scenario.providers.iter().map(|(name, plan)| (name.clone(), Upstream::new(name, plan.clone())));
        let mut world = Self {
            clock: Clock::default(),
            schedule: Schedule::default(),
            journal: Journal::default(),
            workers: Vec::new(),
            shared: Rc::default(),
            upstreams: upstreams.collect(),
            unmatched: scenario.unmatched.clone().or_else(|| scenario.providers.keys().next().cloned()),
            body_while_paused: scenario.allow_on_headers_stop_iteration,
            redirects: scenario.upstream_half,
            pipes: BTreeMap::new(),
            streams: BTreeMap::new(),
            last_request: 0,
            finished: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            last_exchange: 0,
        };
        for worker in 0..scenario.workers as usize {
            let vm = Vm::new(module, world.host_state(scenario, worker))?;
            world.workers.push(Worker { vm, timers: BTreeMap::new() });
            // Envoy makes its clusters, and what is in them, before its listeners.
            let upstream = Plugin { name: "seawall-upstream", configuration: UPSTREAM_HALF.into() };
            let downstream = Plugin { name: "seawall", configuration: scenario.policy.clone().into() };
            if scenario.upstream_half {
                if !world.configure(worker, upstream)? {
                    return Ok((world, false));
                }
                let vm = world.vm(worker)?;
                let root = vm.downstream_root();
                vm.install_upstream_half(root);
            }
            if !world.configure(worker, downstream)? {
                return Ok((world, false));
            }
        }
        Ok((world, true))
    }

    fn configure(&mut self, worker: usize, plugin: Plugin) -> anyhow::Result<bool> {
        let name = plugin.name;
        let taken = self.enter(
            worker,
            |vm| vm.configure(plugin),
            |taken| {
                let verdict = if *taken { "accepted" } else { "refused" };
                format!("worker={worker} {name} on_configure -> {verdict}")
            },
        )?;
        if taken {
            self.settle(worker)?;
        }
        Ok(taken)
    }

    fn host_state(&self, scenario: &Scenario, worker: usize) -> HostState {
        HostState {
            memory: None,
            allocate: None,
            now: self.clock.nanos(),
            rng: Rng::for_worker(scenario.seed, worker),
            env: scenario.env.clone(),
            roots: BTreeMap::new(),
            next_context: 0,
            upstream_half: None,
            clusters: scenario.providers.keys().cloned().collect(),
            shared: Rc::clone(&self.shared),
            streams: BTreeMap::new(),
            current: 0,
            effective: None,
            call_response: None,
            next_token: 0,
            asked: VecDeque::new(),
            log: Vec::new(),
            trapped: None,
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    pub(super) fn note(&mut self, source: Source, text: String) {
        self.journal.add(self.clock.elapsed(), source, text);
    }

    pub(super) fn vm(&mut self, worker: usize) -> anyhow::Result<&mut Vm> {
        self.workers.get_mut(worker).map(|worker| &mut worker.vm).context("there is no such worker")
    }

    /// Runs a callback at the present time, and writes down what it was and what it logged.
    pub(super) fn enter<R>(
        &mut self,
        worker: usize,
        callback: impl FnOnce(&mut Vm) -> anyhow::Result<R>,
        describe: impl FnOnce(&R) -> String,
    ) -> anyhow::Result<R> {
        let now = self.clock.nanos();
        let vm = self.vm(worker)?;
        vm.host().now = now;
        let answer = callback(vm);
        let log = std::mem::take(&mut vm.host().log);
        let what = match &answer {
            Ok(answer) => describe(answer),
            Err(trap) => format!("worker={worker} trapped: {trap:#}"),
        };
        self.note(Source::Filter, what);
        for (source, text) in log {
            self.note(source, text);
        }
        answer
    }

    /// Does what the filter asked for during a callback. What that leads to may enter the filter again, and so on, until
    /// nothing is left.
    pub(super) fn settle(&mut self, worker: usize) -> anyhow::Result<()> {
        while let Some(asked) = self.vm(worker)?.host().asked.pop_front() {
            match asked {
                Asked::Continue { context, direction } => {
                    self.resume(StreamId { worker, context }, direction)?;
                }
                Asked::Close { context } => self.close(StreamId { worker, context })?,
                Asked::Reply { context, reply } => {
                    self.filter_reply(StreamId { worker, context }, reply)?;
                }
                Asked::Call(call) => self.start_call(worker, call)?,
                Asked::Tick { root, period } => self.set_period(worker, root, period)?,
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

    fn set_period(&mut self, worker: usize, root: u32, period: Option<Duration>) -> anyhow::Result<()> {
        let now = self.now();
        let timers = &mut self.workers.get_mut(worker).context("there is no such worker")?.timers;
        let timer = timers.entry(root).or_default();
        timer.period = period;
        timer.generation += 1;
        if let Some(period) = period {
            self.schedule.at(now + period, Event::Tick { worker, root, generation: timer.generation });
        }
        Ok(())
    }

    fn tick(&mut self, worker: usize, root: u32, generation: u64) -> anyhow::Result<()> {
        let running = |world: &Self| {
            let timer = world.workers.get(worker).and_then(|worker| worker.timers.get(&root));
            timer.filter(|timer| timer.generation == generation).and_then(|timer| timer.period)
        };
        if running(self).is_none() {
            return Ok(());
        }
        self.enter(worker, |vm| vm.on_tick(root), |()| format!("worker={worker} on_tick"))?;
        self.settle(worker)?;
        if let Some(period) = running(self) {
            self.schedule.at(self.now() + period, Event::Tick { worker, root, generation });
        }
        Ok(())
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
            Event::Tick { worker, root, generation } => self.tick(worker, root, generation),
            Event::Arrival { exchange } => self.arrive(exchange),
            Event::Answer { exchange, piece } => self.answer(exchange, piece),
            Event::Refused { exchange } => self.fail(exchange, Failure::Refused),
            Event::Timeout { exchange, per_try } => self.time_out(exchange, per_try),
        }
    }

    /// Hands the answer of a call to the filter; `None` when its connection broke midway.
    pub(super) fn call_response(
        &mut self,
        CallId { worker, root, token }: CallId,
        answer: Option<(HeaderMap, Vec<u8>)>,
    ) -> anyhow::Result<()> {
        let (headers, body) = answer.as_ref().map_or((0, 0), |(headers, body)| (headers.len(), body.len()));
        let status = answer.as_ref().and_then(|(headers, _)| headers.status());
        let shown = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.vm(worker)?.host().call_response = answer;
        self.enter(
            worker,
            |vm| vm.on_call_response(root, token, (headers, body)),
            |()| format!("worker={worker} on_http_call_response token={token} status={shown} body={body}"),
        )?;
        self.vm(worker)?.host().call_response = None;
        self.settle(worker)
    }
}

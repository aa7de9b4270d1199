//! One Envoy with its filter and its providers: what is in it, how the filter is entered, and how time passes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    /// A client has waited long enough.
    Leave {
        request: u64,
    },
}

/// More events than this in one wait are an endless loop.
const MOST_STEPS: usize = 1_000_000;

/// A VM with its timers. A worker whose VM died gets another.
#[derive(Debug)]
struct Machine {
    vm: Vm,
    /// The root context of the filter between clients and the router.
    root: u32,
    /// Of each root context.
    timers: BTreeMap<u32, Timer>,
    died: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    period: Option<Duration>,
    /// Of the timer that runs now; older ones were called off.
    generation: u64,
}

/// What every VM is made from.
#[derive(Debug)]
struct Setup {
    module: Module,
    policy: String,
    env: BTreeMap<String, String>,
    seed: u64,
    clusters: BTreeSet<String>,
    upstream_half: bool,
    /// A module that traps is built anew; otherwise a trap is the end of the world.
    may_trap: bool,
}

/// Envoy waits a little longer or shorter each time before it builds a VM anew.
const REBUILD_AFTER: Duration = Duration::from_secs(1);

/// The configuration of the upstream half, which has no policy of its own.
const UPSTREAM_HALF: &str = "upstream half";

#[derive(Debug)]
pub(crate) struct World {
    pub(super) clock: Clock,
    pub(super) schedule: Schedule<Event>,
    pub(super) journal: Journal,
    machines: Vec<Machine>,
    /// The machine that serves each worker's new streams.
    serving: Vec<usize>,
    setup: Setup,
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
    /// Starts one VM for each machine; `false` if the filter refused its configuration.
    pub(crate) fn start(module: &Module, scenario: &Scenario) -> anyhow::Result<(Self, bool)> {
        let upstreams =
            scenario.providers.iter().map(|(name, plan)| (name.clone(), Upstream::new(name, plan.clone())));
        let mut world = Self {
            clock: Clock::default(),
            schedule: Schedule::default(),
            journal: Journal::default(),
            machines: Vec::new(),
            serving: Vec::new(),
            setup: Setup {
                module: module.clone(),
                policy: scenario.policy.clone(),
                env: scenario.env.clone(),
                seed: scenario.seed,
                clusters: scenario.providers.keys().cloned().collect(),
                upstream_half: scenario.upstream_half,
                may_trap: scenario.may_trap,
            },
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
            let Some(machine) = world.start_machine()? else { return Ok((world, false)) };
            world.serving.insert(worker, machine);
        }
        Ok((world, true))
    }

    /// Another VM; `None` if a plugin refused its configuration.
    fn start_machine(&mut self) -> anyhow::Result<Option<usize>> {
        let machine = self.machines.len();
        let vm = Vm::new(&self.setup.module, self.host_state(machine))?;
        self.machines.push(Machine { vm, root: 0, timers: BTreeMap::new(), died: None });
        if self.setup.upstream_half {
            // Envoy makes its clusters, and what is in them, before its listeners.
            let plugin = Plugin { name: "seawall-upstream", configuration: UPSTREAM_HALF.into() };
            let Some(root) = self.configure(machine, plugin)? else { return Ok(None) };
            self.vm(machine)?.install_upstream_half(root);
        }
        let plugin = Plugin { name: "seawall", configuration: self.setup.policy.clone().into() };
        let Some(root) = self.configure(machine, plugin)? else { return Ok(None) };
        if let Some(machine) = self.machines.get_mut(machine) {
            machine.root = root;
        }
        Ok(Some(machine))
    }

    /// The machine for a worker's new stream; `None` while its VM is dead.
    pub(super) fn serving(&mut self, worker: usize) -> anyhow::Result<Option<usize>> {
        let machine = *self.serving.get(worker).context("there is no such worker")?;
        match self.machines.get(machine).and_then(|machine| machine.died) {
            None => Ok(Some(machine)),
            Some(died) if self.now() < died + REBUILD_AFTER => Ok(None),
            Some(_) => {
                self.note(Source::Envoy, format!("worker={worker} gets another VM"));
                let another = self.start_machine()?.context("the filter refused its configuration")?;
                if let Some(serving) = self.serving.get_mut(worker) {
                    *serving = another;
                }
                Ok(Some(another))
            }
        }
    }

    /// The root context of the filter between clients and the router.
    pub(super) fn root(&self, machine: usize) -> u32 {
        self.machines.get(machine).map_or(0, |machine| machine.root)
    }

    /// The next callback on that worker traps once it has taken so many steps.
    pub(crate) fn sabotage(&mut self, worker: usize, steps: u64) -> anyhow::Result<()> {
        let machine = *self.serving.get(worker).context("there is no such worker")?;
        self.vm(machine)?.sabotage(steps);
        Ok(())
    }

    /// The root context of a plugin that took its configuration.
    fn configure(&mut self, machine: usize, plugin: Plugin) -> anyhow::Result<Option<u32>> {
        let name = plugin.name;
        let taken = self.enter(
            machine,
            |vm| vm.configure(plugin),
            |taken| {
                let verdict = if taken.is_some() { "accepted" } else { "refused" };
                format!("worker={machine} {name} on_configure -> {verdict}")
            },
        )?;
        let taken = taken.flatten();
        if taken.is_some() {
            self.settle(machine)?;
        }
        Ok(taken)
    }

    fn host_state(&self, machine: usize) -> HostState {
        HostState {
            memory: None,
            allocate: None,
            now: self.clock.nanos(),
            rng: Rng::for_worker(self.setup.seed, machine),
            env: self.setup.env.clone(),
            roots: BTreeMap::new(),
            next_context: 0,
            upstream_half: None,
            clusters: self.setup.clusters.clone(),
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

    pub(super) fn vm(&mut self, machine: usize) -> anyhow::Result<&mut Vm> {
        self.machines.get_mut(machine).map(|machine| &mut machine.vm).context("there is no such machine")
    }

    /// Runs a callback at the present time, and writes down what it was and what it logged. `None`: the VM is dead, maybe
    /// only now.
    pub(super) fn enter<R>(
        &mut self,
        machine: usize,
        callback: impl FnOnce(&mut Vm) -> anyhow::Result<R>,
        describe: impl FnOnce(&R) -> String,
    ) -> anyhow::Result<Option<R>> {
        if self.machines.get(machine).is_some_and(|machine| machine.died.is_some()) {
            return Ok(None);
        }
        let now = self.clock.nanos();
        let vm = self.vm(machine)?;
        vm.host().now = now;
        let answer = callback(vm);
        let log = std::mem::take(&mut vm.host().log);
        let what = match &answer {
            Ok(answer) => describe(answer),
            Err(trap) => format!("worker={machine} trapped: {trap:#}"),
        };
        self.note(Source::Filter, what);
        for (source, text) in log {
            self.note(source, text);
        }
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(trap) if !self.setup.may_trap => Err(trap),
            Err(_) => {
                let now = self.now();
                if let Some(dead) = self.machines.get_mut(machine) {
                    dead.died = Some(now);
                    dead.timers.clear();
                    dead.vm.host().asked.clear();
                }
                Ok(None)
            }
        }
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

    fn set_period(&mut self, machine: usize, root: u32, period: Option<Duration>) -> anyhow::Result<()> {
        let now = self.now();
        let timers = &mut self.machines.get_mut(machine).context("there is no such machine")?.timers;
        let timer = timers.entry(root).or_default();
        timer.period = period;
        timer.generation += 1;
        if let Some(period) = period {
            self.schedule.at(now + period, Event::Tick { machine, root, generation: timer.generation });
        }
        Ok(())
    }

    fn tick(&mut self, machine: usize, root: u32, generation: u64) -> anyhow::Result<()> {
        let running = |world: &Self| {
            let timer = world.machines.get(machine).and_then(|machine| machine.timers.get(&root));
            timer.filter(|timer| timer.generation == generation).and_then(|timer| timer.period)
        };
        if running(self).is_none() {
            return Ok(());
        }
        self.enter(machine, |vm| vm.on_tick(root), |()| format!("worker={machine} on_tick"))?;
        self.settle(machine)?;
        if let Some(period) = running(self) {
            self.schedule.at(self.now() + period, Event::Tick { machine, root, generation });
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
            Event::Tick { machine, root, generation } => self.tick(machine, root, generation),
            Event::Arrival { exchange } => self.arrive(exchange),
            Event::Answer { exchange, piece } => self.answer(exchange, piece),
            Event::Refused { exchange } => self.fail(exchange, Failure::Refused),
            Event::Timeout { exchange, per_try } => self.time_out(exchange, per_try),
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

//! The workers' VMs: how they are made, entered, ticked, and made anew after a trap.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;

use super::journal::Source;
use super::rng::Rng;
use super::state::{HostState, Plugin};
use super::vm::{Module, Vm};
use super::world::{Event, World};
use crate::scenario::{Scenario, UpstreamHalf};

/// A VM with its timers. A worker whose VM died gets another.
#[derive(Debug)]
pub(super) struct Machine {
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
pub(super) struct Setup {
    module: Module,
    policy: String,
    env: BTreeMap<String, String>,
    seed: u64,
    clusters: BTreeSet<String>,
    rate_limit_services: BTreeSet<String>,
    upstream_half: bool,
    lacks_upstream_half: BTreeSet<String>,
    /// A module that traps is built anew; otherwise a trap is the end of the world.
    may_trap: bool,
    traps_at_bytes: Option<u32>,
}

/// Envoy waits a little longer or shorter each time before it builds a VM anew.
const REBUILD_AFTER: Duration = Duration::from_secs(1);

/// The configuration of the upstream half, which has no policy of its own.
const UPSTREAM_HALF: &str = "upstream half";

impl Setup {
    pub(super) fn new(module: &Module, scenario: &Scenario) -> Self {
        Self {
            module: module.clone(),
            policy: scenario.policy.clone(),
            env: scenario.env.clone(),
            seed: scenario.seed,
            clusters: scenario.providers.keys().cloned().collect(),
            rate_limit_services: scenario.rate_limit_services.keys().cloned().collect(),
            upstream_half: scenario.upstream_half == UpstreamHalf::Installed,
            lacks_upstream_half: scenario.lacks_upstream_half.clone(),
            may_trap: scenario.may_trap,
            traps_at_bytes: scenario.traps_at_bytes,
        }
    }
}

impl World {
    /// Another VM; `None` if a plugin refused its configuration.
    pub(super) fn start_machine(&mut self) -> anyhow::Result<Option<usize>> {
        let machine = self.machines.len();
        let mut vm = Vm::new(&self.setup.module, self.host_state(machine))?;
        vm.trap_at_bytes(self.setup.traps_at_bytes);
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

    /// Envoy gets the filter with another policy; `false` if that is refused, and the one before stays.
    ///
    /// It tries a policy out on a VM of its main thread first. Where it is taken, the workers' VMs stay as they are, and what
    /// they hold in common; each gets another root context, which serves the new connections from then on. The old one
    /// lives on for those that it has (Envoy keeps them until they end, or for its drain time).
    pub(super) fn install(&mut self, policy: &str) -> anyhow::Result<bool> {
        let before = std::mem::replace(&mut self.setup.policy, policy.to_owned());
        if self.start_machine()?.is_none() {
            self.setup.policy = before;
            return Ok(false);
        }
        for machine in self.serving.clone() {
            let plugin = Plugin { name: "seawall", configuration: policy.into() };
            // A VM that is dead is built with the new one.
            let Some(root) = self.configure(machine, plugin)? else { continue };
            let before =
                self.machines.get_mut(machine).map(|machine| std::mem::replace(&mut machine.root, root));
            if let Some(before) = before {
                self.retire(machine, before)?;
            }
        }
        Ok(true)
    }

    /// Ends a root context that another one has taken the place of, once it has no stream any more. Envoy does it when the
    /// listener has drained, without asking what of the root's own is still under way.
    pub(super) fn retire(&mut self, machine: usize, root: u32) -> anyhow::Result<()> {
        if self.root(machine) == root {
            return Ok(());
        }
        let host = self.vm(machine)?.host();
        let is_upstream = host.upstream_half.as_ref().is_some_and(|half| half.root == root);
        let is_used = host.streams.values().any(|stream| stream.root == root);
        if is_upstream || is_used || !host.roots.contains_key(&root) {
            return Ok(());
        }
        self.enter(machine, |vm| vm.on_done(root), |()| format!("worker={machine} root={root} on_done"))?;
        self.enter(machine, |vm| vm.on_delete(root), |()| format!("worker={machine} root={root} on_delete"))?;
        self.vm(machine)?.host().roots.remove(&root);
        if let Some(machine) = self.machines.get_mut(machine) {
            machine.timers.remove(&root);
        }
        self.settle(machine)
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
            lacks_upstream_half: self.setup.lacks_upstream_half.clone(),
            clusters: self.setup.clusters.clone(),
            rate_limit_services: self.setup.rate_limit_services.clone(),
            shared: Rc::clone(&self.shared),
            streams: BTreeMap::new(),
            current: 0,
            effective: None,
            call_response: None,
            next_token: 0,
            grpc_message: None,
            next_grpc_token: 0,
            asked: VecDeque::new(),
            log: Vec::new(),
            trapped: None,
        }
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

    pub(super) fn set_period(
        &mut self,
        machine: usize,
        root: u32,
        period: Option<Duration>,
    ) -> anyhow::Result<()> {
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

    pub(super) fn tick(&mut self, machine: usize, root: u32, generation: u64) -> anyhow::Result<()> {
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
}

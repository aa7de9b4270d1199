//! Runs requests in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use seawall_provider::{Plan, RateLimitPlan, Sent};

use super::journal::{Entry, Source};
use super::upstream::{Received, Upstream};
use super::vm::Module;
use super::world::{Event, World};
use crate::driver::{Crowd, Driver, Meanwhile, Observed};
use crate::scenario::{Request, Scenario};
use crate::trace;

/// A request without an answer after so much virtual time will never have one.
const PATIENCE: Duration = Duration::from_secs(600);

/// The test host, ready for requests.
#[derive(Debug)]
pub struct SimDriver {
    world: World,
    workers: usize,
    /// How many questions to each rate limit service have been told.
    told: BTreeMap<String, usize>,
}

/// What became of the policy.
#[derive(Debug)]
pub enum Started {
    Running(Box<SimDriver>),
    /// The filter did not take it; the log says why.
    Refused {
        log: Vec<String>,
    },
}

impl SimDriver {
    /// Loads the scenario's policy.
    ///
    /// # Errors
    /// When the module traps.
    pub fn start(module: &Module, scenario: &Scenario) -> anyhow::Result<Started> {
        let (world, taken) = World::start(module, scenario)?;
        if taken {
            return Ok(Started::Running(Box::new(Self {
                world,
                workers: scenario.workers as usize,
                told: BTreeMap::new(),
            })));
        }
        let log = world.journal.entries().iter().filter(|entry| entry.source == Source::Log);
        Ok(Started::Refused { log: log.map(|entry| entry.text.clone()).collect() })
    }

    /// All that happened so far.
    #[must_use]
    pub fn journal(&self) -> &[Entry] {
        self.world.journal.entries()
    }

    /// Virtual time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.world.now()
    }

    /// The filter's metrics, by name.
    #[must_use]
    pub fn metrics(&self) -> BTreeMap<String, u64> {
        self.world.shared.borrow().metrics()
    }

    /// What a provider has been sent so far; nothing if there is no such provider.
    #[must_use]
    pub fn received(&self, provider: &str) -> &[Received] {
        self.world.upstreams.get(provider).map_or(&[], Upstream::received)
    }

    fn seen(&self) -> BTreeMap<String, u32> {
        self.world.upstreams.iter().map(|(name, upstream)| (name.clone(), upstream.seen())).collect()
    }

    /// What the providers were asked since they had seen so many requests.
    fn sent_since(&self, before: &BTreeMap<String, u32>) -> BTreeMap<String, Vec<Sent>> {
        let sent = |(name, upstream): (&String, &Upstream)| {
            let before = before.get(name).copied().unwrap_or_default();
            let received = upstream.received().iter().skip(before as usize);
            (name.clone(), received.map(Received::sent).collect())
        };
        self.world.upstreams.iter().map(sent).collect()
    }

    /// What rate limit services were asked since this was last called.
    fn take_asked(&mut self) -> BTreeMap<String, Vec<String>> {
        let mut asked = BTreeMap::new();
        for (name, service) in &self.world.rate_limits {
            let told = self.told.entry(name.clone()).or_default();
            asked.insert(name.clone(), service.asked().get(*told..).unwrap_or_default().to_vec());
            *told = service.asked().len();
        }
        asked
    }

    fn decisions_since(&self, entries: usize) -> Vec<String> {
        let log = self.world.journal.since(entries).iter().filter(|entry| entry.source == Source::Log);
        let message = |entry: &Entry| entry.text.split_once(": ").map(|(_, text)| text.to_owned());
        log.filter_map(message).filter_map(|text| trace::decision(&text)).collect()
    }
}

impl Driver for SimDriver {
    fn crowd_during(&mut self, request: &Request, meanwhile: Meanwhile<'_>) -> anyhow::Result<Crowd> {
        let (entries, before, start) = (self.world.journal.len(), self.seen(), self.world.now());
        let mut begun = Vec::new();
        for index in 0..request.concurrent {
            let time = start + request.apart * index;
            self.world.run(time, |_| false)?;
            let worker = (request.worker + index) as usize % self.workers;
            let number = self.world.begin(worker, &request.wire(index))?;
            if let Some(patience) = request.disconnect_after {
                self.world.schedule.at(time + patience, Event::Leave { request: number });
            }
            begun.push((number, time));
        }
        if let Some(trap) = meanwhile.trap {
            self.world.run(start + trap.after, |_| false)?;
            self.trap(trap.worker, trap.steps)?;
        }
        let installed = match meanwhile.install {
            Some(install) => {
                self.world.run(start + install.after, |_| false)?;
                Some(self.install(&install.policy)?)
            }
            None => None,
        };
        let all = |world: &World| begun.iter().all(|(number, _)| world.finished.contains_key(number));
        if !self.world.run(self.world.now() + PATIENCE, all)? {
            bail!("a request has no answer after {} s of virtual time", PATIENCE.as_secs());
        }
        let mut upstream = self.seen();
        for (name, seen) in &mut upstream {
            *seen -= before.get(name).copied().unwrap_or_default();
        }
        let trace = self.decisions_since(entries);
        let (saw, asked) = (self.sent_since(&before), self.take_asked());
        let observed = begun.iter().map(|(number, start)| {
            let finished = self.world.finished.remove(number).context("an answer that is gone")?;
            Ok(Observed {
                status: finished.client.status,
                headers: finished.client.headers,
                body: finished.client.body,
                complete: finished.complete,
                left: finished.left,
                trace: trace.clone(),
                upstream: upstream.clone(),
                saw: saw.clone(),
                asked: asked.clone(),
                first_byte: finished.client.first_byte.map(|time| time.saturating_sub(*start)),
                elapsed: finished.time.saturating_sub(*start),
            })
        });
        Ok(Crowd { observed: observed.collect::<anyhow::Result<_>>()?, installed })
    }

    fn install(&mut self, policy: &str) -> anyhow::Result<Option<String>> {
        let entries = self.world.journal.len();
        if self.world.install(policy)? {
            return Ok(None);
        }
        let log = self.world.journal.since(entries).iter().filter(|entry| entry.source == Source::Log);
        Ok(Some(log.map(|entry| entry.text.as_str()).collect::<Vec<_>>().join("\n")))
    }

    fn wait(&mut self, time: Duration) -> anyhow::Result<()> {
        let until = self.world.now() + time;
        self.world.run(until, |_| false).map(|_| ())
    }

    fn set_provider(&mut self, provider: &str, plan: Plan) -> anyhow::Result<()> {
        let upstream = self.world.upstreams.get_mut(provider);
        upstream.with_context(|| format!("there is no provider `{provider}`"))?.set_plan(plan);
        Ok(())
    }

    fn set_rate_limit_service(&mut self, service: &str, plan: RateLimitPlan) -> anyhow::Result<()> {
        let known = self.world.rate_limits.get_mut(service);
        known.with_context(|| format!("there is no rate limit service `{service}`"))?.set_plan(plan);
        Ok(())
    }

    fn trap(&mut self, worker: u32, steps: u64) -> anyhow::Result<()> {
        self.world.sabotage(worker as usize, steps)
    }
}

//! What is remembered of every target and model, common to all workers: how long its answers take and what is usual, how many
//! attempts fail, how many run, what is left of its quota. Breakers, timeouts, hedges, plans and the health page read it.
//!
//! | what | how | error |
//! |---|---|---|
//! | percentiles of latency, time to first token, time per output token | log-bucketed sketch over a sliding window, `sketch`, `slots` | 8.7 % |
//! | what they usually are | a baseline that leaves the present window out and rises by 1 % a minute at most, `series` | 8.7 % |
//! | share of errors, of good answers, of answers that break a rule | counts over the same kind of window | none |
//! | what share is usually good | a baseline as that of percentiles, which falls by 1 % a minute at most, `tally` | none |
//! | how slow it is right now | peak-EWMA, `peak` | – |
//! | attempts under way at a target, whatever the model | a slot with a heartbeat for each worker, `in_flight` | 250 ms |
//! | remaining quota | what the newest answer said, refilled evenly, `quota` | 250 ms |
//!
//! **Like with like.** An answer of 2,000 tokens may take longer than one of 50. Latency is kept by size: of answers of
//! up to 128, up to 512, up to 2,048 and more output tokens. Where nobody counted them what the request allows stands for
//! them; where it sets no bound either, the size is unknown, a fifth class. Each class is compared with its own baseline. A
//! question about a request still to be made asks for the classes it may end in: those up to the most tokens it allows, and
//! the unknown.
//!
//! **What counts.** The latency of successes, and of attempts that ran out of time: those would have taken at least as
//! long, and without them a target that has become slow would look as fast as its timeout lets it. Other failures may
//! come fast and say nothing about speed.
//!
//! **Window.** 30 to 60 seconds where traffic is dense; half to all of a breaker's `window` where one that compares answers with
//! their baseline has a shorter one.
//!
//! **Cold.** A percentile is unknown before so many answers that two must lie above it, twenty at least: 40 for p95, 200
//! for p99. A baseline is unknown before the first slot has left the window.
//!
//! **Cost.** Each worker has its own copy and writes down what it has seen once in [`SYNC`], or when it holds
//! [`PENDING`](subject::PENDING) samples: a read and a write of 2.1 KB. Its own samples count in its copy at once, those of the others within twice [`SYNC`].

mod cell;
mod in_flight;
mod peak;
mod quota;
mod record;
mod series;
mod sketch;
mod slots;
mod subject;
mod tally;
mod view;

use std::time::Duration;

use self::in_flight::InFlight;
pub(crate) use self::in_flight::is_past;
pub use self::quota::{Quota, Remaining};
use self::record::micros;
pub(crate) use self::slots::SHORTEST as MOST_SLOT;
use self::subject::Target;
pub use self::view::View;
use crate::effect::Text;
use crate::output::Broken;
use crate::store::Store;
use crate::telemetry::Outcome;
use crate::time::Timestamp;

/// How often a worker writes down what it has seen and reads what others have.
pub(crate) const SYNC: Duration = Duration::from_millis(250);

/// Latency by size class, first token, per output token.
const SERIES: usize = 7;

/// What has been seen of one attempt that is over.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub outcome: Outcome,
    /// From its start to the end of its answer, or to when it was given up; `None` where nobody saw that.
    pub latency: Option<Duration>,
    /// Of a stream, from its start to the first content, or to the headers where nobody looked further.
    pub first_token: Option<Duration>,
    /// Output tokens of the answer, where somebody counted.
    pub output_tokens: Option<u32>,
    /// Output tokens that the request allows.
    pub most_tokens: Option<u32>,
    /// Whether the answer is of use: valid, not refused, not empty, not cut off. `None` where nobody can tell.
    pub is_good: Option<bool>,
    /// The rules of its route's `output` that it broke, as it came; `None` where none was looked at.
    pub broken: Option<Broken>,
    pub quota: Quota,
}

/// What a percentile is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// From the start of an attempt to the end of its answer.
    Latency,
    /// From the start of an attempt to the first content of its answer.
    FirstToken,
    /// Of each output token after the first.
    PerToken,
}

/// Where it lies what is remembered of a target.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Begins the keys of its cells; no other target's begins with it and a slash.
    pub cells: Text,
    /// Of the cell with the models that its callers use.
    pub models: Text,
    /// The models the policy sets.
    pub named: Vec<Text>,
    /// How long the window's slots are where traffic is dense, in seconds; at most 30.
    pub slot: u32,
}

/// One worker's part of it. Targets go by their number.
#[derive(Debug)]
pub struct Stats {
    targets: Vec<Target>,
    in_flight: InFlight,
}

impl Stats {
    /// `vm` tells this worker from all others; `shares_load`: whether somebody asks for [`Stats::in_flight`] of all workers,
    /// which costs writes of its own.
    pub fn new(targets: impl Iterator<Item = Keys>, vm: u64, shares_load: bool) -> Self {
        let targets: Vec<_> = targets.map(Target::new).collect();
        let in_flight = InFlight::new(targets.len(), vm, shares_load);
        Self { targets, in_flight }
    }

    /// An attempt at a target begins.
    pub fn begin(&mut self, store: &mut dyn Store, target: usize, now: Timestamp) {
        if let Some(Target { keys, .. }) = self.targets.get(target) {
            self.in_flight.change(store, target, &keys.cells, now, 1);
        }
    }

    /// An attempt that has begun is over, whatever became of it.
    pub fn end(&mut self, store: &mut dyn Store, target: usize, now: Timestamp) {
        if let Some(Target { keys, .. }) = self.targets.get(target) {
            self.in_flight.change(store, target, &keys.cells, now, -1);
        }
    }

    /// Attempts that all workers have under way at a target, whatever the model.
    pub fn in_flight(&mut self, store: &mut dyn Store, target: usize, now: Timestamp) -> u32 {
        let Some(Target { keys, .. }) = self.targets.get(target) else { return 0 };
        self.in_flight.all(store, target, &keys.cells, now)
    }

    /// Takes in what has been seen of an attempt. Tells whether what other workers have seen was read just now, which is
    /// when a look at the percentiles may tell something new.
    pub fn record(
        &mut self,
        store: &mut dyn Store,
        (target, model): (usize, Option<&str>),
        now: Timestamp,
        sample: Sample,
    ) -> bool {
        if sample.outcome == Outcome::Success
            && let Some(target) = self.targets.get_mut(target)
        {
            target.enrol(store, model, now);
        }
        self.record_unended(store, (target, model), now, sample)
    }

    /// The same of an attempt that nobody has seen end: it proves nothing of its model.
    pub fn record_unended(
        &mut self,
        store: &mut dyn Store,
        (target, model): (usize, Option<&str>),
        now: Timestamp,
        sample: Sample,
    ) -> bool {
        let subject = self.targets.get_mut(target).and_then(|target| target.subject(store, model, now));
        subject.is_some_and(|subject| subject.record(store, now, sample))
    }

    /// What is known now.
    pub fn view(
        &mut self,
        store: &mut dyn Store,
        (target, model): (usize, Option<&str>),
        now: Timestamp,
    ) -> Option<&View> {
        self.targets.get_mut(target)?.subject(store, model, now)?.view(store, now)
    }

    /// How long an attempt would likely wait for its answer, to be compared with that at other targets: the peak-EWMA of
    /// answers times the attempts under way and this one (as in Finagle). A target that nobody has measured yet comes
    /// first, but for one attempt at a time.
    pub fn wait(&mut self, store: &mut dyn Store, of: (usize, Option<&str>), now: Timestamp) -> u64 {
        let others = u64::from(self.in_flight(store, of.0, now));
        match self.view(store, of, now).and_then(|view| view.slowness(now)) {
            Some(slowness) => micros(slowness).saturating_mul(others + 1).min(u64::MAX / 2),
            None if others > 0 => u64::MAX / 2 + others,
            None => 0,
        }
    }

    /// Its breaker has opened or closed: what the window holds belongs to another time, and leaves no trace in the
    /// baseline.
    pub fn forget(&mut self, store: &mut dyn Store, (target, model): (usize, Option<&str>), now: Timestamp) {
        let Some(target) = self.targets.get_mut(target) else { return };
        if let Some(subject) = target.subject(store, model, now) {
            subject.forget(store, now);
        }
    }

    /// All that is known of one target, by model; that of models without their own has no name.
    pub fn known(&mut self, store: &mut dyn Store, target: usize, now: Timestamp) -> Vec<(Text, View)> {
        let Some(target) = self.targets.get_mut(target) else { return Vec::new() };
        target.learn(store, now);
        let known = target.subjects.iter_mut().filter_map(|subject| {
            let model = subject.model.clone();
            Some((model, subject.view(store, now)?.clone()))
        });
        known.collect()
    }

    /// Writes down all that has been seen and not been written yet: no more comes.
    pub fn close(&mut self, store: &mut dyn Store, now: Timestamp) {
        let subjects = self.targets.iter_mut().flat_map(|target| &mut target.subjects);
        subjects.for_each(|subject| subject.close(store, now));
        let key = |target| self.targets.get(target).map(|target: &Target| &*target.keys.cells);
        self.in_flight.close(store, now, key);
    }

    /// When [`Stats::handle_timeout`] wants to be called: while attempts are under way that other workers shall know of.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.in_flight.next_deadline()
    }

    /// Tells the other workers that this one lives.
    pub fn handle_timeout(&mut self, store: &mut dyn Store, now: Timestamp) {
        let key = |target| self.targets.get(target).map(|target: &Target| &*target.keys.cells);
        self.in_flight.beat(store, now, key);
    }
}

#[cfg(test)]
mod tests;

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
//! [`PENDING`] samples: a read and a write of 2.1 KB. Its own samples count in its copy at once, those of the others within twice [`SYNC`].

mod cell;
mod in_flight;
mod peak;
mod quota;
mod series;
mod sketch;
mod slots;
mod tally;
mod view;

use std::fmt;
use std::time::Duration;

use self::cell::Cell;
use self::in_flight::InFlight;
pub(crate) use self::in_flight::is_past;
pub use self::quota::{Quota, Remaining};
pub(crate) use self::slots::SHORTEST as MOST_SLOT;
use self::tally::Tally;
pub use self::view::View;
use crate::effect::Text;
use crate::models::{self, MOST_MODELS};
use crate::output::Broken;
use crate::store::{Store, update};
use crate::telemetry::Outcome;
use crate::time::Timestamp;

/// How often a worker writes down what it has seen and reads what others have.
pub(crate) const SYNC: Duration = Duration::from_millis(250);

/// How often a worker looks for models that others have met.
const LEARN: Duration = Duration::from_secs(1);

/// Most samples that wait to be written down.
const PENDING: usize = 64;

/// Latency by size class, first token, per output token.
const SERIES: usize = 7;
const FIRST_TOKEN: usize = 5;
const PER_TOKEN: usize = 6;
/// An answer has at most so many output tokens to be of the first, second and third class.
const CLASSES: [u32; 3] = [128, 512, 2_048];
/// The class of answers whose tokens nobody counted.
const UNKNOWN: usize = 4;

/// Fewer output tokens tell little about the time that each takes.
const LEAST_TOKENS: u32 = 8;

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

#[derive(Debug)]
struct Target {
    keys: Keys,
    /// The first is the one that models share who have none of their own.
    subjects: Vec<Subject>,
    /// When the models that callers use were last read.
    learnt: Option<Timestamp>,
}

/// One model at a target.
struct Subject {
    key: Text,
    model: Text,
    slot: u32,
    /// Nothing while this worker has had nothing to do with it.
    local: Option<Box<Local>>,
}

/// One worker's copy.
#[derive(Default)]
struct Local {
    /// What all workers had seen by `synced`, and what this one has seen since.
    view: View,
    pending: Vec<(Timestamp, Sample)>,
    synced: Option<Timestamp>,
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
        let Some(target) = self.targets.get_mut(target) else { return false };
        if sample.outcome == Outcome::Success {
            target.enrol(store, model, now);
        }
        let Some(Subject { key, slot, local, .. }) = target.subject(store, model, now) else { return false };
        let local = local.get_or_insert_default();
        local.pending.push((now, sample));
        // That nothing is left is for all workers to know at once.
        let is_urgent = sample.quota.suffices_from(1) > now;
        let is_due = local.is_due(now) || is_urgent || local.pending.len() >= PENDING;
        if is_due {
            local.sync(store, (key, *slot), now);
        } else {
            local.view.cell.record(now, &sample);
        }
        is_due
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
        let Some(Subject { key, slot, local, .. }) = target.subject(store, model, now) else { return };
        let local = local.get_or_insert_default();
        local.pending.clear();
        local.view.cell = update(store, key, |bytes| {
            let mut cell = Cell::decode(bytes).with_slots(*slot);
            cell.forget(now);
            (Some(cell.encode()), cell)
        });
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

impl Target {
    fn new(keys: Keys) -> Self {
        let named = keys.named.clone();
        let mut target = Self { keys, subjects: Vec::new(), learnt: None };
        target.add(Text::Word(""));
        named.into_iter().for_each(|model| target.add(model));
        target
    }

    fn add(&mut self, model: Text) {
        if self.find(&model).is_some() {
            return;
        }
        let key = [&*self.keys.cells, "/", &*model].concat().into();
        self.subjects.push(Subject { key, model, slot: self.keys.slot, local: None });
    }

    fn find(&self, model: &str) -> Option<usize> {
        self.subjects.iter().position(|subject| *subject.model == *model)
    }

    /// That of a model, or the one that models share.
    fn subject(
        &mut self,
        store: &mut dyn Store,
        model: Option<&str>,
        now: Timestamp,
    ) -> Option<&mut Subject> {
        let found = model.and_then(|model| {
            let found = self.find(model);
            // Another worker may have met it.
            if found.is_none() && is_past(self.learnt, LEARN, now) {
                self.learn(store, now);
                return self.find(model);
            }
            found
        });
        self.subjects.get_mut(found.unwrap_or_default())
    }

    /// A model that has proved to be one gets its own.
    fn enrol(&mut self, store: &mut dyn Store, model: Option<&str>, now: Timestamp) {
        let Some(model) = model else { return };
        if !self.is_full() && self.find(model).is_none() && models::enrol(store, &self.keys.models, model) {
            self.learn(store, now);
        }
    }

    fn learn(&mut self, store: &mut dyn Store, now: Timestamp) {
        self.learnt = Some(now);
        if !self.is_full() {
            let names = models::read(store, &self.keys.models);
            names.into_iter().for_each(|name| self.add(name.into()));
        }
    }

    fn is_full(&self) -> bool {
        self.subjects.len() > MOST_MODELS + self.keys.named.len()
    }
}

impl Subject {
    fn view(&mut self, store: &mut dyn Store, now: Timestamp) -> Option<&View> {
        let local = self.local.get_or_insert_default();
        if local.is_due(now) {
            local.sync(store, (&self.key, self.slot), now);
        }
        local.view.cell.roll(now);
        Some(&local.view)
    }
}

impl Local {
    /// Also when the clock has stepped back.
    fn is_due(&self, now: Timestamp) -> bool {
        is_past(self.synced, SYNC, now)
    }

    /// Writes down what has been seen and reads what others have.
    fn sync(&mut self, store: &mut dyn Store, (key, slot): (&str, u32), now: Timestamp) {
        let Self { view, pending, synced } = self;
        let epoch = synced.map(|_| view.cell.epoch);
        view.cell = if pending.is_empty() {
            Cell::decode(store.get(key).as_ref().map(|(bytes, _)| bytes.as_slice())).with_slots(slot)
        } else {
            update(store, key, |bytes| {
                let mut cell = Cell::decode(bytes).with_slots(slot);
                if epoch.is_none_or(|epoch| epoch == cell.epoch) {
                    pending.iter().for_each(|(at, sample)| cell.record(*at, sample));
                }
                (Some(cell.encode()), cell)
            })
        };
        pending.clear();
        *synced = Some(now);
    }
}

impl Cell {
    fn record(&mut self, now: Timestamp, sample: &Sample) {
        let Sample { outcome, latency, first_token, output_tokens, most_tokens, is_good, broken, quota } =
            *sample;
        self.roll_tallies(now);
        self.tallies.filling.add(Tally {
            attempts: 1,
            failures: u32::from(outcome.is_failure()),
            judged: u32::from(is_good.is_some()),
            good: u32::from(is_good == Some(true)),
            ..broken.map(Tally::checked).unwrap_or_default()
        });
        self.quota.requests = quota.requests.or(self.quota.requests);
        self.quota.tokens = quota.tokens.or(self.quota.tokens);
        if !matches!(outcome, Outcome::Success | Outcome::Timeout) {
            return;
        }
        if let Some(latency) = latency {
            self.observe(class(output_tokens.or(most_tokens)), now, micros(latency));
        }
        if let Some(first) = first_token {
            self.observe(FIRST_TOKEN, now, micros(first));
        }
        let rest = latency.zip(first_token).map(|(latency, first)| micros(latency.saturating_sub(first)));
        if let Some((rest, tokens)) = rest.zip(output_tokens.filter(|tokens| *tokens >= LEAST_TOKENS)) {
            self.observe(PER_TOKEN, now, rest / u64::from(tokens - 1));
        }
        let whole = latency.map(|latency| view::scaled(micros(latency), output_tokens));
        if let Some(micros) = whole.or(first_token.map(micros)) {
            self.peak.observe(now, micros);
        }
    }

    fn observe(&mut self, number: usize, now: Timestamp, micros: u64) {
        if let Some(series) = self.series.get_mut(number) {
            series.record(view::floor(number), now, micros);
        }
    }

    fn roll(&mut self, now: Timestamp) {
        for (number, series) in self.series.iter_mut().enumerate() {
            series.roll(view::floor(number), now);
        }
        self.roll_tallies(now);
    }

    fn roll_tallies(&mut self, now: Timestamp) {
        let Self { tallies, quality, .. } = self;
        tallies.roll(now, |tally| tally.attempts, |leaving, age| tally::learn(quality, leaving, age));
    }

    /// With slots of so many seconds.
    fn with_slots(mut self, length: u32) -> Self {
        self.series.iter_mut().for_each(|series| series.slots.length = length);
        self.tallies.length = length;
        self
    }

    fn forget(&mut self, now: Timestamp) {
        self.epoch = self.epoch.wrapping_add(1);
        self.series.iter_mut().for_each(|series| series.forget(now));
        self.tallies.clear(now);
    }
}

/// The number of the series for answers of so many output tokens.
fn class(tokens: Option<u32>) -> usize {
    tokens.map_or(UNKNOWN, |tokens| CLASSES.iter().filter(|most| tokens > **most).count())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("model", &&*self.model).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

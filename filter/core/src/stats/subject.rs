//! One worker's copy of what is known of a target and of each model there, and how it keeps up with the others.

use std::fmt;
use std::time::Duration;

use super::cell::Cell;
use super::{Keys, SYNC, Sample, View, is_past};
use crate::effect::Text;
use crate::models::{self, MOST_MODELS, Proof};
use crate::store::{Store, update};
use crate::time::Timestamp;

/// Most samples that wait to be written down.
pub(super) const PENDING: usize = 64;

/// How often a worker looks for models that others have met.
const LEARN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Target {
    pub(super) keys: Keys,
    /// The first is the one that models share who have none of their own.
    pub(super) subjects: Vec<Subject>,
    /// When the models that callers use were last read.
    learnt: Option<Timestamp>,
}

/// One model at a target.
pub(super) struct Subject {
    key: Text,
    pub(super) model: Text,
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

impl Target {
    pub(super) fn new(keys: Keys) -> Self {
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
    pub(super) fn subject(
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
    pub(super) fn enrol(&mut self, store: &mut dyn Store, model: Option<&str>, now: Timestamp) {
        let Some(model) = model.filter(|model| !self.is_full() && self.find(model).is_none()) else { return };
        if models::enrol(store, &self.keys.models, model, Proof::Known) {
            self.learn(store, now);
        }
    }

    pub(super) fn learn(&mut self, store: &mut dyn Store, now: Timestamp) {
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
    /// Takes in a sample; see [`Stats::record`](super::Stats::record).
    pub(super) fn record(&mut self, store: &mut dyn Store, now: Timestamp, sample: Sample) -> bool {
        let local = self.local.get_or_insert_default();
        local.pending.push((now, sample));
        // That nothing is left is for all workers to know at once.
        let is_urgent = sample.quota.suffices_from(1) > now;
        let is_due = local.is_due(now) || is_urgent || local.pending.len() >= PENDING;
        if is_due {
            local.sync(store, (&self.key, self.slot), now);
        } else {
            local.view.cell.record(now, &sample);
        }
        is_due
    }

    /// Writes down what waits for that.
    pub(super) fn close(&mut self, store: &mut dyn Store, now: Timestamp) {
        if let Some(local) = self.local.as_mut().filter(|local| !local.pending.is_empty()) {
            local.sync(store, (&self.key, self.slot), now);
        }
    }

    /// What the window holds belongs to another time.
    pub(super) fn forget(&mut self, store: &mut dyn Store, now: Timestamp) {
        let local = self.local.get_or_insert_default();
        local.pending.clear();
        local.view.cell = update(store, &self.key, |bytes| {
            let mut cell = Cell::decode(bytes).with_slots(self.slot);
            cell.forget(now);
            (Some(cell.encode()), cell)
        });
    }

    pub(super) fn view(&mut self, store: &mut dyn Store, now: Timestamp) -> Option<&View> {
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

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("model", &&*self.model).finish_non_exhaustive()
    }
}

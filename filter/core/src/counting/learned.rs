//! What a worker has learned, and what others have: a copy of each cell, written down as statistics are, once in [`SYNC`] or
//! when [`PENDING`] lessons wait. So a request costs no shared data; its own lessons count at once.

use std::collections::BTreeMap;

use crate::stats::{SYNC, is_past};
use crate::store::{self, Store};
use crate::time::Timestamp;

/// Most lessons that wait to be written down.
const PENDING: usize = 64;

/// What is learned in a cell of the shared data.
pub(super) trait Subject: Default {
    /// What one answer teaches.
    type Lesson;

    fn read(cell: &[u8]) -> Self;
    fn write(&self) -> Vec<u8>;
    fn learn(&mut self, lesson: &Self::Lesson);
}

/// One worker's copies, by the keys of their cells.
pub(super) struct Learned<S: Subject>(BTreeMap<String, Copy<S>>);

struct Copy<S: Subject> {
    known: S,
    pending: Vec<S::Lesson>,
    synced: Option<Timestamp>,
}

impl<S: Subject> Default for Learned<S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<S: Subject> Learned<S> {
    /// What is known now.
    pub(super) fn known(&mut self, store: &mut dyn Store, key: String, now: Timestamp) -> &S {
        let fresh = self.0.get(&key).is_some_and(|copy| !copy.is_due(now));
        let copy = self.0.entry(key.clone()).or_default();
        if !fresh {
            copy.sync(store, &key, now);
        }
        &copy.known
    }

    pub(super) fn learn(&mut self, store: &mut dyn Store, key: String, now: Timestamp, lesson: S::Lesson) {
        let copy = self.0.entry(key.clone()).or_default();
        copy.known.learn(&lesson);
        copy.pending.push(lesson);
        if copy.is_due(now) || copy.pending.len() >= PENDING {
            copy.sync(store, &key, now);
        }
    }
}

impl<S: Subject> Default for Copy<S> {
    fn default() -> Self {
        Self { known: S::default(), pending: Vec::new(), synced: None }
    }
}

impl<S: Subject> Copy<S> {
    fn is_due(&self, now: Timestamp) -> bool {
        is_past(self.synced, SYNC, now)
    }

    /// Writes down what was learned here and reads what others have learned.
    fn sync(&mut self, store: &mut dyn Store, key: &str, now: Timestamp) {
        let pending = std::mem::take(&mut self.pending);
        self.known = store::update(store, key, |cell| {
            let mut known = cell.map(S::read).unwrap_or_default();
            pending.iter().for_each(|lesson| known.learn(lesson));
            ((!pending.is_empty()).then(|| known.write()), known)
        });
        self.synced = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Conflict, Version};

    /// Counts how often the shared data are read and written.
    #[derive(Default)]
    struct Counted {
        cells: crate::memory::MemoryStore,
        reads: u32,
        writes: u32,
    }

    impl Store for Counted {
        fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
            self.reads += 1;
            self.cells.get(key)
        }

        fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
            self.writes += 1;
            self.cells.set(key, value, expected)
        }
    }

    /// The sum of what was taught.
    #[derive(Clone, Copy, Default, PartialEq, Debug)]
    struct Sum(u8);

    impl Subject for Sum {
        type Lesson = u8;

        fn read(cell: &[u8]) -> Self {
            Self(cell[0])
        }

        fn write(&self) -> Vec<u8> {
            vec![self.0]
        }

        fn learn(&mut self, lesson: &u8) {
            self.0 += lesson;
        }
    }

    const MILLI: u64 = 1_000_000;

    fn known(worker: &mut Learned<Sum>, store: &mut Counted, millis: u64) -> u8 {
        worker.known(store, "k".to_owned(), Timestamp(millis * MILLI)).0
    }

    fn learn(worker: &mut Learned<Sum>, store: &mut Counted, millis: u64, lesson: u8) {
        worker.learn(store, "k".to_owned(), Timestamp(millis * MILLI), lesson);
    }

    #[test]
    fn lessons_count_at_once_here_and_soon_everywhere_and_none_is_lost() {
        let (mut store, mut one, mut other) = (Counted::default(), Learned::default(), Learned::default());
        assert_eq!(known(&mut other, &mut store, 0), 0);
        learn(&mut one, &mut store, 0, 1);
        for millis in 1..10 {
            learn(&mut one, &mut store, millis, 1);
            learn(&mut other, &mut store, millis, 2);
        }
        assert_eq!((known(&mut one, &mut store, 10), known(&mut other, &mut store, 10)), (10, 18));
        assert_eq!(known(&mut other, &mut store, 300), 19, "what waits at the other isn't known yet");
        assert_eq!(known(&mut one, &mut store, 300), 28);
        assert_eq!(known(&mut other, &mut store, 600), 28);
    }

    #[test]
    fn a_burst_costs_two_writes_and_not_one_for_each_request() {
        let (mut store, mut worker) = (Counted::default(), Learned::default());
        for millis in 0..100 {
            let _ = known(&mut worker, &mut store, millis);
            learn(&mut worker, &mut store, millis, 1);
        }
        assert_eq!((store.reads, store.writes), (2, 1), "64 of them, and 36 that wait");
        learn(&mut worker, &mut store, 314, 1);
        assert_eq!(store.writes, 2);
    }

    #[test]
    fn a_clock_that_steps_back_stops_nothing() {
        let (mut store, mut worker) = (Counted::default(), Learned::default());
        learn(&mut worker, &mut store, 10_000, 1);
        learn(&mut worker, &mut store, 5, 1);
        assert_eq!(store.writes, 2);
    }
}

//! What a worker has learned, and what others have: a copy of each cell, written down as statistics are, once in [`SYNC`] or
//! when [`PENDING`] lessons wait. So a request costs no shared data; its own lessons count at once.

use crate::hash::fnv1a;
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

/// Cells of one target or route.
const CELLS: usize = 16;

/// Whose cell it is.
#[derive(Clone, Copy)]
pub(crate) struct Of<'o> {
    /// The number of the target or route in the policy.
    pub(crate) number: usize,
    /// What tells it from all others, in parts.
    pub(crate) name: &'o [&'o str],
    pub(crate) model: &'o str,
}

impl Of<'_> {
    /// Which of its cells: models share one where their names' hashes end alike, so that made up names make up no cells.
    fn cell(&self) -> usize {
        let hash = fnv1a(self.model.bytes());
        (hash ^ hash >> 16) as usize % CELLS
    }

    fn index(&self) -> usize {
        self.number.saturating_mul(CELLS).saturating_add(self.cell())
    }

    fn key(&self, begin: &str) -> String {
        let mut key = [begin, &self.name.concat(), "/"].concat();
        key.push(char::from_digit(self.cell() as u32, 16).unwrap_or('0'));
        key
    }
}

/// One worker's copies, by the numbers of their cells.
pub(super) struct Learned<S: Subject> {
    /// Begins the keys.
    begin: &'static str,
    copies: Vec<Option<Box<Copy<S>>>>,
}

struct Copy<S: Subject> {
    key: String,
    known: S,
    pending: Vec<S::Lesson>,
    synced: Option<Timestamp>,
}

impl<S: Subject> Learned<S> {
    pub(super) fn new(begin: &'static str) -> Self {
        Self { begin, copies: Vec::new() }
    }

    /// What is known now.
    pub(super) fn known(&mut self, store: &mut dyn Store, of: Of<'_>, now: Timestamp) -> Option<&S> {
        let copy = self.copy(of)?;
        if copy.is_due(now) {
            copy.sync(store, now);
        }
        Some(&copy.known)
    }

    pub(super) fn learn(&mut self, store: &mut dyn Store, of: Of<'_>, now: Timestamp, lesson: S::Lesson) {
        let Some(copy) = self.copy(of) else { return };
        copy.known.learn(&lesson);
        copy.pending.push(lesson);
        if copy.is_due(now) || copy.pending.len() >= PENDING {
            copy.sync(store, now);
        }
    }

    /// Writes down all that was learned and not been written yet: no more comes.
    pub(super) fn close(&mut self, store: &mut dyn Store, now: Timestamp) {
        for copy in self.copies.iter_mut().flatten().filter(|copy| !copy.pending.is_empty()) {
            copy.sync(store, now);
        }
    }

    fn copy(&mut self, of: Of<'_>) -> Option<&mut Copy<S>> {
        let index = of.index();
        if index >= self.copies.len() {
            self.copies.resize_with(index.saturating_add(1), || None);
        }
        let begin = self.begin;
        self.copies
            .get_mut(index)
            .map(|copy| &mut **copy.get_or_insert_with(|| Box::new(Copy::new(of.key(begin)))))
    }
}

impl<S: Subject> Copy<S> {
    fn new(key: String) -> Self {
        Self { key, known: S::default(), pending: Vec::new(), synced: None }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        is_past(self.synced, SYNC, now)
    }

    /// Writes down what was learned here and reads what others have learned.
    fn sync(&mut self, store: &mut dyn Store, now: Timestamp) {
        let pending = std::mem::take(&mut self.pending);
        self.known = store::update(store, &self.key, |cell| {
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

    fn worker() -> Learned<Sum> {
        Learned::new("k/")
    }

    const OF: Of<'_> = Of { number: 3, name: &["t"], model: "m" };

    fn known(worker: &mut Learned<Sum>, store: &mut Counted, millis: u64) -> u8 {
        worker.known(store, OF, Timestamp(millis * MILLI)).unwrap().0
    }

    fn learn(worker: &mut Learned<Sum>, store: &mut Counted, millis: u64, lesson: u8) {
        worker.learn(store, OF, Timestamp(millis * MILLI), lesson);
    }

    #[test]
    fn made_up_models_make_up_no_cells() {
        let models: Vec<_> = (0..1_000).map(|n| n.to_string()).collect();
        let of = |model| Of { number: 1, name: &["t", "/", "c"], model };
        let keys: std::collections::BTreeSet<_> = models.iter().map(|model| of(model).key("in/")).collect();
        assert_eq!(keys.len(), CELLS);
        assert!(keys.iter().all(|key| key.starts_with("in/t/c/")));
        assert!(models.iter().all(|model| (CELLS..2 * CELLS).contains(&of(model).index())));
    }

    #[test]
    fn lessons_count_at_once_here_and_soon_everywhere_and_none_is_lost() {
        let (mut store, mut one, mut other) = (Counted::default(), worker(), worker());
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
    fn what_waits_is_written_when_no_more_comes() {
        let (mut store, mut one) = (Counted::default(), worker());
        (0..3).for_each(|_| learn(&mut one, &mut store, 0, 1));
        assert_eq!(known(&mut worker(), &mut store, 0), 1, "the rest of it waits");
        one.close(&mut store, Timestamp(0));
        assert_eq!(known(&mut worker(), &mut store, 0), 3);
        one.close(&mut store, Timestamp(0));
        assert_eq!(store.writes, 2, "once");
    }

    #[test]
    fn a_burst_costs_two_writes_and_not_one_for_each_request() {
        let (mut store, mut worker) = (Counted::default(), worker());
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
        let (mut store, mut worker) = (Counted::default(), worker());
        learn(&mut worker, &mut store, 10_000, 1);
        learn(&mut worker, &mut store, 5, 1);
        assert_eq!(store.writes, 2);
    }
}

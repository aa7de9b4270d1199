//! Several workers that see one target, and the writes that takes.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::store::{Conflict, Version};

#[test]
fn another_worker_s_samples_of_before_count_no_more() {
    let mut store = MemoryStore::default();
    let (mut one, mut other) = (stats(1), stats(2));
    other.view(&mut store, (0, None), at(0));
    for _ in 0..60 {
        other.record(&mut store, (0, None), at(0), sample(9_000_000, 100));
    }
    one.forget(&mut store, (0, None), at(0));
    other.record(&mut store, (0, None), at(1), sample(9_000_000, 100));
    assert_eq!(other.view(&mut store, (0, None), at(1)).expect("known").attempts(), 0);
    other.record(&mut store, (0, None), at(2), sample(1_000_000, 100));
    assert_eq!(one.view(&mut store, (0, None), at(2)).expect("known").attempts(), 1);
}

#[test]
fn what_waits_is_written_when_no_more_comes() {
    let mut store = MemoryStore::default();
    let mut one = stats(1);
    one.begin(&mut store, 0, at(0));
    for _ in 0..3 {
        one.record(&mut store, (0, None), at(0), sample(1_000_000, 100));
    }
    one.end(&mut store, 0, at(0));
    let seen = |store: &mut MemoryStore| {
        let mut other = stats(2);
        (other.view(store, (0, None), at(0)).expect("known").attempts(), other.in_flight(store, 0, at(0)))
    };
    assert_eq!(seen(&mut store), (1, 1), "the rest of it waits");
    one.close(&mut store, at(0));
    assert_eq!(seen(&mut store), (3, 0));
    assert_eq!(one.next_deadline(), None);
}

/// Counts what it is asked, and lets another worker write in between.
struct Contended {
    cells: Rc<RefCell<MemoryStore>>,
    rival: Option<Stats>,
    rivals: u32,
    every: u32,
    reads: u32,
    writes: u32,
}

impl Store for Contended {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.reads += 1;
        self.cells.borrow_mut().get(key)
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        self.writes += 1;
        if let Some(rival) = self.rival.as_mut().filter(|_| self.writes.is_multiple_of(self.every)) {
            self.rivals += 1;
            // By now every sample of the rival is due.
            let now = at(1).after(SYNC * self.rivals);
            rival.record(&mut *self.cells.borrow_mut(), (0, None), now, sample(1_000_000, 100));
        }
        self.cells.borrow_mut().set(key, value, expected)
    }
}

#[test]
fn a_conflict_loses_no_sample() {
    let cells = Rc::new(RefCell::new(MemoryStore::default()));
    let mut store = Contended { cells, rival: Some(stats(2)), rivals: 0, every: 2, reads: 0, writes: 0 };
    let mut own = stats(1);
    for _ in 0..64 * 40 + 1 {
        own.record(&mut store, (0, None), at(1), sample(1_000_000, 100));
    }
    let seen = stats(3).view(&mut store, (0, None), at(20)).expect("known").attempts();
    assert!(store.rivals > 20);
    assert_eq!(seen, 64 * 40 + 1 + store.rivals);
}

#[test]
fn a_worker_writes_once_in_a_quarter_of_a_second_or_for_64_samples() {
    let cells = Rc::default();
    let mut store = Contended { cells, rival: None, rivals: 0, every: u32::MAX, reads: 0, writes: 0 };
    let mut stats = Stats::new(std::iter::once(keys()), 1, false);
    for n in 0..1_000u64 {
        let now = Timestamp(at(1).0 + n * 1_000_000);
        stats.begin(&mut store, 0, now);
        stats.end(&mut store, 0, now);
        stats.record(&mut store, (0, None), now, sample(1_000_000, 100));
        stats.view(&mut store, (0, None), now);
    }
    assert!(store.writes <= 1_000 / 64 + 5, "{}", store.writes);
    assert!(store.reads <= store.writes + 4, "{}", store.reads);
}

/// The exact percentile, nearest rank.
fn exact(all: &[u64], percent: u64) -> u64 {
    let mut all = all.to_vec();
    all.sort_unstable();
    all[(all.len() as u64 * percent).div_ceil(100).max(1) as usize - 1]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn four_workers_in_any_order_give_the_percentiles_of_all(
        all in prop::collection::vec((10_000u64..300_000_000, 0usize..4, 0u64..25_000), 40..600),
    ) {
        let mut store = MemoryStore::default();
        let mut workers: Vec<Stats> = (0..4).map(|vm| stats(vm + 1)).collect();
        for (micros, worker, millis) in &all {
            let now = Timestamp(at(100).0 + millis * 1_000_000);
            workers[*worker].record(&mut store, (0, None), now, sample(*micros, 100));
        }
        let micros: Vec<u64> = all.iter().map(|(micros, ..)| *micros).collect();
        for worker in &mut workers {
            // Each writes down what it holds.
            worker.view(&mut store, (0, None), at(126));
        }
        let view = workers[0].view(&mut store, (0, None), at(127)).expect("known");
        prop_assert_eq!(view.attempts() as usize, all.len());
        for percent in [50, 90, 95] {
            let reported = view.percentile(Measure::Latency, percent, None).expect("forty");
            let exact = exact(&micros, u64::from(percent));
            prop_assert!(is_near(reported, exact), "p{}: {:?} for {}", percent, reported, exact);
        }
    }

    /// Whatever the clock does nothing is lost within a window, and nothing gets stuck.
    #[test]
    fn a_clock_that_steps_back_loses_nothing(steps in prop::collection::vec(0u64..100_000, 1..200)) {
        let (mut store, mut stats) = (MemoryStore::default(), stats(1));
        for (n, second) in steps.iter().enumerate() {
            stats.record(&mut store, (0, None), at(*second), sample(1_000_000, 100));
            stats.begin(&mut store, 0, at(*second));
            prop_assert_eq!(stats.in_flight(&mut store, 0, at(*second)), n as u32 + 1);
        }
        let last = at(*steps.last().expect("one"));
        let seen = stats.view(&mut store, (0, None), last).expect("known").attempts();
        prop_assert!(seen >= 1 && seen as usize <= steps.len());
        // An hour later it is forgotten, whenever that is.
        let seen = stats.view(&mut store, (0, None), last.after(Duration::from_secs(3_600))).expect("known").attempts();
        prop_assert_eq!(seen, 0);
    }
}

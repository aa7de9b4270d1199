//! Attempts under way, over all workers.
//!
//! Each worker has a slot in a cell of its own kind, with its count and a heartbeat. A slot that has been silent for
//! [`LEASE`] counts no more and may be taken by another: its worker has died, or has nothing under way. A worker tells of
//! a change at most once in [`TELL`], and of being alive every [`BEAT`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::slots::seconds;
use crate::store::{Store, update};
use crate::time::Timestamp;

/// Workers with a slot; what any more have under way only they know.
const WORKERS: usize = 64;
const SLOT: usize = 10;
const VERSION: u8 = 1;

const TELL: Duration = Duration::from_millis(250);
const BEAT: Duration = Duration::from_secs(5);
/// In seconds.
const LEASE: u32 = 15;

#[derive(Debug)]
pub(super) struct InFlight {
    /// Not zero.
    vm: u32,
    is_shared: bool,
    counts: Vec<Count>,
    /// Subjects whose slot wants to be written, and when.
    due: BTreeMap<usize, Timestamp>,
}

#[derive(Clone, Debug, Default)]
struct Count {
    own: u32,
    told: u32,
    told_at: Option<Timestamp>,
    others: u32,
    read_at: Option<Timestamp>,
}

impl InFlight {
    pub(super) fn new(subjects: usize, vm: u64, is_shared: bool) -> Self {
        let vm = ((vm ^ (vm >> 32)) as u32).max(1);
        Self { vm, is_shared, counts: vec![Count::default(); subjects], due: BTreeMap::new() }
    }

    /// One more, or one less.
    pub(super) fn change(
        &mut self,
        store: &mut dyn Store,
        number: usize,
        key: &str,
        now: Timestamp,
        by: i32,
    ) {
        let Some(count) = self.counts.get_mut(number) else { return };
        count.own = count.own.saturating_add_signed(by);
        if self.is_shared {
            if is_past(count.told_at, TELL, now) {
                self.tell(store, number, key, now);
            } else {
                self.plan(number);
            }
        }
    }

    pub(super) fn all(&mut self, store: &mut dyn Store, number: usize, key: &str, now: Timestamp) -> u32 {
        let Some(count) = self.counts.get(number) else { return 0 };
        if self.is_shared && is_past(count.read_at, TELL, now) {
            let is_due = count.own != count.told || (count.own > 0 && is_past(count.told_at, BEAT, now));
            if is_due {
                self.tell(store, number, key, now);
            } else {
                let found = store.get(&cell_key(key));
                let others = found.map_or(0, |(bytes, _)| others(&bytes, self.vm, seconds(now)));
                if let Some(count) = self.counts.get_mut(number) {
                    (count.others, count.read_at) = (others, Some(now));
                }
            }
        }
        self.counts.get(number).map_or(0, |count| count.own.saturating_add(count.others))
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.due.values().min().copied()
    }

    pub(super) fn beat<'k>(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        key: impl Fn(usize) -> Option<&'k str>,
    ) {
        self.tell_due(store, (now, now), key);
    }

    /// Tells at once what would have been told later.
    pub(super) fn close<'k>(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        key: impl Fn(usize) -> Option<&'k str>,
    ) {
        self.tell_due(store, (now, Timestamp(u64::MAX)), key);
    }

    /// Tells what is due by this time.
    fn tell_due<'k>(
        &mut self,
        store: &mut dyn Store,
        (now, by): (Timestamp, Timestamp),
        key: impl Fn(usize) -> Option<&'k str>,
    ) {
        let due: Vec<usize> =
            self.due.iter().filter(|(_, due)| **due <= by).map(|(number, _)| *number).collect();
        for number in due {
            self.tell(store, number, key(number).unwrap_or_default(), now);
        }
    }

    /// Writes this worker's slot and reads the others'.
    fn tell(&mut self, store: &mut dyn Store, number: usize, key: &str, now: Timestamp) {
        let Some(count) = self.counts.get_mut(number) else { return };
        let (vm, own) = (self.vm, count.own);
        count.others = update(store, &cell_key(key), |bytes| {
            let mut cell = read(bytes);
            let written = write(&mut cell, vm, seconds(now), own);
            let others = others(&cell, vm, seconds(now));
            (written.then_some(cell), others)
        });
        (count.told, count.told_at, count.read_at) = (own, Some(now), Some(now));
        self.plan(number);
    }

    /// When this subject's slot is to be written next.
    fn plan(&mut self, number: usize) {
        let Some(count) = self.counts.get(number) else { return };
        let at = count.told_at.unwrap_or_default();
        let due = match (count.own == count.told, count.own) {
            (false, _) => Some(at.after(TELL)),
            (true, 0) => None,
            (true, _) => Some(at.after(BEAT)),
        };
        match due {
            Some(due) => self.due.insert(number, due),
            None => self.due.remove(&number),
        };
    }
}

/// Whether so much has passed since; also when the clock has stepped back, or it never was.
pub(crate) fn is_past(since: Option<Timestamp>, time: Duration, now: Timestamp) -> bool {
    since.is_none_or(|since| now < since || now.since(since) >= time)
}

/// Beside the subject's own cell.
fn cell_key(key: &str) -> String {
    [key, "/in_flight"].concat()
}

/// A cell's bytes; fresh ones when it is absent or not one of ours.
fn read(bytes: Option<&[u8]>) -> Vec<u8> {
    let known = bytes.filter(|bytes| bytes.len() == 1 + WORKERS * SLOT && bytes.first() == Some(&VERSION));
    known.map_or_else(
        || {
            let mut fresh = vec![0; 1 + WORKERS * SLOT];
            fresh.iter_mut().take(1).for_each(|version| *version = VERSION);
            fresh
        },
        <[u8]>::to_vec,
    )
}

/// Who a slot belongs to, when it last was heard of, and its count.
fn parts(slot: &[u8; SLOT]) -> (u32, u32, u16) {
    let [a, b, c, d, e, f, g, h, i, j] = *slot;
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]), u16::from_le_bytes([i, j]))
}

fn lives(vm: u32, beat: u32, now: u32) -> bool {
    vm != 0 && now.abs_diff(beat) < LEASE
}

/// Writes a worker's slot, or the first that nobody has; tells whether there was one.
fn write(cell: &mut [u8], vm: u32, now: u32, count: u32) -> bool {
    let (slots, _) = cell.get_mut(1..).unwrap_or_default().as_chunks_mut::<SLOT>();
    let own = slots.iter().position(|slot| parts(slot).0 == vm);
    let free = || slots.iter().position(|slot| !lives(parts(slot).0, parts(slot).1, now));
    let Some(slot) = own.or_else(free).and_then(|index| slots.get_mut(index)) else { return false };
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    // Who has nothing under way needs no slot.
    let vm = if count > 0 { vm } else { 0 };
    let bytes = vm.to_le_bytes().into_iter().chain(now.to_le_bytes()).chain(count.to_le_bytes());
    slot.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    true
}

fn others(cell: &[u8], own: u32, now: u32) -> u32 {
    let known = read(Some(cell));
    let (slots, _) = known.get(1..).unwrap_or_default().as_chunks::<SLOT>();
    let living = slots.iter().map(parts).filter(|(vm, beat, _)| *vm != own && lives(*vm, *beat, now));
    living.map(|(.., count)| u32::from(count)).fold(0, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use proptest::prelude::*;

    const KEY: &str = "a";

    fn at(millis: u64) -> Timestamp {
        Timestamp(1_700_000_000_000_000_000 + millis * 1_000_000)
    }

    /// Runs a worker's timers up to this time.
    fn run(worker: &mut InFlight, store: &mut MemoryStore, until: Timestamp) {
        while let Some(due) = worker.next_deadline().filter(|due| *due <= until) {
            worker.beat(store, due, |_| Some(KEY));
        }
    }

    #[test]
    fn every_worker_knows_what_all_have_under_way() {
        let mut store = MemoryStore::default();
        let mut workers: Vec<InFlight> = (1..=3).map(|vm| InFlight::new(1, vm, true)).collect();
        for (n, worker) in workers.iter_mut().enumerate() {
            (0..=n).for_each(|_| worker.change(&mut store, 0, KEY, at(0), 1));
        }
        for worker in &mut workers {
            run(worker, &mut store, at(300));
        }
        assert!(workers.iter_mut().all(|worker| worker.all(&mut store, 0, KEY, at(600)) == 6));
    }

    #[test]
    fn what_a_dead_worker_had_under_way_stops_counting() {
        let mut store = MemoryStore::default();
        let (mut dies, mut lives) = (InFlight::new(1, 1, true), InFlight::new(1, 2, true));
        dies.change(&mut store, 0, KEY, at(0), 1);
        lives.change(&mut store, 0, KEY, at(0), 1);
        let mut counted = |lives: &mut InFlight, millis| {
            run(lives, &mut store, at(millis));
            lives.all(&mut store, 0, KEY, at(millis))
        };
        assert_eq!(counted(&mut lives, 14_000), 2);
        assert_eq!(counted(&mut lives, 16_000), 1);
        // A long attempt of one that lives counts on.
        let mut other = InFlight::new(1, 3, true);
        for minute in 1..10 {
            run(&mut lives, &mut store, at(minute * 60_000));
            assert_eq!(other.all(&mut store, 0, KEY, at(minute * 60_000)), 1);
        }
    }

    #[test]
    fn asking_often_does_not_put_off_the_heartbeat() {
        let mut store = MemoryStore::default();
        let (mut asks, mut other) = (InFlight::new(1, 1, true), InFlight::new(1, 2, true));
        asks.change(&mut store, 0, KEY, at(0), 1);
        for n in 0..200 {
            asks.all(&mut store, 0, KEY, at(n * 300));
        }
        assert_eq!(other.all(&mut store, 0, KEY, at(200 * 300)), 1);
    }

    #[test]
    fn nothing_under_way_needs_no_timer_and_no_slot() {
        let mut store = MemoryStore::default();
        let mut worker = InFlight::new(1, 1, true);
        worker.change(&mut store, 0, KEY, at(0), 1);
        worker.change(&mut store, 0, KEY, at(10), -1);
        assert_eq!(worker.next_deadline(), Some(at(250)), "the others still count it");
        run(&mut worker, &mut store, at(250));
        assert_eq!(worker.next_deadline(), None);
        let (cell, _) = store.get("a/in_flight").expect("written");
        assert!(cell.get(1..5) == Some(&[0; 4]));
    }

    #[test]
    fn where_nobody_asks_nothing_is_written() {
        let mut store = MemoryStore::default();
        let mut worker = InFlight::new(1, 1, false);
        (0..3).for_each(|_| worker.change(&mut store, 0, KEY, at(0), 1));
        assert_eq!((worker.all(&mut store, 0, KEY, at(0)), worker.next_deadline()), (3, None));
        assert!(store.get("a/in_flight").is_none());
    }

    #[test]
    fn workers_without_a_slot_count_for_themselves() {
        let mut store = MemoryStore::default();
        let mut workers: Vec<InFlight> =
            (0..=WORKERS as u64).map(|vm| InFlight::new(1, vm + 1, true)).collect();
        workers.iter_mut().for_each(|worker| worker.change(&mut store, 0, KEY, at(0), 1));
        assert_eq!(workers[WORKERS].all(&mut store, 0, KEY, at(300)), WORKERS as u32 + 1);
        assert_eq!(workers[0].all(&mut store, 0, KEY, at(300)), WORKERS as u32);
    }

    proptest! {
        #[test]
        fn any_cell_can_be_used(bytes in prop::collection::vec(any::<u8>(), 1 + WORKERS * SLOT), millis in 0u64..1 << 40) {
            let (mut bytes, mut store) = (bytes, MemoryStore::default());
            bytes[0] = VERSION;
            store.set("a/in_flight", &bytes, None).expect("written");
            let mut worker = InFlight::new(1, 1, true);
            worker.change(&mut store, 0, KEY, at(millis), 1);
            prop_assert!(worker.all(&mut store, 0, KEY, at(millis)) >= 1);
        }

        /// Beginning and ending in any order, with any pauses: when all is over, all workers know it.
        #[test]
        fn in_the_end_nothing_is_under_way(steps in prop::collection::vec((0usize..3, any::<bool>(), 0u64..400), 1..100)) {
            let mut store = MemoryStore::default();
            let mut workers: Vec<InFlight> = (1..=3).map(|vm| InFlight::new(1, vm, true)).collect();
            let (mut own, mut now) = ([0i32; 3], 0);
            for (worker, begins, pause) in steps {
                now += pause;
                let by = if begins { 1 } else { -i32::from(own[worker] > 0) };
                own[worker] += by;
                workers[worker].change(&mut store, 0, KEY, at(now), by);
            }
            for worker in 0..3 {
                workers[worker].change(&mut store, 0, KEY, at(now), -own[worker]);
            }
            for worker in &mut workers {
                run(worker, &mut store, at(now + 1_000));
            }
            prop_assert!(workers.iter_mut().all(|worker| worker.all(&mut store, 0, KEY, at(now + 2_000)) == 0));
        }
    }
}

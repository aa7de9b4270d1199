use proptest::prelude::*;

use super::*;
use crate::memory::MemoryStore;
use crate::store::{Conflict, Version};

const SECOND: u64 = 1_000_000_000;

fn bound(share_bp: u32, at_least_per_second: u32) -> Bound {
    Bound { key: Text::Word("b"), slot: Duration::from_secs(1), share_bp, at_least_per_second }
}

fn at(tenths: u64) -> Timestamp {
    Timestamp(tenths * SECOND / 10)
}

/// One worker alone with its cell.
#[derive(Default)]
struct One {
    store: MemoryStore,
    unwritten: Unwritten,
}

impl One {
    fn requests(&mut self, bound: &Bound, now: Timestamp, count: u32) {
        for _ in 0..count {
            bound.request(&mut self.unwritten, now, &mut self.store);
        }
    }

    /// How many of so many extra attempts are admitted.
    fn admitted(&mut self, bound: &Bound, now: Timestamp, count: u32) -> u32 {
        (0..count).map(|_| u32::from(bound.admit(&mut self.unwritten, now, &mut self.store))).sum()
    }
}

#[test]
fn the_share_is_that_of_the_requests_in_the_window() {
    let (mut one, bound) = (One::default(), bound(1_000, 0));
    one.requests(&bound, at(0), 99);
    assert_eq!(one.admitted(&bound, at(5), 50), 9);
    one.requests(&bound, at(50), 1);
    assert_eq!(one.admitted(&bound, at(50), 50), 1, "ten of a hundred");
    one.requests(&bound, at(102), 40);
    assert_eq!(one.admitted(&bound, at(102), 50), 3, "of the last forty-one, but one of theirs is used");
    assert_eq!(one.admitted(&bound, at(500), 50), 0, "all of it has left the window");
}

#[test]
fn requests_that_wait_are_written_when_no_more_come() {
    let (mut one, bound) = (One::default(), bound(1_000, 0));
    one.requests(&bound, at(0), 50);
    let mut next = One { store: one.store.clone(), ..One::default() };
    assert_eq!(next.admitted(&bound, at(1), 50), 0, "all of it waits");
    bound.close(&mut one.unwritten, at(1), &mut one.store);
    let mut next = One { store: one.store.clone(), ..One::default() };
    assert_eq!(next.admitted(&bound, at(1), 50), 5);
}

#[test]
fn the_floor_holds_in_every_second_however_few_requests_there_are() {
    let (mut one, bound) = (One::default(), bound(1_000, 3));
    for second in [0, 1, 2, 60, 61, 86_400 * 60] {
        assert_eq!(one.admitted(&bound, at(second * 10), 10), 3, "second {second}");
    }
    one.requests(&bound, at(864_000_000), 100);
    assert_eq!(one.admitted(&bound, at(864_000_000), 20), 10, "the larger of the two, not their sum");
}

#[test]
fn nothing_is_admitted_by_an_empty_budget() {
    let (mut one, bound) = (One::default(), bound(0, 0));
    one.requests(&bound, at(0), 1_000);
    assert_eq!(one.admitted(&bound, at(0), 10), 0);
}

#[test]
fn attempts_that_others_made_use_up_the_share_and_never_the_floor() {
    let (mut one, bound) = (One::default(), bound(1_000, 2));
    one.requests(&bound, at(0), 100);
    for _ in 0..8 {
        bound.foreign(&mut one.unwritten, at(0), &mut one.store);
    }
    assert_eq!(one.admitted(&bound, at(0), 10), 2);
    for _ in 0..1_000 {
        bound.foreign(&mut one.unwritten, at(10), &mut one.store);
    }
    assert_eq!(one.admitted(&bound, at(10), 10), 2, "the floor");
}

#[test]
fn a_request_costs_shared_data_nothing_but_once_in_a_slot() {
    #[derive(Default)]
    struct Counting(MemoryStore, u32);
    impl Store for Counting {
        fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
            self.1 += 1;
            self.0.get(key)
        }
        fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
            self.0.set(key, value, expected)
        }
    }
    let (mut store, mut unwritten, bound) = (Counting::default(), Unwritten::default(), bound(1_000, 0));
    for thousandth in 0..5_000 {
        bound.request(&mut unwritten, Timestamp(thousandth * SECOND / 1_000), &mut store);
    }
    assert_eq!(store.1, 4);
    assert_eq!(unwritten.requests, 1_000);
}

#[test]
fn a_clock_that_steps_back_stops_nothing_for_longer_than_a_window() {
    let (mut one, bound) = (One::default(), bound(1_000, 3));
    assert_eq!(one.admitted(&bound, at(1_000), 10), 3);
    assert_eq!(one.admitted(&bound, at(950), 10), 0, "counted in the newest second");
    assert_eq!(one.admitted(&bound, at(10), 10), 3, "begun anew");
}

#[test]
fn what_cannot_be_read_begins_anew_and_what_cannot_be_written_admits_nothing() {
    struct Deaf;
    impl Store for Deaf {
        fn get(&mut self, _: &str) -> Option<(Vec<u8>, Version)> {
            None
        }
        fn set(&mut self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
            Err(Conflict)
        }
    }
    let bound = bound(10_000, 10);
    assert!(!bound.admit(&mut Unwritten { requests: 9, since: at(0) }, at(0), &mut Deaf));

    for bytes in [vec![], vec![1; 3], vec![7; SIZE], vec![1; SIZE + 1], vec![0xff; SIZE]] {
        let mut one = One::default();
        one.store.set("b", &bytes, None).unwrap();
        assert_eq!(one.admitted(&bound, at(0), 20), 10, "{} bytes", bytes.len());
    }
}

#[test]
fn a_cell_is_what_was_written() {
    let mut counts = Counts::default();
    counts.roll(12_345);
    counts.add(12_340, Slot { requests: 7, admitted: 2, foreign: 1 });
    counts.add(12_345, Slot { requests: u32::MAX, admitted: 9, foreign: 4 });
    assert_eq!(Counts::decode(&counts.encode()), Some(counts.clone()));
    assert_eq!(counts.encode().len(), SIZE);
}

/// What a worker does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Requests(u8),
    Extra(u8),
    Foreign,
}

/// Several workers at one cell. Each write may find that another worker acted in between.
struct Workers<'a> {
    cells: MemoryStore,
    unwritten: &'a mut [Unwritten],
    bound: &'a Bound,
    now: Timestamp,
    /// What others do between this worker's read and its write, one at each.
    between: Vec<(usize, Act)>,
    requests: u64,
    admitted: u64,
}

impl Workers<'_> {
    fn act(&mut self, worker: usize, act: Act) {
        let Some(mut unwritten) = self.unwritten.get(worker).copied() else { return };
        let (bound, now) = (self.bound, self.now);
        match act {
            Act::Requests(count) => {
                for _ in 0..count {
                    self.requests += 1;
                    bound.request(&mut unwritten, now, self);
                }
            }
            Act::Extra(count) => {
                for _ in 0..count {
                    self.admitted += u64::from(bound.admit(&mut unwritten, now, self));
                }
            }
            Act::Foreign => bound.foreign(&mut unwritten, now, self),
        }
        self.unwritten[worker] = unwritten;
    }
}

impl Store for Workers<'_> {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.cells.get(key)
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        // Who comes between isn't interrupted in turn: a worker has one thread.
        let mut between = std::mem::take(&mut self.between);
        if let Some((worker, act)) = between.pop() {
            self.act(worker, act);
        }
        self.between = between;
        self.cells.set(key, value, expected)
    }
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..40_u8).prop_map(Act::Requests),
        3 => (1..8_u8).prop_map(Act::Extra),
        1 => Just(Act::Foreign),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    /// One worker acts, and others between its reads and writes.
    #[test]
    fn all_workers_together_never_pass_share_and_floor(
        steps in prop::collection::vec(
            (0..4_usize, acts(), 0..8_u64, prop::collection::vec((1..4_usize, acts()), 0..3)),
            1..120,
        ),
        workers in 2..=4_usize,
        share_bp in 0..10_000_u32,
        floor in 0..5_u32,
    ) {
        let bound = bound(share_bp, floor);
        let mut unwritten = vec![Unwritten::default(); workers];
        let mut world = Workers {
            cells: MemoryStore::default(),
            unwritten: &mut unwritten,
            bound: &bound,
            now: at(0),
            between: Vec::new(),
            requests: 0,
            admitted: 0,
        };
        // The cell is there, so none is lost in making it.
        world.cells.set("b", &Counts::default().encode(), None).unwrap();
        let mut tenths = 0;
        for (worker, act, pause, between) in steps {
            tenths += pause;
            world.now = at(tenths);
            let worker = worker % workers;
            world.between = between
                .into_iter()
                .map(|(other, act)| ((worker + 1 + other % (workers - 1)) % workers, act))
                .collect();
            world.act(worker, act);
            world.between.clear();
            let paid = world.requests * u64::from(share_bp) / 10_000;
            let seconds = tenths / 10 + 1;
            prop_assert!(
                world.admitted <= paid + u64::from(floor) * seconds,
                "{} of {} requests in {seconds} s", world.admitted, world.requests
            );
        }
    }

    #[test]
    fn what_the_share_pays_for_is_admitted(requests in 0..300_u32, share_bp in 0..=10_000_u32, spread in 1..90_u64) {
        let (mut one, bound) = (One::default(), bound(share_bp, 0));
        for n in 0..requests {
            one.requests(&bound, at(u64::from(n) * spread / 300), 1);
        }
        let wanted = u64::from(requests) * u64::from(share_bp) / 10_000;
        prop_assert_eq!(u64::from(one.admitted(&bound, at(spread), 305)), wanted);
    }
}

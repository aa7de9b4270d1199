//! Workers that share a store and get in each other's way.

use std::collections::VecDeque;

use super::*;
use crate::memory::MemoryStore;
use crate::models::MOST_MODELS;
use crate::store::{Conflict, Store, Version};
use crate::telemetry::Outcome;
use proptest::prelude::*;
use seawall_policy::policy::TargetId;

fn plan(rules: Rules, model: Option<&str>) -> PostPlan {
    PostPlan {
        rules,
        breaker: "standard".into(),
        target: TargetId(0),
        key: "breaker/standard/primary/cluster".to_owned(),
        models_key: "models/primary/cluster".to_owned(),
        model: model.map(str::to_owned),
    }
}

fn guards(rules: Rules, model: Option<&str>) -> Guards {
    Guards::new(std::iter::once(plan(rules, model)))
}

const POST: Post = Post(0);

impl Guards {
    fn try_admit(&mut self, store: &mut dyn Store, seconds: u64, model: &str) -> Option<Permit> {
        self.admit(store, at(seconds), (POST, Some(model)), SMALL).expect("a post").0.ok()
    }

    fn one(&mut self, store: &mut dyn Store, seconds: u64, model: &str, outcome: Outcome) -> Option<News> {
        let permit = self.try_admit(store, seconds, model).expect("admitted");
        self.settle(store, at(seconds), (POST, Some(model)), permit, Some(&Finding::plain(outcome)))
    }

    fn state_of(&mut self, store: &mut dyn Store, model: &str) -> BreakerState {
        let known = self.known(store);
        known.iter().find(|known| *known.model == *model).map(Known::state).expect("a guard")
    }
}

#[test]
fn a_sick_model_does_not_close_a_healthy_one() {
    let (mut store, mut worker, mut other) =
        (MemoryStore::default(), guards(rules(), None), guards(rules(), None));
    for _ in 0..3 {
        assert_eq!(worker.one(&mut store, 1, "sick", Outcome::ServerError), None);
        worker.one(&mut store, 1, "healthy", Outcome::Success);
    }
    let news =
        worker.one(&mut store, 1, "sick", Outcome::ServerError).expect("it trips, at its own fourth error");
    assert_eq!((&*news.model, news.transition.to), ("sick", BreakerState::Open));
    for worker in [&mut worker, &mut other] {
        assert_eq!(worker.try_admit(&mut store, 2, "sick"), None);
        assert!(worker.try_admit(&mut store, 2, "healthy").is_some());
        assert!(worker.try_admit(&mut store, 2, "new").is_some());
    }
    assert_eq!(other.worst(&mut store, TargetId(0)), BreakerState::Open);
}

#[test]
fn the_models_that_have_no_place_share_one_guard() {
    let (mut store, mut worker) = (MemoryStore::default(), guards(rules(), None));
    for n in 0..MOST_MODELS {
        worker.one(&mut store, 1, &format!("model-{n}"), Outcome::Success);
    }
    for _ in 0..4 {
        worker.one(&mut store, 1, "late-a", Outcome::ServerError);
    }
    assert_eq!(worker.try_admit(&mut store, 2, "late-b"), None);
    assert!(worker.try_admit(&mut store, 2, "model-63").is_some());
    assert_eq!(worker.known(&mut store).len(), MOST_MODELS + 1);
}

#[test]
fn a_name_that_no_provider_has_answered_takes_no_place() {
    let (mut store, mut worker) = (MemoryStore::default(), guards(rules(), None));
    for n in 0..1_000 {
        let model = format!("made-up-{n}");
        let permit = worker.try_admit(&mut store, 1, &model).expect("closed");
        let finding = Finding::plain(Outcome::ClientError);
        worker.settle(&mut store, at(1), (POST, Some(&model)), permit, Some(&finding));
    }
    assert_eq!(worker.known(&mut store).len(), 1);
}

#[test]
fn names_made_up_while_the_provider_fails_leave_places_to_models_that_it_knows() {
    for outcome in [Outcome::ServerError, Outcome::Overloaded, Outcome::Throttled, Outcome::Truncated] {
        let lenient = Rules { errors: Vec::new(), ..rules() };
        let (mut store, mut worker, mut other) =
            (MemoryStore::default(), guards(lenient.clone(), None), guards(rules(), None));
        for n in 0..200 {
            worker.one(&mut store, 1, &format!("made-up-{n}"), outcome);
        }
        for _ in 0..4 {
            other.one(&mut store, 2, "sick", Outcome::Success);
        }
        for _ in 0..5 {
            other.one(&mut store, 2, "sick", Outcome::ServerError);
        }
        assert_eq!(other.state_of(&mut store, "sick"), BreakerState::Open, "{outcome:?}");
        assert!(other.try_admit(&mut store, 3, "healthy").is_some(), "{outcome:?}");
        assert!(worker.known(&mut store).len() < MOST_MODELS / 2, "{outcome:?}");
    }
}

#[test]
fn where_the_policy_sets_the_model_the_callers_makes_no_difference() {
    let (mut store, mut worker) = (MemoryStore::default(), guards(rules(), Some("gpt-4.1")));
    for model in ["a", "b", "c", "d"] {
        worker.one(&mut store, 1, model, Outcome::ServerError);
    }
    assert_eq!(worker.try_admit(&mut store, 2, "e"), None);
    assert_eq!(worker.known(&mut store).len(), 1);
    assert_eq!(worker.state_of(&mut store, "gpt-4.1"), BreakerState::Open);
}

#[test]
fn a_change_is_told_by_the_worker_that_made_it_and_what_is_forced_by_each_once() {
    let mut store = MemoryStore::default();
    let rules = Rules { force: Some(Forced::Open), ..rules() };
    for mut worker in [guards(rules.clone(), None), guards(rules, None)] {
        let mut ask = || worker.admit(&mut store, at(1), (POST, None), SMALL).expect("a post");
        let (admitted, news) = ask();
        assert_eq!(admitted, Err(at(31)));
        assert_eq!(news.map(|news| news.transition.cause), Some(Cause::Forced));
        assert_eq!(ask().1, None);
    }
    assert_eq!(store.get("breaker/standard/primary/cluster/"), None, "nothing is kept of it");
}

/// A store in which other workers write between one worker's read and its write.
struct Contended<'a> {
    cells: &'a mut MemoryStore,
    others: VecDeque<Act<'a>>,
}

type Act<'a> = Box<dyn FnOnce(&mut MemoryStore) + 'a>;

impl Store for Contended<'_> {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.cells.get(key)
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        if let Some(act) = self.others.pop_front() {
            act(self.cells);
        }
        self.cells.set(key, value, expected)
    }
}

#[test]
fn of_workers_that_see_the_end_of_the_cooldown_together_one_leads_the_probe() {
    let mut cells = MemoryStore::default();
    let mut workers: Vec<Guards> = (0..4).map(|_| guards(rules(), Some("m"))).collect();
    for _ in 0..4 {
        workers[0].one(&mut cells, 100, "m", Outcome::ServerError);
    }
    let mut admitted = [None; 4];
    let (first, others) = workers.split_first_mut().expect("four");
    let (mine, theirs) = admitted.split_first_mut().expect("four");
    let acts = others
        .iter_mut()
        .zip(theirs)
        .map(|(worker, permit)| -> Act<'_> { Box::new(|cells| *permit = worker.try_admit(cells, 130, "m")) });
    let mut store = Contended { cells: &mut cells, others: acts.collect() };
    *mine = first.try_admit(&mut store, 130, "m");
    drop(store);
    assert_eq!(admitted.iter().flatten().count(), 1);
}

/// A host that stores nothing any more.
struct Dead(MemoryStore);

impl Store for Dead {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.0.get(key)
    }

    fn set(&mut self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Err(Conflict)
    }
}

#[test]
fn a_probe_that_could_not_be_written_down_is_none() {
    let (mut cells, mut worker) = (MemoryStore::default(), guards(rules(), Some("m")));
    for _ in 0..4 {
        worker.one(&mut cells, 100, "m", Outcome::ServerError);
    }
    assert_eq!(worker.try_admit(&mut Dead(cells), 130, "m"), None);
}

#[test]
fn a_beginning_that_could_not_be_written_down_is_tried_again() {
    let (mut cells, mut worker) = (MemoryStore::default(), guards(rules(), Some("m")));
    for _ in 0..4 {
        worker.one(&mut cells, 100, "m", Outcome::ServerError);
    }
    let permit = worker.try_admit(&mut cells, 130, "m").expect("probe");
    let mut dead = Dead(cells);
    assert_eq!(worker.begin(&mut dead, at(131), POST, permit), None);
    let (begun, _) = worker.begin(&mut dead.0, at(132), POST, permit).expect("written");
    assert!(permit.is_awaited() && !begun.is_awaited());
    assert_eq!(std::iter::from_fn(|| worker.try_admit(&mut dead.0, 133, "m")).count(), 5, "the next stage");
}

#[derive(Clone, Debug)]
enum Step {
    Ask {
        worker: usize,
    },
    /// The answer of an attempt begins.
    Begin {
        worker: usize,
        pick: usize,
    },
    End {
        worker: usize,
        pick: usize,
        /// Nothing when the client has gone.
        finding: Option<(Outcome, u64)>,
    },
    /// The worker's VM dies, with its attempts.
    Die {
        worker: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let finding = prop_oneof![
        4 => Just(Some((Outcome::Success, 0))),
        4 => Just(Some((Outcome::ServerError, 0))),
        1 => Just(None),
        1 => (1u64..40).prop_map(|seconds| Some((Outcome::Throttled, seconds))),
    ];
    prop_oneof![
        12 => (0usize..4).prop_map(|worker| Step::Ask { worker }),
        4 => (0usize..4, 0usize..64).prop_map(|(worker, pick)| Step::Begin { worker, pick }),
        12 => (0usize..4, 0usize..64, finding)
            .prop_map(|(worker, pick, finding)| Step::End { worker, pick, finding }),
        1 => (0usize..4).prop_map(|worker| Step::Die { worker }),
    ]
}

/// A VM: what it knows, and its attempts under way with when they began.
type Worker = (Guards, Vec<(u64, Permit)>);

struct World {
    workers: Vec<Worker>,
    now: u64,
}

impl World {
    fn new(workers: usize) -> Self {
        let workers = (0..workers).map(|_| (guards(rules(), Some("m")), Vec::new())).collect();
        Self { workers, now: 1_000 }
    }

    /// One step, between whose reads and writes others may act.
    fn run(&mut self, cells: &mut MemoryStore, step: &Step, between: &[Step]) {
        let now = self.now;
        let count = self.workers.len();
        let mine = step.worker() % count;
        let mut taken = std::mem::replace(&mut self.workers[mine], (guards(rules(), Some("m")), Vec::new()));
        {
            let world = std::cell::RefCell::new(&mut *self);
            let others =
                between.iter().filter(|other| other.worker() % count != mine).map(|other| -> Act<'_> {
                    let world = &world;
                    Box::new(move |cells| world.borrow_mut().run(cells, other, &[]))
                });
            let mut store = Contended { cells, others: others.collect() };
            act(&mut taken, &mut store, now, step);
        }
        self.workers[mine] = taken;
    }
}

impl Step {
    fn worker(&self) -> usize {
        match self {
            Step::Ask { worker }
            | Step::Begin { worker, .. }
            | Step::End { worker, .. }
            | Step::Die { worker } => *worker,
        }
    }
}

fn act((guards_here, out): &mut Worker, store: &mut dyn Store, now: u64, step: &Step) {
    match step {
        Step::Ask { .. } => out.extend(guards_here.try_admit(store, now, "m").map(|permit| (now, permit))),
        Step::Begin { pick, .. } if !out.is_empty() => {
            let pick = pick % out.len();
            let (_, permit) = &mut out[pick];
            if permit.is_awaited()
                && let Some((begun, _)) = guards_here.begin(store, at(now), POST, *permit)
            {
                *permit = begun;
            }
        }
        Step::End { pick, finding, .. } if !out.is_empty() => {
            let (_, permit) = out.swap_remove(pick % out.len());
            let finding =
                finding.map(|(outcome, wait)| Finding { wait: Some(secs(wait)), ..Finding::plain(outcome) });
            guards_here.settle(store, at(now), (POST, Some("m")), permit, finding.as_ref());
        }
        Step::Begin { .. } | Step::End { .. } => {}
        Step::Die { .. } => (*guards_here, *out) = (guards(rules(), Some("m")), Vec::new()),
    }
}

fn cell(cells: &mut MemoryStore) -> Breaker {
    let cell = cells.get("breaker/standard/primary/cluster/m");
    Breaker::decode(cell.as_ref().map(|(bytes, _)| bytes.as_slice())).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// However many workers share it, however their reads and writes fall between each other, and whoever dies: there are
    /// never more probes out than the stage has, and it closes once its target works.
    #[test]
    fn workers_together_keep_what_one_would(
        count in 2usize..5,
        steps in prop::collection::vec((0u64..15, step(), prop::collection::vec(step(), 0..4)), 1..200),
    ) {
        let (mut cells, mut world) = (MemoryStore::default(), World::new(count));
        for (pause, step, between) in &steps {
            world.now += pause;
            world.run(&mut cells, step, between);
            let breaker = cell(&mut cells);
            if let Phase::HalfOpen { stage, admitted, succeeded, .. } = breaker.phase {
                let probes = world.workers.iter().flat_map(|(_, out)| out).filter(|(begun, permit)| {
                    // One that has overstayed its time no longer holds a place.
                    permit.is_probe_of(&breaker) && world.now - begun < SMALL.longest.as_secs()
                });
                prop_assert!(probes.count() as u32 <= admitted - succeeded && admitted <= rules().probes(stage));
            }
        }
        world.now += LONGEST_RESET.as_secs();
        for turn in 0..60 {
            world.now += 30;
            let worker = turn % count;
            let (guards, _) = &mut world.workers[worker];
            if let Some(permit) = guards.try_admit(&mut cells, world.now, "m") {
                guards.settle(&mut cells, at(world.now), (POST, Some("m")), permit, Some(&Finding::plain(Outcome::Success)));
            }
        }
        prop_assert_eq!(cell(&mut cells).state(), BreakerState::Closed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Whoever makes the attempts, whenever they began and whatever each worker keeps to itself: it opens with the error that
    /// completes the row, and not before.
    #[test]
    fn a_row_of_errors_is_that_of_all_workers_together(
        count in 1usize..5,
        most in 1u32..6,
        steps in prop::collection::vec((0u64..3, 0usize..4, 0usize..64, prop::option::of(any::<bool>())), 1..200),
    ) {
        let rules = Rules { errors: Vec::new(), errors_in_a_row: Some(most), ..rules() };
        let mut cells = MemoryStore::default();
        let mut workers: Vec<Worker> =
            (0..count).map(|_| (guards(rules.clone(), Some("m")), Vec::new())).collect();
        let (mut now, mut row) = (1_000, 0);
        for (pause, worker, pick, ended) in steps {
            now += pause;
            let (guards_here, out) = &mut workers[worker % count];
            let Some(is_success) = ended else {
                out.extend(guards_here.try_admit(&mut cells, now, "m").map(|permit| (now, permit)));
                continue;
            };
            if out.is_empty() {
                continue;
            }
            let (_, permit) = out.swap_remove(pick % out.len());
            let outcome = if is_success { Outcome::Success } else { Outcome::ServerError };
            guards_here.settle(&mut cells, at(now), (POST, Some("m")), permit, Some(&Finding::plain(outcome)));
            row = if is_success { 0 } else { row + 1 };
            let expected = if row == most { BreakerState::Open } else { BreakerState::Closed };
            prop_assert_eq!(cell(&mut cells).state(), expected, "{} of {}", row, most);
            if row == most {
                break;
            }
        }
    }
}

/// Counts how often a cell is read.
#[derive(Default)]
struct Read {
    cells: MemoryStore,
    count: u32,
}

impl Store for Read {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.count += 1;
        self.cells.get(key)
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        self.cells.set(key, value, expected)
    }
}

#[test]
fn a_closed_breaker_is_looked_at_once_in_a_millisecond_and_after_every_error() {
    let (mut store, mut worker) = (Read::default(), guards(rules(), Some("m")));
    let mut reads = |worker: &mut Guards, micros: u64, outcome: Outcome| {
        let now = Timestamp(at(1).0 + micros * 1_000);
        let before = store.count;
        let permit = worker.admit(&mut store, now, (POST, Some("m")), SMALL).unwrap().0.unwrap();
        let reads = store.count - before;
        worker.settle(&mut store, now, (POST, Some("m")), permit, Some(&Finding::plain(outcome)));
        reads
    };
    assert_eq!(reads(&mut worker, 0, Outcome::Success), 1);
    assert_eq!(reads(&mut worker, 1, Outcome::Success), 0);
    assert_eq!(reads(&mut worker, 999, Outcome::ServerError), 0);
    assert_eq!(reads(&mut worker, 999, Outcome::Success), 1, "something was counted there");
    assert_eq!(reads(&mut worker, 1_998, Outcome::Success), 0);
    assert_eq!(reads(&mut worker, 1_999, Outcome::Success), 1);
    assert_eq!(reads(&mut worker, 1_000, Outcome::Success), 1, "the clock has stepped back");
}

#[test]
fn what_another_worker_has_opened_is_closed_here_for_a_millisecond_at_most() {
    let (mut store, mut worker, mut other) =
        (MemoryStore::default(), guards(rules(), Some("m")), guards(rules(), Some("m")));
    let micros = |micros: u64| Timestamp(at(1).0 + micros * 1_000);
    let admits = |worker: &mut Guards, store: &mut MemoryStore, now| {
        worker.admit(store, now, (POST, Some("m")), SMALL).unwrap().0.is_ok()
    };
    assert!(admits(&mut worker, &mut store, micros(0)));
    for _ in 0..4 {
        other.one(&mut store, 1, "m", Outcome::ServerError);
    }
    assert!(admits(&mut worker, &mut store, micros(999)));
    assert!(!admits(&mut worker, &mut store, micros(1_000)));
}

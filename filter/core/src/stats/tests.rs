use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::memory::MemoryStore;
use crate::rng::{Rng, Seed};
use crate::store::{Conflict, Version};

pub(super) const MEASURES: [Measure; 3] = [Measure::Latency, Measure::FirstToken, Measure::PerToken];

/// A success after so many microseconds.
pub(super) fn sample(micros: u64, tokens: u32) -> Sample {
    Sample {
        outcome: Outcome::Success,
        latency: Some(Duration::from_micros(micros)),
        first_token: Some(Duration::from_micros(micros / 4)),
        output_tokens: Some(tokens),
        most_tokens: None,
        is_good: Some(true),
        quota: Quota::default(),
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(1_700_000_000_000_000_000 + seconds * 1_000_000_000)
}

fn keys() -> Keys {
    Keys {
        cells: "seawall/stats/a/c".into(),
        models: "seawall/models/a/c".into(),
        named: Vec::new(),
        slot: 30,
    }
}

fn stats(vm: u64) -> Stats {
    Stats::new(std::iter::once(keys()), vm, true)
}

fn is_near(reported: Duration, exact: u64) -> bool {
    (reported.as_micros() as f64 - exact as f64).abs() <= exact as f64 * sketch::ERROR + 1.0
}

/// The exact percentile, nearest rank.
fn exact(all: &[u64], percent: u64) -> u64 {
    let mut all = all.to_vec();
    all.sort_unstable();
    all[(all.len() as u64 * percent).div_ceil(100).max(1) as usize - 1]
}

/// One target at virtual time, seen by one worker.
struct Target {
    store: MemoryStore,
    stats: Stats,
    rng: Rng,
    now: Timestamp,
    /// The greatest p95 in hundredths of its baseline that was ever seen.
    worst: Option<u32>,
}

impl Target {
    fn new(seed: u64) -> Self {
        let (store, rng) = (MemoryStore::default(), Seed(seed).derive(1));
        Self { store, stats: stats(1), rng, now: at(0), worst: None }
    }

    /// Answers at a rate per minute, for so many minutes; their median latency is told for the minute.
    fn answers(&mut self, per_minute: u64, minutes: u64, tokens: u32, median: impl Fn(u64) -> u64) {
        for n in 0..per_minute * minutes {
            self.now = self.now.after(Duration::from_secs(60) / per_minute as u32);
            let latency = self.around(median(n / per_minute));
            self.stats.record(&mut self.store, (0, None), self.now, sample(latency, tokens));
            if n % (per_minute / 20).max(1) == 0 {
                self.worst = self.worst.max(self.above());
            }
        }
    }

    /// Spread as latencies are: half to twice the median for most, three times for one in fifty.
    fn around(&mut self, median: u64) -> u64 {
        let share = self.rng.up_to(1_000);
        if share > 980 {
            median * 3
        } else {
            median / 2 + median * share / 1_000 + median * share * share / 2_000_000
        }
    }

    fn view(&mut self) -> View {
        self.stats.view(&mut self.store, (0, None), self.now).expect("known").clone()
    }

    fn above(&mut self) -> Option<u32> {
        let view = self.stats.view(&mut self.store, (0, None), self.now).expect("known");
        view.above_baseline(Measure::Latency, 95).map(|(_, hundredths)| hundredths)
    }

    fn p95(&mut self) -> u64 {
        let p95 = self.view().percentile(Measure::Latency, 95, None);
        p95.expect("warm").as_micros() as u64
    }
}

#[test]
fn a_handful_of_samples_is_no_percentile() {
    for (percent, needed) in [(50, 20), (90, 20), (95, 40), (99, 200)] {
        let mut target = Target::new(1);
        for n in 1..=needed {
            assert_eq!(target.view().percentile(Measure::Latency, percent, None), None, "p{percent} of {n}");
            target.stats.record(&mut target.store, (0, None), target.now, sample(1_000_000, 100));
        }
        assert!(target.view().percentile(Measure::Latency, percent, None).is_some());
    }
}

#[test]
fn a_cold_start_is_never_above_its_baseline() {
    // However slow, however spread: before a slot of at least forty has left the window nothing is compared.
    let mut target = Target::new(2);
    for n in 0..39 {
        target.stats.record(&mut target.store, (0, None), at(n), sample(10_000 << (n % 12), 100));
        target.now = at(n);
        assert_eq!(target.above(), None);
    }
    let mut thin = Target::new(3);
    thin.answers(7, 600, 100, |minute| 100_000 * (1 + minute % 50));
    assert_eq!(thin.worst, None, "seven a minute are 35 in the longest slot");
}

#[test]
fn five_times_slower_is_seen_within_a_window() {
    for per_minute in [20, 60, 600] {
        let mut target = Target::new(per_minute);
        target.answers(per_minute, 20 + 600 / per_minute, 100, |_| 1_000_000);
        assert!(target.worst.expect("warm") < 200, "{:?}", target.worst);
        // One in twenty must be slow: of a window of 60 s, or of 400 where traffic is thin.
        let minutes = if per_minute < 400 { 2 } else { 1 };
        target.answers(per_minute, minutes, 100, |_| 5_000_000);
        assert!(target.above().expect("warm") > 300, "at {per_minute}: {:?}", target.above());
    }
}

#[test]
fn a_drift_over_the_day_takes_the_baseline_along() {
    for per_minute in [20, 45] {
        let mut target = Target::new(per_minute);
        // Twice as slow after four hours.
        let median = |minute: u64| 1_000_000 + 1_000_000 * minute.min(240) / 240;
        target.answers(per_minute, 270, 100, median);
        assert!(target.worst.expect("warm") < 200, "at {per_minute}: {:?}", target.worst);
    }
}

#[test]
fn an_hour_of_illness_does_not_become_what_is_usual() {
    let mut target = Target::new(5);
    target.answers(60, 60, 100, |_| 1_000_000);
    let usual = target.view().baseline(Measure::Latency, 95, Some(100)).expect("warm");
    target.answers(60, 60, 100, |_| 10_000_000);
    let after = target.view().baseline(Measure::Latency, 95, Some(100)).expect("warm");
    assert!(after < usual * 2, "{usual:?} became {after:?}");
    target.answers(60, 60, 100, |_| 1_000_000);
    let well = target.view().baseline(Measure::Latency, 95, Some(100)).expect("warm");
    assert!(well < usual * 11 / 10, "{usual:?} is still {well:?}");
}

#[test]
fn what_is_forgotten_leaves_no_trace() {
    let mut target = Target::new(6);
    target.answers(600, 10, 100, |_| 1_000_000);
    let usual = target.view().baseline(Measure::Latency, 95, Some(100));
    target.answers(600, 1, 100, |_| 5_000_000);
    target.stats.forget(&mut target.store, (0, None), target.now);
    let view = target.view();
    assert_eq!(view.percentile(Measure::Latency, 95, None), None);
    assert_eq!((view.attempts(), view.errors_bp()), (0, None));
    // It stays open for an hour, with some probes.
    target.answers(1, 60, 100, |_| 5_000_000);
    let kept = target.view().baseline(Measure::Latency, 95, Some(100)).expect("kept");
    let usual = usual.expect("warm");
    assert!(kept < usual * 105 / 100 && kept * 105 / 100 > usual, "{usual:?} became {kept:?}");
}

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
fn longer_answers_are_not_slower_ones() {
    let mut target = Target::new(7);
    for (tokens, seconds) in [(50, 1), (2_000, 20)] {
        target.answers(120, 20, tokens, |_| seconds * 1_000_000);
    }
    let view = target.view();
    assert!(target.worst.expect("warm") < 200, "{:?}", target.worst);
    let usual = |tokens| view.baseline(Measure::Latency, 50, Some(tokens)).expect("warm").as_secs_f64();
    assert!((0.8..1.4).contains(&usual(50)) && (16.0..28.0).contains(&usual(2_000)));
}

#[test]
fn a_request_is_compared_with_answers_that_it_may_get() {
    let mut target = Target::new(8);
    for n in 0..50 {
        for (tokens, micros) in [(Some(100), 1_000_000), (Some(400), 4_000_000), (Some(4_000), 40_000_000)] {
            let sample = Sample { output_tokens: tokens, ..sample(micros, 0) };
            target.stats.record(&mut target.store, (0, None), at(n), sample);
        }
    }
    target.now = at(20);
    let view = target.view();
    let p99 = |tokens| view.percentile(Measure::Latency, 95, tokens).expect("warm");
    assert!(is_near(p99(Some(60)), 1_000_000) && is_near(p99(Some(128)), 1_000_000));
    assert!(is_near(p99(Some(129)), 4_000_000) && is_near(p99(Some(2_000)), 4_000_000));
    assert!(is_near(p99(Some(100_000)), 40_000_000) && is_near(p99(None), 40_000_000));
}

#[test]
fn without_a_count_the_size_is_what_the_request_allows() {
    let mut target = Target::new(14);
    for n in 0..50 {
        for (most_tokens, micros) in [(Some(100), 1_000_000), (Some(4_000), 40_000_000), (None, 2_000_000)] {
            let sample = Sample { output_tokens: None, most_tokens, ..sample(micros, 0) };
            target.stats.record(&mut target.store, (0, None), at(n / 5), sample);
        }
    }
    target.now = at(20);
    let view = target.view();
    let p95 = |tokens| view.percentile(Measure::Latency, 95, tokens).expect("warm");
    assert!(is_near(p95(Some(100)), 2_000_000) && is_near(p95(Some(4_000)), 40_000_000));
    assert_eq!(view.percentile(Measure::PerToken, 95, None), None);
}

#[test]
fn a_stream_whose_end_nobody_saw_has_no_latency() {
    let mut target = Target::new(15);
    for n in 0..50 {
        let sample = Sample { latency: None, ..sample(4_000_000, 100) };
        target.stats.record(&mut target.store, (0, None), at(n / 5), sample);
    }
    target.now = at(10);
    let view = target.view();
    assert_eq!(view.percentile(Measure::Latency, 95, None), None);
    let first = view.percentile(Measure::FirstToken, 95, None).expect("warm");
    assert!(is_near(first, 1_000_000) && view.slowness(target.now).is_some());
}

#[test]
fn failures_say_nothing_about_speed_but_running_out_of_time_does() {
    let mut target = Target::new(9);
    for outcome in [Outcome::ServerError, Outcome::Refused, Outcome::Throttled, Outcome::ClientError] {
        for n in 0..100 {
            let fast = Sample { outcome, is_good: None, ..sample(1_000, 10) };
            target.stats.record(&mut target.store, (0, None), at(n / 50), fast);
        }
    }
    target.now = at(5);
    let view = target.view();
    assert_eq!(view.percentile(Measure::Latency, 50, None), None);
    assert_eq!((view.attempts(), view.errors_bp(), view.quality_bp()), (400, Some(7_500), (0, None)));
    for n in 0..100 {
        let late = Sample {
            outcome: Outcome::Timeout,
            first_token: None,
            output_tokens: None,
            ..sample(30_000_000, 10)
        };
        target.stats.record(&mut target.store, (0, None), at(5 + n / 50), late);
    }
    target.now = at(8);
    assert!(is_near(Duration::from_micros(target.p95()), 30_000_000));
}

#[test]
fn quality_is_the_share_of_good_answers_among_those_judged() {
    let mut target = Target::new(10);
    for n in 0..100 {
        let is_good = [Some(true), Some(true), Some(false), None][n % 4];
        target.stats.record(&mut target.store, (0, None), at(1), Sample { is_good, ..sample(1_000_000, 10) });
    }
    assert_eq!(target.view().quality_bp(), (75, Some(6_666)));
}

#[test]
fn the_newest_word_about_the_quota_holds_until_its_reset() {
    let mut target = Target::new(11);
    let left = |left, resets| Some(Remaining { left, limit: left, told: at(0), resets: at(resets) });
    for (second, requests, tokens) in
        [(0, left(9, 60), None), (1, left(8, 60), left(500, 5)), (2, None, None)]
    {
        let sample = Sample { quota: Quota { requests, tokens }, ..sample(1_000_000, 10) };
        target.stats.record(&mut target.store, (0, None), at(second), sample);
    }
    let view = target.view();
    assert_eq!(view.quota(at(4)), Quota { requests: left(8, 60), tokens: left(500, 5) });
    assert_eq!(view.quota(at(5)), Quota { requests: left(8, 60), tokens: None });
    assert_eq!(view.quota(at(60)), Quota::default());
}

#[test]
fn the_fastest_is_the_one_with_least_to_wait_for() {
    let mut store = MemoryStore::default();
    let named = |name: &str| Keys { cells: name.into(), ..keys() };
    let mut stats = Stats::new(["a", "b", "c"].map(named).into_iter(), 1, false);
    for (target, micros) in [(0, 1_000_000), (1, 3_000_000)] {
        stats.record(&mut store, (target, None), at(1), sample(micros, 256));
    }
    let waits = |stats: &mut Stats, store: &mut MemoryStore| {
        [0, 1, 2].map(|target| stats.wait(store, (target, None), at(1)))
    };
    let [a, b, untried] = waits(&mut stats, &mut store);
    assert!(untried < a && a < b);
    stats.begin(&mut store, 2, at(1));
    (0..3).for_each(|_| stats.begin(&mut store, 0, at(1)));
    let [a, b, trying] = waits(&mut stats, &mut store);
    assert!(b < a && a < trying);
}

#[test]
fn models_of_callers_are_told_apart_once_they_have_answered() {
    let (mut store, now) = (MemoryStore::default(), at(1));
    let (mut one, mut other) = (stats(1), stats(2));
    let attempts = |stats: &mut Stats, store: &mut MemoryStore, model, now| {
        stats.view(store, (0, Some(model)), now).expect("known").attempts()
    };
    one.record(&mut store, (0, Some("large")), now, sample(9_000_000, 100));
    let failed = Sample { outcome: Outcome::ModelNotFound, ..sample(1_000, 0) };
    one.record(&mut store, (0, Some("made-up")), now, failed);
    one.record(&mut store, (0, Some("small")), now, sample(1_000_000, 100));
    for stats in [&mut one, &mut other] {
        let later = at(2);
        let seen =
            ["large", "small", "made-up", "another"].map(|model| attempts(stats, &mut store, model, later));
        assert_eq!(seen, [1, 1, 1, 1], "the last two share theirs");
        let known = stats.known(&mut store, 0, later);
        assert_eq!(known.iter().map(|(model, _)| &**model).collect::<Vec<_>>(), ["", "large", "small"]);
    }
    let named = vec!["mine".into(), "large".into(), "mine".into()];
    let mut set = Stats::new(std::iter::once(Keys { named, ..keys() }), 3, false);
    let known = set.known(&mut store, 0, now);
    assert_eq!(known.iter().map(|(model, _)| &**model).collect::<Vec<_>>(), ["", "mine", "large", "small"]);
}

#[test]
fn a_target_that_is_not_there_is_no_panic() {
    let (mut store, mut stats) = (MemoryStore::default(), stats(1));
    stats.begin(&mut store, 1, at(0));
    stats.end(&mut store, 1, at(0));
    assert!(!stats.record(&mut store, (1, None), at(0), sample(1_000, 1)));
    assert!(
        stats.view(&mut store, (1, None), at(0)).is_none() && stats.known(&mut store, 1, at(0)).is_empty()
    );
    stats.forget(&mut store, (1, None), at(0));
    assert_eq!(stats.in_flight(&mut store, 1, at(0)), 0);
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

//! Everything else that is known of a target: quality, quota, what is to be waited for, its models.

use super::*;
use crate::output::Rule;

#[test]
fn quality_is_the_share_of_good_answers_among_those_judged() {
    let mut target = Target::new(10);
    for n in 0..100 {
        let is_good = [Some(true), Some(true), Some(false), None][n % 4];
        target.stats.record(&mut target.store, (0, None), at(1), Sample { is_good, ..sample(1_000_000, 10) });
    }
    assert_eq!(target.view().quality_bp(), (75, Some(6_666)));
}

fn judged(target: &mut Target, second: u64, is_good: bool, broken: &[Rule]) {
    let broken = Some(broken.iter().copied().collect());
    let sample = Sample { is_good: Some(is_good), broken, ..sample(1_000_000, 10) };
    target.stats.record(&mut target.store, (0, None), at(second), sample);
}

fn view_at(target: &mut Target, second: u64) -> View {
    target.now = at(second);
    target.view()
}

#[test]
fn answers_that_break_rules_are_told_by_rule() {
    let mut target = Target::new(12);
    for n in 0..100 {
        judged(&mut target, 1, n >= 10, if n < 10 { &[Rule::Schema, Rule::Deny] } else { &[] });
    }
    judged(&mut target, 1, true, &[Rule::Schema]);
    target.stats.record(&mut target.store, (0, None), at(1), sample(1_000_000, 10));
    let broken: Vec<_> = target.view().broken_bp().filter(|(_, share)| *share > 0).collect();
    assert_eq!(broken, [(Rule::Schema, 1_089), (Rule::Deny, 990)]);
}

#[test]
fn what_quality_is_usual_follows_slowly_down_and_is_each_targets_own() {
    let mut target = Target::new(13);
    assert_eq!(target.view().quality_of_usual(), None);
    let fill = |target: &mut Target, seconds: std::ops::Range<u64>, good_of_ten: u64| {
        for second in seconds {
            (0..10).for_each(|n| judged(target, second, n < good_of_ten, &[]));
        }
    };
    fill(&mut target, 100..700, 8);
    assert_eq!(view_at(&mut target, 700).usual_quality_bp(), Some(8_000));
    assert_eq!(view_at(&mut target, 700).quality_of_usual(), Some((8_000, 100)));
    fill(&mut target, 700..800, 4);
    let (share, hundredths) = view_at(&mut target, 800).quality_of_usual().unwrap();
    assert_eq!(share, 4_000);
    assert!((50..=52).contains(&hundredths), "{hundredths}");
    // Half an hour on, it is still known that this isn't how it was.
    fill(&mut target, 800..2_500, 4);
    let usual = view_at(&mut target, 2_500).usual_quality_bp().unwrap();
    assert!((5_000..6_500).contains(&usual), "{usual}");
    // Better answers soon are what is usual.
    fill(&mut target, 2_500..5_000, 10);
    assert!(view_at(&mut target, 5_000).usual_quality_bp().unwrap() > 9_500);
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

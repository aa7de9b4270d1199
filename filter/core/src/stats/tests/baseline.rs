//! What is usual for a target, and how far it is above that.

use super::*;

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

//! Percentiles: of which answers, and from how many on.

use super::*;

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

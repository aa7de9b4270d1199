use super::*;

/// At which result of `.` for answers, `o` for bad ones and `x` for errors it trips, and why.
fn trips_at(rules: &Rules, results: &str) -> Option<(usize, Cause)> {
    let mut breaker = Breaker::default();
    results.chars().enumerate().find_map(|(n, result)| {
        let verdict = match result {
            'x' => Verdict::Failure,
            'o' => Verdict::BadAnswer,
            _ => Verdict::Success,
        };
        let transition = breaker.one_by(rules, 1, verdict)?;
        assert_eq!((transition.from, transition.to), (BreakerState::Closed, BreakerState::Open));
        Some((n + 1, transition.cause))
    })
}

#[test]
fn it_trips_above_the_share_of_errors_and_not_at_it() {
    let share = |share_bp, of| Cause::Errors { share_bp, of };
    for (results, expected) in [
        ("xxx", None),
        ("xxxx", Some((4, share(10_000, 4)))),
        ("..xx", None),
        ("..xxx", Some((5, share(6_000, 5)))),
        ("......xxxxxx", None),
    ] {
        assert_eq!(trips_at(&rules(), results), expected, "{results}");
    }
}

#[test]
fn it_trips_at_whichever_of_several_limits_is_exceeded() {
    let errors = vec![Share { bound_bp: 7_500, at_least: 3 }, Share { bound_bp: 2_000, at_least: 10 }];
    let rules = Rules { errors, ..rules() };
    let at = |results| trips_at(&rules, results).map(|(n, _)| n);
    assert_eq!(at("xxx"), Some(3), "the first: all of three");
    assert_eq!(at("x..x.....x"), Some(10), "the second: three of ten");
    assert_eq!(at("..x.x......."), None, "neither");
    assert_eq!(trips_at(&Rules { errors: Vec::new(), ..rules.clone() }, &"x".repeat(100)), None);
}

#[test]
fn it_trips_at_so_many_errors_in_a_row_whatever_their_share() {
    let rules = Rules { errors: Vec::new(), errors_in_a_row: Some(3), ..rules() };
    for (results, expected) in
        [("xx.xx.xx", None), ("xxoxx", None), ("....................xxx", Some(23)), ("xxx", Some(3))]
    {
        assert_eq!(trips_at(&rules, results), expected.map(|n| (n, Cause::ErrorsInARow(3))), "{results}");
    }
}

#[test]
fn it_trips_below_the_share_of_good_answers_and_not_at_it() {
    let rules = Rules { quality: vec![Share { bound_bp: 9_000, at_least: 10 }], ..rules() };
    let bad = |share_bp, of| Cause::Quality { share_bp, of };
    for (results, expected) in [
        ("ooooooooo", None),
        ("oooooooooo", Some((10, bad(0, 10)))),
        (".........o", None),
        ("........oo", Some((10, bad(8_000, 10)))),
        // Errors are no answers, good or bad.
        (".........xxxo", None),
    ] {
        assert_eq!(trips_at(&rules, results), expected, "{results}");
    }
}

#[test]
fn bad_answers_are_no_errors() {
    assert_eq!(trips_at(&rules(), &"o".repeat(100)), None);
}

#[test]
fn one_answer_that_exceeds_what_is_allowed_trips_it() {
    let rules = Rules { cost: Some(2_000_000), ..rules() };
    assert_eq!(rules.cost_exceeded(2_000_000), None);
    let cause = rules.cost_exceeded(2_000_001).expect("above");
    assert_eq!(cause, Cause::Cost { micro_dollars: 2_000_001 });
    let mut breaker = Breaker::default();
    assert_eq!(breaker.one_by(&rules, 1, Verdict::Excess(cause)).map(|told| told.cause), Some(cause));
    assert_eq!(Rules { cost: None, ..rules }.cost_exceeded(u64::MAX), None);
}

#[test]
fn a_percentile_is_compared_with_its_own_baseline_once_that_is_known() {
    let limit = |signal, percentile| DriftLimit { signal, percentile, above_hundredths: 300 };
    let drifts = vec![limit(Signal::Latency, 95), limit(Signal::FirstToken, 50)];
    let rules = Rules { drifts, ..rules() };
    let drift = |hundredths| Some(Drift { now: secs(4), hundredths });
    assert_eq!(rules.drift_exceeded(|_, _| None), None, "cold start");
    assert_eq!(rules.drift_exceeded(|_, _| drift(300)), None);
    let exceeded = rules.drift_exceeded(|signal, percentile| {
        drift(if (signal, percentile) == (Signal::FirstToken, 50) { 301 } else { 100 })
    });
    let cause = Cause::Drift { signal: Signal::FirstToken, percentile: 50, now: secs(4), hundredths: 301 };
    assert_eq!(exceeded, Some(cause));
}

#[test]
fn errors_older_than_the_window_are_forgotten() {
    let mut breaker = Breaker::default();
    for _ in 0..3 {
        breaker.one(0, Verdict::Failure);
    }
    breaker.one(61, Verdict::Failure);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn a_client_that_leaves_says_nothing_about_the_target() {
    let mut breaker = Breaker::default();
    for _ in 0..100 {
        breaker.one(1, Verdict::Dropped);
    }
    assert_eq!(breaker, Breaker::default());
}

#[test]
fn forced_it_stays_whatever_happens() {
    for (force, admits) in [(Forced::Open, false), (Forced::Closed, true)] {
        let rules = Rules { force: Some(force), ..rules() };
        for mut breaker in [Breaker::default(), Breaker::tripped(100)] {
            let before = breaker.clone();
            let (admission, told) = breaker.admit(&rules, at(101), SMALL);
            assert_eq!((matches!(admission, Admission::Admitted(_)), told), (admits, None));
            let ticket = breaker.ticket(false);
            for verdict in [Verdict::Failure, Verdict::Throttled { wait: secs(9) }] {
                assert_eq!(breaker.record(&rules, at(101), ticket, verdict), None);
            }
            assert_eq!(breaker, before);
        }
    }
}

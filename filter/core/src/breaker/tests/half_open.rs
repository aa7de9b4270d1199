use super::*;

#[test]
fn it_admits_one_then_five_then_ten_then_closes() {
    let mut breaker = Breaker::tripped(100);
    for stage in [1, 5, 10] {
        let tickets: Vec<_> = std::iter::from_fn(|| breaker.try_admit(130)).collect();
        assert_eq!(tickets.len(), stage);
        for ticket in tickets {
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            assert!(ticket.is_probe);
            breaker.record(&rules(), at(131), ticket, Verdict::Success);
        }
    }
    assert_eq!((breaker.state(), breaker.cause), (BreakerState::Closed, Cause::Recovered));
    assert_eq!((breaker.window.total(), breaker.in_a_row), (Slot::default(), 0), "old errors are forgotten");
}

#[test]
fn any_failure_reopens_it_for_twice_as_long_up_to_four_times() {
    let mut breaker = Breaker::tripped(100);
    let (mut now, mut cooldowns) = (130, Vec::new());
    for _ in 0..4 {
        let told = breaker.one_by(&rules(), now, Verdict::Failure).expect("a change");
        assert_eq!((told.to, told.cause), (BreakerState::Open, Cause::ProbeFailed));
        let until = breaker.refused_until(now).expect("open");
        cooldowns.push(until.since(at(now)).as_secs());
        now = until.0 / 1_000_000_000;
    }
    assert_eq!(cooldowns, [60, 120, 120, 120]);
}

#[test]
fn the_cooldown_grows_when_it_trips_right_after_recovering_and_starts_over_later() {
    for (closed_for, expected) in [(59, 60), (60, 30)] {
        let mut breaker = Breaker::tripped(100);
        breaker.recover(130);
        let trip = 130 + closed_for;
        for _ in 0..4 {
            breaker.one(trip, Verdict::Failure);
        }
        assert_eq!(breaker.refused_until(trip), Some(at(trip + expected)), "closed for {closed_for} s");
    }
}

#[test]
fn a_failure_in_a_later_stage_begins_again_with_one_probe() {
    let mut breaker = Breaker::tripped(100);
    breaker.one(130, Verdict::Success);
    breaker.one(131, Verdict::Success);
    breaker.one(132, Verdict::Failure);
    assert!(breaker.try_admit(192).is_some());
    assert!(breaker.try_admit(192).is_none());
}

#[test]
fn a_bad_answer_is_a_failed_probe_only_where_quality_counts() {
    for (quality, expected) in [
        (vec![Share { bound_bp: 9_000, at_least: 20 }], BreakerState::Open),
        (vec![], BreakerState::HalfOpen),
    ] {
        let mut breaker = Breaker::tripped(100);
        breaker.one_by(&Rules { quality, ..rules() }, 130, Verdict::BadAnswer);
        assert_eq!(breaker.state(), expected);
    }
}

#[test]
fn an_answer_that_exceeds_what_is_allowed_is_a_failed_probe() {
    let mut breaker = Breaker::tripped(100);
    let cause = Cause::Cost { micro_dollars: 3_000_000 };
    let told = breaker.one_by(&rules(), 130, Verdict::Excess(cause)).expect("a change");
    assert_eq!((told.to, told.cause), (BreakerState::Open, cause));
}

#[test]
fn a_throttled_probe_waits_for_the_reset_and_then_begins_again_with_one() {
    let mut breaker = Breaker::tripped(100);
    breaker.one(130, Verdict::Success);
    let told = breaker.one_by(&rules(), 131, Verdict::Throttled { wait: secs(3) }).expect("a change");
    assert_eq!(told.cause, Cause::Throttled);
    assert_eq!(breaker.refused_until(131), Some(at(134)));
    assert!(breaker.try_admit(134).expect("the reset has passed").is_probe);
    assert!(breaker.try_admit(134).is_none());
    assert_eq!(breaker.doublings, 0, "throttling is no sickness");
}

#[test]
fn an_unused_place_goes_to_another() {
    let mut breaker = Breaker::tripped(100);
    breaker.one(130, Verdict::Dropped);
    assert!(breaker.try_admit(130).is_some());
    assert!(breaker.try_admit(130).is_none());
}

#[test]
fn lost_places_are_given_out_again_when_the_probe_must_have_ended() {
    let mut breaker = Breaker::tripped(100);
    let long = Ask { longest: secs(100), ..SMALL };
    assert!(matches!(breaker.admit(&rules(), at(130), long).0, Admission::Admitted(_)), "its worker dies");
    assert!(breaker.try_admit(229).is_none());
    assert!(breaker.try_admit(230).is_some());
    assert!(breaker.try_admit(230).is_none());
}

#[test]
fn a_late_probe_of_an_earlier_stage_does_not_count_in_the_next() {
    let mut breaker = Breaker::tripped(100);
    let lost = breaker.try_admit(130).expect("probe");
    breaker.one(190, Verdict::Success);
    let before = breaker.clone();
    breaker.record(&rules(), at(191), lost, Verdict::Failure);
    assert_eq!(breaker, before);
}

#[test]
fn results_of_an_earlier_phase_do_not_count() {
    let mut breaker = Breaker::default();
    let slow = breaker.try_admit(1).expect("closed");
    for _ in 0..4 {
        breaker.one(2, Verdict::Failure);
    }
    let probe = breaker.try_admit(40).expect("probe");
    assert_eq!(breaker.record(&rules(), at(41), slow, Verdict::Failure), None);
    assert_eq!(breaker.state(), BreakerState::HalfOpen, "the slow failure began before it opened");
    breaker.record(&rules(), at(42), probe, Verdict::Success);
    assert!(breaker.try_admit(43).is_some());
}

#[test]
fn a_large_request_is_a_probe_only_when_no_small_one_comes_or_nobody_else_takes_it() {
    let admits = |breaker: &Breaker, seconds, ask| {
        matches!(breaker.clone().admit(&rules(), at(seconds), ask).0, Admission::Admitted(_))
    };
    let last_resort = Ask { is_last_resort: true, ..LARGE };
    let open = Breaker::tripped(100);
    assert!(!admits(&open, 130, LARGE));
    assert!(admits(&open, 130, SMALL) && admits(&open, 130, last_resort));
    assert!(!admits(&open, 159, LARGE) && admits(&open, 160, LARGE));

    let mut recovering = open;
    recovering.one(130, Verdict::Success);
    assert!(!admits(&recovering, 131, LARGE));
    assert!(admits(&recovering, 131, SMALL) && admits(&recovering, 131, last_resort));
    assert!(admits(&recovering, 160, LARGE));
}

/// Lets the answer of an attempt begin.
fn begin(breaker: &mut Breaker, seconds: u64) -> Ticket {
    let ticket = breaker.try_admit(seconds).expect("admitted");
    breaker.begin(&rules(), at(seconds), ticket).0
}

#[test]
fn a_stream_that_has_begun_is_good_enough_for_the_next_stage() {
    let mut breaker = Breaker::tripped(100);
    for stage in [1, 5, 10] {
        let tickets: Vec<_> = std::iter::from_fn(|| breaker.try_admit(130)).collect();
        assert_eq!(tickets.len(), stage);
        for ticket in tickets {
            breaker.begin(&rules(), at(131), ticket);
        }
    }
    assert_eq!((breaker.state(), breaker.cause), (BreakerState::Closed, Cause::Recovered));
}

#[test]
fn a_probe_that_has_begun_gives_its_place_back_once() {
    let mut breaker = Breaker::tripped(100);
    let first = begin(&mut breaker, 130);
    let second = begin(&mut breaker, 131);
    let before = breaker.clone();
    for verdict in [Verdict::Success, Verdict::BadAnswer, Verdict::Dropped] {
        for ticket in [first, second] {
            assert_eq!(breaker.record(&rules(), at(132), ticket, verdict), None);
            assert_eq!(breaker, before, "{verdict:?}");
        }
    }
    let places = std::iter::from_fn(|| breaker.try_admit(132)).count();
    assert_eq!(places, 4, "of five");
}

#[test]
fn what_goes_wrong_with_a_stream_that_has_begun_opens_it_again_in_any_later_stage() {
    let cause = Cause::Cost { micro_dollars: 3_000_000 };
    for (verdict, expected) in [
        (Verdict::Failure, Cause::ProbeFailed),
        (Verdict::BadAnswer, Cause::ProbeFailed),
        (Verdict::Excess(cause), cause),
    ] {
        for later in [0, 5] {
            let rules = Rules { quality: vec![Share { bound_bp: 9_000, at_least: 20 }], ..rules() };
            let mut breaker = Breaker::tripped(100);
            let ticket = begin(&mut breaker, 130);
            for _ in 0..later {
                breaker.one(131, Verdict::Success);
            }
            let told = breaker.record(&rules, at(140), ticket, verdict).expect("a change");
            assert_eq!((told.to, told.cause), (BreakerState::Open, expected), "{later}");
            assert_eq!(breaker.refused_until(140), Some(at(200)), "twice as long");
        }
    }
}

#[test]
fn a_stream_that_has_begun_counts_as_any_attempt_once_the_breaker_has_closed() {
    let mut breaker = Breaker::tripped(100);
    let tickets: Vec<_> = (0..16).map(|_| begin(&mut breaker, 130)).collect();
    assert_eq!((breaker.state(), breaker.window.total()), (BreakerState::Closed, Slot::default()));
    breaker.record(&rules(), at(140), tickets[0], Verdict::Success);
    breaker.record(&rules(), at(140), tickets[1], Verdict::Failure);
    breaker.record(&rules(), at(140), tickets[2], Verdict::Dropped);
    let counted = Slot { successes: 1, bad: 0, failures: 1 };
    assert_eq!((breaker.state(), breaker.window.total()), (BreakerState::Closed, counted));
    for ticket in &tickets[3..5] {
        breaker.record(&rules(), at(140), *ticket, Verdict::Failure);
    }
    assert_eq!((breaker.state(), breaker.refused_until(140)), (BreakerState::Open, Some(at(200))));
}

#[test]
fn a_stream_that_has_begun_says_nothing_of_what_comes_after_the_next_opening() {
    let mut breaker = Breaker::tripped(100);
    let old = begin(&mut breaker, 130);
    breaker.one(131, Verdict::Failure);
    for seconds in [132, 191, 192] {
        let before = breaker.clone();
        breaker.record(&rules(), at(seconds), old, Verdict::Failure);
        assert_eq!(breaker, before, "{:?}", breaker.state());
        if let Some(probe) = breaker.try_admit(191) {
            breaker.record(&rules(), at(191), probe, Verdict::Success);
        }
    }
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    breaker.recover_from(1, 193);
    let before = breaker.clone();
    breaker.record(&rules(), at(194), old, Verdict::Failure);
    assert_eq!(breaker, before, "closed");
}

use super::*;

fn throttled(seconds: u64) -> Verdict {
    Verdict::Throttled { wait: secs(seconds) }
}

#[test]
fn it_refuses_until_its_time_is_over() {
    let mut breaker = Breaker::tripped(100);
    assert_eq!(breaker.refused_until(100), Some(at(130)));
    assert!(breaker.try_admit(129).is_none());
    assert!(breaker.try_admit(130).is_some());
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
}

#[test]
fn transitions_are_told_once_with_their_cause() {
    let mut breaker = Breaker::default();
    let told: Vec<_> = (0..4).filter_map(|_| breaker.one_by(&rules(), 1, Verdict::Failure)).collect();
    let cause = Cause::Errors { share_bp: 10_000, of: 4 };
    assert_eq!(told, [Transition { from: BreakerState::Closed, to: BreakerState::Open, cause }]);
    assert_eq!((breaker.since, breaker.cause), (at(1), cause));
    let (_, told) = breaker.admit(&rules(), at(31), SMALL);
    let cause = Cause::CooldownOver;
    assert_eq!(told, Some(Transition { from: BreakerState::Open, to: BreakerState::HalfOpen, cause }));
}

#[test]
fn one_throttled_answer_opens_it_for_just_as_long_as_the_provider_says() {
    let mut breaker = Breaker::default();
    breaker.one(100, Verdict::Failure);
    let told = breaker.one_by(&rules(), 100, throttled(7)).expect("a change");
    assert_eq!((told.to, told.cause), (BreakerState::Open, Cause::Throttled));
    assert_eq!(breaker.refused_until(106), Some(at(107)));
    let (admission, told) = breaker.admit(&rules(), at(107), LARGE);
    assert!(
        matches!(admission, Admission::Admitted(_)),
        "the provider takes all again, so there is no probe"
    );
    assert_eq!(told.map(|told| (told.to, told.cause)), Some((BreakerState::Closed, Cause::ResetPassed)));
    assert_eq!(
        breaker.window.total(),
        Slot::FAILURE,
        "what was counted before counts on, throttling doesn't"
    );
}

#[test]
fn the_latest_reset_of_many_holds() {
    let mut breaker = Breaker::default();
    let tickets: Vec<_> = (0..4).filter_map(|_| breaker.try_admit(100)).collect();
    for (ticket, seconds) in tickets.into_iter().zip([5, 9, 1, 7]) {
        breaker.record(&rules(), at(100), ticket, throttled(seconds));
    }
    assert_eq!(breaker.refused_until(100), Some(at(109)));
}

#[test]
fn a_reset_after_the_cooldown_holds_as_well() {
    let mut breaker = Breaker::default();
    let slow = breaker.try_admit(99).expect("closed");
    for _ in 0..4 {
        breaker.one(100, Verdict::Failure);
    }
    breaker.record(&rules(), at(101), slow, throttled(60));
    assert_eq!(breaker.refused_until(130), Some(at(161)));
    assert!(breaker.try_admit(161).expect("admitted").is_probe, "it was sick before it was throttled");
}

#[test]
fn a_reset_far_away_holds_for_an_hour() {
    let mut breaker = Breaker::default();
    breaker.one(100, throttled(86_400));
    assert_eq!(breaker.refused_until(100), Some(at(3_700)));
}

#[test]
fn an_exhausted_quota_opens_it_for_long_or_until_the_provider_says() {
    for (wait, expected) in
        [(None, 700), (Some(secs(40)), 700), (Some(secs(400)), 500), (Some(secs(86_400)), 3_700)]
    {
        let mut breaker = Breaker::default();
        let told = breaker.one_by(&rules(), 100, Verdict::Exhausted { wait }).expect("a change");
        assert_eq!(told.cause, Cause::QuotaExhausted);
        assert_eq!(breaker.refused_until(100), Some(at(expected)));
        assert!(breaker.try_admit(expected).expect("its time is over").is_probe);
    }
}

#[test]
fn an_exhausted_quota_outlasts_what_opened_it_before() {
    let mut breaker = Breaker::default();
    let slow = breaker.try_admit(99).expect("closed");
    breaker.one(100, throttled(2));
    let told = breaker.record(&rules(), at(100), slow, Verdict::Exhausted { wait: None });
    assert_eq!((told, breaker.cause), (None, Cause::QuotaExhausted));
    assert_eq!(breaker.refused_until(102), Some(at(700)));
}

#[test]
fn a_clock_that_steps_back_does_not_keep_it_open() {
    let day = 86_400;
    let mut breaker = Breaker::tripped(2 * day);
    assert!(breaker.try_admit(day).is_some());
    let mut throttled_once = Breaker::default();
    throttled_once.one(2 * day, throttled(9));
    assert!(throttled_once.try_admit(day).is_some());
}

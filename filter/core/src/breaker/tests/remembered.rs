use super::*;

fn few(successes: u32, since: u64) -> Remembered {
    Remembered { generation: 0, successes, since: at(since) }
}

#[test]
fn successes_count_once_and_only_in_their_phase() {
    let mut breaker = Breaker::default();
    let mut remembered = Remembered::default();
    let tickets: Vec<_> = (0..3).filter_map(|_| breaker.try_admit(1)).collect();
    assert!(tickets.iter().all(|ticket| remembered.takes(*ticket, Verdict::Success, at(1))));
    for news in [
        Verdict::Failure,
        Verdict::Dropped,
        Verdict::BadAnswer,
        Verdict::Throttled { wait: secs(1) },
        Verdict::Exhausted { wait: None },
        Verdict::Excess(Cause::Cost { micro_dollars: 1 }),
    ] {
        assert!(!remembered.takes(tickets[0], news, at(1)), "{news:?}");
    }
    assert!(!breaker.clone().lets_wait(&rules(), at(2), remembered), "an empty window needs them");
    breaker.recall(&rules(), at(2), remembered);
    assert_eq!(breaker.window.total().successes, 3);

    let mut tripped = Breaker::tripped(100);
    tripped.recall(&rules(), at(101), remembered);
    assert_eq!(tripped, Breaker::tripped(100));
    let probe = tripped.try_admit(130).expect("probe");
    assert!(!remembered.takes(probe, Verdict::Success, at(130)), "a probe's success is news");
}

#[test]
fn they_wait_only_while_they_are_few_and_fresh() {
    let mut breaker = Breaker::default();
    for _ in 0..6_400 {
        breaker.one(60, Verdict::Success);
    }
    assert!(breaker.clone().lets_wait(&rules(), at(61), few(99, 60)));
    assert!(!breaker.clone().lets_wait(&rules(), at(61), few(100, 60)), "too many");
    assert!(!breaker.clone().lets_wait(&rules(), at(66), few(99, 60)), "older than a slot");
    assert!(!breaker.clone().lets_wait(&rules(), at(200), few(1, 199)), "the window is empty by then");
    let other = Remembered { generation: 1, ..few(1, 60) };
    assert!(!breaker.clone().lets_wait(&rules(), at(61), other), "another phase");
}

#[test]
fn what_is_written_down_later_ends_no_row() {
    let rules = Rules { errors_in_a_row: Some(3), ..rules() };
    let mut breaker = Breaker::default();
    breaker.one_by(&rules, 2, Verdict::Failure);
    breaker.recall(&rules, at(3), few(1, 1));
    assert_eq!((breaker.in_a_row, breaker.window.total().successes), (1, 1));
}

#[test]
fn they_count_as_of_their_time() {
    let mut soon = Breaker::default();
    soon.recall(&rules(), at(100), few(1_000, 60));
    assert_eq!(soon.window.total().successes, 1_000);
    let mut late = Breaker::default();
    late.recall(&rules(), at(120), few(1_000, 60));
    assert_eq!(late.window.total().successes, 0);
}

use super::rules::ErrorRate;
use super::*;
use proptest::prelude::*;

fn rules() -> Rules {
    Rules {
        window: Duration::from_secs(60),
        trips: vec![ErrorRate { above_bp: 5_000, at_least: 4 }],
        open: Duration::from_secs(30),
        recover: vec![1, 5, 10],
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(seconds * 1_000_000_000)
}

impl Breaker {
    fn try_admit(&mut self, seconds: u64) -> Option<Permit> {
        match self.admit(&rules(), at(seconds)).0 {
            Admission::Admitted(permit) => Some(permit),
            Admission::Refused { .. } => None,
        }
    }

    fn one(&mut self, seconds: u64, verdict: Verdict) {
        let permit = self.try_admit(seconds).expect("admitted");
        self.record(&rules(), at(seconds), permit, verdict);
    }

    /// A breaker that tripped at this second.
    fn tripped(seconds: u64) -> Self {
        let mut breaker = Self::default();
        for _ in 0..4 {
            breaker.one(seconds, Verdict::Failure);
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        breaker
    }
}

#[test]
fn closed_trips_above_the_share_and_not_at_it() {
    let trips = |verdicts: &str| {
        let mut breaker = Breaker::default();
        for verdict in verdicts.chars() {
            breaker.one(1, if verdict == 'x' { Verdict::Failure } else { Verdict::Success });
        }
        breaker.state() == BreakerState::Open
    };
    assert!(!trips("xxx"), "below the least number of attempts");
    assert!(trips("xxxx"));
    assert!(!trips("..xx"), "half is not more than half");
    assert!(trips("..xxx"));
    assert!(!trips("......xxxxxx"));
}

#[test]
fn closed_trips_at_whichever_of_several_limits_is_exceeded() {
    let rules = Rules {
        trips: vec![ErrorRate { above_bp: 7_500, at_least: 3 }, ErrorRate { above_bp: 2_000, at_least: 10 }],
        ..rules()
    };
    let trips_at = |verdicts: &str| {
        let mut breaker = Breaker::default();
        verdicts.chars().position(|verdict| {
            let verdict = if verdict == 'x' { Verdict::Failure } else { Verdict::Success };
            let permit = Permit { generation: breaker.generation, is_probe: false };
            breaker.record(&rules, at(1), permit, verdict).is_some()
        })
    };
    assert_eq!(trips_at("xxx"), Some(2), "the first: all of three");
    assert_eq!(trips_at("x..x.....x"), Some(9), "the second: three of ten");
    assert_eq!(trips_at("..x.x......."), None, "neither");
    let none = Rules { trips: Vec::new(), ..rules.clone() };
    let mut breaker = Breaker::default();
    let permit = Permit { generation: 0, is_probe: false };
    assert!((0..100).all(|_| breaker.record(&none, at(1), permit, Verdict::Failure).is_none()));
}

#[test]
fn closed_forgets_failures_older_than_the_window() {
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
fn open_refuses_until_its_time_is_over() {
    let mut breaker = Breaker::tripped(100);
    assert_eq!(breaker.admit(&rules(), at(100)).0, Admission::Refused { until: at(130) });
    assert!(breaker.try_admit(129).is_none());
    assert!(breaker.try_admit(130).is_some());
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
}

#[test]
fn half_open_admits_one_then_five_then_ten_then_closes() {
    let mut breaker = Breaker::tripped(100);
    for probes in [1, 5, 10] {
        let permits: Vec<_> = std::iter::from_fn(|| breaker.try_admit(130)).take(100).collect();
        assert_eq!(permits.len(), probes);
        for permit in permits {
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            breaker.record(&rules(), at(131), permit, Verdict::Success);
        }
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(breaker.window, Window::default(), "old failures are forgotten");
}

#[test]
fn half_open_reopens_at_the_first_failure_for_the_full_time() {
    let mut breaker = Breaker::tripped(100);
    breaker.one(130, Verdict::Success);
    breaker.one(131, Verdict::Failure);
    assert_eq!(breaker.admit(&rules(), at(131)).0, Admission::Refused { until: at(161) });
}

#[test]
fn half_open_gives_an_unused_place_to_another() {
    let mut breaker = Breaker::tripped(100);
    breaker.one(130, Verdict::Dropped);
    assert!(breaker.try_admit(130).is_some());
    assert!(breaker.try_admit(130).is_none());
}

#[test]
fn half_open_gives_lost_places_out_again() {
    let mut breaker = Breaker::tripped(100);
    assert!(breaker.try_admit(130).is_some(), "this probe's worker dies");
    assert!(breaker.try_admit(189).is_none());
    assert!(breaker.try_admit(190).is_some());
    assert!(breaker.try_admit(190).is_none());
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
fn transitions_are_told_once() {
    let told = |from, to| Some(Transition { from, to });
    let mut breaker = Breaker::default();
    for n in 1..=4 {
        let permit = breaker.try_admit(1).expect("closed");
        let expected = if n == 4 { told(BreakerState::Closed, BreakerState::Open) } else { None };
        assert_eq!(breaker.record(&rules(), at(1), permit, Verdict::Failure), expected);
    }
    let (_, transition) = breaker.admit(&rules(), at(31));
    assert_eq!(transition, told(BreakerState::Open, BreakerState::HalfOpen));
}

#[test]
fn remembered_successes_count_once_and_only_in_their_phase() {
    let mut breaker = Breaker::default();
    let mut remembered = Remembered::default();
    let permits: Vec<_> = (0..3).filter_map(|_| breaker.try_admit(1)).collect();
    assert!(permits.iter().all(|permit| remembered.takes(*permit, Verdict::Success, at(1))));
    assert!(
        !remembered.takes(permits[0], Verdict::Failure, at(1))
            && !remembered.takes(permits[0], Verdict::Dropped, at(1))
    );
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
fn remembered_successes_wait_only_while_they_are_few_and_fresh() {
    let mut breaker = Breaker::default();
    for _ in 0..6_400 {
        breaker.one(60, Verdict::Success);
    }
    let few = |successes, since| Remembered { generation: 0, successes, since: at(since) };
    assert!(breaker.clone().lets_wait(&rules(), at(61), few(99, 60)));
    assert!(!breaker.clone().lets_wait(&rules(), at(61), few(100, 60)), "too many");
    assert!(!breaker.clone().lets_wait(&rules(), at(66), few(99, 60)), "older than a slot");
    assert!(!breaker.clone().lets_wait(&rules(), at(200), few(1, 199)), "the window is empty by then");
    let other = Remembered { generation: 1, ..few(1, 60) };
    assert!(!breaker.lets_wait(&rules(), at(61), other), "another phase");
}

#[test]
fn remembered_successes_count_as_of_their_time() {
    let remembered = Remembered { generation: 0, successes: 1_000, since: at(60) };
    let mut soon = Breaker::default();
    soon.recall(&rules(), at(100), remembered);
    assert_eq!(soon.window.total().successes, 1_000);
    let mut late = Breaker::default();
    late.recall(&rules(), at(120), remembered);
    assert_eq!(late.window.total().successes, 0);
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

proptest! {
    /// An open breaker lets nothing through but its probes, and never more of them at once than its stage has.
    #[test]
    fn never_admits_more_probes_than_its_stage(steps in prop::collection::vec((0u64..20, 0u8..4), 1..300)) {
        let rules = rules();
        let mut breaker = Breaker::tripped(0);
        let (mut now, mut out) = (0, Vec::new());
        for (pause, action) in steps {
            now += pause;
            if action == 0 || out.is_empty() {
                let opened_until = match breaker.phase { Phase::Open { until } => Some(until), _ => None };
                if let Some(permit) = breaker.try_admit(now) {
                    prop_assert!(opened_until.is_none_or(|until| at(now) >= until));
                    out.push(permit);
                }
            } else {
                let permit = out.swap_remove(now as usize % out.len());
                let verdict = [Verdict::Success, Verdict::Failure, Verdict::Dropped][usize::from(action - 1)];
                breaker.record(&rules, at(now), permit, verdict);
            }
            if let Phase::HalfOpen { stage, admitted, succeeded, .. } = breaker.phase {
                prop_assert!(admitted <= rules.recover[usize::from(stage)]);
                prop_assert!(succeeded < rules.recover[usize::from(stage)]);
            }
        }
    }

    /// A cell is memory that others write to: whatever lies there, deciding by it does not panic.
    #[test]
    fn any_cell_can_be_used(mut cell in prop::collection::vec(any::<u8>(), 120), phase in 0u8..3, now: u64) {
        (cell[0], cell[1]) = (1, phase);
        let mut breaker = Breaker::decode(Some(&cell)).expect("a cell");
        let now = Timestamp(now);
        let permit = Permit { generation: breaker.generation, is_probe: true };
        for verdict in [Verdict::Dropped, Verdict::Success, Verdict::Failure] {
            let mut copy = breaker.clone();
            copy.record(&rules(), now, permit, verdict);
        }
        let remembered = Remembered { generation: breaker.generation, successes: u32::MAX, since: now };
        breaker.lets_wait(&rules(), now, remembered);
        breaker.recall(&rules(), now, remembered);
        breaker.admit(&rules(), now);
    }
}

//! One breaker, any results in any order.

use super::super::window::SLOTS;
use super::*;
use proptest::prelude::*;

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        3 => Just(Verdict::Success),
        3 => Just(Verdict::Failure),
        1 => Just(Verdict::BadAnswer),
        1 => Just(Verdict::Dropped),
        1 => (0u64..90).prop_map(|seconds| Verdict::Throttled { wait: secs(seconds) }),
        1 => Just(Verdict::Exhausted { wait: None }),
        1 => Just(Verdict::Excess(Cause::Cost { micro_dollars: 9 })),
    ]
}

/// What is done next.
#[derive(Clone, Debug)]
enum Act {
    Ask,
    /// The answer of one of those under way begins.
    Begin,
    End(Verdict),
}

fn steps() -> impl Strategy<Value = Vec<(u64, Act, u16)>> {
    let act = prop_oneof![3 => Just(Act::Ask), 1 => Just(Act::Begin), 3 => verdict().prop_map(Act::End)];
    prop::collection::vec((0u64..20, act, any::<u16>()), 1..300)
}

proptest! {
    /// It lets nothing through while open but its probes, never more of them at once than its stage has, and never sooner
    /// than it said.
    #[test]
    fn nothing_passes_but_probes_and_no_more_of_them_than_the_stage_has(steps in steps()) {
        let rules = Rules { quality: vec![Share { bound_bp: 5_000, at_least: 4 }], ..rules() };
        let (mut breaker, mut now, mut out) = (Breaker::default(), 1_000, Vec::new());
        for (pause, act, pick) in steps {
            now += pause;
            let before = breaker.clone();
            match act {
                Act::Begin | Act::End(_) if out.is_empty() => continue,
                Act::Ask => match breaker.admit(&rules, at(now), SMALL).0 {
                    Admission::Admitted(ticket) => {
                        if let Phase::Open { until, then } = before.phase {
                            prop_assert!(at(now) >= until);
                            prop_assert_eq!(ticket.is_probe, then == Then::Probe);
                        }
                        prop_assert_eq!(ticket.is_probe, breaker.state() == BreakerState::HalfOpen);
                        out.push((now, ticket));
                    }
                    Admission::Refused { until } => prop_assert!(until > at(now)),
                },
                Act::Begin => {
                    let pick = usize::from(pick) % out.len();
                    let (_, ticket) = &mut out[pick];
                    // A closed breaker's attempts have nothing to begin.
                    if ticket.is_probe && !ticket.has_begun {
                        *ticket = breaker.begin(&rules, at(now), *ticket).0;
                    }
                }
                Act::End(verdict) => {
                    let (_, ticket) = out.swap_remove(usize::from(pick) % out.len());
                    let told = breaker.record(&rules, at(now), ticket, verdict);
                    prop_assert_eq!(told.is_some(), before.state() != breaker.state());
                    if let (Phase::Open { until, .. }, Phase::Open { until: earlier, .. }) = (breaker.phase, before.phase) {
                        prop_assert!(until >= earlier, "a reset is never undercut");
                    }
                }
            }
            if let Phase::HalfOpen { stage, admitted, succeeded, .. } = breaker.phase {
                prop_assert!(admitted <= rules.probes(stage));
                prop_assert!(succeeded < rules.probes(stage));
                let has_place = |(begun, ticket): &&(u64, Ticket)| {
                    let is_its_own = ticket.generation == breaker.generation && !ticket.has_begun;
                    is_its_own && now - begun < SMALL.longest.as_secs()
                };
                prop_assert!(out.iter().filter(has_place).count() as u32 <= admitted - succeeded);
            }
            prop_assert_eq!(Breaker::decode(Some(&breaker.encode())), Some(breaker.clone()));
        }
    }

    /// Whatever happened to it, and whoever died with its probes: once its target works, it closes.
    #[test]
    fn it_is_never_stuck(steps in steps()) {
        let rules = rules();
        let (mut breaker, mut now, mut out) = (Breaker::default(), 1_000, Vec::new());
        for (pause, act, pick) in steps {
            now += pause;
            match act {
                Act::Begin | Act::End(_) if out.is_empty() => {}
                Act::Ask => if let Admission::Admitted(ticket) = breaker.admit(&rules, at(now), LARGE).0 { out.push(ticket) },
                Act::Begin => {
                    let pick = usize::from(pick) % out.len();
                    out[pick] = breaker.begin(&rules, at(now), out[pick]).0;
                }
                Act::End(verdict) => {
                    let ticket = out.swap_remove(usize::from(pick) % out.len());
                    breaker.record(&rules, at(now), ticket, verdict);
                }
            }
        }
        // Every probe that was out is lost. The longest it can be open, then as many waits as there are probes.
        now += LONGEST_RESET.as_secs();
        for _ in 0..40 {
            now += 30;
            if let Admission::Admitted(ticket) = breaker.admit(&rules, at(now), LARGE).0 {
                breaker.record(&rules, at(now), ticket, Verdict::Success);
            }
        }
        prop_assert_eq!(breaker.state(), BreakerState::Closed);
    }

    /// A handful of results never trips it, whatever they are, unless they are what the policy counts one by one.
    #[test]
    fn a_cold_start_does_not_trip_it(results in prop::collection::vec(any::<bool>(), 0..20)) {
        let share = vec![Share { bound_bp: 0, at_least: 20 }];
        let rules = Rules { errors: share.clone(), quality: share, ..rules() };
        let mut breaker = Breaker::default();
        for is_error in results.into_iter().take(19) {
            breaker.one_by(&rules, 1, if is_error { Verdict::Failure } else { Verdict::BadAnswer });
            prop_assert_eq!(breaker.state(), BreakerState::Closed);
        }
    }

    /// A cell is memory that others write to: whatever lies there, deciding by it does not panic.
    #[test]
    fn any_cell_can_be_used(
        mut cell in prop::collection::vec(any::<u8>(), Breaker::default().encode().len()), phase in 0u8..4,
        cause in 0u8..14, now: u64, verdict in verdict(),
    ) {
        (cell[0], cell[1], cell[64]) = (3, phase, cause);
        let mut breaker = Breaker::decode(Some(&cell)).expect("a cell");
        let (now, ticket) = (Timestamp(now), breaker.ticket(true));
        breaker.clone().record(&rules(), now, ticket, verdict);
        let remembered = Remembered { generation: breaker.generation, successes: u32::MAX, since: now };
        breaker.lets_wait(&rules(), now, remembered);
        breaker.recall(&rules(), now, remembered);
        breaker.admit(&rules(), now, LARGE);
        prop_assert_eq!(breaker.window.slots.len(), SLOTS);
    }
}

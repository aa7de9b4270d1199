//! The promises that hold whatever providers, clients and workers do, under random faults in virtual time.
//!
//! [`schedule`] makes up what happens, [`laws`] are the promises; the world itself checks more of them at each step: one
//! answer at most, nothing done for a client that is gone, no attempt at an open breaker's target, attempts numbered in
//! order, one outcome for each, and nothing left over in the end.

mod laws;
mod schedule;

use proptest::prelude::*;

use self::schedule::{Plan, plan};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn every_promise_holds(plan in plan(1..100)) {
        let mut world = plan.run();
        laws::all(&world, &plan.terms);
        plan.recover(&mut world);
        laws::every_breaker_has_closed(&world);
    }
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn every_promise_holds_for_thousands_of_requests(plan in plan(2_000..2_400)) {
        let world = plan.run();
        laws::all(&world, &plan.terms);
    }
}

proptest! {
    #![proptest_config(cases(20))]

    #[test]
    fn the_same_events_have_the_same_effects(plan in plan(1..60)) {
        let told = |plan: &Plan| {
            let world = plan.run();
            let answers: Vec<_> = world.requests.values().map(|request| format!("{:?}", request.answers)).collect();
            (world.digest(), answers)
        };
        prop_assert_eq!(told(&plan), told(&plan));
    }
}

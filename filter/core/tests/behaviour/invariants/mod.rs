//! The promises that hold whatever providers, clients and workers do, under random faults in virtual time.
//!
//! [`schedule`] makes up what happens, [`laws`] are the promises; the world itself checks more of them at each step: one
//! answer at most, nothing done for a client that is gone, no attempt at an open breaker's target, attempts numbered in
//! order, one outcome for each, and nothing left over in the end.

mod accounts;
mod fates;
mod laws;
mod schedule;
mod spending;

use proptest::prelude::*;

use self::schedule::{CALLS, Plan, plan};

/// So many random schedules, or `PROPTEST_CASES` of them: a longer hunt.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 300, ..default }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn every_promise_holds(plan in plan(1..100)) {
        let mut world = plan.run();
        laws::all(&world, &plan.terms);
        plan.recover(&mut world);
        laws::every_breaker_has_closed(&world);
        laws::nothing_counts_as_under_way(&plan.load(&mut world, 6), &plan.terms);
        plan.fail(&mut world);
        laws::the_breaker_is_open(&world);
        world.settle();
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn limits_hold_whatever_fails(plan in plan(1..100)) {
        let plan = plan.narrow();
        let mut world = plan.run();
        laws::limits_hold(&world);
        // Nothing is reserved any more, also by workers that have died.
        plan.recover(&mut world);
        let tried = plan.load(&mut world, CALLS + 4);
        prop_assert_eq!(tried.iter().filter(|target| !target.is_empty()).count(), CALLS, "{:?}", tried);
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn every_request_and_tenant_is_charged_what_was_used_and_nothing_stays_reserved(plan in spending::plan(false)) {
        let mut spree = plan.run();
        plan.ask(&mut spree);
        accounts::every_request_is_charged_what_it_used(&mut spree);
        accounts::tenants_are_charged_what_they_used(&mut spree);
        accounts::every_place_is_given_back(&plan, &mut spree);
        spree.world.settle();
    }

    #[test]
    fn several_limits_hold_at_once_whatever_fails(plan in spending::plan(true)) {
        let mut spree = plan.run();
        accounts::no_window_sees_more_than_a_rate(&spree);
        accounts::nobody_is_one_too_many(&plan, &spree);
        plan.ask(&mut spree);
        accounts::every_request_is_charged_what_it_used(&mut spree);
        accounts::tenants_are_charged_what_they_used(&mut spree);
        accounts::every_place_is_given_back(&plan, &mut spree);
        spree.world.settle();
    }
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn every_promise_holds_for_thousands_of_requests(plan in plan(2_000..2_400)) {
        let mut world = plan.run();
        laws::all(&world, &plan.terms);
        plan.recover(&mut world);
        laws::every_breaker_has_closed(&world);
        plan.fail(&mut world);
        laws::the_breaker_is_open(&world);
        world.settle();
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

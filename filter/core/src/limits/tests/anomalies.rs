//! What is usual of each tenant, and when it is more.

use proptest::prelude::*;
use seawall_policy::policy::TargetId;

use super::*;

const MINUTE: u64 = 60 * SECOND;
/// A window of five minutes begins here.
const START: u64 = 1_700_000_100 * SECOND;
const ATTEMPT: Stage = Stage::Attempt(TargetId(0));

fn spend() -> One {
    One::new("limit spend per tenant { $100/day  anomaly > 5x baseline }")
}

/// Spends so many cents from this window's beginning, or a part of it, until five minutes later, in ten parts. How often an anomaly is
/// told, and how often as a new one.
fn five_minutes(one: &mut One, (window, percent): (u64, u64), tenant: u64, cents: u64) -> (usize, usize) {
    one.news.clear();
    for part in 0..10 {
        let at = START + (window * 100 + percent + part * 10) * 3 * SECOND;
        let cost = money(cents * 1_000);
        let ticket = one.try_at(at, tenant, ATTEMPT, cost).unwrap();
        one.settle(at, ticket, cost);
    }
    let told = one
        .news
        .iter()
        .filter_map(|news| if let News::Unusual(_, _, is_new) = news { Some(*is_new) } else { None });
    let told: Vec<bool> = told.collect();
    (told.len(), told.into_iter().filter(|is_new| *is_new).count())
}

/// One that has spent about 22 cents in five minutes, for so many of them.
fn used_to(windows: u64) -> One {
    let mut one = spend();
    for window in 0..windows {
        assert_eq!(five_minutes(&mut one, (window, 0), 7, 20 + window % 5), (0, 0), "{window}");
    }
    one
}

#[test]
fn much_more_than_usual_is_told_as_new_once_and_with_each_request_until_it_is_over() {
    let mut one = used_to(20);
    let (told, new) = five_minutes(&mut one, (20, 0), 7, 220);
    assert!((4..=6).contains(&told) && new == 1, "{told} {new}");
    let Some(News::Unusual(spot, hundredths, _)) = one.news.last().copied() else { panic!() };
    assert!((850..=1_000).contains(&hundredths), "{hundredths}");
    assert_eq!(one.fixture.book.limit(spot).unwrap().0, LimitId(0));
    let (told, new) = five_minutes(&mut one, (21, 0), 7, 220);
    assert!(told == 10 && new == 0, "it goes on: {told} {new}");
    // The window before is forgotten little by little.
    let (told, new) = five_minutes(&mut one, (22, 0), 7, 20);
    assert!((3..=7).contains(&told) && new == 0, "{told} {new}");
    assert_eq!(five_minutes(&mut one, (23, 0), 7, 20), (0, 0));
    assert_eq!(five_minutes(&mut one, (24, 0), 7, 220).1, 1, "another one");
}

#[test]
fn a_jump_is_seen_within_minutes_wherever_in_a_window_it_begins() {
    for percent in 0..100 {
        let mut one = used_to(20);
        assert_eq!(five_minutes(&mut one, (20, percent), 7, 220).1, 1, "{percent}");
    }
}

#[test]
fn nothing_is_unusual_before_an_hour_of_use() {
    let mut one = spend();
    for window in 0..12 {
        let cents = if window == 11 { 5_000 } else { 20 };
        assert_eq!(five_minutes(&mut one, (window * 10, 0), 7, cents), (0, 0), "{window}");
    }
    let mut one = used_to(12);
    assert_eq!(five_minutes(&mut one, (12, 0), 7, 220).1, 1);
}

#[test]
fn what_is_little_is_no_anomaly() {
    let mut one = spend();
    for window in 0..30 {
        assert_eq!(five_minutes(&mut one, (window, 0), 7, 1), (0, 0));
    }
    assert_eq!(
        five_minutes(&mut one, (30, 0), 7, 100),
        (0, 0),
        "99 cents of $100, then a request that isn't over"
    );
    assert_eq!(five_minutes(&mut one, (32, 0), 7, 200).1, 1);
    // Of a rate it is a hundredth of what may be used in the window.
    let rule = |limit: &str| {
        let fixture = Fixture::new(limit);
        let desk = fixture.book.asked(
            &fixture.policy,
            &fixture.limits,
            fixture.ask(7, FIRST, Use::default()).who,
            FIRST,
        );
        assert_eq!(desk[0].slots, [0, 1]);
        fixture.book.rule(Spot { place: desk[0].place, slot: 1 }).unwrap().measure
    };
    let least = |limit: &str| match rule(limit) {
        crate::limits::measure::Measure::Baseline(of) => of.least,
        _ => 0,
    };
    assert_eq!(least("limit l per tenant { 90k tokens/min  anomaly > 2x baseline }"), 4_500);
    assert_eq!(least("limit l per tenant { 90k tokens/hour  anomaly > 2x baseline }"), 900);
    assert_eq!(least("limit l per tenant { 10 requests/s  anomaly > 2x baseline window 1m }"), 6);
}

#[test]
fn each_tenant_has_its_own_and_nights_do_not_count() {
    let mut one = spend();
    for window in 0..20 {
        assert_eq!(five_minutes(&mut one, (window, 0), 7, 20), (0, 0));
        assert_eq!(five_minutes(&mut one, (window, 0), 8, 300), (0, 0));
    }
    assert_eq!(five_minutes(&mut one, (200, 0), 8, 300), (0, 0));
    assert_eq!(five_minutes(&mut one, (200, 0), 7, 300).1, 1);
}

#[test]
fn what_grows_steadily_is_no_anomaly_and_what_stays_becomes_usual() {
    let mut one = One::new("limit spend per tenant { $100/day  observe  anomaly > 5x baseline window 1m }");
    let mut new = |window: u64, cost: u64| {
        one.news.clear();
        for part in 0..5 {
            let at = START + window * MINUTE + part * 10 * SECOND;
            let ticket = one.try_at(at, 7, ATTEMPT, money(cost)).unwrap();
            one.settle(at, ticket, money(cost));
        }
        one.news.iter().any(|news| matches!(news, News::Unusual(_, _, true)))
    };
    // A fifth more in each ten minutes, thousands of times as much in the end.
    let mut cost = 100_000.0_f64;
    let mut last = 0;
    for window in 0..400 {
        cost *= 1.02;
        assert!(!new(window, cost as u64), "{window}");
        last = window;
    }
    let much = cost as u64 * 8;
    let alarms: Vec<u64> = (1..200).filter(|window| new(last + window, much)).collect();
    assert_eq!(alarms, [1], "one episode");
    assert!(!new(last + 200, much) && new(last + 203, much * 8));
}

#[test]
fn a_limit_that_refuses_and_one_that_observes_compare_alike() {
    for more in ["", "observe"] {
        let mut one = One::new(&format!(
            "limit few global {{ 100 requests/hour  burst 10%  {more}  anomaly > 3x baseline window 1m }}"
        ));
        let mut new = 0;
        for window in 0..20 {
            one.news.clear();
            for part in 0..if window == 19 { 12 } else { 1 } {
                let at = START + window * MINUTE + part * SECOND;
                if let Ok(ticket) = one.admit(at, tokens(1)) {
                    one.settle(at, ticket, tokens(1));
                }
            }
            new += one.news.iter().filter(|news| matches!(news, News::Unusual(_, _, true))).count();
        }
        assert_eq!(new, 1, "{more}");
        let told = one.news.iter().filter(|news| matches!(news, News::WouldRefuse(_))).count();
        assert_eq!(told > 0, more == "observe");
    }
}

#[test]
fn who_has_no_row_of_its_own_has_nothing_that_is_usual() {
    let mut one = One::new("limit spend per tenant { $100/day  anomaly > 5x baseline }");
    // Nine of one cell: the last finds no row.
    let tenants: Vec<u64> = (1..=9).map(|number| number << 20).collect();
    for window in 0..20 {
        for tenant in &tenants {
            let (told, _) = five_minutes(
                &mut one,
                (window, 0),
                *tenant,
                if window == 19 && *tenant == tenants[8] { 900 } else { 20 },
            );
            assert_eq!(told, 0, "{window}");
        }
    }
    assert_eq!(five_minutes(&mut one, (20, 0), tenants[0], 300).1, 1);
}

#[test]
fn a_baseline_is_kept_with_another_amount_and_begins_anew_with_another_window() {
    let mut one = used_to(20);
    for (limit, is_known) in [
        ("limit spend per tenant { $90/day  warn 80%  anomaly > 4x baseline }", true),
        ("limit spend per tenant { $90/day  anomaly > 4x baseline window 6m }", false),
    ] {
        let mut other = One::new(limit);
        other.store = one.cells();
        assert_eq!(five_minutes(&mut other, (20, 0), 7, 300).0 > 0, is_known, "{limit}");
    }
    assert_eq!(five_minutes(&mut one, (20, 0), 7, 220).1, 1);
}

proptest! {
    #[test]
    fn use_that_never_varies_by_more_than_the_factor_is_never_an_anomaly(
        costs in prop::collection::vec(100_u64..200, 1..200),
        factor in 401_u64..1_000,
    ) {
        let (whole, part) = (factor / 100, factor % 100);
        let limit = format!("limit spend per tenant {{ $50/day observe  anomaly > {whole}.{part:02}x baseline window 1m }}");
        let mut one = One::new(&limit);
        for (window, cost) in costs.into_iter().enumerate() {
            // At any time within its window: two may be next to each other.
            let at = START + window as u64 * MINUTE + cost % 60 * SECOND;
            let cost = money(cost * 5_000);
            let ticket = one.try_at(at, 7, ATTEMPT, cost).unwrap();
            one.settle(at, ticket, cost);
        }
        let told = one.news.iter().find(|news| matches!(news, News::Unusual(..)));
        prop_assert!(told.is_none(), "{told:?}");
    }

    #[test]
    fn no_time_and_no_amount_is_too_large(
        uses in prop::collection::vec((0_u64..1 << 40, any::<u64>(), any::<u64>()), 1..60),
    ) {
        let mut one = One::new("limit tpm per tenant { 1000M tokens/day  burst 1000%  observe  anomaly > 1000x baseline window 1h }");
        for (cost, at, then) in uses {
            if let Ok(ticket) = one.admit(at, tokens(cost)) {
                one.settle(then, ticket, tokens(then));
            }
        }
    }
}

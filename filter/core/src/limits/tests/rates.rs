//! One worker: what a single limit says.

use std::time::Duration;

use seawall_policy::policy::TargetId;

use super::*;
use crate::store::{Conflict, Version};

const TPM: &str = "limit tpm per tenant { 60k tokens/min  burst 10% }";

fn wait(refused: Result<Ticket, Refusal>) -> Option<Duration> {
    refused.expect_err("refused").wait
}

#[test]
fn a_refusal_says_to_the_nanosecond_when_the_request_passes() {
    let mut one = One::new(TPM);
    let start = 1_700_000_000 * SECOND;
    let mut tickets = vec![one.admit(start, tokens(6_000)).unwrap()];
    let refused = one.admit(start, tokens(1_000)).unwrap_err();
    assert_eq!((refused.wait, refused.is_exact), (Some(Duration::from_secs(1)), true));
    assert_eq!(wait(one.admit(start + SECOND - 1, tokens(1_000))), Some(Duration::from_nanos(1)));
    tickets.push(one.admit(start + SECOND, tokens(1_000)).unwrap());
}

#[test]
fn what_is_larger_than_the_burst_passes_when_nothing_is_owed_and_what_is_larger_than_all_never() {
    let mut one = One::new(TPM);
    assert_eq!(wait(one.admit(SECOND, tokens(60_001))), None);
    let _ticket = one.admit(SECOND, tokens(30_000)).unwrap();
    assert_eq!(wait(one.admit(SECOND, tokens(30_000))), Some(Duration::from_secs(30)));
    assert_eq!(wait(one.admit(SECOND, tokens(1))), Some(Duration::from_nanos(24_001_000_000)));
}

#[test]
fn what_was_not_used_is_there_again_and_what_was_used_beyond_is_owed() {
    let mut one = One::new(TPM);
    let ticket = one.admit(SECOND, tokens(6_000)).unwrap();
    one.settle(SECOND, ticket, tokens(500));
    let ticket = one.admit(SECOND, tokens(5_500)).unwrap();
    assert_eq!(wait(one.admit(SECOND, tokens(1))), Some(Duration::from_millis(1)));
    one.settle(SECOND, ticket, tokens(9_500));
    assert_eq!(wait(one.admit(SECOND, tokens(1))), Some(Duration::from_millis(4_001)));
}

#[test]
fn what_time_has_paid_back_is_not_given_back_again() {
    let mut one = One::new(TPM);
    let first = one.admit(SECOND, tokens(6_000)).unwrap();
    let second = one.admit(7 * SECOND, tokens(6_000)).unwrap();
    one.settle(7 * SECOND, first, Use::default());
    assert_eq!(
        wait(one.admit(7 * SECOND, tokens(6_000))),
        Some(Duration::from_secs(6)),
        "or 12,000 would be used at once"
    );
    one.settle(7 * SECOND, second, Use::default());
    let _ticket = one.admit(7 * SECOND, tokens(6_000)).unwrap();
}

#[test]
fn tokens_are_counted_as_the_limit_says() {
    let used = Use { requests: 1, input_tokens: 10, output_tokens: 5, micro_dollars: 3 };
    for (what, passes) in [("tokens", 4), ("input tokens", 6), ("output tokens", 12), ("requests", 60)] {
        let mut one = One::new(&format!("limit l per tenant {{ 60 {what}/min  burst 100% }}"));
        let admitted = (0..100).filter_map(|_| one.admit(SECOND, used).ok()).count();
        assert_eq!(admitted, passes, "{what}");
    }
}

#[test]
fn money_of_a_day_is_there_again_at_midnight() {
    let day = 86_400 * SECOND;
    let attempt = Stage::Attempt(seawall_policy::policy::TargetId(0));
    let mut one = One::new("limit l per tenant { $50/day }");
    let ticket = one.try_at(day + SECOND, 7, attempt, money(50_000_000)).unwrap();
    let refused = one.try_at(day + SECOND, 7, attempt, money(1)).unwrap_err();
    assert_eq!((refused.wait, refused.is_exact), (Some(Duration::from_secs(1)), false), "it may cost less");
    one.settle(day + 2 * SECOND, ticket, money(20_000_000));
    let ticket = one.try_at(day + 2 * SECOND, 7, attempt, money(30_000_000)).unwrap();
    let refused = one.try_at(day + 2 * SECOND, 7, attempt, money(30_000_001)).unwrap_err();
    assert_eq!((refused.wait, refused.is_exact), (Some(Duration::from_secs(86_398)), true));
    // What is under way over midnight counts on both sides of it.
    let at = 2 * day + SECOND;
    assert!(one.try_at(at, 7, attempt, money(20_000_001)).is_err());
    let other = one.try_at(at, 7, attempt, money(20_000_000)).unwrap();
    one.settle(at, ticket, money(30_000_000));
    one.settle(at, other, Use::default());
    assert!(one.try_at(at, 7, attempt, money(20_000_001)).is_err());
    let _ticket = one.try_at(at, 7, attempt, money(20_000_000)).unwrap();
}

#[test]
fn no_rolling_hour_sees_more_money_than_the_limit() {
    let attempt = Stage::Attempt(seawall_policy::policy::TargetId(0));
    let mut one = One::new("limit l per tenant { $6/hour rolling }");
    let mut spent = Vec::new();
    for minute in 0..300 {
        let now = minute * 60 * SECOND;
        while let Ok(ticket) = one.try_at(now, 7, attempt, money(500_000)) {
            one.settle(now, ticket, money(500_000));
            spent.push(minute);
        }
        let hour = spent.iter().filter(|at| **at + 60 > minute).count();
        assert!(hour <= 12, "{hour} at minute {minute}");
    }
    assert!(spent.len() >= 48, "four hours at least are used: {}", spent.len());
    let refused = one.try_at(299 * 60 * SECOND, 7, attempt, money(500_000)).unwrap_err();
    let at = 299 * 60 * SECOND + u64::try_from(refused.wait.unwrap().as_nanos()).unwrap();
    assert!(one.try_at(at - 1, 7, attempt, money(500_000)).is_err());
    let _ticket = one.try_at(at, 7, attempt, money(500_000)).unwrap();
}

#[test]
fn places_among_concurrent_requests_are_given_back_and_those_of_the_dead_expire() {
    let mut one = One::new("limit l per tenant { 2 concurrent }");
    let at = |seconds: u64| 1_500 * SECOND + seconds * SECOND;
    let first = one.admit(at(0), tokens(1)).unwrap();
    let _second = one.admit(at(0), tokens(1)).unwrap();
    let refused = one.admit(at(0), tokens(1)).unwrap_err();
    assert_eq!((refused.wait, refused.is_exact), (Some(Duration::from_secs(1)), false));
    one.settle(at(1), first, tokens(1));
    let third = one.admit(at(1), tokens(1)).unwrap();
    // A worker that lives confirms.
    for _ in 0..10 {
        let due = one.limits.next_deadline().expect("it holds something");
        one.limits.handle_timeout(&mut one.store, due, &one.fixture.book);
    }
    let now = one.limits.next_deadline().expect("it holds something").0 - SECOND;
    assert!(one.admit(now, tokens(1)).is_err());
    one.limits = Limits::new(2);
    assert!(one.admit(now, tokens(1)).is_err(), "nobody knows yet");
    let _ticket = one.admit(now + 30 * SECOND, tokens(1)).unwrap();
    drop(third);
}

#[test]
fn a_refusal_tells_when_a_place_is_likely_to_come_back() {
    let mut one = One::new("limit calls global { 2 concurrent }");
    let mut now = SECOND;
    let refused = |one: &mut One, now| {
        let held = [one.admit(now, tokens(1)).unwrap(), one.admit(now, tokens(1)).unwrap()];
        let refused = one.admit(now, tokens(1));
        for ticket in held {
            one.settle(now + 4 * SECOND, ticket, tokens(1));
        }
        wait(refused)
    };
    assert_eq!(refused(&mut one, now), Some(Duration::from_secs(1)), "nobody knows yet");
    now += 10 * SECOND;
    assert_eq!(refused(&mut one, now), Some(Duration::from_secs(2)), "two places, each for four seconds");
}

#[test]
fn a_limit_that_observes_tells_and_refuses_nothing() {
    let mut one = One::new("limit l per tenant { 2 requests/min  burst 100%  observe }");
    for _ in 0..5 {
        let _ticket = one.admit(SECOND, tokens(1)).unwrap();
    }
    let told = one.news.iter().filter(|news| matches!(news, News::WouldRefuse(_))).count();
    assert_eq!(told, 3);
}

#[test]
fn a_warning_is_told_when_its_share_is_passed_and_not_again_before_it_was_left() {
    let mut one = One::new("limit l per tenant { 10 concurrent  warn 80% }");
    let tickets: Vec<_> = (0..10).map(|_| one.admit(SECOND, tokens(1)).unwrap()).collect();
    let told: Vec<_> =
        one.news.drain(..).map(|news| (matches!(news, News::Warns(_, _, true)), news)).collect();
    assert!(
        matches!(
            told.as_slice(),
            [
                (true, News::Warns(_, 8_000, _)),
                (false, News::Warns(_, 9_000, _)),
                (false, News::Warns(_, 10_000, _))
            ]
        ),
        "{told:?}"
    );
    let mut tickets = tickets.into_iter();
    for ticket in tickets.by_ref().take(3) {
        one.settle(SECOND, ticket, tokens(1));
    }
    let ticket = one.admit(SECOND, tokens(1)).unwrap();
    assert!(matches!(one.news.as_slice(), [News::Warns(_, 8_000, false)]), "{:?}", one.news);
    for ticket in tickets.chain([ticket]) {
        one.settle(SECOND, ticket, tokens(1));
    }
    one.news.clear();
    let _tickets: Vec<_> = (0..8).map(|_| one.admit(SECOND, tokens(1)).unwrap()).collect();
    assert!(matches!(one.news.as_slice(), [News::Warns(_, 8_000, true)]), "{:?}", one.news);
}

/// What a limit tells of one request each `every` seconds, `times` times.
fn told_of(limit: &str, (every, times): (u64, u64), of: Use) -> Vec<(u32, bool)> {
    let mut one = One::new(limit);
    for n in 0..times {
        let now = 1_000_000 * 60 * SECOND + n * every * SECOND;
        let Ok(ticket) = one.admit(now, of) else { continue };
        one.settle(now + SECOND / 2, ticket, of);
        one.settle_all(now + SECOND / 2);
    }
    let warned = |news| if let News::Warns(_, used, is_new) = news { Some((used, is_new)) } else { None };
    one.news.into_iter().filter_map(warned).collect()
}

#[test]
fn a_rate_warns_of_what_is_used_of_it_and_not_of_its_burst() {
    let calm = "limit l per tenant { 10 requests/min  burst 10%  warn 80% }";
    assert_eq!(told_of(calm, (12, 100), tokens(1)), [], "half of it, one at a time");
    let told = told_of(calm, (6, 100), tokens(1));
    assert!(told.len() > 80 && told.iter().filter(|(_, is_new)| *is_new).count() == 1, "{told:?}");
    let few = "limit l per tenant { 3 requests/hour  warn 60% }";
    let told = told_of(few, (1_800, 50), tokens(1));
    assert_eq!(told.iter().filter(|(_, is_new)| *is_new).count(), 1, "two of three, and again: {told:?}");
    let tokens_told =
        told_of("limit l per tenant { 6k input tokens/min  burst 50%  warn 80% }", (10, 30), tokens(900));
    assert_eq!(tokens_told.iter().map(|(_, is_new)| *is_new).filter(|is_new| *is_new).count(), 1);
    assert!(tokens_told.iter().all(|(used, _)| (8_000..=10_500).contains(used)), "{tokens_told:?}");
}

#[test]
fn a_rate_warns_again_after_a_time_of_rest() {
    let mut one = One::new("limit l per tenant { 10 requests/min  burst 100%  warn 80% }");
    let mut told = Vec::new();
    for (minute, requests) in [(0, 9), (1, 2), (2, 2), (3, 2), (10, 9), (11, 3)] {
        for _ in 0..requests {
            let now = (1_000_000 + minute) * 60 * SECOND;
            let ticket = one.admit(now, tokens(1)).unwrap();
            one.settle(now, ticket, tokens(1));
        }
        told.push(one.news.drain(..).filter(|news| matches!(news, News::Warns(.., true))).count());
    }
    assert_eq!(told, [1, 0, 0, 0, 1, 0]);
}

#[test]
fn what_is_given_back_is_not_warned_of() {
    let mut one = One::new("limit l per tenant { 10 requests/min  burst 100%  warn 80% }");
    for _ in 0..50 {
        let ticket = one.admit(60_000_000 * SECOND, tokens(1)).unwrap();
        one.settle(60_000_000 * SECOND, ticket, Use::default());
    }
    assert_eq!(one.news, []);
}

#[test]
fn a_caller_is_warned_of_its_own_limits_only() {
    let limits = "limit own per tenant { 4 requests/min  burst 100%  warn 50% }\n\
         limit all global { 4 requests/min  burst 100%  warn 50% }";
    let own = |tenants: &str| {
        let mut one = One::new(&[tenants, limits].concat());
        let _tickets: Vec<_> = (0..2).map(|_| one.admit(SECOND, tokens(1)).unwrap()).collect();
        let (policy, book) = (&one.fixture.policy, &one.fixture.book);
        let spots = one
            .news
            .iter()
            .filter_map(|news| if let News::Warns(spot, ..) = news { Some(*spot) } else { None });
        let mut own: Vec<_> = spots
            .map(|spot| (book.rule(spot).unwrap().name.to_string(), book.is_own(policy, spot)))
            .collect();
        own.sort();
        own
    };
    let of = |all| [("all".to_owned(), all), ("own".to_owned(), true)];
    assert_eq!(own(""), of(true), "nobody tells tenants apart");
    assert_eq!(own("tenant by header \"x-tenant-id\" trusted\n"), of(false));
}

#[test]
fn a_request_that_one_limit_refuses_takes_nothing_of_the_others() {
    let mut one = One::new(
        "limit all global { 100 requests/min  burst 100% }\n\
         limit tpm per tenant { 60k tokens/min  burst 10% }\n\
         limit calls per tenant { 1 concurrent }\n\
         limit here per route { 10 requests/min  burst 100% }",
    );
    let ticket = one.admit(SECOND, tokens(1)).unwrap();
    let before = format!("{:?}", one.cells());
    for _ in 0..20 {
        let refused = one.admit(SECOND, tokens(1)).unwrap_err();
        assert_eq!(&*one.fixture.book.rule(refused.spot).unwrap().name, "calls");
    }
    assert_eq!(format!("{:?}", one.cells()), before);
    one.settle(SECOND, ticket, Use::default());
    one.settle_all(SECOND);
    assert_eq!(held(&one.fixture, &mut one.store, Timestamp(SECOND), 7, FIRST), [0, 0, 0, 0]);
    assert!(one.limits.ledger.is_empty());
}

#[test]
fn what_comes_to_nothing_takes_nothing_even_where_answers_are_slow() {
    // How many still pass after a hundred have been given back so long after they were reserved.
    let pass = |given_back: u64, after: u64| {
        let mut one = One::new("limit rpm per tenant { 60 requests/min  burst 100% }");
        let slow: Vec<_> = (0..50).map(|_| one.admit(60 * SECOND, tokens(1)).unwrap()).collect();
        for second in 61..90 {
            one.limits.handle_timeout(&mut one.store, Timestamp(second * SECOND), &one.fixture.book);
        }
        slow.into_iter().for_each(|ticket| one.settle(90 * SECOND, ticket, tokens(1)));
        one.settle_all(90 * SECOND);
        for _ in 0..given_back {
            let ticket = one.admit(90 * SECOND, tokens(1)).unwrap();
            one.give_back(90 * SECOND + after, ticket);
        }
        (0..100).take_while(|_| one.admit(91 * SECOND, tokens(1)).is_ok()).count()
    };
    assert_eq!(pass(0, 0), 41);
    assert_eq!(pass(100, 0), 41);
    assert_eq!(pass(1, SECOND / 10), 40, "what may have been paid meanwhile is not given back");
    assert_eq!(pass(100, SECOND / 200), 40);
}

#[test]
fn targets_and_groups_are_asked_for_the_attempts_that_go_there() {
    let attempt = |target| Stage::Attempt(seawall_policy::policy::TargetId(target));
    let mut one = One::new(
        "limit each per target { 2 requests/min  burst 100% }\n\
         limit region per group east { 3 requests/min  burst 100% }",
    );
    let mut passes =
        |target| (0..5).filter_map(|_| one.try_at(SECOND, 7, attempt(target), tokens(1)).ok()).count();
    assert_eq!((passes(0), passes(1), passes(2)), (2, 1, 2));
}

#[test]
fn what_a_provider_grants_is_used_up_and_comes_back_and_never_refuses() {
    let mut one = One::with("", "quota 6 requests/min, 100k tokens/day");
    let (target, other) = (TargetId(0), TargetId(1));
    let now = |seconds: u64| Timestamp(1_000 * SECOND + seconds * SECOND);
    let has = |one: &mut One, at: u64, target, of: u64| {
        let One { fixture, limits, store, .. } = one;
        limits.has_quota(store, now(at), &fixture.book, target, &tokens(of))
    };
    for _ in 0..6 {
        assert!(has(&mut one, 0, target, 1_000));
        let ticket = one.try_at(now(0).0, 7, Stage::Attempt(target), tokens(1_000)).unwrap();
        one.settle(now(0).0, ticket, tokens(500));
    }
    assert!(!has(&mut one, 0, target, 1_000));
    assert!(has(&mut one, 0, other, 1_000), "it is that of one target");
    let more = one.try_at(now(0).0, 7, Stage::Attempt(target), tokens(1_000)).unwrap();
    one.settle(now(0).0, more, tokens(0));
    assert!(!has(&mut one, 9, target, 1));
    assert!(has(&mut one, 10, target, 97_000));
    assert!(!has(&mut one, 10, target, 97_500), "of the tokens too: those that were used");
}

#[test]
fn a_clock_that_was_far_ahead_closes_no_limit_for_good() {
    let mut one = One::new("limit l per tenant { 60 requests/min  burst 100% }");
    let far = 1_000_000_000 * SECOND;
    let ticket = one.admit(far, tokens(1)).unwrap();
    one.settle(far, ticket, tokens(1));
    one.settle_all(far);
    for _ in 0..60 {
        let ticket = one.admit(SECOND, tokens(1)).unwrap();
        one.settle(SECOND, ticket, tokens(1));
    }
    assert!(one.admit(SECOND, tokens(1)).is_err(), "it holds from there on");
}

#[test]
fn no_debt_is_forgiven_however_much_more_was_used_than_reserved() {
    let mut one = One::new("limit l per tenant { 1k output tokens/s }");
    let answer = |output| Use { requests: 1, output_tokens: output, ..Use::default() };
    let (mut used, mut now) = (0, SECOND);
    while now < 1_000 * SECOND {
        if let Ok(ticket) = one.admit(now, answer(1)) {
            one.settle(now, ticket, answer(64_000));
            used += 64_000;
        }
        now += SECOND / 4;
    }
    assert!((900_000..=1_000_000 + 2 * 64_000).contains(&used), "{used} tokens in 1,000 seconds");
}

#[test]
fn what_could_not_be_written_is_settled_when_it_can() {
    let fixture = Fixture::new("limit l global { 1000 requests/min  burst 0% }");
    let (mut store, mut limits) = (Writes::default(), Limits::new(1));
    let ask = fixture.ask(7, FIRST, tokens(1));
    let ticket = limits.admit(&mut store, Timestamp(SECOND), &ask, &mut Vec::new()).unwrap();
    store.refuses = true;
    limits.settle(&mut store, Timestamp(SECOND), &fixture.book, ticket, tokens(1));
    let mut now = Timestamp(SECOND);
    for _ in 0..3 {
        now = limits.next_deadline().unwrap().max(now);
        limits.handle_timeout(&mut store, now, &fixture.book);
    }
    assert!(now <= Timestamp(2 * SECOND), "tried again and again, and not all the time: {now:?}");
    assert_eq!(held(&fixture, &mut store.cells, now, 7, FIRST), [1]);
    store.refuses = false;
    now = limits.next_deadline().unwrap();
    limits.handle_timeout(&mut store, now, &fixture.book);
    assert_eq!(held(&fixture, &mut store.cells, now, 7, FIRST), [0]);
    assert!(limits.ledger.is_empty());
}

/// Counts the writes.
#[derive(Default)]
struct Writes {
    cells: MemoryStore,
    count: usize,
    refuses: bool,
}

impl Store for Writes {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.cells.get(key)
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        self.count += 1;
        if self.refuses { Err(Conflict) } else { self.cells.set(key, value, expected) }
    }
}

#[test]
fn where_much_is_free_a_settlement_waits_for_the_next_write_and_not_for_long() {
    let fixture = Fixture::new(
        "limit all global { 1000 requests/min  burst 100% }\n\
         limit calls per tenant { 9 concurrent }",
    );
    let (mut store, mut limits) = (Writes::default(), Limits::new(1));
    let mut now = SECOND;
    let one = |now: u64, store: &mut Writes, limits: &mut Limits| {
        let ask = fixture.ask(7, FIRST, tokens(1));
        let ticket = limits.admit(store, Timestamp(now), &ask, &mut Vec::new()).unwrap();
        limits.settle(store, Timestamp(now), &fixture.book, ticket, tokens(1));
    };
    for _ in 0..100 {
        one(now, &mut store, &mut limits);
        now += 1_000;
    }
    assert_eq!(store.count, 200);
    let due = limits.next_deadline().unwrap();
    assert!(due <= Timestamp(now).after(Duration::from_millis(50)));
    limits.handle_timeout(&mut store, due, &fixture.book);
    assert_eq!((store.count, limits.ledger.is_empty(), limits.next_deadline()), (202, true, None));
    assert_eq!(held(&fixture, &mut store, due, 7, FIRST), [0, 0]);
}

//! Requests that wait in line, in several workers, in virtual time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::wait::Answer;
use super::*;
use crate::event::ExchangeId;

const MILLI: u64 = 1_000_000;
/// How often a host looks at its timers.
const TICK: u64 = 8;
const START: u64 = 1_700_000_000 * SECOND;

#[derive(Clone, Copy, Debug)]
struct Request {
    /// In milliseconds.
    at: u64,
    worker: usize,
    tenant: u64,
    tier: Option<usize>,
    /// How long it takes once it is admitted.
    takes: u64,
    cost: u64,
    /// When its client goes away.
    leaves: Option<u64>,
    deadline: Option<u64>,
}

const REQUEST: Request =
    Request { at: 0, worker: 0, tenant: 1, tier: None, takes: 0, cost: 1, leaves: None, deadline: None };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// After so many milliseconds.
    Admitted(u64),
    Refused(u64),
    Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Ends(usize),
    Leaves(usize),
    Asks(usize),
}

struct World {
    fixture: Fixture,
    store: MemoryStore,
    limits: Vec<Limits>,
    ends: BTreeMap<usize, End>,
    refusals: BTreeMap<usize, Refusal>,
    /// Most that ever waited at once.
    most: usize,
}

impl World {
    fn new(limits: &str, workers: u64) -> Self {
        Self {
            fixture: Fixture::new(limits),
            store: MemoryStore::default(),
            limits: (0..workers).map(|vm| Limits::new(vm + 1)).collect(),
            ends: BTreeMap::new(),
            refusals: BTreeMap::new(),
            most: 0,
        }
    }

    /// Runs until nothing is to be done any more.
    fn run(&mut self, requests: &[Request]) {
        let mut due: BTreeSet<(u64, Due)> = BTreeSet::new();
        let mut alarms: BTreeMap<usize, u64> = BTreeMap::new();
        let mut tickets = BTreeMap::new();
        for (number, request) in requests.iter().enumerate() {
            due.insert((request.at, Due::Asks(number)));
            due.extend(request.leaves.map(|at| (at.max(request.at), Due::Leaves(number))));
        }
        while let Some((at, what)) = due.pop_first() {
            let now = Timestamp(START + at * MILLI);
            let (Due::Ends(number) | Due::Leaves(number) | Due::Asks(number)) = what;
            let Request { worker, tenant, tier, takes, cost, deadline, .. } = requests[number];
            let id = ExchangeId(number as u32);
            let mut ask = self.fixture.ask(tenant, FIRST, tokens(cost));
            ask.who.tier = tier;
            let limits = &mut self.limits[worker];
            match what {
                Due::Asks(_) if alarms.get(&number).is_some_and(|alarm| *alarm != at) => continue,
                Due::Asks(_) if self.ends.contains_key(&number) => continue,
                Due::Asks(_) => {
                    alarms.remove(&number);
                    let deadline = deadline.map(|deadline| Timestamp(START + deadline * MILLI));
                    let answer = limits.ask(&mut self.store, now, (id, deadline), &ask, &mut Vec::new());
                    let wait = at - requests[number].at;
                    match answer {
                        Answer::Admitted(ticket) => {
                            self.ends.insert(number, End::Admitted(wait));
                            tickets.insert(number, ticket);
                            due.insert((at + takes, Due::Ends(number)));
                        }
                        Answer::Waits { until } => {
                            assert!(until >= now);
                            let later = (until.0 - START).div_ceil(TICK * MILLI) * TICK;
                            alarms.insert(number, later.max(at + 1));
                            due.insert((later.max(at + 1), Due::Asks(number)));
                        }
                        Answer::Refused(refusal) => {
                            self.ends.insert(number, End::Refused(wait));
                            self.refusals.insert(number, refusal);
                        }
                    }
                }
                Due::Leaves(_) if !self.ends.contains_key(&number) => {
                    limits.gone(&mut self.store, now, &self.fixture.book, id);
                    self.ends.insert(number, End::Left);
                }
                Due::Leaves(_) => {}
                Due::Ends(_) => {
                    let ticket = tickets.remove(&number).unwrap();
                    limits.settle(&mut self.store, now, &self.fixture.book, ticket, tokens(cost));
                }
            }
            for id in self.limits[worker].take_wakes() {
                let number = id.0 as usize;
                alarms.insert(number, at);
                due.insert((at, Due::Asks(number)));
            }
            // A host looks at its timers after every event.
            for limits in &mut self.limits {
                if limits.next_deadline().is_some_and(|due| due <= now) {
                    limits.handle_timeout(&mut self.store, now, &self.fixture.book);
                }
            }
            self.most = self.most.max(self.limits.iter().map(|limits| limits.lines.len()).sum());
        }
        assert_eq!(self.ends.len(), requests.len(), "everybody is answered, or gone");
        for limits in &mut self.limits {
            limits.close(&mut self.store, Timestamp(START + 60 * SECOND), &self.fixture.book);
            assert!(limits.ledger.is_empty(), "all is given back");
            assert!(limits.lines.is_empty());
        }
    }

    fn waits(&self, requests: &[Request], tenant: u64) -> Vec<u64> {
        let of = self.ends.iter().filter(|(number, _)| requests[**number].tenant == tenant);
        let mut waits: Vec<_> = of
            .filter_map(|(_, end)| if let End::Admitted(wait) = end { Some(*wait) } else { None })
            .collect();
        waits.sort_unstable();
        waits
    }
}

/// So many in each second, evenly, for so many seconds.
fn traffic(per_second: u64, seconds: u64, of: Request) -> impl Iterator<Item = Request> {
    (0..per_second * seconds).map(move |n| Request { at: of.at + n * 1_000 / per_second, ..of })
}

fn p95(waits: &[u64]) -> u64 {
    waits[waits.len() * 95 / 100]
}

#[test]
fn a_burst_is_smoothed_in_order() {
    let mut world = World::new("limit l global { 600 requests/min  burst 0%  wait up to 2s }", 1);
    let requests: Vec<_> = (0..10).map(|at| Request { at, ..REQUEST }).collect();
    world.run(&requests);
    for (number, end) in &world.ends {
        let End::Admitted(wait) = end else { panic!("{number} {end:?}") };
        let even = 100 * *number as u64;
        assert!((even..=even + 40).contains(&(wait + *number as u64)), "{number}: {wait}");
    }
}

#[test]
fn who_cannot_make_it_is_refused_at_once_and_told_how_long_it_would_take() {
    let mut world = World::new("limit l global { 600 requests/min  burst 0%  wait up to 500ms }", 1);
    let requests: Vec<_> = (0..20).map(|_| REQUEST).collect();
    world.run(&requests);
    let refused: Vec<_> = world.ends.values().filter(|end| matches!(end, End::Refused(_))).collect();
    assert!(refused.iter().all(|end| **end == End::Refused(0)), "{refused:?}");
    assert!((13..=15).contains(&refused.len()), "{}", refused.len());
    let Refusal { wait, waiting, .. } = world.refusals[&19];
    assert!(wait.unwrap().as_millis() >= 500 && waiting >= 4, "{wait:?} {waiting}");
}

#[test]
fn a_deadline_is_as_good_a_reason_as_the_limits_own_wait() {
    let mut world = World::new("limit l global { 60 requests/min  burst 0%  wait up to 5s }", 1);
    world.run(&[
        REQUEST,
        Request { deadline: Some(900), ..REQUEST },
        Request { deadline: Some(1_100), ..REQUEST },
    ]);
    assert_eq!(world.ends[&1], End::Refused(0));
    assert!(matches!(world.ends[&2], End::Admitted(1_000..1_050)), "{:?}", world.ends);
}

/// Wherever the two of them come in; ten in a second by rate, and ten at once of which each takes a second.
#[test]
fn a_tenant_that_sends_a_hundred_times_as_much_takes_nothing_from_anothers_share() {
    let ways =
        [(vec![0, 1], vec![0]), (vec![1], vec![0]), (vec![0], vec![0]), (vec![0, 1, 2], vec![0, 1, 2])];
    let limits = [
        ("limit l global { 600 requests/min  burst 0%  wait up to 4s }", 0, 400),
        // All ten come back within a few polls, once in a second.
        ("limit l global { 10 concurrent  wait up to 4s }", 1_000, 1_200),
    ];
    for ((heavy, light), (limit, takes, longest)) in
        ways.iter().flat_map(|way| limits.map(|limit| (way, limit)))
    {
        let mut world = World::new(limit, 3);
        let mut requests = Vec::new();
        for (n, request) in traffic(200, 20, Request { tenant: 1 << 32, takes, ..REQUEST }).enumerate() {
            requests.push(Request { worker: heavy[n % heavy.len()], ..request });
        }
        for (n, request) in traffic(2, 20, Request { tenant: 2 << 32, at: 3, takes, ..REQUEST }).enumerate() {
            requests.push(Request { worker: light[n % light.len()], ..request });
        }
        world.run(&requests);
        let waits = world.waits(&requests, 2 << 32);
        assert_eq!(waits.len(), 40, "{limit} {heavy:?} {light:?}: none of its requests is refused");
        // Its share is five in a second, the other's wait is two to four.
        assert!(p95(&waits) <= longest, "{limit} {heavy:?} {light:?}: {waits:?}");
        let served = world.waits(&requests, 1 << 32).len();
        assert!((150..=210).contains(&served), "{limit}: what it leaves goes to the other: {served}");
    }
}

#[test]
fn who_waits_for_a_place_is_told_by_how_long_places_are_usually_held() {
    let mut world = World::new("limit l global { 1 concurrent  wait up to 2s }", 1);
    let mut requests = vec![Request { takes: 1_000, ..REQUEST }];
    requests.extend([Request { at: 2_000, takes: 1_000, ..REQUEST }; 6]);
    world.run(&requests);
    let refused: Vec<_> = world.ends.iter().filter(|(_, end)| **end == End::Refused(0)).collect();
    assert_eq!(refused.len(), 3, "one goes, and two may make it: {:?}", world.ends);
    for (number, _) in refused {
        let Refusal { wait, waiting, .. } = world.refusals[number];
        assert_eq!((wait, waiting), (Some(std::time::Duration::from_secs(3)), 2));
    }
}

#[test]
fn weights_are_shares() {
    let mut world = World::new("limit l global { 1200 requests/min  burst 0%  wait up to 3s }", 2);
    let (gold, free) = (world.fixture.policy.tiers.iter().position(|tier| tier.name == "gold"), Some(0));
    // Both of one priority, so that only the weight tells them apart.
    for tier in &mut world.fixture.policy.tiers {
        tier.priority = 1;
    }
    world.fixture.book = Book::new(&world.fixture.policy);
    let free = world.fixture.policy.tiers.iter().position(|tier| tier.name == "free").or(free);
    let mut requests = Vec::new();
    for (tenant, tier) in [(1 << 32, gold), (2 << 32, free)] {
        let all = traffic(60, 20, Request { tenant, tier, ..REQUEST }).enumerate();
        requests.extend(all.map(|(n, request)| Request { worker: n % 2, ..request }));
    }
    world.run(&requests);
    let (gold, free) = (world.waits(&requests, 1 << 32).len(), world.waits(&requests, 2 << 32).len());
    assert!(gold >= 3 * free && gold <= 6 * free, "{gold} and {free}");
}

/// How long those of `gold` wait, and those of `free` who come four times in a second, at ten in a second for both.
fn gold_and_free(golds: u64) -> (Vec<u64>, Vec<u64>) {
    let mut world = World::new("limit l global { 600 requests/min  burst 0%  wait up to 3s }", 2);
    let tier = |name| world.fixture.policy.tiers.iter().position(|tier| tier.name == name);
    let mut requests = Vec::new();
    for (tenant, tier, per_second) in [(1 << 32, tier("gold"), golds), (2 << 32, tier("free"), 4)] {
        let all = traffic(per_second, 20, Request { tenant, tier, ..REQUEST }).enumerate();
        requests.extend(all.map(|(n, request)| Request { worker: n % 2, ..request }));
    }
    world.run(&requests);
    (world.waits(&requests, 1 << 32), world.waits(&requests, 2 << 32))
}

#[test]
fn priority_goes_first_and_nobody_starves() {
    let (golds, frees) = gold_and_free(9);
    assert_eq!(golds.len(), 180);
    assert!(p95(&golds) < 400, "{golds:?}");
    assert!(frees.len() >= 15, "what is left: {frees:?}");
    let (golds, frees) = gold_and_free(15);
    assert!(golds.len() >= 180, "{golds:?}");
    assert!(frees.len() >= 5, "even where those who go first would take it all: {frees:?}");
}

#[test]
fn a_full_line_sheds_who_matters_least() {
    let mut world = World::new("limit l global { 60 requests/min  burst 0%  wait up to 60s  queue 4 }", 1);
    let tier = |name| world.fixture.policy.tiers.iter().position(|tier| tier.name == name);
    let (gold, free) = (tier("gold"), tier("free"));
    let mut requests = vec![Request { tier: free, ..REQUEST }; 5];
    requests.push(Request { at: 1, tier: free, ..REQUEST });
    requests.push(Request { at: 2, tier: gold, tenant: 2 << 32, ..REQUEST });
    world.run(&requests);
    assert_eq!(world.ends[&5], End::Refused(0), "full");
    assert_eq!(world.ends[&4], End::Refused(2), "the last that came had to make room");
    assert!(matches!(world.ends[&6], End::Admitted(990..1_050)), "{:?}", world.ends[&6]);
    assert_eq!(world.most, 4);
}

#[test]
fn who_has_its_share_of_the_seats_sheds_nobody_while_some_are_free() {
    let mut world = World::new("limit l global { 60 requests/min  burst 0%  wait up to 60s  queue 10 }", 1);
    world.fixture.policy.tenant = policy(
        "seawall 1\ntarget a { cluster \"a\"  provider openai }\ntenant by san\nroute r { match path \"/\"  try a }",
    )
    .tenant;
    let tier = |name| world.fixture.policy.tiers.iter().position(|tier| tier.name == name);
    let (gold, free) = (tier("gold"), tier("free"));
    let mut requests = vec![Request { tenant: 3 << 32, ..REQUEST }];
    requests.extend(vec![Request { at: 1, tier: free, ..REQUEST }; 3]);
    requests.extend(vec![Request { at: 2, tier: gold, tenant: 2 << 32, ..REQUEST }; 6]);
    world.run(&requests);
    for number in 1..8 {
        assert!(matches!(world.ends[&number], End::Admitted(_)), "{number}: {:?}", world.ends);
    }
    for number in 8..10 {
        assert_eq!(world.ends[&number], End::Refused(0), "{number}: {:?}", world.ends);
    }
}

#[test]
fn who_has_waited_in_one_line_passes_nobody_by_in_another() {
    let fixture = Fixture::new(
        "limit all global { 30 requests/min  burst 0%  wait up to 60s }\n\
         limit own per tenant { 1 concurrent  wait up to 60s }",
    );
    let (mut store, mut limits) = (MemoryStore::default(), Limits::new(1));
    let at = |millis| Timestamp(START + millis * MILLI);
    let ask = |limits: &mut Limits, store: &mut MemoryStore, id, tenant, millis| {
        let ask = fixture.ask(tenant, FIRST, tokens(1));
        limits.ask(store, at(millis), (ExchangeId(id), None), &ask, &mut Vec::new())
    };
    let Answer::Admitted(held) = ask(&mut limits, &mut store, 0, 1, 0) else { panic!() };
    let waits = |answer| matches!(answer, Answer::Waits { .. });
    assert!(waits(ask(&mut limits, &mut store, 1, 1, 2_000)), "for its tenant's place");
    let Answer::Admitted(other) = ask(&mut limits, &mut store, 2, 2, 2_001) else { panic!() };
    assert!(waits(ask(&mut limits, &mut store, 3, 1, 2_002)), "for the rate");
    assert_ne!(limits.line_of(ExchangeId(1)), limits.line_of(ExchangeId(3)));
    limits.settle(&mut store, at(3_900), &fixture.book, held, tokens(1));
    assert!(waits(ask(&mut limits, &mut store, 3, 1, 4_002)), "the other came first there");
    let Answer::Admitted(first) = ask(&mut limits, &mut store, 1, 1, 4_003) else { panic!() };
    limits.settle(&mut store, at(4_500), &fixture.book, first, tokens(1));
    assert!(waits(ask(&mut limits, &mut store, 3, 1, 5_000)), "the rate again");
    let Answer::Admitted(last) = ask(&mut limits, &mut store, 3, 1, 6_100) else { panic!() };
    for ticket in [other, last] {
        limits.settle(&mut store, at(6_200), &fixture.book, ticket, tokens(1));
    }
    assert!(limits.lines.is_empty());
}

#[test]
fn who_finds_others_in_more_lines_than_it_remembers_goes_round_no_faster_than_time() {
    let limits: String =
        (0..6).map(|n| format!("limit l{n} global {{ 1 concurrent  wait up to 10s }}\n")).collect();
    let fixture = Fixture::new(&limits);
    let (mut store, mut here, mut there) = (MemoryStore::default(), Limits::new(1), Limits::new(2));
    let at = |millis| Timestamp(START + millis * MILLI);
    let ask = |limits: &mut Limits, store: &mut MemoryStore, id, of: &[_], millis| {
        let ask = Ask { limits: of, ..fixture.ask(u64::from(id), FIRST, tokens(1)) };
        limits.ask(store, at(millis), (ExchangeId(id), None), &ask, &mut Vec::new())
    };
    // In each line somebody waits whose worker dies.
    for (id, limit) in (0..).zip(&fixture.limits) {
        let Answer::Admitted(held) = ask(&mut there, &mut store, id, &[*limit], 0) else { panic!() };
        assert!(matches!(ask(&mut there, &mut store, 10 + id, &[*limit], 1), Answer::Waits { .. }));
        there.settle(&mut store, at(2), &fixture.book, held, tokens(1));
    }
    drop(there);
    let mut now = 1_000;
    let refused = loop {
        match ask(&mut here, &mut store, 99, &fixture.limits, now) {
            Answer::Admitted(_) => panic!("their seats are not forgotten yet"),
            Answer::Waits { until } => now = ((until.0 - START) / MILLI).max(now + 1),
            Answer::Refused(_) => break now,
        }
    };
    assert!((10_900..=11_000).contains(&refused), "{refused}");
    assert!(here.lines.is_empty());
}

#[test]
fn a_client_that_leaves_gives_its_seat_up() {
    let mut world = World::new("limit l global { 60 requests/min  burst 0%  wait up to 60s  queue 1 }", 1);
    world.run(&[
        REQUEST,
        Request { at: 1, leaves: Some(100), ..REQUEST },
        Request { at: 2, ..REQUEST },
        Request { at: 101, ..REQUEST },
    ]);
    assert_eq!((world.ends[&1], world.ends[&2]), (End::Left, End::Refused(0)));
    assert!(matches!(world.ends[&3], End::Admitted(899..950)), "{:?}", world.ends[&3]);
}

#[test]
fn places_that_are_given_back_go_to_those_who_wait_also_in_another_worker() {
    let mut world = World::new("limit l per tenant { 2 concurrent  wait up to 30s }", 2);
    let requests: Vec<_> =
        (0..10).map(|n| Request { at: n, worker: n as usize % 2, takes: 1_000, ..REQUEST }).collect();
    world.run(&requests);
    let waits = world.waits(&requests, 1);
    assert_eq!(waits.len(), 10);
    assert!(*waits.last().unwrap() < 4_300, "{waits:?}");
}

#[test]
fn who_is_first_and_refused_elsewhere_keeps_nobody_from_the_line() {
    let mut world = World::new(
        "limit all global { 600 requests/min  burst 0%  wait up to 10s }\n\
         limit own per tenant { 1 concurrent  wait up to 10s }",
        1,
    );
    let mut requests = vec![Request { takes: 5_000, ..REQUEST }, Request { at: 1, ..REQUEST }];
    requests.extend((0..5).map(|n| Request { at: 2, tenant: 10 + n, ..REQUEST }));
    world.run(&requests);
    assert!(matches!(world.ends[&1], End::Admitted(4_990..5_200)), "{:?}", world.ends[&1]);
    for other in 2..7 {
        assert!(matches!(world.ends[&other], End::Admitted(0..700)), "{other}: {:?}", world.ends[&other]);
    }
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let one = (0..4_000_u64, 0..3_usize, 1..4_u64, prop::option::of(0..2_usize), 0..800_u64, 1..4_u64);
    let ends = (prop::option::weighted(0.2, 0..5_000_u64), prop::option::weighted(0.2, 0..5_000_u64));
    let request = (one, ends).prop_map(|((at, worker, tenant, tier, takes, cost), (leaves, deadline))| {
        Request { at, worker, tenant: tenant << 32, tier, takes, cost, leaves, deadline }
    });
    prop::collection::vec(request, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn everybody_is_answered_in_time_and_no_line_is_longer_than_its_bound(requests in requests()) {
        let mut world = World::new(
            "limit all global { 240 tokens/min  burst 2%  wait up to 1500ms  queue 6 }\n\
             limit own per tenant { 2 concurrent  wait up to 1s  queue 3 }\n\
             limit rpm per tenant { 100 requests/min  burst 5% }",
            3,
        );
        world.run(&requests);
        // Six in the line of all, and three in that of each of the three tenants.
        prop_assert!(world.most <= 6 + 9, "{}", world.most);
        for (number, end) in &world.ends {
            let Request { at, deadline, .. } = requests[*number];
            let late = deadline.map_or(1_500, |deadline| deadline.saturating_sub(at).min(1_500)) + TICK + 1;
            if let End::Admitted(wait) | End::Refused(wait) = end {
                prop_assert!(*wait <= late, "{number}: {wait} of {late}");
            }
        }
        for tenant in 1..4_u64 {
            let now = Timestamp(START + 60 * SECOND);
            let all = held(&world.fixture, &mut world.store, now, tenant << 32, FIRST);
            prop_assert_eq!(all, vec![0; 3]);
        }
    }
}

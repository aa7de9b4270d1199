//! Several workers at the same cells, which come between each other's reads and writes, stop, and die.

use proptest::prelude::*;
use seawall_policy::policy::TargetId;

use super::*;
use crate::store::{Conflict, Version};

const LIMITS: &str = "\
    limit all global { 60 requests/min  burst 50% }\n\
    limit tpm per tenant { 6k tokens/min  burst 20% }\n\
    limit in per tenant { 5k input tokens/min  burst 20%  }\n\
    limit calls per tenant { 4 concurrent }\n\
    limit here per route { 5 requests/s  burst 100% }";

const MONEY: &str = "\
    limit hour per tenant { $0.002/hour rolling }\n\
    limit all  global     { $0.003/hour }";

const RPM: (u64, u64, u64) = (60, 60, 30);
const TPM: (u64, u64, u64) = (6_000, 60, 1_200);

#[derive(Clone, Copy, Debug)]
enum Act {
    Begin {
        tenant: u64,
        tokens: u64,
    },
    /// The oldest request ends, having used so many hundredths of its estimate.
    End {
        hundredths: u64,
    },
    /// Its tick.
    Tick,
    Die,
}

struct Run {
    ticket: Ticket,
    tenant: u64,
    estimate: u64,
    /// Of its charge.
    number: usize,
}

/// What somebody really used: when it was admitted as far as that was reserved, and at its end what it used beyond that.
#[derive(Clone, Copy, Debug)]
struct Charge {
    tenant: u64,
    at: u64,
    amount: u64,
    is_admission: bool,
}

/// What was used by the end of a request.
#[derive(Debug)]
struct Spent {
    tenant: u64,
    at: u64,
    amount: u64,
}

struct Workers<'f> {
    fixture: &'f Fixture,
    cells: MemoryStore,
    limits: Vec<Limits>,
    running: Vec<Vec<Run>>,
    now: u64,
    between: Vec<(usize, Act)>,
    charges: Vec<Charge>,
    spent: Vec<Spent>,
    refused: u64,
    /// When its limits are asked, and what an amount is of.
    stage: Stage,
    of: fn(u64) -> Use,
}

impl Store for Workers<'_> {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.cells.get(key)
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        // Who comes between isn't interrupted in turn: a worker has one thread.
        let mut between = std::mem::take(&mut self.between);
        if let Some((worker, act)) = between.pop() {
            self.act(worker, act);
        }
        self.between = between;
        self.cells.set(key, value, expected)
    }
}

impl<'f> Workers<'f> {
    fn new(fixture: &'f Fixture, workers: usize) -> Self {
        Self {
            fixture,
            cells: MemoryStore::default(),
            limits: (0..workers).map(|n| Limits::new(n as u64)).collect(),
            running: (0..workers).map(|_| Vec::new()).collect(),
            now: 1_700_000_000 * SECOND,
            between: Vec::new(),
            charges: Vec::new(),
            spent: Vec::new(),
            refused: 0,
            stage: FIRST,
            of: tokens,
        }
    }

    fn with<R>(&mut self, worker: usize, act: impl FnOnce(&mut Limits, &mut Self) -> R) -> R {
        let mut limits = std::mem::replace(&mut self.limits[worker], Limits::new(99));
        let result = act(&mut limits, self);
        self.limits[worker] = limits;
        result
    }

    fn act(&mut self, worker: usize, act: Act) {
        let (fixture, now) = (self.fixture, Timestamp(self.now));
        match act {
            Act::Begin { tenant, tokens: estimate } => {
                let ask = fixture.ask(tenant, self.stage, (self.of)(estimate));
                let admitted =
                    self.with(worker, |limits, store| limits.admit(store, now, &ask, &mut Vec::new()));
                match admitted {
                    Ok(ticket) => {
                        let charge = Charge { tenant, at: self.now, amount: estimate, is_admission: true };
                        let number = self.charges.len();
                        self.charges.push(charge);
                        self.running[worker].push(Run { ticket, tenant, estimate, number });
                    }
                    Err(_) => self.refused += 1,
                }
            }
            Act::End { hundredths } => {
                if self.running[worker].is_empty() {
                    return;
                }
                let Run { ticket, tenant, estimate, number } = self.running[worker].remove(0);
                let used = estimate * hundredths / 100;
                let of = self.of;
                self.with(worker, |limits, store| limits.settle(store, now, &fixture.book, ticket, of(used)));
                self.charges[number].amount = used.min(estimate);
                let amount = used.saturating_sub(estimate);
                self.charges.push(Charge { tenant, at: now.0, amount, is_admission: false });
                self.spent.push(Spent { tenant, at: now.0, amount: used });
            }
            Act::Tick => self.with(worker, |limits, store| {
                limits.handle_timeout(store, now, &fixture.book);
            }),
            Act::Die => {
                self.limits[worker] = Limits::new(self.now);
                // Nobody knows what it used.
                for run in std::mem::take(&mut self.running[worker]) {
                    self.charges[run.number] =
                        Charge { amount: 0, is_admission: false, ..self.charges[run.number] };
                }
            }
        }
    }

    /// Confirms what is due, as a worker that is alive does.
    fn ticks(&mut self) {
        for worker in 0..self.limits.len() {
            if self.limits[worker].next_deadline().is_some_and(|due| due.0 <= self.now) {
                self.act(worker, Act::Tick);
            }
        }
    }

    fn settle_all(&mut self, worker: usize) {
        let (fixture, now) = (self.fixture, Timestamp(self.now));
        self.with(worker, |limits, store| limits.close(store, now, &fixture.book));
    }

    fn held(&mut self, tenant: u64) -> Vec<u64> {
        let (fixture, now) = (self.fixture, Timestamp(self.now));
        held(fixture, &mut self.cells, now, tenant, self.stage)
    }

    /// The most that was used in any window that ends with an admission, beyond what its length allows.
    fn burst(charges: &[Charge], (amount, seconds, _): (u64, u64, u64)) -> u64 {
        let mut most = 0;
        for (first, begin) in charges.iter().enumerate() {
            let mut sum = 0;
            for charge in &charges[first..] {
                sum += charge.amount;
                let paid =
                    u128::from(charge.at - begin.at) * u128::from(amount) / u128::from(seconds * SECOND);
                if charge.is_admission {
                    most = most.max(sum.saturating_sub(u64::try_from(paid).unwrap()));
                }
            }
        }
        most
    }

    /// Lets time pass as workers that are alive notice it.
    fn pass(&mut self, nanos: u64) {
        let end = self.now + nanos;
        while self.now < end {
            self.now = end.min(self.now + 5 * SECOND);
            self.ticks();
        }
    }
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (1..4_u64, 1..1_200_u64).prop_map(|(tenant, tokens)| Act::Begin { tenant, tokens }),
        4 => (0..=100_u64).prop_map(|hundredths| Act::End { hundredths }),
        1 => Just(Act::Tick),
    ]
}

fn acts_and_deaths() -> impl Strategy<Value = Act> {
    prop_oneof![20 => acts(), 1 => Just(Act::Die)]
}

/// Answers may be longer than was thought.
fn acts_beyond_estimates() -> impl Strategy<Value = Act> {
    let longer = (0..=300_u64).prop_map(|hundredths| Act::End { hundredths });
    prop_oneof![16 => acts(), 8 => longer, 1 => Just(Act::Die)]
}

type Step = (usize, Act, u64, Vec<(usize, Act)>);

fn steps(
    acts: impl Strategy<Value = Act> + Clone,
    between: impl Strategy<Value = Act>,
) -> impl Strategy<Value = Vec<Step>> {
    let between = prop::collection::vec((1..4_usize, between), 0..3);
    prop::collection::vec((0..4_usize, acts, 0..3_000_u64, between), 1..150)
}

fn run(world: &mut Workers<'_>, steps: Vec<Step>, mut check: impl FnMut(&mut Workers<'_>)) {
    let workers = world.limits.len();
    for (worker, act, pause, between) in steps {
        world.pass(pause * 1_000_000);
        let worker = worker % workers;
        let other = |other: usize| (worker + 1 + other % (workers - 1)) % workers;
        world.between = between.into_iter().map(|(number, act)| (other(number), act)).collect();
        world.act(worker, act);
        world.between.clear();
        check(world);
    }
}

/// Makes the cells, so that none is lost when two make it at the same time.
fn make_cells(world: &mut Workers<'_>) {
    for tenant in 1..4 {
        world.act(0, Act::Begin { tenant, tokens: 1 });
        world.act(0, Act::End { hundredths: 0 });
        world.settle_all(0);
    }
    world.charges.clear();
    world.spent.clear();
    world.now += 3_600 * SECOND;
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn over_any_window_nobody_gets_more_than_the_rate_and_the_burst(
        steps in steps(acts_beyond_estimates().boxed(), acts_beyond_estimates()),
        workers in 2..=4_usize,
    ) {
        let fixture = Fixture::new(LIMITS);
        let mut world = Workers::new(&fixture, workers);
        make_cells(&mut world);
        run(&mut world, steps, |_| {});
        for tenant in 1..4 {
            let of = world.charges.iter().filter(|charge| charge.tenant == tenant);
            let charges: Vec<_> = of.copied().collect();
            let burst = Workers::burst(&charges, TPM);
            prop_assert!(burst <= TPM.2 + 1, "tenant {tenant}: {burst}");
        }
        let admissions = world.charges.iter().filter(|charge| charge.is_admission);
        let requests: Vec<_> = admissions.map(|charge| Charge { amount: 1, ..*charge }).collect();
        prop_assert!(Workers::burst(&requests, RPM) <= RPM.2 + 1);
    }

    /// As long as no answer costs more than was reserved for it.
    #[test]
    fn no_window_sees_more_money_than_its_budget(
        steps in steps(acts().boxed(), acts()),
        workers in 2..=4_usize,
    ) {
        let fixture = Fixture::new(MONEY);
        let mut world = Workers::new(&fixture, workers);
        (world.stage, world.of) = (Stage::Attempt(TargetId(0)), money);
        make_cells(&mut world);
        let steps = steps.into_iter().map(|(worker, act, pause, between)| (worker, act, pause * 60, between));
        run(&mut world, steps.collect(), |_| {});
        for (last, Spent { at, tenant, .. }) in world.spent.iter().enumerate() {
            let all = &world.spent[..=last];
            let of_tenant = all.iter().filter(|spent| spent.tenant == *tenant && at - spent.at < 3_600 * SECOND);
            prop_assert!(of_tenant.map(|spent| spent.amount).sum::<u64>() <= 2_000, "in an hour");
            let hour = |at: u64| at / (3_600 * SECOND);
            let of_all = all.iter().filter(|spent| hour(spent.at) == hour(*at));
            prop_assert!(of_all.map(|spent| spent.amount).sum::<u64>() <= 3_000, "by the calendar");
        }
    }

    #[test]
    fn what_is_held_is_what_requests_under_way_reserved_and_nothing_when_there_are_none(
        steps in steps(acts().boxed(), acts()),
        workers in 2..=4_usize,
    ) {
        let fixture = Fixture::new(LIMITS);
        let mut world = Workers::new(&fixture, workers);
        make_cells(&mut world);
        run(&mut world, steps, |world| {
            for tenant in 1..4 {
                let running: Vec<_> = world.running.iter().flatten().filter(|run| run.tenant == tenant).collect();
                let (count, tokens) = (running.len() as u64, running.iter().map(|run| run.estimate).sum::<u64>());
                let all = world.running.iter().map(|running| running.len() as u64).sum::<u64>();
                assert!(count <= 4);
                let mut held = world.held(tenant);
                for limits in &world.limits {
                    let waits = unsettled(world.fixture, limits, tenant, world.stage);
                    held.iter_mut().zip(waits).for_each(|(held, waits)| *held -= waits);
                }
                held.sort_unstable();
                let mut expected = vec![all, all, tokens, tokens, count];
                expected.sort_unstable();
                assert_eq!(held, expected);
            }
        });
        for worker in 0..workers {
            while !world.running[worker].is_empty() {
                world.act(worker, Act::End { hundredths: 50 });
            }
            world.settle_all(worker);
            prop_assert!(world.limits[worker].ledger.is_empty());
        }
        for tenant in 1..4 {
            prop_assert_eq!(world.held(tenant), vec![0; 5]);
        }
    }

    #[test]
    fn what_the_dead_held_comes_back_within_two_epochs(
        steps in steps(acts_and_deaths().boxed(), acts_and_deaths()),
        workers in 2..=4_usize,
    ) {
        let fixture = Fixture::new(LIMITS);
        let mut world = Workers::new(&fixture, workers);
        make_cells(&mut world);
        run(&mut world, steps, |_| {});
        for worker in 0..workers {
            world.act(worker, Act::Die);
        }
        world.now += 30 * SECOND;
        for tenant in 1..4 {
            prop_assert_eq!(world.held(tenant), vec![0; 5]);
        }
    }
}

#[test]
fn what_was_taken_is_given_back_when_a_race_for_the_next_limit_is_lost() {
    let fixture = Fixture::new(
        "limit all global { 60 requests/min  burst 100% }\nlimit last per tenant { 1 concurrent }",
    );
    let mut world = Workers::new(&fixture, 2);
    world.act(0, Act::Begin { tenant: 1, tokens: 1 });
    world.act(0, Act::End { hundredths: 0 });
    world.now += 60 * SECOND;
    // The other comes between the first cell's write and the second's, so that the first takes two tries as well.
    world.between = vec![(1, Act::Begin { tenant: 1, tokens: 1 })];
    world.act(0, Act::Begin { tenant: 1, tokens: 1 });
    assert_eq!((world.running[0].len(), world.running[1].len(), world.refused), (0, 1, 1));
    world.act(1, Act::End { hundredths: 0 });
    let mut admitted = 0;
    for _ in 0..100 {
        world.act(0, Act::Begin { tenant: 1, tokens: 1 });
        admitted += world.running[0].len();
        world.act(0, Act::End { hundredths: 0 });
    }
    // A request that ended has used one; the one that lost the race none.
    assert_eq!(admitted, 59);
}

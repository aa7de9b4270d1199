//! Limits as several workers see them, in virtual time.

use seawall_policy::policy::{LimitId, Policy, TargetId};

use super::admit::{News, Refusal, Spot, Ticket};
use super::book::{Asked, Book, Stage, Who};
use super::rule::Use;
use super::{Ask, Limits};
use crate::event::ExchangeId;
use crate::memory::MemoryStore;
use crate::store::Store;
use crate::time::Timestamp;

mod anomalies;
mod cells;
mod conversations;
mod fleet;
mod rates;
mod waiting;
mod workers;

pub(in crate::limits) const SECOND: u64 = 1_000_000_000;
pub(in crate::limits) const FIRST: Stage = Stage::First(TargetId(0));

/// A policy that checks, whatever this version can carry out of it.
pub(in crate::limits) fn policy(text: &str) -> Policy {
    let checked = seawall_policy::check_as(text, seawall_policy::Scope::WholeLanguage);
    let told = seawall_policy::render("test", text, &checked.diagnostics);
    checked.policy.unwrap_or_else(|| panic!("{told}"))
}

/// These limits, all of them in one route.
pub(in crate::limits) struct Fixture {
    pub(in crate::limits) policy: Policy,
    pub(in crate::limits) book: Book,
    pub(in crate::limits) limits: Vec<LimitId>,
}

impl Fixture {
    pub(in crate::limits) fn new(limits: &str) -> Self {
        Self::with(limits, "")
    }

    /// And this said of the first target.
    pub(in crate::limits) fn with(limits: &str, target: &str) -> Self {
        let names: Vec<&str> =
            limits.split("limit ").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
        let text = format!(
            "seawall 1\n\
             target a {{ cluster \"a\"  provider openai  price $1 in, $1 out per 1M tokens  {target} }}\n\
             target b {{ cluster \"b\"  provider openai  price $1 in, $1 out per 1M tokens }}\n\
             target c {{ cluster \"c\"  provider openai  price $1 in, $1 out per 1M tokens }}\n\
             group east {{ a, b }}\n\
             tier gold {{ tenants \"gold\"  priority 10  weight 4 }}\n\
             tier free {{ default }}\n\
             {limits}\n\
             route r {{ match path \"/\"  try a, b, c {} }}",
            if names.is_empty() { String::new() } else { format!(" limit {}", names.join(", ")) }
        );
        let policy = policy(&text);
        let book = Book::new(&policy);
        let limits = policy.routes[0].limits.clone();
        Self { policy, book, limits }
    }

    pub(in crate::limits) fn ask(&self, tenant: u64, stage: Stage, estimate: Use) -> Ask<'_> {
        let who = Who { tenant, tier: None, route: 0, conversation: None };
        let (limits, since) = (self.limits.as_slice(), None);
        let id = ExchangeId(0);
        Ask { policy: &self.policy, book: &self.book, limits, who, stage, estimate, since, id }
    }
}

pub(in crate::limits) fn tokens(input: u64) -> Use {
    Use { requests: 1, input_tokens: input, ..Use::default() }
}

pub(in crate::limits) fn money(micro_dollars: u64) -> Use {
    Use { requests: 1, micro_dollars, ..Use::default() }
}

/// One worker with a store of its own.
pub(in crate::limits) struct One {
    pub(in crate::limits) fixture: Fixture,
    pub(in crate::limits) limits: Limits,
    pub(in crate::limits) store: MemoryStore,
    pub(in crate::limits) news: Vec<News>,
}

impl One {
    pub(in crate::limits) fn new(limits: &str) -> Self {
        Self::with(limits, "")
    }

    pub(in crate::limits) fn with(limits: &str, target: &str) -> Self {
        let fixture = Fixture::with(limits, target);
        Self { fixture, limits: Limits::new(1), store: MemoryStore::default(), news: Vec::new() }
    }

    pub(in crate::limits) fn try_at(
        &mut self,
        nanos: u64,
        tenant: u64,
        stage: Stage,
        of: Use,
    ) -> Result<Ticket, Refusal> {
        let ask = self.fixture.ask(tenant, stage, of);
        self.limits.admit(&mut self.store, Timestamp(nanos), &ask, &mut self.news)
    }

    pub(in crate::limits) fn admit(&mut self, nanos: u64, of: Use) -> Result<Ticket, Refusal> {
        self.try_at(nanos, 7, FIRST, of)
    }

    pub(in crate::limits) fn settle(&mut self, nanos: u64, ticket: Ticket, used: Use) {
        self.limits.settle(&mut self.store, Timestamp(nanos), &self.fixture.book, ticket, used);
    }

    pub(in crate::limits) fn give_back(&mut self, nanos: u64, ticket: Ticket) {
        self.limits.give_back(&mut self.store, Timestamp(nanos), &self.fixture.book, ticket);
    }

    /// Settles what waits for it.
    pub(in crate::limits) fn settle_all(&mut self, nanos: u64) {
        self.limits.close(&mut self.store, Timestamp(nanos), &self.fixture.book);
    }

    /// Every cell there is.
    pub(in crate::limits) fn cells(&mut self) -> MemoryStore {
        self.store.clone()
    }
}

/// What is held of every limit at a tenant's row and everywhere else it counts.
pub(in crate::limits) fn held(
    fixture: &Fixture,
    store: &mut dyn Store,
    now: Timestamp,
    tenant: u64,
    stage: Stage,
) -> Vec<u64> {
    let mut observer = Limits::new(0);
    let mut desk = observer.desk(&fixture.book, store, now);
    let held = |spot| desk.look(spot, |_, balance| balance.held.total()).unwrap();
    spots(fixture, tenant, stage).into_iter().map(held).collect()
}

/// What a worker still has to settle of each of them.
pub(in crate::limits) fn unsettled(
    fixture: &Fixture,
    limits: &Limits,
    tenant: u64,
    stage: Stage,
) -> Vec<u64> {
    let reserved = |Spot { place, slot }| {
        let all = limits.unsettled.of(place).iter();
        all.filter(|settlement| settlement.slot == slot).map(|settlement| settlement.reserved).sum()
    };
    spots(fixture, tenant, stage).into_iter().map(reserved).collect()
}

fn spots(fixture: &Fixture, tenant: u64, stage: Stage) -> Vec<Spot> {
    let ask = fixture.ask(tenant, stage, Use::default());
    let asked = fixture.book.asked(ask.policy, ask.limits, ask.who, ask.stage);
    let of = |row: Asked| row.slots.into_iter().map(move |slot| Spot { place: row.place, slot });
    asked.into_iter().flat_map(of).collect()
}

//! How much may be used, and by whom: `limit`, `tenant`, `tier`.
//!
//! | part | |
//! |---|---|
//! | `pace`, `held`, `recent`, `balance` | what one limit knows of one key, and what it says to a request |
//! | `usual` | what is usual of somebody, and whether it is more now |
//! | `rule`, `book` | the limits of a policy, and where each of them counts |
//! | `cell` | balances in the shared data; the table of tenants |
//! | `admit` | several limits at once: all or none |
//! | `ledger` | what a worker holds, and must confirm |
//! | `unsettled` | settlements that wait for the next write |
//! | `wait`, `line`, `order` | waiting instead of being refused: who waits here, and whose turn it is over all workers |
//! | `tenant`, `keyed` | whose request it is, and the hash that tells tenants apart |
//! | `fleet` | limits that a rate limit service counts, for several proxies |
//! | `told` | what callers are told |
//!
//! All workers of a proxy count in the same cells. What requests under way hold is confirmed by their worker in every epoch
//! and forgotten when it is not, so what a dead worker held comes back by itself.

mod admit;
mod balance;
mod book;
mod cell;
mod fleet;
mod held;
mod keyed;
mod ledger;
mod line;
mod measure;
mod order;
mod pace;
mod recent;
mod rule;
mod tenant;
mod told;
mod unsettled;
mod usual;
mod wait;
mod wire;

#[cfg(test)]
mod tests;

use seawall_policy::policy::{LimitId, Policy, TargetId};

use self::admit::Desk;
pub(crate) use self::admit::{News, Refusal, Spot, Ticket};
use self::book::Asked;
pub(crate) use self::book::{Book, Stage, Who};
use self::fleet::{Fleet, For};
pub(crate) use self::fleet::{Heard, LATE, Question, TIMEOUT};
pub(crate) use self::keyed::HashKey;
use self::ledger::{BATCH, Ledger};
use self::line::{Lines, Seated};
pub(crate) use self::rule::{Counts, Use, dollars};
pub use self::tenant::Identity;
pub(crate) use self::tenant::{Named, asks_host, claims, label, metadata, who};
use self::told::Standing;
pub(crate) use self::told::{headers, multiple, percent, why, why_stop};
use self::unsettled::Unsettled;
pub(crate) use self::wait::{Answer, outlook};
use crate::effect::Text;
use crate::event::ExchangeId;
use crate::store::Store;
use crate::time::Timestamp;

/// One worker's part in the limits of a policy.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Tells this worker from others; not zero.
    vm: u32,
    ledger: Ledger,
    unsettled: Unsettled,
    lines: Lines,
    fleet: Fleet,
}

/// A request that asks to be admitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) book: &'a Book,
    /// The limits of its route.
    pub(crate) limits: &'a [LimitId],
    pub(crate) who: Who,
    pub(crate) stage: Stage,
    /// What it may use.
    pub(crate) estimate: Use,
    /// Since when it waits; `None`: not yet.
    pub(crate) since: Option<Timestamp>,
    pub(crate) id: ExchangeId,
}

impl Ask<'_> {
    /// All that is asked and counted at its stage: limits, and what the target's provider grants.
    fn rows(&self) -> Vec<Asked> {
        let mut rows = self.book.asked(self.policy, self.limits, self.who, self.stage);
        let (Stage::First(target) | Stage::Attempt(target)) = self.stage;
        rows.extend(self.book.quota(target));
        rows
    }

    /// The priority of the tenant's tier, and its part where priorities don't decide.
    fn rights(&self) -> (u32, u32) {
        let tier = self.who.tier.and_then(|tier| self.policy.tiers.get(tier));
        let (priority, weight) = tier.map_or((1, 1), |tier| (tier.priority, tier.weight));
        (priority, weight.saturating_mul(priority.saturating_add(1)))
    }
}

impl Limits {
    /// `vm` tells this worker from all others.
    pub(crate) fn new(vm: u64) -> Self {
        let short = ((vm ^ (vm >> 32)) as u32).max(1);
        Self {
            vm: short,
            ledger: Ledger::new(vm),
            unsettled: Unsettled::default(),
            lines: Lines::default(),
            fleet: Fleet::default(),
        }
    }

    fn desk<'d>(&'d mut self, book: &'d Book, store: &'d mut dyn Store, now: Timestamp) -> Desk<'d> {
        let Self { ledger, unsettled, fleet, .. } = self;
        Desk { book, ledger, unsettled, fleet, store, now, by: None }
    }

    /// Reserves what a request may use with all of its limits, or with none. What they tell of is added to `news`.
    ///
    /// # Errors
    /// The limit that would keep it longest.
    pub(crate) fn admit(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        ask: &Ask<'_>,
        news: &mut Vec<News>,
    ) -> Result<Ticket, Refusal> {
        let seated = self.seated(store, now, ask.book, ask.id);
        self.admit_seated(store, now, ask, &seated, news)
    }

    /// The same for who doesn't wait in these lines.
    fn admit_seated(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        ask: &Ask<'_>,
        seated: &Seated,
        news: &mut Vec<News>,
    ) -> Result<Ticket, Refusal> {
        let mut desk = self.desk(ask.book, store, now);
        desk.by = Some(ask.id);
        desk.admit(&ask.rows(), &ask.estimate, seated, news)
    }

    /// Whether what the target's provider grants leaves enough for an attempt.
    pub(crate) fn has_quota(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        target: TargetId,
        of: &Use,
    ) -> bool {
        book.quota(target).is_none_or(|quota| self.desk(book, store, now).has_room(&quota, of))
    }

    /// Replaces what a request reserved by what it used.
    pub(crate) fn settle(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        mut ticket: Ticket,
        used: Use,
    ) {
        self.settle_outside(now, book, &mut ticket, &used);
        let may_wait = self.lines.is_empty();
        self.desk(book, store, now).settle(ticket, &used, may_wait);
    }

    /// Gives back what was reserved for something that hasn't come about.
    pub(crate) fn give_back(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        mut ticket: Ticket,
    ) {
        self.settle_outside(now, book, &mut ticket, &Use::default());
        self.desk(book, store, now).undo(ticket);
    }

    /// Tells those who wait, and settles what rate limit services count.
    fn settle_outside(&mut self, now: Timestamp, book: &Book, ticket: &mut Ticket, used: &Use) {
        if !self.lines.is_empty() {
            ticket.spots().for_each(|spot| self.lines.wake_one(spot));
        }
        for charge in std::mem::take(&mut ticket.charges) {
            if let Some((rule, cluster)) = book.service(charge.spot) {
                self.fleet.settle(now, charge, (rule, cluster), rule.counts.cost(used));
            }
        }
    }

    /// Gives back the places among concurrent requests that a request has; what else it reserved stays.
    pub(crate) fn release_places(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        ticket: &mut Ticket,
    ) {
        let places = ticket.take_places(book);
        self.settle(store, now, book, places, Use::default());
    }

    /// Asks rate limit services for what a ticket takes of their limits; `tenant` is how its tenant is told there. `by` waits
    /// for so many answers; where nobody does, they are of use to others.
    pub(crate) fn ask_services(
        &mut self,
        now: Timestamp,
        ask: &Ask<'_>,
        (ticket, tenant): (&mut Ticket, &str),
        by: Option<ExchangeId>,
    ) -> usize {
        let mut waits = 0;
        for charge in ticket.charges.iter_mut().filter(|charge| charge.is_new()) {
            let Some((rule, cluster)) = ask.book.service(charge.spot) else { continue };
            let by = by.map_or(For::Passing, For::Held);
            let limit = ("limit", &*rule.name);
            let counted = ask.book.counted(ask.policy, charge.spot, ask.who, tenant);
            let entries: Vec<_> = [limit].into_iter().chain(counted).collect();
            waits += usize::from(self.fleet.ask(now, charge, (rule, cluster), &entries, by));
        }
        waits
    }

    /// A rate limit service has answered, with a message or one of gRPC's statuses.
    pub(crate) fn service_answered(
        &mut self,
        now: Timestamp,
        book: &Book,
        number: u32,
        answer: Result<&[u8], u32>,
    ) -> Heard {
        let spot = self.fleet.spot(number);
        let heard = self.fleet.answered(now, book.services(), number, answer);
        // More of those who wait for it may ask now.
        spot.into_iter().for_each(|spot| self.lines.wake_one(spot));
        heard
    }

    /// A request waits no more for rate limit services. Those that have said nothing in time may be away for that: which of them
    /// are, and were not before.
    pub(crate) fn give_up_asking(
        &mut self,
        now: Timestamp,
        book: &Book,
        id: ExchangeId,
        is_silent: bool,
    ) -> Vec<Text> {
        self.fleet.give_up(now, book.services(), id, is_silent)
    }

    /// A request is over.
    pub(crate) fn forget(&mut self, id: ExchangeId) {
        self.fleet.forget(id);
    }

    /// What is to be asked of rate limit services now.
    pub(crate) fn take_questions(&mut self) -> Vec<Question> {
        self.fleet.take_questions()
    }

    /// How it stands with the limits of a stage.
    pub(crate) fn standings(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        ask: &Ask<'_>,
    ) -> Vec<Standing> {
        let asked = ask.book.asked(ask.policy, ask.limits, ask.who, ask.stage);
        self.desk(ask.book, store, now).standings(&asked)
    }

    /// Limits of a stage of which so much is used, in basis points, as the policy warns of.
    pub(crate) fn nearly_used(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        ask: &Ask<'_>,
    ) -> Vec<(Spot, u32)> {
        let asked = ask.book.asked(ask.policy, ask.limits, ask.who, ask.stage);
        self.desk(ask.book, store, now).nearly_used(&asked)
    }

    /// What is used, and held, of a limit.
    pub(crate) fn used(&mut self, store: &mut dyn Store, now: Timestamp, book: &Book, spot: Spot) -> u64 {
        let used = self.desk(book, store, now).look(spot, |rule, balance| {
            rule.measure.amount().saturating_sub(balance.remaining(rule.measure, now).0)
        });
        used.unwrap_or_default()
    }

    /// When [`Limits::handle_timeout`] wants to be called.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        [self.ledger.next_deadline(), self.unsettled.next_deadline()].into_iter().flatten().min()
    }

    /// Settles all that waits for it: no more comes.
    pub(crate) fn close(&mut self, store: &mut dyn Store, now: Timestamp, book: &Book) {
        let mut desk = self.desk(book, store, now);
        for place in desk.unsettled.due(Timestamp(u64::MAX), usize::MAX) {
            desk.write(place);
        }
    }

    /// Confirms what this worker holds, and settles what has waited for it.
    pub(crate) fn handle_timeout(&mut self, store: &mut dyn Store, now: Timestamp, book: &Book) {
        let due = self.unsettled.due(now, BATCH).into_iter().chain(self.ledger.due(now));
        let mut desk = self.desk(book, store, now);
        for place in due {
            desk.write(place);
        }
    }
}

#[cfg(test)]
impl Limits {
    fn owed_to_services(&self) -> i64 {
        self.fleet.owed()
    }
}

//! How much may be used, and by whom: `limit`, `tenant`, `tier`.
//!
//! | part | |
//! |---|---|
//! | `pace`, `held`, `balance` | what one limit knows of one key, and what it says to a request |
//! | `rule`, `book` | the limits of a policy, and where each of them counts |
//! | `cell` | balances in the shared data; the table of tenants |
//! | `admit` | several limits at once: all or none |
//! | `ledger` | what a worker holds, and must confirm |
//! | `wait`, `line`, `order` | waiting instead of being refused: who waits here, and whose turn it is over all workers |
//! | `tenant`, `keyed` | whose request it is, and the hash that tells tenants apart |
//! | `told` | what callers are told |
//!
//! All workers of a proxy count in the same cells. What requests under way hold is confirmed by their worker in every epoch
//! and forgotten when it is not, so what a dead worker held comes back by itself.

mod admit;
mod balance;
mod book;
mod cell;
mod held;
mod keyed;
mod ledger;
mod line;
mod order;
mod pace;
mod rule;
mod tenant;
mod told;
mod wait;
mod wire;

#[cfg(test)]
mod tests;

use seawall_policy::policy::{LimitId, Policy, TargetId};

use self::admit::Desk;
pub(crate) use self::admit::{News, Refusal, Spot, Ticket};
use self::book::Asked;
pub(crate) use self::book::{Book, Stage, Who};
pub(crate) use self::keyed::HashKey;
use self::ledger::Ledger;
use self::line::Lines;
pub(crate) use self::rule::{Counts, Use, dollars};
pub use self::tenant::Identity;
pub(crate) use self::tenant::{Named, asks_host, claims, who};
use self::told::Standing;
pub(crate) use self::told::{headers, why};
pub(crate) use self::wait::Answer;
use crate::store::Store;
use crate::time::Timestamp;

/// One worker's part in the limits of a policy.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Tells this worker from others; not zero.
    vm: u32,
    ledger: Ledger,
    lines: Lines,
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
}

impl Ask<'_> {
    /// All that is asked and counted at its stage: limits, and what the target's provider grants.
    fn rows(&self) -> Vec<Asked> {
        let mut rows = self.book.asked(self.policy, self.limits, self.who, self.stage);
        if let Stage::Attempt(target) = self.stage {
            rows.extend(self.book.quota(target));
        }
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
        Self { vm: short, ledger: Ledger::new(vm), lines: Lines::default() }
    }

    fn desk<'d>(&'d mut self, book: &'d Book, store: &'d mut dyn Store, now: Timestamp) -> Desk<'d> {
        Desk { book, ledger: &mut self.ledger, store, now }
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
        self.desk(ask.book, store, now).admit(&ask.rows(), &ask.estimate, false, news)
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

    /// Replaces what a request reserved by what it used; by nothing when it came to nothing.
    pub(crate) fn settle(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        ticket: Ticket,
        used: Use,
    ) {
        if !self.lines.is_empty() {
            ticket.spots().for_each(|spot| self.lines.wake_one(spot));
        }
        self.desk(book, store, now).settle(ticket, &used);
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

    /// When [`Limits::handle_timeout`] wants to be called.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.ledger.next_deadline()
    }

    /// Confirms what this worker holds.
    pub(crate) fn handle_timeout(&mut self, store: &mut dyn Store, now: Timestamp, book: &Book) {
        let due = self.ledger.due(now);
        let mut desk = self.desk(book, store, now);
        for place in due {
            desk.change(place, &mut |_| {});
        }
    }
}

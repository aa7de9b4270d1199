//! Waiting in line instead of being refused.
//!
//! A request waits where it is, in its worker, and holds nothing but a seat; see `order` for whose turn it is. Of those who wait
//! in one worker only the first asks: when its limit says that it may pass, and every [`POLL`] at the latest. Who stands behind sleeps until
//! it is the first, or until its time is over.
//!
//! | when | |
//! |---|---|
//! | a limit refuses that lets wait | it joins that limit's line, if it can make it in time and a seat is free |
//! | others wait already | it joins them, even if there is room: nobody passes a line by |
//! | no seat is free | it takes that of the last in this worker's part of the line, if that goes after it; else it is refused |
//! | its tenant has as many seats as are free | it is refused |
//! | another limit refuses who is first, or others wait there | once its own has room it goes over to that line: nobody keeps others from a limit that isn't its own trouble. Where it was first before it doesn't wait behind others again |
//! | that other one lets nobody wait | it may wait there all the same, for as long as it might have here; who comes anew passes it by |
//! | its time is over, or its client is gone | it leaves, and the next is woken |
//!
//! Seats are counted over all workers and confirmed like everything that is held. A tenant may take as many seats in a worker as are
//! still free, so one alone doesn't fill a line that others may want to join, unless its requests come to many workers: in each of them
//! it may take half of what is left.

use std::time::Duration;

use super::admit::{News, Refusal, Spot, Ticket};
use super::book::Book;
use super::ledger::Change;
use super::line::{Seated, Waiter};
use super::measure::Measure;
use super::order::{Joined, Order, Rank};
use super::rule::Rule;
use super::{Ask, Limits};
use crate::event::ExchangeId;
use crate::store::{self, Store};
use crate::time::Timestamp;

/// How often the first of a line asks, at least: others may have given back what they held.
const POLL: Duration = Duration::from_millis(20);

/// Cells in which the lines of all tenants are kept.
const TENANT_LINES: usize = 256;

/// What becomes of a request that asks to be admitted.
#[derive(Debug)]
pub(crate) enum Answer {
    Admitted(Ticket),
    /// It is to ask again at this time, or when it is woken.
    Waits {
        until: Timestamp,
    },
    Refused(Refusal),
}

impl Limits {
    /// Asks for a request, the first time or again. Who waits is remembered until it is admitted, refused, or [gone](Self::gone).
    /// `deadline`: when waiting is of no use any more.
    pub(crate) fn ask(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        (id, deadline): (ExchangeId, Option<Timestamp>),
        ask: &Ask<'_>,
        news: &mut Vec<News>,
    ) -> Answer {
        if let Some(refusal) = self.lines.take_shed(id) {
            return Answer::Refused(refusal);
        }
        if self.lines.spot(id).is_some() {
            return self.ask_again(store, now, (id, deadline), ask, news);
        }
        match self.admit(store, now, ask, news) {
            Ok(ticket) => Answer::Admitted(ticket),
            Err(refusal) => {
                let joined = ask.since.unwrap_or(now);
                self.line_up(store, now, (id, joined, deadline), (ask, None), refusal, news)
            }
        }
    }

    /// The limit that a request waits for.
    pub(crate) fn line_of(&self, id: ExchangeId) -> Option<Spot> {
        self.lines.spot(id)
    }

    /// A request's client is gone, or its answer is another: it leaves the line it may be in.
    pub(crate) fn gone(&mut self, store: &mut dyn Store, now: Timestamp, book: &Book, id: ExchangeId) {
        self.lines.take_shed(id);
        self.leave(store, now, book, id, false);
    }

    /// Requests that are to ask again now.
    pub(crate) fn take_wakes(&mut self) -> Vec<ExchangeId> {
        self.lines.take_wakes()
    }

    fn ask_again(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        (id, deadline): (ExchangeId, Option<Timestamp>),
        ask: &Ask<'_>,
        news: &mut Vec<News>,
    ) -> Answer {
        let Some((spot, waiter)) = self.lines.waiter(id) else { return Answer::Waits { until: now } };
        let longest = longest(ask.book, spot);
        let (rank, first) = self.lines.first(spot, longest, now).unwrap_or((waiter.rank, waiter));
        let is_late = now >= waiter.until;
        if first.id != id && !is_late {
            self.lines.wake(first.id);
            return Answer::Waits { until: waiter.until };
        }
        let own = (rank, waiter.rank.lack);
        let refusal = if first.id == id && !self.is_outranked(store, now, ask.book, spot, own) {
            match self.admit_seated(store, now, ask, &waiter.seated(spot), news) {
                Ok(ticket) => {
                    self.leave(store, now, ask.book, id, true);
                    return Answer::Admitted(ticket);
                }
                Err(refusal) => Some(refusal),
            }
        } else {
            None
        };
        match refusal {
            _ if is_late => {
                let refusal =
                    refusal.unwrap_or_else(|| self.refusal(store, now, ask.book, spot, waiter.cost));
                self.leave(store, now, ask.book, id, false);
                Answer::Refused(refusal)
            }
            Some(refusal)
                if refusal.spot != spot && self.goes_over(store, now, ask.book, (spot, waiter), refusal) =>
            {
                self.leave(store, now, ask.book, id, false);
                self.line_up(
                    store,
                    now,
                    (id, waiter.rank.joined, deadline),
                    (ask, Some((spot, waiter))),
                    refusal,
                    news,
                )
            }
            Some(Refusal { wait: Some(wait), is_exact: true, .. }) => {
                Answer::Waits { until: now.after(wait.min(POLL)).min(waiter.until) }
            }
            _ => Answer::Waits { until: now.after(POLL).min(waiter.until) },
        }
    }

    /// Whether who is first here has to wait for another limit that refuses: this one has room, or the other one won't before its
    /// time is over.
    fn goes_over(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        (spot, waiter): (Spot, Waiter),
        refusal: Refusal,
    ) -> bool {
        let Refusal { wait, is_exact, .. } = refusal;
        let is_vain = wait.is_none_or(|wait| is_exact && now.after(wait) >= waiter.until);
        is_vain || self.desk(book, store, now).fits(spot, waiter.cost)
    }

    /// Joins the line of the limit that refuses, if that lets wait. `from`: where it has been first.
    fn line_up(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        (id, joined, deadline): (ExchangeId, Timestamp, Option<Timestamp>),
        (ask, from): (&Ask<'_>, Option<(Spot, Waiter)>),
        refusal: Refusal,
        news: &mut Vec<News>,
    ) -> Answer {
        let Refusal { spot, wait, cost, .. } = refusal;
        let (Some(rule), Some(wait)) = (ask.book.rule(spot), wait) else { return Answer::Refused(refusal) };
        let until = rule.wait.map(|longest| joined.after(longest));
        let until = until.max(from.map(|(_, waiter)| waiter.until));
        let Some(until) = until.filter(|_| rule.queue > 0) else { return Answer::Refused(refusal) };
        let until = deadline.map_or(until, |deadline| deadline.min(until));
        let was_first = from.map(|(spot, waiter)| waiter.seated(spot)).unwrap_or_default();
        let (priority, weight) = ask.rights();
        let tenant = ask.who.tenant;
        let least = if refusal.is_exact { wait } else { Duration::ZERO };
        let is_common = ask.book.is_shared(spot.place);
        // Who can't make it doesn't get a tag either.
        let mut placed = None;
        change(store, ask.book, spot, &mut |order| {
            let mut place = order.join(tenant, cost, weight, refusal.waiting);
            if !is_common {
                // A tenant's own line: all who wait there go before.
                place.before = cost.saturating_mul(refusal.waiting);
            }
            let admitted = now.after(least.saturating_add(time_for(rule, place.before, refusal.each)));
            placed = (admitted < until).then_some(place);
            placed.is_some()
        });
        let Some(Joined { tag, before }) = placed else {
            let expected = expected(rule, refusal);
            return Answer::Refused(Refusal { wait: Some(wait.max(expected)), ..refusal });
        };
        let rank = Rank { lack: ask.book.top_priority().saturating_sub(priority), tag, joined };
        let waiter = Waiter { id, rank, tenant, weight, cost, until, was_first };
        if !self.sit(store, now, ask, spot, waiter) {
            change(store, ask.book, spot, &mut |order| {
                order.leave(tenant, cost, weight);
                true
            });
            let wait = wait.saturating_add(time_for(rule, before, refusal.each)).max(expected(rule, refusal));
            return Answer::Refused(Refusal { wait: Some(wait), ..refusal });
        }
        self.lines.join(spot, waiter);
        let first = self.lines.first(spot, longest(ask.book, spot), now);
        let Some((rank, _)) = first.filter(|(_, first)| first.id == id) else {
            return Answer::Waits { until };
        };
        // There was room, and only others in line: it may be its turn at once. Through more lines than it remembers it doesn't go at once.
        if !refusal.is_exact && wait.is_zero() && !waiter.has_been_around() {
            return self.ask_again(store, now, (id, deadline), ask, news);
        }
        self.is_outranked(store, now, ask.book, spot, (rank, waiter.rank.lack));
        Answer::Waits { until: now.after(wait.clamp(Duration::from_millis(1), POLL)).min(until) }
    }

    /// Takes a seat: a free one, or that of the last in line who goes after this one.
    fn sit(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        ask: &Ask<'_>,
        spot: Spot,
        waiter: Waiter,
    ) -> bool {
        let Some(rule) = ask.book.rule(spot) else { return false };
        let of_tenant = self.lines.count_of(spot, waiter.tenant);
        let is_common = ask.book.is_shared(spot.place) && !ask.policy.tenant.is_empty();
        let (mut taken, mut is_full) = (None, false);
        self.desk(ask.book, store, now).change(spot.place, &mut |found| {
            (taken, is_full) = (None, false);
            if found.key != spot.place.row {
                return;
            }
            let Some(balance) = found.row.balances.get_mut(spot.slot) else { return };
            let free = rule.queue.saturating_sub(balance.seats.total());
            is_full = free == 0;
            // Who has its share sheds nobody while there are others left.
            if !(is_full || is_common && of_tenant >= free) {
                balance.seats.take(1);
                taken = Some(found.row.epoch);
            }
        });
        match taken {
            Some(epoch) => {
                self.ledger.change(spot.place, epoch, spot.slot, Change::Sit);
                true
            }
            None => is_full && self.take_over(store, now, ask, spot, waiter),
        }
    }

    /// Sheds the last in this worker's part of the line, if that goes after this one.
    fn take_over(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        ask: &Ask<'_>,
        spot: Spot,
        waiter: Waiter,
    ) -> bool {
        let longest = longest(ask.book, spot);
        let mut ranked = self.lines.ranked(spot, longest, now);
        // As one of its priority would be ranked that waits already.
        let alike = ranked.find(|(_, other)| other.rank.lack == waiter.rank.lack);
        let own = Rank { lack: alike.map_or(waiter.rank.lack, |(rank, _)| rank.lack), ..waiter.rank };
        drop(ranked);
        let Some((rank, last)) = self.lines.last(spot, longest, now) else { return false };
        if rank <= own {
            return false;
        }
        let refusal = self.refusal(store, now, ask.book, spot, last.cost);
        change(store, ask.book, spot, &mut |order| {
            order.leave(last.tenant, last.cost, last.weight);
            true
        });
        self.lines.shed(last.id, refusal);
        true
    }

    /// Says who stands first in this worker, and whether another worker's first goes before it.
    fn is_outranked(
        &self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        spot: Spot,
        own: (Rank, u32),
    ) -> bool {
        let vm = self.vm;
        let mut is_outranked = false;
        change(store, book, spot, &mut |order| {
            order.say((vm, spot.place.row), Some(own), now);
            is_outranked = order.is_outranked((vm, spot.place.row), own, now);
            true
        });
        is_outranked
    }

    /// Lines in which a request needn't wait.
    pub(super) fn seated(
        &self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        id: ExchangeId,
    ) -> Seated {
        let Some((spot, waiter)) = self.lines.waiter(id) else { return Seated::default() };
        let first = self.lines.first(spot, longest(book, spot), now).filter(|(_, first)| first.id == id);
        match first {
            Some((rank, _)) if !self.is_outranked(store, now, book, spot, (rank, waiter.rank.lack)) => {
                waiter.seated(spot)
            }
            _ => waiter.was_first,
        }
    }

    /// Gives up a seat and wakes the next.
    fn leave(&mut self, store: &mut dyn Store, now: Timestamp, book: &Book, id: ExchangeId, has_gone: bool) {
        let Some((spot, waiter)) = self.lines.waiter(id) else { return };
        let longest = longest(book, spot);
        let was_first = self.lines.first(spot, longest, now).is_some_and(|(_, first)| first.id == id);
        self.lines.leave(id, has_gone);
        self.desk(book, store, now).change(spot.place, &mut |found| {
            if let Some(balance) =
                found.row.balances.get_mut(spot.slot).filter(|_| found.key == spot.place.row)
            {
                balance.seats.give(1);
            }
        });
        self.ledger.change(spot.place, 0, spot.slot, Change::Rise);
        let next = self.lines.first(spot, longest, now);
        let (vm, Waiter { rank, tenant, cost, weight, .. }) = (self.vm, waiter);
        change(store, book, spot, &mut |order| {
            if has_gone {
                order.went(rank.tag);
            } else {
                order.leave(tenant, cost, weight);
            }
            order.say((vm, spot.place.row), next.map(|(rank, next)| (rank, next.rank.lack)), now);
            true
        });
        if let Some((_, next)) = next.filter(|_| was_first) {
            self.lines.wake(next.id);
        }
    }

    /// What this limit says now to a request that has waited for it.
    fn refusal(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        book: &Book,
        spot: Spot,
        cost: u64,
    ) -> Refusal {
        let each = Duration::ZERO;
        let mut refusal =
            Refusal { spot, wait: Some(POLL), is_exact: false, waiting: 0, each, cost, may_wait: true };
        let desk = &mut self.desk(book, store, now);
        desk.look(spot, |rule, balance| {
            refusal.waiting = balance.seats.total();
            refusal.each = balance.turnover(rule.measure);
            refusal.wait = Some(expected(rule, refusal));
        });
        refusal
    }
}

/// Changes the order of a line; where `change` says no, nothing is written.
fn change(store: &mut dyn Store, book: &Book, spot: Spot, change: &mut dyn FnMut(&mut Order) -> bool) {
    let key = book.line_key(spot, TENANT_LINES);
    store::update(store, &key, |bytes| {
        let mut order = Order::read(bytes);
        let writes = change(&mut order);
        (writes.then(|| order.write()), ())
    });
}

/// How long one may wait there who has come to it first; for ever where only others wait, who have been let wait elsewhere.
fn longest(book: &Book, spot: Spot) -> Duration {
    book.rule(spot).and_then(|rule| rule.wait).unwrap_or(Duration::MAX)
}

/// How long what goes before takes to be admitted; of concurrent requests, by how long `each` place takes to come back.
fn time_for(rule: &Rule, before: u64, each: Duration) -> Duration {
    match rule.measure {
        Measure::Rate(pace) => Duration::from_nanos(pace.time(before)),
        Measure::Concurrent(_) => each.saturating_mul(u32::try_from(before).unwrap_or(u32::MAX)),
        Measure::Money(_) | Measure::Sum(_) | Measure::Baseline(_) => Duration::ZERO,
    }
}

/// How long somebody would wait who came last, if all were like it.
fn expected(rule: &Rule, refusal: Refusal) -> Duration {
    let before = refusal.cost.saturating_mul(refusal.waiting);
    refusal.wait.unwrap_or_default().saturating_add(time_for(rule, before, refusal.each))
}

/// What becomes of a request that a limit refuses, the best first: whether it never fits, whether it can't wait there, and how long it
/// would take.
pub(crate) fn outlook(book: &Book, refusal: &Refusal) -> (bool, bool, Duration) {
    let wait = refusal.wait.unwrap_or(Duration::MAX);
    let expected = book.rule(refusal.spot).map_or(wait, |rule| expected(rule, *refusal));
    (refusal.wait.is_none(), !refusal.may_wait, wait.max(expected))
}

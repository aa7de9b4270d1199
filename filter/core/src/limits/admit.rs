//! Several limits at once: a request passes when all of them admit it, and takes nothing from any when one does not.
//!
//! All cells are read and asked before one is written, so a refusal writes nothing. Then they are written one by one, each on
//! the condition that it is as it was read. Where another worker came between, the cell is read and asked again; if it now
//! refuses, what was taken from the others this moment is given back.

use std::time::Duration;

use super::balance::{Balance, SOON, Verdict};
use super::book::{Asked, Book, Place, Shelf};
use super::cell::{COMMON, Cell, Found};
use super::fleet::{Charge, Fleet};
use super::held;
use super::ledger::{Change, Ledger};
use super::line::Seated;
use super::measure::Measure;
use super::rule::{Counts, Rule, Use};
use super::unsettled::{Settlement, Unsettled};
use crate::event::ExchangeId;
use crate::store::{self, Store, Version};
use crate::time::Timestamp;

/// Tries at one cell, as in [`store::update`].
const MAX_TRIES: u32 = 16;

/// What a request has reserved; settled exactly once.
#[derive(Debug, Default)]
#[must_use = "what is reserved must be settled"]
pub(crate) struct Ticket {
    holds: Vec<Hold>,
    /// What rate limit services count of it.
    pub(super) charges: Vec<Charge>,
}

impl Ticket {
    /// Whether a rate limit service is to be asked.
    pub(crate) fn asks_services(&self) -> bool {
        self.charges.iter().any(Charge::is_new)
    }

    /// The service that counts this limit has granted it.
    pub(crate) fn grant(&mut self, spot: Spot) {
        self.charges.iter_mut().filter(|charge| charge.spot == spot).for_each(Charge::grant);
    }

    pub(super) fn spots(&self) -> impl Iterator<Item = Spot> {
        let parts = |hold: &Hold| {
            let place = hold.place;
            hold.parts.iter().map(move |(slot, _)| Spot { place, slot: *slot }).collect::<Vec<_>>()
        };
        self.holds.iter().flat_map(parts)
    }

    /// What of it are places among concurrent requests; it keeps the rest.
    pub(super) fn take_places(&mut self, book: &Book) -> Self {
        self.take(|spot| book.rule(spot).is_some_and(|rule| rule.counts == Counts::Concurrent))
    }

    /// What of it is for an attempt alone; it keeps what is for the request.
    pub(crate) fn take_attempt(&mut self, book: &Book) -> Self {
        self.take(|spot| book.is_of_attempt(spot))
    }

    fn take(&mut self, is_part: impl Fn(Spot) -> bool) -> Self {
        let split = |hold: &mut Hold| {
            let place = hold.place;
            let parts: Vec<_> =
                hold.parts.extract_if(.., |(slot, _)| is_part(Spot { place, slot: *slot })).collect();
            (!parts.is_empty()).then_some(Hold { parts, ..*hold })
        };
        let holds = self.holds.iter_mut().filter_map(split).collect();
        self.holds.retain(|hold| !hold.parts.is_empty());
        let charges = self.charges.extract_if(.., |charge| is_part(charge.spot)).collect();
        Self { holds, charges }
    }
}

#[derive(Debug)]
struct Hold {
    place: Place,
    since: Timestamp,
    /// Whether so little of the row was in use that its settlement may wait.
    has_time: bool,
    /// Limits of that row, and what was taken from each.
    parts: Vec<(usize, u64)>,
}

/// One limit at one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(super) place: Place,
    pub(super) slot: usize,
}

/// Why a request doesn't pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) spot: Spot,
    /// After which it would pass if nobody else came; `None`: never.
    pub(crate) wait: Option<Duration>,
    /// Whether that is known to the nanosecond, and not only when to ask again.
    pub(crate) is_exact: bool,
    /// Who waits there already.
    pub(super) waiting: u64,
    /// In which time one more of those who hold a place usually gives it back; zero where that isn't known, or isn't what it
    /// waits for.
    pub(super) each: Duration,
    /// What it would take.
    pub(super) cost: u64,
    /// Whether that limit lets wait.
    pub(crate) may_wait: bool,
}

/// Something that a limit tells without refusing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It only observes, and would have refused this.
    WouldRefuse(Spot),
    /// So much of it, in basis points, is in use, which the policy warns of; and whether that has come about just now.
    Warns(Spot, u32, bool),
    /// So many hundredths of what is usual are used; and whether that has come about just now.
    Unusual(Spot, u64, bool),
    /// Its service is away, and this proxy's own count has admitted it.
    Local(Spot),
}

/// A cell that has been read.
pub(super) struct Read<'b> {
    key: String,
    cell: Cell<'b>,
    version: Option<Version>,
    pub(super) found: Found,
}

/// What one row says to a request.
struct Said {
    refusal: Option<Refusal>,
    parts: Vec<(usize, u64)>,
    news: Vec<News>,
}

pub(super) struct Desk<'d> {
    pub(super) book: &'d Book,
    pub(super) ledger: &'d mut Ledger,
    pub(super) unsettled: &'d mut Unsettled,
    pub(super) fleet: &'d Fleet,
    pub(super) store: &'d mut dyn Store,
    pub(super) now: Timestamp,
    /// The request that asks, where one does.
    pub(super) by: Option<ExchangeId>,
}

impl<'d> Desk<'d> {
    pub(super) fn read(&mut self, place: Place) -> Option<Read<'d>> {
        let shelf = self.book.shelf(place)?;
        let key = self.book.key(place);
        let (bytes, version) = self.store.get(&key).unzip();
        let cell = shelf.layout.open(bytes, self.now);
        let mut found = cell.find(&shelf.rules, place.row, self.now);
        self.ledger.confirm(place.with_row(found.key), &mut found.row);
        apply(shelf, place, &mut found, self.unsettled.of(place), self.now);
        Some(Read { key, cell, version, found })
    }

    /// Asks the limits of one row. `seated`: who has waited in a line doesn't wait for that line again.
    fn ask(&self, asked: &Asked, read: &Read<'_>, of: &Use, seated: &Seated) -> Said {
        let mut said = Said { refusal: None, parts: Vec::with_capacity(asked.slots.len()), news: Vec::new() };
        let Some(shelf) = self.book.shelf(asked.place) else { return said };
        for &slot in &asked.slots {
            let (Some(rule), Some(balance)) = (shelf.rules.get(slot), read.found.row.balances.get(slot))
            else {
                continue;
            };
            let cost = rule.counts.cost(of);
            let waiting = balance.seats.total();
            let spot = Spot { place: asked.place.with_row(read.found.key), slot };
            let wait = match self.verdict(Spot { place: asked.place, slot }, (rule, balance), cost) {
                Verdict::Fits if waiting > 0 && rule.wait.is_some() && !seated.contains(&Some(spot)) => {
                    Some((Some(Duration::ZERO), false))
                }
                Verdict::Fits => None,
                Verdict::After(wait) => Some((Some(wait), true)),
                Verdict::WhenReleased => Some((Some(balance.soon(rule.measure)), false)),
                Verdict::Never => Some((None, true)),
            };
            match wait {
                None => said.parts.push((slot, cost)),
                Some(_) if rule.observes => said.news.push(News::WouldRefuse(spot)),
                Some((wait, is_exact)) => {
                    let may_wait = rule.wait.is_some();
                    let each = balance.turnover(rule.measure);
                    let refusal = Refusal { spot, wait, is_exact, waiting, each, cost, may_wait };
                    said.refusal = worse(said.refusal, refusal);
                }
            }
        }
        said
    }

    /// What a limit says, whoever waits there.
    fn verdict(&self, spot: Spot, (rule, balance): (&Rule, &Balance), cost: u64) -> Verdict {
        match rule.service {
            Some(service) if self.fleet.decides(service, self.now, self.by) => {
                self.fleet.check(spot, self.now, cost, rule.wait.is_some())
            }
            _ => balance.check(rule.measure, self.now, cost),
        }
    }

    /// Whether a limit has room for so much.
    pub(super) fn fits(&mut self, spot: Spot, cost: u64) -> bool {
        let Some((read, rule)) = self.read(spot.place).zip(self.book.rule(spot)) else { return true };
        let balance = read.found.row.balances.get(spot.slot);
        balance.is_none_or(|balance| self.verdict(spot, (rule, balance), cost) == Verdict::Fits)
    }

    /// Takes what the limits were asked for, and tells of what is passed by it.
    /// Returns whether little of them is in use.
    fn take(&self, place: Place, found: &mut Found, said: &mut Said) -> bool {
        let Some(shelf) = self.book.shelf(place) else { return false };
        let mut has_time = place.row != COMMON;
        for &(slot, cost) in &said.parts {
            let (Some(Rule { measure, warn_bp, .. }), Some(balance)) =
                (shelf.rules.get(slot), found.row.balances.get_mut(slot))
            else {
                continue;
            };
            warn_bp.iter().for_each(|warn| balance.calm(*measure, self.now, *warn));
            balance.reserve(*measure, self.now, cost);
            let is_free = balance.seats.total() == 0 && balance.is_half_free(*measure, self.now);
            // A conversation goes on at once, in another worker perhaps.
            has_time &= is_free && !matches!(measure, Measure::Sum(_));
            let warns = warn_bp.and_then(|warn| balance.warn(*measure, self.now, warn));
            if let Some((used, is_new)) = warns {
                let spot = Spot { place: place.with_row(found.key), slot };
                said.news.push(News::Warns(spot, used, is_new));
            }
            // Those who share the common row have nothing that is usual of all of them.
            let unusual = if found.key == COMMON { None } else { balance.unusual(*measure, self.now) };
            if let Some((hundredths, is_new)) = unusual {
                // The limit itself stands before its baseline.
                let spot = Spot { place: place.with_row(found.key), slot: slot.saturating_sub(1) };
                said.news.push(News::Unusual(spot, hundredths, is_new));
            }
        }
        has_time
    }

    /// Reserves in all of these rows, or in none.
    pub(super) fn admit(
        &mut self,
        asked: &[Asked],
        of: &Use,
        seated: &Seated,
        news: &mut Vec<News>,
    ) -> Result<Ticket, Refusal> {
        let mut all = Vec::with_capacity(asked.len());
        let mut refusal = None;
        for row in asked {
            let Some(read) = self.read(row.place) else { continue };
            let said = self.ask(row, &read, of, seated);
            if let Some(other) = said.refusal {
                refusal = worse(refusal, other);
            }
            all.push((row, read, said));
        }
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let mut ticket = Ticket { holds: Vec::with_capacity(all.len()), charges: Vec::new() };
        // Of what is refused after all nothing has been decided.
        let mut admitted = Vec::new();
        for (row, read, said) in all {
            match self.commit(row, read, said, of, seated) {
                Ok((hold, told)) => {
                    self.charge(row.place, &hold.parts, &mut ticket.charges, &mut admitted);
                    ticket.holds.push(hold);
                    admitted.extend(told);
                }
                Err(refusal) => {
                    self.undo(ticket);
                    return Err(refusal);
                }
            }
        }
        news.append(&mut admitted);
        Ok(ticket)
    }

    /// Finds out what rate limit services are to count of it.
    fn charge(&self, place: Place, parts: &[(usize, u64)], charges: &mut Vec<Charge>, news: &mut Vec<News>) {
        for &(slot, cost) in parts.iter().filter(|(_, cost)| *cost > 0) {
            let spot = Spot { place, slot };
            let Some(service) = self.book.rule(spot).and_then(|rule| rule.service) else { continue };
            if self.fleet.decides(service, self.now, self.by) {
                charges.push(Charge::new(spot, cost));
            } else {
                news.push(News::Local(spot));
            }
        }
    }

    fn commit(
        &mut self,
        row: &Asked,
        mut read: Read<'d>,
        mut said: Said,
        of: &Use,
        seated: &Seated,
    ) -> Result<(Hold, Vec<News>), Refusal> {
        let mut tries = 0;
        loop {
            tries += 1;
            let place = row.place.with_row(read.found.key);
            let has_time = self.take(place, &mut read.found, &mut said);
            if let Some(shelf) = self.book.shelf(place) {
                read.cell.put(&shelf.rules, &read.found);
            }
            if self.store.set(&read.key, read.cell.bytes(), read.version).is_ok() {
                let epoch = read.found.row.epoch;
                self.ledger.written(place, epoch);
                for &(slot, cost) in &said.parts {
                    self.ledger.change(place, epoch, slot, Change::Take(cost));
                }
                self.settled(row.place);
                return Ok((Hold { place, since: self.now, has_time, parts: said.parts }, said.news));
            }
            let spot = Spot { place, slot: row.slots.first().copied().unwrap_or_default() };
            // A host that stores nothing can't count: it is not for us to let everybody through.
            let lost = Refusal {
                spot,
                wait: Some(SOON),
                is_exact: false,
                waiting: 0,
                each: Duration::ZERO,
                cost: 0,
                may_wait: false,
            };
            if tries >= MAX_TRIES {
                return Err(lost);
            }
            read = self.read(row.place).ok_or(lost)?;
            said = self.ask(row, &read, of, seated);
            if let Some(refusal) = said.refusal {
                return Err(refusal);
            }
        }
    }

    /// Gives back what has come to nothing.
    pub(super) fn undo(&mut self, ticket: Ticket) {
        let book = self.book;
        for Hold { place, since, parts, .. } in ticket.holds {
            // What has lain unconfirmed for long may be forgotten already, and a clock that has stepped back says nothing of the
            // time since: then only the hold comes back.
            let ago = self.now.since(since);
            let is_known = self.now >= since && ago < held::EPOCH;
            let ago = if is_known { ago } else { Duration::MAX };
            self.change(place, &mut |found| {
                let Some(shelf) = book.shelf(place).filter(|_| found.key == place.row) else { return };
                for &(slot, cost) in &parts {
                    if let Some((rule, balance)) = shelf.rules.get(slot).zip(found.row.balances.get_mut(slot))
                    {
                        balance.undo(rule.measure, cost, ago);
                    }
                }
            });
            self.give_back(place, &parts);
        }
    }

    /// Replaces what a request reserved by what it used. `may_wait`: nobody is told of it now.
    pub(super) fn settle(&mut self, ticket: Ticket, used: &Use, may_wait: bool) {
        for Hold { place, since, has_time, parts } in ticket.holds {
            let Some(shelf) = self.book.shelf(place) else { continue };
            let mut waits = may_wait && has_time && self.unsettled.has_room(place);
            for &(slot, cost) in &parts {
                let Some(rule) = shelf.rules.get(slot) else { continue };
                let of = (cost, rule.counts.cost(used));
                let settlement = Settlement::one(slot, of, self.now.since(since));
                waits &= settlement.beyond == 0;
                self.unsettled.add(place, settlement, self.now);
            }
            if !waits {
                self.write(place);
            }
        }
    }

    /// A row has been written with all that was to be settled there.
    fn settled(&mut self, place: Place) {
        for Settlement { slot, reserved, .. } in self.unsettled.take(place) {
            self.ledger.change(place, 0, slot, Change::Give(reserved));
        }
    }

    /// Writes what is to be settled in a row, and confirms what this worker holds there.
    pub(super) fn write(&mut self, place: Place) {
        self.change(place, &mut |_| {});
    }

    fn give_back(&mut self, place: Place, parts: &[(usize, u64)]) {
        for &(slot, cost) in parts {
            self.ledger.change(place, 0, slot, Change::Give(cost));
        }
    }

    /// Changes one row, confirming what this worker holds there. `change` may run more than once.
    pub(super) fn change(&mut self, place: Place, change: &mut dyn FnMut(&mut Found)) {
        let Some(shelf) = self.book.shelf(place) else { return };
        let (ledger, unsettled, now) = (&mut *self.ledger, &*self.unsettled, self.now);
        let asked = place;
        let ((place, epoch), is_written) = store::try_update(self.store, &self.book.key(place), |bytes| {
            let mut cell = shelf.layout.open(bytes.map(<[u8]>::to_vec), now);
            let mut found = cell.find(&shelf.rules, place.row, now);
            let place = place.with_row(found.key);
            ledger.confirm(place, &mut found.row);
            apply(shelf, asked, &mut found, unsettled.of(asked), now);
            change(&mut found);
            cell.put(&shelf.rules, &found);
            (Some(cell.into_bytes()), (place, found.row.epoch))
        });
        if is_written {
            ledger.written(place, epoch);
            self.settled(asked);
        } else if !self.unsettled.retry(asked, now) {
            // A host that has not stored anything for long won't store this either.
            self.settled(asked);
        }
    }

    /// Whether all of these would admit so much.
    pub(super) fn has_room(&mut self, asked: &Asked, of: &Use) -> bool {
        let Some((read, shelf)) = self.read(asked.place).zip(self.book.shelf(asked.place)) else {
            return true;
        };
        shelf.rules.iter().zip(&read.found.row.balances).all(|(rule, balance)| {
            balance.check(rule.measure, self.now, rule.counts.cost(of)) == Verdict::Fits
        })
    }

    /// What a limit says of itself at a row, without being asked for anything.
    pub(super) fn look<R>(&mut self, spot: Spot, look: impl FnOnce(&Rule, &Balance) -> R) -> Option<R> {
        let read = self.read(spot.place)?;
        let rule = self.book.shelf(spot.place)?.rules.get(spot.slot)?;
        Some(look(rule, read.found.row.balances.get(spot.slot)?))
    }
}

/// Settles in a row what was reserved in `place`.
fn apply(shelf: &Shelf, place: Place, found: &mut Found, all: &[Settlement], now: Timestamp) {
    // A row that was lost holds nothing of these requests; what they used counts where it counts now.
    let is_there = found.key == place.row;
    for settlement in all {
        let slot = settlement.slot;
        if let Some((rule, balance)) = shelf.rules.get(slot).zip(found.row.balances.get_mut(slot)) {
            let settlement = if is_there { *settlement } else { settlement.of_lost_row() };
            balance.settle(rule.measure, now, &settlement);
        }
    }
}

/// The one that keeps a request longer. It is told no shorter wait than the other one's: it would only be refused again.
fn worse(one: Option<Refusal>, other: Refusal) -> Option<Refusal> {
    let Some(one) = one else { return Some(other) };
    let rank = |refusal: &Refusal| (refusal.wait.is_none(), !refusal.may_wait, refusal.wait);
    let (mut worse, milder) = if rank(&one) >= rank(&other) { (one, other) } else { (other, one) };
    if worse.wait.is_some() && milder.wait > worse.wait {
        (worse.wait, worse.is_exact) = (milder.wait, milder.is_exact);
    }
    Some(worse)
}

//! Settlements that wait for their worker's next write to the same row, so that a request costs one write there and not two.
//!
//! Only where that changes nothing for anybody: nobody waits there, half of each limit is free, and no more was used than was
//! reserved. Until it is written all others see what was reserved, so a limit is never taken for emptier than it is; this worker
//! sees it settled. What waits is confirmed like all that is held, and written when another policy takes over; with a worker that dies at most
//! these few milliseconds' use is lost, and what was reserved is forgotten like all that nobody confirms.

use std::collections::BTreeMap;
use std::time::Duration;

use super::book::Place;
use crate::time::Timestamp;

/// How long one waits at most.
const LONGEST: Duration = Duration::from_millis(50);

/// Most rows that have some.
const MOST: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Unsettled {
    rows: BTreeMap<Place, Vec<Settlement>>,
    /// Since when the first of them waits.
    since: Option<Timestamp>,
}

/// What requests have reserved of one limit, and used of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settlement {
    pub(super) slot: usize,
    pub(super) reserved: u64,
    pub(super) used: u64,
    /// What was used beyond what the same request had reserved.
    pub(super) beyond: u64,
    pub(super) requests: u32,
    /// How long they took together.
    pub(super) time: Duration,
}

impl Settlement {
    /// That of one request.
    pub(super) fn one(slot: usize, (reserved, used): (u64, u64), time: Duration) -> Self {
        Self { slot, reserved, used, beyond: used.saturating_sub(reserved), requests: 1, time }
    }

    /// Where the row that held the reservations is lost: all of what was used is new there.
    pub(super) fn of_lost_row(self) -> Self {
        Self { reserved: 0, beyond: self.used, ..self }
    }

    fn add(&mut self, other: Self) {
        self.reserved = self.reserved.saturating_add(other.reserved);
        self.used = self.used.saturating_add(other.used);
        self.beyond = self.beyond.saturating_add(other.beyond);
        self.requests = self.requests.saturating_add(other.requests);
        self.time = self.time.saturating_add(other.time);
    }
}

impl Unsettled {
    /// Whether the settlements of one more row may wait.
    pub(super) fn has_room(&self, place: Place) -> bool {
        self.rows.len() < MOST || self.rows.contains_key(&place)
    }

    pub(super) fn add(&mut self, place: Place, settlement: Settlement, now: Timestamp) {
        self.since.get_or_insert(now);
        let row = self.rows.entry(place).or_default();
        match row.iter_mut().find(|known| known.slot == settlement.slot) {
            Some(known) => known.add(settlement),
            None => row.push(settlement),
        }
    }

    /// What waits for a write to this row.
    pub(super) fn of(&self, place: Place) -> &[Settlement] {
        self.rows.get(&place).map(Vec::as_slice).unwrap_or_default()
    }

    /// The row has been written.
    pub(super) fn take(&mut self, place: Place) -> Vec<Settlement> {
        let row = self.rows.remove(&place).unwrap_or_default();
        if self.rows.is_empty() {
            self.since = None;
        }
        row
    }

    /// This row could not be written, and what waits for that waits on; unless too many rows do.
    pub(super) fn retry(&mut self, place: Place, now: Timestamp) -> bool {
        if self.rows.len() > MOST {
            return false;
        }
        if self.rows.contains_key(&place) {
            self.since = Some(now);
        }
        true
    }

    /// When some have waited long enough.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.since.map(|since| since.after(LONGEST))
    }

    /// Rows to be written now; few at a time.
    pub(super) fn due(&self, now: Timestamp, most: usize) -> Vec<Place> {
        let is_due = self.next_deadline().is_some_and(|due| due <= now);
        self.rows.keys().take(if is_due { most } else { 0 }).copied().collect()
    }
}

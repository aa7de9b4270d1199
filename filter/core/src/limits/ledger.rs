//! What the requests of one worker hold, by row: what it must confirm in every epoch.

use std::collections::BTreeMap;
use std::time::Duration;

use super::book::Place;
use super::cell::Row;
use super::held;
use crate::time::Timestamp;

/// Most rows that are confirmed in one callback.
pub(super) const BATCH: usize = 64;

/// Workers confirm at different times of an epoch.
const SPREAD: u64 = 5_000;

#[derive(Debug, Default)]
pub(super) struct Ledger {
    rows: BTreeMap<Place, Own>,
    /// The last epoch in which all of them were confirmed.
    confirmed: u32,
    spread: Duration,
}

/// This worker's part of a row.
#[derive(Debug, Default)]
struct Own {
    /// When it was last confirmed.
    epoch: u32,
    /// By limit: what is held, and seats in its line.
    parts: Vec<(u64, u64)>,
}

/// More, or less, of one limit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Take(u64),
    Give(u64),
    Sit,
    Rise,
}

impl Ledger {
    pub(super) fn new(vm: u64) -> Self {
        Self { spread: Duration::from_millis(vm % SPREAD), ..Self::default() }
    }

    /// Confirms in a row what this worker holds there.
    pub(super) fn confirm(&self, place: Place, row: &mut Row) {
        let Some(own) = self.rows.get(&place) else { return };
        let epochs = row.epoch.saturating_sub(own.epoch);
        for ((held, seats), balance) in own.parts.iter().zip(&mut row.balances) {
            balance.held.confirm(*held, epochs);
            balance.seats.confirm(*seats, epochs);
        }
    }

    /// The row has been written with what this worker holds.
    pub(super) fn written(&mut self, place: Place, epoch: u32) {
        if let Some(own) = self.rows.get_mut(&place) {
            own.epoch = epoch;
        }
    }

    /// What this worker holds there has changed.
    pub(super) fn change(&mut self, place: Place, epoch: u32, slot: usize, change: Change) {
        if self.rows.is_empty() {
            self.confirmed = epoch;
        }
        let own = self.rows.entry(place).or_insert_with(|| Own { epoch, parts: Vec::new() });
        if own.parts.len() <= slot {
            own.parts.resize(slot + 1, (0, 0));
        }
        if let Some((held, seats)) = own.parts.get_mut(slot) {
            match change {
                Change::Take(amount) => *held = held.saturating_add(amount),
                Change::Give(amount) => *held = held.saturating_sub(amount),
                Change::Sit => *seats += 1,
                Change::Rise => *seats = seats.saturating_sub(1),
            }
        }
        if own.parts.iter().all(|part| *part == (0, 0)) {
            self.rows.remove(&place);
        }
    }

    /// When something is to be confirmed.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        let due = held::begin(self.confirmed.saturating_add(1)).after(self.spread);
        (!self.rows.is_empty()).then_some(due)
    }

    /// Rows to confirm now; few at a time.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Place> {
        if self.next_deadline().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let current = held::epoch(now);
        let late = self.rows.iter().filter(|(_, own)| own.epoch != current);
        let due: Vec<_> = late.map(|(place, _)| *place).take(BATCH).collect();
        if due.len() < BATCH {
            self.confirmed = current;
        }
        due
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

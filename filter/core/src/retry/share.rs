//! So many extra attempts, as a share of the requests: counted over a sliding window that all workers have in common.
//!
//! An extra attempt is admitted while all of them in the window, this one included, stay within the share of its
//! requests, or while fewer than the floor were admitted in this slot. So however the workers interleave,
//!
//! ```text
//! admitted <= share · requests + floor per second · seconds
//! ```
//!
//! with this slack: slots are aligned to the clock, so a floor may be used up at the end of one and again at the start of
//! the next; and two workers that make the cell at the same time may lose one count each, once in the life of a proxy. In
//! all else counts err to the strict side:
//!
//! - Requests are counted in the worker's own memory and written a slot later at the latest, or with its next extra
//!   attempt; so a request costs no access to shared data. What is not written yet pays for nothing.
//! - They count as of when the first of them came, and so leave the window early rather than late.
//! - An extra attempt whose count can't be written isn't admitted.
//!
//! Extra attempts that others made, such as callers' own retries, use the share up as well, but never the floor: no caller
//! can take it from the others by claiming to retry.

use std::time::Duration;

use crate::effect::Text;
use crate::store::{self, Store};
use crate::time::{Timestamp, nanos};

const SLOTS: usize = 10;
const VERSION: u8 = 1;
const SIZE: usize = 4 + 8 + SLOTS * 12;

/// What bounds the extra attempts.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// Where they are counted.
    pub(crate) key: Text,
    /// A tenth of the window; at least one second where there is a floor.
    pub(crate) slot: Duration,
    /// In basis points of the requests.
    pub(crate) share_bp: u32,
    pub(crate) at_least_per_second: u32,
}

/// Requests of one worker that are not written down yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unwritten {
    requests: u32,
    since: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    requests: u32,
    admitted: u32,
    /// Made by others, without asking.
    foreign: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Number of the newest slot since the epoch; slot `n` lies at `n % SLOTS`.
    newest: u64,
    slots: [Slot; SLOTS],
}

impl Bound {
    /// A request has come. Costs a read and a write once in a slot.
    pub(crate) fn request(&self, unwritten: &mut Unwritten, now: Timestamp, store: &mut dyn Store) {
        if unwritten.requests > 0 && now.since(unwritten.since) >= self.slot {
            self.count(unwritten, Slot::default(), now, store);
        }
        if unwritten.requests == 0 {
            unwritten.since = now;
        }
        unwritten.requests = unwritten.requests.saturating_add(1);
    }

    /// Writes down the requests that have come and not been written yet: no more come.
    pub(crate) fn close(&self, unwritten: &mut Unwritten, now: Timestamp, store: &mut dyn Store) {
        if unwritten.requests > 0 {
            self.count(unwritten, Slot::default(), now, store);
        }
    }

    /// Somebody else has made an extra attempt.
    pub(crate) fn foreign(&self, unwritten: &mut Unwritten, now: Timestamp, store: &mut dyn Store) {
        self.count(unwritten, Slot { foreign: 1, ..Slot::default() }, now, store);
    }

    fn count(&self, unwritten: &mut Unwritten, extra: Slot, now: Timestamp, store: &mut dyn Store) {
        let (_, is_written) = store::try_update(store, &self.key, |bytes| {
            let mut counts = self.counts(bytes, unwritten, now);
            counts.add(self.number(now), extra);
            (Some(counts.encode()), ())
        });
        if is_written {
            *unwritten = Unwritten::default();
        }
    }

    /// Asks for an extra attempt, and counts it if it is admitted.
    pub(crate) fn admit(&self, unwritten: &mut Unwritten, now: Timestamp, store: &mut dyn Store) -> bool {
        let mut writes = false;
        let (is_admitted, is_stored) = store::try_update(store, &self.key, |bytes| {
            let mut counts = self.counts(bytes, unwritten, now);
            let is_admitted = counts.admits(self);
            if is_admitted {
                counts.add(counts.newest, Slot { admitted: 1, ..Slot::default() });
            }
            // A refusal is nothing to write.
            writes = is_admitted || unwritten.requests > 0;
            (writes.then(|| counts.encode()), is_admitted)
        });
        if writes && is_stored {
            *unwritten = Unwritten::default();
        }
        is_admitted && is_stored
    }

    /// The cell as of now, with what this worker has yet to write.
    fn counts(&self, bytes: Option<&[u8]>, unwritten: &Unwritten, now: Timestamp) -> Counts {
        let mut counts = bytes.and_then(Counts::decode).unwrap_or_default();
        counts.roll(self.number(now));
        counts.add(self.number(unwritten.since), Slot { requests: unwritten.requests, ..Slot::default() });
        counts
    }

    fn number(&self, time: Timestamp) -> u64 {
        time.0 / nanos(self.slot).max(1)
    }
}

impl Counts {
    fn admits(&self, bound: &Bound) -> bool {
        let (mut requests, mut extra) = (0_u64, 1_u64);
        for slot in &self.slots {
            requests += u64::from(slot.requests);
            extra += u64::from(slot.admitted) + u64::from(slot.foreign);
        }
        let floor = u64::from(bound.at_least_per_second) * bound.slot.as_secs();
        let newest = self.slots.get((self.newest % SLOTS as u64) as usize).copied().unwrap_or_default();
        extra * 10_000 <= requests * u64::from(bound.share_bp) || u64::from(newest.admitted) < floor
    }

    /// Brings the newest slot up to this one. A clock that steps back counts into the newest; where it steps back by
    /// more than a window, counts begin anew.
    fn roll(&mut self, current: u64) {
        if self.newest.saturating_sub(current) > SLOTS as u64 {
            *self = Self { newest: current, ..Self::default() };
        }
        let passed = current.saturating_sub(self.newest).min(SLOTS as u64);
        for back in 0..passed {
            if let Some(slot) = self.slots.get_mut(((current - back) % SLOTS as u64) as usize) {
                *slot = Slot::default();
            }
        }
        self.newest = self.newest.max(current);
    }

    /// Adds to a slot that may have passed; what has left the window is forgotten.
    fn add(&mut self, number: u64, more: Slot) {
        let number = number.min(self.newest);
        if self.newest - number >= SLOTS as u64 {
            return;
        }
        if let Some(slot) = self.slots.get_mut((number % SLOTS as u64) as usize) {
            slot.requests = slot.requests.saturating_add(more.requests);
            slot.admitted = slot.admitted.saturating_add(more.admitted);
            slot.foreign = slot.foreign.saturating_add(more.foreign);
        }
    }

    /// Little-endian, fixed size, with a version.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIZE);
        bytes.extend_from_slice(&[VERSION, 0, 0, 0]);
        bytes.extend_from_slice(&self.newest.to_le_bytes());
        for slot in &self.slots {
            for count in [slot.requests, slot.admitted, slot.foreign] {
                bytes.extend_from_slice(&count.to_le_bytes());
            }
        }
        bytes
    }

    /// `None` for what can't be read: counts begin anew, with nothing to pay with but the floor.
    fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != SIZE || bytes.first() != Some(&VERSION) {
            return None;
        }
        let (newest, slots) = bytes.get(4..)?.split_first_chunk::<8>()?;
        let mut counts = Self { newest: u64::from_le_bytes(*newest), ..Self::default() };
        let mut numbers = slots.as_chunks::<4>().0.iter().map(|number| u32::from_le_bytes(*number));
        for slot in &mut counts.slots {
            *slot = Slot { requests: numbers.next()?, admitted: numbers.next()?, foreign: numbers.next()? };
        }
        Some(counts)
    }
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;

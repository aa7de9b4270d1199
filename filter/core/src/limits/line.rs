//! Who of one worker's requests waits for a limit.

use std::collections::BTreeMap;

use super::admit::{Refusal, Spot};
use super::order::{self, Rank};
use crate::event::ExchangeId;
use crate::time::Timestamp;
use std::time::Duration;

/// A request in line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) id: ExchangeId,
    /// By its own priority.
    pub(super) rank: Rank,
    pub(super) tenant: u64,
    pub(super) weight: u32,
    pub(super) cost: u64,
    /// When it gives up.
    pub(super) until: Timestamp,
    /// Where it has been first in line before.
    pub(super) was_first: Seated,
}

/// Lines in which a request doesn't wait again: the last few, the latest first.
pub(super) type Seated = [Option<Spot>; 4];

impl Waiter {
    /// The same where it is first here too.
    pub(super) fn seated(&self, spot: Spot) -> Seated {
        let [one, other, third, _] = self.was_first;
        [Some(spot), one, other, third]
    }

    /// Whether it has been first in as many lines as are remembered.
    pub(super) fn has_been_around(&self) -> bool {
        self.was_first.iter().all(Option::is_some)
    }
}

#[derive(Clone, Copy, Debug)]
enum Known {
    Waits(Spot),
    /// It had to make room for somebody else, and is told this.
    Shed(Refusal),
}

/// This worker's part of all lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// None of them is empty.
    lines: BTreeMap<Spot, Vec<Waiter>>,
    known: BTreeMap<ExchangeId, Known>,
    /// Who is to ask again now.
    wakes: Vec<ExchangeId>,
}

impl Lines {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn spot(&self, id: ExchangeId) -> Option<Spot> {
        match self.known.get(&id)? {
            Known::Waits(spot) => Some(*spot),
            Known::Shed(_) => None,
        }
    }

    pub(super) fn waiter(&self, id: ExchangeId) -> Option<(Spot, Waiter)> {
        let spot = self.spot(id)?;
        let waiter = self.lines.get(&spot)?.iter().find(|waiter| waiter.id == id)?;
        Some((spot, *waiter))
    }

    pub(super) fn join(&mut self, spot: Spot, waiter: Waiter) {
        self.known.insert(waiter.id, Known::Waits(spot));
        self.lines.entry(spot).or_default().push(waiter);
    }

    /// Somebody leaves. If it hasn't gone, those of its tenant who stand behind it move up.
    pub(super) fn leave(&mut self, id: ExchangeId, has_gone: bool) {
        let Some((spot, gone)) = self.waiter(id) else { return };
        self.known.remove(&id);
        let Some(line) = self.lines.get_mut(&spot) else { return };
        line.retain(|waiter| waiter.id != id);
        if line.is_empty() {
            self.lines.remove(&spot);
        } else if !has_gone {
            let behind =
                |waiter: &&mut Waiter| waiter.tenant == gone.tenant && waiter.rank.tag > gone.rank.tag;
            for waiter in line.iter_mut().filter(behind) {
                waiter.rank.tag = waiter.rank.tag.saturating_sub(order::length(gone.cost, gone.weight));
            }
        }
    }

    /// All who wait here with their ranks of this moment: a priority that somebody has waited half of the `longest` with is the
    /// highest.
    pub(super) fn ranked(
        &self,
        spot: Spot,
        longest: Duration,
        now: Timestamp,
    ) -> impl Iterator<Item = (Rank, Waiter)> {
        let line = self.lines.get(&spot).map(Vec::as_slice).unwrap_or_default();
        let is_old = move |waiter: &&Waiter| now.since(waiter.rank.joined) >= longest / 2;
        let mut old: Vec<u32> = line.iter().filter(is_old).map(|waiter| waiter.rank.lack).collect();
        // As many as there are priorities, and not as waiters.
        old.sort_unstable();
        old.dedup();
        line.iter().map(move |waiter| {
            let lack = if old.contains(&waiter.rank.lack) { 0 } else { waiter.rank.lack };
            (Rank { lack, ..waiter.rank }, *waiter)
        })
    }

    /// Who stands first here.
    pub(super) fn first(&self, spot: Spot, longest: Duration, now: Timestamp) -> Option<(Rank, Waiter)> {
        self.ranked(spot, longest, now).min_by_key(|(rank, waiter)| (*rank, waiter.id))
    }

    pub(super) fn last(&self, spot: Spot, longest: Duration, now: Timestamp) -> Option<(Rank, Waiter)> {
        self.ranked(spot, longest, now).max_by_key(|(rank, waiter)| (*rank, waiter.id))
    }

    pub(super) fn count_of(&self, spot: Spot, tenant: u64) -> u64 {
        let line = self.lines.get(&spot).map(Vec::as_slice).unwrap_or_default();
        line.iter().filter(|waiter| waiter.tenant == tenant).count() as u64
    }

    pub(super) fn wake(&mut self, id: ExchangeId) {
        self.wakes.push(id);
    }

    /// Room has been made: somebody is to ask, who knows who is first.
    pub(super) fn wake_one(&mut self, spot: Spot) {
        let waiter = self.lines.get(&spot).and_then(|line| line.first());
        self.wakes.extend(waiter.map(|waiter| waiter.id));
    }

    pub(super) fn take_wakes(&mut self) -> Vec<ExchangeId> {
        std::mem::take(&mut self.wakes)
    }

    pub(super) fn shed(&mut self, id: ExchangeId, refusal: Refusal) {
        self.leave(id, false);
        self.known.insert(id, Known::Shed(refusal));
        self.wake(id);
    }

    pub(super) fn take_shed(&mut self, id: ExchangeId) -> Option<Refusal> {
        let Known::Shed(refusal) = *self.known.get(&id)? else { return None };
        self.known.remove(&id);
        Some(refusal)
    }
}

#[cfg(test)]
impl Lines {
    pub(super) fn len(&self) -> usize {
        self.lines.values().map(Vec::len).sum()
    }
}

//! Whose turn it is in a line, over all workers: one cell of the shared data for each line (and one for many tenants' lines).
//!
//! Requests wait where they are, each in its worker. What workers share is little: how far the line has come, how far each
//! tenant has, and who stands first in each worker. A request goes when no other worker's first is before it.
//!
//! **Fair shares** are start-time fair queueing (Goyal, Vin and Cheng, 1996): a request gets a start tag, which is the end tag of its
//! tenant's last one, or the line's own if that is further; its end tag is so much later as it costs, divided by its tenant's
//! weight. Lower tags go first, and the line's tag is that of who went last. So a tenant that sends a hundred times as much
//! gets tags far ahead, and one that comes seldom is always near the front. Tenants are told apart by 32 bits of
//! their hash. Each has one of [`PROBES`] among [`FLOWS`] places, until the line has come as far as it has; where others have all of them, it
//! shares its first one, and that one's part.
//!
//! **Priority** goes before tags. Once somebody of a priority has waited for half of the time that one may wait, all of that priority
//! count as the highest there is, and tags decide: so nobody starves, and shares stay fair while the old ones are let through.
//! Then too a priority is worth something: a tenant's part is its weight times its priority plus one.
//!
//! A first that hasn't been heard of for [`LIVE`] has no say: its worker is dead, or too busy to use its turn.

use std::time::Duration;

use super::wire::{Reader, Writer};
use crate::time::{Timestamp, nanos};

/// How long what a worker says of its first counts.
pub(super) const LIVE: Duration = Duration::from_millis(100);

const FLOWS: usize = 64;
const PROBES: u32 = 4;
const HEADS: usize = 32;
const HEAD: usize = 4 + 4 + 4 + 4 + 8 + 8 + 8;
const SIZE: usize = 4 + 8 + FLOWS * (4 + 8 + 4) + HEADS * HEAD;
const VERSION: u8 = 2;

/// One unit of cost at weight 1, in tags.
const UNIT: u64 = 1 << 16;

/// What decides who goes first; what is less does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// How far it is from the highest priority.
    pub(super) lack: u32,
    pub(super) tag: u64,
    pub(super) joined: Timestamp,
}

/// A tenant's part of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flow {
    /// Tells tenants apart.
    tenant: u32,
    /// The end tag of its last.
    end: u64,
    weight: u32,
}

/// The first of a line in one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head {
    /// Zero where there is none.
    vm: u32,
    /// Milliseconds, when it was last heard of.
    beat: u32,
    /// The lack of its own priority. Where that of its rank is less, its priority counts as the highest there is.
    lack: u32,
    row: u64,
    rank: Rank,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// How far the line has come.
    tag: u64,
    flows: [Flow; FLOWS],
    heads: [Head; HEADS],
}

/// A place in line, as somebody gets it who joins now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) tag: u64,
    /// What will have been admitted before it, in units of cost.
    pub(super) before: u64,
}

impl Order {
    /// `waiting`: how many wait already, over all workers.
    pub(super) fn join(&mut self, flow: u64, cost: u64, weight: u32, waiting: u64) -> Joined {
        if waiting == 0 {
            // Nobody is ahead of anybody in a line that begins.
            self.tag = self.flows.iter().map(|flow| flow.end).fold(self.tag, u64::max);
        }
        let line = self.tag;
        let tag = self.flow(flow).map_or(line, |flow| flow.end.max(line));
        if let Some(flow) = self.flow(flow) {
            (flow.end, flow.weight) = (tag.saturating_add(length(cost, weight)), weight);
        }
        let active = self.flows.iter().filter(|flow| flow.end > line);
        let weights = active.fold(0, |sum: u64, flow| sum + u64::from(flow.weight));
        let fair = (tag - line).saturating_mul(weights) / UNIT;
        Joined { tag, before: fair.min(cost.saturating_mul(waiting)) }
    }

    /// Somebody leaves without having gone: those of its tenant who come later get its part.
    pub(super) fn leave(&mut self, flow: u64, cost: u64, weight: u32) {
        if let Some(flow) = self.flow(flow) {
            flow.end = flow.end.saturating_sub(length(cost, weight));
        }
    }

    /// Somebody has gone.
    pub(super) fn went(&mut self, tag: u64) {
        self.tag = self.tag.max(tag);
    }

    /// Says who stands first in this worker, if anybody does: its rank, and the lack of its own priority.
    pub(super) fn say(&mut self, (vm, row): (u32, u64), first: Option<(Rank, u32)>, now: Timestamp) {
        let is_free = |head: &Head| head.vm == 0 || !head.lives(now);
        let own = self.heads.iter().position(|head| head.vm == vm && head.row == row);
        let free = || self.heads.iter().position(is_free);
        let Some(head) = own.or_else(free).and_then(|n| self.heads.get_mut(n)) else { return };
        *head = match first {
            Some((rank, lack)) => Head { vm, beat: millis(now), lack, row, rank },
            None => Head::default(),
        };
    }

    /// Whether another worker's first goes before this worker's.
    pub(super) fn is_outranked(
        &self,
        (vm, row): (u32, u64),
        (own, lack): (Rank, u32),
        now: Timestamp,
    ) -> bool {
        let others = || {
            let heads = self.heads.iter().filter(|head| head.vm != 0 && head.vm != vm && head.row == row);
            heads.filter(|head| head.lives(now))
        };
        // A priority that has grown old in one worker has so in all.
        let least = others().filter(|head| head.lack == lack).map(|head| head.rank.lack).min();
        let alike = least.map_or(own.lack, |least| least.min(own.lack));
        let own = Rank { lack: alike, ..own };
        let ranks = others().map(|head| {
            let rank = if head.lack == lack { Rank { lack: alike, ..head.rank } } else { head.rank };
            (rank, head.vm)
        });
        ranks.min().is_some_and(|first| first < (own, vm))
    }

    /// A tenant's own place, or one that nobody needs any more: the line has come further than it.
    fn flow(&mut self, tenant: u64) -> Option<&mut Flow> {
        let (tenant, line) = ((tenant >> 32) as u32, self.tag);
        let places = || (0..PROBES).map(|n| tenant.wrapping_add(n) as usize % FLOWS);
        let find = |is: &dyn Fn(&Flow) -> bool| places().find(|n| self.flows.get(*n).is_some_and(is));
        let own = find(&|flow| flow.tenant == tenant && flow.end > line);
        if let Some(free) = own.is_none().then(|| find(&|flow| flow.end <= line)).flatten() {
            let flow = self.flows.get_mut(free)?;
            *flow = Flow { tenant, end: line, weight: 0 };
            return Some(flow);
        }
        self.flows.get_mut(own.or_else(|| places().next())?)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        let mut writer = Writer(&mut bytes);
        writer.u32(VERSION.into());
        writer.u64(self.tag);
        for Flow { tenant, end, weight } in self.flows {
            writer.u32(tenant);
            writer.u64(end);
            writer.u32(weight);
        }
        for Head { vm, beat, lack, row, rank } in self.heads {
            writer.u32(vm);
            writer.u32(beat);
            writer.u32(lack);
            writer.u32(rank.lack);
            writer.u64(row);
            writer.u64(rank.joined.0);
            writer.u64(rank.tag);
        }
        bytes
    }

    /// What can't be read is a line that nobody has joined yet.
    pub(super) fn read(bytes: Option<&[u8]>) -> Self {
        bytes.filter(|bytes| bytes.len() == SIZE).and_then(Self::parse).unwrap_or(Self {
            tag: 0,
            flows: [Flow::default(); FLOWS],
            heads: [Head::default(); HEADS],
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.u32()? != u32::from(VERSION) {
            return None;
        }
        let tag = reader.u64()?;
        let mut order = Self { tag, flows: [Flow::default(); FLOWS], heads: [Head::default(); HEADS] };
        for flow in &mut order.flows {
            *flow = Flow { tenant: reader.u32()?, end: reader.u64()?, weight: reader.u32()? };
        }
        for head in &mut order.heads {
            let (vm, beat, lack) = (reader.u32()?, reader.u32()?, reader.u32()?);
            let (of_rank, row) = (reader.u32()?, reader.u64()?);
            let (joined, tag) = (Timestamp(reader.u64()?), reader.u64()?);
            *head = Head { vm, beat, lack, row, rank: Rank { lack: of_rank, tag, joined } };
        }
        Some(order)
    }
}

impl Head {
    fn lives(&self, now: Timestamp) -> bool {
        let age = millis(now).wrapping_sub(self.beat) as i32;
        age.unsigned_abs() <= millis(Timestamp(nanos(LIVE)))
    }
}

/// What a request's cost is in tags.
pub(super) fn length(cost: u64, weight: u32) -> u64 {
    cost.max(1).saturating_mul(UNIT) / u64::from(weight.max(1))
}

/// Wraps around; only differences count.
fn millis(time: Timestamp) -> u32 {
    (time.0 / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp(1_700_000_000_000_000_000 + millis * 1_000_000)
    }

    #[test]
    fn a_tenant_gets_what_its_weight_says_however_many_requests_it_has_in_line() {
        let mut order = Order::read(None);
        let (heavy, light) = (1 << 32, 2 << 32);
        let mut line: Vec<(u64, char)> = (0..300).map(|_| (order.join(heavy, 10, 1, 1).tag, 'h')).collect();
        line.extend((0..40).map(|_| (order.join(light, 10, 3, 1).tag, 'l')));
        line.sort_unstable();
        let first: String = line.iter().take(40).map(|(_, who)| *who).collect();
        assert_eq!(first.matches('l').count(), 30, "{first}");
    }

    #[test]
    fn tenants_whose_places_are_the_same_have_each_its_own_part() {
        let mut order = Order::read(None);
        let tenant = |n: u64| (1 + n * FLOWS as u64) << 32;
        let heavy: Vec<u64> = (0..100).map(|_| order.join(tenant(0), 10, 1, 1).tag).collect();
        let mut order = Order::read(Some(&order.write()));
        for n in 1..u64::from(PROBES) {
            assert_eq!(order.join(tenant(n), 10, 1, 1).tag, 0, "it comes first");
            assert_eq!(order.join(tenant(n), 10, 1, 1).tag, heavy[1], "and then as the others");
        }
        assert_eq!(order.join(tenant(9), 10, 1, 1).tag, heavy[99] + 10 * UNIT, "there is none left");
        order.leave(tenant(1), 10, 1);
        assert_eq!(order.join(tenant(1), 10, 1, 1).tag, heavy[1]);
        order.went(heavy[2]);
        assert_eq!(
            order.join(tenant(8), 10, 1, 1).tag,
            heavy[2],
            "in the place of one that isn't ahead any more"
        );
    }

    #[test]
    fn who_comes_late_does_not_get_what_it_left_unused() {
        let mut order = Order::read(None);
        for _ in 0..100 {
            let tag = order.join(1 << 32, 10, 1, 1).tag;
            order.went(tag);
        }
        assert_eq!(order.join(2 << 32, 10, 1, 1).tag, 99 * 10 * UNIT);
        assert_eq!(order.join(1 << 32, 10, 1, 9), Joined { tag: 100 * 10 * UNIT, before: 20 });
    }

    #[test]
    fn who_leaves_makes_room_for_the_next_of_its_tenant() {
        let mut order = Order::read(None);
        let Joined { tag, .. } = order.join(1 << 32, 5, 2, 1);
        order.leave(1 << 32, 5, 2);
        assert_eq!(order.join(1 << 32, 5, 2, 1).tag, tag);
    }

    #[test]
    fn only_firsts_that_live_and_stand_in_the_same_line_are_before_others() {
        let mut order = Order::read(None);
        let (mine, theirs) = (Rank { tag: 5, ..Rank::default() }, Rank { tag: 4, ..Rank::default() });
        order.say((2, 7), Some((theirs, 0)), at(0));
        let mut order = Order::read(Some(&order.write()));
        let is_outranked = |order: &Order, of, millis| order.is_outranked(of, (mine, 0), at(millis));
        assert!(is_outranked(&order, (1, 7), 100));
        assert!(!is_outranked(&order, (1, 8), 100), "another line");
        assert!(!is_outranked(&order, (2, 7), 100), "its own");
        assert!(!is_outranked(&order, (1, 7), 101), "silent");
        order.say((2, 7), None, at(0));
        assert_eq!(order, Order::read(None));
        for vm in 1..100 {
            order.say((vm, 7), Some((theirs, 0)), at(0));
        }
        assert!(order.heads.iter().all(|head| head.vm <= HEADS as u32));
    }

    #[test]
    fn a_priority_that_has_grown_old_in_one_worker_has_so_in_all() {
        let mut order = Order::read(None);
        let rank = |lack, tag| Rank { lack, tag, ..Rank::default() };
        order.say((2, 7), Some((rank(0, 9), 5)), at(0));
        assert!(!order.is_outranked((1, 7), (rank(5, 4), 5), at(0)), "both are old, and its tag is lower");
        assert!(order.is_outranked((1, 7), (rank(5, 10), 5), at(0)));
        assert!(order.is_outranked((1, 7), (rank(3, 4), 3), at(0)), "of a priority that isn't old");
        assert!(!order.is_outranked((1, 7), (rank(0, 4), 0), at(0)), "of the highest one");
    }
}

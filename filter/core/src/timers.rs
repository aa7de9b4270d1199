//! When the engine wants to be called again.
//!
//! Nearly every wake-up is put off or called off before it is due: the answer comes. So neither touches the queue. What an
//! exchange wants is kept with it, as its [`Alarm`]; the queue has an entry that is due then or earlier, and one that comes up
//! too early is put back at its time, or dropped.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::event::ExchangeId;
use crate::time::Timestamp;

/// Entries that are kept without looking whether they are still of use.
const FEW: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Timers {
    entries: BinaryHeap<Reverse<(Timestamp, ExchangeId)>>,
}

/// One exchange's wake-up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alarm {
    at: Option<Timestamp>,
    /// Of its entries, the one that counts: the earliest.
    entered: Option<Timestamp>,
}

impl Alarm {
    pub(crate) fn at(self) -> Option<Timestamp> {
        self.at
    }
}

/// The alarms of all exchanges that live.
pub(crate) trait Alarms {
    fn alarm(&mut self, id: ExchangeId) -> Option<&mut Alarm>;
    fn count(&self) -> usize;
}

impl Timers {
    /// Sets, moves or (`None`) removes an exchange's wake-up.
    pub(crate) fn set(&mut self, id: ExchangeId, alarm: &mut Alarm, at: Option<Timestamp>) {
        alarm.at = at;
        if let Some(at) = at
            && alarm.entered.is_none_or(|entered| at < entered)
        {
            alarm.entered = Some(at);
            self.entries.push(Reverse((at, id)));
        }
    }

    /// The time of the next wake-up, or an earlier one.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.entries.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes one wake-up that is due.
    pub(crate) fn take_due(&mut self, now: Timestamp, alarms: &mut impl Alarms) -> Option<ExchangeId> {
        while let Some(Reverse((entered, id))) = self.entries.peek().copied()
            && entered <= now
        {
            self.entries.pop();
            let Some(alarm) = alarms.alarm(id).filter(|alarm| alarm.entered == Some(entered)) else {
                continue;
            };
            alarm.entered = None;
            if alarm.at.is_some_and(|at| at <= now) {
                alarm.at = None;
                return Some(id);
            }
            self.set(id, alarm, alarm.at);
        }
        None
    }

    /// Keeps the queue within twice the exchanges that live, and empty when none does. Each of those it drops was put in once, so
    /// that is what it costs.
    pub(crate) fn tidy(&mut self, alarms: &mut impl Alarms) {
        if alarms.count() == 0 {
            self.entries.clear();
        } else if self.entries.len() > alarms.count().saturating_mul(2).saturating_add(FEW) {
            self.entries.retain(|Reverse((entered, id))| {
                alarms.alarm(*id).is_some_and(|alarm| alarm.entered == Some(*entered))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Default)]
    struct Living(BTreeMap<ExchangeId, Alarm>);

    impl Alarms for Living {
        fn alarm(&mut self, id: ExchangeId) -> Option<&mut Alarm> {
            self.0.get_mut(&id)
        }

        fn count(&self) -> usize {
            self.0.len()
        }
    }

    fn set(timers: &mut Timers, living: &mut Living, id: u32, at: Option<u64>) {
        timers.set(ExchangeId(id), living.0.entry(ExchangeId(id)).or_default(), at.map(Timestamp));
    }

    #[test]
    fn wakes_in_order_of_time_and_each_exchange_once() {
        let (mut timers, mut living) = (Timers::default(), Living::default());
        for (id, at) in [(1, Some(30)), (2, Some(20)), (3, Some(25)), (1, Some(10)), (3, None)] {
            set(&mut timers, &mut living, id, at);
        }
        assert_eq!(timers.next(), Some(Timestamp(10)));
        let mut due = |now| timers.take_due(Timestamp(now), &mut living).map(|id| id.0);
        assert_eq!(due(9), None);
        assert_eq!([due(50), due(50), due(50)], [Some(1), Some(2), None]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn what_was_put_off_comes_at_its_new_time_and_what_has_died_never() {
        let (mut timers, mut living) = (Timers::default(), Living::default());
        for (id, at) in [(1, Some(10)), (2, Some(10)), (3, Some(10)), (1, Some(40)), (2, None), (2, Some(30))]
        {
            set(&mut timers, &mut living, id, at);
        }
        living.0.remove(&ExchangeId(3));
        let mut due = |now| timers.take_due(Timestamp(now), &mut living).map(|id| id.0);
        assert_eq!([due(29), due(30), due(39), due(40), due(99)], [None, Some(2), None, Some(1), None]);
    }

    #[test]
    fn the_queue_stays_as_small_as_what_lives() {
        let (mut timers, mut living) = (Timers::default(), Living::default());
        for id in 0..100_000 {
            set(&mut timers, &mut living, id, Some(1_000_000));
            living.0.remove(&ExchangeId(id.saturating_sub(10)));
            timers.tidy(&mut living);
            assert!(timers.entries.len() <= 2 * living.0.len() + FEW, "{id}");
        }
        assert_eq!(timers.take_due(Timestamp(1_000_000), &mut living), Some(ExchangeId(99_990)));
        living.0.clear();
        timers.tidy(&mut living);
        assert_eq!(timers.next(), None);
    }
}

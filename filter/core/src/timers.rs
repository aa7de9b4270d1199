//! When the engine wants to be called again.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::ExchangeId;
use crate::time::Timestamp;

/// At most one wake-up for each exchange, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_time: BTreeSet<(Timestamp, ExchangeId)>,
    by_exchange: BTreeMap<ExchangeId, Timestamp>,
}

impl Timers {
    /// Sets, moves or (`None`) removes an exchange's wake-up.
    pub(crate) fn set(&mut self, id: ExchangeId, wake: Option<Timestamp>) {
        if let Some(old) = self.by_exchange.remove(&id) {
            self.by_time.remove(&(old, id));
        }
        if let Some(wake) = wake {
            self.by_exchange.insert(id, wake);
            self.by_time.insert((wake, id));
        }
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(wake, _)| *wake)
    }

    /// Takes one wake-up that is due.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<ExchangeId> {
        let (_, id) = *self.by_time.first().filter(|(wake, _)| *wake <= now)?;
        self.set(id, None);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_in_order_of_time_and_each_exchange_once() {
        let mut timers = Timers::default();
        timers.set(ExchangeId(1), Some(Timestamp(30)));
        timers.set(ExchangeId(2), Some(Timestamp(20)));
        timers.set(ExchangeId(3), Some(Timestamp(25)));
        timers.set(ExchangeId(1), Some(Timestamp(10)));
        timers.set(ExchangeId(3), None);
        assert_eq!(timers.next(), Some(Timestamp(10)));
        assert_eq!(timers.take_due(Timestamp(9)), None);
        assert_eq!(timers.take_due(Timestamp(50)), Some(ExchangeId(1)));
        assert_eq!(timers.take_due(Timestamp(50)), Some(ExchangeId(2)));
        assert_eq!(timers.take_due(Timestamp(50)), None);
        assert_eq!(timers.next(), None);
    }
}

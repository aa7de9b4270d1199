//! What happens when: a queue ordered by time, and among things of the same time by when they were scheduled. Nothing
//! else decides an order, so one seed gives one run.

use std::collections::BTreeMap;
use std::time::Duration;

/// Events to come.
#[derive(Debug)]
pub(crate) struct Schedule<E> {
    queue: BTreeMap<(Duration, u64), E>,
    sequence: u64,
}

impl<E> Default for Schedule<E> {
    fn default() -> Self {
        Self { queue: BTreeMap::new(), sequence: 0 }
    }
}

impl<E> Schedule<E> {
    pub(crate) fn at(&mut self, time: Duration, event: E) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), event);
    }

    /// The next event, if it comes no later than `limit`.
    pub(crate) fn next_until(&mut self, limit: Duration) -> Option<(Duration, E)> {
        let first = self.queue.first_entry()?;
        if first.key().0 > limit {
            return None;
        }
        let ((time, _), event) = first.remove_entry();
        Some((time, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_first_and_ties_in_the_order_they_were_scheduled() {
        let mut schedule = Schedule::default();
        let ms = Duration::from_millis;
        for (time, name) in [(5, "c"), (1, "a"), (5, "d"), (1, "b"), (9, "e")] {
            schedule.at(ms(time), name);
        }
        let seen: Vec<_> = std::iter::from_fn(|| schedule.next_until(ms(5))).map(|(_, name)| name).collect();
        assert_eq!(seen, ["a", "b", "c", "d"]);
        assert_eq!(schedule.next_until(ms(9)), Some((ms(9), "e")));
    }
}

//! `latency p95 <= 8s`: tells when the requests of a route take longer, from when they arrive to the end of their answer, of a
//! stream to its first content.
//!
//! How long they take is kept like a target's latency ([`Stats`]). Whether it is too long is a byte in shared data, so that of
//! all workers one tells it, once.

use std::time::Duration;

use crate::stats::{Measure, Quota, Sample, Stats};
use crate::store::{self, Store};
use crate::telemetry::Outcome;
use crate::time::Timestamp;

/// What a route's contract says of latency, and where that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// Its number in [`Stats`].
    pub(crate) subject: usize,
    pub(crate) percentile: u8,
    pub(crate) most: Duration,
    /// Of the byte.
    pub(crate) key: String,
}

/// The version of the byte's meaning, above its lowest bit: whether it is too slow.
const VERSION: u8 = 1 << 1;

impl Rule {
    /// Takes in how long a request took. What has changed, if it has: whether it is too slow now, and the percentile.
    pub(crate) fn record(
        &self,
        (stats, store): (&mut Stats, &mut dyn Store),
        now: Timestamp,
        outcome: Outcome,
        took: Duration,
    ) -> Option<(bool, Duration)> {
        let sample = Sample {
            outcome,
            latency: Some(took),
            first_token: None,
            output_tokens: None,
            most_tokens: None,
            is_good: None,
            broken: None,
            quota: Quota::default(),
        };
        if !stats.record(store, (self.subject, None), now, sample) {
            return None;
        }
        let percentile = self.percentile((stats, &mut *store), now)?;
        let is_slow = percentile > self.most;
        let has_changed = store::update(store, &self.key, |cell| {
            let byte = VERSION | u8::from(is_slow);
            // Unreadable is as good as new: not too slow.
            let before = cell.and_then(|cell| cell.first().copied()).filter(|before| before & !1 == VERSION);
            let has_changed = before.unwrap_or(VERSION) != byte;
            (has_changed.then(|| vec![byte]), has_changed)
        });
        has_changed.then_some((is_slow, percentile))
    }

    /// What it is now; `None` while too little is known.
    pub(crate) fn percentile(
        &self,
        (stats, store): (&mut Stats, &mut dyn Store),
        now: Timestamp,
    ) -> Option<Duration> {
        stats.view(store, (self.subject, None), now)?.percentile(Measure::Latency, self.percentile, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::stats::{Keys, MOST_SLOT};

    fn worker() -> Stats {
        let keys = Keys { cells: "r".into(), models: "m".into(), named: Vec::new(), slot: MOST_SLOT };
        Stats::new([keys].into_iter(), 1, false)
    }

    #[test]
    fn of_all_workers_one_tells_once_that_it_is_slow_and_once_that_it_no_longer_is() {
        let mut store = MemoryStore::default();
        let most = Duration::from_secs(8);
        let rule = Rule { subject: 0, percentile: 95, most, key: "slow".into() };
        let (mut one, mut other) = (worker(), worker());
        let mut told = Vec::new();
        let mut run = |millis: u64, seconds: std::ops::Range<u64>, told: &mut Vec<bool>| {
            for second in seconds {
                for worker in [&mut one, &mut other] {
                    let (now, took) = (Timestamp(second * 1_000_000_000), Duration::from_millis(millis));
                    let news = rule.record((worker, &mut store), now, Outcome::Success, took);
                    told.extend(news.map(|(is_slow, _)| is_slow));
                }
            }
        };
        run(1_000, 0..100, &mut told);
        assert_eq!(told, Vec::<bool>::new());
        run(20_000, 100..160, &mut told);
        assert_eq!(told, [true]);
        run(1_000, 160..400, &mut told);
        assert_eq!(told, [true, false]);
    }
}

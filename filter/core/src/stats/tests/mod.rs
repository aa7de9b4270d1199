mod baseline;
mod speed;
mod targets;
mod workers;

use super::*;
use crate::memory::MemoryStore;
use crate::rng::{Rng, Seed};

pub(super) const MEASURES: [Measure; 3] = [Measure::Latency, Measure::FirstToken, Measure::PerToken];

/// A success after so many microseconds.
pub(super) fn sample(micros: u64, tokens: u32) -> Sample {
    Sample {
        outcome: Outcome::Success,
        latency: Some(Duration::from_micros(micros)),
        first_token: Some(Duration::from_micros(micros / 4)),
        output_tokens: Some(tokens),
        most_tokens: None,
        is_good: Some(true),
        broken: None,
        quota: Quota::default(),
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(1_700_000_000_000_000_000 + seconds * 1_000_000_000)
}

fn keys() -> Keys {
    Keys {
        cells: "seawall/stats/a/c".into(),
        models: "seawall/models/a/c".into(),
        named: Vec::new(),
        slot: 30,
    }
}

fn stats(vm: u64) -> Stats {
    Stats::new(std::iter::once(keys()), vm, true)
}

fn is_near(reported: Duration, exact: u64) -> bool {
    (reported.as_micros() as f64 - exact as f64).abs() <= exact as f64 * sketch::ERROR + 1.0
}

/// One target at virtual time, seen by one worker.
struct Target {
    store: MemoryStore,
    stats: Stats,
    rng: Rng,
    now: Timestamp,
    /// The greatest p95 in hundredths of its baseline that was ever seen.
    worst: Option<u32>,
}

impl Target {
    fn new(seed: u64) -> Self {
        let (store, rng) = (MemoryStore::default(), Seed(seed).derive(1));
        Self { store, stats: stats(1), rng, now: at(0), worst: None }
    }

    /// Answers at a rate per minute, for so many minutes; their median latency is told for the minute.
    fn answers(&mut self, per_minute: u64, minutes: u64, tokens: u32, median: impl Fn(u64) -> u64) {
        for n in 0..per_minute * minutes {
            self.now = self.now.after(Duration::from_secs(60) / per_minute as u32);
            let latency = self.around(median(n / per_minute));
            self.stats.record(&mut self.store, (0, None), self.now, sample(latency, tokens));
            if n % (per_minute / 20).max(1) == 0 {
                self.worst = self.worst.max(self.above());
            }
        }
    }

    /// Spread as latencies are: half to twice the median for most, three times for one in fifty.
    fn around(&mut self, median: u64) -> u64 {
        let share = self.rng.up_to(1_000);
        if share > 980 {
            median * 3
        } else {
            median / 2 + median * share / 1_000 + median * share * share / 2_000_000
        }
    }

    fn view(&mut self) -> View {
        self.stats.view(&mut self.store, (0, None), self.now).expect("known").clone()
    }

    fn above(&mut self) -> Option<u32> {
        let view = self.stats.view(&mut self.store, (0, None), self.now).expect("known");
        view.above_baseline(Measure::Latency, 95).map(|(_, hundredths)| hundredths)
    }

    fn p95(&mut self) -> u64 {
        let p95 = self.view().percentile(Measure::Latency, 95, None);
        p95.expect("warm").as_micros() as u64
    }
}

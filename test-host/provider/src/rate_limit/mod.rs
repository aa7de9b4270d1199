//! A simulated rate limit service: `envoy.service.ratelimit.v3.RateLimitService` with fixed windows, and faults on request.

mod message;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::message::{Question, Said};
pub use self::server::RateLimitServer;
use crate::duration;

/// What a rate limit service does from now on. What it has counted it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected `refused` or what the service counts")]
pub enum RateLimitPlan {
    Word(Refused),
    Serves(Serves),
}

/// Nothing listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Refused {
    Refused,
}

/// A service that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serves {
    /// Most hits in a window, by the name of the limit; of others it knows nothing and admits them.
    pub amounts: BTreeMap<String, u64>,
    /// From the first hit on.
    #[serde(with = "duration")]
    pub window: Duration,
    #[serde(with = "duration")]
    pub latency: Duration,
    /// Whether it says that it doesn't know.
    pub unknown: bool,
}

impl Default for Serves {
    fn default() -> Self {
        let (window, latency) = (Duration::from_secs(60), Duration::ZERO);
        Self { amounts: BTreeMap::new(), window, latency, unknown: false }
    }
}

impl Default for RateLimitPlan {
    fn default() -> Self {
        Self::Serves(Serves::default())
    }
}

/// A service without a clock or sockets.
#[derive(Debug, Default)]
pub struct RateLimits {
    plan: RateLimitPlan,
    /// By descriptor: what has been counted, and when its window ends.
    counted: BTreeMap<String, (u64, Duration)>,
    asked: Vec<String>,
}

impl RateLimits {
    #[must_use]
    pub fn new(plan: RateLimitPlan) -> Self {
        Self { plan, ..Self::default() }
    }

    pub fn set_plan(&mut self, plan: RateLimitPlan) {
        self.plan = plan;
    }

    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.plan, RateLimitPlan::Word(Refused::Refused))
    }

    /// Every question so far: its entries and its hits, such as `limit=tpm tenant=acme hits=12`.
    #[must_use]
    pub fn asked(&self) -> &[String] {
        &self.asked
    }

    /// Takes a question at this time. How long the answer takes, and what it is; `None`: there is no connection.
    pub fn answer(&mut self, question: &Question, now: Duration) -> Option<(Duration, Said)> {
        let RateLimitPlan::Serves(serves) = &self.plan else { return None };
        let key = question.key();
        self.asked.push(format!("{key} hits={}", question.hits));
        if serves.unknown {
            return Some((serves.latency, Said::Unknown));
        }
        let limit = question.entries.iter().find(|(name, _)| name == "limit").map(|(_, limit)| limit);
        let Some(most) = limit.and_then(|limit| serves.amounts.get(limit)) else {
            return Some((serves.latency, Said::Ok));
        };
        let (used, until) = self.counted.entry(key).or_insert((0, now + serves.window));
        if *until <= now {
            (*used, *until) = (0, now + serves.window);
        }
        let hits = u64::from(question.hits);
        if *used + hits > *most {
            return Some((serves.latency, Said::Over(Some(*until - now))));
        }
        *used += hits;
        Some((serves.latency, Said::Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(hits: u32) -> Question {
        let entries = vec![("limit".to_owned(), "tpm".to_owned()), ("tenant".to_owned(), "acme".to_owned())];
        Question { domain: "seawall".to_owned(), entries, hits }
    }

    #[test]
    fn what_does_not_fit_into_a_window_is_refused_and_not_counted() {
        let plan = serde_saphyr::from_str("{ amounts: { tpm: 10 }, window: 2s, latency: 5ms }").unwrap();
        let mut limits = RateLimits::new(plan);
        let mut ask = |hits, millis| {
            let (after, said) = limits.answer(&question(hits), Duration::from_millis(millis)).unwrap();
            assert_eq!(after, Duration::from_millis(5));
            said
        };
        assert_eq!(ask(8, 0), Said::Ok);
        assert_eq!(ask(3, 500), Said::Over(Some(Duration::from_millis(1_500))));
        assert_eq!(ask(2, 1_999), Said::Ok);
        assert_eq!(ask(10, 2_000), Said::Ok);
        assert_eq!(limits.asked()[0], "limit=tpm tenant=acme hits=8");
    }

    #[test]
    fn a_service_may_be_gone_or_not_know() {
        let read = |text: &str| serde_saphyr::from_str::<RateLimitPlan>(text).unwrap();
        let mut limits = RateLimits::new(read("refused"));
        assert!(limits.is_refused());
        assert_eq!(limits.answer(&question(1), Duration::ZERO), None);
        limits.set_plan(read("{ unknown: true }"));
        assert_eq!(limits.answer(&question(1), Duration::ZERO), Some((Duration::ZERO, Said::Unknown)));
        limits.set_plan(read("{}"));
        assert_eq!(limits.answer(&question(1), Duration::ZERO), Some((Duration::ZERO, Said::Ok)));
        assert!(serde_saphyr::from_str::<RateLimitPlan>("{ amount: 3 }").is_err());
    }
}

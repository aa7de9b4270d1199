//! The core's counts, as metrics of the host: `seawall.attempts.<target>.<outcome>`, `seawall.hedges.<target>.<event>`, `seawall.answers.<reason>`,
//! `seawall.limits.<limit>.<event>`, `seawall.tokens.<target>.<what>`, `seawall.contracts.<route>.<event>`,
//! `seawall.outputs.<target>.<event>`, `seawall.broken.<target>.<rule>`,
//! `seawall.conversations.<route>.<event>`,
//! `seawall.samples.<route>.<what>.<event>`, `seawall.scores.<route>.<target>.mean`, `seawall.drift.<route>.<target>.distance`,
//! `seawall.quality.<target>.share` and `usual`, `seawall.contracts.<route>.slow` (0 or 1) and `seawall.breaker.<target>.state` (0 closed, 1 half-open, 2 open).
//!
//! A host call for each count would cost a busy worker more than all that the engine does, so counts are handed over
//! together, [`LATEST`] after the first of them at the latest.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::types::MetricType;
use seawall_core::{Config, Metric, Timestamp};

use crate::host;

/// Nobody reads metrics more often than this.
const LATEST: Duration = Duration::from_millis(100);

/// Metrics used so far. Bounded: targets × outcomes and events, reasons, limits and routes × events, routes × targets, targets × what is counted of tokens, targets.
#[derive(Default)]
pub(crate) struct Metrics {
    known: BTreeMap<Metric, Known>,
    /// When counts that wait are to be handed over.
    due: Option<Timestamp>,
}

struct Known {
    id: Option<u32>,
    waiting: i64,
}

impl Metrics {
    pub(crate) fn count(&mut self, config: &Config, metric: Metric, now: Timestamp) {
        let (key, gauge, more) = match metric {
            Metric::Breaker(target, value) => (Metric::Breaker(target, 0), Some(value), 0),
            Metric::Quality(target, value) => (Metric::Quality(target, 0), Some(value), 0),
            Metric::UsualQuality(target, value) => (Metric::UsualQuality(target, 0), Some(value), 0),
            Metric::Slow(route, value) => (Metric::Slow(route, 0), Some(value), 0),
            Metric::Score(route, target, value) => (Metric::Score(route, target, 0), Some(value), 0),
            Metric::Drift(route, target, value) => (Metric::Drift(route, target, 0), Some(value), 0),
            Metric::Tokens(target, what, tokens) => {
                (Metric::Tokens(target, what, 0), None, i64::try_from(tokens).unwrap_or(i64::MAX))
            }
            metric => (metric, None, 1),
        };
        let known = self.known.entry(key).or_insert_with(|| Known { id: define(config, key), waiting: 0 });
        if let (Some(value), Some(id)) = (gauge, known.id) {
            host::record_metric(id, value);
        } else {
            known.waiting = known.waiting.saturating_add(more);
            self.due.get_or_insert_with(|| now.after(LATEST));
        }
    }

    /// When [`Metrics::hand_over`] wants to be called.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    pub(crate) fn hand_over(&mut self, now: Timestamp) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.flush();
    }

    /// Hands over at once.
    pub(crate) fn flush(&mut self) {
        self.due = None;
        for known in self.known.values_mut().filter(|known| known.waiting > 0) {
            if let Some(id) = known.id {
                host::increment_metric(id, known.waiting);
            }
            known.waiting = 0;
        }
    }
}

fn define(config: &Config, metric: Metric) -> Option<u32> {
    let target = |id: seawall_policy::policy::TargetId| {
        config.policy().targets.get(id.0).map(|target| target.name.as_str())
    };
    match metric {
        Metric::Attempt(id, outcome) => {
            let name = format!("seawall.attempts.{}.{}", target(id)?, outcome.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Hedge(id, event) => {
            let name = format!("seawall.hedges.{}.{}", target(id)?, event.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Answer(reason) => {
            host::define_metric(MetricType::Counter, &format!("seawall.answers.{}", reason.word()))
        }
        Metric::Limit(id, event) => {
            let limit = config.policy().limits.get(id.0)?;
            let name = format!("seawall.limits.{}.{}", limit.name, event.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Conversation(route, event) => {
            let route = config.policy().routes.get(route)?;
            let name = format!("seawall.conversations.{}.{}", route.name, event.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Tokens(id, what, _) => {
            let name = format!("seawall.tokens.{}.{}", target(id)?, what.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Contract(route, event) => {
            let name =
                format!("seawall.contracts.{}.{}", config.policy().routes.get(route)?.name, event.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Output(id, event) => {
            let name = format!("seawall.outputs.{}.{}", target(id)?, event.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Broken(id, rule) => {
            let name = format!("seawall.broken.{}.{}", target(id)?, rule.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Slow(route, _) => {
            let name = format!("seawall.contracts.{}.slow", config.policy().routes.get(route)?.name);
            host::define_metric(MetricType::Gauge, &name)
        }
        Metric::Sample(route, kind, event) => {
            let route = &config.policy().routes.get(route)?.name;
            let name = format!("seawall.samples.{route}.{}.{}", kind.word(), event.word());
            host::define_metric(MetricType::Counter, &name)
        }
        Metric::Score(route, id, _) => {
            let route = &config.policy().routes.get(route)?.name;
            host::define_metric(MetricType::Gauge, &format!("seawall.scores.{route}.{}.mean", target(id)?))
        }
        Metric::Drift(route, id, _) => {
            let route = &config.policy().routes.get(route)?.name;
            host::define_metric(MetricType::Gauge, &format!("seawall.drift.{route}.{}.distance", target(id)?))
        }
        Metric::Quality(id, _) => {
            host::define_metric(MetricType::Gauge, &format!("seawall.quality.{}.share", target(id)?))
        }
        Metric::UsualQuality(id, _) => {
            host::define_metric(MetricType::Gauge, &format!("seawall.quality.{}.usual", target(id)?))
        }
        Metric::Breaker(id, _) => {
            host::define_metric(MetricType::Gauge, &format!("seawall.breaker.{}.state", target(id)?))
        }
    }
}

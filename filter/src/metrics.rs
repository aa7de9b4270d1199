//! The core's counts, as metrics of the host: `seawall.attempts.<target>.<outcome>`, `seawall.answers.<reason>` and
//! `seawall.breaker.<target>.state` (0 closed, 1 half-open, 2 open).

use std::collections::BTreeMap;

use proxy_wasm::types::MetricType;
use seawall_core::{Config, Metric};

use crate::host;

/// Host ids of the metrics used so far. Bounded: targets × outcomes, reasons, targets.
#[derive(Default)]
pub(crate) struct Metrics(BTreeMap<Metric, Option<u32>>);

impl Metrics {
    pub(crate) fn count(&mut self, config: &Config, metric: Metric) {
        let (key, value) = match metric {
            Metric::Breaker(target, value) => (Metric::Breaker(target, 0), Some(value)),
            counter => (counter, None),
        };
        let id = self.0.entry(key).or_insert_with(|| define(config, key));
        match (*id, value) {
            (Some(id), Some(value)) => host::record_metric(id, value),
            (Some(id), None) => host::increment_metric(id),
            (None, _) => {}
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
        Metric::Answer(reason) => {
            host::define_metric(MetricType::Counter, &format!("seawall.answers.{}", reason.word()))
        }
        Metric::Breaker(id, _) => {
            host::define_metric(MetricType::Gauge, &format!("seawall.breaker.{}.state", target(id)?))
        }
    }
}

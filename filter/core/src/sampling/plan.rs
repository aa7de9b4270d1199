//! What the policy says of samples, made ready.

use std::rc::Rc;

use seawall_policy::policy::{Audit, Document, Drift, Judge, Output, Policy, Spending, TargetId};

use super::budget::Budget;
use crate::effect::Text;

/// Of all routes.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    routes: Vec<Option<Plan>>,
    /// Where audits go; routes may share one.
    pub(super) sinks: Vec<Place>,
}

/// Of one route.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(super) judge: Option<Asked>,
    pub(super) drift: Option<Asked>,
    pub(super) audit: Option<(u32, usize)>,
}

/// What is asked of a target.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) share_bp: u32,
    pub(super) by: TargetId,
    pub(super) budget: Budget,
    /// The judge's instruction.
    pub(super) prompt: Rc<str>,
    /// From this distance on, in ten-thousandths.
    pub(super) alert: u32,
}

/// A sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) cluster: Text,
    pub(super) path: Text,
}

/// The file that a prompt is still to be taken from.
pub(crate) fn unbundled(output: &Output) -> Option<&str> {
    let Document::File(file) = &output.judge.as_ref()?.prompt else { return None };
    Some(file)
}

impl Plans {
    pub(crate) fn new(policy: &Policy) -> Self {
        let mut plans = Self::default();
        for route in &policy.routes {
            let plan = route.output.as_ref().map(|output| plans.plan(policy, &route.name, output));
            let samples = |plan: &Plan| plan.judge.is_some() || plan.drift.is_some() || plan.audit.is_some();
            plans.routes.push(plan.filter(samples));
        }
        plans
    }

    fn plan(&mut self, policy: &Policy, route: &str, output: &Output) -> Plan {
        let asked = |what: &str, share_bp: u32, by: TargetId, spending: Spending| {
            let target = policy.targets.get(by.0).filter(|_| share_bp > 0)?;
            // With the cluster: two filters in one proxy may give different routes and targets the same name.
            let key = ["seawall/budget/", what, "/", route, "/", &target.name, "/", &target.cluster].concat();
            let budget = Budget::new(key, spending, target.price);
            Some(Asked { share_bp, by, budget, prompt: "".into(), alert: 0 })
        };
        let judge = output.judge.as_ref().and_then(|Judge { share_bp, by, budget, prompt }| {
            let Document::Inline(prompt) = prompt else { return None };
            Some(Asked { prompt: prompt.as_str().into(), ..asked("judge", *share_bp, *by, *budget)? })
        });
        let drift = output.drift.and_then(|Drift { share_bp, by, budget, alert }| {
            Some(Asked { alert, ..asked("drift", share_bp, by, budget)? })
        });
        let audit = output.audit.as_ref().filter(|audit| audit.share_bp > 0);
        let audit = audit.map(|Audit { share_bp, cluster, path }| {
            let place = Place { cluster: cluster.as_str().into(), path: path.as_str().into() };
            let known = self.sinks.iter().position(|known| *known == place);
            let sink = known.unwrap_or_else(|| {
                self.sinks.push(place);
                self.sinks.len() - 1
            });
            (*share_bp, sink)
        });
        Plan { judge, drift, audit }
    }

    pub(crate) fn of(&self, route: usize) -> Option<&Plan> {
        self.routes.get(route)?.as_ref()
    }
}

impl Plan {
    /// The shares of `judge`, `drift` and `audit`, in basis points.
    pub(super) fn shares(&self) -> [u32; 3] {
        let share = |asked: &Option<Asked>| asked.as_ref().map_or(0, |asked| asked.share_bp);
        [share(&self.judge), share(&self.drift), self.audit.map_or(0, |(share, _)| share)]
    }
}

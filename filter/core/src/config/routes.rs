//! What holds for each route: its plan, and the bounds and rules of its attempts.

use seawall_policy::policy::{InputAction, Output, Overrides, Policy, Route, TargetId};

use super::{Target, Unusable};
use crate::breaker::{PostPlan, Rules};
use crate::contract::latency;
use crate::output;
use crate::plan::{Place, Plan};
use crate::retry::{self, Bound};
use crate::sampling;

/// A route's plan. Posts not met before are added, and targets that are changed for a stage.
pub(super) fn plan(
    policy: &Policy,
    route: &Route,
    posts: &mut Vec<PostPlan>,
    targets: &mut Vec<Target>,
) -> Plan {
    let breaker = route.breaker.and_then(|id| policy.breakers.get(id.0));
    // Whatever route leads to a breaker at a target and model, it is the same.
    let mut post = |target: TargetId, model: Option<&String>| {
        let breaker = breaker?;
        let seawall_policy::policy::Target { name, cluster, .. } = policy.targets.get(target.0)?;
        // With the cluster: two filters in one proxy may give different targets the same name.
        let key = format!("seawall/breaker/{}/{name}/{cluster}", breaker.name);
        let known = posts.iter().position(|post| post.key == key && post.model.as_ref() == model);
        Some(known.unwrap_or_else(|| {
            posts.push(PostPlan {
                rules: Rules::new(breaker),
                breaker: breaker.name.as_str().into(),
                target,
                key,
                models_key: format!("seawall/models/{name}/{cluster}"),
                model: model.cloned(),
            });
            posts.len() - 1
        }))
    };
    let output = route.contract.output;
    let mut place = |id: TargetId, overrides: &Overrides| {
        let target = policy.targets.get(id.0)?;
        let prepared = if *overrides == Overrides::default() && output.is_none() {
            id.0
        } else {
            let changed = targets.get(id.0)?.with(overrides, output);
            targets.push(changed);
            targets.len() - 1
        };
        Some(Place {
            target: id,
            prepared,
            post: post(id, overrides.model.as_ref().or(target.model.as_ref())),
            context: target.context,
            price: target.price,
            lacks: target.lacks.iter().copied().collect(),
            max_tokens: least(overrides.max_tokens, output),
        })
    };
    let stages = route.plan.iter().map(|stage| {
        let places = stage.targets.iter().filter_map(|id| place(*id, &stage.overrides)).collect();
        (places, stage.order.clone())
    });
    let plan = Plan::new(stages, route.contract.failover_cost);
    let larger = match route.contract.input {
        Some((_, InputAction::Use(target))) => place(target, &Overrides::default()),
        _ => None,
    };
    plan.with_larger(larger)
}

/// What contracts say of latency, by the numbers of routes.
pub(super) fn latencies(policy: &Policy) -> Vec<Option<latency::Rule>> {
    let mut subject = policy.targets.len();
    let rule = |route: &Route| {
        let (percentile, most) = route.contract.latency?;
        let first = policy.targets.get(route.targets().next()?.0)?;
        // With the cluster: two filters in one proxy may give different routes the same name.
        let key = ["seawall/routes/", &route.name, "/", &first.cluster].concat();
        subject += 1;
        Some(latency::Rule { subject: subject - 1, percentile, most, key })
    };
    policy.routes.iter().map(rule).collect()
}

pub(super) fn budget(policy: &Policy, route: &Route) -> Option<Bound> {
    let first = policy.targets.get(route.targets().next()?.0)?;
    Some(retry::budget(route, first, route.retry.budget?))
}

pub(super) fn hedges(policy: &Policy, route: &Route) -> Option<Bound> {
    let first = policy.targets.get(route.targets().next()?.0)?;
    retry::hedge::bound(route, first, route.hedge?)
}

/// The rules for answers of a route.
pub(super) fn rules(route: &Route) -> Result<Option<output::Rules>, Unusable> {
    if let Some(file) = route.output.as_ref().and_then(sampling::unbundled) {
        let why = ["the prompt is in the file `", file, "`: put it in with `seawall bundle`"].concat();
        return Err(Unusable::Output { route: route.name.clone(), why });
    }
    let rules = route.output.as_ref().filter(|output| has_rules(output)).map(output::Rules::new).transpose();
    rules.map_err(|why| Unusable::Output { route: route.name.clone(), why })
}

/// Whether answers are held to anything. One that only has samples looked at leaves them alone.
fn has_rules(output: &Output) -> bool {
    let plain = Output { judge: None, drift: None, audit: None, invalid: Vec::new(), ..output.clone() };
    plain != Output::default()
}

/// Most tokens of an answer, by a stage and by the contract.
pub(super) fn least(stage: Option<u32>, contract: Option<u64>) -> Option<u64> {
    [stage.map(u64::from), contract].into_iter().flatten().min()
}

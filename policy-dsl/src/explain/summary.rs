//! The whole policy, section by section.

use super::document::Lines;
use super::words::{code, list};
use super::{Explainer, Section, failures, limits, route, target};
use crate::policy::{BreakerId, Health, LimitId, Policy, TargetId};

pub(super) fn sections(explainer: &Explainer<'_>) -> Vec<Section> {
    let policy = &explainer.policy;
    let mut sections: Vec<Section> =
        policy.routes.iter().map(|found| route::section(explainer, found)).collect();
    sections.push(rest());
    sections.push(targets(explainer));
    if !policy.breakers.is_empty() {
        let mut lines = Lines::default();
        for (index, breaker) in policy.breakers.iter().enumerate() {
            let routes = routes(policy, |route| route.breaker == Some(BreakerId(index)));
            lines.say(0, code(&breaker.name), used(&routes));
            failures::breaker(&mut lines, 1, breaker, &explainer.written);
        }
        sections.push(lines.section("Breakers"));
    }
    sections.extend(limits::callers(explainer));
    sections.extend(policy.health.as_ref().map(health));
    let mut unused = Lines::default();
    for index in 0..policy.limits.len() {
        let id = LimitId(index);
        if let (false, Some((label, text))) =
            (policy.routes.iter().any(|route| route.limits.contains(&id)), limits::limit(explainer, id))
        {
            unused.say(0, label, text);
        }
    }
    if !unused.is_empty() {
        sections.push(unused.section("Limits that no route names"));
    }
    sections
}

/// Who may read the health page.
fn health(health: &Health) -> Section {
    let secret = health.auth.as_ref().map(|auth| format!("whoever sends {}", target::auth(auth)));
    let networks: Vec<String> = health.from.iter().map(|network| code(&network.to_string())).collect();
    let from = (!networks.is_empty()).then(|| format!("whoever comes from {}", list(&networks, "or")));
    let who: Vec<String> = secret.into_iter().chain(from).collect();
    let mut lines = Lines::default();
    lines.say(0, "page", format!("`GET /seawall/health`, for {}", who.join(", and only ")));
    lines.say(0, "others", "to them the path is one like any other");
    lines.section("Health page")
}

/// What no route takes.
pub(super) fn rest() -> Section {
    let mut lines = Lines::default();
    lines.say(0, "", "passes through untouched: no retry, no other target, no breaker.");
    lines.section("What no route takes")
}

fn targets(explainer: &Explainer<'_>) -> Section {
    let policy = &explainer.policy;
    let mut lines = Lines::default();
    for (index, found) in policy.targets.iter().enumerate() {
        target::all(&mut lines, found);
        let id = TargetId(index);
        let planned = routes(policy, |route| route.targets().any(|planned| planned == id));
        lines.say(1, "used", used(&planned));
    }
    lines.section("Targets")
}

fn routes(policy: &Policy, takes: impl Fn(&crate::policy::Route) -> bool) -> Vec<String> {
    policy.routes.iter().filter(|route| takes(route)).map(|route| code(&route.name)).collect()
}

fn used(routes: &[String]) -> String {
    match routes {
        [] => "by the plan of no route".into(),
        [only] => format!("by route {only}"),
        routes => format!("by the routes {}", list(routes, "and")),
    }
}

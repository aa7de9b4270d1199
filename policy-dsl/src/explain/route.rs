//! A route, in words.

use super::document::Lines;
use super::words::{code, list, quoted};
use super::{Explainer, Section, bounds, contract, failures, limits, plan};
use crate::policy::{PathMatch, Route};

pub(super) fn section(explainer: &Explainer<'_>, route: &Route) -> Section {
    let mut lines = Lines::default();
    lines.say(0, "takes", takes(&route.path));
    match &route.when {
        Some(condition) => {
            lines.say(0, "when", code(&condition.text()));
            let names: Vec<String> = condition_names(condition);
            if condition.needs_body() {
                lines.say(
                    1,
                    "",
                    format!("known once the body is there, as it asks for {}", list(&names, "and")),
                );
            }
        }
        None => lines.say(0, "when", "always (default)"),
    }
    plan::lines(&mut lines, explainer, route);
    failures::retry(&mut lines, route, route.targets().count(), &explainer.written);
    match route.breaker.and_then(|id| explainer.policy.breakers.get(id.0)) {
        Some(breaker) => {
            let name = code(&breaker.name);
            let skip = if route.targets().count() > 1 {
                "one that is open is skipped; when all are, the caller gets 503"
            } else {
                "while it is open, the caller gets 503"
            };
            lines.say(0, "breaker", format!("{name} guards each model of each target, on its own; {skip}"));
        }
        None => lines.say(0, "breaker", "none (default)"),
    }
    failures::timeout(&mut lines, route, &explainer.written, None);
    failures::deadline(&mut lines, route);
    failures::hedge(&mut lines, route);
    if !route.limits.is_empty() {
        let names: Vec<String> = route
            .limits
            .iter()
            .filter_map(|id| Some(code(&explainer.policy.limits.get(id.0)?.name)))
            .collect();
        lines.say(0, "limits", format!("{}; all must admit a request", list(&names, "and")));
        for id in &route.limits {
            if let Some((label, text)) = limits::limit(explainer, *id) {
                lines.say(1, label, text);
            }
        }
    }
    contract::others(&mut lines, explainer, route);
    bounds::lines(&mut lines, &explainer.policy, route, bounds::Known::default());
    lines.section(format!("Route {}", code(&route.name)))
}

fn takes(path: &PathMatch) -> String {
    match path {
        PathMatch::Exact(path) => format!("requests with the path {}", quoted(path)),
        PathMatch::Prefix(start) => format!("requests whose path begins with {}", quoted(start)),
    }
}

/// The names of a condition that are known with the body only, each once.
fn condition_names(condition: &crate::condition::Condition) -> Vec<String> {
    let mut names = Vec::new();
    for used in condition.uses() {
        let name = code(used.name.name);
        if used.name.stage == crate::condition::Stage::Body && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

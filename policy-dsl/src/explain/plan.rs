//! Where the requests of a route go, in words.

use super::Explainer;
use super::document::Lines;
use super::target::place;
use super::words::{code, count, list, quoted};
use crate::policy::{Order, Overrides, PlanStage, Policy, Route};
use crate::vocabulary::money_text;

pub(super) fn lines(lines: &mut Lines, explainer: &Explainer<'_>, route: &Route) {
    let only = route.targets().count() == 1;
    let what = if only {
        "one target"
    } else {
        "its targets in this order, the next one when those before have failed"
    };
    lines.say(0, "goes to", what);
    let mut number = 0;
    for stage in &route.plan {
        let drawn = order(&explainer.policy, stage);
        if let Some(drawn) = drawn {
            lines.say(1, "", drawn);
        }
        for id in &stage.targets {
            number += 1;
            let Some(target) = explainer.target(*id) else { continue };
            lines.say(1, format!("{number}."), format!("{}: {}", code(&target.name), place(target)));
            for change in overrides(&stage.overrides) {
                lines.say(2, "", change);
            }
        }
    }
    reach(lines, 1, route, route.targets().count());
}

/// Says when there are more targets than attempts.
pub(super) fn reach(lines: &mut Lines, depth: u8, route: &Route, targets: usize) {
    let attempts = route.retry.attempts;
    if targets > attempts as usize {
        let text = if route.breaker.is_some() {
            "the last of these are reached only when a breaker keeps others back"
        } else {
            "the last of these are never reached"
        };
        lines.caution(depth, "", format!("with {} in all, {text}", count(attempts, "attempt")));
    }
}

/// How the first of a stage's targets is chosen, when that isn't as they are written.
pub(super) fn order(policy: &Policy, stage: &PlanStage) -> Option<String> {
    let names = |first: &str| {
        let names: Vec<String> =
            stage.targets.iter().filter_map(|id| Some(code(&policy.targets.get(id.0)?.name))).collect();
        format!("of {}, {first}", list(&names, "and"))
    };
    match &stage.order {
        Order::AsWritten => None,
        Order::Weighted(weights) => {
            let weights: Vec<String> = weights.iter().map(ToString::to_string).collect();
            Some(names(&format!("one is drawn with the weights {}", weights.join(" : "))))
        }
        Order::Cheapest => {
            let prices = stage.targets.iter().filter_map(|id| {
                let target = policy.targets.get(id.0)?;
                let price = target.price?;
                let (input, output) = (money_text(price.input), money_text(price.output));
                Some(format!("{} {input} in and {output} out", code(&target.name)))
            });
            let prices: Vec<String> = prices.collect();
            let prices = if prices.is_empty() { "no price is known".into() } else { prices.join(", ") };
            Some(names(&format!("the cheapest for the request comes first ({prices})")))
        }
        Order::Fastest => Some(names("the one that has answered fastest lately comes first")),
        Order::LeastLoaded => Some(names("the one with the fewest requests under way comes first")),
    }
}

/// Changes to the request for the targets of a stage.
pub(super) fn overrides(overrides: &Overrides) -> Vec<String> {
    let mut changes = Vec::new();
    if let Some(most) = overrides.max_tokens {
        changes.push(format!("`max_tokens` becomes at most {most}"));
    }
    if let Some(model) = &overrides.model {
        changes.push(format!("`model` becomes {}", quoted(model)));
    }
    if let Some(temperature) = overrides.temperature {
        changes.push(format!("`temperature` becomes {}", decimal(temperature)));
    }
    for (name, value) in &overrides.headers {
        changes.push(format!("header `{name}` becomes {}", quoted(value)));
    }
    if let Some(path) = &overrides.path {
        changes.push(format!("`:path` becomes {}", quoted(path)));
    }
    changes
}

/// From ten-thousandths.
pub(super) fn decimal(number: u32) -> String {
    let text = format!("{}.{:04}", number / 10_000, number % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn ten_thousandths_are_written_short() {
        for (number, text) in [(0, "0"), (2_000, "0.2"), (1_500, "0.15"), (10_000, "1"), (12_345, "1.2345")] {
            assert_eq!(decimal(number), text);
        }
    }
}

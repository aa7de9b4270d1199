//! Rules about tokens and money that can't hold at every target of the route.

use super::Judged;
use crate::ast::Name;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::{Amount, InputAction, Order, Target, Trip};
use crate::span::Span;
use crate::vocabulary::tokens_text;

pub(super) fn check(route: &Judged<'_, '_>, sink: &mut Sink) {
    for word in ["try", "then"] {
        for stage in route.block.all(word) {
            stage.each_reference(&mut |kind, name| {
                if let Some(target) = target(route, kind, name) {
                    context(route, target, name.span, sink);
                    price(route, target, name.span, sink);
                }
            });
        }
    }
    if let Some((_, InputAction::Use(id))) = route.route.contract.input
        && let (Some(target), Some(span)) = (route.policy.targets.get(id.0), route.larger_span())
    {
        price(route, target, span, sink);
        not_larger(route, target, span, sink);
    }
}

/// A target for prompts that are too long which takes no longer ones.
fn not_larger(judged: &Judged<'_, '_>, target: &Target, span: Span, sink: &mut Sink) {
    let (Some(window), Some((most, _))) = (target.context, judged.route.contract.input) else { return };
    if window > most {
        return;
    }
    let (holds, most) = (tokens_text(window), tokens_text(most));
    let message = [
        "target `",
        &target.name,
        "` holds `",
        &holds,
        "`, and prompts of up to `",
        &most,
        "` don't come to it",
    ];
    let found = Diagnostic::new(Code::SmallContext, span, message.concat());
    sink.push(found.with_help("use a target with a larger context window, or write `else reject`"));
}

fn target<'r>(route: &Judged<'r, '_>, kind: &'static str, name: Name<'_>) -> Option<&'r Target> {
    let index = route.resolved.names.index(kind, name.text).filter(|_| kind == "target")?;
    route.policy.targets.get(index)
}

fn context(judged: &Judged<'_, '_>, target: &Target, span: Span, sink: &mut Sink) {
    let contract = &judged.route.contract;
    let Some(window) = target.context else { return };
    let input = contract.input.map_or(0, |(most, _)| most);
    let admitted = input.saturating_add(contract.output.unwrap_or(0));
    if admitted <= window {
        return;
    }
    let (admits, holds) = (tokens_text(admitted), tokens_text(window));
    let message =
        ["the contract admits `", &admits, "`, but target `", &target.name, "` holds `", &holds, "`"];
    let found = Diagnostic::new(Code::SmallContext, span, message.concat());
    sink.push(
        found
            .with_related(judged.span("contract"), "the contract")
            .with_help("admit less, or choose a target with a larger context window"),
    );
}

fn price(judged: &Judged<'_, '_>, target: &Target, span: Span, sink: &mut Sink) {
    if target.price.is_some() {
        return;
    }
    let Some((rule, at)) = rule_about_cost(judged) else { return };
    let message = ["target `", &target.name, "` has no `price`, which ", rule, " needs"].concat();
    let found = Diagnostic::new(Code::MissingPrice, span, message).with_related(at, "this rule");
    sink.push(found.with_help("add, for example, `price $2 in, $8 out per 1M tokens` to the target"));
}

/// The first rule of the route that is about money, and where it stands.
fn rule_about_cost(judged: &Judged<'_, '_>) -> Option<(&'static str, Span)> {
    let (route, contract) = (judged.route, &judged.route.contract);
    if contract.cost_micro_dollars.is_some()
        || contract.conversation.as_ref().is_some_and(|talk| talk.micro_dollars.is_some())
        || contract.failover_cost.is_some()
    {
        return Some(("the contract", judged.span("contract")));
    }
    let mut limits = route.limits.iter().filter_map(|limit| judged.policy.limits.get(limit.0));
    if limits.any(|limit| matches!(limit.amount, Amount::Money { .. })) {
        return Some(("a limit in dollars", judged.span("limit")));
    }
    if route.plan.iter().any(|stage| stage.order == Order::Cheapest) {
        return Some(("the order `cheapest`", judged.span("try")));
    }
    let breaker = route.breaker.and_then(|breaker| judged.policy.breakers.get(breaker.0))?;
    let by_cost = breaker.trips.iter().any(|trip| matches!(trip, Trip::Cost { .. }));
    by_cost.then(|| ("a breaker that trips on cost", judged.span("breaker")))
}

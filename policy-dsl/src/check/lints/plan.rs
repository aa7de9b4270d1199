//! Targets of a plan that no attempt is ever made at, because of what they lack or what they cost.

use super::Judged;
use crate::condition::{Condition, compile};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::{Capability, Order, Price, TargetId};
use crate::span::Span;
use crate::vocabulary::factor_text;

/// `effort` is what all routes together may spend on it.
pub(super) fn check(judged: &Judged<'_, '_>, effort: &mut usize, sink: &mut Sink) {
    let mut needed: Option<Vec<Capability>> = None;
    for stage in ["try", "then"].into_iter().flat_map(|word| judged.block.all(word)) {
        stage.each_reference(&mut |kind, name| {
            let index = judged.resolved.names.index(kind, name.text).filter(|_| kind == "target");
            let Some((id, target)) =
                index.and_then(|index| Some((TargetId(index), judged.policy.targets.get(index)?)))
            else {
                return;
            };
            if !target.lacks.is_empty() {
                let needed = needed.get_or_insert_with(|| needed_by_all(judged, effort));
                if let Some(lacked) = target.lacks.iter().find(|lacked| needed.contains(lacked)) {
                    lacking(judged, name.span, &target.name, *lacked, sink);
                }
            }
            dear(judged, id, name.span, sink);
        });
    }
}

/// What the route's condition asks of every request.
fn needed_by_all(judged: &Judged<'_, '_>, effort: &mut usize) -> Vec<Capability> {
    let Some(when) = &judged.route.when else { return Vec::new() };
    let mut needed = Vec::new();
    for (capability, text) in [(Capability::Stream, "stream"), (Capability::Tools, "size(tools) > 0")] {
        let asks = compile(text, 0, &mut |_| {});
        if asks.is_some_and(|asks| Condition::covered(Some(when), [&asks].into_iter(), effort)) {
            needed.push(capability);
        }
    }
    needed
}

fn lacking(judged: &Judged<'_, '_>, span: Span, name: &str, lacked: Capability, sink: &mut Sink) {
    let message =
        ["target `", name, "` is never tried: every request of this route needs `", lacked.word(), "`"];
    let found = Diagnostic::new(Code::UnreachedTarget, span, message.concat());
    let found = found.with_related(judged.span("when"), "only such requests come here");
    let help = ["leave it out, or take `", lacked.word(), "` from what it `lacks`"];
    sink.push(found.with_help(help.concat()));
}

/// One whose every token costs more than the contract lets a failover cost, by the first target's price.
fn dear(judged: &Judged<'_, '_>, id: TargetId, span: Span, sink: &mut Sink) {
    let route = judged.route;
    let (Some(most), Some(first)) = (route.contract.failover_cost, route.plan.first()) else { return };
    let (Order::AsWritten, Some(first)) = (&first.order, first.targets.first()) else { return };
    let stage = route.plan.iter().find(|stage| stage.targets.contains(&id));
    // A shorter answer may make up for its price.
    if *first == id || stage.is_none_or(|stage| stage.overrides.max_tokens.is_some()) {
        return;
    }
    let targets = &judged.policy.targets;
    let (Some(first), Some(target)) = (targets.get(first.0), targets.get(id.0)) else { return };
    // Where the first can't serve a request, another one's cost is the measure.
    if first.context.is_some() || !first.lacks.is_empty() {
        return;
    }
    let (Some(usual), Some(price)) = (first.price, target.price) else { return };
    let above =
        |part: fn(&Price) -> u64| part(&price).saturating_mul(100) > part(&usual).saturating_mul(most.into());
    if above(|price| price.input) && above(|price| price.output) {
        let most = factor_text(most);
        let message = [
            "target `",
            &target.name,
            "` is never tried: it costs more than `",
            &most,
            "` what `",
            &first.name,
            "` does",
        ];
        let found = Diagnostic::new(Code::UnreachedTarget, span, message.concat());
        let found = found.with_related(judged.span("contract"), "the contract");
        sink.push(found.with_help("let a failover cost more, or leave the target out"));
    }
}

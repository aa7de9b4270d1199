//! What a route says about streams, retries and hedges that nothing here can make use of.

use super::Judged;
use crate::ast::{Statement, Value};
use crate::condition::{Condition, compile};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::lower::one_trip;
use crate::policy::{Capability, HedgeDelay, Malformed, Order, StreamMode, TargetId, Trigger, Trip};
use crate::span::Span;

pub(super) fn check(judged: &Judged<'_, '_>, effort: &mut usize, sink: &mut Sink) {
    if never_streams(judged, effort) {
        streams(judged, sink);
    } else if judged.route.stream == StreamMode::Complete && judged.route.malformed == Malformed::Skip {
        let message =
            "with `complete` an event that can't be read fails the attempt: none is left to be skipped";
        push(judged.span("stream"), message, "leave `malformed skip` out, or write `until_commit`", sink);
    }
    if judged.route.targets().count() == 1 {
        alone(judged, sink);
    }
    hedge(judged, sink);
    orders(judged, sink);
}

pub(super) fn push(span: Span, message: &str, help: &str, sink: &mut Sink) {
    sink.push(Diagnostic::new(Code::NoEffect, span, message.to_owned()).with_help(help));
}

/// Whether no request is ever streamed here: no target can, or the condition lets none through that asks for it.
pub(super) fn never_streams(judged: &Judged<'_, '_>, effort: &mut usize) -> bool {
    let targets = &judged.policy.targets;
    let lacks =
        |id: TargetId| targets.get(id.0).is_some_and(|target| target.lacks.contains(&Capability::Stream));
    let is_asked_for = |when| {
        let whole = compile("!stream", 0, &mut |_| {});
        !whole.is_some_and(|whole| Condition::covered(Some(when), [&whole].into_iter(), effort))
    };
    judged.route.targets().all(lacks) || !judged.route.when.as_ref().is_none_or(is_asked_for)
}

fn streams(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let (route, help) = (judged.route, "leave it out");
    if route.stream != StreamMode::Live || route.malformed != Malformed::End {
        push(judged.span("stream"), "no answer is streamed here, so nothing is held back", help, sink);
    }
    for (word, is_written) in
        [("first_token", route.timeout.first_token.is_some()), ("idle", route.timeout.idle.is_some())]
    {
        if is_written {
            let message = ["no answer is streamed here, so there is no `", word, "` to wait for"].concat();
            push(judged.span("timeout"), &message, help, sink);
        }
    }
    let breaker = route.breaker.and_then(|breaker| judged.policy.breakers.get(breaker.0));
    let is_of_streams = |trip: &Trip| matches!(trip, Trip::FirstToken { .. } | Trip::PerToken { .. });
    let watches = breaker.is_some_and(|breaker| breaker.trips.iter().all(is_of_streams));
    if watches {
        let message =
            "no answer is streamed here, and this breaker opens by the pace of streams alone: it never opens";
        push(judged.span("breaker"), message, "let it watch `latency` or `errors` as well", sink);
    }
}

/// A route with one target: nothing can go elsewhere.
fn alone(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let route = judged.route;
    let contracts = judged.block.all("contract").filter_map(Statement::block);
    for failover in contracts.flat_map(|contract| contract.all("failover")) {
        push(failover.span, "there is no other target to fail over to", "leave it out", sink);
    }
    let is_of_others = |trigger: &Trigger| {
        matches!(trigger, Trigger::Timeout | Trigger::ContentPolicy | Trigger::ModelNotFound)
    };
    if route.retry.attempts > 1 && route.retry.on.iter().all(is_of_others) {
        let message =
            "nothing is retried here: after these failures only another target is tried, and there is none";
        let help = "name another target, or a failure that the same target may get over";
        push(judged.span("retry"), message, help, sink);
    }
}

/// One attempt in all.
pub(super) fn once(retry: &Statement<'_>, sink: &mut Sink) {
    let Some(block) = retry.block() else { return };
    let is_one = |attempts: &Statement<'_>| matches!(attempts.values[..], [Value::Count(1)]);
    if !block.all("attempts").any(is_one) {
        return;
    }
    for rest in ["on", "backoff", "honor", "budget"].into_iter().flat_map(|word| block.all(word)) {
        push(
            rest.span,
            "there is one attempt, and nothing follows it",
            "raise `attempts`, or leave it out",
            sink,
        );
    }
}

fn hedge(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let route = judged.route;
    let Some(hedge) = route.hedge else { return };
    let span = judged.span("hedge");
    if route.targets().count() == 1 {
        let message = "a hedge goes to another target, and there is none";
        return push(span, message, "name another target, or leave it out", sink);
    }
    if route.retry.attempts == 1 {
        let message = "a hedge is one of the attempts, and there is one in all: it never starts";
        return push(span, message, "raise `attempts`, or leave it out", sink);
    }
    let HedgeDelay::Fixed(delay) = hedge.after else { return };
    let timeout = route.timeout;
    let fixed = route.deadline.as_ref().filter(|deadline| deadline.header.is_none());
    let deadline = fixed.and_then(|deadline| deadline.default);
    if timeout.per_output_token.is_none() && delay >= timeout.total
        || deadline.is_some_and(|end| delay >= end)
    {
        push(
            span,
            "the attempt is over before its hedge would start",
            "make it shorter than the timeout",
            sink,
        );
    }
}

/// An order for a stage of one.
fn orders(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let stages = ["try", "then"].into_iter().flat_map(|word| judged.block.all(word));
    for (stage, written) in judged.route.plan.iter().zip(stages) {
        if stage.targets.len() == 1 && stage.order != Order::AsWritten {
            push(written.span, "one target has no order", "leave the order out, or name more targets", sink);
        }
    }
}

/// Trips that another of the same breaker always comes before.
pub(super) fn trips(breaker: &Statement<'_>, sink: &mut Sink) {
    let Some(block) = breaker.block() else { return };
    let trips = || block.all("trip").filter_map(|trip| Some((one_trip(&trip.values)?, trip.span)));
    for (number, (trip, span)) in trips().enumerate() {
        let outdoes = |(place, (other, _)): &(usize, (Trip, Span))| {
            *place != number && comes_before(*other, trip) && (*place < number || !comes_before(trip, *other))
        };
        let Some((_, (_, other))) = trips().enumerate().find(outdoes) else { continue };
        let found = Diagnostic::new(Code::NoEffect, span, "this trip never comes to bear".to_owned());
        sink.push(found.with_related(other, "this one always comes first").with_help("leave it out"));
    }
}

/// Whether the first is exceeded whenever the second is.
fn comes_before(first: Trip, second: Trip) -> bool {
    match (first, second) {
        (Trip::ErrorRate { above_bp: bound, at_least: sample }, Trip::ErrorRate { above_bp, at_least }) => {
            bound <= above_bp && sample <= at_least
        }
        (Trip::Quality { below_bp: bound, at_least: sample }, Trip::Quality { below_bp, at_least }) => {
            bound >= below_bp && sample <= at_least
        }
        (
            Trip::QualityDrop { below_baseline_hundredths: first },
            Trip::QualityDrop { below_baseline_hundredths: second },
        ) => first >= second,
        (Trip::ErrorsInARow(first), Trip::ErrorsInARow(second)) => first <= second,
        (Trip::Cost { above_micro_dollars: first }, Trip::Cost { above_micro_dollars: second }) => {
            first <= second
        }
        (
            Trip::Latency { percentile: first, above_baseline_hundredths: bound },
            Trip::Latency { percentile, above_baseline_hundredths },
        )
        | (
            Trip::FirstToken { percentile: first, above_baseline_hundredths: bound },
            Trip::FirstToken { percentile, above_baseline_hundredths },
        )
        | (
            Trip::PerToken { percentile: first, above_baseline_hundredths: bound },
            Trip::PerToken { percentile, above_baseline_hundredths },
        ) => first == percentile && bound <= above_baseline_hundredths,
        _ => false,
    }
}

//! Waits and timeouts that don't fit into each other.

use std::time::Duration;

use super::Judged;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::vocabulary::duration_text;

pub(super) fn check(route: &Judged<'_, '_>, sink: &mut Sink) {
    unreached(route, sink);
    inner(route, sink);
    hedge(route, sink);
    if let Some(deadline) = route.route.deadline.as_ref().and_then(|deadline| deadline.default) {
        before_deadline(route, deadline, sink);
    }
}

/// Targets that a breaker lets through are skipped when they rest, so later ones may still be reached.
fn unreached(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let (route, attempts) = (judged.route, judged.route.retry.attempts);
    let mut beyond = route.targets().skip(attempts as usize);
    let (Some(first), None) = (beyond.next(), route.breaker) else { return };
    let name = judged.policy.targets.get(first.0).map_or("", |target| target.name.as_str());
    let count = attempts.to_string();
    let plural = if attempts == 1 { " attempt" } else { " attempts" };
    let message = ["with ", &count, plural, ", target `", name, "` is never reached"].concat();
    let found = Diagnostic::new(Code::UnreachedTarget, judged.span("retry"), message);
    let found = match judged.retry_span("attempts") {
        Some(span) => found.with_related(span, "said here"),
        None => found,
    };
    let targets = route.targets().count().to_string();
    sink.push(found.with_help(["raise `attempts` to ", &targets, ", one for each target"].concat()));
}

fn inner(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let timeout = judged.route.timeout;
    for (what, inner) in [("first_token", timeout.first_token), ("idle", timeout.idle)] {
        let Some(inner) = inner.filter(|inner| *inner > timeout.total) else { continue };
        let (longer, outer) = (duration_text(inner), duration_text(timeout.total));
        let message =
            ["`", what, "` of `", &longer, "` is longer than the whole attempt may take, `", &outer, "`"];
        let found = Diagnostic::new(Code::InnerTimeout, judged.span("timeout"), message.concat());
        sink.push(found.with_help("make it shorter, or the timeout of the attempt longer"));
    }
}

fn hedge(judged: &Judged<'_, '_>, sink: &mut Sink) {
    if judged.route.hedge.is_some_and(|hedge| hedge.at_most_bp.is_none()) {
        let message = "hedging without a bound doubles the traffic when everything is slow";
        let found = Diagnostic::new(Code::UnboundedHedge, judged.span("hedge"), message);
        sink.push(found.with_help("bound it: `hedge after p95 at most 5%`"));
    }
}

fn before_deadline(judged: &Judged<'_, '_>, deadline: Duration, sink: &mut Sink) {
    let route = judged.route;
    let (end, until) = (judged.span("deadline"), duration_text(deadline));
    if route.timeout.total > deadline {
        let total = duration_text(route.timeout.total);
        let message =
            ["one attempt may take `", &total, "`, longer than the deadline of `", &until, "`"].concat();
        let found = Diagnostic::new(Code::InnerTimeout, judged.span("timeout"), message);
        sink.push(found.with_related(end, "the deadline").with_help("make the timeout shorter"));
        return;
    }
    // One that adapts is short when the provider is quick.
    let each = route.timeout.adaptive.map_or(route.timeout.total, |adaptive| adaptive.min);
    let all = each.saturating_mul(route.retry.attempts);
    if all > deadline {
        let (count, each, all) = (route.retry.attempts.to_string(), duration_text(each), duration_text(all));
        let message = [
            &count,
            " attempts of `",
            &each,
            "` take `",
            &all,
            "`, longer than the deadline of `",
            &until,
            "`",
        ];
        let found = Diagnostic::new(Code::AttemptsTooLong, judged.span("timeout"), message.concat());
        sink.push(
            found
                .with_related(end, "the deadline")
                .with_help("the last ones will be cut short: lower `timeout` or `attempts`"),
        );
    }
    let waits = (1..route.retry.attempts).fold(Duration::ZERO, |sum, retry| {
        let longest = route.retry.backoff.base.saturating_mul(1 << (retry - 1).min(30));
        sum.saturating_add(longest.min(route.retry.backoff.cap))
    });
    let honored = route.retry.honor_retry_after;
    let (code, word, what, wait) = if waits > deadline {
        (Code::BackoffTooLong, "backoff", "waits before retries add up to", waits)
    } else if honored > deadline && route.retry.attempts > 1 && judged.retry_span("honor").is_some() {
        (Code::BackoffTooLong, "honor", "a `retry-after` may be waited out for", honored)
    } else {
        return;
    };
    let span = judged.retry_span(word).unwrap_or(judged.span("retry"));
    let message =
        [what, " `", &duration_text(wait), "`, longer than the deadline of `", &until, "`"].concat();
    let found = Diagnostic::new(code, span, message).with_related(end, "the deadline");
    sink.push(found.with_help("such a retry fails at once instead: make the waits shorter"));
}

//! Breakers that can't trip because their sample is never reached.

use std::time::Duration;

use super::Judged;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::{Amount, Breaker, Limit, Per, Scope, Trip};
use crate::span::Span;
use crate::vocabulary::duration_text;

/// More attempts each second at one target than any provider of language models grants.
const UNHEARD_OF: u64 = 1_000;

pub(super) fn check(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let Some(breaker) = judged.route.breaker.and_then(|breaker| judged.policy.breakers.get(breaker.0)) else {
        return;
    };
    for trip in &breaker.trips {
        let (Trip::ErrorRate { at_least, .. } | Trip::Quality { at_least, .. }) = *trip else { continue };
        let limits = judged.route.limits.iter().filter_map(|limit| judged.policy.limits.get(limit.0));
        let bound = limits
            .filter_map(|limit| Some((most(limit, judged, breaker.window)?, limit)))
            .min_by_key(|(most, _)| *most);
        let (most, by) = match bound {
            Some((most, limit)) if most < u64::from(at_least) => {
                (most, ["limit `", &limit.name, "` admits"].concat())
            }
            _ => (UNHEARD_OF.saturating_mul(breaker.window.as_secs()), "a busy proxy sends".to_string()),
        };
        if most >= u64::from(at_least) {
            continue;
        }
        let (needed, most, window) = (at_least.to_string(), most.to_string(), duration_text(breaker.window));
        let message =
            ["`at least ", &needed, "` is out of reach: ", &by, " at most ", &most, " in `", &window, "`"];
        let found = Diagnostic::new(Code::SampleOutOfReach, span(judged, breaker), message.concat());
        sink.push(found.with_help("lower the sample, or make the breaker's `window` longer"));
    }
}

/// Where the breaker's first trip stands.
fn span(judged: &Judged<'_, '_>, breaker: &Breaker) -> Span {
    let block = judged.resolved.names.block("breaker", &breaker.name);
    let trip = block.and_then(|block| block.all("trip").next());
    trip.map_or(judged.span("breaker"), |trip| trip.span)
}

/// Requests that it lets through in such a window, all callers together.
fn most(limit: &Limit, judged: &Judged<'_, '_>, window: Duration) -> Option<u64> {
    let Amount::Requests { amount, per } = limit.amount else { return None };
    if limit.observe || !matches!(limit.scope, Scope::Global | Scope::Route | Scope::Target) {
        return None;
    }
    let seconds = match per {
        Per::Second => 1,
        Per::Minute => 60,
        Per::Hour => 3_600,
        Per::Day => 86_400,
    };
    let burst = amount.saturating_mul(limit.burst_bp.into()) / 10_000;
    let flow = amount.saturating_mul(window.as_secs()) / seconds;
    // Every retry is an attempt as well.
    Some(flow.saturating_add(burst).saturating_mul(judged.route.retry.attempts.into()))
}

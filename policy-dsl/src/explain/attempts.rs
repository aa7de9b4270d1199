//! The attempts at one request: where each goes and what is changed for it, and what follows when it fails.

use std::time::Duration;

use super::document::Lines;
use super::places::Places;
use super::request::Request;
use super::sequence::{End, Failure, Sequence};
use super::words::{code, list, span};
use super::{Explainer, Section, Verdict, changes, output, plan, target};
use crate::policy::{InvalidAction, ROUTER_HEADERS, Route, StreamMode, TargetId, Trigger};
use crate::vocabulary::{STATUSES, duration_text, percent_text};

pub(super) fn sent(explainer: &Explainer<'_>, route: &Route, request: &Request) -> Section {
    let mut lines = Lines::default();
    let places = Places::new(explainer, route, request);
    let mut number = 0;
    if let Some(canary) = route.canary {
        let (part, target) = (percent_text(canary.share_bp), explainer.target_name(canary.target));
        lines.say(0, "", format!("{part} of such requests go to {target} first; the others:"));
    }
    for stage in places.stages().iter() {
        if let Some(order) = plan::order(&explainer.policy, stage) {
            lines.say(0, "", order);
        }
        for id in &stage.targets {
            let Some(to) = explainer.target(*id) else { continue };
            if let Some(why) = places.refuses(to, &stage.overrides) {
                let text = format!("{} isn't tried: {}", code(&to.name), why.text());
                lines.judge(0, "", text, Verdict::No);
                continue;
            }
            number += 1;
            lines.say(0, format!("{number}."), format!("{}: {}", code(&to.name), target::place(to)));
            changes::lines(&mut lines, 1, route, (to, &stage.overrides), request);
        }
    }
    let removed = request.headers.iter().filter(|(name, _)| steers_the_proxy(name));
    let removed: Vec<String> = removed.map(|(name, _)| code(name)).collect();
    if !removed.is_empty() {
        let text = format!("removed, as callers can't steer the proxy: {}", list(&removed, "and"));
        lines.say(0, "", text);
    }
    plan::reach(&mut lines, 0, route, number);
    lines.section("Where it goes, and what is changed on the way")
}

/// Whether the filter takes this header off a request: its own, and those by which the router retries or gives up on its
/// own.
fn steers_the_proxy(name: &str) -> bool {
    name.starts_with("x-seawall-") || ROUTER_HEADERS.contains(&name)
}

/// What follows each kind of failure, when every attempt fails alike.
pub(super) fn failed(explainer: &Explainer<'_>, route: &Route, places: &[TargetId]) -> Section {
    let retry = &route.retry;
    let targets = places.len();
    let status = |status, retry_after| Failure::Status { status, retry_after };
    let mut failures: Vec<(String, Failure)> =
        STATUSES.iter().map(|code| (code.to_string(), status(*code, None))).collect();
    // Anything else of the provider's.
    failures.extend([
        ("524".into(), status(524, None)),
        ("any other 5xx".into(), status(599, None)),
        ("501".into(), status(501, None)),
        ("505".into(), status(505, None)),
        ("511".into(), status(511, None)),
        ("no answer in time".into(), Failure::Timeout),
        ("no connection".into(), Failure::Connect),
        ("a broken connection".into(), Failure::Reset),
        ("an answer that is empty, breaks off or is no JSON".into(), Failure::InvalidOutput),
        ("a quota that is used up".into(), Failure::QuotaExhausted),
        ("a prompt that is too long".into(), Failure::ContextLength { larger: larger(explainer, places) }),
        ("refused for its content".into(), Failure::ContentPolicy),
        ("no such model".into(), Failure::ModelNotFound),
        ("any other 4xx".into(), status(400, None)),
    ]);
    let mut rows: Vec<(Vec<String>, Sequence, Failure)> = Vec::new();
    for (name, failure) in failures {
        let sequence = Sequence::of(retry, targets, failure);
        let says = last_word(&sequence, failure);
        match rows.iter_mut().find(|(_, known, other)| *known == sequence && last_word(known, *other) == says)
        {
            Some((names, ..)) => names.push(name),
            None => rows.push((vec![name], sequence, failure)),
        }
    }
    let mut lines = Lines::default();
    lines.say(0, "", "What follows when every attempt fails in the same way, and no breaker is open. With a failure that isn't its own fault the caller is told `x-should-retry: false`, so that its SDK doesn't begin anew.");
    for (names, sequence, failure) in rows {
        lines.say(0, list(&names, "or"), path(explainer, places, &sequence, last_word(&sequence, failure)));
    }
    if retry.on.iter().any(|trigger| matches!(trigger, Trigger::Status(_))) && retry.attempts > 1 {
        let honored = retry.honor_retry_after;
        if !honored.is_zero() && targets < retry.attempts as usize {
            lines.say(
                0,
                format!("`retry-after` up to {}", duration_text(honored)),
                "that is waited as well before the next attempt at the same target",
            );
        }
        let longer = honored.saturating_add(Duration::from_secs(1));
        if let Some(Trigger::Status(code)) =
            retry.on.iter().find(|trigger| matches!(trigger, Trigger::Status(_)))
        {
            let failure = status(*code, Some(longer));
            let sequence = Sequence::of(retry, targets, failure);
            let name = if honored.is_zero() {
                "any `retry-after`".into()
            } else {
                format!("`retry-after` above {}", duration_text(honored))
            };
            lines.say(0, name, path(explainer, places, &sequence, last_word(&sequence, failure)));
        }
    }
    lines.section("When attempts fail")
}

/// The first place whose context window is known to be larger than that of the first one, or known at all where that isn't.
fn larger(explainer: &Explainer<'_>, places: &[TargetId]) -> Option<usize> {
    let context = |id: &TargetId| explainer.target(*id).and_then(|target| target.context);
    let first = places.first().and_then(context);
    places.iter().position(|id| context(id).is_some_and(|window| first.is_none_or(|first| window > first)))
}

/// What follows answers that don't fit, when none can be repaired.
pub(super) fn invalid(
    explainer: &Explainer<'_>,
    route: &Route,
    request: &Request,
    places: &[TargetId],
) -> Option<Section> {
    let output = route.output.as_ref()?;
    let mut lines = Lines::default();
    output::rules(&mut lines, 0, output);
    if lines.is_empty() {
        return None;
    }
    if request.streams() && route.stream != StreamMode::Complete {
        lines.say(0, "streams", output::streams(route.stream, output.ends_hopeless));
        let text = "as it was delivered before it is checked, nothing else follows when it doesn't fit";
        lines.caution(1, "", text);
        return Some(lines.section("What the answer must be like"));
    }
    if output.invalid.first() == Some(&InvalidAction::Repair) {
        lines.say(
            0,
            "repaired",
            "what can be, without inventing anything: the caller gets it, and `x-seawall-output: repaired`",
        );
    }
    let sequence = Sequence::of_invalid(&route.retry, places.len(), &output.invalid);
    let end = match sequence.end {
        End::Passed => "the caller gets the last one, and `x-seawall-output: invalid`",
        _ => "the caller gets 502, with the places where it doesn't fit",
    };
    lines.say(0, "none fits", path(explainer, places, &sequence, end));
    if sequence.attempts.windows(2).any(|pair| matches!(pair, [one, next] if one.position == next.position)) {
        lines.say(1, "", "the same target is told what was wrong, as one more message, which is paid for");
    }
    Some(lines.section("What the answer must be like"))
}

/// The targets one after the other, the waits between them, and what the caller gets in the end.
fn path(explainer: &Explainer<'_>, places: &[TargetId], sequence: &Sequence, end: &str) -> String {
    let mut text = String::new();
    for attempt in &sequence.attempts {
        if let Some(backoff) = attempt.backoff {
            text += &format!(" → wait up to {}", span(backoff));
        }
        let name = places.get(attempt.position).map(|id| explainer.target_name(*id)).unwrap_or_default();
        text += &format!("{}{name}", if text.is_empty() { "" } else { " → " });
    }
    format!("{text} → {end}")
}

/// What the caller gets in the end.
fn last_word(sequence: &Sequence, failure: Failure) -> &'static str {
    match (failure, sequence.end) {
        (Failure::ContextLength { larger: None }, _) => {
            "the caller gets it: no target is known to have more room"
        }
        (_, End::ClientError) if sequence.attempts.len() == 1 => "the caller gets it as it is",
        (Failure::Timeout, _) => "the caller gets 504",
        (Failure::Connect, _) => "the caller gets 503",
        (Failure::Reset | Failure::InvalidOutput, _) => "the caller gets 502",
        _ if sequence.attempts.len() > 1 => "the caller gets the first failure",
        (_, End::NotRetried) => "the caller gets it: it isn't retried",
        _ => "the caller gets it",
    }
}

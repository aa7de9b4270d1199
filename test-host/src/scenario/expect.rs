//! Judging what was seen. Every expectation that failed is told, each at the line where it stands.

use std::fmt;

use seawall_policy::policy_test::Wanted;
use seawall_provider::Sent;
use serde_saphyr::{Location, Spanned};

use super::model::{Expect, Placed, Saw};
use super::wanted::unmet;
use crate::driver::Observed;

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Line and column of the expectation; zero where the file does not spell it out.
    pub line: u64,
    pub column: u64,
    pub text: String,
}

impl Failure {
    pub(super) fn at(place: Location, text: String) -> Self {
        Self { line: place.line(), column: place.column(), text }
    }

    fn unplaced(text: String) -> Self {
        Self { line: 0, column: 0, text }
    }
}

/// Which clock timed the answer. A real machine may always be slower, so upper bounds hold in virtual time only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    Virtual,
    Real,
}

/// All that is not as it should be.
pub(super) fn judge(expect: &Expect, seen: &Observed, timing: Timing) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut fail = |place: Location, text: String| failures.push(Failure::at(place, text));

    if let Some(status) = &expect.status
        && status.value != seen.status
    {
        fail(status.referenced, format!("expected status {}, saw {}", status.value, seen.status));
    }
    for (name, wanted) in &expect.headers {
        let found = seen.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let found = found.map(|(_, value)| value.as_str());
        if wanted.value.as_deref() != found {
            let (wanted_text, found) = (shown(wanted.value.as_deref()), shown(found));
            fail(wanted.referenced, format!("expected header {name}: {wanted_text}, saw {found}"));
        }
    }
    judge_body(expect, &seen.body, &mut fail);
    if let Some(least) = &expect.first_byte_at_least
        && seen.first_byte.is_none_or(|time| time < least.value.0)
    {
        fail(least.referenced, format!("expected the first byte after {:?}, {}", least.value.0, came(seen)));
    }
    if let Some(most) = &expect.first_byte_at_most
        && timing == Timing::Virtual
        && seen.first_byte.is_none_or(|time| time > most.value.0)
    {
        fail(most.referenced, format!("expected the first byte within {:?}, {}", most.value.0, came(seen)));
    }
    for (provider, wanted) in &expect.saw {
        let found = seen.saw.get(provider).map_or(&[][..], Vec::as_slice);
        judge_saw(provider, wanted, found, &mut fail);
    }
    for (service, wanted) in &expect.asked {
        let found = seen.asked.get(service).map_or(&[][..], Vec::as_slice);
        let wanted_lines: Vec<&str> = wanted.value.iter().map(|line| line.value.as_str()).collect();
        if wanted_lines != found {
            let differ = diff(&wanted_lines, found);
            fail(
                wanted.referenced,
                format!("what {service} was asked differs (- expected, + seen):\n{differ}"),
            );
        }
    }
    if let Some(least) = &expect.at_least
        && seen.elapsed < least.value.0
    {
        fail(least.referenced, format!("expected at least {:?}, took {:?}", least.value.0, seen.elapsed));
    }
    if let Some(most) = &expect.at_most
        && timing == Timing::Virtual
        && seen.elapsed > most.value.0
    {
        fail(most.referenced, format!("expected at most {:?}, took {:?}", most.value.0, seen.elapsed));
    }
    let broken = expect.of_policy.iter().any(|placed| placed.wanted == Wanted::Cut);
    match &expect.complete {
        Some(complete) if complete.value != seen.complete => {
            let (wanted, found) = (ending(complete.value), ending(seen.complete));
            fail(complete.referenced, format!("expected an answer that {wanted}, saw one that {found}"));
        }
        None if !seen.complete && !seen.left && !broken => {
            let text = "the answer broke off".to_owned();
            // In a policy, that stands with what was expected instead.
            failures.push(match expect.of_policy.first() {
                Some(Placed { line, column, .. }) => Failure { line: *line, column: *column, text },
                None => Failure::unplaced(text),
            });
        }
        _ => {}
    }
    for Placed { line, column, wanted } in &expect.of_policy {
        if let Some(text) = unmet(wanted, seen, timing) {
            failures.push(Failure { line: *line, column: *column, text });
        }
    }
    // As the file reads.
    failures.sort_by_key(|failure| (failure.line, failure.column));
    failures
}

/// What is common to requests that ran beside each other: what providers saw, and the decisions, in any order then.
pub(super) fn judge_together(expect: &Expect, seen: &Observed, crowd: bool) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut fail = |place: Location, text: String| failures.push(Failure::at(place, text));
    for (provider, wanted) in &expect.upstream {
        let found = seen.upstream.get(provider).copied().unwrap_or_default();
        if wanted.value != found {
            let text = format!("expected {} requests at {provider}, saw {found}", wanted.value);
            fail(wanted.referenced, text);
        }
    }
    if let Some(trace) = &expect.trace {
        judge_trace(trace, &seen.trace, crowd, &mut fail);
    }
    failures
}

/// In an order that does not depend on which of several requests came first.
pub(super) fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

fn judge_body(expect: &Expect, body: &[u8], fail: &mut impl FnMut(Location, String)) {
    let body = String::from_utf8_lossy(body);
    for text in expect.body.iter().filter(|text| !body.contains(&text.value)) {
        fail(text.referenced, format!("expected `{}` in the body, saw {}", text.value, shortened(&body)));
    }
    let mut rest = &*body;
    for text in &expect.body_in_order {
        match rest.split_once(&text.value) {
            Some((_, after)) => rest = after,
            None => {
                let seen = shortened(rest);
                fail(
                    text.referenced,
                    format!("expected `{}` in the rest of the body, saw {seen}", text.value),
                );
            }
        }
    }
    for text in expect.not_in_body.iter().filter(|text| body.contains(&text.value)) {
        fail(text.referenced, format!("expected no `{}` in the body, saw {}", text.value, shortened(&body)));
    }
    if let Some(wanted) = &expect.events {
        let events = body.split("\n\n").filter(|event| event.lines().any(|line| line.starts_with("data:")));
        let found = events.count();
        if wanted.value != found {
            let seen = shortened(&body);
            fail(wanted.referenced, format!("expected {} events, saw {found}: {seen}", wanted.value));
        }
    }
}

fn came(seen: &Observed) -> String {
    seen.first_byte.map_or_else(|| "saw none".to_owned(), |time| format!("it came after {time:?}"))
}

fn ending(complete: bool) -> &'static str {
    if complete { "ends properly" } else { "breaks off" }
}

pub(super) fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("`{value}`"))
}

pub(super) fn shortened(body: &str) -> String {
    const MOST: usize = 300;
    if body.chars().count() <= MOST {
        return format!("`{body}`");
    }
    format!("`{}…`", body.chars().take(MOST).collect::<String>())
}

/// One failure for each member that differs, or one for their number.
fn judge_saw(
    provider: &str,
    wanted: &Spanned<Vec<Spanned<Saw>>>,
    found: &[Sent],
    fail: &mut impl FnMut(Location, String),
) {
    if wanted.value.len() != found.len() {
        let (wanted_count, found) = (wanted.value.len(), found.len());
        let text = format!("expected {wanted_count} requests at {provider}, saw {found}");
        fail(wanted.referenced, text);
        return;
    }
    for (number, (saw, sent)) in (1..).zip(wanted.value.iter().zip(found)) {
        for (member, wanted, found) in differences(&saw.value, sent) {
            let text = format!("expected {member} {wanted} in request {number} at {provider}, saw {found}");
            fail(saw.referenced, text);
        }
    }
}

/// Each member that was to be told, and is not what it should be: its name, what was wanted, what was there.
fn differences(saw: &Saw, sent: &Sent) -> Vec<(String, String, String)> {
    let mut differences = Vec::new();
    let mut compare = |name: &str, wanted: Option<String>, found: Option<String>| {
        if wanted != found {
            differences.push((name.to_owned(), shown(wanted.as_deref()), shown(found.as_deref())));
        }
    };
    let text = |value: Option<&dyn fmt::Display>| value.map(ToString::to_string);
    if let Some(path) = &saw.path {
        compare("path", text(Some(path)), text(Some(&sent.path)));
    }
    if let Some(model) = &saw.model {
        compare("model", Some(model.clone()), sent.model.clone());
    }
    if let Some(stream) = &saw.stream {
        compare("stream", text(Some(stream)), text(Some(&sent.stream)));
    }
    if let Some(usage) = &saw.include_usage {
        compare("include_usage", text(Some(usage)), text(Some(&sent.include_usage)));
    }
    if let Some(tokens) = &saw.max_tokens {
        compare("max_tokens", text(Some(tokens)), sent.max_tokens.map(|tokens| tokens.to_string()));
    }
    if let Some(temperature) = &saw.temperature {
        let found = sent.temperature.map(|temperature| temperature.to_string());
        compare("temperature", text(Some(temperature)), found);
    }
    if let Some(wanted) = &saw.last_text {
        let found = sent.last_text.as_ref();
        let is_there = found.is_some_and(|found| found.contains(wanted));
        compare(
            "last_text",
            Some(wanted.clone()),
            if is_there { Some(wanted.clone()) } else { found.cloned() },
        );
    }
    for (name, wanted) in &saw.headers {
        let found = sent.headers.get(&name.to_ascii_lowercase()).cloned();
        compare(&format!("header {name}:"), wanted.clone(), found);
    }
    for (name, most) in &saw.headers_at_most {
        let found = sent.headers.get(&name.to_ascii_lowercase()).cloned();
        let number = found.as_ref().and_then(|found| found.parse::<u64>().ok());
        let holds = number.is_some_and(|number| (1..=*most).contains(&number));
        let wanted = if holds { found.clone() } else { Some(format!("1 to {most}")) };
        compare(&format!("header {name}:"), wanted, found);
    }
    differences
}

/// One failure for a trace, at the first line that differs, with the whole difference.
fn judge_trace(
    wanted: &Spanned<Vec<Spanned<String>>>,
    seen: &[String],
    any_order: bool,
    fail: &mut impl FnMut(Location, String),
) {
    let mut lines: Vec<&str> = wanted.value.iter().map(|line| line.value.as_str()).collect();
    let mut seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    if any_order {
        lines.sort_unstable();
        seen.sort_unstable();
    }
    if lines == seen {
        return;
    }
    let same = lines.iter().zip(&seen).take_while(|(wanted, seen)| wanted == seen).count();
    let place = wanted.value.get(same).or_else(|| wanted.value.last());
    let place = place.map_or(wanted.referenced, |line| line.referenced);
    fail(place, format!("the decisions differ (- expected, + seen):\n{}", diff(&lines, &seen)));
}

/// A line diff; traces are a few lines long, so the textbook table will do.
pub(crate) fn diff<A: AsRef<str>, B: AsRef<str>>(wanted: &[A], seen: &[B]) -> String {
    let (Some((first, rest)), Some((other, others))) = (wanted.split_first(), seen.split_first()) else {
        let missing = wanted.iter().map(|line| format!("    - {}\n", line.as_ref()));
        return missing.chain(seen.iter().map(|line| format!("    + {}\n", line.as_ref()))).collect();
    };
    if first.as_ref() == other.as_ref() {
        return format!("      {}\n{}", first.as_ref(), diff(rest, others));
    }
    // Whichever of the two lines comes sooner on the other side is the one to keep.
    let later =
        |line: &str, side: &[&str]| side.iter().position(|other| *other == line).unwrap_or(usize::MAX);
    let wanted_text: Vec<&str> = wanted.iter().map(AsRef::as_ref).collect();
    let seen_text: Vec<&str> = seen.iter().map(AsRef::as_ref).collect();
    if later(other.as_ref(), &wanted_text) <= later(first.as_ref(), &seen_text) {
        format!("    - {}\n{}", first.as_ref(), diff(rest, seen))
    } else {
        format!("    + {}\n{}", other.as_ref(), diff(wanted, others))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

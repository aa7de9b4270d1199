//! Routes that no request can reach, because one above them takes all of their requests or their own condition contradicts
//! their path.

use std::collections::BTreeMap;

use super::only;
use crate::ast::{File, Statement, Value};
use crate::condition::{Condition, MOST_EFFORT, compile};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::PathMatch;

/// Earlier routes with one path that are compared; more are not seen, which costs a warning.
const MOST: usize = 16;

/// A route and its condition.
type Earlier<'f> = (&'f Statement<'f>, Option<&'f Condition>);
type ByPath<'f> = BTreeMap<&'f str, Vec<Earlier<'f>>>;

pub(super) fn check<'f>(file: &'f File<'f>, sink: &mut Sink) {
    let (mut exact, mut prefixes) = (ByPath::new(), ByPath::new());
    let mut effort = MOST_EFFORT;
    for route in file.policy.all("route") {
        let Some(block) = route.block() else { continue };
        let Some(Value::Path(path)) = block.all("match").next().and_then(only) else { continue };
        let when = block.all("when").next();
        let condition = match when.map(only) {
            None => None,
            Some(Some(Value::Condition(condition))) => Some(condition),
            Some(_) => continue,
        };
        let (text, is_exact) = match path {
            PathMatch::Exact(text) => (text.as_str(), true),
            PathMatch::Prefix(text) => (text.as_str(), false),
        };
        if let (Some(condition), Some(when)) = (condition, when) {
            against_path(condition, when, path, &mut effort, sink);
        }
        // Paths are at most 1 KiB, which bounds the look-ups.
        let starts = (0..=text.len()).filter_map(|end| text.get(..end));
        let same = if is_exact { exact.get(text) } else { None };
        let covering = same.into_iter().chain(starts.filter_map(|start| prefixes.get(start))).flatten();
        let covering: Vec<&Earlier<'_>> = covering.collect();
        if let Some((last, others)) = takers(&covering, condition, &mut effort).split_last() {
            let name = |route: &Statement<'f>| route.name().map_or("", |name| name.text);
            let message = ["no request can reach route `", name(route), "`"].concat();
            let label = match others {
                [] => ["`", name(last.0), "` takes all of them"].concat(),
                _ => "each of them is taken by one of those above".to_string(),
            };
            let mut found =
                Diagnostic::new(Code::UnreachableRoute, route.name_span(), message).with_label(label);
            for (earlier, _) in others.iter().chain([last]) {
                found = found.with_related(earlier.name_span(), "this one comes first");
            }
            sink.push(
                found
                    .with_help("the first route that matches wins: put the narrower one above, or remove it"),
            );
        }
        let list = if is_exact { exact.entry(text) } else { prefixes.entry(text) }.or_default();
        if list.len() < MOST {
            list.push((route, condition));
        }
    }
}

/// A condition about the path, which the route has chosen already.
fn against_path(
    condition: &Condition,
    when: &Statement<'_>,
    path: &PathMatch,
    effort: &mut usize,
    sink: &mut Sink,
) {
    if !condition.uses().iter().any(|used| used.name.name == "path") {
        return;
    }
    let (text, is, is_not) = match path {
        PathMatch::Exact(text) => (text, ["path == ", ""], ["path != ", ""]),
        PathMatch::Prefix(text) => (text, ["path.startsWith(", ")"], ["!path.startsWith(", ")"]),
    };
    let quoted = ["\"", &text.replace('\\', "\\\\").replace('"', "\\\""), "\""].concat();
    let about = |[before, behind]: [&str; 2]| compile(&[before, &quoted, behind].concat(), 0, &mut |_| {});
    let (Some(is), Some(is_not)) = (about(is), about(is_not)) else { return };
    let (message, help) = if Condition::covered(Some(condition), [&is_not].into_iter(), effort) {
        (
            "no request with this route's path meets this condition",
            "correct the condition or the path of `match`",
        )
    } else if Condition::covered(Some(&is), [condition].into_iter(), effort) {
        ("every request with this route's path meets this condition", "leave it out: `match` says the same")
    } else {
        return;
    };
    let span = when.spans.first().copied().unwrap_or(when.span);
    sink.push(Diagnostic::new(Code::ConditionConstant, span, message).with_help(help));
}

/// Those of the earlier routes which together take every request that this condition lets through: one, if that is
/// enough; none, if there are such requests left.
fn takers<'f>(
    earlier: &[&Earlier<'f>],
    condition: Option<&Condition>,
    effort: &mut usize,
) -> Vec<Earlier<'f>> {
    for one in earlier {
        if one.1.is_none_or(|other| Condition::covered(condition, [other].into_iter(), effort)) {
            return vec![**one];
        }
    }
    let mut all: Vec<Earlier<'f>> = earlier.iter().take(MOST).map(|one| **one).collect();
    let cover = |all: &[Earlier<'f>], but: Option<usize>, effort: &mut usize| {
        let others = all.iter().enumerate().filter(|(at, _)| Some(*at) != but);
        Condition::covered(condition, others.filter_map(|(_, one)| one.1), effort)
    };
    if all.len() < 2 || !cover(&all, None, effort) {
        return Vec::new();
    }
    // Those that aren't needed only confuse.
    for at in (0..all.len()).rev() {
        if cover(&all, Some(at), effort) {
            all.remove(at);
        }
    }
    all
}

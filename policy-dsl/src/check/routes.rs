//! Routes that no request can reach, because one above them takes all of their requests.

use std::collections::BTreeMap;

use super::only;
use crate::ast::{File, Statement, Value};
use crate::condition::Condition;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::PathMatch;

/// Earlier routes with one path that are compared; more are not seen, which costs a warning.
const MOST: usize = 16;

type Earlier<'f> = BTreeMap<&'f str, Vec<(&'f Statement<'f>, Option<&'f Condition>)>>;

pub(super) fn check<'f>(file: &'f File<'f>, sink: &mut Sink) {
    let (mut exact, mut prefixes) = (Earlier::new(), Earlier::new());
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
        // Paths are at most 1 KiB, which bounds the look-ups.
        let starts = (0..=text.len()).filter_map(|end| text.get(..end));
        let same = if is_exact { exact.get(text) } else { None };
        let covering = same.into_iter().chain(starts.filter_map(|start| prefixes.get(start))).flatten();
        let mut covering = covering.filter(|(_, earlier)| takes_all(*earlier, condition));
        if let Some((earlier, _)) = covering.next() {
            let name = route.name().map_or("", |name| name.text);
            let other = earlier.name().map_or("", |name| name.text);
            let message = ["no request can reach route `", name, "`"].concat();
            let found = Diagnostic::new(Code::UnreachableRoute, route.name_span(), message)
                .with_label(["`", other, "` takes all of them"].concat())
                .with_related(earlier.name_span(), "this one comes first");
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

/// Whether every request that meets `later` meets `earlier` too.
fn takes_all(earlier: Option<&Condition>, later: Option<&Condition>) -> bool {
    match (earlier, later) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(earlier), Some(later)) => later.implies(earlier),
    }
}

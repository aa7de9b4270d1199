//! Routes that no request can reach, because one above them takes all of their requests.

use std::collections::BTreeMap;

use super::Context;
use crate::ast::{File, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::policy::PathMatch;
use crate::span::Span;

pub(super) fn check(file: &File<'_>, context: &mut Context<'_>) {
    let mut exact: BTreeMap<&str, Span> = BTreeMap::new();
    let mut prefixes: BTreeMap<&str, Span> = BTreeMap::new();
    for block in &file.blocks {
        let Some(path) = block.statements.iter().find_map(|statement| match &statement.value {
            Value::Path(path) => Some(path),
            _ => None,
        }) else {
            continue;
        };
        let span = block.name.map_or(block.word, |name| name.span);
        let (text, same) = match path {
            PathMatch::Exact(text) => (text.as_str(), &mut exact),
            PathMatch::Prefix(text) => (text.as_str(), &mut prefixes),
        };
        let earlier = same.get(text).copied();
        same.entry(text).or_insert(span);
        // Paths are at most 1 KiB, which bounds the look-ups.
        let starts = (0..text.len()).filter_map(|end| text.get(..end));
        let covering = earlier
            .or_else(|| prefixes.get(text).copied().filter(|found| *found != span))
            .or_else(|| starts.filter_map(|start| prefixes.get(start).copied()).next());
        if let Some(first) = covering {
            let line = context.lines.position(context.source, first.start).line.to_string();
            let message =
                ["no request can reach route `", block.name.map_or("", |name| name.text), "`"].concat();
            let label = ["`", first.text(context.source), "` on line ", &line, " takes all of them"].concat();
            let found = Diagnostic::new(Code::UnreachableRoute, span, message).with_label(label);
            context
                .sink
                .push(found.with_help(
                    "the first route that matches wins: put the narrower one above, or remove it",
                ));
        }
    }
}

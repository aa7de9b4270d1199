//! What only the whole policy can tell: names, what is missing or written twice, and what can never take effect. Every
//! pass runs, so that all findings come at once.

mod blocks;
mod names;
mod routes;

pub(crate) use names::Names;

use crate::ast::File;
use crate::diagnostic::Sink;
use crate::span::{LineIndex, Span};

/// Checks the tree, and returns its names for the lowering.
pub(crate) fn check<'f>(source: &str, file: &'f File<'f>, sink: &mut Sink) -> Names<'f> {
    let lines = LineIndex::new(source);
    let mut context = Context { source, lines: &lines, sink };
    blocks::check(file, &mut context);
    let names = names::check(file, &mut context);
    routes::check(file, &mut context);
    names
}

struct Context<'c> {
    source: &'c str,
    lines: &'c LineIndex,
    sink: &'c mut Sink,
}

impl Context<'_> {
    /// "the first is on line 12"
    fn first_on_line(&self, first: Span) -> String {
        let line = self.lines.position(self.source, first.start).line;
        ["the first is on line ", &line.to_string()].concat()
    }
}

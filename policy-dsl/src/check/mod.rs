//! What only the whole policy can tell: names, what is missing or written twice, what contradicts itself, and what can
//! never take effect. Every pass runs, so that all findings come at once.

mod blocks;
mod like;
mod lints;
mod names;
mod output;
mod routes;
mod rules;
mod test;

pub(crate) use like::Targets;
pub(crate) use names::Names;

use crate::ast::{File, Statement, Value};
use crate::diagnostic::Sink;

/// A policy whose names are known.
pub(crate) struct Resolved<'f> {
    pub(crate) names: Names<'f>,
    pub(crate) targets: Targets<'f>,
}

/// Checks the tree, and returns its names for the lowering.
pub(crate) fn check<'f>(source: &str, file: &'f File<'f>, sink: &mut Sink) -> Resolved<'f> {
    let names = names::check(file, sink);
    let targets = like::resolve(file, &names, sink);
    blocks::check(source, file, &targets, sink);
    rules::check(source, file, sink);
    routes::check(file, sink);
    // With an error in the file, what seems unused may be used where the mistake is.
    if !sink.has_errors() {
        names.unused(sink);
    }
    Resolved { names, targets }
}

/// What loads and can't be meant. Needs the resolved policy, so there is none with errors.
pub(crate) use lints::check as lint;

/// The one value of a statement whose shape has one.
fn only<'a, 's>(statement: &'a Statement<'s>) -> Option<&'a Value<'s>> {
    statement.values.first()
}

//! What an `output` says: that its rules don't contradict each other, and that the filter can honour what is written in other
//! languages.

use super::only;
use crate::ast::{Block, Statement, Value};
use crate::diagnostic::{Code, Diagnostic, Edit, Sink};
#[cfg(feature = "output")]
use crate::foreign;

/// Patterns, and schemas, of a policy at most. To make one ready may take a millisecond.
#[cfg(feature = "output")]
const MOST: usize = 500;

/// Patterns and schemas that were made ready so far.
#[derive(Default)]
pub(super) struct Foreign {
    #[cfg(feature = "output")]
    patterns: usize,
    #[cfg(feature = "output")]
    schemas: usize,
}

#[inline(never)] // See [profile.wasm].
pub(super) fn check(source: &str, output: &Block<'_>, foreign: &mut Foreign, sink: &mut Sink) {
    two_schemas(output, sink);
    lengths(source, output, sink);
    foreign.check(source, output, sink);
}

/// One schema of the policy's own, and `from request` once.
fn two_schemas(output: &Block<'_>, sink: &mut Sink) {
    let is_from_request = |schema: &Statement<'_>| matches!(only(schema), Some(Value::Word("from")));
    for kind in [false, true] {
        let mut schemas = output.all("schema").filter(|schema| is_from_request(schema) == kind);
        let Some(first) = schemas.next() else { continue };
        for second in schemas {
            let message =
                if kind { "`schema from request` is written twice" } else { "two schemas stand here" };
            let found = Diagnostic::new(Code::DuplicateStatement, second.word, message);
            let help = if kind { "remove one" } else { "write one schema with `allOf`, or remove one" };
            sink.push(found.with_related(first.word, "first here").with_help(help));
        }
    }
}

/// Each bound once, the lower one below the upper.
fn lengths(source: &str, output: &Block<'_>, sink: &mut Sink) {
    let mut bounds = [None, None];
    for length in output.all("length") {
        let [Value::Word(sign), Value::Count(characters)] = length.values[..] else { continue };
        let Some(span) = length.spans.get(1).copied() else { continue };
        let [least, most] = &mut bounds;
        let bound = if sign == ">=" { least } else { most };
        if let Some((_, first)) = bound.replace((characters, span)) {
            let message = ["`length ", sign, "` is written twice"].concat();
            let found = Diagnostic::new(Code::DuplicateStatement, length.word, message);
            sink.push(found.with_related(first, "first here").with_help("remove one"));
        }
    }
    let [Some((least, from)), Some((most, to))] = bounds else { return };
    if least > most {
        let (first, last) = (from.text(source), to.text(source));
        let message = ["no text has at least ", first, " and at most ", last].concat();
        let edits = vec![
            Edit { span: from, replacement: last.to_string() },
            Edit { span: to, replacement: first.to_string() },
        ];
        let found = Diagnostic::new(Code::RangeOrder, from, message).with_related(to, "at most so many");
        sink.push(
            found.with_help("the lower bound is `>=`, the upper one `<=`").with_fix("swap them", edits),
        );
    }
}

impl Foreign {
    #[cfg(not(feature = "output"))]
    #[expect(clippy::unused_self, reason = "without what reads them there is nothing to count")]
    fn check(&mut self, _source: &str, _output: &Block<'_>, _sink: &mut Sink) {}

    #[cfg(feature = "output")]
    fn check(&mut self, source: &str, output: &Block<'_>, sink: &mut Sink) {
        for schema in output.all("schema") {
            let (Some(Value::Text(text)), [token]) = (only(schema), &schema.spans[..]) else { continue };
            self.schemas += 1;
            let found = if self.schemas > MOST {
                too_many(Code::InvalidSchema, schema, "schemas")
            } else {
                foreign::schema_finding(source, *token, text)
            };
            found.into_iter().for_each(|found| sink.push(found));
        }
        for pattern in output.all("deny").chain(output.all("require")) {
            let (Some(Value::Pattern(text)), [token]) = (only(pattern), &pattern.spans[..]) else { continue };
            self.patterns += 1;
            let found = if self.patterns > MOST {
                too_many(Code::InvalidPattern, pattern, "patterns")
            } else {
                foreign::pattern_finding(text, token.start as usize + 1)
            };
            found.into_iter().for_each(|found| sink.push(found));
        }
    }
}

#[cfg(feature = "output")]
fn too_many(code: Code, statement: &Statement<'_>, what: &str) -> Option<Diagnostic> {
    let message = ["the policy has more than 500 ", what].concat();
    Some(Diagnostic::new(code, statement.word, message).with_help("write fewer, larger ones"))
}

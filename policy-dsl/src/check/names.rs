//! Names: each defined once, each reference known, none defined in vain.

use std::collections::BTreeMap;

use super::Context;
use crate::ast::{Block, File, Name, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::parser::did_you_mean;
use crate::span::Span;
use crate::suggest::nearest;

/// What is defined, by kind and name. The number is its place among the blocks of its kind.
#[derive(Debug, Default)]
pub(crate) struct Names<'f> {
    defined: BTreeMap<(&'static str, &'f str), Definition>,
}

#[derive(Debug)]
struct Definition {
    index: usize,
    span: Span,
    used: bool,
}

impl Names<'_> {
    /// Where the block stands among those of its kind.
    pub(crate) fn index(&self, kind: &'static str, name: &str) -> Option<usize> {
        self.defined.get(&(kind, name)).map(|definition| definition.index)
    }
}

pub(super) fn check<'f>(file: &'f File<'f>, context: &mut Context<'_>) -> Names<'f> {
    let mut names = define(file, context);
    for block in &file.blocks {
        for statement in &block.statements {
            match &statement.value {
                Value::Names(targets) => {
                    for target in targets {
                        refer(file, &mut names, "target", *target, context);
                    }
                }
                Value::Reference(name) => refer(file, &mut names, statement.definition.word, *name, context),
                _ => {}
            }
        }
        plan(block, context);
    }
    // With an error in the file, what seems unused may be used where the mistake is.
    if !context.sink.has_errors() {
        unused(&names, context);
    }
    names
}

fn define<'f>(file: &'f File<'f>, context: &mut Context<'_>) -> Names<'f> {
    let mut names = Names::default();
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for block in &file.blocks {
        let kind = block.definition.word;
        let count = counts.entry(kind).or_default();
        let Some(name) = block.name else { continue };
        if let Some(first) = names.defined.get(&(kind, name.text)) {
            let message = ["a `", kind, "` named `", name.text, "` exists already"].concat();
            let label = context.first_on_line(first.span);
            context.sink.push(Diagnostic::new(Code::DuplicateName, name.span, message).with_label(label));
        } else {
            names
                .defined
                .insert((kind, name.text), Definition { index: *count, span: name.span, used: false });
        }
        *count += 1;
    }
    names
}

fn refer<'f>(
    file: &File<'_>,
    names: &mut Names<'f>,
    kind: &'static str,
    name: Name<'f>,
    context: &mut Context<'_>,
) {
    if let Some(definition) = names.defined.get_mut(&(kind, name.text)) {
        definition.used = true;
        return;
    }
    // A group stands where a target can, and has been refused where it is defined.
    if kind == "target" && file.unsupported.iter().any(|group| group.text == name.text) {
        return;
    }
    if context.sink.is_full() {
        return context.sink.push(Diagnostic::new(Code::UnknownName, name.span, ""));
    }
    let message = ["unknown ", kind, " `", name.text, "`"].concat();
    let found =
        Diagnostic::new(Code::UnknownName, name.span, message).with_label("not defined in this policy");
    let known = names.defined.keys().filter(|(other, _)| *other == kind).map(|(_, known)| *known);
    context.sink.push(match nearest(name.text, known) {
        Some(meant) => found.with_help(did_you_mean(meant)),
        None => found.with_help(["define it: `", kind, " ", name.text, " { … }`"].concat()),
    });
}

/// A target that has failed isn't asked again, so it can stand in a plan only once.
fn plan(block: &Block<'_>, context: &mut Context<'_>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for statement in &block.statements {
        let Value::Names(targets) = &statement.value else { continue };
        for target in targets {
            if let Some(first) = seen.get(target.text) {
                let message = ["target `", target.text, "` stands twice in this route"].concat();
                let label = context.first_on_line(*first);
                let found = Diagnostic::new(Code::RepeatedTarget, target.span, message).with_label(label);
                context.sink.push(
                    found.with_help("to try one target several times, raise `attempts` in its `retry`"),
                );
            } else {
                seen.insert(target.text, target.span);
            }
        }
    }
}

fn unused(names: &Names<'_>, context: &mut Context<'_>) {
    for ((kind, name), definition) in &names.defined {
        if definition.used || *kind == "route" {
            continue;
        }
        let message = [*kind, " `", name, "` is never used"].concat();
        let found = Diagnostic::new(Code::Unused, definition.span, message);
        context.sink.push(found.with_help("name it in a `route`, or remove it"));
    }
}

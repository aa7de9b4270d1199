//! Names: each defined once, each reference known, none defined in vain.

use std::collections::BTreeMap;

use crate::ast::{Block, File, Name, Statement};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::span::Span;
use crate::suggest::{did_you_mean, nearest};

/// What is defined, by kind and name.
#[derive(Debug, Default)]
pub(crate) struct Names<'f> {
    defined: BTreeMap<(&'static str, &'f str), Definition<'f>>,
}

#[derive(Debug)]
struct Definition<'f> {
    /// Its place among the names of its kind.
    index: usize,
    span: Span,
    used: bool,
    statement: &'f Statement<'f>,
}

impl<'f> Names<'f> {
    /// Its place among the names of its kind, in their order.
    pub(crate) fn index(&self, kind: &'static str, name: &str) -> Option<usize> {
        self.defined.get(&(kind, name)).map(|definition| definition.index)
    }

    /// What its definition holds.
    pub(crate) fn block(&self, kind: &'static str, name: &str) -> Option<&'f Block<'f>> {
        self.defined.get(&(kind, name)).and_then(|definition| definition.statement.block())
    }

    /// The definitions of this kind in the order of their names.
    pub(crate) fn all(&self, kind: &'static str) -> impl Iterator<Item = (&'f str, &'f Statement<'f>)> {
        let of_kind = self.defined.range((kind, "")..).take_while(move |((other, _), _)| *other == kind);
        of_kind.map(|((_, name), definition)| (*name, definition.statement))
    }

    /// Reports definitions that nothing refers to.
    pub(super) fn unused(&self, sink: &mut Sink) {
        for ((kind, name), definition) in &self.defined {
            let help = match *kind {
                "route" | "test" | "tier" => continue,
                "group" => "name it in a `limit per group`, or remove it",
                _ => "name it in a `route`, or remove it",
            };
            if definition.used {
                continue;
            }
            let message = [*kind, " `", name, "` is never used"].concat();
            sink.push(Diagnostic::new(Code::Unused, definition.span, message).with_help(help));
        }
    }
}

pub(super) fn check<'f>(file: &'f File<'f>, sink: &mut Sink) -> Names<'f> {
    let mut names = define(file, sink);
    for statement in &file.policy.statements {
        // What a test names isn't thereby used: the policy does without its tests.
        let uses = statement.definition.word != "test";
        // A target that only another is like is used by that one.
        statement.each_reference(&mut |kind, name| refer(&mut names, kind, name, uses, sink));
        plan(statement, sink);
    }
    names
}

fn define<'f>(file: &'f File<'f>, sink: &mut Sink) -> Names<'f> {
    let mut names = Names::default();
    for statement in &file.policy.statements {
        let Some(name) = statement.name() else { continue };
        let kind = statement.definition.word;
        if let Some(first) = names.defined.get(&(kind, name.text)) {
            let message = ["a `", kind, "` named `", name.text, "` exists already"].concat();
            let found = Diagnostic::new(Code::DuplicateName, name.span, message);
            sink.push(found.with_related(first.span, "first defined here"));
        } else {
            let definition = Definition { index: 0, span: name.span, used: false, statement };
            names.defined.insert((kind, name.text), definition);
        }
    }
    let (mut kind, mut index) = ("", 0);
    for ((own, _), definition) in &mut names.defined {
        index = if *own == kind { index + 1 } else { 0 };
        (kind, definition.index) = (own, index);
    }
    names
}

fn refer<'f>(names: &mut Names<'f>, kind: &'static str, name: Name<'f>, uses: bool, sink: &mut Sink) {
    if let Some(definition) = names.defined.get_mut(&(kind, name.text)) {
        definition.used |= uses;
        return;
    }
    if sink.is_full() {
        return sink.push(Diagnostic::new(Code::UnknownName, name.span, ""));
    }
    let message = ["unknown ", kind, " `", name.text, "`"].concat();
    let found =
        Diagnostic::new(Code::UnknownName, name.span, message).with_label("not defined in this policy");
    let known = names.defined.keys().filter(|(other, _)| *other == kind).map(|(_, known)| *known);
    sink.push(match nearest(name.text, known) {
        // Two names that look alike may still be two: it is for people to say which.
        Some(meant) => {
            let at = names.defined.get(&(kind, meant)).map_or(name.span, |definition| definition.span);
            found.with_help(did_you_mean(meant)).with_related(at, "this one?")
        }
        None if kind == "target" && names.defined.contains_key(&("group", name.text)) => {
            found.with_help("this is a `group`; name its members")
        }
        None => found.with_help(["define it: `", kind, " ", name.text, " { … }`"].concat()),
    });
}

/// A target that has failed isn't asked again, so it can stand in a plan only once.
fn plan(route: &Statement<'_>, sink: &mut Sink) {
    let Some(block) = route.block().filter(|_| route.definition.word == "route") else { return };
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for statement in block.all("try").chain(block.all("then")) {
        statement.each_reference(&mut |_, target| {
            if let Some(first) = seen.get(target.text) {
                let message = ["target `", target.text, "` stands twice in this route"].concat();
                let found = Diagnostic::new(Code::RepeatedTarget, target.span, message)
                    .with_related(*first, "first here");
                sink.push(
                    found.with_help("to try one target several times, raise `attempts` in its `retry`"),
                );
            } else {
                seen.insert(target.text, target.span);
            }
        });
    }
}

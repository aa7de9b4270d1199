//! Each block by itself: required statements are there, and what can stand once stands once. And `route default`.

use super::like::Targets;
use crate::ast::{Block, File, Statement};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::span::Span;
use crate::token::quote;
use crate::vocabulary::Presence;

pub(super) fn check(source: &str, file: &File<'_>, targets: &Targets<'_>, sink: &mut Sink) {
    duplicates(source, &file.policy, sink);
    for statement in &file.policy.statements {
        let Some(block) = statement.block() else { continue };
        within(source, block, sink);
        if statement.is_default_route() {
            only_pass(statement, block, sink);
            continue;
        }
        // A name that is missing has been reported; what has none may be anything, also `route default`.
        let inherited = statement.name().map_or(&[][..], |name| targets.statements(name.text));
        missing(statement, block, inherited, sink);
        if statement.name().is_some() {
            pass_elsewhere(statement, block, sink);
        }
    }
    default_last(file, sink);
    // With an error in the file, the route may be what could not be read.
    if !file.policy.has("route") && !sink.has_errors() {
        let end = source.trim_end().len();
        let found = Diagnostic::new(
            Code::EmptyPolicy,
            Span::new(end, end),
            "the policy has no route, so it would do nothing",
        );
        sink.push(found.with_help("to let everything through on purpose, write `route default { pass }`"));
    }
}

/// Blocks in blocks, and what stands twice in one. Their depth is that of the vocabulary.
fn within(source: &str, block: &Block<'_>, sink: &mut Sink) {
    duplicates(source, block, sink);
    for statement in &block.statements {
        if let Some(inner) = statement.block() {
            within(source, inner, sink);
            missing(statement, inner, &[], sink);
        }
    }
}

fn duplicates(source: &str, block: &Block<'_>, sink: &mut Sink) {
    for definition in block.definition.statements.iter().filter(|definition| !definition.repeats) {
        // A form that isn't supported has been refused; another beside it may be what was meant to stay. What a misspelt
        // one was meant to be is only guessed.
        let guessed = |statement: &Statement<'_>| {
            !definition.word.is_empty() && statement.word.text(source) != definition.word
        };
        let mut same = block
            .statements
            .iter()
            .filter(|statement| std::ptr::eq(statement.definition, definition))
            .filter(|statement| !statement.refused && !guessed(statement));
        let Some(first) = same.next() else { continue };
        for again in same {
            let what = if definition.word.is_empty() { "the amount".into() } else { quote(definition.word) };
            let message = [&what, " is written twice in this `", block.definition.word, "`"].concat();
            let found = Diagnostic::new(Code::DuplicateStatement, again.word, message);
            sink.push(found.with_related(first.word, "first here"));
        }
    }
}

fn missing(outer: &Statement<'_>, block: &Block<'_>, inherited: &[&Statement<'_>], sink: &mut Sink) {
    if block.damaged || outer.wrong {
        return;
    }
    for definition in block.definition.statements {
        let inherits = || inherited.iter().any(|statement| std::ptr::eq(statement.definition, definition));
        if definition.presence != Presence::Required || block.has(definition.word) || inherits() {
            continue;
        }
        // What another target should have said is reported there, or the name is unknown.
        if inherited.iter().any(|statement| statement.definition.word == "like") {
            continue;
        }
        let name = outer.name().map_or("", |name| name.text);
        let space = if name.is_empty() { "" } else { " " };
        let what = if definition.word.is_empty() { "amount".into() } else { quote(definition.word) };
        let message = ["`", outer.definition.word, space, name, "` has no ", &what].concat();
        let help = ["add, for example, `", definition.example, "`"].concat();
        sink.push(Diagnostic::new(Code::MissingStatement, outer.head(), message).with_help(help));
    }
}

fn only_pass(route: &Statement<'_>, block: &Block<'_>, sink: &mut Sink) {
    for statement in &block.statements {
        if statement.definition.word == "pass" || statement.refused {
            continue;
        }
        let message = ["`route default` can only `pass`, not `", statement.definition.word, "`"].concat();
        let help = "to handle all other requests, write a route with another name and `match path \"/*\"`";
        sink.push(Diagnostic::new(Code::DefaultRoute, statement.word, message).with_help(help));
    }
    if !block.has("pass") && !block.damaged {
        let found = Diagnostic::new(Code::DefaultRoute, route.head(), "`route default` has no `pass`");
        sink.push(found.with_help("write `route default { pass }`"));
    }
}

fn pass_elsewhere(outer: &Statement<'_>, block: &Block<'_>, sink: &mut Sink) {
    if outer.definition.word != "route" {
        return;
    }
    for statement in block.all("pass") {
        let found = Diagnostic::new(Code::DefaultRoute, statement.word, "only `route default` can `pass`");
        sink.push(found.with_help("what no route matches passes untouched"));
    }
}

fn default_last(file: &File<'_>, sink: &mut Sink) {
    let mut routes = file.policy.all("route").peekable();
    while let Some(route) = routes.next() {
        if !route.is_default_route() || routes.peek().is_none() {
            continue;
        }
        let found =
            Diagnostic::new(Code::DefaultRoute, route.head(), "`route default` is not the last route");
        sink.push(found.with_help("move it to the end: it takes what no route above it matches"));
    }
}

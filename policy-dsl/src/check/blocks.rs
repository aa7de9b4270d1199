//! Each block by itself: required statements are there, and what can stand once stands once. And `route default`.

use super::Context;
use crate::ast::{Block, File, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::vocabulary::{self, Presence};

pub(super) fn check(file: &File<'_>, context: &mut Context<'_>) {
    for block in &file.blocks {
        duplicates(block, context);
        if block.is_default_route() {
            only_pass(block, context);
        } else {
            missing(block, context);
            // A route without its name may be the default one.
            if block.name.is_some() {
                pass_elsewhere(block, context);
            }
        }
    }
    default_last(file, context);
    let routes = file.blocks.iter().filter(|block| block.definition.word == "route").count();
    // With an error in the file, the route may be what could not be read.
    if routes == 0 && !context.sink.has_errors() {
        let end = context.source.trim_end().len();
        let span = crate::span::Span::new(end, end);
        let found =
            Diagnostic::new(Code::EmptyPolicy, span, "the policy has no route, so it would do nothing");
        context
            .sink
            .push(found.with_help("to let everything through on purpose, write `route default { pass }`"));
    }
}

fn duplicates(block: &Block<'_>, context: &mut Context<'_>) {
    for definition in block.definition.statements.iter().filter(|definition| !definition.repeats) {
        // A form that isn't supported has been refused; another beside it may be what was meant to stay.
        let mut same = block.statements.iter().filter(|statement| {
            std::ptr::eq(statement.definition, definition) && !matches!(statement.value, Value::NotSupported)
        });
        let Some(first) = same.next() else { continue };
        for again in same {
            let message =
                ["`", definition.word, "` is written twice in this `", block.definition.word, "`"].concat();
            let label = context.first_on_line(first.word);
            context
                .sink
                .push(Diagnostic::new(Code::DuplicateStatement, again.word, message).with_label(label));
        }
    }
}

fn missing(block: &Block<'_>, context: &mut Context<'_>) {
    // `like` takes over the statements of another target.
    if block.damaged || has(block, "like") {
        return;
    }
    for definition in block.definition.statements {
        if definition.presence != Presence::Required || has(block, definition.word) {
            continue;
        }
        let name = block.name.map_or("", |name| name.text);
        let message = ["`", block.definition.word, " ", name, "` has no `", definition.word, "`"].concat();
        let span = block.name.map_or(block.word, |name| block.word.to(name.span));
        let help = ["add, for example, `", definition.example, "`"].concat();
        context.sink.push(Diagnostic::new(Code::MissingStatement, span, message).with_help(help));
    }
}

fn has(block: &Block<'_>, word: &str) -> bool {
    block.statements.iter().any(|statement| statement.definition.word == word)
}

fn only_pass(block: &Block<'_>, context: &mut Context<'_>) {
    for statement in &block.statements {
        if statement.definition.value == vocabulary::Value::Nothing
            || matches!(statement.value, Value::NotSupported)
        {
            continue;
        }
        let message = ["`route default` can only `pass`, not `", statement.definition.word, "`"].concat();
        let help = "to handle all other requests, write a route with another name and `match path \"/*\"`";
        context.sink.push(Diagnostic::new(Code::DefaultRoute, statement.word, message).with_help(help));
    }
    if !has(block, "pass") && !block.damaged {
        let span = block.name.map_or(block.word, |name| block.word.to(name.span));
        let found = Diagnostic::new(Code::DefaultRoute, span, "`route default` has no `pass`");
        context.sink.push(found.with_help("write `route default { pass }`"));
    }
}

fn pass_elsewhere(block: &Block<'_>, context: &mut Context<'_>) {
    for statement in &block.statements {
        if statement.definition.value == vocabulary::Value::Nothing {
            let found =
                Diagnostic::new(Code::DefaultRoute, statement.word, "only `route default` can `pass`");
            context.sink.push(found.with_help("what no route matches passes untouched"));
        }
    }
}

fn default_last(file: &File<'_>, context: &mut Context<'_>) {
    let mut routes = file.blocks.iter().filter(|block| block.definition.word == "route").peekable();
    while let Some(route) = routes.next() {
        if !route.is_default_route() || routes.peek().is_none() {
            continue;
        }
        let span = route.name.map_or(route.word, |name| route.word.to(name.span));
        let found = Diagnostic::new(Code::DefaultRoute, span, "`route default` is not the last route");
        context.sink.push(found.with_help("move it to the end: it takes what no route above it matches"));
    }
}

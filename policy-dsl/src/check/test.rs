//! Tests whose statements can't mean anything where they stand.

use std::collections::BTreeMap;

use crate::ast::{Block, Statement, Value};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::span::Span;
use crate::token::quote;

/// Headers that say how a message is sent. Who sends it sets them.
const FRAMING: &[&str] =
    &["connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade"];

/// What is expected is expected of something, and what happens happens to something.
#[inline(never)] // See [profile.wasm].
pub(super) fn check(test: &Block<'_>, sink: &mut Sink) {
    let is_request = |statement: &Statement<'_>| statement.definition.word == "request";
    let first = test.statements.iter().position(is_request);
    let last = test.statements.iter().rposition(is_request);
    for (place, statement) in test.statements.iter().enumerate() {
        let word = statement.definition.word;
        match word {
            "expect" if first.is_none_or(|first| place < first) => {
                let message = "this `expect` has no `request` above it";
                let found = Diagnostic::new(Code::TestOrder, statement.word, message);
                sink.push(
                    found.with_help("write `request { }` above it: the least one is a chat completion"),
                );
            }
            // Without any request, that is the finding.
            "upstream" | "wait" if last.is_some_and(|last| place > last) => {
                let message = ["no `request` comes after this `", word, "`, so it changes nothing"].concat();
                let found = Diagnostic::new(Code::TestOrder, statement.word, message);
                sink.push(found.with_help("move it above the `request` that it is for, or remove it"));
            }
            _ => {}
        }
        let Some(block) = statement.block() else { continue };
        if word == "upstream" {
            refuses_alone(block, sink);
            nothing_after_forever(block, sink);
            block.all("answer").for_each(|answer| answered_headers(answer, sink));
        } else {
            made_elsewhere(block, sink);
            headers(block.all("header").filter_map(named), word == "request", sink);
        }
    }
}

fn refuses_alone(upstream: &Block<'_>, sink: &mut Sink) {
    if upstream.statements.len() < 2 {
        return;
    }
    for statement in upstream.all("refuse") {
        let message = "a provider that refuses connections can do nothing else";
        let found = Diagnostic::new(Code::TestOrder, statement.word, message);
        sink.push(found.with_help("write another `upstream` block behind the request that it is for"));
    }
}

fn nothing_after_forever(upstream: &Block<'_>, sink: &mut Sink) {
    let mut statements = upstream.statements.iter();
    let forever = |value: &Value<'_>| matches!(value, Value::Word("forever"));
    let Some(endless) = statements.find(|statement| statement.values.iter().any(forever)) else { return };
    if let Some(next) = statements.next() {
        let message = ["this `", next.definition.word, "` stands behind one that holds `forever`"].concat();
        let found = Diagnostic::new(Code::TestOrder, next.word, message);
        sink.push(found.with_related(endless.span, "this one never ends").with_help(
            "say for how many requests that one holds, or write another `upstream` block behind a request",
        ));
    }
}

/// What the chat completion holds that this request isn't.
fn made_elsewhere(request: &Block<'_>, sink: &mut Sink) {
    let Some(body) = request.all("body").next().filter(|_| request.definition.word == "request") else {
        return;
    };
    for statement in ["model", "stream", "prompt"].into_iter().flat_map(|word| request.all(word)) {
        let message = ["`", statement.definition.word, "` changes nothing beside `body`"].concat();
        let found = Diagnostic::new(Code::TestOrder, statement.span, message);
        let found = found.with_related(body.word, "this is the whole body");
        sink.push(found.with_help("write it into the body"));
    }
}

/// The name that a `header` statement begins with, and where it stands.
fn named<'a>(header: &'a Statement<'_>) -> Option<(&'a str, Span)> {
    let (Some(Value::Text(name)), Some(span)) = (header.values.first(), header.spans.first()) else {
        return None;
    };
    Some((name, *span))
}

fn answered_headers(answer: &Statement<'_>, sink: &mut Sink) {
    for value in &answer.values {
        if let Value::List(items) = value {
            let names = items.iter().filter_map(|item| match item.values.first() {
                Some(Value::Text(name)) => Some((name.as_str(), item.span)),
                _ => None,
            });
            headers(names, true, sink);
        }
    }
}

/// Each of them once; and where they are sent, none that the sender sets itself.
fn headers<'a>(names: impl Iterator<Item = (&'a str, Span)>, sent: bool, sink: &mut Sink) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for (name, span) in names {
        if let Some(first) = seen.insert(name, span) {
            let message = ["the header ", &quote(name), " is written twice"].concat();
            let found = Diagnostic::new(Code::RepeatedValue, span, message);
            sink.push(found.with_related(first, "first here"));
        } else if sent && FRAMING.contains(&name) {
            let message = ["the header ", &quote(name), " can't be chosen"].concat();
            let found = Diagnostic::new(Code::InvalidText, span, message);
            sink.push(found.with_help("it says how the message is sent, so its sender sets it; remove it"));
        }
    }
}

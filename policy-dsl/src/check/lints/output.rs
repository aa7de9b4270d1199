//! Rules of answers, and actions, that can't come to bear.

use super::Judged;
use super::effects::{never_streams, push};
use crate::ast::{Block, Item, Statement, Value};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::{InvalidAction, Output, PathMatch, StreamMode};

/// How paths end whose answers have no text of a model: nothing of it can be checked.
const WITHOUT_TEXT: &[&str] = &[
    "/embeddings",
    "/moderations",
    "/models",
    "/files",
    "/batches",
    "/rerank",
    "/images/generations",
    "/audio/speech",
    "/count_tokens",
    ":countTokens",
    ":embedContent",
    ":batchEmbedContents",
];

pub(super) fn check(judged: &Judged<'_, '_>, effort: &mut usize, sink: &mut Sink) {
    let Some(rules) = &judged.route.output else { return };
    for output in judged.block.all("output") {
        let Some(block) = output.block() else { continue };
        if let PathMatch::Exact(path) = &judged.route.path
            && WITHOUT_TEXT.iter().any(|end| path.ends_with(end))
        {
            let message = ["answers of `", path, "` have no text that could be checked"].concat();
            push(output.word, &message, "leave it out", sink);
            continue;
        }
        if !asks(rules) {
            nothing_asked(output, block, sink);
            continue;
        }
        actions(judged, rules, block, sink);
        streams(judged, rules, block, effort, sink);
        #[cfg(feature = "output")]
        patterns(block, sink);
    }
}

/// Whether there is any rule that an answer could break.
fn asks(rules: &Output) -> bool {
    rules.schema.is_some()
        || rules.schema_from_request
        || !(rules.deny.is_empty() && rules.require.is_empty())
        || !(rules.fields.is_empty() && rules.finish.is_empty())
        || rules.least_characters.is_some()
        || rules.most_characters.is_some()
        || rules.language.is_some()
        || rules.repeats.is_some()
        || rules.denies_refusals
        || rules.tools_declared
}

fn nothing_asked(output: &Statement<'_>, block: &Block<'_>, sink: &mut Sink) {
    let message = "nothing is asked of an answer here, so none is invalid";
    let help = "add what it must be like, such as `schema file \"answer.schema.json\"` or `finish stop`";
    let mut idle = block.all("invalid").chain(block.all("hopeless")).peekable();
    if block.statements.is_empty() {
        push(output.word, message, help, sink);
    } else if let Some(first) = idle.peek() {
        push(first.span, message, help, sink);
    }
}

/// The actions as they are written.
fn items<'b, 's>(block: &'b Block<'s>) -> &'b [Item<'s>] {
    match block.all("invalid").next().and_then(|invalid| invalid.values.first()) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn actions(judged: &Judged<'_, '_>, rules: &Output, block: &Block<'_>, sink: &mut Sink) {
    let is_final = |action: &InvalidAction| matches!(action, InvalidAction::Reject | InvalidAction::Pass);
    let last = rules.invalid.iter().position(is_final).unwrap_or(usize::MAX);
    let is_alone = judged.route.targets().count() == 1;
    let can_repair = rules.schema.is_some()
        || rules.schema_from_request
        || rules.tools_declared
        || !rules.fields.is_empty();
    for (at, (action, item)) in rules.invalid.iter().zip(items(block)).enumerate() {
        let (message, help) = match action {
            _ if at > last => {
                let message = "this is never done: what stands before it is final";
                push(item.span, message, "`reject` and `pass` end the matter: write them last", sink);
                break;
            }
            InvalidAction::Repair if !can_repair => (
                "there is nothing to repair by: only JSON can be repaired, by its schema",
                "add `schema …` or `tools declared`, or leave it out",
            ),
            InvalidAction::Retry(_) | InvalidAction::FailOver if judged.route.retry.attempts == 1 => {
                ("there is one attempt, and nothing follows it", "raise `attempts`, or leave it out")
            }
            InvalidAction::FailOver if is_alone => {
                ("there is no other target to fail over to", "name another target, or leave it out")
            }
            _ => continue,
        };
        push(item.span, message, help, sink);
    }
}

fn streams(judged: &Judged<'_, '_>, rules: &Output, block: &Block<'_>, effort: &mut usize, sink: &mut Sink) {
    let mode = judged.route.stream;
    let never = never_streams(judged, effort);
    for hopeless in block.all("hopeless").filter(|_| rules.ends_hopeless) {
        if never {
            push(hopeless.span, "no answer is streamed here, so none is ended early", "leave it out", sink);
        } else if mode == StreamMode::Complete {
            let message = "with `stream complete` an answer is checked before any of it is delivered: none is ended early";
            push(hopeless.span, message, "leave it out", sink);
        }
    }
    if never || mode != StreamMode::Live {
        return;
    }
    let mends = |action: &InvalidAction| {
        matches!(action, InvalidAction::Repair | InvalidAction::Retry(_) | InvalidAction::FailOver)
    };
    let Some((_, item)) = rules.invalid.iter().zip(items(block)).find(|(action, _)| mends(action)) else {
        return;
    };
    let message = "with `stream live` a streamed answer was delivered before it is known to be invalid";
    let found =
        Diagnostic::new(Code::LateCheck, item.span, message).with_label("so this can't be done to it");
    let found = match judged.block.all("stream").next() {
        Some(stream) => found.with_related(stream.span, "said here"),
        None => found,
    };
    sink.push(found.with_help(
        "write `stream complete` to hold streams back until they are checked, or `until_commit` to let most of them go",
    ));
}

/// Patterns that every text has.
#[cfg(feature = "output")]
fn patterns(block: &Block<'_>, sink: &mut Sink) {
    let statements = block.all("deny").map(|deny| (deny, true));
    for (statement, denies) in statements.chain(block.all("require").map(|require| (require, false))) {
        let Some(Value::Pattern(pattern)) = statement.values.first() else { continue };
        if crate::foreign::is_everywhere(pattern) {
            let message = if denies {
                "this is found in every text, also in an empty one: no answer fits"
            } else {
                "this is found in every text, also in an empty one: it asks for nothing"
            };
            let span = statement.spans.first().copied().unwrap_or(statement.span);
            let found = Diagnostic::new(Code::FoundEverywhere, span, message);
            sink.push(found.with_help("ask for at least one character: `+` in place of `*`"));
        }
    }
}

//! Targets that can't score or embed answers.

use super::Judged;
use crate::ast::Statement;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::{Provider, Target};
use crate::span::Span;

pub(super) fn check(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let outputs = judged.block.all("output").filter_map(Statement::block);
    for output in outputs {
        for word in ["judge", "drift"] {
            for statement in output.all(word) {
                statement.each_reference(&mut |kind, name| {
                    let index = judged.resolved.names.index(kind, name.text).filter(|_| kind == "target");
                    if let Some(target) = index.and_then(|index| judged.policy.targets.get(index)) {
                        one(target, word, name.span, sink);
                    }
                });
            }
        }
    }
}

fn one(target: &Target, word: &str, span: Span, sink: &mut Sink) {
    if target.price.is_none() {
        let message = ["target `", &target.name, "` has no `price`, which the budget of `", word, "` needs"];
        let found = Diagnostic::new(Code::MissingPrice, span, message.concat());
        let found = found.with_label("nothing is asked of it");
        sink.push(found.with_help("add, for example, `price $2 in, $8 out per 1M tokens` to the target"));
    }
    if target.model.is_none() {
        let message =
            ["target `", &target.name, "` has no `model`, and `", word, "` has no caller to name one"];
        let found = Diagnostic::new(Code::NoEffect, span, message.concat());
        let found = found.with_label("nothing is asked of it");
        sink.push(found.with_help("add, for example, `model \"gpt-4.1-mini\"` to the target"));
    }
    if word == "drift" && !matches!(target.provider, Provider::OpenAi | Provider::Azure) {
        let message = ["target `", &target.name, "` speaks a dialect whose embeddings can't be read"];
        let found = Diagnostic::new(Code::NoEffect, span, message.concat());
        let found = found.with_label("nothing is asked of it");
        sink.push(
            found.with_help("use a target with `provider openai` or `azure`, and a model for embeddings"),
        );
    }
}

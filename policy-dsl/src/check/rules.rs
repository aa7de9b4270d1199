//! Values that contradict each other, each of which is right by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{only, test};
use crate::ast::{File, Item, Statement, Value};
use crate::diagnostic::{Code, Diagnostic, Edit, Sink};
use crate::span::Span;
use crate::vocabulary::duration_text;

pub(super) fn check(file: &File<'_>, sink: &mut Sink) {
    for statement in &file.policy.statements {
        let Some(block) = statement.block() else { continue };
        match statement.definition.word {
            "target" => block.all("price").for_each(|price| complete_price(price, sink)),
            "retry" => block.all("backoff").for_each(|backoff| backoff_order(backoff, sink)),
            "route" => {
                block.all("timeout").for_each(|timeout| timeouts(timeout, sink));
                block.all("try").chain(block.all("then")).for_each(|stage| weights(stage, sink));
            }
            "test" => test::check(block, sink),
            _ => {}
        }
    }
    tiers(file, sink);
}

/// A range that starts above its end; the spans are those of both ends.
fn in_order(what: &str, first: (Duration, Span), last: (Duration, Span), bound: &str, sink: &mut Sink) {
    if first.0 <= last.0 {
        return;
    }
    let (from, to) = (duration_text(first.0), duration_text(last.0));
    let message = [what, " starts at `", &from, "`, above its ", bound, " of `", &to, "`"].concat();
    let help = ["write `", &to, " .. ", &from, "`"].concat();
    let edits = vec![Edit { span: first.1, replacement: to }, Edit { span: last.1, replacement: from }];
    let found = Diagnostic::new(Code::RangeOrder, first.1.to(last.1), message);
    sink.push(found.with_help(help).with_fix("swap them", edits));
}

fn backoff_order(backoff: &Statement<'_>, sink: &mut Sink) {
    let [_, Value::Duration(base), Value::Duration(cap)] = &backoff.values[..] else { return };
    let [_, from, to] = &backoff.spans[..] else { return };
    in_order("the backoff", (*base, *from), (*cap, *to), "cap", sink);
}

/// The parts of a list, by the word that each begins with, if one does.
fn items<'a, 's>(statement: &'a Statement<'s>) -> &'a [Item<'s>] {
    if let Some(Value::List(items)) = only(statement) { items } else { &[] }
}

fn timeouts(timeout: &Statement<'_>, sink: &mut Sink) {
    if timeout.wrong {
        return;
    }
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for item in items(timeout) {
        let kind = match &item.values[..] {
            [Value::Word(word), ..] => word,
            [Value::Duration(_) | Value::Hundredths(_), ..] => "",
            _ => continue,
        };
        if let Some(first) = seen.insert(kind, item.span) {
            let what = if kind.is_empty() { "the timeout of the whole attempt" } else { kind };
            let message = [what, " is written twice"].concat();
            let found = Diagnostic::new(Code::RepeatedValue, item.span, message);
            sink.push(found.with_related(first, "first here"));
        }
        if let [Value::Hundredths(_), _, Value::Duration(min), Value::Duration(max)] = &item.values[..] {
            in_order("the timeout", (*min, item.span), (*max, item.span), "end", sink);
        }
    }
}

fn weights(stage: &Statement<'_>, sink: &mut Sink) {
    let [Value::List(targets), Value::Word("weighted"), Value::List(weights), ..] = &stage.values[..] else {
        return;
    };
    if targets.len() == weights.len() {
        return;
    }
    let (weights, targets) = (weights.len().to_string(), targets.len().to_string());
    let message = ["there are ", &weights, " weights for ", &targets, " targets"].concat();
    let span = stage.spans.get(2).copied().unwrap_or(stage.span);
    let found = Diagnostic::new(Code::WeightCount, span, message);
    sink.push(found.with_help("write one weight for each target, in the same order"));
}

fn complete_price(price: &Statement<'_>, sink: &mut Sink) {
    if price.wrong {
        return;
    }
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for item in items(price) {
        let [_, Value::Word(kind)] = &item.values[..] else { continue };
        if let Some(first) = seen.insert(kind, item.span) {
            let message = ["the price of `", kind, "` is written twice"].concat();
            let found = Diagnostic::new(Code::RepeatedValue, item.span, message);
            sink.push(found.with_related(first, "first here"));
        }
    }
    for kind in ["in", "out"] {
        if !seen.contains_key(kind) {
            let message = ["the price says nothing about `", kind, "`"].concat();
            let found = Diagnostic::new(Code::IncompletePrice, price.span, message);
            sink.push(found.with_help("write what both cost: `price $2 in, $8 out per 1M tokens`"));
        }
    }
}

fn tiers(file: &File<'_>, sink: &mut Sink) {
    let mut tenants: BTreeMap<&str, Span> = BTreeMap::new();
    let mut default: Option<Span> = None;
    for block in file.policy.all("tier").filter_map(Statement::block) {
        for item in block.all("tenants").flat_map(items) {
            let [Value::Text(tenant)] = &item.values[..] else { continue };
            if let Some(first) = tenants.insert(tenant, item.span) {
                let message = ["tenant `", tenant, "` is in two tiers"].concat();
                let found = Diagnostic::new(Code::TierConflict, item.span, message);
                sink.push(found.with_related(first, "first here"));
            }
        }
        for statement in block.all("default") {
            if let Some(first) = default.replace(statement.span) {
                let message = "two tiers are the `default` one";
                let found = Diagnostic::new(Code::TierConflict, statement.span, message);
                sink.push(found.with_related(first, "first here"));
            }
        }
    }
}

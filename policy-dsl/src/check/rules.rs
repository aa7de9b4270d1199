//! Values that contradict each other, each of which is right by itself.

use std::collections::BTreeMap;

use super::{only, output, test};
use crate::ast::{Block, File, Item, Statement, Value};
use crate::diagnostic::{Code, Diagnostic, Edit, Sink};
use crate::parser::is_reserved;
use crate::policy::{Amount, CREDENTIAL_HEADERS};
use crate::span::Span;
use crate::token::quote;

pub(super) fn check(source: &str, file: &File<'_>, sink: &mut Sink) {
    let mut foreign = output::Foreign::default();
    for statement in &file.policy.statements {
        let Some(block) = statement.block() else { continue };
        match statement.definition.word {
            "target" => block.all("price").for_each(|price| complete_price(price, sink)),
            "retry" => block.all("backoff").for_each(|backoff| backoff_order(source, backoff, sink)),
            "route" => {
                block.all("timeout").for_each(|timeout| timeouts(source, timeout, sink));
                let outputs = block.all("output").filter_map(Statement::block);
                for sampled in outputs.flat_map(|output| output.all("judge").chain(output.all("drift"))) {
                    money(sampled, sink);
                }
                for stage in block.all("try").chain(block.all("then")) {
                    weights(stage, sink);
                    overridden(stage, sink);
                }
                for rules in block.all("output").filter_map(Statement::block) {
                    output::check(source, rules, &mut foreign, sink);
                }
            }
            "limit" => {
                block.all("").for_each(|amount| rolling(amount, sink));
                block.all("via").for_each(|via| counted_elsewhere(block, via, sink));
            }
            "health" => readers(statement, block, sink),
            "test" => test::check(block, sink),
            _ => {}
        }
    }
    tiers(file, sink);
}

/// A range that starts above its end.
fn out_of_order(source: &str, what: &str, bound: &str, from: Span, to: Span) -> Diagnostic {
    let (first, last) = (from.text(source), to.text(source));
    let message = [what, " starts at `", first, "`, above its ", bound, " of `", last, "`"].concat();
    let help = ["write `", last, " .. ", first, "`"].concat();
    let edits = vec![
        Edit { span: from, replacement: last.to_string() },
        Edit { span: to, replacement: first.to_string() },
    ];
    Diagnostic::new(Code::RangeOrder, from.to(to), message).with_help(help).with_fix("swap them", edits)
}

fn backoff_order(source: &str, backoff: &Statement<'_>, sink: &mut Sink) {
    let [_, Value::Duration(base), Value::Duration(cap)] = &backoff.values[..] else { return };
    let [_, from, to] = &backoff.spans[..] else { return };
    if base > cap {
        sink.push(out_of_order(source, "the backoff", "cap", *from, *to));
    }
}

/// The parts of a list, by the word that each begins with, if one does.
fn items<'a, 's>(statement: &'a Statement<'s>) -> &'a [Item<'s>] {
    if let Some(Value::List(items)) = only(statement) { items } else { &[] }
}

#[inline(never)] // See [profile.wasm].
fn timeouts(source: &str, timeout: &Statement<'_>, sink: &mut Sink) {
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
        let ends = (&item.values[..], &item.spans[..]);
        if let ([_, _, Value::Duration(min), Value::Duration(max)], [_, _, from, to]) = ends
            && min > max
        {
            sink.push(out_of_order(source, "the timeout", "end", *from, *to));
        }
    }
}

/// A page for everybody is not what leaving both out should mean.
#[inline(never)] // See [profile.wasm].
fn readers(health: &Statement<'_>, block: &Block<'_>, sink: &mut Sink) {
    if block.has("auth") || block.has("from") || block.damaged || health.wrong {
        return;
    }
    let message = "`health` says nothing about who may read it";
    let found = Diagnostic::new(Code::MissingStatement, health.head(), message);
    sink.push(found.with_help("add `auth bearer env.HEALTH_TOKEN`, or `from \"10.0.0.0/8\"`, or both"));
}

/// Only money counts by the calendar, so only there `rolling` says something.
fn rolling(amount: &Statement<'_>, sink: &mut Sink) {
    let ([Value::Amount(counted), Value::Word("rolling")], [_, word]) =
        (&amount.values[..], &amount.spans[..])
    else {
        return;
    };
    if !matches!(counted, Amount::Money { .. }) {
        let found = Diagnostic::new(Code::WrongUnit, *word, "only an amount of money can be `rolling`");
        sink.push(
            found.with_help("tokens and requests flow evenly, and `burst` says how unevenly; remove it"),
        );
    }
}

/// What calls may cost is a sum of money.
fn money(sampled: &Statement<'_>, sink: &mut Sink) {
    for (value, span) in sampled.values.iter().zip(&sampled.spans) {
        if matches!(value, Value::Amount(amount) if !matches!(amount, Amount::Money { .. })) {
            let found = Diagnostic::new(Code::WrongUnit, *span, "a `budget` is an amount of money");
            sink.push(found.with_help("write, for example, `budget $5/day`"));
        }
    }
}

/// The protocol of rate limit services can't give anything back, so what is under way can't be counted there.
#[inline(never)] // See [profile.wasm].
fn counted_elsewhere(limit: &Block<'_>, via: &Statement<'_>, sink: &mut Sink) {
    let is_concurrent =
        limit.all("").any(|amount| matches!(amount.values[..], [Value::Amount(Amount::Concurrent(_)), ..]));
    if is_concurrent {
        let message = "a rate limit service can't count requests at once";
        let found = Diagnostic::new(Code::WrongUnit, via.span, message);
        sink.push(found.with_help(
            "it is never told that a request has ended: limit `requests/min` there, or leave out `via`",
        ));
    }
}

#[inline(never)] // See [profile.wasm].
fn weights(stage: &Statement<'_>, sink: &mut Sink) {
    let [Value::List(targets), Value::Word("weighted"), Value::List(weights), ..] = &stage.values[..] else {
        return;
    };
    let span = stage.spans.get(2).copied().unwrap_or(stage.span);
    if targets.len() == weights.len() {
        if weights.iter().all(|weight| matches!(weight.values[..], [Value::Count(0)])) {
            let message = "every weight is 0, so no target is ever chosen";
            let found = Diagnostic::new(Code::WeightCount, span, message);
            sink.push(found.with_help("a target without weight gets nothing: give one of them some"));
        }
        return;
    }
    let (weights, targets) = (weights.len().to_string(), targets.len().to_string());
    let message = ["there are ", &weights, " weights for ", &targets, " targets"].concat();
    let found = Diagnostic::new(Code::WeightCount, span, message);
    sink.push(found.with_help("write one weight for each target, in the same order"));
}

/// Headers that aren't a plan's to set: they say where the request goes, who asks, and how its body is sent.
#[inline(never)] // See [profile.wasm].
fn overridden(stage: &Statement<'_>, sink: &mut Sink) {
    for header in stage.block().into_iter().flat_map(|overrides| overrides.all("header")) {
        let [Value::Text(name), ..] = &header.values[..] else { continue };
        let help = if name == "host" {
            "say it in the target: `host \"api.openai.com\"`"
        } else if CREDENTIAL_HEADERS.contains(&name.as_str()) {
            "say it in the target, which reads it from the environment: `auth bearer env.NAME`"
        } else if is_reserved(name) {
            "it belongs to the connection, to the body or to the proxy"
        } else {
            continue;
        };
        let span = header.spans.first().copied().unwrap_or(header.span);
        let message = ["the header ", &quote(name), " can't be changed here"].concat();
        sink.push(Diagnostic::new(Code::InvalidText, span, message).with_help(help));
    }
}

#[inline(never)] // See [profile.wasm].
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

#[inline(never)] // See [profile.wasm].
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

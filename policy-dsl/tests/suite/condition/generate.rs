//! Random conditions of the right types, and random requests that often meet them.

use proptest::prelude::*;

use super::support::Request;

const WORDS: &[&str] =
    &["", "a", "ab", "abc", "b", "gpt-4", "gpt-4o", "gpt", "claude", "ä€🌊", "POST", "search"];
const HEADERS: &[&str] = &["x-a", "x-b", "x-c"];

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS).prop_map(String::from)
}

fn small() -> impl Strategy<Value = i64> {
    prop_oneof![8 => -2_i64..26, 1 => any::<i64>(), 1 => Just(i64::MAX), 1 => Just(i64::MIN)]
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    let texts = prop::array::uniform6(word());
    let count = prop_oneof![8 => 0_i64..26, 1 => Just(i64::MAX)];
    let numbers = (count.clone(), count.clone(), count, 0_i64..24).prop_map(|(a, b, c, d)| [a, b, c, d]);
    let headers = prop::collection::vec((prop::sample::select(HEADERS), word()), 0..4);
    let tools = prop::collection::vec(word(), 0..4);
    (texts, numbers, any::<bool>(), headers, tools).prop_map(
        |(texts, numbers, stream, headers, mut tools)| {
            tools.sort();
            tools.dedup();
            let mut unique: Vec<(String, String)> = Vec::new();
            for (name, value) in headers {
                if unique.iter().all(|(known, _)| known != name) {
                    unique.push((name.to_string(), value));
                }
            }
            Request { texts, numbers, stream, headers: unique, tools }
        },
    )
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn text_leaf() -> BoxedStrategy<String> {
    const NAMES: &[&str] = &["model", "path", "method", "tenant", "tier", "prompt_version"];
    prop_oneof![
        3 => Just("model".to_string()),
        2 => prop::sample::select(NAMES).prop_map(String::from),
        2 => prop::sample::select(HEADERS).prop_map(|name| format!("headers[\"{name}\"]")),
        3 => word().prop_map(|text| quoted(&text)),
    ]
    .boxed()
}

fn number_leaf() -> BoxedStrategy<String> {
    const NAMES: &[&str] =
        &["turns", "hour", "tokens.input", "tokens.max_output", "size(tools)", "tools.size()"];
    prop_oneof![
        3 => Just("turns".to_string()),
        3 => prop::sample::select(NAMES).prop_map(String::from),
        3 => small().prop_map(|number| number.to_string()),
        1 => text_leaf().prop_map(|text| format!("size({text})")),
    ]
    .boxed()
}

fn number() -> BoxedStrategy<String> {
    number_leaf()
        .prop_recursive(2, 6, 2, |inner| {
            prop_oneof![
                (inner.clone(), prop::sample::select(vec!["+", "-", "*"]), inner.clone())
                    .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
                (inner.clone(), prop::sample::select(vec!["/", "%"]), prop_oneof![1_i64..9, -9_i64..-1])
                    .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
                inner.prop_map(|a| format!("-({a})")),
            ]
        })
        .boxed()
}

fn leaf() -> BoxedStrategy<String> {
    let comparison = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let words = prop::collection::vec(word(), 0..4);
    let numbers = prop::collection::vec(small(), 1..4);
    prop_oneof![
        1 => Just("stream".to_string()),
        3 => (text_leaf(), comparison(), text_leaf()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        4 => (number(), comparison(), number()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        3 => (text_leaf(), prop::sample::select(vec!["startsWith", "endsWith", "contains"]), text_leaf())
            .prop_map(|(a, function, b)| format!("{a}.{function}({b})")),
        2 => (text_leaf(), words).prop_map(|(a, words)| {
            format!("{a} in [{}]", words.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
        }),
        1 => (number(), numbers).prop_map(|(a, numbers)| format!("{a} in {numbers:?}")),
        1 => prop::sample::select(HEADERS).prop_map(|name| format!("\"{name}\" in headers")),
        1 => text_leaf().prop_map(|text| format!("{text} in tools")),
    ]
    .boxed()
}

/// A condition of the right types.
pub(crate) fn condition() -> BoxedStrategy<String> {
    leaf()
        .prop_recursive(4, 12, 4, |inner| {
            prop_oneof![
                4 => (prop::collection::vec(inner.clone(), 2..4), prop::sample::select(vec![" && ", " || "]))
                    .prop_map(|(parts, op)| format!("({})", parts.join(op))),
                2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} && {b} || {a}")),
                2 => inner.clone().prop_map(|a| format!("!({a})")),
                1 => (inner.clone(), prop::sample::select(vec!["==", "!="]), inner.clone())
                    .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
                1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
                1 => (inner.clone(), text_leaf(), text_leaf(), text_leaf())
                    .prop_map(|(a, b, c, d)| format!("({a} ? {b} : {c}) == {d}")),
                1 => (inner, number_leaf(), number_leaf(), number_leaf())
                    .prop_map(|(a, b, c, d)| format!("({a} ? {b} : {c}) < {d}")),
            ]
        })
        .boxed()
}

//! The same conditions read by another implementation of CEL, which comes to the same results.

use std::collections::HashMap;

use cel::{Context, Program, Value};
use proptest::prelude::*;

use super::generate;
use super::support::{Request, read, request, valid};

fn context(request: &Request) -> Context<'static, 'static> {
    let mut context = Context::default();
    for (name, value) in
        ["model", "path", "method", "tenant", "tier", "prompt_version"].iter().zip(&request.texts)
    {
        context.add_variable_from_value(*name, value.clone());
    }
    let [input, max_output, turns, hour] = request.numbers;
    let tokens = HashMap::from([("input", input), ("max_output", max_output)]);
    context.add_variable_from_value("tokens", tokens);
    context.add_variable_from_value("turns", turns);
    context.add_variable_from_value("hour", hour);
    context.add_variable_from_value("stream", request.stream);
    context.add_variable_from_value("headers", request.headers.iter().cloned().collect::<HashMap<_, _>>());
    context.add_variable_from_value("tools", request.tools.clone());
    context
}

/// What the other implementation says, unless it refuses the condition or fails.
fn theirs(source: &str, request: &Request) -> Option<bool> {
    match Program::compile(source).ok()?.execute(&context(request)) {
        Ok(Value::Bool(value)) => Some(value),
        _ => None,
    }
}

#[test]
fn examples_mean_the_same_in_cel() {
    for source in [
        r#"model.startsWith("gpt-4") && turns < 20"#,
        r#"tokens.input > 8000 || !stream"#,
        r#""search" in tools && size(tools) == 2"#,
        r#"headers["x-team"] == "blue" && "x-team" in headers"#,
        "turns % 2 == 1 && -turns / 2 == -1 && -turns % 2 == -1",
        r#"(stream ? "a" : "b") < "b""#,
        r#"size("äö€") == 3"#,
    ] {
        let request = request();
        assert_eq!(theirs(source, &request), Some(valid(source).holds(&request)), "{source}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conditions_mean_the_same_in_cel(source in generate::condition(), requests in prop::collection::vec(generate::request(), 4)) {
        let (condition, found) = read(&source);
        prop_assert!(condition.is_some(), "{} {:?}", source, found);
        let condition = condition.unwrap();
        for request in requests {
            if let Some(value) = theirs(&source, &request) {
                prop_assert_eq!(condition.holds(&request), value, "{}", source);
                prop_assert_eq!(theirs(&condition.text(), &request).unwrap_or(value), value, "{}", condition.text());
            }
        }
    }
}

/// The comparison above is worth something: most conditions have a value there.
#[test]
fn most_conditions_can_be_compared() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let compared = (0..200)
        .filter(|_| {
            let source = generate::condition().new_tree(&mut runner).unwrap().current();
            let request = generate::request().new_tree(&mut runner).unwrap().current();
            theirs(&source, &request).is_some()
        })
        .count();
    assert!(compared > 100, "{compared} of 200");
}

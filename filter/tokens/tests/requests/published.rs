//! Figures that others have published with what the API reported.

use seawall_tokens::Dialect;
use serde_json::{Value, json};

use crate::count;

/// OpenAI cookbook, "How to count tokens with tiktoken", part 6.
#[test]
fn messages_cost_what_the_api_reported_in_the_cookbook() {
    let body = json!({ "messages": [
        { "role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English." },
        { "role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth." },
        { "role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue." },
        { "role": "system", "name": "example_user", "content": "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage." },
        { "role": "system", "name": "example_assistant", "content": "Let's talk later when we're less busy about how to do better." },
        { "role": "user", "content": "This late pivot means we don't have time to boil the ocean for the client deliverable." },
    ]});
    for (model, tokens) in
        [("gpt-3.5-turbo", 129), ("gpt-4-0613", 129), ("gpt-4", 129), ("gpt-4o", 124), ("gpt-4o-mini", 124)]
    {
        let tally = count(Dialect::Chat, model, &body);
        assert_eq!((tally.total(), tally.is_estimate), (tokens, false), "{model}");
    }
}

/// The same, part 7.
#[test]
fn tools_cost_what_the_api_reported_in_the_cookbook() {
    let body = json!({
        "tools": [{ "type": "function", "function": {
            "name": "get_current_weather",
            "description": "Get the current weather in a given location",
            "parameters": {
                "type": "object",
                "properties": {
                    "location": { "type": "string", "description": "The city and state, e.g. San Francisco, CA" },
                    "unit": { "type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"] },
                },
                "required": ["location"],
            },
        }}],
        "messages": [
            { "role": "system", "content": "You are a helpful assistant that can answer to questions about the weather." },
            { "role": "user", "content": "What's the weather like in San Francisco?" },
        ],
    });
    for (model, tokens) in [("gpt-3.5-turbo", 105), ("gpt-4", 105), ("gpt-4o", 101), ("gpt-4o-mini", 101)] {
        assert_eq!(count(Dialect::Chat, model, &body).total(), tokens, "{model}");
    }
}

/// hmarr/openai-chat-tokens, `tests/token-counts.test.ts`: what gpt-3.5-turbo reported.
#[test]
fn functions_cost_what_the_api_reported() {
    let user = |content: &str| json!({ "role": "user", "content": content });
    let system = |content: &str| json!({ "role": "system", "content": content });
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    let do_stuff = json!([{ "name": "do_stuff", "parameters": object(json!({})) }]);
    let recipe = json!([{ "name": "get_recipe", "parameters": {
        "type": "object",
        "required": ["ingredients", "instructions", "time_to_cook"],
        "properties": {
            "ingredients": { "type": "array", "items": {
                "type": "object",
                "required": ["name", "unit", "amount"],
                "properties": {
                    "name": { "type": "string" },
                    "unit": { "enum": ["grams", "ml", "cups", "pieces", "teaspoons"], "type": "string" },
                    "amount": { "type": "number" },
                },
            }},
            "instructions": { "type": "array", "items": { "type": "string" }, "description": "Steps to prepare the recipe (no numbering)" },
            "time_to_cook": { "type": "number", "description": "Total time to prepare the recipe in minutes" },
        },
    }}]);
    let bing_bong = |properties| json!([{ "name": "bing_bong", "description": "Do a bing bong", "parameters": object(properties) }]);
    let nested = json!({ "foo": object(json!({ "bar": { "type": "string", "enum": ["a", "b", "c"] }, "baz": { "type": "boolean" } })) });
    let rows = [
        (json!([user("hello")]), json!([]), 8),
        (json!([user("hello world")]), json!([]), 9),
        (json!([system("hello:")]), json!([]), 9),
        (
            json!([system("# Important: you're the best robot"), user("hello robot"), { "role": "assistant", "content": "hello world" }]),
            json!([]),
            27,
        ),
        (json!([user("hello")]), json!([{ "name": "foo", "parameters": object(json!({})) }]), 31),
        (
            json!([user("hello")]),
            json!([{ "name": "foo", "description": "Do a foo", "parameters": object(json!({})) }]),
            36,
        ),
        (json!([user("hello")]), bing_bong(json!({ "foo": { "type": "string" } })), 49),
        (
            json!([user("hello")]),
            bing_bong(
                json!({ "foo": { "type": "string" }, "bar": { "type": "number", "description": "A number" } }),
            ),
            57,
        ),
        (json!([user("hello")]), bing_bong(nested), 68),
        (
            json!([user("hello world"), { "role": "function", "name": "do_stuff", "content": "{}" }]),
            json!([]),
            15,
        ),
        (
            json!([user("hello world"), { "role": "function", "name": "do_stuff", "content": "{\"foo\": \"bar\", \"baz\": 1.5}" }]),
            json!([]),
            28,
        ),
        (
            json!([{ "role": "function", "name": "dance_the_tango", "content": "{\"a\": { \"b\" : { \"c\": false}}}" }]),
            json!([]),
            24,
        ),
        (
            json!([{ "role": "assistant", "content": "", "function_call": { "name": "do_stuff", "arguments": "{\"foo\": \"bar\", \"baz\": 1.5}" } }]),
            json!([]),
            26,
        ),
        (
            json!([{ "role": "assistant", "content": "", "function_call": { "name": "do_stuff", "arguments": "{\"foo\":\"bar\", \"baz\":\n\n 1.5}" } }]),
            json!([]),
            25,
        ),
        (json!([system("Hello"), user("Hi there")]), do_stuff.clone(), 35),
        (json!([system("Hello:"), user("Hi there")]), do_stuff.clone(), 35),
        (json!([system("Hello:"), system("Hello"), user("Hi there")]), do_stuff, 40),
        (json!([user("hello")]), recipe, 106),
    ];
    for (messages, functions, tokens) in rows {
        let body = json!({ "messages": messages, "functions": functions });
        assert_eq!(count(Dialect::Chat, "gpt-3.5-turbo", &body).total(), tokens, "{body}");
    }
}

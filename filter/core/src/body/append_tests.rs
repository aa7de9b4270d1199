use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::read;
use super::*;

fn added(dialect: Dialect, body: &str, previous: Option<&str>) -> Option<String> {
    let facts = read(body.as_bytes()).unwrap();
    let added = appended(body.as_bytes(), &facts, dialect, previous, "fix\n\"it\"")?;
    Some(String::from_utf8(added).unwrap())
}

const FIX: &str = r#""fix\n\"it\"""#;

#[test]
fn a_message_is_added_after_the_model_s_answer_in_every_dialect() {
    let table = [
        (
            Dialect::Chat,
            r#"{ "model":"m", "messages":[ {"role":"user","content":"a"} ], "n": 1.50 }"#,
            r#"{ "model":"m", "messages":[ {"role":"user","content":"a"} ,{"role":"assistant","content":"b"},{"role":"user","content":FIX}], "n": 1.50 }"#,
        ),
        (
            Dialect::Chat,
            r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"1"}]},{"role":"tool","tool_call_id":"1","content":"a"}]}"#,
            r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"1"}]},{"role":"tool","tool_call_id":"1","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":FIX}]}"#,
        ),
        (
            Dialect::Responses,
            r#"{"input":"a\u0062","text":{}}"#,
            r#"{"input":[{"role":"user","content":"a\u0062"},{"role":"assistant","content":"b"},{"role":"user","content":FIX}],"text":{}}"#,
        ),
        (
            Dialect::Responses,
            r#"{"input":[{"type":"function_call_output","call_id":"1","output":"x"}]}"#,
            r#"{"input":[{"type":"function_call_output","call_id":"1","output":"x"},{"role":"assistant","content":"b"},{"role":"user","content":FIX}]}"#,
        ),
        (
            Dialect::Anthropic,
            r#"{"messages":[{"role":"user","content":"a"}],"system":"s"}"#,
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":FIX}],"system":"s"}"#,
        ),
        (
            Dialect::Gemini,
            r#"{"contents":[{"parts":[{"text":"a"}]}]}"#,
            r#"{"contents":[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]},{"role":"user","parts":[{"text":FIX}]}]}"#,
        ),
        (
            Dialect::Bedrock,
            r#"{"messages":[{"role":"user","content":[{"text":"a"}]}]}"#,
            r#"{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"text":"b"}]},{"role":"user","content":[{"text":FIX}]}]}"#,
        ),
        (
            Dialect::Completions,
            r#"{"prompt":"a","best_of":1}"#,
            r#"{"prompt":"a\n\nb\n\nfix\n\"it\"\n\n","best_of":1}"#,
        ),
    ];
    for (dialect, body, expected) in table {
        assert_eq!(added(dialect, body, Some("b")).unwrap(), expected.replace("FIX", FIX), "{body}");
    }
}

#[test]
fn without_an_answer_between_roles_still_take_turns() {
    let table = [
        (
            Dialect::Chat,
            r#"{"messages":[{"content":"a\\","role":"user"}]}"#,
            r#"{"messages":[{"content":"a\\\n\nfix\n\"it\"","role":"user"}]}"#,
        ),
        (
            Dialect::Chat,
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]}"#,
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":FIX}]}]}"#,
        ),
        (
            Dialect::Chat,
            r#"{"messages":[{"role":"tool","tool_call_id":"1","content":"a"}]}"#,
            r#"{"messages":[{"role":"tool","tool_call_id":"1","content":"a"},{"role":"user","content":FIX}]}"#,
        ),
        (
            Dialect::Anthropic,
            r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"}]}]}"#,
            r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"},{"type":"text","text":FIX}]}]}"#,
        ),
        (
            Dialect::Bedrock,
            r#"{"messages":[{"role":"user","content":[]}]}"#,
            r#"{"messages":[{"role":"user","content":[{"text":FIX}]}]}"#,
        ),
        (
            Dialect::Responses,
            r#"{"input":"a"}"#,
            r#"{"input":[{"role":"user","content":"a"},{"role":"user","content":FIX}]}"#,
        ),
        (
            Dialect::Gemini,
            r#"{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f"}}]}]}"#,
            r#"{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f"}}]},{"role":"user","parts":[{"text":FIX}]}]}"#,
        ),
        (Dialect::Completions, r#"{"prompt":"a"}"#, r#"{"prompt":"a\n\nfix\n\"it\"\n\n"}"#),
    ];
    let too_long = "x".repeat(MOST_PREVIOUS + 1);
    for (dialect, body, expected) in table {
        for previous in [None, Some(""), Some(" \n"), Some(&*too_long)] {
            assert_eq!(added(dialect, body, previous).unwrap(), expected.replace("FIX", FIX), "{body}");
        }
    }
}

#[test]
fn nothing_is_added_where_it_does_not_fit() {
    for (dialect, body) in [
        (Dialect::Chat, r#"{"messages":[{"role":"assistant","content":"{"}]}"#),
        (
            Dialect::Chat,
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1"}]}]}"#,
        ),
        (Dialect::Chat, r#"{"messages":[]}"#),
        (Dialect::Chat, r#"{"messages":["a"]}"#),
        (Dialect::Chat, r#"{"messages":{"role":"user"}}"#),
        (Dialect::Chat, r#"{"prompt":"a"}"#),
        (Dialect::Chat, "{}"),
        (Dialect::Responses, r#"{"input":[{"type":"function_call","call_id":"1"}]}"#),
        (Dialect::Responses, r#"{"input":[]}"#),
        (
            Dialect::Anthropic,
            r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"1"}]}]}"#,
        ),
        (Dialect::Gemini, r#"{"contents":[{"role":"model","parts":[{"text":"a"}]}]}"#),
        (Dialect::Gemini, r#"{"contents":{"parts":[{"text":"a"}]}}"#),
        (Dialect::Bedrock, r#"{"messages":[{"role":"assistant","content":[{"text":"a"}]}]}"#),
        (Dialect::Completions, r#"{"prompt":["a"]}"#),
        (Dialect::Completions, r#"{"prompt":[1,2]}"#),
        (Dialect::Embeddings, r#"{"input":"a"}"#),
    ] {
        for previous in [None, Some("b")] {
            assert_eq!(added(dialect, body, previous), None, "{dialect:?} {body}");
        }
    }
}

/// A conversation, its dialect, and under which name its messages lie.
fn request() -> impl Strategy<Value = (Dialect, &'static str, Value)> {
    let text = "[ -~\n\"\\\\äß漢]{0,12}";
    let turn = (any::<bool>(), text, any::<bool>());
    let dialects = [
        (Dialect::Chat, "messages"),
        (Dialect::Responses, "input"),
        (Dialect::Anthropic, "messages"),
        (Dialect::Gemini, "contents"),
        (Dialect::Bedrock, "messages"),
    ];
    (prop::sample::select(dialects.to_vec()), prop::collection::vec(turn, 0..5), text, text).prop_map(
        |((dialect, name), turns, last, other)| {
            let message = |role: &str, text: &str, is_listed: bool| match dialect {
                Dialect::Gemini => {
                    json!({"role": if role == "user" { "user" } else { "model" }, "parts": [{"text": text}]})
                }
                Dialect::Bedrock => json!({"role": role, "content": [{"text": text}]}),
                _ if is_listed => json!({"role": role, "content": [{"type": "text", "text": text}]}),
                _ => json!({"role": role, "content": text}),
            };
            let mut messages: Vec<Value> = turns
                .iter()
                .map(|(is_user, text, is_listed)| {
                    message(if *is_user { "user" } else { "assistant" }, text, *is_listed)
                })
                .collect();
            messages.push(message("user", &last, other.len().is_multiple_of(2)));
            (dialect, name, json!({"aa": other, "zz": [1.5, null, {"messages": []}], name: messages}))
        },
    )
}

proptest! {
    #[test]
    fn the_body_stays_json_and_all_else_as_it_was(
        (dialect, name, before) in request(),
        previous in prop::option::of("[ -~\n\"äß漢]{0,20}"),
        message in "[ -~\n\"\\\\äß漢]{1,20}",
        is_pretty in any::<bool>(),
    ) {
        let body = if is_pretty { serde_json::to_vec_pretty(&before) } else { serde_json::to_vec(&before) }.unwrap();
        let facts = read(&body).unwrap();
        let added = appended(&body, &facts, dialect, previous.as_deref(), &message).unwrap();
        let mut after: Value = serde_json::from_slice(&added).unwrap();
        // The end says what was added.
        let text = |value: &Value| value.to_string();
        let told = text(&Value::from(message.as_str()));
        prop_assert!(text(after[name].as_array().unwrap().last().unwrap()).contains(told.trim_matches('"')));
        // What was there is there, in its place; only the last message may be longer.
        let (old, new) = (before[name].as_array().unwrap(), after[name].as_array().unwrap().clone());
        prop_assert_eq!(&old[..old.len() - 1], &new[..old.len() - 1]);
        let more = new.len() - old.len();
        let is_told = previous.is_some_and(|previous| !previous.trim().is_empty());
        prop_assert_eq!(is_told, more == 2);
        if more > 0 {
            prop_assert_eq!(old.last(), new.get(old.len() - 1));
        }
        after[name] = before[name].clone();
        prop_assert_eq!(after, before);
        // Before the conversation, nothing has changed a byte.
        let place = facts.history(dialect);
        prop_assert_eq!(&body[..place.start], &added[..place.start]);
        prop_assert!(added.ends_with(&body[place.end..]));
    }

    #[test]
    fn whatever_the_body_holds_nothing_panics(
        body in prop::collection::vec(prop::sample::select(&br#"{}[]",:\ au1"messages""prompt""#[..]), 0..80),
        has_previous in any::<bool>(),
    ) {
        let body = [br#"{"messages":["#, &body[..], b"]}"].concat();
        let Ok(facts) = read(&body) else { return Ok(()) };
        for dialect in [Dialect::Chat, Dialect::Bedrock, Dialect::Gemini] {
            let _ = appended(&body, &facts, dialect, has_previous.then_some("b"), "m");
        }
        let _ = (facts.format(&body), facts.declared(&body), facts.last_text(&body, 9));
    }
}

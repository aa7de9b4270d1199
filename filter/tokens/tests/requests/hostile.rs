//! Bodies that no SDK sends.

use proptest::prelude::*;
use seawall_tokens::{Budget, Dialect, Encoding, Memo, Request, Unreadable};

const DIALECTS: [Dialect; 7] = [
    Dialect::Chat,
    Dialect::Responses,
    Dialect::Completions,
    Dialect::Embeddings,
    Dialect::Anthropic,
    Dialect::Gemini,
    Dialect::Bedrock,
];

fn count(dialect: Dialect, body: &[u8]) -> Result<u64, Unreadable> {
    let request =
        Request { dialect, model: "gpt-4o", encoding: Encoding::O200kBase, budget: Budget::default() };
    request.count(body, &mut Memo::new(16, [1, 2])).map(|tally| tally.total())
}

#[test]
fn what_is_no_object_can_not_be_counted() {
    for body in ["", "[]", "7", "{", "{\"messages\":", "{} {}", "\"text\"", "{\"messages\": [}"] {
        assert_eq!(count(Dialect::Chat, body.as_bytes()), Err(Unreadable), "{body}");
    }
    assert_eq!(count(Dialect::Chat, b"{\"messages\": \"\xff\"}"), Err(Unreadable));
}

#[test]
fn a_prompt_under_no_known_name_can_not_be_counted() {
    for (dialect, body) in [
        (Dialect::Anthropic, r#"{"inputText": "words"}"#),
        (Dialect::Anthropic, r#"{"prompt": "words", "tools": []}"#),
        (Dialect::Chat, r#"{"input": "words"}"#),
        (Dialect::Chat, "{}"),
    ] {
        assert_eq!(count(dialect, body.as_bytes()), Err(Unreadable), "{body}");
    }
}

#[test]
fn no_more_messages_are_written_down_than_are_wanted() {
    let body = format!(r#"{{"input": [{}0]}}"#, "0,".repeat(9_999));
    for most in [0, 7, 20_000] {
        let (budget, mut messages) = (Budget::default(), Vec::new());
        let request =
            Request { dialect: Dialect::Responses, model: "gpt-4o", encoding: Encoding::O200kBase, budget };
        request.count_each(body.as_bytes(), &mut Memo::new(16, [1, 2]), (&mut messages, most)).unwrap();
        assert_eq!(messages.len(), most.min(10_000));
    }
}

#[test]
fn odd_members_are_counted_all_the_same() {
    for body in [
        r#"{"messages": {"role": 7, "content": {"text": [[["deep"]]]}}}"#,
        r#"{"messages": [7, null, "text", [], {"content": 7}], "tools": 7, "tool_choice": [], "response_format": "x"}"#,
        r#"{"mess\u0061ges": [{"r\u006fle": "user", "content": "\u00e9"}]}"#,
        r#"{"messages": [{"role": "user", "content": "a lone \ud800 surrogate"}]}"#,
        r#"{"messages": [], "tools": [{"function": {"name": "x", "parameters": {"properties": {"a": 7, "b": {"enum": 7, "type": []}}, "required": "a"}}}]}"#,
    ] {
        assert!(count(Dialect::Chat, body.as_bytes()).unwrap() > 3, "{body}");
    }
}

#[test]
fn texts_that_are_no_unicode_are_counted_as_they_are_written() {
    for (dialect, body) in [
        (Dialect::Responses, r#"{"input": "a lone \ud800 surrogate"}"#),
        (Dialect::Responses, r#"{"input": [{"role": "user", "content": "a lone \ud800 surrogate"}]}"#),
        (Dialect::Completions, r#"{"prompt": "a lone \ud800 surrogate"}"#),
        (Dialect::Anthropic, r#"{"system": "a lone \ud800 surrogate"}"#),
    ] {
        assert!(count(dialect, body.as_bytes()).unwrap() >= 5, "{body}");
    }
}

#[test]
fn depth_is_bounded() {
    for (open, close) in
        [("[", "]"), ("{\"content\":", "}"), ("{\"input\":", "}"), ("{\"properties\":{\"a\":", "}}")]
    {
        for key in ["messages", "input", "tools", "prompt", "other"] {
            let body = format!("{{\"{key}\": {}1{}}}", open.repeat(100_000), close.repeat(100_000));
            for dialect in DIALECTS {
                let _ = count(dialect, body.as_bytes());
            }
        }
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let names = [
        "messages",
        "content",
        "role",
        "text",
        "input",
        "tools",
        "function",
        "parameters",
        "properties",
        "image_url",
        "url",
        "source",
        "type",
        "enum",
        "required",
        "items",
        "prompt",
        "name",
        "system",
        "parts",
        "tool_calls",
        "description",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        proptest::sample::select(vec!["object", "string", "array", "system", "none", "low"])
            .prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::vec((proptest::sample::select(names.to_vec()), inner), 0..6).prop_map(
                |members| serde_json::Value::Object(
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
                )
            ),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_with_a_prompt_is_counted(mut body in json(), which in 0..DIALECTS.len()) {
        body.as_object_mut().map(|members| members.insert("system".into(), "text".into()));
        let counted = count(DIALECTS[which], body.to_string().as_bytes());
        prop_assert_eq!(counted.is_ok(), body.is_object());
    }

    #[test]
    fn any_bytes_have_an_answer(body: Vec<u8>, which in 0..DIALECTS.len()) {
        let _ = count(DIALECTS[which], &body);
    }
}

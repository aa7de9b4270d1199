//! Bodies that no SDK sends.

use proptest::prelude::*;
use seawall_tokens::{Budget, Dialect, Encoding, Kind, Memo, Request, Tally, Unreadable};

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
        let mut request =
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
    for (open, close) in [
        ("[", "]"),
        ("{\"content\":", "}"),
        ("{\"input\":", "}"),
        ("{\"source\":{\"data\":", "}}"),
        ("{\"file\":{\"content\":", "}}"),
        ("{\"properties\":{\"a\":", "}}"),
    ] {
        for key in ["messages", "input", "tools", "prompt", "other"] {
            let body = format!("{{\"{key}\": {}1{}}}", open.repeat(100_000), close.repeat(100_000));
            for dialect in DIALECTS {
                let _ = count(dialect, body.as_bytes());
            }
        }
    }
}

/// What a body of these members counts, beside a message.
fn of_members(members: &str) -> Tally {
    let body = format!(r#"{{"messages": [], {members}}}"#);
    let request = Request {
        dialect: Dialect::Chat,
        model: "gpt-4o",
        encoding: Encoding::O200kBase,
        budget: Budget(2_000_000),
    };
    request.count(body.as_bytes(), &mut Memo::new(16, [1, 2])).unwrap()
}

fn function(properties: &str, required: &str) -> String {
    format!(
        r#"{{"name":"f","parameters":{{"type":"object","properties":{{{properties}}},"required":[{required}]}}}}"#
    )
}

/// As many properties, in an object that lies so deep in others.
fn nested(depth: usize, properties: usize) -> String {
    let all: Vec<_> = (0..properties).map(|number| format!(r#""{number}":{{}}"#)).collect();
    let (open, close) = (r#""a":{"type":"object","properties":{"#, "}}");
    function(&[&open.repeat(depth), &*all.join(","), &close.repeat(depth)].concat(), "")
}

#[test]
fn tools_are_rendered_as_long_as_that_takes_bounded_work() {
    let names: Vec<_> = (0..4_000).map(|number| format!("\"{number}\"")).collect();
    let many: Vec<_> = names.iter().map(|name| format!("{name}:{{}}")).collect();
    let many = function(&many.join(","), &names.join(","));
    let flat = nested(0, 2_000);
    let deep = nested(40, 4_000);
    let rows = [
        ("each property looks at its own name alone", format!("[{many}]"), true),
        ("few are indented", format!("[{}]", nested(40, 100)), true),
        ("many would be mostly blanks", format!("[{deep}]"), false),
        ("below the limit", format!("[{flat},{flat},{flat}]"), true),
        ("above it", format!("[{flat},{}]", many.repeat(3).replace("}{", "},{")), false),
    ];
    for (what, tools, is_rendered) in rows {
        let tally = of_members(&format!("\"tools\": {tools}"));
        let json = Encoding::O200kBase.count(&tools).tokens;
        assert_eq!((tally.of(Kind::Code) > 0, tally.is_estimate), (is_rendered, !is_rendered), "{what}");
        assert!(is_rendered || tally.of(Kind::Json).abs_diff(json) * 20 < json, "{what}: {tally:?}");
    }
}

#[test]
fn tools_under_many_names_share_one_bound() {
    let tools = |number: usize| format!(r#""tools": [{}]"#, nested(40, 1_000 + number));
    assert!(!of_members(&tools(0)).is_estimate);
    let all: Vec<_> = (0..20).map(tools).collect();
    let tally = of_members(&all.join(", "));
    assert!(tally.is_estimate && tally.of(Kind::Json) > 0, "{tally:?}");
}

#[test]
fn megabytes_of_tools_are_sampled_and_built_of_nothing() {
    let huge = function(r#""a":{"enum":[1,1,1,1]},"#.repeat(100_000).trim_end_matches(','), "");
    for members in [format!("\"tools\": [{huge}]"), format!("\"tool_choice\": {huge}")] {
        let tally = of_members(&members);
        assert!(tally.is_estimate && tally.of(Kind::Code) == 0, "{tally:?}");
        let tokens = members.len() as u64 / 3;
        assert!((tokens / 2..tokens * 3).contains(&tally.total()), "{tally:?} of {} bytes", members.len());
    }
}

const PROSE: &str = "All happy families are alike; every unhappy family is unhappy in its own way. ";

/// What these texts count in messages of their own, and what they come to.
fn of_texts(texts: &[String]) -> (u64, u64) {
    let messages: Vec<_> =
        texts.iter().map(|text| serde_json::json!({"role": "user", "content": text})).collect();
    let body = serde_json::json!({ "messages": messages }).to_string();
    let truth = texts.iter().map(|text| Encoding::O200kBase.count(text).tokens).sum();
    (count(Dialect::Chat, body.as_bytes()).unwrap(), truth)
}

#[test]
fn blanks_hide_no_text_behind_them() {
    let prose = PROSE.repeat(10_000);
    for blanks in [1_000, 4_000, 30_000, 90_000] {
        for times in [1, 3, 6, 10] {
            let mut texts = vec![" ".repeat(blanks); times];
            texts.push(prose.clone());
            let (counted, truth) = of_texts(&texts);
            assert!(
                counted * 10 >= truth * 7 && counted <= truth * 3,
                "{times} {blanks}: {counted}, not {truth}"
            );
        }
    }
}

#[test]
fn blanks_where_samples_would_be_taken_hide_nothing() {
    let prose = PROSE.repeat(650);
    for blanks in [2_000, 6_000] {
        let text = format!("{}{}", " ".repeat(blanks), prose.get(..50_000 - blanks).unwrap()).repeat(16);
        let (counted, truth) = of_texts(&[text]);
        assert!(counted * 10 >= truth * 7 && counted <= truth * 2, "{blanks}: {counted}, not {truth}");
    }
}

/// Signs that make a token of every byte or two.
fn dense(length: usize) -> String {
    let mut number = 1_u32;
    let mut sign = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(number >> 26) as usize] as char
    };
    (0..length).map(|_| sign()).collect()
}

#[test]
fn what_comes_when_the_budget_is_spent_is_not_taken_for_what_came_before() {
    for (messages, length) in [(60, 40_000), (15, 160_000), (240, 10_000)] {
        let mut texts = vec![PROSE.repeat(500); 3];
        texts.extend(vec![dense(length); messages]);
        let (counted, truth) = of_texts(&texts);
        assert!(counted * 10 >= truth * 8 && counted * 2 <= truth * 3, "{counted}, not {truth}");
    }
}

#[test]
fn prose_is_counted_as_prose_when_the_budget_is_spent() {
    let (counted, truth) = of_texts(&vec![PROSE.repeat(500); 60]);
    assert!(counted.abs_diff(truth) * 10 <= truth, "{counted}, not {truth}");
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
        "data",
        "file",
        "document",
        "variables",
        "media_type",
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

#[test]
fn numbers_of_tokens_count_however_they_are_written() {
    for (dialect, name) in [(Dialect::Completions, "prompt"), (Dialect::Embeddings, "input")] {
        let numbers = "1.0,".repeat(999) + "1e0";
        for list in [format!("[{numbers}]"), format!("[[{numbers}]]")] {
            assert_eq!(count(dialect, format!(r#"{{"{name}": {list}}}"#).as_bytes()), Ok(1_000));
        }
    }
}

#[test]
fn names_that_servers_read_whatever_their_case_hide_nothing() {
    let text = "call me Ishmael ".repeat(1_000);
    let tokens = Encoding::O200kBase.count(&text).tokens;
    for message in [
        format!(r#"{{"role": "user", "Content": "{text}"}}"#),
        format!(r#"{{"role": "user", "CONTENT": [{{"type": "text", "Text": "{text}"}}]}}"#),
        format!(r#"{{"role": "user", "Name": "{text}"}}"#),
        format!(
            r#"{{"role": "assistant", "Tool_Calls": [{{"Function": {{"Name": "f", "Arguments": "{text}"}}}}]}}"#
        ),
        format!(
            r#"{{"role": "assistant", "tool_calls": [{{"Function": {{"name": "f", "arguments": "{text}"}}}}]}}"#
        ),
    ] {
        let body = format!(r#"{{"messages": [{message}]}}"#);
        let request = Request {
            dialect: Dialect::Chat,
            model: "gpt-4o",
            encoding: Encoding::O200kBase,
            budget: Budget(2_000_000),
        };
        let tally = request.count(body.as_bytes(), &mut Memo::new(16, [1, 2])).unwrap();
        assert!(tally.total() >= tokens && tally.is_doubtful(), "{message:.60}: {tally:?}");
    }
}

use super::*;
use crate::search::find_either;
use proptest::prelude::*;

fn new_model() -> Change {
    let model = Some(r#""new""#.to_owned());
    Change { provider: seawall_policy::policy::Provider::OpenAi, model, max_tokens: None, temperature: None }
}

fn read_text(body: &str) -> Facts {
    read(body.as_bytes()).unwrap()
}

#[test]
fn finds_what_decides_and_skips_the_rest() {
    let facts = read_text(
        r#" { "messages": [ {"role":"user","content":"a \"quoted\" ] and \\"}, {"role":"user","content":[1,{"x":[]}]} ],
             "tools": [{"model":"not this one","stream":true}], "model" : "gpt-4.1" , "stream":true,
             "max_completion_tokens": 77, "max_tokens": 5, "temperature": 0.3 } "#,
    );
    assert_eq!((facts.stream, facts.max_tokens, facts.messages), (true, Some(77), 2));
    assert!(facts.model.is_some());
}

#[test]
fn counts_messages() {
    let messages = |list: &str| read_text(&format!(r#"{{"messages":{list}}}"#)).messages;
    let table = [
        ("[]", 0),
        ("[ ]", 0),
        ("[{}]", 1),
        ("[[]]", 1),
        ("[1, \"a,b\", [2,3]]", 3),
        ("\"text\"", 0),
        ("{}", 0),
    ];
    for (list, expected) in table {
        assert_eq!(messages(list), expected, "{list}");
    }
}

#[test]
fn a_name_is_known_however_it_is_spelled() {
    let facts =
        read_text(r#"{"MODEL":"m","Messages":[{}],"max_toKens":7,"GenerationConfig":{},"Stream":true}"#);
    assert_eq!(
        (facts.model.is_some(), facts.messages, facts.max_tokens, facts.stream),
        (true, 1, Some(7), true)
    );
    assert!(!facts.place(Member::GenerationConfig).is_empty());
}

#[test]
fn says_what_is_wrong() {
    let deep = format!(r#"{{"a":{}}}"#, "[".repeat(100_000));
    let table: [(&str, BodyError); 18] = [
        (r#"{"messages":[{}],"Messages":[]}"#, BodyError::Duplicate { member: "messages" }),
        (r#"{"MAX_TOKENS":9,"max_tokens":1}"#, BodyError::Duplicate { member: "max_tokens" }),
        (r#"{"MAX_TOKENS":9,"meſſages":[],"messages":[]}"#, BodyError::Duplicate { member: "messages" }),
        ("", BodyError::NotAnObject),
        ("  ", BodyError::NotAnObject),
        ("[]", BodyError::NotAnObject),
        ("hello", BodyError::NotAnObject),
        ("{", BodyError::Syntax { at: 1 }),
        (r#"{"a""#, BodyError::Syntax { at: 4 }),
        (r#"{"a":"#, BodyError::Syntax { at: 5 }),
        (r#"{"a":"b"#, BodyError::Syntax { at: 7 }),
        (r#"{"a":1,}"#, BodyError::Syntax { at: 7 }),
        (r#"{"a":[1}}"#, BodyError::Syntax { at: 7 }),
        (r#"{"a":1} x"#, BodyError::Syntax { at: 8 }),
        (r#"{"a":"\"#, BodyError::Syntax { at: 7 }),
        (r#"{"model":"a","mod\u0065l":"b"}"#, BodyError::Duplicate { member: "model" }),
        (r#"{"tools":[],"tools":[]}"#, BodyError::Duplicate { member: "tools" }),
        (&deep, BodyError::TooDeep),
    ];
    for (body, expected) in table {
        assert_eq!(read(body.as_bytes()), Err(expected), "{body:.40}");
    }
}

#[test]
fn nesting_is_read_up_to_the_limit() {
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(MAX_DEPTH as usize).as_bytes()).is_ok());
    assert_eq!(read(nested(MAX_DEPTH as usize + 1).as_bytes()), Err(BodyError::TooDeep));
}

#[test]
fn finds_the_end_of_a_string_wherever_it_is() {
    for length in 0..40 {
        let mut text = vec![b'x'; length];
        assert_eq!(find_either::<b'"', b'\\'>(&text), None, "{length}");
        for at in 0..length {
            for (byte, later) in [(b'"', b'\\'), (b'\\', b'"'), (b'"', 0xA2), (b'\\', 0xFF)] {
                text.fill(b'#');
                text[at..].fill(later);
                text[at] = byte;
                assert_eq!(find_either::<b'"', b'\\'>(&text), Some(at), "{byte} at {at} of {length}");
            }
        }
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_a_full_parser(mut members in prop::collection::btree_map(any::<String>(), json(), 0..5),
                                 model in any::<String>(), stream in any::<bool>(), messages in json(),
                                 pretty in any::<bool>()) {
        for decides in ["max_tokens", "max_completion_tokens"] {
            members.remove(decides);
        }
        members.insert("model".into(), model.clone().into());
        members.insert("stream".into(), stream.into());
        members.insert("messages".into(), messages.clone());
        let text = if pretty { serde_json::to_string_pretty(&members) } else { serde_json::to_string(&members) }.unwrap();
        let facts = read_text(&text);
        let found: String = serde_json::from_slice(&text.as_bytes()[facts.model.clone().unwrap()]).unwrap();
        prop_assert_eq!(found, model);
        prop_assert_eq!(facts.stream, stream);
        prop_assert_eq!(facts.messages as usize, messages.as_array().map_or(0, Vec::len));
        let changed = new_model().apply(text.as_bytes(), &facts, "/", false).unwrap();
        members.insert("model".into(), "new".into());
        prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&changed).unwrap(), serde_json::json!(members));
    }

    #[test]
    fn tools_are_those_a_full_parser_finds(names in prop::collection::vec((any::<String>(), json(), 0..3), 0..6)) {
        let tools: Vec<_> = names.iter().map(|(name, other, form)| match form {
            0 => serde_json::json!({ "type": "function", "function": { "parameters": other, "name": name } }),
            1 => serde_json::json!({ "input_schema": other, "name": name }),
            _ => serde_json::json!({ "custom": { "name": name }, "z": other }),
        }).collect();
        let text = serde_json::json!({ "model": "m", "tools": tools }).to_string();
        let facts = read_text(&text);
        prop_assert_eq!(facts.tools as usize, names.len());
        let expected: Vec<_> = names.iter().map(|(name, ..)| name.as_str()).collect();
        prop_assert_eq!(facts.tool_names(text.as_bytes()), expected);
    }

    #[test]
    fn never_panics(body in prop::collection::vec(prop_oneof![
        Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b'\\'), Just(b','), Just(b':'), Just(b'1'), any::<u8>()
    ], 0..200)) {
        if let Ok(facts) = read(&body) {
            let _ = new_model().apply(&body, &facts, "/", true);
            let _ = facts.model_name(&body);
            let _ = facts.tool_names(&body);
        }
        let _ = tools::names(&body);
    }
}

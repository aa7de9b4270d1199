use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Bounds, Options};

fn with(schema: &str, text: &str) -> Option<Repaired> {
    let schema = Schema::compile(schema, &Options::default()).unwrap();
    let Bounds { document, mut budget } = Bounds::default();
    repair(text, &schema, document, &mut budget, &mut Scratch::default())
}

#[test]
fn what_models_do_to_json_is_undone() {
    let cases = [
        ("{\"a\": 1}", "{\"a\": 1}", ""),
        ("Sure!\n```json\n{\"a\": 1}\n```\nAnything else?", "{\"a\":1}", "stripped"),
        ("```\n{\"a\": [1, 2]}", "{\"a\":[1,2]}", "stripped"),
        ("[1, 2,]", "[1,2]", "commas"),
        ("{\"a\": \"it\\'s\"}", "{\"a\":\"it's\"}", "quotes"),
        ("See [1]. The answer is {\"a\": [1, 2]}. Done.", "{\"a\":[1,2]}", "stripped"),
        ("{\"a\": [1, 2,], }", "{\"a\":[1,2]}", "commas"),
        ("{'a': 'it\\'s \"so\"', 'b': None}", r#"{"a":"it's \"so\"","b":null}"#, "quotes literals"),
        ("{\"a\": True, \"b\": [False]}", "{\"a\":true,\"b\":[false]}", "literals"),
        ("{\"a\": \"two\nlines\"}", "{\"a\":\"two\\u000alines\"}", "controls"),
        ("{\"a\": [1, {\"b\": \"c", "{\"a\":[1,{\"b\":\"c\"}]}", "closed"),
        ("{\"a\": [1, 2", "{\"a\":[1]}", "closed dropped"),
        ("{\"a\": 1, \"b\": tr", "{\"a\":1}", "closed dropped"),
        ("{\"a\": 1, \"na", "{\"a\":1}", "closed dropped"),
        ("{\"a\": 1, \"name\"", "{\"a\":1}", "closed dropped"),
        ("{\"a\": \"x\\u00", "{\"a\":\"x\"}", "closed dropped"),
        ("{\"a\": \"x\\ud83c\\ud", "{\"a\":\"x\"}", "closed dropped"),
        ("{\"a\": {", "{\"a\":{}}", "closed"),
    ];
    for (text, json, changes) in cases {
        let repaired = with("true", text).unwrap_or_else(|| panic!("{text}"));
        let made: Vec<_> = repaired.changes.names().collect();
        assert_eq!((repaired.json.as_str(), made.join(" ").as_str()), (json, changes), "{text}");
    }
}

#[test]
fn what_has_no_single_meaning_is_left_alone() {
    for text in [
        "",
        "no JSON here",
        "{a: 1}",
        "{a: [1]}",
        "{'it's': 1}",
        "[1 2]",
        "{\"a\" 1}",
        "[1}",
        "{\"a\": NaN}",
        "{\"a\": \"\\x\"}",
        "I can't help with that, see [1].",
    ] {
        assert_eq!(with("true", text), None, "{text}");
    }
    // JSON that doesn't fit stays as wrong as it is.
    assert_eq!(with(r#"{"required": ["b"]}"#, "{\"a\": 1}"), None);
}

#[test]
fn strings_become_what_the_schema_asks_for() {
    let schema = r#"{"properties": {
        "n": {"type": "integer"}, "x": {"type": ["number", "null"]}, "b": {"type": "boolean"}, "s": {"type": ["string", "integer"]},
        "o": {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    }}"#;
    let cases = [
        (r#"{"n": "42"}"#, Some(r#"{"n": 42}"#)),
        (r#"{"x": "-1.50e3"}"#, Some(r#"{"x": -1.50e3}"#)),
        (r#"{"b": "true", "n": "7"}"#, Some(r#"{"b": true, "n": 7}"#)),
        (r#"{"b": "False"}"#, Some(r#"{"b": false}"#)),
        (r#"{"o": "42"}"#, Some(r#"{"o": 42}"#)),
        (r#"{"s": "42"}"#, Some(r#"{"s": "42"}"#)),
        (r#"{"n": "42.5"}"#, None),
        (r#"{"n": " 42"}"#, None),
        (r#"{"n": "forty-two"}"#, None),
        (r#"{"b": "yes"}"#, None),
        (r#"{"x": "null"}"#, None),
    ];
    for (text, expected) in cases {
        assert_eq!(with(schema, text).map(|repaired| repaired.json).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_string_stays_where_its_own_schema_holds() {
    let wrong = r#""n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}"#;
    for own in [
        r#"{"anyOf": [{"type": "integer"}, {"type": "string"}]}"#,
        r#"{"oneOf": [{"type": "integer"}, {"type": "string"}]}"#,
        r#"{"not": {"type": "integer"}}"#,
        r#"{"if": {"type": "integer"}, "then": true}"#,
        r#"{"allOf": [{"anyOf": [{"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"minLength": 1}]}]}"#,
    ] {
        let schema = format!(r#"{{"properties": {{"zip": {own}, {wrong}}}}}"#);
        let repaired = with(&schema, r#"{"zip": "12345678901234567890", "n": "7"}"#).unwrap().json;
        assert_eq!(repaired, r#"{"zip": "12345678901234567890", "n": 7}"#, "{own}");
        let schema = format!(r#"{{"anyOf": [{schema}, {{"type": "null"}}]}}"#);
        let repaired = with(&schema, r#"{"zip": "01", "n": "7"}"#).map(|repaired| repaired.json);
        assert_eq!(repaired.as_deref(), Some(r#"{"zip": "01", "n": 7}"#), "{own}");
    }
    let contains = format!(
        r#"{{"properties": {{"zips": {{"contains": {{"type": "integer"}}, "minItems": 1}}, {wrong}}}}}"#
    );
    let repaired = with(&contains, r#"{"zips": ["12", 1, "13"], "n": "7"}"#).unwrap().json;
    assert_eq!(repaired, r#"{"zips": ["12", 1, "13"], "n": 7}"#);
}

#[test]
fn what_breaks_off_is_never_taken_for_what_it_may_have_become() {
    let cases = [
        (r#"{"properties": {"amount": {"type": "number"}}}"#, r#"{"amount": "12"#, Some("{}")),
        (
            r#"{"properties": {"amount": {"type": "number"}}, "required": ["amount"]}"#,
            r#"{"amount": "12"#,
            None,
        ),
        (
            r#"{"properties": {"v": {"enum": ["no", "not_sure"]}}}"#,
            r#"{"a": 1, "v": "no"#,
            Some(r#"{"a":1}"#),
        ),
        (r#"{"properties": {"v": {"enum": ["no", "not_sure"]}}, "required": ["v"]}"#, r#"{"v": "no"#, None),
        (
            r#"{"required": ["v"], "anyOf": [{"properties": {"v": {"const": "n"}}}, {"properties": {"v": {"type": "string"}}}]}"#,
            r#"{"v": "n"#,
            None,
        ),
        (r#"{"required": ["v"], "not": {"properties": {"v": {"pattern": "o$"}}}}"#, r#"{"v": "n"#, None),
        (r#"{"enum": [["a", "b"]]}"#, r#"["a", "b"#, None),
        (r#"{"items": {"type": "string", "minLength": 1}}"#, r#"["a", "b"#, Some(r#"["a","b"]"#)),
        (
            r#"{"properties": {"n": {"type": "integer"}}}"#,
            r#"{"n": "7", "s": "te"#,
            Some(r#"{"n":7,"s":"te"}"#),
        ),
    ];
    for (schema, text, expected) in cases {
        assert_eq!(with(schema, text).map(|repaired| repaired.json).as_deref(), expected, "{text}");
    }
}

#[test]
fn json_is_taken_out_of_prose_only_if_one_piece_of_it_fits() {
    let object = r#"{"type": "object", "required": ["a"]}"#;
    let cases = [
        ("true", "Nothing [1, 2, 3] and nothing else.", None),
        (object, "See [1] and {\"b\": 2}: {\"a\": 1}", Some(r#"{"a":1}"#)),
        (object, "<think>{\"a\": 2, \"b\": 3} or so</think>\n{\"a\": 1}", Some(r#"{"a":1}"#)),
        (object, "<think>Perhaps {\"a\": 2}", None),
        (object, "Draft {\"a\": 2, \"b\": 3}, better {\"a\": 1}", None),
        (object, "```json\n{\"a\": 1}\n```\nor\n```json\n{\"a\": 2}\n```", None),
        (object, "```json\n{\"a\": 1}\n```\nthat is {\"a\": 1}", Some(r#"{"a":1}"#)),
        (object, ":[ well\n```json\n{\"a\": 1}\n```", Some(r#"{"a":1}"#)),
        (r#"{"type": "array"}"#, "Here: [1, 2]", Some("[1,2]")),
    ];
    for (schema, text, expected) in cases {
        assert_eq!(with(schema, text).map(|repaired| repaired.json).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_repair_takes_one_budget_however_much_there_is_to_try() {
    let schema =
        Schema::compile(r#"{"items": {"type": "integer"}, "minItems": 5000}"#, &Options::default()).unwrap();
    let piece = format!("[{}]", vec![r#""7""#; 1_000].join(","));
    let text = vec![piece; 30].join(" and ");
    let mut budget = Budget(100_000);
    assert_eq!(
        repair(&text, &schema, Bounds::default().document, &mut budget, &mut Scratch::default()),
        None
    );
    assert_eq!(budget, Budget(0));
    let whole = Budget(100_000_000);
    let mut budget = whole;
    let _ = repair(&text, &schema, Bounds::default().document, &mut budget, &mut Scratch::default());
    assert!(budget.0 < whole.0 - 30 * 1_000 * 4, "{budget:?}");
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| [vec![name.clone()], strings(value)].concat()).collect()
        }
        _ => Vec::new(),
    }
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-99..999).prop_map(Value::from),
        "[ab'\"\\\\\né🌊]{0,6}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[ab'\"é ]{0,4}", inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
    .prop_filter("an array or object", |value| value.is_array() || value.is_object())
}

/// As Python writes it.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Value::String(text) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| python(item) + ", ").collect::<String>())
        }
        Value::Object(members) => {
            let members =
                members.iter().map(|(name, value)| format!("{}: {},", python(&json!(name)), python(value)));
            format!("{{{}}}", members.collect::<String>())
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_was_whole_comes_back_as_it_was(document in document(), before in "[a-z .:]{0,12}", after in "[a-z .:]{0,12}") {
        let json = document.to_string();
        for text in [json.clone(), python(&document), format!("{before}{json}{after}"), format!("{before}\n```json\n{json}\n```\n{after}")] {
            let repaired = with(r#"{"type": ["object", "array"]}"#, &text).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Value>(&repaired.json).unwrap(), &document, "{}", text);
        }
    }

    #[test]
    fn what_breaks_off_is_closed_and_nothing_is_invented(document in document(), share in 0.0..1.0_f64) {
        let json = document.to_string();
        let end = (1..=json.len()).filter(|end| json.is_char_boundary(*end)).min_by_key(|end| end.abs_diff((json.len() as f64 * share) as usize)).unwrap();
        let text = json.get(..end).unwrap();
        let repaired = with("true", text).unwrap();
        let known = strings(&document);
        for string in strings(&serde_json::from_str(&repaired.json).unwrap()) {
            prop_assert!(known.iter().any(|known| known.starts_with(&string)), "{:?} in {}", string, text);
        }
    }

    #[test]
    fn any_text_is_left_alone_or_made_json_of_what_is_in_it(text in r#"[\[\]{}"',:0-9a-c \ntrueTFN`]{0,40}"#) {
        if let Some(repaired) = with("true", &text) {
            for string in strings(&serde_json::from_str(&repaired.json).unwrap()) {
                prop_assert!(text.contains(&string), "{:?} in {:?}", string, text);
            }
        }
    }

    #[test]
    fn a_string_is_never_changed_where_its_own_schema_holds(own in prop::sample::select(vec![
        r#"{"type": ["string", "integer"]}"#, r#"{"anyOf": [{"type": "integer"}, {"type": "boolean"}, {"type": "string"}]}"#,
        r#"{"oneOf": [{"type": "number"}, {"type": "string", "minLength": 2}, {"type": "null"}]}"#, r#"{"not": {"type": "number"}}"#,
        r#"{"if": {"type": "boolean"}, "then": {"const": true}, "else": {"not": {"type": "null"}}}"#, "{}",
    ]), said in "[0-9]{1,3}|true|False|1e5", wrong in "[0-9]{1,3}") {
        let text = format!(r#"{{"own": "{said}", "wrong": "{wrong}"}}"#);
        for wanted in [r#"{"type": "integer"}"#, r#"{"anyOf": [{"type": "integer"}, {"type": "null"}]}"#, r#"{"oneOf": [{"type": "null"}, {"type": "number"}]}"#] {
            let own_schema = Schema::compile(own, &Options::default()).unwrap();
            let holds = own_schema.check(&format!("\"{said}\""), &Bounds::default(), &mut Scratch::default()).is_ok();
            let schema = format!(r#"{{"properties": {{"own": {own}, "wrong": {wanted}}}}}"#);
            if let (true, Some(repaired)) = (holds, with(&schema, &text)) {
                let kept: Value = serde_json::from_str(&repaired.json).unwrap();
                prop_assert_eq!(&kept["own"], &Value::from(said.as_str()), "{}", schema);
            }
        }
    }

    #[test]
    fn what_is_repaired_always_fits(document in document(), wanted in prop::sample::select(vec![
        r#"{"items": {"type": "integer"}}"#, r#"{"type": "object", "additionalProperties": {"type": ["boolean", "null"]}}"#, r#"{"minProperties": 1, "minItems": 1}"#,
    ])) {
        let text = python(&document);
        if let Some(repaired) = with(wanted, &text) {
            let schema = Schema::compile(wanted, &Options::default()).unwrap();
            prop_assert_eq!(schema.check(&repaired.json, &Bounds::default(), &mut Scratch::default()), Ok(()));
            let known = strings(&document);
            for string in strings(&serde_json::from_str(&repaired.json).unwrap()) {
                prop_assert!(known.contains(&string), "{:?} in {}", string, text);
            }
        }
    }
}

//! What is told of a text that may go on.

use proptest::prelude::*;
use seawall_schema::{Bounds, Options, Schema, Scratch, Start, Unreadable};

use super::agreement::schema;
use super::values::document;

fn rules_out(schema: &Schema, text: &str) -> bool {
    let mut bounds = Bounds::default();
    let start = Start::read(text, bounds.document).unwrap();
    schema.rules_out(&start, &mut bounds.budget, &mut Scratch::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_start_of_a_document_that_fits_is_ruled_out(schema in schema(), documents in prop::collection::vec(document(), 12)) {
        let schema = Schema::compile(&schema.to_string(), &Options::default()).unwrap();
        for document in documents {
            let text = format!("{document:#} ");
            if schema.check(&text, &Bounds::default(), &mut Scratch::default()).is_err() {
                continue;
            }
            for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
                prop_assert!(!rules_out(&schema, &text[..end]), "{}", &text[..end]);
            }
        }
    }
}

#[test]
fn what_nothing_mends_is_ruled_out_before_the_end() {
    let cases = [
        (r#"{"type": "object"}"#, "["),
        (r#"{"type": "object"}"#, "12"),
        (r#"{"properties": {"a": {"type": "string"}}}"#, r#"{"a": 1"#),
        (r#"{"properties": {"a": {"enum": ["x"]}}}"#, r#"{"b": 1, "a": "y""#),
        (r#"{"properties": {"a": false}}"#, r#"{"a": ["#),
        (r#"{"additionalProperties": false}"#, r#"{"a": {"#),
        (r#"{"propertyNames": {"maxLength": 2}}"#, r#"{"abc": 1,"#),
        (r#"{"maxItems": 2}"#, "[1, 2, {"),
        (r#"{"items": {"required": ["a"]}}"#, "[{}, "),
        (r#"{"items": {"items": {"type": "null"}}}"#, "[[null, 1"),
        (r#"{"maxProperties": 1}"#, r#"{"a": 1, "b": 2,"#),
        (r#"{"anyOf": [{"type": "object"}, {"maxItems": 1}]}"#, "[1, 2"),
        (r#"{"oneOf": [{"type": "object"}, {"items": {"type": "null"}}]}"#, "[true,"),
    ];
    for (schema, text) in cases {
        let schema = Schema::compile(schema, &Options::default()).unwrap();
        assert!(rules_out(&schema, text), "{text}");
        assert!(!rules_out(&schema, &text[..1]) || text.len() == 1 || text == "12", "{text}");
    }
}

#[test]
fn what_may_yet_fit_is_not_ruled_out() {
    let cases = [
        (r#"{"required": ["a"], "minItems": 3, "uniqueItems": true}"#, "[1, 1"),
        (r#"{"required": ["a"], "minProperties": 3}"#, r#"{"b": {"#),
        (r#"{"type": "integer"}"#, "1.5"),
        (r#"{"items": {"minimum": 10}}"#, "[1"),
        (r#"{"enum": [[1, 2]]}"#, "[1,"),
        (r#"{"not": {"maxItems": 2}}"#, "[1, 2"),
        (r#"{"oneOf": [{"minItems": 1}, {"minItems": 3}]}"#, "[1, 2, 3"),
        (r#"{"if": {"maxItems": 1}, "then": false}"#, "[1"),
        (r#"{"contains": {"type": "null"}}"#, "[1, 2, "),
        (r#"{"unevaluatedProperties": false}"#, r#"{"a": ["#),
        (r#"{"dependentRequired": {"a": ["b"]}}"#, r#"{"a": 1,"#),
        ("false", ""),
        ("false", " \n"),
    ];
    for (schema, text) in cases {
        let schema = Schema::compile(schema, &Options::default()).unwrap();
        assert!(!rules_out(&schema, text), "{text}");
    }
}

#[test]
fn a_start_that_is_no_json_is_told_and_one_that_breaks_off_is_read() {
    let read = |text| Start::read(text, Bounds::default().document).map(|_| ());
    for text in
        ["", " ", "{", "[1,", "\"a\\", "\"\\ud83c", "{\"a\"", "{\"a\":", "-", "1e", "tru", "[[{\"a\": \"b"]
    {
        assert_eq!(read(text), Ok(()), "{text}");
    }
    for text in ["`", "```json", "Sure", "{a", "[1 2", "{} x", "'a'", "[tru ", "{\"a\" 1", "\"\n"] {
        assert!(matches!(read(text), Err(Unreadable::Malformed { .. })), "{text}");
    }
}

//! What can't be honoured is refused, with its place.

use proptest::prelude::*;
use seawall_schema::{Bounds, Dialect, Fault, Options, Schema, Scratch};
use serde_json::Value;

use super::values::document;

#[test]
fn what_checking_one_schema_has_found_out_is_never_taken_for_another() {
    // Two that read alike are two: what stands in a scratch belongs to one of them.
    let compile = || Schema::compile(r#"{"pattern": "^a+$"}"#, &Options::default()).unwrap();
    let (first, second) = (compile(), compile());
    let told = |schema: &Schema| format!("{schema:?}").rsplit_once("mark").unwrap().1.to_owned();
    assert_ne!(told(&first), told(&second));
}

#[test]
fn what_cannot_be_honoured_is_refused_with_the_pointer_of_the_culprit() {
    let cases = [
        (r#"{"$schema": "https://example.com/mine"}"#, "/$schema"),
        (r#"{"properties": {"a": {"$ref": "https://example.com/other.json"}}}"#, "/properties/a/$ref"),
        (r##"{"items": {"$ref": "#/$defs/nowhere"}}"##, "/items/$ref"),
        (r##"{"items": {"$ref": "#nowhere"}}"##, "/items/$ref"),
        (r#"{"properties": {"a/b": {"pattern": "(?=a)"}}}"#, "/properties/a~1b/pattern"),
        (r#"{"pattern": "(a)\\1"}"#, "/pattern"),
        (r#"{"pattern": "("}"#, "/pattern"),
        (r#"{"patternProperties": {"(?!x)": {}}}"#, "/patternProperties/(?!x)"),
        (r#"{"type": "strng"}"#, "/type"),
        (r#"{"type": ["string", 1]}"#, "/type/1"),
        (r#"{"minimum": "5"}"#, "/minimum"),
        (r#"{"minLength": -1}"#, "/minLength"),
        (r#"{"minLength": 1.5}"#, "/minLength"),
        (r#"{"multipleOf": 0}"#, "/multipleOf"),
        (r#"{"multipleOf": 1.2345678901234567891}"#, "/multipleOf"),
        (r#"{"required": "a"}"#, "/required"),
        (r#"{"required": ["a", 1]}"#, "/required/1"),
        (r#"{"allOf": []}"#, "/allOf"),
        (r#"{"anyOf": [{}, 1]}"#, "/anyOf/1"),
        (r#"{"enum": 1}"#, "/enum"),
        (r#"{"uniqueItems": "yes"}"#, "/uniqueItems"),
        (r#"{"items": [{}]}"#, "/items"),
        (r##"{"$ref": "#"}"##, ""),
        (
            r##"{"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}, "items": {"$ref": "#/$defs/a"}}"##,
            "/$defs/a",
        ),
        (r#"{"$defs": {"a": {"$id": "x"}, "b": {"$id": "x"}}}"#, "/$defs/b/$id"),
        (r#"[]"#, ""),
        ("{", ""),
    ];
    for (schema, pointer) in cases {
        let refusal = Schema::compile(schema, &Options::default()).map(|_| ()).unwrap_err();
        assert_eq!(refusal.pointer, pointer, "{schema}: {refusal}");
    }
    let refusal = Schema::compile(
        r#"{"$ref": "https://example.com/b#/c"}"#,
        &Options {
            documents: &[("https://example.com/b", r#"{"c": {"pattern": "\\1"}}"#)],
            ..Options::default()
        },
    );
    assert_eq!(refusal.map(|_| ()).unwrap_err().pointer, "https://example.com/b/c/pattern");
}

#[test]
fn the_place_of_the_culprit_is_told_in_the_text() {
    let cases = [
        (r#"{"properties": {"a": {"type": "strng"}}}"#, Some(r#""strng""#)),
        (r#"{"required": ["a", 1]}"#, Some("1")),
        (r#"{"items": [{}]}"#, Some("[{}]")),
        // Of a string with escapes only the name's place is known.
        (r#"{"pattern": "(a)\\1"}"#, Some(r#""pattern""#)),
        (r#"{"type": ["string", "\u0061"]}"#, Some(r#"["string", "\u0061"]"#)),
        (r#"{"properties": {"~/": {"minLength": -1}}}"#, Some("-1")),
        ("[]", Some("[]")),
        (r#"{"type": }"#, Some("")),
        ("{", Some("")),
    ];
    for (schema, place) in cases {
        let refusal = Schema::compile(schema, &Options::default()).map(|_| ()).unwrap_err();
        assert_eq!(refusal.place(schema).and_then(|place| schema.get(place)), place, "{schema}: {refusal}");
    }
    let malformed = r#"{"type": }"#;
    let refusal = Schema::compile(malformed, &Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(refusal.place(malformed), Some(9..9));
}

#[test]
fn violations_tell_where_and_what_but_not_what_the_document_says() {
    let schema = r#"{
        "type": "object", "required": ["name", "age"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "maxLength": 3}, "age": {"type": "integer", "minimum": 18},
            "tags": {"items": {"enum": ["a", "b"]}}, "either": {"anyOf": [{"type": "null"}, {"type": "boolean"}]}
        }
    }"#;
    let document = r#"{"name": "secret", "tags": ["a", "secret"], "either": "secret", "more": "secret"}"#;
    let schema = Schema::compile(schema, &Options::default()).unwrap();
    let Err(Fault::Invalid(violations)) = schema.check(document, &Bounds::default(), &mut Scratch::default())
    else {
        panic!()
    };
    let told: Vec<_> =
        violations.iter().map(|one| (one.schema.as_str(), one.keyword, one.to_string())).collect();
    assert_eq!(
        told,
        [
            ("/properties/name/maxLength", "maxLength", "/name: must have at most 3 characters".to_owned()),
            ("/properties/tags/items/enum", "enum", "/tags/1: must be one of \"a\", \"b\"".to_owned()),
            ("/properties/either/anyOf", "anyOf", "/either: must fit one of the alternatives".to_owned()),
            ("/additionalProperties", "false", "/more: nothing is allowed here".to_owned()),
            ("/required", "required", "the root: lacks `age`".to_owned()),
        ]
    );
}

#[test]
fn the_drafts_own_schemas_are_known() {
    for (dialect, uri) in [
        (Dialect::Draft4, "http://json-schema.org/draft-04/schema#"),
        (Dialect::Draft7, "http://json-schema.org/draft-07/schema#"),
        (Dialect::Draft2019, "https://json-schema.org/draft/2019-09/schema"),
        (Dialect::Draft2020, "https://json-schema.org/draft/2020-12/schema"),
    ] {
        let schema =
            Schema::compile(&format!(r#"{{"$ref": "{uri}"}}"#), &Options { dialect, ..Options::default() })
                .unwrap();
        let check = |text: &str| schema.check(text, &Bounds::default(), &mut Scratch::default()).is_ok();
        assert!(check(r#"{"properties": {"a": {"minLength": 1}}}"#), "{uri}");
        assert!(!check(r#"{"properties": {"a": {"minLength": -1}}}"#), "{uri}");
    }
}

#[test]
fn scratch_of_another_schema_makes_no_difference() {
    let schemas = ["^a+$", "^b+c$", "x|y"].map(|pattern| {
        Schema::compile(&format!(r#"{{"pattern": "{pattern}"}}"#), &Options::default()).unwrap()
    });
    let mut scratch = Scratch::default();
    for document in [r#""aa""#, r#""bbc""#, r#""zy""#, r#""b""#] {
        let verdicts =
            schemas.each_ref().map(|schema| schema.check(document, &Bounds::default(), &mut scratch).is_ok());
        let apart = schemas
            .each_ref()
            .map(|schema| schema.check(document, &Bounds::default(), &mut Scratch::default()).is_ok());
        assert_eq!(verdicts, apart, "{document}");
    }
}

/// Keywords with whatever values.
fn anything() -> impl Strategy<Value = Value> {
    let keywords = prop::sample::select(vec![
        "$schema",
        "$id",
        "$ref",
        "$anchor",
        "$dynamicAnchor",
        "$dynamicRef",
        "$recursiveRef",
        "$recursiveAnchor",
        "$defs",
        "type",
        "enum",
        "const",
        "minimum",
        "exclusiveMaximum",
        "multipleOf",
        "maxLength",
        "pattern",
        "format",
        "maxItems",
        "uniqueItems",
        "prefixItems",
        "items",
        "contains",
        "minContains",
        "unevaluatedItems",
        "properties",
        "patternProperties",
        "additionalProperties",
        "required",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "propertyNames",
        "unevaluatedProperties",
        "allOf",
        "oneOf",
        "not",
        "if",
        "then",
        "a",
        "contentEncoding",
    ]);
    let texts = prop::sample::select(vec![
        "#",
        "#/$defs/a",
        "#a",
        "a",
        "b",
        "x/../y",
        "string",
        "(",
        "[a-z]+",
        "date",
        "base64",
        "http://json-schema.org/draft-07/schema#",
    ]);
    let numbers = prop::sample::select(vec![
        "0",
        "1",
        "-1",
        "0.5",
        "4294967295",
        "4294967296",
        "1e400",
        "1e-400",
        "18446744073709551616",
    ]);
    let leaf = prop_oneof![
        document(),
        texts.prop_map(Value::from),
        numbers.prop_map(Value::from),
        Just(serde_json::json!({})),
        Just(Value::from(true)),
    ];
    leaf.prop_recursive(5, 60, 5, move |inner| {
        prop_oneof![
            3 => prop::collection::btree_map(keywords.clone(), inner.clone(), 0..5).prop_map(|members| serde_json::json!(members)),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_json_is_a_schema_or_refused_with_a_place_that_is_there(schema in anything(), document in document(), draft in 0..5_usize, unquoted in any::<bool>()) {
        let dialect = [Dialect::Draft4, Dialect::Draft6, Dialect::Draft7, Dialect::Draft2019, Dialect::Draft2020][draft];
        let mut text = schema.to_string();
        if unquoted {
            // Numbers that serde_json doesn't write.
            for number in ["4294967295", "4294967296", "1e400", "1e-400", "18446744073709551616", "-1", "0.5"] {
                text = text.replace(&format!("\"{number}\""), number);
            }
        }
        let options = Options { dialect, assert_formats: true, ..Options::default() };
        match Schema::compile(&text, &options) {
            Ok(schema) => {
                let _ = schema.check(&document.to_string(), &Bounds::default(), &mut Scratch::default());
            }
            Err(refusal) => prop_assert!(
                refusal.pointer.starts_with("http") || schema.pointer(&refusal.pointer).is_some(),
                "{} in {}", refusal, text
            ),
        }
    }
}

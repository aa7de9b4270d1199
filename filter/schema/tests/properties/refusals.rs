//! What can't be honoured is refused, with its place.

use seawall_schema::{Bounds, Dialect, Fault, Options, Schema, Scratch};

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

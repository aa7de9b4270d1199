//! The same verdicts as the crate jsonschema.

use proptest::prelude::*;
use seawall_schema::{Bounds, Dialect, Fault, Options, Schema, Scratch};
use serde_json::{Value, json};

use super::values::{document, name, scalar};

/// One keyword with its value.
fn keyword(inner: impl Strategy<Value = Value> + Clone + 'static) -> impl Strategy<Value = (String, Value)> {
    let list = prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from);
    let map = prop::collection::btree_map(name(), inner.clone(), 0..3).prop_map(|members| json!(members));
    let names = prop::collection::btree_set(name(), 0..3).prop_map(|names| json!(names)).boxed();
    let types = prop::collection::btree_set(
        prop::sample::select(vec!["null", "boolean", "object", "array", "number", "string", "integer"]),
        1..4,
    );
    let with = |keywords: &'static [&'static str], value: BoxedStrategy<Value>| {
        (prop::sample::select(keywords), value)
            .prop_map(|(keyword, value)| (keyword.to_owned(), value))
            .boxed()
    };
    let counts = &[
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minContains",
        "maxContains",
    ];
    prop_oneof![
        with(&["type"], types.prop_map(|types| json!(types)).boxed()),
        with(&["enum"], prop::collection::vec(document(), 1..4).prop_map(Value::from).boxed()),
        with(&["const"], document().boxed()),
        with(
            &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
            (-5_i64..9).prop_map(Value::from).boxed()
        ),
        with(
            &["multipleOf"],
            prop::sample::select(vec![json!(2), json!(3), json!(0.1), json!(0.5), json!(2.5)]).boxed()
        ),
        with(counts, (0_u64..4).prop_map(Value::from).boxed()),
        with(
            &["pattern"],
            prop::sample::select(vec!["^a", "b$", "a|é", "^[ab]*$", "^.{2}$", r"\\"])
                .prop_map(Value::from)
                .boxed()
        ),
        with(&["uniqueItems"], any::<bool>().prop_map(Value::from).boxed()),
        with(
            &[
                "items",
                "contains",
                "additionalProperties",
                "propertyNames",
                "not",
                "if",
                "then",
                "else",
                "unevaluatedItems",
                "unevaluatedProperties"
            ],
            inner.clone().boxed()
        ),
        with(&["allOf", "anyOf", "oneOf", "prefixItems"], list.boxed()),
        with(&["properties", "dependentSchemas"], map.boxed()),
        with(
            &["patternProperties"],
            prop::collection::btree_map(prop::sample::select(vec!["^a", "b"]), inner, 0..3)
                .prop_map(|members| json!(members))
                .boxed()
        ),
        with(&["required"], names.clone().boxed()),
        with(
            &["dependentRequired"],
            prop::collection::btree_map(name(), names, 0..3).prop_map(|members| json!(members)).boxed()
        ),
    ]
}

pub(crate) fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        scalar().prop_map(|value| json!({ "const": value })),
        Just(json!({ "$ref": "#/$defs/a" })),
        Just(json!({ "items": { "$ref": "#" } })),
    ];
    let schema = leaf.prop_recursive(4, 32, 4, |inner| {
        prop::collection::vec(keyword(inner.boxed()), 0..5)
            .prop_map(|keywords| Value::Object(keywords.into_iter().collect()))
    });
    (
        prop::collection::vec(keyword(schema.boxed()), 1..5),
        prop::sample::select(vec![json!({ "type": "string" }), json!({ "minimum": 2 }), json!(true)]),
    )
        .prop_map(|(keywords, defined)| {
            let mut schema: serde_json::Map<String, Value> = keywords.into_iter().collect();
            schema.insert("$defs".to_owned(), json!({ "a": defined }));
            Value::Object(schema)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_random_document_fits_a_random_schema_here_if_it_does_there(schema in schema(), documents in prop::collection::vec(document(), 12)) {
        let theirs = jsonschema::draft202012::new(&schema).unwrap();
        let ours = Schema::compile(&schema.to_string(), &Options { dialect: Dialect::Draft2020, ..Options::default() }).unwrap();
        let mut scratch = Scratch::default();
        for document in documents {
            let verdict = ours.check(&document.to_string(), &Bounds::default(), &mut scratch);
            prop_assert_eq!(verdict.is_ok(), theirs.is_valid(&document), "{} for {}: {:?}", schema, document, verdict);
            if let Err(fault) = verdict {
                let Fault::Invalid(violations) = fault else { panic!("{fault}") };
                prop_assert!((1..=16).contains(&violations.len()));
                for violation in violations {
                    prop_assert!(document.pointer(&violation.instance).is_some(), "{:?} in {}", violation, document);
                    let path = violation.schema.rsplit_once('/').map_or("", |(path, _)| path);
                    let path = if violation.keyword == "false" { &violation.schema } else { path };
                    prop_assert!(schema.pointer(path).is_some(), "{:?} in {}", violation, schema);
                }
            }
        }
    }
}

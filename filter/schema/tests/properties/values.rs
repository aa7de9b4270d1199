//! Random JSON, of few different values, so that documents often fit schemas.

use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..12).prop_map(Value::from),
        (-50_i64..120).prop_map(|tenths| json!(tenths as f64 / 10.0)),
        "[ab\"\\\\é🌊]{0,4}".prop_map(Value::from),
    ]
}

pub(crate) fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("ab".to_owned()), Just("é/~".to_owned())]
}

pub(crate) fn document() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

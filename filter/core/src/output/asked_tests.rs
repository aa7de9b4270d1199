use super::super::{Call, Choice};
use super::*;
use crate::body;

const BODY: &str = r#"{"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}},
    "tools":[{"type":"function","function":{"name":"add","parameters":{"type":"object"}}},
             {"type":"function","function":{"name":"sub","parameters":{"type":"object"}}},
             {"type":"function","function":{"name":"odd","parameters":{"type":"nothing"}}}],
    "messages":[{"role":"user","content":"Guten Tag"}]}"#;
const ALL: Wants = Wants { schemas: true, last_text: true };

fn calling(names: &[&str]) -> Content {
    let calls = names.iter().map(|name| Call { name: (*name).into(), ..Call::default() }).collect();
    Content { choices: vec![Choice { calls, ..Choice::default() }] }
}

#[test]
fn what_is_wanted_is_read() {
    let (facts, mut cache) = (body::read(BODY.as_bytes()).unwrap(), SchemaCache::default());
    let asked = Asked::of(&facts, BODY.as_bytes(), (Dialect::Chat, ALL), &mut cache);
    assert!(asked.json && asked.schema.is_some() && asked.unusable == 0);
    assert_eq!(asked.last_text, "Guten Tag");
    let asked = Asked::of(&facts, BODY.as_bytes(), (Dialect::Chat, Wants::default()), &mut cache);
    assert!(!asked.json && asked.schema.is_none() && asked.last_text.is_empty());
}

#[test]
fn only_the_schemas_of_called_tools_are_compiled() {
    let (facts, mut cache) = (body::read(BODY.as_bytes()).unwrap(), SchemaCache::default());
    let mut asked = Asked::of(&facts, BODY.as_bytes(), (Dialect::Chat, ALL), &mut cache);
    let told = |asked: &Asked| {
        asked.tools.iter().map(|tool| (tool.name.clone(), tool.schema.is_some())).collect::<Vec<_>>()
    };
    let mut read = |wants, called: &[&str]| {
        asked.read_tools(&facts, BODY.as_bytes(), wants, &calling(called), &mut cache);
        (told(&asked), asked.unusable)
    };
    assert_eq!(read(ALL, &[]), (vec![], 0));
    let names =
        |has: [bool; 3]| ["add", "sub", "odd"].map(String::from).into_iter().zip(has).collect::<Vec<_>>();
    assert_eq!(read(ALL, &["sub", "other"]), (names([false, true, false]), 0));
    assert_eq!(read(Wants::default(), &["sub"]), (names([false, false, false]), 0));
    assert_eq!(read(ALL, &["odd", "add"]), (names([true, false, false]), 1), "one can't be honoured");
}

#[test]
fn a_format_that_cannot_be_honoured_still_asks_for_json() {
    let body = r#"{"text":{"format":{"type":"json_schema","schema":{"$ref":"https://example.com/x"}}}}"#;
    let facts = body::read(body.as_bytes()).unwrap();
    let asked = Asked::of(&facts, body.as_bytes(), (Dialect::Responses, ALL), &mut SchemaCache::default());
    assert!(asked.json && asked.schema.is_none());
    assert_eq!(asked.unusable, 1);
}

#[test]
fn tools_may_be_called_that_are_declared_in_any_dialect_or_stored() {
    let may_call = |body: &str| {
        let facts = body::read(body.as_bytes()).unwrap();
        Asked::of(&facts, body.as_bytes(), (Dialect::Chat, Wants::default()), &mut SchemaCache::default())
            .may_call
    };
    for body in [
        r#"{"tools":[{"name":"add"}]}"#,
        r#"{"toolConfig":{"tools":[{"toolSpec":{"name":"add"}}]}}"#,
        r#"{"functions":[{"name":"add"}]}"#,
        r#"{"prompt":{"id":"pmpt_1"}}"#,
        r#"{"cachedContent":"cachedContents/1"}"#,
    ] {
        assert!(may_call(body), "{body}");
    }
    for body in ["{}", r#"{"toolConfig":{"tools":[]},"prompt":"Say it","cachedContent":null}"#] {
        assert!(!may_call(body), "{body}");
    }
}

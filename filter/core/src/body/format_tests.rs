use super::super::{json_schema, read};
use super::*;

fn format(body: &str) -> (bool, Option<(&str, Form)>) {
    let facts = read(body.as_bytes()).unwrap();
    let Format { is_json, schema } = facts.format(body.as_bytes());
    (is_json, schema.map(|schema| (std::str::from_utf8(schema.text).unwrap(), schema.form)))
}

#[test]
fn the_format_is_found_in_every_dialect() {
    let json = Some((r#"{"type":"object"}"#, Form::Json));
    let table = [
        (
            r#"{"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object"}}}}"#,
            true,
            json,
        ),
        (r#"{"response_format":{"type":"json_object","schema":{"type":"object"}}}"#, true, json),
        (r#"{"response_format":{"type":"json_object"}}"#, true, json),
        (r#"{"response_format":{"type":"json_schema","json_schema":{"schema":null}}}"#, true, None),
        (r#"{"response_format":{"type":"text"}}"#, false, None),
        (r#"{"response_format":null}"#, false, None),
        (
            r#"{"text":{"format":{"type":"json_schema","name":"a","schema":{"type":"object"}},"verbosity":"low"}}"#,
            true,
            json,
        ),
        (r#"{"text":{"format":{"type":"json_object"}}}"#, true, json),
        (r#"{"text":{"format":{"type":"text"}}}"#, false, None),
        (
            r#"{"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}}}"#,
            true,
            json,
        ),
        (r#"{"output_format":{"type":"json_schema","schema":{"type":"object"}}}"#, true, json),
        (
            r#"{"generationConfig":{"responseFormat":{"text":{"mimeType":"APPLICATION_JSON","schema":{"type":"object"}}}}}"#,
            true,
            json,
        ),
        (
            r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}}"#,
            true,
            json,
        ),
        (
            r#"{"generation_config":{"response_mime_type":"application/json","_responseJsonSchema":{"type":"object"}}}"#,
            true,
            json,
        ),
        (r#"{"generationConfig":{"responseMimeType":"application/json"}}"#, true, None),
        (
            r#"{"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}}"#,
            true,
            Some((r#"{"type":"OBJECT"}"#, Form::OpenApi)),
        ),
        (
            r#"{"generationConfig":{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING"}}}"#,
            false,
            None,
        ),
        (r#"{"generationConfig":{"responseMimeType":"text/plain"}}"#, false, None),
        (
            r#"{"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"a","schema":"{\"type\":\"object\"}"}}}}}"#,
            true,
            Some((r#""{\"type\":\"object\"}""#, Form::Quoted)),
        ),
        (r#"{"messages":[{"role":"user","content":"answer in JSON"}]}"#, false, None),
    ];
    for (body, is_json, schema) in table {
        assert_eq!(format(body), (is_json, schema), "{body}");
    }
}

#[test]
fn what_is_no_format_asks_for_nothing() {
    for value in
        ["[]", "1", "\"json_schema\"", "{}", r#"{"type":["json_schema"]}"#, r#"{"type":{"a":"json_object"}}"#]
    {
        for body in [
            format!(r#"{{"response_format":{value}}}"#),
            format!(r#"{{"text":{{"format":{value}}}}}"#),
            format!(r#"{{"output_config":{{"format":{value}}}}}"#),
            format!(r#"{{"generationConfig":{value}}}"#),
        ] {
            assert_eq!(self::format(&body), (false, None), "{body}");
        }
    }
}

#[test]
fn gemini_s_schemas_are_made_json_schema() {
    let table = [
        (r#"{"type":"STRING"}"#, r#"{"type":"string"}"#),
        (r#"{"type":"TYPE_UNSPECIFIED","title":"a"}"#, "{}"),
        (r#"{"type":"INTEGER","nullable":true}"#, r#"{"type":["integer","null"]}"#),
        (
            r#"{"type":"STRING","format":"enum","enum":["A","b"]}"#,
            r#"{"type":"string","format":"enum","enum":["A","b"]}"#,
        ),
        (
            r#"{"type":"STRING","nullable":true,"enum":["A"]}"#,
            r#"{"type":["string","null"],"enum":["A",null]}"#,
        ),
        (r#"{"type":"INTEGER","enum":["1","2"]}"#, r#"{"type":"integer"}"#),
        (
            r#"{"type":"ARRAY","items":{"type":"NUMBER","minimum":0.5},"maxItems":"3","min_items":1}"#,
            r#"{"type":"array","items":{"type":"number","minimum":0.5},"maxItems":3,"minItems":1}"#,
        ),
        (
            r#"{"type":"OBJECT","properties":{"type":{"type":"STRING"},"enum":{"type":"BOOLEAN"}},"required":["type"],"propertyOrdering":["type"]}"#,
            r#"{"type":"object","properties":{"type":{"type":"string"},"enum":{"type":"boolean"}},"required":["type"]}"#,
        ),
        (
            r#"{"nullable":true,"any_of":[{"type":"STRING"},{"type":"INTEGER"}]}"#,
            r#"{"anyOf":[{"type":"string"},{"type":"integer"},{"type":"null"}]}"#,
        ),
        (
            r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"NULL"}}}"##,
            r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"null"}}}"##,
        ),
        (r#"{"maxLength":"Infinity","maximum":"","minimum":null}"#, "{}"),
        (
            r#"{"additionalProperties":false,"prefixItems":[{"type":"STRING"}]}"#,
            r#"{"additionalProperties":false,"prefixItems":[{"type":"string"}]}"#,
        ),
        ("7", "7"),
    ];
    for (given, expected) in table {
        assert_eq!(String::from_utf8(json_schema(given.as_bytes())).unwrap(), expected, "{given}");
    }
}

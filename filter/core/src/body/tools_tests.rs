use super::super::read;
use super::*;

fn declared(body: &str) -> (Vec<String>, bool) {
    let facts = read(body.as_bytes()).unwrap();
    let DeclaredTools { tools, has_more } = facts.declared(body.as_bytes());
    let told = tools.into_iter().map(|tool| match tool.schema {
        None => tool.name.into_owned(),
        Some(schema) => {
            format!("{} {:?} {}", tool.name, schema.form, std::str::from_utf8(schema.text).unwrap())
        }
    });
    (told.collect(), has_more)
}

#[test]
fn the_tools_are_found_in_every_dialect() {
    let table: &[(&str, &[&str])] = &[
        (
            r#"{"tools":[{"type":"function","function":{"name":"a","parameters":{"type":"object"}}},{"type":"custom","custom":{"name":"b","format":{}}}]}"#,
            &[r#"a Json {"type":"object"}"#, "b"],
        ),
        (r#"{"functions":[{"name":"a","parameters":{}},{"name":"b"}]}"#, &["a Json {}", "b"]),
        (
            r#"{"tools":[{"type":"function","name":"a","parameters":{}},{"type":"custom","name":"b"},{"type":"web_search"},{"type":"mcp","server_label":"x"}]}"#,
            &["a Json {}", "b"],
        ),
        (
            r#"{"tools":[{"type":"namespace","name":"crm","tools":[{"type":"function","name":"a","parameters":{}},{"type":"namespace","name":"b","tools":[{"name":"c"}]}]}]}"#,
            &["a Json {}", "b"],
        ),
        (
            r#"{"tools":[{"name":"a","input_schema":{}},{"type":"custom","name":"b","input_schema":{}},{"type":"bash_20250124","name":"bash"}]}"#,
            &["a Json {}", "b Json {}", "bash"],
        ),
        (
            r#"{"tools":[{"functionDeclarations":[{"name":"a","parameters":{"type":"OBJECT"}},{"name":"b","parametersJsonSchema":{}}]},{"googleSearch":{}}]}"#,
            &[r#"a OpenApi {"type":"OBJECT"}"#, "b Json {}"],
        ),
        (
            r#"{"tools":[{"function_declarations":[{"name":"a","parameters_json_schema":{},"parameters":{"type":"OBJECT"}}]}]}"#,
            &["a Json {}"],
        ),
        (
            r#"{"toolConfig":{"tools":[{"toolSpec":{"name":"a","inputSchema":{"json":{}}}},{"systemTool":{"name":"b"}},{"cachePoint":{"type":"default"}}]}}"#,
            &["a Json {}", "b"],
        ),
        (
            r#"{"tools":[{"name":1},7,null,{"function":null,"name":"a"},{"name":"b","parameters":null}]}"#,
            &["a", "b"],
        ),
        (r#"{"tools":{},"functions":"x","toolConfig":[]}"#, &[]),
    ];
    for (body, expected) in table {
        let (tools, has_more) = declared(body);
        assert_eq!(tools, *expected, "{body}");
        assert!(!has_more, "{body}");
    }
}

#[test]
fn tools_that_the_body_does_not_tell_are_known_of() {
    for body in [
        r#"{"prompt":{"id":"pmpt_1"},"input":"x"}"#,
        r#"{"cachedContent":"cachedContents/1","contents":[]}"#,
        r#"{"tools":[{"type":"tool_search","execution":"client"}]}"#,
    ] {
        assert_eq!(declared(body), (vec![], true), "{body}");
    }
    assert_eq!(declared(r#"{"prompt":"x","cached_content":null}"#), (vec![], false));
}

#[test]
fn tools_beyond_the_most_that_are_read_are_known_to_be_there() {
    let list = |count: usize| vec![r#"{"name":"a"}"#; count].join(",");
    for body in [
        format!(r#"{{"tools":[{}]}}"#, list(1_025)),
        format!(r#"{{"functions":[{}]}}"#, list(1_025)),
        format!(r#"{{"tools":[{{"functionDeclarations":[{}]}}]}}"#, list(1_025)),
    ] {
        let declared = read(body.as_bytes()).unwrap().declared(body.as_bytes());
        assert_eq!((declared.tools.len(), declared.has_more), (1_024, true));
    }
    let body = format!(r#"{{"tools":[{}]}}"#, list(1_024));
    assert!(!read(body.as_bytes()).unwrap().declared(body.as_bytes()).has_more);
}

use super::super::read;

fn last(body: &str, most: usize) -> String {
    read(body.as_bytes()).unwrap().last_text(body.as_bytes(), most)
}

#[test]
fn what_the_user_has_said_last_is_found_in_every_dialect() {
    let table = [
        (
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c\n\u00e4"},{"role":"system","content":"d"}]}"#,
            "c\nä",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]}]}"#,
            "a\nb",
        ),
        (
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1"}]},{"role":"tool","tool_call_id":"1","content":"b"}]}"#,
            "a",
        ),
        (
            r#"{"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"b"}]}]}"#,
            "a",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"b"}]},{"type":"text","text":"c"}]}]}"#,
            "c",
        ),
        (r#"{"input":"a"}"#, "a"),
        (
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},{"type":"reasoning","summary":[]}]}"#,
            "a",
        ),
        (r#"{"contents":[{"parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}]}"#, "a"),
        (r#"{"contents":[{"role":"user","parts":{"text":"a"}}]}"#, "a"),
        (r#"{"messages":[{"role":"user","content":[{"text":"a"},{"toolResult":{"toolUseId":"1"}}]}]}"#, "a"),
        (r#"{"prompt":"a"}"#, "a"),
        (r#"{"prompt":["a","b"]}"#, ""),
        (r#"{"messages":[{"role":"assistant","content":"a"}]}"#, ""),
        (r#"{"messages":[1,"a",null,{}]}"#, ""),
        (r#"{"messages":"a","contents":{},"input":7}"#, ""),
    ];
    for (body, expected) in table {
        assert_eq!(last(body, 100), expected, "{body}");
    }
}

#[test]
fn only_the_end_of_a_long_text_is_kept() {
    assert_eq!(last(r#"{"input":"one two"}"#, 3), "two");
    assert_eq!(last(r#"{"input":"äöü"}"#, 3), "ü");
    let spaced = format!(r#"{{"input":"{}end"}}"#, r"\u00e4 ".repeat(50_000));
    assert_eq!(last(&spaced, 8), " ä end");
    let dense = format!(r#"{{"input":"{}"}}"#, r"\u00e4".repeat(50_000));
    assert_eq!(last(&dense, 4), "ää");
}

use super::*;
use crate::headers::Entry;

fn headers(pairs: &[(&str, &[u8])]) -> Headers {
    let (mut text, mut index) = (Vec::new(), Vec::new());
    for (name, value) in pairs {
        let (name_start, name_len) = (text.len() as u32, name.len() as u32);
        text.extend_from_slice(name.as_bytes());
        let (value_start, value_len) = (text.len() as u32, value.len() as u32);
        text.extend_from_slice(value);
        index.push(Entry { name_start, name_len, value_start, value_len });
    }
    Headers::new(text, index)
}

fn at(hour: u64, minute: u64) -> Timestamp {
    Timestamp((20_000 * 86_400 + hour * 3_600 + minute * 60) * 1_000_000_000)
}

#[test]
fn headers_read_as_one_text_each() {
    let headers = headers(&[
        (":path", b"/v1/chat%20x?a=b?c"),
        (":method", b"PATCH"),
        ("x-one", b"1"),
        ("x-two", b"a"),
        ("x-empty", b""),
        ("x-two", b"b, c"),
        ("x-odd", b"caf\xe9"),
        ("x-odd", b""),
        ("x-seawall-target", b"forged"),
    ]);
    let sight = Sight::new(&headers, at(0, 0), Body::Awaited);
    let table = [
        ("x-one", Some("1")),
        ("x-two", Some("a,b, c")),
        ("x-empty", Some("")),
        ("x-odd", Some("caf\u{fffd},")),
        ("x-none", None),
        ("x-seawall-target", None),
    ];
    for (name, expected) in table {
        assert_eq!(sight.header(name), expected, "{name}");
    }
    assert_eq!((sight.text(TextName::Path), sight.text(TextName::Method)), ("/v1/chat%20x", "PATCH"));
    assert!(sight.awaits_body());
}

#[test]
fn the_hour_is_that_of_the_day_in_utc() {
    let headers = Headers::default();
    for (hour, minute) in [(0, 0), (0, 59), (13, 0), (23, 59)] {
        let sight = Sight::new(&headers, at(hour, minute), Body::Silent);
        assert_eq!(sight.number(NumberName::Hour), hour as i64);
    }
    let last = Sight::new(&headers, Timestamp(u64::MAX), Body::Silent);
    assert!((0..24).contains(&last.number(NumberName::Hour)));
}

#[test]
fn a_body_says_what_stands_in_it() {
    // Body; model, stream, turns, tools by number, names of tools.
    let table = [
        ("{}", "", false, 0, 0, ""),
        (r#"{"model":"gpt-4.1","stream":true,"messages":[{},{}]}"#, "gpt-4.1", true, 2, 0, ""),
        (r#"{"model":"gpt\u002d4 \"x\""}"#, "gpt-4 \"x\"", false, 0, 0, ""),
        (r#"{"model":"\ud800"}"#, "", false, 0, 0, ""),
        (r#"{"model":null,"stream":"true","messages":{"a":[1]},"tools":"search"}"#, "", false, 0, 0, ""),
        (r#"{"tools":[]}"#, "", false, 0, 0, ""),
        (
            r#"{"tools":[{"type":"function","function":{"description":"name","name":"a"}}]}"#,
            "",
            false,
            0,
            1,
            "a",
        ),
        (
            r#"{"tools":[{"type":"custom","custom":{"name":"a"}},{"type":"function","name":"b"}]}"#,
            "",
            false,
            0,
            2,
            "a b",
        ),
        (
            r#"{"tools":[{"input_schema":{"name":"no"},"name":"b\u0020c"} , {"type":"web_search"}]}"#,
            "",
            false,
            0,
            2,
            "b c|web_search",
        ),
        (
            r#"{"tools":[{"na\u006de":"a"},7,"text",[{"name":"no"}],{},null,{"name":5}]}"#,
            "",
            false,
            0,
            7,
            "a",
        ),
        (
            r#"{"tools":[{"function":{"name":"inner"},"name":"own"},{"function":"x","type":"t"}]}"#,
            "",
            false,
            0,
            2,
            "own|t",
        ),
        (r#"{"tools":[{"name":"first","name":"last"}]}"#, "", false, 0, 1, "last"),
    ];
    for (text, model, stream, turns, tools, names) in table {
        let facts = body::read(text.as_bytes()).unwrap();
        let headers = Headers::default();
        let sight = Sight::new(&headers, at(0, 0), Body::Read(&facts, text.as_bytes()));
        assert_eq!(sight.text(TextName::Model), model, "{text}");
        assert_eq!(sight.flag(FlagName::Stream), stream, "{text}");
        assert_eq!(sight.number(NumberName::Turns), turns, "{text}");
        assert_eq!(sight.number(NumberName::Tools), tools, "{text}");
        let separator = if names.contains('|') { '|' } else { ' ' };
        let names: Vec<_> = names.split(separator).filter(|name| !name.is_empty()).collect();
        assert_eq!(sight.tools(), names, "{text}");
        assert!(names.iter().all(|name| sight.has_tool(name)) && !sight.has_tool("no"), "{text}");
    }
}

#[test]
fn of_very_many_tools_the_first_are_named_and_all_are_counted() {
    let tools: Vec<_> = (0..3_000).map(|number| format!(r#"{{"name":"t{number}"}}"#)).collect();
    let text = format!(r#"{{"tools":[{}]}}"#, tools.join(","));
    let facts = body::read(text.as_bytes()).unwrap();
    let headers = Headers::default();
    let sight = Sight::new(&headers, at(0, 0), Body::Read(&facts, text.as_bytes()));
    assert_eq!(sight.number(NumberName::Tools), 3_000);
    assert!(sight.has_tool("t1023") && !sight.has_tool("t1024"));
}

#[test]
fn a_condition_sees_who_calls_and_how_much() {
    let headers = headers(&[]);
    let body = br#"{"max_completion_tokens":7}"#;
    let facts = body::read(body).unwrap();
    let named = Named { tenant: "acme", tier: "gold" };
    let sight = Sight::new(&headers, at(0, 0), Body::Read(&facts, body)).of(named).with_input(12);
    assert_eq!((sight.text(TextName::Tenant), sight.text(TextName::Tier)), ("acme", "gold"));
    assert_eq!((sight.number(NumberName::InputTokens), sight.number(NumberName::MaxOutputTokens)), (12, 7));
    let silent = Sight::new(&headers, at(0, 0), Body::Silent);
    assert_eq!((silent.text(TextName::Tier), silent.number(NumberName::MaxOutputTokens)), ("", 0));
}

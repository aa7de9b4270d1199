//! What no provider sends.

use super::*;
use crate::body::Failure;

fn of(body: &str) -> Option<Content> {
    Reading::of(Dialect::Chat, Framing::Document, body.as_bytes())
        .ok()
        .map(|reading| reading.content().clone())
}

#[test]
fn what_breaks_off_is_no_document() {
    let body = r#"{"choices":[{"index":0,"message":{"content":"a\ud83c\udf0a"},"finish_reason":"stop"}]}"#;
    assert!(of(body).is_some());
    for length in 0..body.len() {
        assert_eq!(of(body.get(..length).unwrap()), None, "{length}");
    }
    for body in ["", "<html>", "{\"choices\":[]} {}", "{\"choices\":[}", "{\"choices\":[]]"] {
        assert_eq!(of(body), None, "{body}");
    }
}

#[test]
fn a_stream_that_breaks_off_says_what_it_has_said() {
    let body = crate::stream::tests::recorded::whole_chat();
    let mut said = String::new();
    for length in 0..body.len() {
        let reading = Reading::of(Dialect::Chat, Framing::Sse, &body.as_bytes()[..length]).unwrap();
        let text = reading.content().choices.first().map(|choice| choice.text.clone()).unwrap_or_default();
        assert!(text.starts_with(&said));
        said = text;
    }
}

#[test]
fn events_that_cannot_be_read_say_nothing() {
    let good = r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    let body = format!(
        "data: {good} x\n\ndata: {{\"choices\":[{{\"delta\":{{\"content\":\"b\"}}}}\n\ndata: {good}\n\n"
    );
    let reading = Reading::of(Dialect::Chat, Framing::Sse, body.as_bytes()).unwrap();
    assert_eq!(reading.content().choices, [says("a", Finish::Stop)]);
    assert_eq!(collected(Dialect::Chat, Framing::Sse, [body.as_bytes()]), *reading.content());
}

#[test]
fn half_a_character_is_replaced() {
    for (written, says) in [
        (r"\ud83c\udf0a", "🌊"),
        (r"\ud83c", "\u{FFFD}"),
        (r"\udf0a\ud83c", "\u{FFFD}\u{FFFD}"),
        (r"\ud83cx", "\u{FFFD}x"),
        (r"\ud83c\n", "\u{FFFD}\n"),
        (r"\ud83c\ud83c\udf0a", "\u{FFFD}🌊"),
        (r"\u12", "\u{FFFD}12"),
        (r"\uzzzz\u0000", "\u{FFFD}zzzz\0"),
        (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"),
        (r"\x", "x"),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"{written}"}}}}]}}"#);
        assert_eq!(of(&body).unwrap().choices[0].text, says, "{written}");
    }
    let mut text = String::new();
    json::unescape(b"a\xC3\\n\xA4\xF0\x9F", &mut text);
    assert_eq!(text, "a\u{FFFD}\n\u{FFFD}\u{FFFD}");
}

#[test]
fn deep_nesting_is_refused_and_costs_no_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [100, 200, 100_000] {
            let inner = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let body = format!(
                r#"{{"type":"message","content":[{{"type":"tool_use","name":"f","input":{{"a":{inner}}}}}],"stop_reason":"tool_use"}}"#
            );
            let reading = Reading::of(Dialect::Anthropic, Framing::Document, body.as_bytes());
            assert_eq!(reading.is_ok(), depth == 100, "{depth}");
            assert_eq!(
                collected(Dialect::Anthropic, Framing::Document, [body.as_bytes()]).choices.len(),
                usize::from(depth == 100)
            );
        }
    }
}

#[test]
fn no_more_is_kept_than_is_ever_read() {
    let chunk = |text: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let piece = chunk(&"x".repeat(64 * 1024));
    let mut watch = Watch::new(Dialect::Chat, Framing::Sse).collecting();
    for _ in 0..64 {
        read_event(&mut watch, piece.as_bytes());
    }
    let collector = watch.collected().unwrap();
    assert_eq!((collector.overflows(), collector.content().choices[0].text.len()), (false, 4 * 1024 * 1024));
    read_event(&mut watch, chunk("x").as_bytes());
    read_event(&mut watch, chunk("").as_bytes());
    let collector = watch.collected().unwrap();
    assert_eq!((collector.overflows(), collector.content().choices[0].text.len()), (true, 4 * 1024 * 1024));
    let body = piece.repeat(65);
    assert_eq!(Reading::of(Dialect::Chat, Framing::Sse, body.as_bytes()).err(), Some(Failure::TooLarge));
    assert!(Reading::of(Dialect::Chat, Framing::Sse, piece.repeat(64).as_bytes()).is_ok());
    // One event that never ends.
    let mut watch = Watch::new(Dialect::Chat, Framing::Sse).collecting();
    for _ in 0..80 {
        read_event(&mut watch, &piece.as_bytes()[..64 * 1024]);
    }
    assert!(watch.collected().unwrap().overflows());
}

#[test]
fn choices_and_calls_are_counted() {
    let body = |choices: usize| {
        format!(r#"{{"choices":[{}]}}"#, vec![r#"{"message":{"content":"a"}}"#; choices].join(","))
    };
    assert_eq!(of(&body(128)).unwrap().choices.len(), 128);
    assert_eq!(of(&body(129)), None);
    assert_eq!(of(&body(200_000)), None);
    let body = |calls: usize| {
        let calls = vec![r#"{"function":{"name":"f","arguments":"{}"}}"#; calls].join(",");
        format!(r#"{{"choices":[{{"message":{{"tool_calls":[{calls}]}}}}]}}"#)
    };
    assert_eq!(of(&body(127)).unwrap().choices[0].calls.len(), 127);
    assert_eq!(of(&body(128)), None);
    let numbered = r#"{"choices":[{"index":4294967295,"message":{"content":"a"}},{"index":99999999999,"message":{"content":"b"}}]}"#;
    assert_eq!(of(numbered).unwrap().choices.len(), 2);
}

#[test]
fn calls_before_texts_take_no_longer_than_behind_them() {
    let texts = vec![r#"{"text":"a"}"#; 30_000].join(",");
    let pieces = vec![r#"{"index":0,"function":{"name":"f","arguments":"1"}}"#; 30_000].join(",");
    let body = format!(
        r#"{{"choices":[{{"message":{{"tool_calls":[{pieces}],"content":[{texts}]}},"finish_reason":"stop"}}]}}"#
    );
    let reading = Reading::of(Dialect::Chat, Framing::Document, body.as_bytes()).unwrap();
    let mut new = reading.content().clone();
    new.choices[0].text = "b".into();
    new.choices[0].calls[0].arguments = "2".into();
    let written = reading.rewritten(body.as_bytes(), &new).unwrap();
    assert_eq!(of(std::str::from_utf8(&written).unwrap()), Some(new));
}

#[test]
fn places_are_counted() {
    let event = |parts: usize| {
        let parts = vec![r#"{"text":""}"#; parts].join(",");
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":[{parts}]}}}}]}}\n\n")
    };
    let body = event(1024).repeat(128);
    let reading = |body: &str| Reading::of(Dialect::Chat, Framing::Sse, body.as_bytes());
    assert!(reading(&body).is_ok());
    assert!(reading(&(body + &event(1))).is_err());
    // Values of one text, too.
    assert!(reading(&event(120 * 1024)).is_ok());
    let event = event(140 * 1024);
    assert!(reading(&event).is_err());
    let mut watch = Watch::new(Dialect::Chat, Framing::Sse).collecting();
    read_event(&mut watch, event.as_bytes());
    assert!(watch.collected().unwrap().overflows());
    let parts = |parts: usize| {
        let parts = vec![r#"{"type":"output_text","text":"a"}"#; parts].join(",");
        let body = format!(r#"{{"output":[{{"type":"message","content":[{parts}]}}],"status":"completed"}}"#);
        Reading::of(Dialect::Responses, Framing::Document, body.as_bytes()).is_ok()
    };
    assert!(parts(256) && !parts(257));
}

#[test]
fn many_parts_are_written_in_linear_time() {
    let parts = vec![r#"{"type":"text","text":"a"}"#; 80_000].join(",");
    let body = format!(r#"{{"choices":[{{"message":{{"content":[{parts}]}},"finish_reason":"stop"}}]}}"#);
    let reading = Reading::of(Dialect::Chat, Framing::Document, body.as_bytes()).unwrap();
    let mut new = reading.content().clone();
    new.choices[0].text = "b".into();
    let written = reading.rewritten(body.as_bytes(), &new).unwrap();
    assert_eq!(of(std::str::from_utf8(&written).unwrap()), Some(new));
}

use super::recorded::*;
use super::*;
use crate::operation::Operation;

/// A stream that breaks off in the middle of an event.
fn broken() -> String {
    let mut text = chat(&["Hello", " world"], "");
    text.truncate(text.len() - 20);
    text
}

/// What of it are whole events.
fn events_of_broken() -> String {
    chat(&["Hello"], "")
}

#[test]
fn a_stream_that_breaks_is_never_presented_as_complete() {
    let table = [
        (Dialect::Chat, Framing::Sse, chat(&["Hello"], "").into_bytes()),
        (Dialect::Chat, Framing::Sse, broken().into_bytes()),
        (
            Dialect::Responses,
            Framing::Sse,
            RESPONSES.split("event: response.completed").next().unwrap().into(),
        ),
        (Dialect::Anthropic, Framing::Sse, ANTHROPIC.split("event: message_delta").next().unwrap().into()),
        (Dialect::Gemini, Framing::Sse, GEMINI.as_bytes()[..500].into()),
        (Dialect::Gemini, Framing::Array, gemini_array().as_bytes()[..500].into()),
        (Dialect::Bedrock, Framing::EventStream, bedrock()[..400].into()),
    ];
    for (dialect, framing, bytes) in table {
        for (orderly, verdict) in [(true, Verdict::Truncated), (false, Verdict::Cut)] {
            for mode in [StreamMode::Live, StreamMode::UntilCommit] {
                let came = stream(dialect, framing, rules(mode), &bytes, orderly);
                assert_eq!(came.verdict, Some(verdict), "{dialect:?} {framing:?}");
                let out = came.out.unwrap();
                let again = Watched::read(dialect, framing, &out);
                assert!(again.error.is_some(), "{dialect:?} {framing:?}: {}", String::from_utf8_lossy(&out));
                assert_eq!(again.malformed, 0, "the frame stands between events");
            }
            let came = stream(dialect, framing, rules(StreamMode::Complete), &bytes, orderly);
            assert_eq!((came.out, came.verdict), (None, Some(verdict)));
        }
    }
}

/// What the caller's SDK would see.
struct Watched;

impl Watched {
    fn read(dialect: Dialect, framing: Framing, bytes: &[u8]) -> Report {
        send(gate(dialect, framing, rules(StreamMode::Live)), [bytes], true).report
    }
}

#[test]
fn the_error_frame_is_in_the_callers_dialect() {
    let start = events_of_broken();
    let came = sse(Dialect::Chat, StreamMode::Live, &broken());
    let frame = came.text().strip_prefix(&start).expect("half an event is left out");
    assert_eq!(
        frame,
        "data: {\"error\":{\"message\":\"the provider ended the answer before it was complete\",\"type\":\"server_error\",\
         \"param\":null,\"code\":\"upstream_truncated\"}}\n\n"
    );
    let start = ANTHROPIC.split("event: content_block_stop").next().unwrap();
    let came = sse(Dialect::Anthropic, StreamMode::Live, start);
    assert_eq!(
        came.text().strip_prefix(start).unwrap(),
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"the provider ended the answer \
         before it was complete\"}}\n\n"
    );
    let came = stream(Dialect::Gemini, Framing::Array, rules(StreamMode::Live), b"", true);
    let error: serde_json::Value = serde_json::from_slice(&came.out.unwrap()).unwrap();
    assert_eq!(error[0]["error"]["code"], 502);
}

#[test]
fn an_array_that_ends_with_the_providers_own_error_is_closed() {
    let sound = gemini_array();
    let (whole, _) = sound.split_once("\n,\r\n").unwrap();
    let error = r#"{"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}"#;
    for end in ["\n]", ""] {
        let text = format!("{whole}\n,\r\n{error}{end}");
        for mode in [StreamMode::Live, StreamMode::UntilCommit] {
            let came = stream(Dialect::Gemini, Framing::Array, rules(mode), text.as_bytes(), true);
            assert_eq!(came.verdict, Some(Verdict::Error));
            let out: serde_json::Value = serde_json::from_slice(&came.out.unwrap()).unwrap();
            assert_eq!(out[1]["error"]["status"], "UNAVAILABLE");
        }
    }
}

#[test]
fn before_the_commit_errors_and_emptiness_fail_the_attempt() {
    let error = "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n";
    let overloaded = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let role = chat(&[], "");
    let table = [
        (Dialect::Chat, error.to_owned(), Verdict::Error),
        (Dialect::Chat, role.clone() + error, Verdict::Error),
        (Dialect::Chat, AZURE_ANNOTATIONS.to_owned() + &role + error, Verdict::Error),
        (Dialect::Chat, "data: {\"object\":\"error\",\"message\":\"boom\",\"type\":\"x\",\"code\":500}\n\n".into(), Verdict::Error),
        (Dialect::Chat, "event: error\ndata: upstream is gone\n\n".into(), Verdict::Error),
        (Dialect::Anthropic, overloaded.to_owned(), Verdict::Error),
        (Dialect::Anthropic, ANTHROPIC.split("event: content_block_delta").next().unwrap().to_owned() + overloaded, Verdict::Error),
        (Dialect::Responses, "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n".into(), Verdict::Error),
        (Dialect::Gemini, "data: {\"error\": {\"code\": 503,\"message\": \"The model is overloaded.\",\"status\": \"UNAVAILABLE\"}}\r\n\r\n".into(), Verdict::Error),
        (Dialect::Chat, String::new(), Verdict::Empty),
        (Dialect::Chat, role.clone(), Verdict::Empty),
        (Dialect::Chat, DONE.into(), Verdict::Empty),
        (Dialect::Chat, role.clone() + &finish() + DONE, Verdict::Empty),
        (Dialect::Chat, role.clone() + &finish(), Verdict::Empty),
        (Dialect::Chat, role.clone() + "data: <html>502 Bad Gateway</html>\n\n", Verdict::Malformed),
        (Dialect::Chat, role.clone() + "data: {'error': 'boom'}\n\n", Verdict::Malformed),
        (Dialect::Chat, role.clone() + "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\n\n", Verdict::Malformed),
        (Dialect::Chat, role + "data: {\"choices\":[{oops}]}\n\n", Verdict::Malformed),
    ];
    for (dialect, text, verdict) in table {
        for mode in [StreamMode::UntilCommit, StreamMode::Complete] {
            let came = sse(dialect, mode, &text);
            assert_eq!((came.out, came.verdict), (None, Some(verdict)), "{text}");
            assert_eq!(came.report.error.is_some(), verdict == Verdict::Error, "{text}");
        }
        let came = sse(dialect, StreamMode::Live, &text);
        assert_eq!(came.verdict, Some(verdict), "{text}");
    }
}

#[test]
fn the_bytes_of_an_error_frame_are_there_to_be_judged() {
    let body = "{\"error\":{\"message\":\"slow down\",\"code\":\"rate_limit_exceeded\"}}";
    let came = sse(Dialect::Chat, StreamMode::Complete, &format!("{}data: {body}\n\n", chat(&["Hi"], "")));
    assert_eq!(came.report.error, Some(ErrorEvent { name: Vec::new(), data: body.into() }));
    assert_eq!(came.out, None);

    let headers = [(":exception-type", "throttlingException"), (":message-type", "exception")];
    let bytes = frame(&headers, r#"{"message":"Too many requests"}"#);
    let came = stream(Dialect::Bedrock, Framing::EventStream, rules(StreamMode::UntilCommit), &bytes, true);
    assert_eq!(came.verdict, Some(Verdict::Error));
    let error = came.report.error.unwrap();
    assert_eq!(error.name, b"throttlingException");
    assert_eq!(error.data, br#"{"message":"Too many requests"}"#);
}

#[test]
fn after_the_commit_error_frames_of_the_provider_pass() {
    let error = "data: {\"error\":{\"message\":\"The server had an error\"}}\n\n";
    for tail in ["", DONE] {
        let text = chat(&["Hello"], "") + error + tail;
        for mode in [StreamMode::Live, StreamMode::UntilCommit] {
            let came = sse(Dialect::Chat, mode, &text);
            assert_eq!((came.text(), came.verdict), (&*text, Some(Verdict::Error)));
        }
        assert_eq!(sse(Dialect::Chat, StreamMode::Complete, &text).out, None);
    }
}

#[test]
fn a_finished_stream_without_its_end_marker_gets_it() {
    for orderly in [true, false] {
        for mode in MODES {
            let text = chat(&["Hello"], "") + &finish() + CHAT_USAGE;
            let came = stream(Dialect::Chat, Framing::Sse, rules(mode), text.as_bytes(), orderly);
            assert_eq!((came.text(), came.verdict), (&*(text + DONE), Some(Verdict::Complete)));
            assert_eq!(came.report.usage.unwrap().output, 10);

            let text = ANTHROPIC.split("event: message_stop").next().unwrap();
            let came = stream(Dialect::Anthropic, Framing::Sse, rules(mode), text.as_bytes(), orderly);
            assert_eq!((came.text(), came.verdict), (ANTHROPIC, Some(Verdict::Complete)));
        }
    }
}

#[test]
fn every_choice_must_have_finished() {
    let choice = |index: u32, finish: &str| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"x\"}},\"finish_reason\":{finish},\"index\":{index}}}]}}\n\n"
        )
    };
    let text = choice(0, "null") + &choice(1, "null") + &choice(0, "\"stop\"");
    assert_eq!(sse(Dialect::Chat, StreamMode::Live, &text).verdict, Some(Verdict::Truncated));
    let text = text + &choice(1, "\"length\"");
    assert_eq!(sse(Dialect::Chat, StreamMode::Live, &text).verdict, Some(Verdict::Complete));
}

#[test]
fn a_reason_with_every_event_finishes_nothing_that_goes_on() {
    let event =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n";
    let on = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":null}]}\n\n";
    let came = sse(Dialect::Chat, StreamMode::Live, &[event, event, on].concat());
    assert_eq!(came.verdict, Some(Verdict::Truncated));
}

#[test]
fn an_unreadable_event_after_the_commit_ends_the_stream_or_is_skipped() {
    let (before, bad) = (chat(&["Hello"], ""), "data: {\"choices\":[{\"delta\":{\"content\":\" wo\n\n");
    let after = chunk(r#"{"content":" world"}"#, "null") + &finish() + DONE;
    let text = before.clone() + bad + &after;
    for mode in [StreamMode::Live, StreamMode::UntilCommit] {
        let came = sse(Dialect::Chat, mode, &text);
        assert_eq!(came.verdict, Some(Verdict::Malformed));
        let frame = came.text().strip_prefix(&before).unwrap();
        assert!(frame.contains("upstream_malformed") && frame.ends_with("\n\n"), "{frame}");

        let skips = Rules { malformed: Malformed::Skip, ..rules(mode) };
        let came = stream(Dialect::Chat, Framing::Sse, skips, text.as_bytes(), true);
        assert_eq!((came.text(), came.verdict), (&*(before.clone() + &after), Some(Verdict::Complete)));
        assert_eq!(came.report.malformed, 1);
    }
}

#[test]
fn frames_that_make_no_sense_end_the_stream_whatever_the_policy_says() {
    let good = event_frame("contentBlockDelta", r#"{"delta":{"text":"Hello"}}"#);
    let bad = [good.clone(), vec![0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0], good.clone()].concat();
    let skips = Rules { malformed: Malformed::Skip, ..rules(StreamMode::Live) };
    let came = stream(Dialect::Bedrock, Framing::EventStream, skips, &bad, true);
    assert_eq!(came.verdict, Some(Verdict::Malformed));
    let out = came.out.unwrap();
    assert!(out.starts_with(&good));
    assert!(Watched::read(Dialect::Bedrock, Framing::EventStream, &out).error.is_some());
}

#[test]
fn lines_may_end_in_any_way_and_events_may_be_written_in_any_way() {
    let data = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}";
    let table = [
        format!("data:{data}\n\n"),
        format!("data: {data}\r\n\r\n"),
        format!("data: {data}\r\r"),
        format!("\u{feff}data: {data}\n\n"),
        format!(": comment\n\nid: 7\nretry: 10\nevent: message\ndata: {data}\n: another\n\n"),
        format!("event: ping\ndata:\n\ndata\n\ndata: {data}\n\n"),
        "data: {\"choices\":\ndata: [{\"index\":0,\ndata:\"delta\":{\"content\":\"x\"}}]\ndata\ndata:}\n\n"
            .to_owned(),
        format!("\n\n\ndata: {data}\n\n\n\n"),
        format!("data: {data}\n\n:keepalive\n\n"),
    ];
    for text in table {
        let text = text + "data: [DONE]\n\n";
        let came = sse(Dialect::Chat, StreamMode::Complete, &text);
        assert_eq!((came.text(), came.verdict), (&*text, Some(Verdict::Complete)), "{text:?}");
        assert_eq!(came.report.content_events, 1, "{text:?}");
    }
}

#[test]
fn the_last_blank_line_may_be_missing() {
    let start = chat(&["Hello"], "") + &finish();
    for end in ["data: [DONE]", "data: [DONE]\n", "data:[DONE]\r"] {
        for mode in MODES {
            let came = sse(Dialect::Chat, mode, &(start.clone() + end));
            assert_eq!(came.verdict, Some(Verdict::Complete), "{end:?}");
            assert_eq!(came.text(), start.clone() + end + "\n\n");
        }
    }
}

#[test]
fn what_comes_after_the_end_marker_is_nothing() {
    let text = whole_chat() + DONE + "data: {broken\n\n";
    for mode in MODES {
        let came = sse(Dialect::Chat, mode, &text);
        assert_eq!((came.text(), came.verdict), (&*text, Some(Verdict::Complete)));
    }
}

#[test]
fn an_answer_cut_off_by_its_length_may_be_empty() {
    let text = chat(&[], "") + &chunk("{}", "\"length\"") + DONE;
    for mode in MODES {
        let came = sse(Dialect::Chat, mode, &text);
        assert_eq!((came.text(), came.verdict), (&*text, Some(Verdict::Complete)));
    }
}

#[test]
fn reasoning_alone_is_an_empty_answer() {
    let text = chat(&[], "") + &chunk(r#"{"reasoning_content":"Hm"}"#, "null") + &finish() + DONE;
    assert_eq!(sse(Dialect::Chat, StreamMode::Complete, &text).verdict, Some(Verdict::Empty));
    let came = sse(Dialect::Chat, StreamMode::UntilCommit, &text);
    assert_eq!((came.text(), came.verdict), (&*text, Some(Verdict::Empty)));
}

#[test]
fn half_an_event_waits_for_its_end() {
    let text = chat(&["Hello"], "");
    let (head, tail) = text.as_bytes().split_at(text.len() - 10);
    let mut gate = gate(Dialect::Chat, Framing::Sse, rules(StreamMode::Live));
    let Flow::Replace(first) = gate.push(at(1), head) else { panic!("the role goes on") };
    assert_eq!(first, chat(&[], "").into_bytes());
    assert_eq!(gate.held_bytes(), head.len() - first.len());
    assert_eq!(gate.push(at(1), tail), Flow::Replace(text.as_bytes()[first.len()..].into()));
    assert_eq!(gate.held_bytes(), 0);
}

#[test]
fn what_is_held_is_bounded_and_an_event_of_any_size_passes() {
    let huge = chunk(&format!("{{\"content\":\"{}\"}}", "x".repeat(9 << 20)), "null");
    let text = chat(&["Hello"], "") + &huge + &finish() + DONE;
    for mode in MODES {
        let mut gate = gate(Dialect::Chat, Framing::Sse, rules(mode));
        let mut host = Host::new();
        for chunk in text.as_bytes().chunks(16 * 1024) {
            let flow = gate.push(at(1), chunk);
            host.apply(flow, chunk);
            assert!(gate.held_bytes() <= (8 << 20) + 16 * 1024);
            assert!(!gate.is_committed() || gate.held_bytes() <= (1 << 20) + 16 * 1024);
        }
        let flow = gate.end(at(1), true);
        host.apply(flow, b"");
        assert!(host.out.unwrap() == text.as_bytes());
        assert_eq!(gate.verdict(), Some(Verdict::Complete));
    }
}

#[test]
fn nothing_goes_on_after_the_end_of_a_broken_stream() {
    let mut gate = gate(Dialect::Chat, Framing::Sse, rules(StreamMode::Live));
    assert!(matches!(gate.push(at(1), b"data: {\n\n"), Flow::End(_)));
    assert_eq!(gate.push(at(1), whole_chat().as_bytes()), Flow::Replace(Vec::new()));
    assert_eq!(gate.end(at(1), false), Flow::Replace(Vec::new()));
    assert_eq!(gate.verdict(), Some(Verdict::Malformed));
}

#[test]
fn a_stream_in_a_models_own_words_goes_on_as_it_is() {
    let event = |event: &str| event_frame("chunk", &format!(r#"{{"bytes":"{}"}}"#, base64(event.as_bytes())));
    let titan = [
        event(r#"{"outputText":"Hi","completionReason":null}"#),
        event(r#"{"outputText":"!","completionReason":"FINISH"}"#),
    ];
    let mistral = [
        event(r#"{"outputs":[{"text":"Hi","stop_reason":null}]}"#),
        event(r#"{"outputs":[{"text":"","stop_reason":"stop"}]}"#),
    ];
    let cohere = [
        event(r#"{"is_finished":false,"text":"Hi"}"#),
        event(r#"{"is_finished":true,"finish_reason":"COMPLETE"}"#),
    ];
    let claude = [event(r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}"#)];
    let table = [
        (titan.concat(), true, Verdict::Complete),
        (mistral.concat(), true, Verdict::Complete),
        (cohere.concat(), true, Verdict::Complete),
        (cohere.concat(), false, Verdict::Cut),
        // What is known must end as it does.
        (claude.concat(), true, Verdict::Truncated),
        (Vec::new(), true, Verdict::Empty),
    ];
    for (bytes, orderly, verdict) in table {
        for mode in MODES {
            let watch = Watch::new(Dialect::Bedrock, Framing::EventStream).to(Operation::InvokeStream);
            let came = send(Gate::new(watch, rules(mode), at(0), at(0)), [bytes.as_slice()], orderly);
            assert_eq!(came.verdict, Some(verdict), "{mode:?} {}", bytes.len());
            if verdict == Verdict::Complete {
                assert_eq!(came.out, Some(bytes.clone()));
            }
        }
    }
}

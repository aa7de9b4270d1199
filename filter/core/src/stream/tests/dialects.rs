use super::recorded::*;
use super::*;

#[test]
fn a_whole_stream_of_any_dialect_is_complete_and_goes_on_as_it_came() {
    for (dialect, framing, bytes) in all() {
        for mode in MODES {
            let came = stream(dialect, framing, rules(mode), &bytes, true);
            assert_eq!(came.verdict, Some(Verdict::Complete), "{dialect:?} {mode:?}");
            let out = came.out.unwrap();
            if framing == Framing::Array {
                let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
                assert_eq!(value(&out), value(&bytes));
            } else {
                assert_eq!(out, bytes, "{dialect:?} {mode:?}");
            }
            assert_eq!(came.report.finish, Some(Finish::Stop), "{dialect:?}");
            assert!(came.report.has_content);
        }
    }
}

#[test]
fn usage_is_what_is_billed() {
    let anthropic = Usage { input: 132, cached: 100, output: 15, reasoning: 0 };
    let expected = [
        Usage { input: 19, cached: 4, output: 10, reasoning: 3 },
        Usage { input: 37, cached: 5, output: 11, reasoning: 2 },
        anthropic,
        Usage { input: 8, cached: 6, output: 23, reasoning: 20 },
        Usage { input: 8, cached: 6, output: 23, reasoning: 20 },
        Usage { input: 17, cached: 3, output: 9, reasoning: 0 },
        anthropic,
    ];
    for ((dialect, framing, bytes), usage) in all().into_iter().zip(expected) {
        let came = stream(dialect, framing, rules(StreamMode::Live), &bytes, true);
        assert_eq!(came.report.usage, Some(usage), "{dialect:?}");
    }
}

#[test]
fn the_first_content_is_what_commits() {
    let anthropic = |events: &str| {
        let start = ANTHROPIC.split("event: content_block_start").next().unwrap();
        format!("{start}{events}")
    };
    let block = |block: &str| {
        anthropic(&format!(
            "event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{block}}}\n\n"
        ))
    };
    let delta = |delta: &str| {
        anthropic(&format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{delta}}}\n\n"
        ))
    };
    let responses = |event: &str| format!("data: {event}\n\n");
    let table: Vec<(Dialect, String, bool)> = vec![
        (Dialect::Chat, ": OPENROUTER PROCESSING\n\n".into(), false),
        (Dialect::Chat, AZURE_ANNOTATIONS.into(), false),
        (Dialect::Chat, chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null"), false),
        (Dialect::Chat, chunk(r#"{"role":"assistant","content":null,"tool_calls":[]}"#, "null"), false),
        (
            Dialect::Chat,
            chunk(r#"{"role":"assistant","content":"","tool_calls":null,"audio":null}"#, "null"),
            false,
        ),
        (Dialect::Chat, CHAT_USAGE.into(), false),
        (Dialect::Chat, chunk(r#"{"content":"x"}"#, "null"), true),
        (Dialect::Chat, chunk(r#"{"content":[{"type":"text","text":"x"}]}"#, "null"), true),
        (
            Dialect::Chat,
            chunk(r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"x"}]}]}"#, "null"),
            true,
        ),
        (Dialect::Chat, chunk(r#"{"refusal":"No."}"#, "null"), true),
        (Dialect::Chat, chunk(r#"{"reasoning_content":"Hm"}"#, "null"), true),
        (
            Dialect::Chat,
            chunk(
                r#"{"tool_calls":[{"index":0,"id":"call_1","function":{"name":"f","arguments":""}}]}"#,
                "null",
            ),
            true,
        ),
        (
            Dialect::Chat,
            "data: {\"choices\":[{\"index\":0,\"text\":\"x\",\"finish_reason\":null}]}\n\n".into(),
            true,
        ),
        (Dialect::Anthropic, anthropic(""), false),
        (Dialect::Anthropic, anthropic("event: ping\ndata: {\"type\":\"ping\"}\n\n"), false),
        (Dialect::Anthropic, block(r#"{"type":"text","text":""}"#), false),
        (Dialect::Anthropic, block(r#"{"type":"thinking","thinking":"","signature":""}"#), false),
        (Dialect::Anthropic, block(r#"{"type":"tool_use","id":"toolu_1","name":"f","input":{}}"#), true),
        (Dialect::Anthropic, block(r#"{"type":"redacted_thinking","data":"xx"}"#), true),
        (Dialect::Anthropic, delta(r#"{"type":"input_json_delta","partial_json":""}"#), false),
        (Dialect::Anthropic, delta(r#"{"type":"signature_delta","signature":"xx"}"#), false),
        (Dialect::Anthropic, delta(r#"{"type":"thinking_delta","thinking":"Hm"}"#), true),
        (Dialect::Anthropic, delta(r#"{"type":"input_json_delta","partial_json":"{\"a\""}"#), true),
        (
            Dialect::Responses,
            RESPONSES.split("event: response.output_text.delta").next().unwrap().into(),
            false,
        ),
        (
            Dialect::Responses,
            responses(r#"{"type":"response.reasoning_summary_text.delta","delta":"Hm"}"#),
            true,
        ),
        (
            Dialect::Responses,
            responses(r#"{"type":"response.function_call_arguments.delta","delta":"{"}"#),
            true,
        ),
        (
            Dialect::Responses,
            responses(r#"{"type":"response.output_item.added","item":{"type":"function_call","name":"f"}}"#),
            true,
        ),
        (Dialect::Responses, responses(r#"{"type":"response.refusal.delta","delta":"No"}"#), true),
        (Dialect::Gemini, responses(r#"{"candidates":[{"content":{"parts":[{"text":""}]}}]}"#), false),
        (
            Dialect::Gemini,
            responses(r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}]}}]}"#),
            true,
        ),
        (
            Dialect::Gemini,
            responses(r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]}}]}"#),
            true,
        ),
    ];
    for (dialect, text, commits) in table {
        let mut gate = gate(dialect, Framing::Sse, rules(StreamMode::UntilCommit));
        let flow = gate.push(at(1), text.as_bytes());
        assert_eq!(gate.is_committed(), commits, "{text}");
        assert_eq!(gate.report().has_content, commits, "{text}");
        assert_eq!(gate.first_token(), commits.then(|| at(1)));
        assert_eq!(flow, if commits { Flow::Pass } else { Flow::Hold }, "{text}");
    }
}

#[test]
fn bedrock_commits_at_the_first_content_too() {
    let table = [
        ("messageStart", r#"{"role":"assistant"}"#, false),
        (
            "contentBlockStart",
            r#"{"start":{"toolUse":{"toolUseId":"t","name":"f"}},"contentBlockIndex":0}"#,
            true,
        ),
        ("contentBlockDelta", r#"{"delta":{"text":"x"},"contentBlockIndex":0}"#, true),
        ("contentBlockDelta", r#"{"delta":{"reasoningContent":{"text":"Hm"}},"contentBlockIndex":0}"#, true),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#, false),
    ];
    for (kind, payload, commits) in table {
        let mut gate = gate(Dialect::Bedrock, Framing::EventStream, rules(StreamMode::UntilCommit));
        gate.push(at(1), &event_frame(kind, payload));
        assert_eq!(gate.is_committed(), commits, "{kind} {payload}");
    }
}

#[test]
fn every_reason_to_stop_is_known() {
    let chat = |reason: &str| (Dialect::Chat, format!("{}{DONE}", chunk("{}", &format!("\"{reason}\""))));
    let anthropic = |reason: &str| {
        let text = ANTHROPIC.replace("end_turn", reason);
        (Dialect::Anthropic, text)
    };
    let gemini = |reason: &str| (Dialect::Gemini, GEMINI.replace("STOP", reason));
    let incomplete = |reason: &str| {
        let body = format!(
            r#"{{"type":"response.incomplete","response":{{"status":"incomplete","incomplete_details":{{"reason":"{reason}"}},"output":[]}}}}"#
        );
        (Dialect::Responses, format!("event: response.incomplete\ndata: {body}\n\n"))
    };
    let table = [
        (chat("stop"), Finish::Stop),
        (chat("length"), Finish::Length),
        (chat("model_length"), Finish::Length),
        (chat("tool_calls"), Finish::ToolCalls),
        (chat("function_call"), Finish::ToolCalls),
        (chat("content_filter"), Finish::Refused),
        (chat("abort"), Finish::Other),
        (anthropic("max_tokens"), Finish::Length),
        (anthropic("model_context_window_exceeded"), Finish::Length),
        (anthropic("stop_sequence"), Finish::Stop),
        (anthropic("tool_use"), Finish::ToolCalls),
        (anthropic("refusal"), Finish::Refused),
        (anthropic("pause_turn"), Finish::Other),
        (gemini("MAX_TOKENS"), Finish::Length),
        (gemini("SAFETY"), Finish::Refused),
        (gemini("PROHIBITED_CONTENT"), Finish::Refused),
        (gemini("MALFORMED_FUNCTION_CALL"), Finish::Other),
        (incomplete("max_output_tokens"), Finish::Length),
        (incomplete("content_filter"), Finish::Refused),
    ];
    for ((dialect, text), finish) in table {
        let came = sse(dialect, StreamMode::Live, &text);
        assert_eq!(came.report.finish, Some(finish), "{text}");
    }
}

#[test]
fn what_the_model_declines_is_no_failure() {
    let blocked = "data: {\"promptFeedback\": {\"blockReason\": \"PROHIBITED_CONTENT\"},\"usageMetadata\": {\"promptTokenCount\": 8}}\n\n";
    let refusal = chat(&[], "") + &chunk(r#"{"refusal":"I can't."}"#, "null") + &finish() + DONE;
    let filtered = chat(&[], "") + &chunk("{}", "\"content_filter\"") + DONE;
    let table = [
        (Dialect::Chat, refusal),
        (Dialect::Chat, filtered),
        (Dialect::Anthropic, ANTHROPIC.replace("end_turn", "refusal")),
        (Dialect::Gemini, blocked.into()),
    ];
    for (dialect, text) in table {
        for mode in MODES {
            let came = sse(dialect, mode, &text);
            assert_eq!(came.verdict, Some(Verdict::Refused), "{text}");
            assert_eq!(came.text(), text);
        }
    }
}

#[test]
fn documents_are_read_by_the_same_rules() {
    let chat = |content: &str, finish: &str| {
        format!(
            r#"{{"id":"c","object":"chat.completion","choices":[{{"index":0,"message":{{"role":"assistant","content":{content},"refusal":null}},"logprobs":null,"finish_reason":"{finish}"}}],"usage":{{"prompt_tokens":19,"completion_tokens":10}}}}"#
        )
    };
    let usage = Some(Usage { input: 19, cached: 0, output: 10, reasoning: 0 });
    let table = [
        (Dialect::Chat, chat("\"Hi\"", "stop"), Verdict::Complete, usage),
        (Dialect::Chat, chat("\"\"", "stop"), Verdict::Empty, usage),
        (Dialect::Chat, chat("\"\"", "length"), Verdict::Complete, usage),
        (Dialect::Chat, chat("null", "content_filter"), Verdict::Refused, usage),
        (Dialect::Chat, r#"{"error":{"message":"Overloaded","code":503}}"#.into(), Verdict::Error, None),
        (Dialect::Chat, r#"{"object":"list","data":[{"embedding":[0.1,-2e-3]}],"usage":{"prompt_tokens":8,"total_tokens":8}}"#.into(), Verdict::Complete, Some(Usage { input: 8, ..Usage::default() })),
        // Gemini's OpenAI endpoint tells what a model thought in the total only, xAI also in the details.
        (Dialect::Chat, r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":198,"total_tokens":623}}"#.into(), Verdict::Complete, Some(Usage { input: 20, cached: 0, output: 603, reasoning: 405 })),
        (Dialect::Chat, r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":198,"total_tokens":218,"completion_tokens_details":{"reasoning_tokens":100}}}"#.into(), Verdict::Complete, Some(Usage { input: 20, cached: 0, output: 198, reasoning: 100 })),
        // What a caller has sent along means nothing.
        (Dialect::Responses, r#"{"metadata":{"status":"incomplete","error":"x","usage":"9"},"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}"#.into(), Verdict::Complete, None),
        (Dialect::Responses, r#"{"object":"response","status":"completed","error":null,"output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":3,"output_tokens":2}}"#.into(), Verdict::Complete, Some(Usage { input: 3, output: 2, ..Usage::default() })),
        (Dialect::Chat, r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2006,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1920},"completion_tokens_details":{"reasoning_tokens":192}}}"#.into(), Verdict::Complete, Some(Usage { input: 2_006, cached: 1_920, output: 300, reasoning: 192 })),
        (Dialect::Chat, r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#.into(), Verdict::Complete, None),
        (Dialect::Chat, r#"{"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}"#.into(), Verdict::Refused, None),
        (Dialect::Responses, r#"{"status":"completed","output":[{"type":"function_call","name":"f","arguments":"{}"}],"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":8},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":64}}}"#.into(), Verdict::Complete, Some(Usage { input: 36, cached: 8, output: 87, reasoning: 64 })),
        (Dialect::Responses, r#"{"status":"completed","output":[{"type":"mcp_approval_request","name":"f","arguments":"{}"}]}"#.into(), Verdict::Complete, None),
        (Dialect::Responses, r#"{"status":"completed","output":[]}"#.into(), Verdict::Empty, None),
        (Dialect::Responses, r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}"#.into(), Verdict::Complete, None),
        (Dialect::Responses, r#"{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}"#.into(), Verdict::Refused, None),
        (Dialect::Responses, r#"{"object":"response","status":"queued","error":null,"output":[]}"#.into(), Verdict::Complete, None),
        (Dialect::Anthropic, r#"{"type":"message","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":2}}"#.into(), Verdict::Complete, Some(Usage { input: 12, cached: 7, output: 2, reasoning: 0 })),
        (Dialect::Anthropic, r#"{"type":"message","content":[],"stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":2}}"#.into(), Verdict::Empty, Some(Usage { input: 5, output: 2, ..Usage::default() })),
        (Dialect::Anthropic, r#"{"type":"message","content":[],"stop_reason":"refusal"}"#.into(), Verdict::Refused, None),
        (Dialect::Gemini, r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1,"thoughtsTokenCount":9}}"#.into(), Verdict::Complete, Some(Usage { input: 4, cached: 0, output: 10, reasoning: 9 })),
        (Dialect::Gemini, r#"{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":4,"cachedContentTokenCount":3,"thoughtsTokenCount":9}}"#.into(), Verdict::Complete, Some(Usage { input: 4, cached: 3, output: 9, reasoning: 9 })),
        (Dialect::Gemini, r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}"#.into(), Verdict::Empty, None),
        (Dialect::Gemini, r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#.into(), Verdict::Refused, None),
        (Dialect::Gemini, r#"{"promptFeedback":{"blockReason":"OTHER"}}"#.into(), Verdict::Refused, None),
        (Dialect::Gemini, r#"{"promptFeedback":{"blockReason":"JAILBREAK"}}"#.into(), Verdict::Refused, None),
        (Dialect::Gemini, r#"{"candidates":[{"finishReason":"IMAGE_PROHIBITED_CONTENT"}]}"#.into(), Verdict::Refused, None),
        (Dialect::Bedrock, r#"{"output":{"message":{"content":[{"toolUse":{"name":"f","input":{}}}]}},"stopReason":"tool_use","usage":{"inputTokens":4,"cacheReadInputTokens":6,"cacheWriteInputTokens":1,"outputTokens":1}}"#.into(), Verdict::Complete, Some(Usage { input: 11, cached: 6, output: 1, reasoning: 0 })),
        (Dialect::Bedrock, r#"{"output":{"message":{"content":[]}},"stopReason":"guardrail_intervened"}"#.into(), Verdict::Refused, None),
        (Dialect::Bedrock, r#"{"generation":"Hi","prompt_token_count":4,"generation_token_count":1,"stop_reason":"stop"}"#.into(), Verdict::Complete, Some(Usage { input: 4, output: 1, ..Usage::default() })),
        (Dialect::Bedrock, r#"{"outputs":[{"text":"Hi","stop_reason":"length"}]}"#.into(), Verdict::Complete, None),
        (Dialect::Bedrock, r#"{"outputs":[{"text":"","stop_reason":"stop"}]}"#.into(), Verdict::Empty, None),
        (Dialect::Bedrock, r#"{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":4,"outputTokens":1,"totalTokens":5}}"#.into(), Verdict::Complete, Some(Usage { input: 4, output: 1, ..Usage::default() })),
    ];
    for (dialect, text, verdict, usage) in table {
        for mode in MODES {
            let came = stream(dialect, Framing::Document, rules(mode), text.as_bytes(), true);
            assert_eq!(came.verdict, Some(verdict), "{text}");
            assert_eq!(came.report.usage, usage, "{text}");
            let fails = verdict.is_failure() && mode != StreamMode::Live;
            assert_eq!(came.out, (!fails).then(|| text.clone().into_bytes()), "{text}");
        }
    }
}

#[test]
fn a_document_that_breaks_off_is_not_whole() {
    for (text, orderly, verdict) in [
        ("", true, Verdict::Empty),
        (r#"{"choices":[{"message":{"content":"Hi"#, true, Verdict::Truncated),
        (r#"{"choices":[{"message":{"content":"Hi"#, false, Verdict::Cut),
        ("<html>Bad gateway</html>", true, Verdict::Malformed),
        ("<html>Bad gate", false, Verdict::Malformed),
        (r#"{"choices":[{"message":{"content":"Hi"}}]]"#, true, Verdict::Malformed),
        (r#"{"choices":[]} {}"#, true, Verdict::Malformed),
    ] {
        for mode in MODES {
            let came = stream(Dialect::Chat, Framing::Document, rules(mode), text.as_bytes(), orderly);
            assert_eq!(came.verdict, Some(verdict), "{text}");
            assert_eq!(came.out.is_some(), mode == StreamMode::Live);
        }
    }
}

#[test]
fn a_document_that_is_too_long_to_be_held_goes_on_as_it_comes_and_is_judged_all_the_same() {
    let piece = "x".repeat(64 * 1024);
    for (end, verdict) in [
        (r#""},"finish_reason":"stop"}]}"#, Verdict::Complete),
        ("", Verdict::Truncated),
        (r#""}}}"#, Verdict::Malformed),
    ] {
        let mut gate = gate(Dialect::Chat, Framing::Document, rules(StreamMode::Complete));
        assert_eq!(gate.push(at(1), br#"{"choices":[{"message":{"content":""#), Flow::Hold);
        for _ in 0..MOST_DOCUMENT / piece.len() - 1 {
            assert_eq!(gate.push(at(1), piece.as_bytes()), Flow::Hold);
        }
        assert_eq!(gate.push(at(1), piece.as_bytes()), Flow::Pass);
        assert!(gate.is_committed());
        assert_eq!(gate.push_last(at(2), end.as_bytes()), Flow::Pass);
        assert_eq!(gate.verdict(), Some(verdict), "{end}");
        assert_eq!(gate.held_bytes(), 0);
    }
}

#[test]
fn headers_say_how_an_answer_is_framed() {
    let table = [
        (Dialect::Chat, "text/event-stream; charset=utf-8", true, Some(Framing::Sse)),
        (Dialect::Chat, "Text/Event-Stream", true, Some(Framing::Sse)),
        (Dialect::Chat, "application/json", true, Some(Framing::Document)),
        (Dialect::Gemini, "application/json; charset=UTF-8", true, Some(Framing::Array)),
        (Dialect::Gemini, "application/json", false, Some(Framing::Document)),
        (Dialect::Bedrock, "application/vnd.amazon.eventstream", true, Some(Framing::EventStream)),
        (Dialect::Chat, "application/problem+JSON", false, Some(Framing::Document)),
        (Dialect::Chat, "Application/Json", false, Some(Framing::Document)),
        (Dialect::Chat, "application/json-seq", false, None),
        (Dialect::Chat, "audio/mpeg", false, None),
        (Dialect::Chat, "", false, None),
    ];
    for (dialect, kind, streams, framing) in table {
        assert_eq!(Framing::of(dialect, kind, streams), framing, "{kind}");
    }
}

#[test]
fn a_body_shows_what_it_is_where_its_type_does_not_say() {
    for kind in [None, Some(""), Some("text/html; charset=utf-8"), Some("Text/Plain")] {
        assert!(crate::stream::is_unsaid(kind), "{kind:?}");
    }
    for kind in ["audio/mpeg", "image/png", "application/octet-stream", "application/json", "tex"] {
        assert!(!crate::stream::is_unsaid(Some(kind)), "{kind}");
    }
    let table: [(&[u8], Option<Framing>); 12] = [
        (b"data: {}", Some(Framing::Sse)),
        (b"\n\nevent: message_start", Some(Framing::Sse)),
        (b": OPENROUTER PROCESSING", Some(Framing::Sse)),
        (b"{\"choices\":", Some(Framing::Document)),
        (b" \r\n[1", Some(Framing::Document)),
        (b"<html>", Some(Framing::Document)),
        (b"We'll be back", Some(Framing::Document)),
        (b"data of yours", Some(Framing::Document)),
        (b"", Some(Framing::Document)),
        (b"\x1f\x8b\x08", None),
        (b"\0\0\0\x7a", None),
        (b"\xff\xfb\x90", None),
    ];
    for (start, expected) in table {
        assert_eq!(Framing::shown(Dialect::Chat, start, true), expected, "{start:?}");
    }
    assert_eq!(Framing::shown(Dialect::Gemini, b"[{\"candidates\"", true), Some(Framing::Array));
    assert_eq!(Framing::shown(Dialect::Gemini, b"{\"candidates\"", false), Some(Framing::Document));
}

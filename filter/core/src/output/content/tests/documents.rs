//! Answers in one piece.

use super::*;

#[track_caller]
fn document(dialect: Dialect, body: &str, choices: &[Choice]) {
    check(dialect, Framing::Document, body.as_bytes(), choices);
}

#[test]
fn chat_completions_say_texts_refusals_and_calls() {
    let chat = |message: &str, finish: &str| {
        format!(
            r#"{{ "id":"chatcmpl-B9","object":"chat.completion","choices":[{{"index":0,"message":{message},"logprobs":null,"finish_reason":"{finish}"}}],"usage":{{"prompt_tokens":19}}}}"#
        )
    };
    for (message, finish, choice) in [
        (
            r#"{"role":"assistant","content":"Hi, \"you\"\n\u00e4\ud83c\udf0a","refusal":null}"#,
            "stop",
            says("Hi, \"you\"\nä🌊", Finish::Stop),
        ),
        (r#"{"role":"assistant","content":"cut o"}"#, "length", says("cut o", Finish::Length)),
        (
            r#"{"role":"assistant","content":null,"refusal":"No."}"#,
            "stop",
            Choice { refusal: "No.".into(), ..says("", Finish::Stop) },
        ),
        (r#"{"role":"assistant","content":""}"#, "stop", says("", Finish::Stop)),
        (r#"{"reasoning_content":"Hm","reasoning":"Hm","content":"Yes"}"#, "stop", says("Yes", Finish::Stop)),
        (
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]},{"type":"text","text":"Yes"},{"type":"text","text":", sir"}]}"#,
            "stop",
            says("Yes, sir", Finish::Stop),
        ),
        (
            r#"{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{"}}]}"#,
            "tool_calls",
            calls(&[("f", "{\"a\":1}"), ("g", "{")], Finish::ToolCalls),
        ),
        (
            r#"{"content":null,"function_call":{"name":"f","arguments":"{}"}}"#,
            "function_call",
            calls(&[("f", "{}")], Finish::ToolCalls),
        ),
        (
            r#"{"tool_calls":[{"function":{"arguments":"{}","name":"f"}}],"content":"Let me see"}"#,
            "tool_calls",
            Choice { text: "Let me see".into(), ..calls(&[("f", "{}")], Finish::ToolCalls) },
        ),
        (
            r#"{"content":null,"tool_calls":[{"id":"a","type":"custom","custom":{"name":"sh","input":"ls -l"}}]}"#,
            "tool_calls",
            Choice {
                calls: vec![Call { is_text: true, ..call("sh", "ls -l") }],
                finish: Some(Finish::ToolCalls),
                ..Choice::default()
            },
        ),
    ] {
        document(Dialect::Chat, &chat(message, finish), &[choice]);
    }
}

#[test]
fn choices_are_told_apart_by_their_numbers() {
    let body = r#"{"choices":[{"index":1,"message":{"content":"b"},"finish_reason":"stop"},{"index":0,"message":{"content":"a"},"finish_reason":"length"}]}"#;
    let second = Choice { number: 1, ..says("b", Finish::Stop) };
    document(Dialect::Chat, body, &[says("a", Finish::Length), second.clone()]);
    let unnumbered =
        r#"{"choices":[{"text":"a","finish_reason":"length"},{"text":"b","finish_reason":"stop"}]}"#;
    document(Dialect::Chat, unnumbered, &[says("a", Finish::Length), second]);
}

#[test]
fn responses_say_the_texts_of_messages_and_the_callers_calls() {
    let body = |output: &str, rest: &str| {
        format!(
            r#"{{"id":"resp_67c9","object":"response","error":null,"instructions":"Be kind","text":{{"format":{{"type":"text"}}}},"output":[{output}],{rest}}}"#
        )
    };
    let completed = r#""status":"completed","incomplete_details":null"#;
    for (output, rest, choice) in [
        (
            r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[]},{"type":"output_text","text":"!"}]},{"type":"message","content":[{"type":"output_text","text":" You?"}]}"#,
            completed,
            says("Hi! You?", Finish::Stop),
        ),
        (
            r#"{"type":"message","content":[{"type":"refusal","refusal":"No."}]}"#,
            completed,
            Choice { refusal: "No.".into(), ..says("", Finish::Stop) },
        ),
        (
            r#"{"type":"web_search_call","id":"ws"},{"type":"mcp_call","name":"m","arguments":"{}"},{"type":"function_call","name":"f","arguments":"{\"a\":1}"},{"type":"custom_tool_call","name":"sh","input":"ls"}"#,
            completed,
            Choice {
                calls: vec![call("f", "{\"a\":1}"), Call { is_text: true, ..call("sh", "ls") }],
                finish: Some(Finish::Stop),
                ..Choice::default()
            },
        ),
        (
            r#"{"type":"message","content":[{"type":"output_text","text":"cut o"}]}"#,
            r#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}"#,
            says("cut o", Finish::Length),
        ),
        (
            "",
            r#""status":"incomplete","incomplete_details":{"reason":"content_filter"}"#,
            says("", Finish::Refused),
        ),
    ] {
        document(Dialect::Responses, &body(output, rest), &[choice]);
    }
    document(Dialect::Responses, &body("", r#""status":"queued""#), &[]);
}

#[test]
fn anthropic_says_the_texts_of_blocks_and_the_callers_calls() {
    let body = |content: &str, reason: &str| {
        format!(
            r#"{{"id":"msg_1","type":"message","role":"assistant","content":[{content}],"model":"claude","stop_reason":"{reason}","usage":{{"input_tokens":5,"output_tokens":2}}}}"#
        )
    };
    for (content, reason, choice) in [
        (
            r#"{"type":"thinking","thinking":"Hm","signature":"x"},{"type":"text","text":"It is ","citations":[]},{"type":"text","text":"so."}"#,
            "end_turn",
            says("It is so.", Finish::Stop),
        ),
        (
            r#"{"type":"server_tool_use","name":"web_search","input":{"query":"x"}},{"type":"text","text":"Let me see"},{"type":"tool_use","id":"t","name":"f","input":{ "a": [1, "}"] }}"#,
            "tool_use",
            Choice {
                text: "Let me see".into(),
                ..calls(&[("f", r#"{ "a": [1, "}"] }"#)], Finish::ToolCalls)
            },
        ),
        (r#"{"type":"text","text":""}"#, "max_tokens", says("", Finish::Length)),
        ("", "refusal", says("", Finish::Refused)),
    ] {
        for dialect in [Dialect::Anthropic, Dialect::Bedrock] {
            document(dialect, &body(content, reason), std::slice::from_ref(&choice));
        }
    }
}

#[test]
fn gemini_says_the_parts_that_are_no_thoughts() {
    let body = |parts: &str, reason: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{parts}],"role":"model"}},"finishReason":"{reason}","index":0}}],"usageMetadata":{{"promptTokenCount":4}}}}"#
        )
    };
    for (parts, reason, choice) in [
        (
            r#"{"text":"Hm","thought":true},{"text":"The "},{"thought":false,"text":"sea"}"#,
            "STOP",
            says("The sea", Finish::Stop),
        ),
        (
            r#"{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"args":{"b":{}},"name":"f"},"thoughtSignature":"x"}"#,
            "STOP",
            calls(&[("f", r#"{"a":1}"#), ("f", r#"{"b":{}}"#)], Finish::Stop),
        ),
        ("", "MALFORMED_FUNCTION_CALL", says("", Finish::Other)),
    ] {
        document(Dialect::Gemini, &body(parts, reason), &[choice]);
    }
    document(Dialect::Gemini, r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#, &[says("", Finish::Refused)]);
    let call =
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"now"}}]},"finishReason":"STOP"}]}"#;
    let reading = Reading::of(Dialect::Gemini, Framing::Document, call.as_bytes()).unwrap();
    assert_eq!(reading.content().choices, [calls(&[("now", "{}")], Finish::Stop)]);
}

#[test]
fn what_hands_over_something_else_says_so_in_every_dialect() {
    let cases = [
        (
            Dialect::Chat,
            r#"{"choices":[{"message":{"content":null,"audio":{"id":"a","data":"UklG"}},"finish_reason":"stop"}]}"#,
        ),
        (Dialect::Responses, r#"{"status":"completed","output":[{"type":"computer_call","call_id":"c"}]}"#),
        (
            Dialect::Responses,
            r#"{"status":"completed","output":[{"type":"image_generation_call","result":"iVBO"}]}"#,
        ),
        (
            Dialect::Responses,
            r#"{"status":"completed","output":[{"type":"mcp_approval_request","name":"m","arguments":"{}"}]}"#,
        ),
        (Dialect::Responses, r#"{"status":"completed","output":[{"type":"shell_call","action":{}}]}"#),
        (
            Dialect::Anthropic,
            r#"{"type":"message","content":[{"type":"server_tool_use","name":"web_search","input":{}}],"stop_reason":"pause_turn"}"#,
        ),
        (
            Dialect::Gemini,
            r#"{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}}]},"finishReason":"STOP"}]}"#,
        ),
        (
            Dialect::Bedrock,
            r#"{"output":{"message":{"content":[{"image":{"format":"png"}}]}},"stopReason":"end_turn"}"#,
        ),
    ];
    for (dialect, body) in cases {
        let reading = Reading::of(dialect, Framing::Document, body.as_bytes()).unwrap();
        let [choice] = reading.content().choices.as_slice() else { panic!("{body}") };
        assert!(choice.has_more && choice.text.is_empty() && choice.calls.is_empty(), "{body}");
    }
    let item = "data: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"computer_call\"}}\n\n";
    let reading = Reading::of(Dialect::Responses, Framing::Sse, item.as_bytes()).unwrap();
    assert!(reading.content().choices[0].has_more);
    let usual = r#"{"status":"completed","output":[{"type":"web_search_call"},{"type":"reasoning"}]}"#;
    let reading = Reading::of(Dialect::Responses, Framing::Document, usual.as_bytes()).unwrap();
    assert!(!reading.content().choices[0].has_more);
}

#[test]
fn bedrock_says_what_its_models_do() {
    for (body, choice) in [
        (
            r#"{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm"}}},{"text":"Hi"},{"text":"!"}]}},"stopReason":"end_turn"}"#,
            says("Hi!", Finish::Stop),
        ),
        (
            r#"{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":"f","input":{"a":1}}}]}},"stopReason":"tool_use"}"#,
            calls(&[("f", r#"{"a":1}"#)], Finish::ToolCalls),
        ),
        (
            r#"{"output":{"message":{"content":[]}},"stopReason":"guardrail_intervened"}"#,
            says("", Finish::Refused),
        ),
        (r#"{"generation":"Hi","generation_token_count":1,"stop_reason":"stop"}"#, says("Hi", Finish::Stop)),
        (
            r#"{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}"#,
            says("Hi", Finish::Stop),
        ),
    ] {
        document(Dialect::Bedrock, body, &[choice]);
    }
}

#[test]
fn what_is_no_answer_of_a_model_has_no_choices() {
    for body in [
        r#"{"object":"list","data":[{"embedding":[0.1,-2e-3]}]}"#,
        r#"{"error":{"message":"Overloaded","code":503}}"#,
        r#"[{"error":{"code":503}}]"#,
        "{}",
        "null",
        "\"choices\"",
        r#"{"choices":{"index":0}}"#,
        r#"{"choices":null}"#,
    ] {
        for dialect in
            [Dialect::Chat, Dialect::Responses, Dialect::Anthropic, Dialect::Gemini, Dialect::Bedrock]
        {
            let reading = Reading::of(dialect, Framing::Document, body.as_bytes()).unwrap();
            assert_eq!(reading.content().choices, [], "{dialect:?} {body}");
        }
    }
}

#[test]
fn only_what_differs_is_written() {
    let body = r#"{ "choices" : [ {"index":0,"message":{"content":[{"type":"text","text":"on"},{"type":"text","text":"e"}],"tool_calls":[{"function":{"name":"f","arguments":"{'a':1}"}}]},"finish_reason":"stop"},{"index":1,"message":{"content":"tw\u006f"}}]}"#;
    let reading = Reading::of(Dialect::Chat, Framing::Document, body.as_bytes()).unwrap();
    let mut new = reading.content().clone();
    new.choices[0].calls[0].arguments = r#"{"a":1}"#.into();
    let written =
        |new: &Content| String::from_utf8(reading.rewritten(body.as_bytes(), new).unwrap()).unwrap();
    assert_eq!(written(&new), body.replace("{'a':1}", r#"{\"a\":1}"#));
    new.choices[0].text = "1".into();
    assert_eq!(
        written(&new),
        body.replace("{'a':1}", r#"{\"a\":1}"#).replace("\"on\"", "\"1\"").replace("\"e\"", "\"\"")
    );
    new.choices[0].text = String::new();
    assert!(written(&new).contains(r#"{"type":"text","text":""},{"type":"text","text":""}"#));
}

#[test]
fn no_block_is_left_empty() {
    let rewritten = |dialect: Dialect, body: &str| {
        let reading = Reading::of(dialect, Framing::Document, body.as_bytes()).unwrap();
        let mut new = reading.content().clone();
        new.choices[0].text = "{}".into();
        reading.rewritten(body.as_bytes(), &new).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let anthropic = r#"{"type":"message","content":[{"type":"text","text":"A"},{"type":"tool_use","name":"f","input":{}}],"stop_reason":"tool_use"}"#;
    let bedrock = r#"{"output":{"message":{"role":"assistant","content":[{"text":"A"},{"text":""}]}},"stopReason":"end_turn"}"#;
    for (dialect, body) in [(Dialect::Anthropic, anthropic), (Dialect::Bedrock, bedrock)] {
        assert_eq!(rewritten(dialect, body), Some(body.replace("\"A\"", "\"{}\"")));
        let two = [r#","text":""#, r#"{"text":""#]
            .map(|more| body.replacen(more, &format!("{more}Here: \"}},{{\"type\":\"text\",\"text\":\""), 1));
        let two = two.iter().find(|two| *two != body).unwrap();
        assert_eq!(rewritten(dialect, two), None, "{two}");
    }
}

#[test]
fn a_text_stays_that_something_else_tells_of() {
    let chat = |message: &str, choice: &str| {
        format!(
            r#"{{"choices":[{{"index":0,"message":{{"content":"A"{message}}}{choice},"finish_reason":"stop"}}]}}"#
        )
    };
    let response = |part: &str| {
        format!(
            r#"{{"object":"response","status":"completed","output":[{{"type":"message","content":[{{"type":"output_text","text":"A"{part}}}]}}]}}"#
        )
    };
    let note = r#","annotations":[{"type":"url_citation","start_index":0,"end_index":1}]"#;
    let tokens = r#","logprobs":[{"token":"A"}]"#;
    for (dialect, body, is_written) in [
        (Dialect::Chat, chat("", ""), true),
        (Dialect::Chat, chat(r#","annotations":[]"#, r#","logprobs":null"#), true),
        (Dialect::Chat, chat(note, ""), false),
        (Dialect::Chat, chat("", r#","logprobs":{"content":[{"token":"A"}]}"#), false),
        (Dialect::Responses, response(r#","annotations":[],"logprobs":[]"#), true),
        (Dialect::Responses, response(note), false),
        (Dialect::Responses, response(tokens), false),
    ] {
        let reading = Reading::of(dialect, Framing::Document, body.as_bytes()).unwrap();
        let mut new = reading.content().clone();
        new.choices[0].text = "{}".into();
        assert_eq!(reading.rewritten(body.as_bytes(), &new).is_some(), is_written, "{body}");
    }
}

#[test]
fn an_object_stays_one() {
    let body = r#"{"type":"message","content":[{"type":"tool_use","name":"f","input":{"a":"1"}}],"stop_reason":"tool_use"}"#;
    let reading = Reading::of(Dialect::Anthropic, Framing::Document, body.as_bytes()).unwrap();
    let written = |arguments: &str| {
        let mut new = reading.content().clone();
        new.choices[0].calls[0].arguments = arguments.into();
        reading.rewritten(body.as_bytes(), &new).map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(written(r#" {"a":1} "#), Some(body.replace(r#"{"a":"1"}"#, r#"{"a":1}"#)));
    for arguments in ["", "1", "[]", "{", "{\"a\":1},\"stop_reason\":\"end_turn\"", "{} {}"] {
        assert_eq!(written(arguments), None, "{arguments}");
    }
}

#[test]
fn nothing_is_written_where_there_is_no_place_for_it() {
    let body = r#"{"choices":[{"index":0,"message":{"content":null,"tool_calls":[{"function":{"name":"f"}}]},"finish_reason":"stop"}]}"#;
    let reading = Reading::of(Dialect::Chat, Framing::Document, body.as_bytes()).unwrap();
    let rewritten = |change: fn(&mut Content)| {
        let mut new = reading.content().clone();
        change(&mut new);
        reading.rewritten(body.as_bytes(), &new)
    };
    assert_eq!(rewritten(|_| ()).as_deref(), Some(body.as_bytes()));
    assert_eq!(rewritten(|new| new.choices[0].text = "x".into()), None);
    assert_eq!(rewritten(|new| new.choices[0].calls[0].arguments = "{}".into()), None);
    assert_eq!(rewritten(|new| new.choices[0].calls.clear()), None);
    assert_eq!(rewritten(|new| new.choices[0].number = 1), None);
    assert_eq!(rewritten(|new| new.choices.clear()), None);
}

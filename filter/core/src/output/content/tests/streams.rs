//! Answers in events.

use super::*;
use crate::stream::tests::recorded::{
    CHAT_USAGE, DONE, all, base64, bedrock_invoke, chat, event_frame, finish, whole_chat,
};

fn sse(events: &[&str]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

#[track_caller]
fn stream(dialect: Dialect, body: &str, choices: &[Choice]) {
    check(dialect, Framing::Sse, body.as_bytes(), choices);
}

#[test]
fn every_recorded_stream_says_what_it_says() {
    let texts = ["Hello \"you\" {there} ]}", "Hi", "Hello!", "The sea.", "The sea.", "Hello", "Hello!"];
    for ((dialect, framing, body), text) in all().into_iter().zip(texts) {
        check(dialect, framing, &body, &[says(text, Finish::Stop)]);
    }
}

#[test]
fn chunks_of_many_choices_and_calls_are_told_apart() {
    let delta = |index: u32, delta: &str| {
        format!(r#"{{"choices":[{{"index":{index},"delta":{delta},"finish_reason":null}}]}}"#)
    };
    let finish = |index: u32, reason: &str| {
        format!(r#"{{"choices":[{{"index":{index},"delta":{{}},"finish_reason":"{reason}"}}]}}"#)
    };
    let body = sse(&[
        &delta(0, r#"{"role":"assistant","content":null}"#),
        &delta(1, r#"{"role":"assistant","content":"","refusal":null}"#),
        &delta(
            0,
            r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#,
        ),
        &delta(1, r#"{"content":"One"}"#),
        &delta(0, r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}"#),
        &delta(
            0,
            r#"{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{"}},{"index":0,"function":{"name":"f","arguments":":1}"}}]}"#,
        ),
        &delta(1, r#"{"content":" two"}"#),
        &delta(0, r#"{"tool_calls":[{"index":1,"function":{"arguments":"}"}}]}"#),
        &finish(0, "tool_calls"),
        &finish(1, "stop"),
        "[DONE]",
    ]);
    let second = Choice { number: 1, ..says("One two", Finish::Stop) };
    stream(Dialect::Chat, &body, &[calls(&[("f", "{\"a\":1}"), ("g", "{}")], Finish::ToolCalls), second]);
}

#[test]
fn chunks_in_unusual_shapes_are_read() {
    for (events, choice) in [
        (
            // Calls without numbers.
            &[
                r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#,
                r#"{"choices":[{"delta":{"tool_calls":[{"id":"b","function":{"name":"f","arguments":"{\"a\""}}]}}]}"#,
                r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}"#,
            ][..],
            calls(&[("f", "{}"), ("f", "{\"a\":1}")], Finish::ToolCalls),
        ),
        (
            // A reason with every event.
            &[
                r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
                r#"{"choices":[{"delta":{"content":"b"},"finish_reason":"length"}]}"#,
            ],
            says("ab", Finish::Length),
        ),
        (
            // The message so far beside its deltas.
            &[
                r#"{"choices":[{"delta":{"content":"a"},"message":{"content":"a"}}]}"#,
                r#"{"choices":[{"delta":{"content":"b"},"message":{"content":"ab"},"finish_reason":"stop"}]}"#,
            ],
            says("ab", Finish::Stop),
        ),
        (
            &[
                r#"{"choices":[{"text":"a","index":0}]}"#,
                r#"{"choices":[{"text":"b","index":0,"finish_reason":"stop"}]}"#,
            ],
            says("ab", Finish::Stop),
        ),
        (
            &[
                r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}}]}"#,
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"Yes"}]},"finish_reason":"stop"}]}"#,
            ],
            says("Yes", Finish::Stop),
        ),
        (
            &[
                r#"{"choices":[{"delta":{"refusal":"I"}}]}"#,
                r#"{"choices":[{"delta":{"refusal":" can't"},"finish_reason":"stop"}]}"#,
            ],
            Choice { refusal: "I can't".into(), ..says("", Finish::Stop) },
        ),
    ] {
        stream(Dialect::Chat, &sse(&[events, &["[DONE]"]].concat()), &[choice]);
    }
}

#[test]
fn events_may_be_framed_in_any_way_that_their_standard_has() {
    let text = [says("ab", Finish::Stop)];
    for body in [
        "\u{FEFF}data:{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        "data: {\"choices\":\r\ndata: [{\"delta\":{\"content\":\r\nid: 7\r\ndata:\r\ndata:\"a\"}}]}\r\n\r\n: c\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\revent: x\rdata: {\"choices\":[{\"delta\":{\"content\":\"b\"},\rdata: \"finish_reason\":\"stop\"}]}\r\rdata: [DONE]\r\r",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}",
    ] {
        stream(Dialect::Chat, body, &text);
    }
}

#[test]
fn a_stream_is_written_with_the_text_in_its_first_words() {
    let body = whole_chat();
    let reading = Reading::of(Dialect::Chat, Framing::Sse, body.as_bytes()).unwrap();
    let mut new = reading.content().clone();
    new.choices[0].text = "a \"b\"".into();
    let written = String::from_utf8(reading.rewritten(body.as_bytes(), &new).unwrap()).unwrap();
    assert_eq!(written, chat(&["a \\\"b\\\"", "", ""], "") + &finish() + CHAT_USAGE + DONE);
}

/// A stream of Responses with a message and a call, as it is documented.
fn responses(text: [&str; 2], arguments: [&str; 2]) -> String {
    let (whole, all) = (text.concat(), arguments.concat());
    let message = format!(
        r#"{{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{{"type":"output_text","text":"{whole}","annotations":[]}}]}}"#
    );
    let call = format!(
        r#"{{"id":"fc_1","type":"function_call","status":"completed","arguments":"{all}","call_id":"call_1","name":"f"}}"#
    );
    let events = [
        r#"{"type":"response.created","response":{"id":"r","status":"in_progress","output":[]}}"#.to_owned(),
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#.into(),
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"Hm"}"#.into(),
        r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"msg_1","type":"message","role":"assistant","content":[]}}"#.into(),
        r#"{"type":"response.content_part.added","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#.into(),
        format!(r#"{{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"{}"}}"#, text[0]),
        format!(r#"{{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"{}"}}"#, text[1]),
        format!(r#"{{"type":"response.output_text.done","output_index":1,"content_index":0,"text":"{whole}"}}"#),
        format!(r#"{{"type":"response.content_part.done","output_index":1,"content_index":0,"part":{{"type":"output_text","text":"{whole}","annotations":[]}}}}"#),
        format!(r#"{{"type":"response.output_item.done","output_index":1,"item":{message}}}"#),
        r#"{"type":"response.output_item.added","output_index":2,"item":{"id":"fc_1","type":"function_call","arguments":"","call_id":"call_1","name":"f"}}"#.into(),
        format!(r#"{{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{}"}}"#, arguments[0]),
        format!(r#"{{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{}"}}"#, arguments[1]),
        format!(r#"{{"type":"response.function_call_arguments.done","output_index":2,"arguments":"{all}"}}"#),
        format!(r#"{{"type":"response.output_item.done","output_index":2,"item":{call}}}"#),
        format!(r#"{{"type":"response.completed","response":{{"id":"r","status":"completed","incomplete_details":null,"output":[{{"type":"reasoning","summary":[]}},{message},{call}],"usage":{{"input_tokens":3,"output_tokens":2}}}}}}"#),
    ];
    sse(&events.each_ref().map(String::as_str))
}

#[test]
fn what_responses_tell_once_more_is_read_once_and_written_everywhere() {
    let body = responses(["On", "e"], ["{'a'", ":1}"]);
    let choice = Choice { text: "One".into(), ..calls(&[("f", "{'a':1}")], Finish::Stop) };
    stream(Dialect::Responses, &body, std::slice::from_ref(&choice));
    let reading = Reading::of(Dialect::Responses, Framing::Sse, body.as_bytes()).unwrap();
    let mut new = reading.content().clone();
    new.choices[0].text = "Two".into();
    new.choices[0].calls[0].arguments = r#"{"a":1}"#.into();
    let written = reading.rewritten(body.as_bytes(), &new).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), responses(["Two", ""], [r#"{\"a\":1}"#, ""]));
}

#[test]
fn responses_that_leave_deltas_out_are_read_where_they_say_it_first() {
    let body = responses(["On", "e"], ["{", "}"]);
    let choice = Choice { text: "One".into(), ..calls(&[("f", "{}")], Finish::Stop) };
    let without = |leave_out: &[&str]| {
        let events =
            body.split_inclusive("\n\n").filter(|event| !leave_out.iter().any(|word| event.contains(word)));
        events.collect::<String>()
    };
    for leave_out in [
        &[".delta"][..],
        &[".delta", "output_text.done", "arguments.done"],
        &[".delta", "output_text.done", "arguments.done", "content_part.done"],
        &[".delta", "output_text.done", "arguments.done", "content_part", "output_item"],
    ] {
        stream(Dialect::Responses, &without(leave_out), std::slice::from_ref(&choice));
    }
}

#[test]
fn responses_in_many_parts_are_written_into_the_first() {
    let message = |texts: [&str; 2]| {
        format!(
            r#"{{"type":"message","content":[{{"type":"output_text","text":"{}"}},{{"type":"output_text","text":"{}"}}]}}"#,
            texts[0], texts[1]
        )
    };
    let whole = |texts: [&str; 2]| {
        sse(&[
            &format!(
                r#"{{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"{}"}}"#,
                texts[0]
            ),
            &format!(
                r#"{{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"{}"}}"#,
                texts[0]
            ),
            &format!(
                r#"{{"type":"response.output_text.delta","output_index":0,"content_index":1,"delta":"{}"}}"#,
                texts[1]
            ),
            &format!(
                r#"{{"type":"response.output_text.done","output_index":0,"content_index":1,"text":"{}"}}"#,
                texts[1]
            ),
            &format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{}}}"#, message(texts)),
            // Under another number.
            &format!(
                r#"{{"type":"response.completed","response":{{"status":"completed","output":[{{"type":"reasoning"}},{}]}}}}"#,
                message(texts)
            ),
        ])
    };
    let body = whole(["a", "b"]);
    stream(Dialect::Responses, &body, &[says("ab", Finish::Stop)]);
    let reading = Reading::of(Dialect::Responses, Framing::Sse, body.as_bytes()).unwrap();
    let mut new = reading.content().clone();
    new.choices[0].text = "c".into();
    let written = reading.rewritten(body.as_bytes(), &new).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), whole(["c", ""]));
}

#[test]
fn responses_are_read_once_however_their_events_are_numbered() {
    let body = responses(["On", "e"], ["{", "}"]);
    let choice = Choice { text: "One".into(), ..calls(&[("f", "{}")], Finish::Stop) };
    let number = |text: &str, output: u32, inner: u32| {
        let text = text.replace("\"output_index\":1", &format!("\"output_index\":{output}"));
        text.replace("\"content_index\":0", &format!("\"content_index\":{inner}"))
    };
    // The second part of its item, which has but one; all from 1 on, or from 7; none at all.
    let shifted = number(&body.replace("\"output_index\":2", "\"output_index\":8"), 7, 0);
    let unnumbered = ["0", "1", "2"].iter().fold(body.clone(), |body, number| {
        let body = body.replace(&format!("\"output_index\":{number},"), "");
        body.replace(&format!("\"content_index\":{number},"), "")
    });
    assert!(!unnumbered.contains("output_index"));
    for body in [number(&body, 1, 1), number(&body, 2, 0), shifted, unnumbered] {
        stream(Dialect::Responses, &body, std::slice::from_ref(&choice));
    }
}

#[test]
fn calls_of_responses_under_one_number_are_told_apart() {
    let call = |name: &str, arguments: &str| {
        format!(r#"{{"type":"function_call","name":"{name}","arguments":"{arguments}"}}"#)
    };
    let event = |kind: &str, rest: &str| format!(r#"{{"type":"response.{kind}","output_index":0,{rest}}}"#);
    let mut events = Vec::new();
    for (name, arguments) in [("f", "{}"), ("g", "[1]")] {
        events.push(event("output_item.added", &format!("\"item\":{}", call(name, ""))));
        events.push(event("function_call_arguments.delta", &format!("\"delta\":\"{arguments}\"")));
        events.push(event("function_call_arguments.done", &format!("\"arguments\":\"{arguments}\"")));
        events.push(event("output_item.done", &format!("\"item\":{}", call(name, arguments))));
    }
    let output = [call("f", "{}"), call("g", "[1]")].join(",");
    events.push(format!(
        r#"{{"type":"response.completed","response":{{"status":"completed","output":[{output}]}}}}"#
    ));
    let events: Vec<_> = events.iter().map(String::as_str).collect();
    stream(Dialect::Responses, &sse(&events), &[calls(&[("f", "{}"), ("g", "[1]")], Finish::Stop)]);
}

#[test]
fn refusals_and_custom_calls_of_responses_are_read_once() {
    let refusal = sse(&[
        r#"{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"No"}"#,
        r#"{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"."}"#,
        r#"{"type":"response.refusal.done","output_index":0,"content_index":0,"refusal":"No."}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}}"#,
    ]);
    stream(Dialect::Responses, &refusal, &[Choice { refusal: "No.".into(), ..says("", Finish::Stop) }]);
    let custom = sse(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"custom_tool_call","name":"sh","input":""}}"#,
        r#"{"type":"response.custom_tool_call_input.delta","output_index":0,"delta":"ls"}"#,
        r#"{"type":"response.custom_tool_call_input.done","output_index":0,"input":"ls"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"custom_tool_call","name":"sh","input":"ls"}}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"custom_tool_call","name":"sh","input":"ls"}]}}"#,
    ]);
    let calls = vec![Call { is_text: true, ..call("sh", "ls") }];
    stream(Dialect::Responses, &custom, &[Choice { calls, ..says("", Finish::Stop) }]);
}

#[test]
fn anthropic_calls_have_their_deltas_or_what_their_start_says() {
    let whole = |blocks: &[&str]| {
        let start = r#"{"type":"message_start","message":{"type":"message","role":"assistant","content":[],"stop_reason":null}}"#;
        let end = [
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":15}}"#,
            r#"{"type":"message_stop"}"#,
        ];
        sse(&[&[start], blocks, &end].concat())
    };
    let start = |input: &str| {
        format!(
            r#"{{"type":"content_block_start","index":1,"content_block":{{"type":"tool_use","id":"t","name":"f","input":{input}}}}}"#
        )
    };
    let delta = |json: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"input_json_delta","partial_json":"{json}"}}}}"#
        )
    };
    let stop = r#"{"type":"content_block_stop","index":1}"#;
    for (blocks, arguments) in [
        ([start("{}"), delta(""), delta(r#"{\"a\""#), delta(":1}")], r#"{"a":1}"#),
        ([start("{}"), delta(""), stop.into(), stop.into()], "{}"),
        ([start("{}"), stop.into(), stop.into(), stop.into()], "{}"),
        ([start(r#"{"a":1}"#), delta(""), stop.into(), stop.into()], r#"{"a":1}"#),
    ] {
        let blocks = blocks.each_ref().map(String::as_str);
        stream(Dialect::Anthropic, &whole(&blocks), &[calls(&[("f", arguments)], Finish::ToolCalls)]);
    }
    let server = whole(&[
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","name":"web_search","input":{}}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a"}}"#,
        r#"{"type":"content_block_start","index":3,"content_block":{"type":"text","text":"b"}}"#,
    ]);
    stream(Dialect::Anthropic, &server, &[says("ab", Finish::ToolCalls)]);
}

#[test]
fn no_block_of_a_stream_is_left_empty_and_annotated_texts_stay() {
    let rewritten = |dialect: Dialect, body: &str| {
        let reading = Reading::of(dialect, Framing::Sse, body.as_bytes()).unwrap();
        let mut new = reading.content().clone();
        new.choices[0].text = "{}".into();
        reading.rewritten(body.as_bytes(), &new).is_some()
    };
    let start = |index: u32| {
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"text","text":""}}}}"#
        )
    };
    let delta = |index: u32| {
        format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"text_delta","text":"a"}}}}"#
        )
    };
    let one = sse(&[&start(0), &delta(0), &delta(0), &start(1)]);
    assert!(rewritten(Dialect::Anthropic, &one));
    assert!(!rewritten(Dialect::Anthropic, &sse(&[&start(0), &delta(0), &start(1), &delta(1)])));
    let delta = r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a","logprobs":[]}"#;
    let note = r#"{"type":"response.output_text.annotation.added","output_index":0,"content_index":0,"annotation":{}}"#;
    assert!(rewritten(Dialect::Responses, &sse(&[delta, delta])));
    assert!(!rewritten(Dialect::Responses, &sse(&[delta, note])));
    let chunk = r#"{"choices":[{"index":0,"delta":{"content":"a"},"logprobs":null}]}"#;
    assert!(rewritten(Dialect::Chat, &sse(&[chunk])));
    assert!(!rewritten(Dialect::Chat, &sse(&[&chunk.replace("null", r#"{"content":[{"token":"a"}]}"#)])));
}

#[test]
fn gemini_calls_lie_in_one_event_each() {
    let events = [
        "{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Let \"}]},\"index\": 0}]}",
        "{\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"f\",\"args\": {\"a\":\n 1}}}]},\"index\": 0}]}",
        "{\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"f\",\"args\": {}}},{\"text\": \"me\"}]},\"finishReason\": \"STOP\",\"index\": 0}]}",
    ];
    let choice =
        |first: &str| Choice { text: "Let me".into(), ..calls(&[("f", first), ("f", "{}")], Finish::Stop) };
    check(
        Dialect::Gemini,
        Framing::Array,
        format!("[{}]", events.join(",\r\n")).as_bytes(),
        &[choice("{\"a\":\n 1}")],
    );
    let lines = events.map(|event| event.replace('\n', "\ndata: "));
    stream(Dialect::Gemini, &sse(&lines.each_ref().map(String::as_str)), &[choice("{\"a\":\n 1}")]);
}

#[test]
fn gemini_calls_that_come_member_by_member_are_named_once_and_not_read() {
    let part =
        |call: &str| format!(r#"{{"candidates":[{{"content":{{"parts":[{{"functionCall":{call}}}]}}}}]}}"#);
    let body = sse(&[
        &part(r#"{"name":"f","willContinue":true}"#),
        &part(
            r#"{"partialArgs":[{"jsonPath":"$.a","stringValue":"x","willContinue":true}],"willContinue":true}"#,
        ),
        &part("{}"),
        r#"{"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]}"#,
    ]);
    let reading = Reading::of(Dialect::Gemini, Framing::Sse, body.as_bytes()).unwrap();
    let calls = vec![Call { is_text: true, ..call("f", "") }];
    assert_eq!(reading.content().choices, [Choice { calls, ..says("", Finish::Stop) }]);
}

#[test]
fn what_a_gate_lets_go_on_or_holds_is_collected_alike() {
    for (dialect, framing, body) in all() {
        let content = Reading::of(dialect, framing, &body).unwrap().content().clone();
        for mode in [StreamMode::Live, StreamMode::UntilCommit, StreamMode::Complete] {
            let watch = Watch::new(dialect, framing).collecting();
            let rules = Rules {
                mode,
                malformed: Malformed::End,
                limits: Limits::default(),
                hides_usage: true,
                keeps: false,
            };
            let mut gate = Gate::new(watch, rules, Timestamp(0), Timestamp(0));
            for chunk in body.chunks(7) {
                gate.push(Timestamp(1), chunk);
            }
            gate.end(Timestamp(2), true);
            let collector = gate.collected().unwrap();
            assert_eq!(
                (collector.content(), collector.overflows()),
                (&content, false),
                "{dialect:?} {mode:?}"
            );
        }
        assert!(Watch::new(dialect, framing).collected().is_none());
    }
}

/// Converse with a text and a call.
fn converse(text: [&str; 2], arguments: [&str; 2]) -> Vec<u8> {
    let [a, b] =
        text.map(|text| format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}},"p":"abc"}}"#));
    let [c, d] = arguments.map(|json| {
        format!(r#"{{"contentBlockIndex":1,"delta":{{"toolUse":{{"input":"{json}"}}}},"p":"ab"}}"#)
    });
    [
        event_frame("messageStart", r#"{"p":"abcdefgh","role":"assistant"}"#),
        event_frame("contentBlockDelta", &a),
        event_frame("contentBlockDelta", &b),
        event_frame("contentBlockStop", r#"{"contentBlockIndex":0,"p":"abcdefghijklmnopqrstuvwxyz"}"#),
        event_frame(
            "contentBlockStart",
            r#"{"contentBlockIndex":1,"start":{"toolUse":{"name":"f","toolUseId":"t"}}}"#,
        ),
        event_frame("contentBlockDelta", &c),
        event_frame("contentBlockDelta", &d),
        event_frame("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        event_frame("messageStop", r#"{"p":"abcdefghijk","stopReason":"tool_use"}"#),
        event_frame(
            "metadata",
            r#"{"metrics":{"latencyMs":1043},"usage":{"inputTokens":12,"outputTokens":9}}"#,
        ),
    ]
    .concat()
}

#[test]
fn converse_is_read_and_written_frame_by_frame() {
    let body = converse(["On", "e"], [r#"{\"a\""#, ":1}"]);
    let choice = Choice { text: "One".into(), ..calls(&[("f", r#"{"a":1}"#)], Finish::ToolCalls) };
    check(Dialect::Bedrock, Framing::EventStream, &body, &[choice]);
    let reading = Reading::of(Dialect::Bedrock, Framing::EventStream, &body).unwrap();
    let mut new = reading.content().clone();
    new.choices[0].text = "Two \u{1F30A}".into();
    let written = reading.rewritten(&body, &new).unwrap();
    let expected = converse(["Two \u{1F30A}", ""], [r#"{\"a\""#, ":1}"]);
    assert_eq!(unsummed(&written), expected);
    // A call without arguments: the provider sends none.
    let none = converse(["One", ""], ["", ""]);
    check(
        Dialect::Bedrock,
        Framing::EventStream,
        &none,
        &[Choice { text: "One".into(), ..calls(&[("f", "{}")], Finish::ToolCalls) }],
    );
}

/// Frames without their checksums, which are right wherever there are any.
fn unsummed(stream: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), stream);
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let (frame, after) = rest.split_at(length);
        let sum = |range: std::ops::Range<usize>| u32::from_be_bytes(frame[range].try_into().unwrap());
        if sum(8..12) != 0 {
            assert_eq!(sum(8..12), crc32(&frame[..8]));
            assert_eq!(sum(length - 4..length), crc32(&frame[..length - 4]));
        }
        out.extend_from_slice(&frame[..8]);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&frame[12..length - 4]);
        out.extend_from_slice(&[0; 4]);
        rest = after;
    }
    out
}

/// Bit by bit, as ISO 3309 has it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[test]
fn invoked_models_are_read_and_written_within_their_base_64() {
    let body = bedrock_invoke();
    let reading = Reading::of(Dialect::Bedrock, Framing::EventStream, &body).unwrap();
    let mut new = reading.content().clone();
    for text in ["Hi", "Hi!", "Hi!!", ""] {
        new.choices[0].text = text.into();
        let written = reading.rewritten(&body, &new).unwrap();
        unsummed(&written);
        assert_eq!(*Reading::of(Dialect::Bedrock, Framing::EventStream, &written).unwrap().content(), new);
        assert_eq!(
            watched(Dialect::Bedrock, Framing::EventStream, &written).1.usage,
            watched(Dialect::Bedrock, Framing::EventStream, &body).1.usage
        );
    }
    let chunk = |event: &str| event_frame("chunk", &format!(r#"{{"bytes":"{}"}}"#, base64(event.as_bytes())));
    let nova = [
        chunk(r#"{"messageStart":{"role":"assistant"}}"#),
        chunk(r#"{"contentBlockDelta":{"delta":{"text":"a"},"contentBlockIndex":0}}"#),
        chunk(
            r#"{"contentBlockStart":{"start":{"toolUse":{"toolUseId":"t","name":"f"}},"contentBlockIndex":1}}"#,
        ),
        chunk(r#"{"contentBlockDelta":{"delta":{"toolUse":{"input":"{}"}},"contentBlockIndex":1}}"#),
        chunk(r#"{"messageStop":{"stopReason":"tool_use"}}"#),
    ];
    let choice = Choice { text: "a".into(), ..calls(&[("f", "{}")], Finish::ToolCalls) };
    check(Dialect::Bedrock, Framing::EventStream, &nova.concat(), &[choice]);
    let llama = [
        chunk(r#"{"generation":"a","stop_reason":null}"#),
        chunk(r#"{"generation":"b","stop_reason":"stop"}"#),
    ];
    check(Dialect::Bedrock, Framing::EventStream, &llama.concat(), &[says("ab", Finish::Stop)]);
}

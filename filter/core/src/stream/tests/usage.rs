//! What a stream used, where the caller hasn't asked for it; and what came of one that tells nothing.

use seawall_tokens::Encoding;

use super::recorded::*;
use super::*;

fn hidden(mode: StreamMode) -> Rules {
    Rules { hides_usage: true, ..rules(mode) }
}

#[track_caller]
fn without_usage(mode: StreamMode, text: &str) -> Came {
    stream(Dialect::Chat, Framing::Sse, hidden(mode), text.as_bytes(), true)
}

/// A usage event as others write it.
const USAGES: [&str; 4] = [
    CHAT_USAGE,
    "data: {\"choices\":null,\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":10}}\n\n",
    "id: 7\ndata: {\"object\":\"chat.completion.chunk\",\ndata: \"usage\":{\"prompt_tokens\":19,\"completion_tokens\":10}}\n\n",
    "data:{\"choices\":[],\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":10}}\r\n\r\n",
];

#[test]
fn usage_that_nobody_asked_for_is_read_and_left_out() {
    let answer = chat(&["Hello", " world"], "") + &finish();
    for mode in MODES {
        for usage in USAGES {
            let came = without_usage(mode, &[&answer, usage, DONE].concat());
            assert_eq!(came.text(), answer.clone() + DONE, "{usage}");
            assert_eq!(came.verdict, Some(Verdict::Complete));
            assert_eq!(came.report.usage.map(|usage| (usage.input, usage.output)), Some((19, 10)));
        }
        let all = answer.clone() + CHAT_USAGE + DONE;
        assert_eq!(sse(Dialect::Chat, mode, &all).text(), all, "a caller that has asked gets it");
    }
}

#[test]
fn it_is_left_out_wherever_it_comes() {
    let (role, rest) = (chat(&[], ""), chunk(r#"{"content":"Hi"}"#, "null") + &finish());
    let done_in_crs = "data: [DONE]\r\r";
    for mode in MODES {
        for (text, expected) in [
            ([CHAT_USAGE, &role, &rest, DONE].concat(), [&role, &rest, DONE].concat()),
            ([&role, CHAT_USAGE, &rest, CHAT_USAGE, DONE].concat(), [&role, &rest, DONE].concat()),
            // Without an end marker, and without the end of its own event.
            ([&role, &rest, CHAT_USAGE].concat(), [&role, &rest, DONE].concat()),
            ([&role, &rest, CHAT_USAGE.trim_end()].concat(), [&role, &rest, DONE].concat()),
            (
                [&role, &rest, &CHAT_USAGE.replace('\n', "\r"), done_in_crs].concat(),
                [&role, &rest, done_in_crs].concat(),
            ),
            ([&role, &rest, &CHAT_USAGE.replace('\n', "\r\n"), DONE].concat(), [&role, &rest, DONE].concat()),
        ] {
            let came = without_usage(mode, &text);
            assert_eq!((came.text(), came.verdict), (&*expected, Some(Verdict::Complete)), "{text:?}");
        }
    }
}

#[test]
fn an_event_that_says_anything_else_stays() {
    let usage = r#""usage":{"prompt_tokens":1,"completion_tokens":2}"#;
    let with_end = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}],{usage}}}\n\n"
    );
    let with_choice = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{}}}}],{usage}}}\n\n");
    for mode in MODES {
        for odd in
            [AZURE_ANNOTATIONS, &with_choice, ": comment\n\n", "data: {\"choices\":[],\"usage\":null}\n\n"]
        {
            let text = [odd, &chat(&["Hi"], ""), &with_end, DONE].concat();
            let came = without_usage(mode, &text);
            assert_eq!((came.text(), came.verdict), (&*text, Some(Verdict::Complete)));
        }
    }
    let error = format!("data: {{\"error\":{{\"message\":\"no\"}},{usage}}}\n\n");
    let text = chat(&["Hi"], "") + &error;
    assert_eq!(without_usage(StreamMode::Live, &text).text(), text);
}

#[test]
fn a_stream_that_breaks_behind_its_usage_still_ends_in_an_error() {
    let answer = chat(&["Hello"], "");
    let text = answer.clone() + CHAT_USAGE + "data: {\"choi";
    for mode in [StreamMode::Live, StreamMode::UntilCommit] {
        let came = without_usage(mode, &text);
        let error = came.text().strip_prefix(&answer).unwrap();
        assert!(error.contains("upstream_truncated"), "{error}");
        assert_eq!(came.report.usage.unwrap().output, 10);
    }
    assert_eq!(without_usage(StreamMode::Complete, &text).out, None);
}

#[test]
fn what_came_of_a_stream_is_counted_by_its_events_or_by_its_length() {
    let tokens = |text: &str| sse(Dialect::Chat, StreamMode::Live, text).report.content_tokens;
    assert_eq!(tokens(&chat(&["a", "b", "c"], "")), 3);
    assert_eq!(tokens(&chat(&[&"word ".repeat(80)], "")), 100);
    let call = chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}"#, "null");
    assert_eq!(tokens(&[&*call, &call].concat()), 3);
    let whole =
        |call: &str| chunk(&format!(r#"{{"tool_calls":[{{"index":0,"id":"call_1",{call}}}]}}"#), "null");
    let long = "word ".repeat(80);
    let arguments = format!(r#""function":{{"name":"look","arguments":"{long}"}}"#);
    assert_eq!(tokens(&whole(&arguments)), 101, "what a call is called with is content, in one piece too");
    let gemini =
        format!(r#"{{"functionCall":{{"name":"look","args":{{"a":["{long}"],"b":{{"c":"{long}"}}}}}}}}"#);
    assert_eq!(tokens(&chunk(&gemini, "null")), 201);
    let picture = format!(r#"{{"inlineData":{{"data":"{long}"}}}}"#);
    assert_eq!(tokens(&chunk(&picture, "null")), 1, "but the data of pictures isn't text");
    assert_eq!(tokens(&chat(&[], "")), 0);
}

#[test]
fn with_a_vocabulary_it_is_counted_by_that() {
    if !Encoding::O200kBase.is_built_in() {
        return;
    }
    let tokens = |text: &str| {
        let watch = Watch::new(Dialect::Chat, Framing::Sse).counting(Encoding::O200kBase);
        let gate = |watch| Gate::new(watch, rules(StreamMode::Live), at(0), at(0));
        send(gate(watch), text.as_bytes().chunks(7), true).report.content_tokens
    };
    assert_eq!(tokens(&chat(&["tiktoken is great!"], "")), 6);
    assert_eq!(tokens(&chat(&["tik", "token", " is", " great", "!"], "")), 5, "each event by itself");
    let words = ["This ", "is ", "a ", "simulated ", "answer ", "from ", "primary. "];
    assert_eq!(tokens(&chat(&words, "")), 8, "seven words and a full stop, however they are cut");
    assert_eq!(tokens(&chat(&[&words.concat()], "")), 8);
    assert_eq!(tokens(&chat(&[r"\n\n", r"\u4f60\u597d", r#" \"x\""#], "")), 5);
    assert_eq!(tokens(&chat(&[&" the".repeat(100_000)], "")), 100_000);
}

/// Each of these is left out, and what is behind it isn't moved for it.
#[test]
fn a_chunk_of_a_hundred_thousand_usages_is_read_in_one_go() {
    const MANY: usize = 100_000;
    let piece = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
    let watch = Watch::new(Dialect::Chat, Framing::Sse);
    let mut gate = Gate::new(watch, hidden(StreamMode::Live), at(0), at(0));
    let Flow::Replace(out) = gate.push(at(0), piece.repeat(MANY).as_bytes()) else {
        panic!("nothing went on");
    };
    let kept = String::from_utf8(out).unwrap();
    assert_eq!(kept.matches("content").count(), MANY);
    assert!(!kept.contains("usage"));
}

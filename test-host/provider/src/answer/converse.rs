//! Bedrock's Converse, and ConverseStream in binary frames
//! (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>).

use bytes::Bytes;

use crate::eventstream::event;
use crate::said::{Finish, Said};
use crate::template::{Value, fill};

const WHOLE: &str = concat!(
    r#"{"metrics":{"latencyMs":120},"output":{"message":{"content":[{"text":"$text"}],"role":"assistant"}},"#,
    r#""stopReason":"$stop","usage":{"inputTokens":$prompt,"outputTokens":$completion,"totalTokens":$total}}"#,
);
const METADATA: &str = concat!(
    r#"{"metrics":{"latencyMs":120},"#,
    r#""usage":{"inputTokens":$prompt,"outputTokens":$completion,"totalTokens":$total}}"#,
);

pub(super) fn json(said: &Said<'_>) -> Vec<u8> {
    filled(WHOLE, said, "").into_bytes()
}

/// Message begins, words, block and message end, usage.
pub(super) fn events(said: &Said<'_>) -> Vec<Bytes> {
    let frame = |name, template, word| event(name, filled(template, said, word).as_bytes());
    let mut events = vec![frame("messageStart", r#"{"role":"assistant"}"#, "")];
    let delta = r#"{"contentBlockIndex":0,"delta":{"text":"$word"}}"#;
    events.extend(said.words().map(|word| frame("contentBlockDelta", delta, word)));
    events.push(frame("contentBlockStop", r#"{"contentBlockIndex":0}"#, ""));
    events.push(frame("messageStop", r#"{"stopReason":"$stop"}"#, ""));
    events.push(frame("metadata", METADATA, ""));
    events
}

fn filled(template: &str, said: &Said<'_>, word: &str) -> String {
    let stop = match said.finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "content_filtered",
        Finish::Refusal => "guardrail_intervened",
    };
    let values = [
        ("text", Value::Text(&said.text)),
        ("word", Value::Text(word)),
        ("stop", Value::Text(stop)),
        ("prompt", Value::Number(said.usage.prompt)),
        ("completion", Value::Number(said.usage.completion)),
        ("total", Value::Number(said.usage.prompt + said.usage.completion)),
    ];
    fill(template, &values)
}

//! Gemini's generateContent, and its stream with `alt=sse` (<https://ai.google.dev/api/generate-content>).

use bytes::Bytes;

use crate::said::{Finish, Said};
use crate::template::{Value, fill};

const WHOLE: &str = concat!(
    r#"{"candidates":[{"content":{"parts":[{"text":"$word"}],"role":"model"},"finishReason":"$finish","index":0}],"#,
    r#""usageMetadata":{"promptTokenCount":$prompt,"candidatesTokenCount":$completion,"totalTokenCount":$total},"#,
    r#""modelVersion":"$model","responseId":"$id"}"#,
);
const CHUNK: &str = concat!(
    r#"{"candidates":[{"content":{"parts":[{"text":"$word"}],"role":"model"},"index":0}],"#,
    r#""usageMetadata":{"promptTokenCount":$prompt,"totalTokenCount":$prompt},"modelVersion":"$model","responseId":"$id"}"#,
);

pub(super) fn json(said: &Said<'_>) -> Vec<u8> {
    filled(WHOLE, said, &said.text).into_bytes()
}

/// Words; the last event has no text, but the reason and the usage. Nothing else marks the end.
pub(super) fn events(said: &Said<'_>) -> Vec<Bytes> {
    let event = |template: &str, word: &str| format!("data: {}\n\n", filled(template, said, word)).into();
    let mut events: Vec<Bytes> = said.words().map(|word| event(CHUNK, word)).collect();
    events.push(event(WHOLE, ""));
    events
}

fn filled(template: &str, said: &Said<'_>, word: &str) -> String {
    let finish = match said.finish {
        Finish::Stop => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::ContentFilter => "SAFETY",
        Finish::Refusal => "PROHIBITED_CONTENT",
    };
    let values = [
        ("id", Value::Text(&said.id)),
        ("model", Value::Text(said.model)),
        ("word", Value::Text(word)),
        ("finish", Value::Text(finish)),
        ("prompt", Value::Number(said.usage.prompt)),
        ("completion", Value::Number(said.usage.completion)),
        ("total", Value::Number(said.usage.prompt + said.usage.completion)),
    ];
    fill(template, &values)
}

//! Gemini's generateContent, and its stream: with `alt=sse` of events, else one array (<https://ai.google.dev/api/generate-content>).

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
    chunks(said).map(|chunk| format!("data: {chunk}\n\n").into()).collect()
}

/// The same chunks as elements, and what closes the array.
pub(super) fn array(said: &Said<'_>) -> Vec<Bytes> {
    let elements = chunks(said).enumerate();
    let mut elements: Vec<Bytes> =
        elements.map(|(index, chunk)| format!("{}{chunk}", before_element(index)).into()).collect();
    elements.push(Bytes::from_static(b"\n]"));
    elements
}

/// What stands before an element of an array.
pub(crate) fn before_element(index: usize) -> &'static str {
    if index == 0 { "[" } else { "\n,\r\n" }
}

fn chunks<'a>(said: &'a Said<'_>) -> impl Iterator<Item = String> + 'a {
    let words = said.words().map(|word| filled(CHUNK, said, word));
    words.chain([filled(WHOLE, said, "")])
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

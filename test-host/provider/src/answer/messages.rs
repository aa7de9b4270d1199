//! Anthropic's Messages (<https://docs.anthropic.com/en/api/messages>, `…/build-with-claude/streaming`).

use bytes::Bytes;

use super::sse::named;
use crate::said::{Finish, Said};
use crate::template::{Value, fill};

const MESSAGE: &str = concat!(
    r#"{"id":"msg_$id","type":"message","role":"assistant","model":"$model","content":[{"type":"text","text":"$text"}],"#,
    r#""stop_reason":"$stop","stop_sequence":null,"usage":{"input_tokens":$prompt,"cache_creation_input_tokens":0,"#,
    r#""cache_read_input_tokens":0,"output_tokens":$completion,"service_tier":"standard"}}"#,
);
const START: &str = concat!(
    r#"{"type":"message_start","message":{"id":"msg_$id","type":"message","role":"assistant","model":"$model","#,
    r#""content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":$prompt,"#,
    r#""cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"service_tier":"standard"}}}"#,
);
const BLOCK_START: &str =
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
const BLOCK_DELTA: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"$word"}}"#;
const BLOCK_STOP: &str = r#"{"type":"content_block_stop","index":0}"#;
const DELTA: &str = concat!(
    r#"{"type":"message_delta","delta":{"stop_reason":"$stop","stop_sequence":null},"#,
    r#""usage":{"output_tokens":$completion}}"#,
);

pub(super) fn json(said: &Said<'_>) -> Vec<u8> {
    filled(MESSAGE, said, "").into_bytes()
}

/// Message and block begin, a ping, words, both end.
pub(super) fn events(said: &Said<'_>) -> Vec<Bytes> {
    let event = |name: &str, template: &str, word: &str| named(name, &filled(template, said, word));
    let mut events = vec![
        event("message_start", START, ""),
        event("content_block_start", BLOCK_START, ""),
        event("ping", r#"{"type":"ping"}"#, ""),
    ];
    events.extend(said.words().map(|word| event("content_block_delta", BLOCK_DELTA, word)));
    events.push(event("content_block_stop", BLOCK_STOP, ""));
    events.push(event("message_delta", DELTA, ""));
    events.push(event("message_stop", r#"{"type":"message_stop"}"#, ""));
    events
}

fn filled(template: &str, said: &Said<'_>, word: &str) -> String {
    let stop = match said.finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ContentFilter | Finish::Refusal => "refusal",
    };
    let values = [
        ("id", Value::Text(&said.id)),
        ("model", Value::Text(said.model)),
        ("text", Value::Text(&said.text)),
        ("word", Value::Text(word)),
        ("stop", Value::Text(stop)),
        ("prompt", Value::Number(said.usage.prompt)),
        ("completion", Value::Number(said.usage.completion)),
    ];
    fill(template, &values)
}

//! Chat completions, whole and as events, in the shape of OpenAI's API; Azure and Mistral stream a little differently.

use bytes::Bytes;
use serde::Serialize;

use super::{CREATED, sse};
use crate::dialect::Dialect;
use crate::said::{Finish, Said};

#[derive(Clone, Copy, Serialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

#[derive(Serialize)]
struct Whole<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: Usage,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Message<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<&'a str>,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: &'a [Part<'a>],
    /// Missing unless usage was asked for; then `null` in all chunks but the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct Part<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
}

/// What Azure sends before everything else.
const AZURE_FIRST: &str = concat!(
    r#"data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"#,
    r#""content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}"#,
    "\n\n"
);

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
    }
}

fn usage(said: &Said<'_>) -> Usage {
    let (prompt_tokens, completion_tokens) = (said.usage.prompt, said.usage.completion);
    Usage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}

pub(super) fn json(said: &Said<'_>) -> Vec<u8> {
    let text = Some(said.text.as_str());
    let (content, refusal) = if said.finish == Finish::Refusal { (None, text) } else { (text, None) };
    let message = Message { role: "assistant", content, refusal };
    let finish_reason = finish_reason(said.finish);
    let whole = Whole {
        id: &id(said),
        object: "chat.completion",
        created: CREATED,
        model: said.model,
        choices: [Choice { index: 0, message, logprobs: None, finish_reason }],
        usage: usage(said),
    };
    serde_json::to_vec(&whole).unwrap_or_default()
}

/// Role, words, finish, usage where asked for, `[DONE]`.
pub(super) fn events(said: &Said<'_>) -> Vec<Bytes> {
    let id = id(said);
    let event = |choices: &[Part<'_>], usage: Option<Option<Usage>>| {
        let object = "chat.completion.chunk";
        sse::data(&Chunk { id: &id, object, created: CREATED, model: said.model, choices, usage })
    };
    let part = |delta, finish_reason, usage| {
        event(&[Part { index: 0, delta, logprobs: None, finish_reason }], usage)
    };
    let none = said.include_usage.then_some(None);
    let mut events = Vec::new();
    if said.dialect == Dialect::Azure {
        events.push(Bytes::from_static(AZURE_FIRST.as_bytes()));
    }
    let role = Delta { role: Some("assistant"), content: Some(""), refusal: None };
    events.push(part(role, None, none));
    for word in said.words() {
        let delta = match said.finish {
            Finish::Refusal => Delta { refusal: Some(word), ..Delta::default() },
            _ => Delta { content: Some(word), ..Delta::default() },
        };
        events.push(part(delta, None, none));
    }
    // Mistral tells its usage unasked, with the end.
    let with_end = if said.dialect == Dialect::Mistral { Some(Some(usage(said))) } else { none };
    events.push(part(Delta::default(), Some(finish_reason(said.finish)), with_end));
    if said.include_usage {
        events.push(event(&[], Some(Some(usage(said)))));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn id(said: &Said<'_>) -> String {
    format!("chatcmpl-{}", said.id)
}

//! Chat completions, whole and as events, in the shape of OpenAI's API.

use bytes::Bytes;
use serde::Serialize;

use crate::asked::Chat;

/// Some fixed moment (2023-11-14T22:13:20Z): answers are the same whenever they are made.
const CREATED: u64 = 1_700_000_000;

/// What is answered, before it takes the one or the other form.
pub(super) struct Completion<'a> {
    id: String,
    model: &'a str,
    content: String,
    usage: Usage,
    include_usage: bool,
}

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
    content: &'a str,
    refusal: Option<()>,
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
}

impl<'a> Completion<'a> {
    pub(super) fn new(provider: &str, chat: &'a Chat, body: &[u8]) -> Self {
        let content = format!("This is a simulated answer from {provider}.");
        // No tokenizer here: the usual rule of thumb for the question (four bytes a token), a word a token for the answer.
        let prompt_tokens = (body.len() as u64).div_ceil(4);
        let completion_tokens = content.split_inclusive(' ').count() as u64;
        let usage =
            Usage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
        let id = format!("chatcmpl-{:016x}", digest(body));
        Self { id, model: &chat.model, content, usage, include_usage: chat.include_usage() }
    }

    pub(super) fn json(&self) -> Vec<u8> {
        let message = Message { role: "assistant", content: &self.content, refusal: None };
        let choices = [Choice { index: 0, message, logprobs: None, finish_reason: "stop" }];
        let whole = Whole {
            id: &self.id,
            object: "chat.completion",
            created: CREATED,
            model: self.model,
            choices,
            usage: self.usage,
        };
        serde_json::to_vec(&whole).unwrap_or_default()
    }

    /// Role, words, finish, usage where asked for, `[DONE]`.
    pub(super) fn events(&self) -> Vec<Bytes> {
        let role = Delta { role: Some("assistant"), content: Some("") };
        let mut events = vec![self.part(role, None)];
        for word in self.content.split_inclusive(' ') {
            events.push(self.part(Delta { role: None, content: Some(word) }, None));
        }
        events.push(self.part(Delta::default(), Some("stop")));
        if self.include_usage {
            events.push(self.event(&[], Some(self.usage)));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        events
    }

    fn part(&self, delta: Delta<'_>, finish_reason: Option<&'static str>) -> Bytes {
        self.event(&[Part { index: 0, delta, logprobs: None, finish_reason }], None)
    }

    fn event(&self, choices: &[Part<'_>], usage: Option<Usage>) -> Bytes {
        let chunk = Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: CREATED,
            model: self.model,
            choices,
            usage: self.include_usage.then_some(usage),
        };
        let mut event = b"data: ".to_vec();
        event.extend(serde_json::to_vec(&chunk).unwrap_or_default());
        event.extend(b"\n\n");
        event.into()
    }
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>) over words of eight bytes rather than single ones: a body of
/// 200 KB must not take the benches' provider longer than its proxy. It names answers; it protects nothing.
fn digest(body: &[u8]) -> u64 {
    let (words, rest) = body.as_chunks::<8>();
    let mut tail = [0; 8];
    tail.iter_mut().zip(rest).for_each(|(tail, byte)| *tail = *byte);
    let all = words.iter().chain([&tail]).map(|word| u64::from_le_bytes(*word));
    let hash =
        all.fold(0xcbf2_9ce4_8422_2325, |hash: u64, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3));
    hash ^ (hash >> 32) ^ body.len() as u64
}

//! Answers. [`reply`] is a pure function of the provider's name, the behaviour and the request: the same three give the
//! same bytes, in the test host's virtual time as over the server's sockets.

mod completion;

use bytes::Bytes;
use serde::Serialize;

use crate::asked::{Asked, Chat};
use crate::errors;
use crate::script::{Behaviour, Fault};

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Answer(Answer),
    /// The connection is reset before any byte of an answer.
    Reset,
    /// Silence.
    Hang,
}

/// An answer as it goes over the wire, but for its pace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case. `content-length` is among them unless the answer is a stream.
    pub headers: Vec<(String, String)>,
    /// The body: one chunk, or one for each event of a stream. Already without what a cut takes away.
    pub chunks: Vec<Bytes>,
    pub end: End,
    /// Whether it is an event stream, and so paced by `first_token` and `between_tokens`.
    pub stream: bool,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Complete,
    /// The connection is reset after the last chunk.
    Cut,
}

impl Answer {
    /// All chunks, one after the other.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    fn json(status: u16, body: Vec<u8>) -> Self {
        Self::new(status, "application/json", vec![body.into()], false)
    }

    fn new(status: u16, content_type: &str, chunks: Vec<Bytes>, stream: bool) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, chunks, end: End::Complete, stream }
    }
}

/// Answers one request.
#[must_use]
pub fn reply(provider: &str, behaviour: &Behaviour, asked: &Asked<'_>) -> Reply {
    let mut answer = match behaviour.fault {
        Some(Fault::Reset) => return Reply::Reset,
        Some(Fault::Hang) => return Reply::Hang,
        Some(Fault::Cut | Fault::Malformed) | None => sound(provider, behaviour.status, asked),
    };
    if behaviour.fault == Some(Fault::Malformed) {
        stop_midway(&mut answer);
    }
    if !answer.stream {
        let length = answer.chunks.iter().map(Bytes::len).sum::<usize>();
        answer.headers.push(("content-length".to_owned(), length.to_string()));
    }
    // Only now: what is cut off was promised by the content-length.
    if behaviour.fault == Some(Fault::Cut) {
        cut(&mut answer);
    }
    for (name, value) in &behaviour.headers {
        answer.headers.retain(|(known, _)| known != name);
        answer.headers.push((name.clone(), value.clone()));
    }
    Reply::Answer(answer)
}

/// The answer to a request whose own behaviour can't be read.
#[must_use]
pub fn bad_override(reason: &str) -> Answer {
    let body = errors::invalid(reason);
    let length = body.len();
    let mut answer = Answer::json(400, body);
    answer.headers.push(("content-length".to_owned(), length.to_string()));
    answer
}

/// The answer without any fault.
fn sound(provider: &str, status: u16, asked: &Asked<'_>) -> Answer {
    if status >= 400 {
        return Answer::json(status, errors::of_status(status, provider));
    }
    if !asked.is_chat() {
        return echo(provider, status, asked);
    }
    match &asked.chat {
        Ok(chat) => chat_completion(provider, status, chat, asked.body),
        Err(reason) => {
            Answer::json(400, errors::invalid(&format!("The request body is not valid: {reason}.")))
        }
    }
}

fn chat_completion(provider: &str, status: u16, chat: &Chat, body: &[u8]) -> Answer {
    let completion = completion::Completion::new(provider, chat, body);
    if chat.stream() {
        return Answer::new(status, "text/event-stream", completion.events(), true);
    }
    Answer::json(status, completion.json())
}

/// What other paths than chat completions get.
fn echo(provider: &str, status: u16, asked: &Asked<'_>) -> Answer {
    #[derive(Serialize)]
    struct Echo<'a> {
        object: &'static str,
        provider: &'a str,
        path: &'a str,
        body_bytes: usize,
    }
    let echo = Echo { object: "echo", provider, path: asked.path, body_bytes: asked.body.len() };
    Answer::json(status, serde_json::to_vec(&echo).unwrap_or_default())
}

/// Drops the second half, in the middle of the JSON. In a stream, an event is what breaks off.
fn stop_midway(answer: &mut Answer) {
    if answer.stream {
        answer.chunks.truncate(answer.chunks.len().div_ceil(2));
    }
    if let Some(last) = answer.chunks.last_mut() {
        last.truncate(last.len() / 2);
    }
}

fn cut(answer: &mut Answer) {
    answer.end = End::Cut;
    if answer.stream {
        answer.chunks.truncate(2);
    } else if let Some(body) = answer.chunks.last_mut() {
        body.truncate(body.len() / 2);
    }
}

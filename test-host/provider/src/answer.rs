//! Answers. [`reply`] is a pure function of the provider's name, the behaviour and the request: the same three give the
//! same bytes, in the test host's virtual time as over the server's sockets.

mod chat;
mod converse;
mod fault;
mod generate;
mod messages;
mod responses;
mod sse;
mod wrong;

use bytes::Bytes;
use serde::Serialize;

use crate::asked::Asked;
use crate::dialect::{Api, Dialect};
use crate::errors;
use crate::said::Said;
use crate::script::{Behaviour, Fault};

/// Some fixed moment (2023-11-14T22:13:20Z): answers are the same whenever they are made.
const CREATED: u64 = 1_700_000_000;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const FRAMES: &str = "application/vnd.amazon.eventstream";

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
    /// The body: one chunk, or one for each event of a stream. Already without what a fault takes away.
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
    /// It does not: after the last chunk comes nothing, and the connection stays.
    Open,
}

impl Answer {
    /// All chunks, one after the other.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, JSON, vec![body.into()], false)
    }

    fn new(status: u16, content_type: &str, chunks: Vec<Bytes>, stream: bool) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, chunks, end: End::Complete, stream }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn is_binary(&self) -> bool {
        self.is_of(FRAMES)
    }

    /// A stream that is the elements of one JSON array.
    fn is_array(&self) -> bool {
        self.stream && self.is_of(JSON)
    }

    fn is_of(&self, content_type: &str) -> bool {
        self.headers.iter().any(|(name, value)| name == "content-type" && value == content_type)
    }

    /// Makes it longer, and no other.
    fn pad(&mut self, spaces: u32) {
        if let Some(chunk) =
            self.chunks.first_mut().filter(|chunk| spaces > 0 && !self.stream && !chunk.is_empty())
        {
            let rest = chunk.split_off(1);
            *chunk = [&**chunk, &vec![b' '; spaces as usize], &rest].concat().into();
        }
    }

    /// Says how long it is.
    fn measure(&mut self) {
        if !self.stream {
            let length = self.chunks.iter().map(Bytes::len).sum::<usize>();
            self.headers.push(("content-length".to_owned(), length.to_string()));
        }
    }
}

/// Answers one request.
#[must_use]
pub fn reply(provider: &str, behaviour: &Behaviour, asked: &Asked<'_>) -> Reply {
    match behaviour.fault {
        Some(Fault::Reset) => return Reply::Reset,
        Some(Fault::Hang) => return Reply::Hang,
        _ => {}
    }
    let dialect = behaviour.dialect.or(asked.place.map(|place| place.dialect)).unwrap_or(Dialect::OpenAi);
    let mut answer = sound(provider, dialect, behaviour, asked);
    answer.pad(behaviour.padding);
    let after = behaviour.after.map(|after| after as usize);
    if let Some(fault) = behaviour.fault {
        fault::spoil(&mut answer, fault, after);
    }
    answer.measure();
    // Only now: what is cut off was promised by the content-length.
    if let Some(fault) = behaviour.fault {
        fault::break_off(&mut answer, fault, after);
    }
    for (name, value) in wrong::limits(dialect, behaviour, asked) {
        answer.set(&name, &value);
    }
    for (name, value) in &behaviour.headers {
        answer.set(name, value);
    }
    Reply::Answer(answer)
}

/// The answer to a request whose own behaviour can't be read.
#[must_use]
pub fn bad_override(reason: &str) -> Answer {
    let mut answer = Answer::json(400, errors::invalid(reason));
    answer.measure();
    answer
}

/// The answer without any fault.
fn sound(provider: &str, dialect: Dialect, behaviour: &Behaviour, asked: &Asked<'_>) -> Answer {
    let status = behaviour.status.unwrap_or(200);
    if let Some(body) = &behaviour.body {
        return literal(status, body, behaviour);
    }
    if let Some(kind) = behaviour.error {
        return wrong::of_kind(provider, dialect, kind, behaviour, asked);
    }
    if status >= 400 {
        return wrong::of_status(provider, dialect, status, behaviour, asked);
    }
    let Some(place) = asked.place else { return echo(provider, status, asked) };
    if let Err(reason) = &asked.chat {
        let reason = format!("The request body is not valid: {reason}.");
        return Answer::json(400, errors::invalid(&reason));
    }
    // As its API does: "Extra inputs are not permitted" (its usage comes unasked).
    if dialect == Dialect::Mistral && asked.has_stream_options() {
        return wrong::of_kind(provider, dialect, errors::ErrorKind::InvalidRequest, behaviour, asked);
    }
    let said = Said::new(provider, behaviour, dialect, asked);
    match asked.stream() {
        true => {
            let content_type = match place.api {
                Api::Converse => FRAMES,
                Api::Generate if asked.is_array() => JSON,
                _ => EVENTS,
            };
            Answer::new(status, content_type, events(place.api, &said, asked.is_array()), true)
        }
        false => Answer::json(status, whole(place.api, &said)),
    }
}

fn whole(api: Api, said: &Said<'_>) -> Vec<u8> {
    match api {
        Api::Chat => chat::json(said),
        Api::Responses => responses::json(said),
        Api::Messages => messages::json(said),
        Api::Generate => generate::json(said),
        Api::Converse => converse::json(said),
    }
}

fn events(api: Api, said: &Said<'_>, is_array: bool) -> Vec<Bytes> {
    match api {
        Api::Chat => chat::events(said),
        Api::Responses => responses::events(said),
        Api::Messages => messages::events(said),
        Api::Generate if is_array => generate::array(said),
        Api::Generate => generate::events(said),
        Api::Converse => converse::events(said),
    }
}

/// A body as the behaviour has it; each event of a stream is a chunk.
fn literal(status: u16, body: &str, behaviour: &Behaviour) -> Answer {
    let content_type = behaviour.headers.get("content-type").map_or(JSON, String::as_str);
    let stream = content_type.starts_with(EVENTS);
    let chunks = match stream {
        true => body.split_inclusive("\n\n").map(|event| Bytes::from(event.to_owned())).collect(),
        false => vec![Bytes::from(body.to_owned())],
    };
    Answer::new(status, content_type, chunks, stream)
}

/// Bodies up to so many bytes are told back.
const MOST_ECHO: usize = 4096;

/// What other paths than those of the APIs get: what was asked.
fn echo(provider: &str, status: u16, asked: &Asked<'_>) -> Answer {
    #[derive(Serialize)]
    struct Echo<'a> {
        object: &'static str,
        provider: &'a str,
        path: &'a str,
        body_bytes: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<serde_json::Value>,
    }
    let (path, body_bytes) = (asked.path, asked.body.len());
    let body = asked.body.get(..body_bytes.min(MOST_ECHO)).and_then(|body| serde_json::from_slice(body).ok());
    let echo = Echo { object: "echo", provider, path, body_bytes, body };
    Answer::json(status, serde_json::to_vec(&echo).unwrap_or_default())
}

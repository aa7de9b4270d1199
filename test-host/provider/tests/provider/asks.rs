//! Requests to each API, and how their answers are read.

use seawall_provider::{Answer, Asked, Behaviour, Reply, reply};
use serde_json::Value;

/// An API: how it is asked, for an answer and for a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Api {
    pub(crate) name: &'static str,
    json: (&'static str, &'static str),
    stream: (&'static str, &'static str),
    pub(crate) content_type: &'static str,
}

const EVENTS: &str = "text/event-stream";

pub(crate) const APIS: [Api; 6] = [
    Api {
        name: "chat",
        json: ("/v1/chat/completions", r#"{"model":"gpt-4.1","messages":[]}"#),
        stream: ("/v1/chat/completions", r#"{"model":"gpt-4.1","stream":true,"messages":[]}"#),
        content_type: EVENTS,
    },
    Api {
        name: "azure",
        json: (
            "/openai/deployments/d/chat/completions?api-version=1",
            r#"{"model":"gpt-4.1","messages":[]}"#,
        ),
        stream: (
            "/openai/deployments/d/chat/completions?api-version=1",
            r#"{"model":"gpt-4.1","stream":true,"messages":[]}"#,
        ),
        content_type: EVENTS,
    },
    Api {
        name: "responses",
        json: ("/v1/responses", r#"{"model":"gpt-4.1","input":"Hello"}"#),
        stream: ("/v1/responses", r#"{"model":"gpt-4.1","stream":true,"input":"Hello"}"#),
        content_type: EVENTS,
    },
    Api {
        name: "messages",
        json: ("/v1/messages", r#"{"model":"claude-sonnet-4","max_tokens":9,"messages":[]}"#),
        stream: ("/v1/messages", r#"{"model":"claude-sonnet-4","max_tokens":9,"stream":true,"messages":[]}"#),
        content_type: EVENTS,
    },
    Api {
        name: "generate",
        json: ("/v1beta/models/gemini-2.5-flash:generateContent", r#"{"contents":[]}"#),
        stream: ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", r#"{"contents":[]}"#),
        content_type: EVENTS,
    },
    Api {
        name: "converse",
        json: ("/model/amazon.nova-lite-v1/converse", r#"{"messages":[]}"#),
        stream: ("/model/amazon.nova-lite-v1/converse-stream", r#"{"messages":[]}"#),
        content_type: "application/vnd.amazon.eventstream",
    },
];

impl Api {
    pub(crate) fn of(name: &str) -> Self {
        *APIS.iter().find(|api| api.name == name).unwrap()
    }

    pub(crate) fn ask(&self, behaviour: &Behaviour) -> Answer {
        let (path, body) = self.json;
        answer(behaviour, path, body)
    }

    pub(crate) fn ask_stream(&self, behaviour: &Behaviour) -> Answer {
        let (path, body) = self.stream;
        answer(behaviour, path, body)
    }

    pub(crate) fn stream_request(&self) -> (&'static str, &'static str) {
        self.stream
    }

    /// The model that its requests name.
    pub(crate) fn model(&self) -> &'static str {
        match self.name {
            "messages" => "claude-sonnet-4",
            "generate" => "gemini-2.5-flash",
            "converse" => "amazon.nova-lite-v1",
            _ => "gpt-4.1",
        }
    }
}

fn answer(behaviour: &Behaviour, path: &str, body: &str) -> Answer {
    match reply("primary", behaviour, &Asked::read(path, body.as_bytes())) {
        Reply::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut found = answer.headers.iter().filter(|(known, _)| known == name);
    let value = found.next().map(|(_, value)| value.as_str());
    assert_eq!(found.next(), None, "{name} twice");
    value
}

pub(crate) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body()).unwrap()
}

/// The name and the JSON of an event: of its line `event:`, or of a frame's headers. `[DONE]` has the JSON of a text.
pub(crate) fn event(chunk: &[u8]) -> (String, Value) {
    if chunk.first() == Some(&0) {
        return frame(chunk);
    }
    let text = std::str::from_utf8(chunk).unwrap().strip_suffix("\n\n").unwrap();
    let (name, data) = match text.split_once('\n') {
        Some((name, data)) => (name.strip_prefix("event: ").unwrap(), data),
        None => ("", text),
    };
    let data = data.strip_prefix("data: ").unwrap();
    let value = serde_json::from_str(data).unwrap_or_else(|_| Value::String(data.to_owned()));
    (name.to_owned(), value)
}

/// A frame of AWS's event stream: the last part of its type's header, and its payload.
fn frame(chunk: &[u8]) -> (String, Value) {
    let number = |at: usize| u32::from_be_bytes(chunk[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(number(0), chunk.len());
    let (mut headers, payload) = chunk[12..chunk.len() - 4].split_at(number(4));
    let mut name = String::new();
    while let Some((length, rest)) = headers.split_first() {
        let (header, rest) = rest.split_at(usize::from(*length));
        assert_eq!(rest[0], 7);
        let length = usize::from(u16::from_be_bytes([rest[1], rest[2]]));
        let (value, rest) = rest[3..].split_at(length);
        if [b":event-type".as_slice(), b":exception-type"].contains(&header) {
            name = String::from_utf8(value.to_vec()).unwrap();
        }
        headers = rest;
    }
    let text = String::from_utf8_lossy(payload).into_owned();
    (name, serde_json::from_slice(payload).unwrap_or(Value::String(text)))
}

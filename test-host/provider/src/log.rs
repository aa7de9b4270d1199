//! What a provider saw. Credentials are not kept, and of bodies little.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::asked::Asked;
use crate::script::Fault;

/// The newest so many requests are kept: a load bench must not fill the memory.
const KEPT: usize = 10_000;

/// Headers that are kept, and all that begin with `x-`.
const HEADERS: [&str; 6] =
    ["accept-encoding", "content-type", "host", "idempotency-key", "traceparent", "user-agent"];

/// Parts of the names of headers that hold secrets.
const SECRET: [&str; 5] = ["auth", "cookie", "key", "secret", "token"];

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// Counted from 1.
    pub number: u64,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    pub method: String,
    #[serde(flatten)]
    pub sent: Sent,
    pub did: Did,
}

/// What a request said, as far as it may be remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sent {
    /// With its query.
    pub path: String,
    /// Whether there were credentials. Their value is never kept.
    pub authorization: bool,
    pub model: Option<String>,
    pub stream: bool,
    /// Whether the stream is to tell its usage.
    pub include_usage: bool,
    /// The most tokens that the answer may have, under whichever name.
    pub max_tokens: Option<u64>,
    pub temperature: Option<f64>,
    pub body_bytes: usize,
    /// The beginning of what was said last.
    pub last_text: Option<String>,
    /// Those that hold no secret.
    pub headers: BTreeMap<String, String>,
}

impl Sent {
    /// Takes what is worth keeping of a request; names of headers are in lower case.
    pub fn of<'a>(
        path: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        asked: &Asked<'_>,
    ) -> Self {
        let mut sent = Self {
            path: path.to_owned(),
            authorization: false,
            model: asked.model().map(str::to_owned),
            stream: asked.stream(),
            include_usage: asked.include_usage(),
            max_tokens: asked.max_tokens(),
            temperature: asked.temperature(),
            body_bytes: asked.body.len(),
            last_text: asked.last_text(),
            headers: BTreeMap::new(),
        };
        for (name, value) in headers {
            sent.authorization |= name == "authorization";
            if is_kept(name) {
                sent.headers.insert(name.to_owned(), String::from_utf8_lossy(value).into_owned());
            }
        }
        sent
    }
}

fn is_kept(name: &str) -> bool {
    let known = HEADERS.contains(&name);
    known || (name.starts_with("x-") && !SECRET.iter().any(|part| name.contains(part)))
}

/// What the provider did about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Did {
    /// `None` when nothing was answered.
    pub status: Option<u16>,
    pub fault: Option<Fault>,
}

/// One line, e.g. `3 POST /v1/chat/completions model=gpt-4.1 stream=false bytes=118 -> 429`.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, method, sent, did, .. } = self;
        let Sent { path, stream, body_bytes, .. } = sent;
        let model = sent.model.as_deref().unwrap_or("-");
        write!(f, "{number} {method} {path} model={model} stream={stream} bytes={body_bytes} -> {did}")
    }
}

/// E.g. `429`, `200 cut`, `reset`.
impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.fault.map(Fault::name);
        match (self.status, fault) {
            (Some(status), Some(fault)) => write!(f, "{status} {fault}"),
            (Some(status), None) => write!(f, "{status}"),
            (None, Some(fault)) => f.write_str(fault),
            (None, None) => f.write_str("closed"),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    count: u64,
    seen: VecDeque<Seen>,
}

impl Log {
    /// Numbers the request and keeps it.
    pub(crate) fn push(&self, mut seen: Seen) -> Seen {
        let mut kept = self.lock();
        kept.count += 1;
        seen.number = kept.count;
        if kept.seen.len() == KEPT {
            kept.seen.pop_front();
        }
        kept.seen.push_back(seen.clone());
        seen
    }

    pub(crate) fn count(&self) -> u64 {
        self.lock().count
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.lock().seen.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().seen.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

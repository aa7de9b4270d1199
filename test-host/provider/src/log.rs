//! What a provider saw. Bodies and credentials are not kept.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::HeaderMap;
use serde::Serialize;

use crate::script::Fault;

/// The newest so many requests are kept: a load bench must not fill the memory.
const KEPT: usize = 10_000;

/// Headers that tell who asks, how often and with which deadline.
const HEADERS: [&str; 10] = [
    "content-type",
    "host",
    "idempotency-key",
    "traceparent",
    "user-agent",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-upstream-rq-timeout-ms",
    "x-request-id",
    "x-should-retry",
    "x-stainless-retry-count",
];

/// The filter's own headers, which no provider should ever see.
const FILTER_PREFIX: &str = "x-seawall-";

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Counted from 1.
    pub number: u64,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    pub method: String,
    /// With its query.
    pub path: String,
    /// Whether there were credentials. Their value is never kept.
    pub authorization: bool,
    pub model: Option<String>,
    pub stream: bool,
    pub body_bytes: usize,
    /// Some of the headers, among them all of the filter's own.
    pub headers: BTreeMap<String, String>,
    pub did: Did,
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
        let Self { number, method, path, stream, body_bytes, did, .. } = self;
        let model = self.model.as_deref().unwrap_or("-");
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

/// The headers worth keeping.
pub(crate) fn selected(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with(FILTER_PREFIX) || HEADERS.contains(&name.as_str()))
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
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

//! Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use bytes::Bytes;
use serde::Serialize;

/// An event without a name.
pub(super) fn data(payload: &impl Serialize) -> Bytes {
    let mut event = b"data: ".to_vec();
    // What is sent here holds nothing that can't be written as JSON.
    event.extend(serde_json::to_vec(payload).unwrap_or_default());
    event.extend(b"\n\n");
    event.into()
}

/// An event with a name.
pub(super) fn named(name: &str, payload: &str) -> Bytes {
    format!("event: {name}\ndata: {payload}\n\n").into()
}

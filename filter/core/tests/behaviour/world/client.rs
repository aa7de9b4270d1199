//! What the client of a request gets, and what it may take that for.

use std::collections::BTreeMap;

use seawall_core::Timestamp;
use serde_json::Value;

/// An answer as far as it has come.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// When it began.
    pub(crate) at: Timestamp,
    /// When the client had the end of it: where the answer itself says that it is one, or where the connection did.
    pub(crate) done: Option<Timestamp>,
    pub(crate) end: Option<End>,
    pub(crate) from: From,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Orderly,
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// What the router brought, through the filter.
    Router,
    /// The filter.
    Filter,
    /// The host, past the filter.
    Host,
    /// Nobody: the request went on without the filter.
    Nobody,
}

/// What a client takes an answer for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    /// Complete, and this is what it says.
    Whole(String),
    /// An error, after so much had been said.
    Error(String),
    /// Visibly broken off, after so much.
    Broken(String),
}

impl Got {
    /// Takes in more of the body.
    pub(super) fn more(&mut self, bytes: &[u8], now: Timestamp) {
        self.body.push_str(str::from_utf8(bytes).unwrap());
        // What ends a stream for whoever reads it.
        let ends = ["data: [DONE]\n\n", "data: {\"error\":", "event: error\n"];
        let is_end = ends.iter().any(|end| self.body.contains(end));
        if is_end && self.is_stream() {
            self.done = self.done.or(Some(now));
        }
    }

    pub(super) fn ends(&mut self, end: End, now: Timestamp) {
        self.end = self.end.or(Some(end));
        self.done = self.done.or(Some(now));
    }

    /// Whether a whole event of a stream with content has come.
    pub(super) fn has_content(&self) -> bool {
        let whole = self.body.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        whole.contains("\"content\":\"")
    }

    /// Whose words it is: the filter's own, or those of a provider that went on as they came.
    pub(crate) fn whose(&self) -> &str {
        if self.from == From::Router { "the router's" } else { &self.body }
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream")
    }

    /// As an SDK reads it: a success that ends in good order is complete unless something in it says otherwise.
    pub(crate) fn sense(&self) -> Sense {
        let mut text = String::new();
        if self.status >= 400 {
            return Sense::Error(text);
        }
        if !self.is_stream() {
            return match serde_json::from_str::<Value>(&self.body) {
                Ok(body) if body.get("error").is_some() => Sense::Error(text),
                Ok(body) => Sense::Whole(content(&body, "message")),
                Err(_) => Sense::Broken(text),
            };
        }
        for event in self.body.split("\n\n") {
            if event.starts_with("event: error\n") {
                return Sense::Error(text);
            }
            let Some(data) = event.strip_prefix("data: ") else { continue };
            if data == "[DONE]" {
                return Sense::Whole(text);
            }
            let Ok(event) = serde_json::from_str::<Value>(data) else { return Sense::Broken(text) };
            if event.get("error").is_some() {
                return Sense::Error(text);
            }
            text += &content(&event, "delta");
        }
        if self.end == Some(End::Orderly) { Sense::Whole(text) } else { Sense::Broken(text) }
    }
}

fn content(body: &Value, of: &str) -> String {
    let content = body["choices"][0][of]["content"].as_str().unwrap_or_default();
    content.strip_prefix("provider's 200: ").unwrap_or(content).to_owned()
}

//! The request that is explained.

use crate::policy::fit::{BYTES_PER_TOKEN, Capabilities, Demand};

/// One request of a caller. What isn't known is left out; the default is a `POST` of nothing to nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// With its query, if it has one.
    pub path: String,
    /// Names in lower case, each once: several values are joined by commas.
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// Length of the body.
    pub body_bytes: u64,
    /// Who calls, when the policy reads that from a place that isn't part of the request, such as a verified token.
    pub tenant: Option<String>,
    /// Hour of the day in UTC, 0 to 23.
    pub hour: u8,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: "POST".into(),
            path: String::new(),
            headers: Vec::new(),
            body: Body::None,
            body_bytes: 0,
            tenant: None,
            hour: 0,
        }
    }
}

/// What is known of a request's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    #[default]
    None,
    Json(BodyFacts),
    /// Not a JSON object; and why, in a few words.
    Unreadable(String),
}

/// What a chat completion's body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyFacts {
    pub model: Option<String>,
    pub stream: bool,
    /// `max_completion_tokens`, or its older name `max_tokens`.
    pub max_tokens: Option<u64>,
    /// Number of messages.
    pub messages: u32,
    /// Number of tools that it declares.
    pub tool_count: u32,
    /// The names of those that have one.
    pub tools: Vec<String>,
    /// Estimated tokens of the prompt.
    pub input_tokens: u64,
    /// How often the tool calls that its conversation ends with repeat.
    pub repeats: u32,
    /// What it needs a target to be able to do.
    pub needs: Capabilities,
}

impl Request {
    /// The first header of this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }

    /// The path without its query.
    pub(super) fn bare_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// Whether its body is JSON by its headers: not compressed, and not said to be something else. What isn't goes on unread.
    pub(super) fn is_json(&self) -> bool {
        let is_plain =
            self.header("content-encoding").is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
        is_plain && self.header("content-type").is_none_or(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    /// What is read of its body.
    pub(super) fn facts(&self) -> Option<&BodyFacts> {
        match &self.body {
            Body::Json(facts) if self.is_json() => Some(facts),
            _ => None,
        }
    }

    /// Why the filter answers 400 instead of sending it anywhere.
    pub(super) fn unreadable(&self) -> Option<&str> {
        match &self.body {
            Body::Unreadable(why) if self.is_json() => Some(why),
            _ => None,
        }
    }

    /// What it asks of its target.
    pub(super) fn demand(&self) -> Demand {
        let facts = self.facts();
        Demand {
            input: self.body_bytes / BYTES_PER_TOKEN,
            output: facts.and_then(|facts| facts.max_tokens),
            needs: facts.map(|facts| facts.needs).unwrap_or_default(),
        }
    }

    /// Estimated tokens of the prompt.
    pub(super) fn input_tokens(&self) -> u64 {
        self.facts().map_or(self.body_bytes / BYTES_PER_TOKEN, |facts| facts.input_tokens)
    }

    /// Whether the answer is to be streamed.
    pub(super) fn streams(&self) -> bool {
        self.facts().is_some_and(|facts| facts.stream)
    }
}

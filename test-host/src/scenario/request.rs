//! A scenario's request as it goes over the wire: the same bytes from the test host and to a real Envoy.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::model::Request;

/// ASCII, so that it can be cut anywhere.
const PROMPT: &str = "How high is the water? ";

/// The host that every request is for.
pub const AUTHORITY: &str = "seawall.test";

/// What a caller sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    pub method: String,
    pub path: String,
    /// Names in lower case, without `host` and `content-length`.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: "POST".to_owned(),
            path: "/v1/chat/completions".to_owned(),
            headers: BTreeMap::new(),
            headers_in_turn: Vec::new(),
            model: "gpt-4o-mini".to_owned(),
            stream: false,
            prompt_bytes: None,
            body: None,
            times: 1,
            concurrent: 1,
            apart: Duration::ZERO,
            disconnect_after: None,
            worker: 0,
        }
    }
}

impl Request {
    /// The bytes this request stands for; of those beside each other, the one of this number.
    #[must_use]
    pub fn wire(&self, index: u32) -> Wire {
        let body = match &self.body {
            Some(text) => text.clone().into_bytes(),
            None => self.chat_completion().into_bytes(),
        };
        let own = self.headers_in_turn.get(index as usize);
        let mut headers: Vec<(String, String)> = self
            .headers
            .iter()
            .chain(own.into_iter().flatten())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        if !body.is_empty() && !headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        Wire { method: self.method.clone(), path: self.path.clone(), headers, body }
    }

    fn chat_completion(&self) -> String {
        let prompt = match self.prompt_bytes {
            Some(bytes) => PROMPT.bytes().cycle().take(bytes).map(char::from).collect(),
            None => PROMPT.trim_end().to_owned(),
        };
        let mut body = json!({
            "model": self.model,
            "messages": [
                { "role": "system", "content": "You are a lighthouse keeper." },
                { "role": "user", "content": prompt },
            ],
            "max_tokens": 64,
        });
        if let (true, Some(fields)) = (self.stream, body.as_object_mut()) {
            fields.insert("stream".to_owned(), json!(true));
        }
        body.to_string()
    }
}

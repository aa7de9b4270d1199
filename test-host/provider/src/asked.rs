//! The little that the provider reads of a request. Bodies are read once and next to nothing of them is copied, because
//! the same provider stands behind the load benches.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use crate::dialect::{Api, Place};

/// Members that hold what is said, whatever the API.
const TEXTS: [&[u8]; 4] = [br#""content""#, br#""text""#, br#""input""#, br#""prompt""#];

/// Bytes at the end of a body in which they are looked for, and characters that are kept.
const NEAR: usize = 4 * 1024;
const LONGEST: usize = 512;

/// A request, as far as the answer depends on it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Without its query.
    pub(crate) path: &'a str,
    query: &'a str,
    pub(crate) body: &'a [u8],
    /// What the path asks for, if it is known.
    pub(crate) place: Option<Place<'a>>,
    /// Why the body is no request to a model, if it isn't.
    pub(crate) chat: Result<Chat, String>,
    /// Since 1970.
    pub(crate) now: Duration,
}

/// The members of a body that matter, whatever the API.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Chat {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    max_completion_tokens: Option<u64>,
    #[serde(default)]
    max_output_tokens: Option<u64>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default, alias = "generationConfig", alias = "inferenceConfig")]
    config: Option<Config>,
}

/// Gemini and Bedrock have the settings in an object of their own.
#[derive(Debug, Deserialize)]
struct Config {
    #[serde(default, alias = "maxOutputTokens", alias = "maxTokens")]
    max_tokens: Option<u64>,
    #[serde(default)]
    temperature: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

impl<'a> Asked<'a> {
    #[must_use]
    pub fn read(path: &'a str, body: &'a [u8]) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let chat: Result<Chat, _> = serde_json::from_slice(body).map_err(|error| error.to_string());
        let place = Place::of(path);
        let needs_model = place.is_some_and(|place| place.model.is_none());
        let chat = chat.and_then(|chat| match chat.model {
            None if needs_model => Err("missing field `model`".to_owned()),
            _ => Ok(chat),
        });
        Self { path, query, body, place, chat, now: Duration::ZERO }
    }

    /// When it was asked. Some providers say when a limit is reset as a time of day.
    #[must_use]
    pub fn at(self, now: SystemTime) -> Self {
        Self { now: now.duration_since(UNIX_EPOCH).unwrap_or_default(), ..self }
    }

    /// The model asked for.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        let of_path = self.place.and_then(|place| place.model);
        of_path.or_else(|| self.chat.as_ref().ok()?.model.as_deref())
    }

    /// Whether the answer is to be a stream.
    #[must_use]
    pub fn stream(&self) -> bool {
        let of_path = self.place.is_some_and(|place| place.stream);
        of_path || self.chat.as_ref().is_ok_and(|chat| chat.stream == Some(true))
    }

    /// Whether that stream is one JSON array: Gemini's, unless events are asked for.
    pub(crate) fn is_array(&self) -> bool {
        let is_generate = self.place.is_some_and(|place| place.api == Api::Generate);
        is_generate && self.stream() && !self.query.split('&').any(|part| part == "alt=sse")
    }

    /// The most tokens that the answer may have, under whichever name.
    #[must_use]
    pub fn max_tokens(&self) -> Option<u64> {
        let chat = self.chat.as_ref().ok()?;
        let own = chat.max_tokens.or(chat.max_completion_tokens).or(chat.max_output_tokens);
        own.or_else(|| chat.config.as_ref()?.max_tokens)
    }

    #[must_use]
    pub fn temperature(&self) -> Option<f64> {
        let chat = self.chat.as_ref().ok()?;
        chat.temperature.or_else(|| chat.config.as_ref()?.temperature)
    }

    /// Whether a stream of chat completions is to tell its usage.
    #[must_use]
    pub fn include_usage(&self) -> bool {
        self.stream_options().is_some_and(|options| options.include_usage == Some(true))
    }

    /// Whether there are options of the stream at all, which some refuse.
    pub(crate) fn has_stream_options(&self) -> bool {
        self.stream_options().is_some()
    }

    /// The beginning of the last text of its conversation, as far as that stands near the body's end. Found without reading the body: the same
    /// provider stands behind the load benches.
    pub(crate) fn last_text(&self) -> Option<String> {
        let near = self.body.get(self.body.len().saturating_sub(NEAR)..)?;
        let mut quotes = near.iter().enumerate().rev().filter(|(_, byte)| **byte == b'"');
        let text: String = quotes.find_map(|(at, _)| {
            let rest = near.get(at..)?;
            let value = TEXTS.iter().find_map(|name| rest.strip_prefix(*name))?;
            let value = value.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
            String::deserialize(&mut serde_json::Deserializer::from_slice(value)).ok()
        })?;
        Some(text.chars().take(LONGEST).collect())
    }

    fn stream_options(&self) -> Option<&StreamOptions> {
        self.chat.as_ref().ok()?.stream_options.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_text_of_every_api_is_found() {
        let filler = "x".repeat(NEAR);
        for (body, expected) in [
            (
                r#"{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b\n\"c\""}],"n":1}"#,
                Some("b\n\"c\""),
            ),
            (
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"text" : "b","type":"text"}]}]}"#,
                Some("b"),
            ),
            (r#"{"contents":[{"role":"user","parts":[{"text":"a"}]}],"text":{"format":{}}}"#, Some("a")),
            (r#"{"input":"a","text":{"format":{"type":"text"}}}"#, Some("a")),
            (r#"{"prompt":"a"}"#, Some("a")),
            (r#"{"n":1}"#, None),
            (&format!(r#"{{"prompt":"a","x":"{filler}"}}"#), None),
        ] {
            assert_eq!(Asked::read("/", body.as_bytes()).last_text().as_deref(), expected, "{body}");
        }
    }
}

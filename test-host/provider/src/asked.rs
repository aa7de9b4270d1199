//! The little that the provider reads of a request. Bodies are read once and nothing of them is copied but the model's
//! name, because the same provider stands behind the load benches.

use serde::Deserialize;

/// A request, as far as the answer depends on it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Without its query.
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    /// Why the body is no chat completion request, if it isn't.
    pub(crate) chat: Result<Chat, String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Chat {
    pub(crate) model: String,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

impl<'a> Asked<'a> {
    #[must_use]
    pub fn read(path: &'a str, body: &'a [u8]) -> Self {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let chat = serde_json::from_slice(body).map_err(|error| error.to_string());
        Self { path, body, chat }
    }

    /// The model asked for.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.chat.as_ref().ok().map(|chat| chat.model.as_str())
    }

    /// Whether the answer is to be an event stream.
    #[must_use]
    pub fn stream(&self) -> bool {
        self.chat.as_ref().is_ok_and(Chat::stream)
    }

    pub(crate) fn is_chat(&self) -> bool {
        self.path.ends_with("/chat/completions")
    }
}

impl Chat {
    pub(crate) fn stream(&self) -> bool {
        self.stream == Some(true)
    }

    pub(crate) fn include_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage == Some(true))
    }
}

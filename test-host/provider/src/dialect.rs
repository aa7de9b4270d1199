//! Whose words a provider uses, and which of its APIs a request asks for.

use serde::{Deserialize, Serialize};

/// Whose errors, rate-limit headers and peculiarities an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    OpenAi,
    Azure,
    Anthropic,
    Gemini,
    Bedrock,
    Mistral,
    Vllm,
}

impl Dialect {
    pub const ALL: [Self; 7] =
        [Self::OpenAi, Self::Azure, Self::Anthropic, Self::Gemini, Self::Bedrock, Self::Mistral, Self::Vllm];
}

/// The form of requests and sound answers, which their path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// OpenAI's chat completions, which Azure, Mistral and vLLM serve too.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
    /// Gemini's generateContent and streamGenerateContent.
    Generate,
    /// Bedrock's Converse and ConverseStream.
    Converse,
}

/// What a path says: the API, whose it is, and for some the model and whether a stream is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) api: Api,
    pub(crate) dialect: Dialect,
    pub(crate) model: Option<&'a str>,
    pub(crate) stream: bool,
}

impl<'a> Place<'a> {
    /// Reads a path without its query; `None` when it belongs to no API.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let of = |api, dialect| Some(Self { api, dialect, model: None, stream: false });
        let (parent, last) = path.rsplit_once('/')?;
        match last {
            "completions" if parent.ends_with("/chat") && path.contains("/openai/deployments/") => {
                of(Api::Chat, Dialect::Azure)
            }
            "completions" if parent.ends_with("/chat") => of(Api::Chat, Dialect::OpenAi),
            "responses" => of(Api::Responses, Dialect::OpenAi),
            "messages" => of(Api::Messages, Dialect::Anthropic),
            "converse" | "converse-stream" => {
                let model = parent.rsplit_once('/')?.1;
                let stream = last == "converse-stream";
                Some(Self { api: Api::Converse, dialect: Dialect::Bedrock, model: Some(model), stream })
            }
            _ => {
                let (model, method) = last.split_once(':')?;
                let stream = method == "streamGenerateContent";
                let known = stream || method == "generateContent";
                let place = Self { api: Api::Generate, dialect: Dialect::Gemini, model: Some(model), stream };
                known.then_some(place)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_api_the_dialect_the_model_and_the_stream() {
        let cases = [
            ("/v1/chat/completions", Some((Api::Chat, Dialect::OpenAi, None, false))),
            ("/openai/deployments/gpt/chat/completions", Some((Api::Chat, Dialect::Azure, None, false))),
            ("/v1/responses", Some((Api::Responses, Dialect::OpenAi, None, false))),
            ("/v1/messages", Some((Api::Messages, Dialect::Anthropic, None, false))),
            (
                "/v1beta/models/gemini-2.5-flash:generateContent",
                Some((Api::Generate, Dialect::Gemini, Some("gemini-2.5-flash"), false)),
            ),
            (
                "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
                Some((Api::Generate, Dialect::Gemini, Some("gemini-2.5-flash"), true)),
            ),
            (
                "/model/amazon.nova-lite-v1/converse",
                Some((Api::Converse, Dialect::Bedrock, Some("amazon.nova-lite-v1"), false)),
            ),
            (
                "/model/amazon.nova-lite-v1/converse-stream",
                Some((Api::Converse, Dialect::Bedrock, Some("amazon.nova-lite-v1"), true)),
            ),
            ("/v1/completions", None),
            ("/v1/models", None),
            ("/v1beta/models/gemini-2.5-flash:countTokens", None),
            ("", None),
        ];
        for (path, wanted) in cases {
            let found = Place::of(path).map(|place| (place.api, place.dialect, place.model, place.stream));
            assert_eq!(found, wanted, "{path}");
        }
    }
}

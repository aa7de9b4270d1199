//! What a request asks for, by its path: in any dialect, as their paths don't contradict each other.

use seawall_policy::policy::Provider;

use crate::path::bare;

/// The last part of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Operation {
    /// OpenAI's chat completions, and the older ones.
    Completions,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
    /// Gemini's `generateContent`, Bedrock's `Converse`: not streamed.
    Generate,
    /// Bedrock's `InvokeModel`, whose body is the model's own.
    Invoke,
    /// `streamGenerateContent`, `ConverseStream`, `InvokeModelWithResponseStream`: streams by their path, without a member of the
    /// body.
    Stream,
    InvokeStream,
    Embeddings,
    /// How many tokens a request has: Anthropic's "Count tokens in a message", Gemini's `models.countTokens`, Bedrock's
    /// `CountTokens`, OpenAI's "Get input token counts".
    Count,
    /// Many requests that are worked on later: Anthropic's "Create a Message Batch", Gemini's `models.batchGenerateContent`,
    /// OpenAI's "Create batch", whose requests are in a file.
    Batch,
    /// Jobs, files, lists, and whatever else providers keep, which have states of their own.
    #[default]
    Other,
}

impl Operation {
    pub(crate) fn of(path: &str) -> Self {
        let path = bare(path);
        let last = path.rfind(['/', ':']).and_then(|start| path.get(start..)).unwrap_or_default();
        match last {
            "/completions" => Self::Completions,
            "/responses" => Self::Responses,
            "/messages" => Self::Messages,
            ":generateContent" | "/converse" => Self::Generate,
            "/invoke" => Self::Invoke,
            ":streamGenerateContent" | "/converse-stream" => Self::Stream,
            "/invoke-with-response-stream" => Self::InvokeStream,
            "/embeddings" => Self::Embeddings,
            "/count_tokens" | ":countTokens" | "/count-tokens" | "/input_tokens" => Self::Count,
            "/batches" | ":batchGenerateContent" => Self::Batch,
            _ => Self::Other,
        }
    }

    /// Whether it is an answer of a model, so that it can be judged by what it says.
    pub(crate) fn asks_model(self) -> bool {
        self.generates() || self == Self::Embeddings
    }

    /// Whether a model writes text for it, which may be bounded.
    pub(crate) fn generates(self) -> bool {
        !matches!(self, Self::Embeddings | Self::Count | Self::Batch | Self::Other)
    }

    /// Whether the answer is a stream by the path.
    pub(crate) fn streams(self) -> bool {
        matches!(self, Self::Stream | Self::InvokeStream)
    }

    /// Whether a stream of it tells its usage only if the request wants it: `stream_options` of OpenAI's "Create chat completion" and
    /// "Create completion".
    pub(crate) fn tells_usage_if_asked(self, provider: Provider) -> bool {
        matches!(provider, Provider::OpenAi | Provider::Azure) && self == Self::Completions
    }

    /// Whether Bedrock passes its body on unread.
    pub(crate) fn invokes(self) -> bool {
        matches!(self, Self::Invoke | Self::InvokeStream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_says_what_is_asked_for() {
        for (path, expected) in [
            ("/v1/chat/completions", Operation::Completions),
            ("/v1/chat/completions/?x=/responses", Operation::Completions),
            ("/v1/completion%73", Operation::Completions),
            ("/openai/deployments/gpt-4.1/chat/completions?api-version=1", Operation::Completions),
            ("/v1/responses", Operation::Responses),
            ("/v1/responses/resp_1", Operation::Other),
            ("/v1/messages", Operation::Messages),
            ("/v1/messages/count_tokens", Operation::Count),
            ("/v1/messages/batches", Operation::Batch),
            ("/v1beta/models/gemini-2.5-pro:generateContent", Operation::Generate),
            ("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", Operation::Stream),
            ("/v1beta/models/gemini-2.5-pro%3AstreamGenerateContent", Operation::Stream),
            ("/v1beta/models/gemini-2.5-pro:generateContent?x=:streamGenerateContent", Operation::Generate),
            ("/v1beta/models/gemini-2.5-pro:countTokens", Operation::Count),
            ("/v1beta/models/gemini-2.5-pro:batchGenerateContent", Operation::Batch),
            ("/model/amazon.nova-lite-v1%3A0/converse", Operation::Generate),
            ("/model/amazon.nova-lite-v1%3A0/converse-stream", Operation::Stream),
            ("/model/amazon.nova-lite-v1%3A0/invoke", Operation::Invoke),
            ("/model/amazon.nova-lite-v1%3A0/invoke-with-response-stream", Operation::InvokeStream),
            ("/v1/embeddings", Operation::Embeddings),
            ("/v1/models", Operation::Other),
            ("/completions-of-mine", Operation::Other),
            ("", Operation::Other),
        ] {
            assert_eq!(Operation::of(path), expected, "{path}");
        }
    }

    #[test]
    fn only_streams_of_completions_tell_their_usage_only_if_asked() {
        use Provider::{Anthropic, Azure, Bedrock, Gemini, OpenAi};
        for (provider, path, expected) in [
            (OpenAi, "/v1/chat/completions", true),
            (OpenAi, "/v1/completions?x=1", true),
            (Azure, "/openai/deployments/m/chat/completions?api-version=2024-10-21", true),
            (OpenAi, "/v1/chat/completions/", true),
            (OpenAi, "/v1/chat/completion%73", true),
            (OpenAi, "/v1/responses", false),
            (OpenAi, "/v1/embeddings", false),
            (OpenAi, "/v1/files?of=/completions", false),
            (Anthropic, "/v1/messages", false),
            (Anthropic, "/v1/completions", false),
            (Gemini, "/v1beta/models/m:streamGenerateContent", false),
            (Bedrock, "/model/m/converse-stream", false),
        ] {
            assert_eq!(Operation::of(path).tells_usage_if_asked(provider), expected, "{path}");
        }
    }

    #[test]
    fn only_answers_of_models_are_judged_by_what_they_say() {
        for path in [
            "/v1/chat/completions",
            "/openai/deployments/d/chat/completions?api-version=2024-10-21",
            "/v1/responses",
            "/v1/messages",
            "/v1beta/models/gemini-2.5-pro:generateContent?key=k",
            "/model/anthropic.claude-3/converse",
            "/model/meta.llama3/invoke",
            "/v1/embeddings",
            "/v1/embedding%73/",
            "/v1beta/models/gemini-2.5-pro%3AgenerateContent",
        ] {
            assert!(Operation::of(path).asks_model(), "{path}");
        }
        for path in [
            "/v1/messages/batches",
            "/v1/messages/count_tokens",
            "/v1/fine_tuning/jobs",
            "/v1/vector_stores",
            "/v1/responses/r/cancel",
            "/v1/models?after=/completions",
        ] {
            assert!(!Operation::of(path).asks_model(), "{path}");
        }
    }
}

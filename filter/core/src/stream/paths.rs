//! Where in an answer's JSON the members lie that matter, for all dialects together: the names of one mean nothing to the
//! others, so there is no need to keep them apart.
//!
//! | dialect | events and answers |
//! |---|---|
//! | chat completions | `choices[].{delta,message}.{content,refusal,reasoning_content,tool_calls}`, `choices[].finish_reason`, `usage` |
//! | Responses | `type`, `delta`, `item`, `response.{output,usage,error,status,incomplete_details}` |
//! | Anthropic | `type`, `message.usage`, `content_block`, `delta.{text,thinking,partial_json,stop_reason}`, `usage` |
//! | Gemini | `candidates[].content.parts[]`, `candidates[].finishReason`, `promptFeedback.blockReason`, `usageMetadata` |
//! | Bedrock | `start.toolUse`, `delta.{text,toolUse,reasoningContent}`, `stopReason`, `usage` |

/// What a value is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Nothing, and neither is anything in it.
    Skip,
    /// An event, a whole answer, or one in the other.
    Root,
    Choices,
    Choice,
    Index,
    Finish,
    /// Where text and calls lie: a message, a delta, a block, a part.
    Part,
    /// A list of parts, or the text itself.
    Parts,
    Text,
    Reasoning,
    Refusal,
    /// A call: anything that isn't `null` or empty.
    Call,
    /// What a call is called with, all of it: tokens of the answer like its text. Not the data of pictures and sounds.
    Arguments,
    /// What kind of part this is.
    PartType,
    /// Whether this part is a thought.
    Thought,
    /// What kind of event or object this is.
    Type,
    Object,
    Error,
    /// Gemini's and Responses' reason for an answer that isn't there.
    Blocked,
    BlockReason,
    Usage,
    UsageDetails,
    /// Where Amazon's models put their usage. In other answers it is what the caller has sent along: nothing else of it counts.
    Metadata,
    Count(Count),
}

/// A count of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Input,
    /// Part of the input.
    Cached,
    /// Beside the input.
    CacheRead,
    CacheWrite,
    /// Gemini's, beside the input.
    ToolInput,
    Output,
    /// Part of the output.
    Reasoning,
    /// Gemini's, beside the output.
    Thoughts,
    /// Of prompt and answer.
    Total,
}

impl Node {
    /// Whether a text here is one of the answer's own.
    pub(super) fn is_content(self) -> bool {
        matches!(
            self,
            Self::Text | Self::Parts | Self::Part | Self::Reasoning | Self::Refusal | Self::Arguments
        )
    }

    /// What a member of this object is.
    pub(super) fn member(self, key: &[u8]) -> Self {
        match self {
            Self::Root => root(key),
            Self::Choice => match key {
                b"delta" | b"message" => Self::Part,
                b"content" => Self::Parts,
                b"text" => Self::Text,
                b"index" => Self::Index,
                b"finish_reason" | b"finishReason" | b"stop_reason" => Self::Finish,
                _ => Self::Skip,
            },
            Self::Part | Self::Parts => part(key),
            Self::Call => match key {
                b"function" => Self::Call,
                b"name" | b"arguments" | b"args" | b"input" | b"code" => Self::Arguments,
                _ => Self::Skip,
            },
            Self::Arguments => Self::Arguments,
            Self::Usage | Self::UsageDetails => count(key),
            Self::Metadata if key == b"usage" => Self::Usage,
            Self::Blocked if matches!(key, b"blockReason" | b"reason") => Self::BlockReason,
            _ => Self::Skip,
        }
    }

    /// What an element of this array is.
    pub(super) fn element(self) -> Self {
        match self {
            Self::Root => Self::Root,
            Self::Choices => Self::Choice,
            Self::Parts => Self::Part,
            Self::Call => Self::Call,
            Self::Arguments => Self::Arguments,
            Self::Reasoning => Self::Reasoning,
            _ => Self::Skip,
        }
    }
}

fn root(key: &[u8]) -> Node {
    match key {
        // The last is that of Bedrock's InvokeModel with Mistral.
        b"choices" | b"candidates" | b"outputs" => Node::Choices,
        b"delta" | b"content_block" | b"item" | b"start" => Node::Part,
        b"content" | b"output" => Node::Parts,
        b"usage" | b"usageMetadata" | b"amazon-bedrock-invocationMetrics" => Node::Usage,
        b"metadata" => Node::Metadata,
        b"type" => Node::Type,
        b"object" => Node::Object,
        b"error" => Node::Error,
        // Bedrock's InvokeModel with Amazon's models puts each event into a member named after it.
        b"message" | b"response" | b"contentBlockStart" | b"contentBlockDelta" | b"messageStop" => Node::Root,
        b"stop_reason" | b"stopReason" | b"completionReason" | b"status" => Node::Finish,
        b"promptFeedback" | b"incomplete_details" => Node::Blocked,
        // The others are those of Bedrock's InvokeModel with Llama and Titan.
        b"partial_image_b64" | b"generation" | b"outputText" => Node::Text,
        b"prompt_token_count" => Node::Count(Count::Input),
        b"generation_token_count" => Node::Count(Count::Output),
        _ => Node::Skip,
    }
}

fn part(key: &[u8]) -> Node {
    match key {
        b"content" | b"parts" => Node::Parts,
        b"message" => Node::Part,
        b"text" | b"partial_json" => Node::Text,
        b"refusal" => Node::Refusal,
        b"reasoning_content" | b"reasoning" | b"thinking" | b"redactedContent" => Node::Reasoning,
        b"reasoningContent" | b"reasoningText" => Node::Part,
        b"tool_calls"
        | b"function_call"
        | b"functionCall"
        | b"toolUse"
        | b"audio"
        | b"images"
        | b"inlineData"
        | b"executableCode"
        | b"codeExecutionResult" => Node::Call,
        b"type" => Node::PartType,
        b"thought" => Node::Thought,
        b"stop_reason" => Node::Finish,
        _ => Node::Skip,
    }
}

fn count(key: &[u8]) -> Node {
    let count = match key {
        b"prompt_tokens" | b"input_tokens" | b"promptTokenCount" | b"inputTokens" | b"inputTokenCount" => {
            Count::Input
        }
        b"completion_tokens"
        | b"output_tokens"
        | b"candidatesTokenCount"
        | b"outputTokens"
        | b"outputTokenCount" => Count::Output,
        b"cached_tokens" | b"cachedContentTokenCount" => Count::Cached,
        b"cache_read_input_tokens" | b"cacheReadInputTokens" => Count::CacheRead,
        b"cache_creation_input_tokens" | b"cacheWriteInputTokens" => Count::CacheWrite,
        b"toolUsePromptTokenCount" => Count::ToolInput,
        b"reasoning_tokens" => Count::Reasoning,
        b"thoughtsTokenCount" => Count::Thoughts,
        b"total_tokens" => Count::Total,
        b"prompt_tokens_details"
        | b"input_tokens_details"
        | b"completion_tokens_details"
        | b"output_tokens_details" => return Node::UsageDetails,
        _ => return Node::Skip,
    };
    Node::Count(count)
}

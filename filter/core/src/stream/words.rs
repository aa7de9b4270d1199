//! What can be said about an answer.

use seawall_policy::policy::Provider;

use crate::operation::Operation;

/// Whose words an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Chat completions and what is made like them: OpenAI, Azure OpenAI, Mistral, vLLM.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Anthropic,
    Gemini,
    /// Bedrock's Converse, and InvokeModel with Anthropic's models.
    Bedrock,
}

impl Dialect {
    /// The dialect of this provider's answers to requests at this path.
    pub fn of(provider: Provider, path: &str) -> Self {
        Self::to(provider, Operation::of(path))
    }

    /// The dialect of this provider's answers to such a request.
    pub(crate) fn to(provider: Provider, operation: Operation) -> Self {
        match provider {
            Provider::OpenAi | Provider::Azure if operation == Operation::Responses => Self::Responses,
            Provider::OpenAi | Provider::Azure => Self::Chat,
            Provider::Anthropic => Self::Anthropic,
            Provider::Gemini => Self::Gemini,
            Provider::Bedrock => Self::Bedrock,
        }
    }
}

/// How an answer's bytes are cut into events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events (WHATWG HTML, 9.2).
    Sse,
    /// `application/vnd.amazon.eventstream`.
    EventStream,
    /// A JSON array of which each element is an event: Gemini's streams without `alt=sse`.
    Array,
    /// One JSON document: an answer that isn't streamed.
    Document,
}

impl Framing {
    /// By the answer's `content-type`; `None` for what can't be read here. `streams` says that the request asked for a
    /// stream.
    pub fn of(dialect: Dialect, content_type: &str, streams: bool) -> Option<Self> {
        let is = |name: &str| bare(content_type).eq_ignore_ascii_case(name);
        if is("text/event-stream") {
            Some(Self::Sse)
        } else if is("application/vnd.amazon.eventstream") {
            Some(Self::EventStream)
        } else if is_json(content_type) {
            Some(Self::of_json(dialect, streams))
        } else {
            None
        }
    }

    fn of_json(dialect: Dialect, streams: bool) -> Self {
        if dialect == Dialect::Gemini && streams { Self::Array } else { Self::Document }
    }

    /// The same by how the body begins, where its type doesn't say: a page in place of an answer, an error as plain text, or an answer
    /// of something small that leaves the type out. What is no event is to be a document. `None` for bytes of something
    /// else.
    pub(crate) fn shown(dialect: Dialect, start: &[u8], streams: bool) -> Option<Self> {
        let start = start.trim_ascii_start();
        let is_event =
            ["data:", "event:", "id:", "retry:", ":"].iter().any(|name| start.starts_with(name.as_bytes()));
        match start.first() {
            _ if is_event => Some(Self::Sse),
            Some(b'!'..=b'~') => Some(Self::of_json(dialect, streams)),
            Some(_) => None,
            None => Some(Self::Document),
        }
    }
}

/// Whether a body of this type may be read by how it begins: one of no type, or text of any kind.
pub(crate) fn is_unsaid(content_type: Option<&str>) -> bool {
    let kind = bare(content_type.unwrap_or_default());
    kind.is_empty() || kind.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"))
}

/// Bytes that a body must have for [`Framing::shown`].
pub(crate) const SHOWN: usize = "event:".len();

/// Whether a body is JSON by its type.
pub(crate) fn is_json(content_type: &str) -> bool {
    let kind = bare(content_type);
    let end = kind.get(kind.len().saturating_sub(5)..).unwrap_or_default();
    kind.eq_ignore_ascii_case("application/json") || end.eq_ignore_ascii_case("+json")
}

/// A type without its parameters.
fn bare(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// What the provider counted, in tokens and as it is billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All of the prompt, whatever was in a cache.
    pub input: u64,
    /// What of the prompt came from the provider's cache.
    pub cached: u64,
    /// All that was generated, reasoning included.
    pub output: u64,
    pub reasoning: u64,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    /// At the limit of tokens, or of the model's context.
    Length,
    ToolCalls,
    /// The model declined, or a content filter stopped it.
    Refused,
    Other,
}

impl Finish {
    /// By the provider's word for it. `None` for errors, and for states of Responses that say nothing about the end, or leave it
    /// to the event or to `incomplete_details`.
    pub(crate) fn of(reason: &[u8]) -> Option<Self> {
        Some(match reason {
            b"stop" | b"end_turn" | b"stop_sequence" | b"STOP" | b"completed" | b"eos" | b"FINISH" => {
                Self::Stop
            }
            b"length"
            | b"LENGTH"
            | b"max_tokens"
            | b"MAX_TOKENS"
            | b"max_output_tokens"
            | b"model_length"
            | b"model_context_window_exceeded" => Self::Length,
            b"tool_calls" | b"function_call" | b"tool_use" => Self::ToolCalls,
            b"content_filter"
            | b"refusal"
            | b"SAFETY"
            | b"RECITATION"
            | b"BLOCKLIST"
            | b"PROHIBITED_CONTENT"
            | b"SPII"
            | b"IMAGE_SAFETY"
            | b"IMAGE_PROHIBITED_CONTENT"
            | b"IMAGE_RECITATION"
            | b"MODEL_ARMOR"
            | b"CONTENT_FILTERED"
            | b"guardrail_intervened"
            | b"content_filtered" => Self::Refused,
            b"error"
            | b""
            | b"FINISH_REASON_UNSPECIFIED"
            | b"in_progress"
            | b"queued"
            | b"incomplete"
            | b"failed"
            | b"cancelled" => return None,
            _ => Self::Other,
        })
    }
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whole, by its dialect; also when only its end marker was missing.
    Complete,
    /// Whole, and the model declined or a content filter stopped it.
    Refused,
    /// Whole, and nothing in it.
    Empty,
    /// An error frame, or an error object in an answer that claimed success. [`Report::error`] has its bytes.
    Error,
    /// Something that isn't an event of the dialect.
    Malformed,
    /// It ended in good order, before it was complete.
    Truncated,
    /// The connection broke before it was complete.
    Cut,
    /// No first token, no further event, or no end came in time.
    TimedOut,
    /// What it says breaks the rules of its route, whatever else would come.
    Invalid,
}

impl Verdict {
    /// Whether the target is to blame and another attempt may do better.
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Complete | Self::Refused)
    }
}

/// What an answer has said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether anything of the answer itself was seen: text, reasoning, a tool call or a refusal; not roles, pings,
    /// comments or annotations.
    pub has_content: bool,
    /// Events with such content.
    pub content_events: u32,
    /// About how many tokens that is: as a vocabulary has them where one counts; otherwise one for each event, or as many as
    /// its length says, if that is more. Calls count one for each event.
    pub content_tokens: u64,
    pub finish: Option<Finish>,
    /// As reported; later reports replace earlier ones.
    pub usage: Option<Usage>,
    /// Events that aren't of the dialect.
    pub malformed: u32,
    /// The first error frame.
    pub error: Option<ErrorEvent>,
}

/// An error frame, or a document that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorEvent {
    /// The event's name, or the exception's type; empty if it has none.
    pub name: Vec<u8>,
    /// The start of its data, as much as is ever read of an error.
    pub data: Vec<u8>,
}

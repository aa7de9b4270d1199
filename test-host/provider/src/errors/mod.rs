//! Errors as each provider words them, with the status and the headers it sends then. The words are those of recorded
//! answers and of the providers' own pages; numbers and names in them are made up.

mod anthropic;
mod azure;
mod bedrock;
mod frame;
mod gemini;
mod mistral;
mod openai;
mod status;
mod vllm;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::template::{Value, fill};
use crate::times;

pub(crate) use frame::frame;
pub(crate) use status::{invalid, of_status};

/// What is wrong, whoever says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Too many requests for now.
    RateLimit,
    /// Too many tokens for now.
    TokenRateLimit,
    /// The day's requests are used up.
    DailyLimit,
    /// Paid or granted usage is used up: waiting does not help.
    InsufficientQuota,
    /// The account can't be billed.
    Billing,
    /// This one request is larger than what is granted in a minute, or than the provider takes at all.
    RequestTooLarge,
    Overloaded,
    ServerError,
    /// The provider itself gave up waiting.
    Timeout,
    ContextLength,
    ContentPolicy,
    ModelNotFound,
    Auth,
    Permission,
    /// The request can't be right; its words are quoted, and they speak of rate limits.
    InvalidRequest,
}

impl ErrorKind {
    pub const ALL: [Self; 15] = [
        Self::RateLimit,
        Self::TokenRateLimit,
        Self::DailyLimit,
        Self::InsufficientQuota,
        Self::Billing,
        Self::RequestTooLarge,
        Self::Overloaded,
        Self::ServerError,
        Self::Timeout,
        Self::ContextLength,
        Self::ContentPolicy,
        Self::ModelNotFound,
        Self::Auth,
        Self::Permission,
        Self::InvalidRequest,
    ];

    /// What a bare status most likely means.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Auth,
            402 => Self::Billing,
            403 => Self::Permission,
            404 => Self::ModelNotFound,
            408 | 504 => Self::Timeout,
            413 => Self::RequestTooLarge,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            500.. => Self::ServerError,
            _ => Self::InvalidRequest,
        }
    }

    /// Time until another try may succeed, where the answer tells one.
    pub(crate) fn usual_reset(self) -> Option<Duration> {
        match self {
            Self::RateLimit | Self::TokenRateLimit => Some(Duration::from_secs(1)),
            Self::DailyLimit => Some(Duration::from_secs(6 * 3_600)),
            _ => None,
        }
    }
}

/// One provider's words for one kind of error.
#[derive(Clone, Copy, Debug)]
struct Shape {
    status: u16,
    /// A [template](crate::template) of the body.
    body: &'static str,
    /// The name that Bedrock gives it.
    name: &'static str,
}

const fn shape(status: u16, body: &'static str) -> Shape {
    Shape { status, body, name: "" }
}

/// An error, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) name: &'static str,
}

/// What the words of an error need to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) reset: Duration,
}

pub(crate) fn of_kind(dialect: Dialect, kind: ErrorKind, facts: Facts<'_>) -> Wrong {
    let Shape { status, body, name } = match dialect {
        Dialect::OpenAi => openai::shape(kind),
        Dialect::Azure => azure::shape(kind),
        Dialect::Anthropic => anthropic::shape(kind),
        Dialect::Gemini => gemini::shape(kind),
        Dialect::Bedrock => bedrock::shape(kind),
        Dialect::Mistral => mistral::shape(kind),
        Dialect::Vllm => vllm::shape(kind),
    };
    let (go, protobuf) = (times::go(facts.reset), times::protobuf(facts.reset));
    let values = [
        ("model", Value::Text(facts.model)),
        ("provider", Value::Text(facts.provider)),
        ("go_wait", Value::Text(&go)),
        ("wait", Value::Text(&protobuf)),
        ("seconds", Value::Number(times::seconds(facts.reset))),
    ];
    Wrong { status, body: fill(body, &values), name }
}

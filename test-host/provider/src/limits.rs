//! Rate-limit headers, as each provider sends them. Gemini, Bedrock and vLLM send none.

use std::time::Duration;

use crate::dialect::Dialect;
use crate::times;

const REQUESTS: u64 = 500;
const TOKENS: u64 = 30_000;
/// Until what is not used up is full again.
const SHORT: Duration = Duration::from_millis(120);

/// What is left, and when what is used up is there again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub(crate) requests: Option<u64>,
    pub(crate) tokens: Option<u64>,
    pub(crate) reset: Duration,
    /// Since 1970.
    pub(crate) now: Duration,
}

pub(crate) type Headers = Vec<(String, String)>;

/// The headers that any answer may have.
pub(crate) fn headers(dialect: Dialect, left: Left) -> Headers {
    let requests = (left.requests.unwrap_or(REQUESTS - 1), left.until(left.requests));
    let tokens = (left.tokens.unwrap_or(TOKENS - 100), left.until(left.tokens));
    let pairs = match dialect {
        Dialect::OpenAi => vec![
            ("x-ratelimit-limit-requests", REQUESTS.to_string()),
            ("x-ratelimit-limit-tokens", TOKENS.to_string()),
            ("x-ratelimit-remaining-requests", requests.0.to_string()),
            ("x-ratelimit-remaining-tokens", tokens.0.to_string()),
            ("x-ratelimit-reset-requests", times::go(requests.1)),
            ("x-ratelimit-reset-tokens", times::go(tokens.1)),
        ],
        Dialect::Azure => vec![
            ("x-ratelimit-remaining-requests", requests.0.to_string()),
            ("x-ratelimit-remaining-tokens", tokens.0.to_string()),
        ],
        Dialect::Anthropic => vec![
            ("anthropic-ratelimit-requests-limit", REQUESTS.to_string()),
            ("anthropic-ratelimit-requests-remaining", requests.0.to_string()),
            ("anthropic-ratelimit-requests-reset", left.time(requests.1)),
            ("anthropic-ratelimit-tokens-limit", TOKENS.to_string()),
            ("anthropic-ratelimit-tokens-remaining", tokens.0.to_string()),
            ("anthropic-ratelimit-tokens-reset", left.time(tokens.1)),
        ],
        Dialect::Mistral => vec![
            ("x-ratelimit-limit-req-minute", REQUESTS.to_string()),
            ("x-ratelimit-remaining-req-minute", requests.0.to_string()),
            ("x-ratelimit-limit-tokens-minute", TOKENS.to_string()),
            ("x-ratelimit-remaining-tokens-minute", tokens.0.to_string()),
        ],
        Dialect::Gemini | Dialect::Bedrock | Dialect::Vllm => Vec::new(),
    };
    owned(pairs)
}

/// What a 429 says besides.
pub(crate) fn retry_after(dialect: Dialect, wait: Duration) -> Headers {
    let seconds = times::seconds(wait).to_string();
    let pairs = match dialect {
        Dialect::Azure => vec![("retry-after", seconds), ("retry-after-ms", times::millis(wait).to_string())],
        Dialect::Anthropic | Dialect::Mistral => vec![("retry-after", seconds)],
        Dialect::OpenAi | Dialect::Gemini | Dialect::Bedrock | Dialect::Vllm => Vec::new(),
    };
    owned(pairs)
}

fn owned(pairs: Vec<(&str, String)>) -> Headers {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Left {
    /// Until a dimension is whole again. The wait that was asked for is that of what is used up.
    fn until(self, remaining: Option<u64>) -> Duration {
        if remaining == Some(0) { self.reset } else { SHORT }
    }

    fn time(self, wait: Duration) -> String {
        times::rfc3339(self.now.saturating_add(wait))
    }
}

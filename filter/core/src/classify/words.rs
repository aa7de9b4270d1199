//! What the words mean by which providers name their errors.

use crate::telemetry::Outcome;

/// How much a word says. Of several, the one that says most counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// No more than a status: `invalid_request_error`. It stands back behind one.
    Vague,
    /// Which kind of failure, but messages can be more exact: `rate_limit_exceeded`.
    Kind,
    /// Exactly what is wrong: `insufficient_quota`.
    Exact,
}

/// What a word of an error means; `None` if it isn't known. Case doesn't matter: Bedrock's exceptions begin with a capital letter
/// unless they come in a stream.
pub(super) fn meaning(word: &[u8]) -> Option<(Weight, Outcome)> {
    WORDS.iter().find_map(|(weight, outcome, words)| {
        words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word)).then_some((*weight, *outcome))
    })
}

const WORDS: [(Weight, Outcome, &[&str]); 15] = [
    (
        Weight::Exact,
        Outcome::QuotaExhausted,
        &[
            // OpenAI
            "insufficient_quota",
            "billing_not_active",
            "billing_hard_limit_reached",
            // Anthropic
            "billing_error",
            // Gemini
            "QUOTA_EXHAUSTED",
            "BILLING_DISABLED",
            // Bedrock
            "ServiceQuotaExceededException",
        ],
    ),
    (
        Weight::Exact,
        Outcome::ContextLength,
        &[
            "context_length_exceeded",
            "model_context_window_exceeded",
            // vLLM's `param`
            "input_tokens",
        ],
    ),
    (
        Weight::Exact,
        Outcome::ContentPolicy,
        &[
            // OpenAI
            "content_policy_violation",
            "invalid_prompt",
            "moderation_blocked",
            // Azure OpenAI
            "content_filter",
            "ResponsibleAIPolicyViolation",
            // Gemini
            "SAFETY",
            "PROHIBITED_CONTENT",
        ],
    ),
    (
        Weight::Exact,
        Outcome::ModelNotFound,
        &[
            "model_not_found",
            // Azure OpenAI
            "DeploymentNotFound",
            // Mistral
            "invalid_model",
            // Bedrock
            "ResourceNotFoundException",
        ],
    ),
    (Weight::Exact, Outcome::TooLarge, &["request_too_large"]),
    (
        Weight::Exact,
        Outcome::Overloaded,
        &[
            // Anthropic
            "overloaded_error",
            // OpenAI
            "server_is_overloaded",
            "slow_down",
            // Gemini
            "MODEL_CAPACITY_EXHAUSTED",
            // Bedrock
            "ModelNotReadyException",
            // Mistral
            "service_tier_capacity_exceeded",
        ],
    ),
    (
        Weight::Kind,
        Outcome::Throttled,
        &[
            // OpenAI, and Gemini in capital letters
            "rate_limit_exceeded",
            // Anthropic
            "rate_limit_error",
            // Gemini
            "RESOURCE_EXHAUSTED",
            "rateLimitExceeded",
            // Bedrock
            "ThrottlingException",
            "TooManyRequestsException",
            // Mistral
            "rate_limited",
            // Azure OpenAI
            "too_many_requests",
        ],
    ),
    (
        Weight::Kind,
        Outcome::Overloaded,
        &["UNAVAILABLE", "ServiceUnavailableException", "service_unavailable"],
    ),
    (
        Weight::Kind,
        Outcome::Timeout,
        &[
            // Anthropic
            "timeout_error",
            // Gemini
            "DEADLINE_EXCEEDED",
            // Bedrock
            "ModelTimeoutException",
            // OpenAI, Azure OpenAI
            "timeout",
            "request_timeout",
        ],
    ),
    (
        Weight::Kind,
        Outcome::ServerError,
        &[
            // Bedrock, where they have a status of 4xx
            "ModelErrorException",
            "ModelStreamErrorException",
        ],
    ),
    (
        Weight::Vague,
        Outcome::ServerError,
        &[
            // OpenAI, Azure OpenAI
            "server_error",
            "internal_server_error",
            // Anthropic
            "api_error",
            // Gemini
            "INTERNAL",
            // Bedrock
            "InternalServerException",
            // vLLM
            "InternalServerError",
        ],
    ),
    // OpenAI's type says which limit it is.
    (Weight::Vague, Outcome::Throttled, &["tokens", "requests"]),
    // Which of the two kinds of 404 it is, only the message says.
    (Weight::Vague, Outcome::ClientError, &["not_found_error", "NOT_FOUND", "NotFoundError"]),
    (
        Weight::Vague,
        Outcome::ClientError,
        &[
            // OpenAI, Azure OpenAI, Anthropic, Mistral
            "invalid_request_error",
            "authentication_error",
            "permission_error",
            "invalid_api_key",
            // Gemini
            "INVALID_ARGUMENT",
            "FAILED_PRECONDITION",
            "PERMISSION_DENIED",
            "UNAUTHENTICATED",
            "OUT_OF_RANGE",
            // Bedrock
            "ValidationException",
            "AccessDeniedException",
            // vLLM
            "BadRequestError",
        ],
    ),
    // They are about one member, not about the whole: no larger context helps, and what their messages quote means nothing.
    (
        Weight::Exact,
        Outcome::ClientError,
        &[
            "string_above_max_length",
            "invalid_value",
            "invalid_type",
            "unsupported_value",
            "unsupported_parameter",
            "unknown_parameter",
            "missing_required_parameter",
        ],
    ),
];

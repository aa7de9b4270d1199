//! What attempts come to.

/// What one attempt came to. One word for each, in logs, metrics, breakers and retries.
///
/// | outcome | another attempt may follow |
/// |---|---|
/// | throttled, overloaded, server error, refused, reset, truncated, invalid output | here or elsewhere |
/// | timeout | elsewhere; here only if the provider itself says so, and nothing else is left |
/// | quota exhausted | elsewhere, at once |
/// | too large | elsewhere, where it isn't for its bytes |
/// | context length | at a target with a larger context, once |
/// | content policy, model not found | elsewhere, where the policy says so |
/// | client error | none |
///
/// That is what makes sense; what is done is the policy's to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Success,
    /// The provider limits our rate, and says or implies that waiting helps.
    Throttled,
    /// The provider has no capacity.
    Overloaded,
    /// Quota, credit or billing is used up: waiting as long as a request can wait doesn't help.
    QuotaExhausted,
    /// The provider failed in any other way.
    ServerError,
    /// No answer, no first token, or no further event of a stream came in time; or the provider says that its own time
    /// ran out.
    Timeout,
    /// No connection could be made.
    Refused,
    /// The connection broke before the answer was complete.
    Reset,
    /// The answer ended in good order, but before it was complete: half of its JSON, a stream without its terminal event, or
    /// nothing in it.
    Truncated,
    /// The answer isn't what was asked for: not readable in its dialect, or not what the policy's `output` admits.
    InvalidOutput,
    /// The prompt is longer than this model takes.
    ContextLength,
    /// The request is more than this target takes at once, whatever the model's context: in bytes, or in tokens where its quota
    /// for a minute is smaller. It never succeeds here.
    TooLarge,
    /// The provider's content filter refuses the prompt or the answer.
    ContentPolicy,
    /// The target doesn't have this model.
    ModelNotFound,
    /// The request is at fault in any other way: the same again would fail the same.
    ClientError,
}

impl Outcome {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Throttled => "throttled",
            Self::Overloaded => "overloaded",
            Self::QuotaExhausted => "quota_exhausted",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
            Self::InvalidOutput => "invalid_output",
            Self::ContextLength => "context_length",
            Self::TooLarge => "too_large",
            Self::ContentPolicy => "content_policy",
            Self::ModelNotFound => "model_not_found",
            Self::ClientError => "client_error",
        }
    }

    /// Whether the target is to blame, so that the same request might succeed at another time or place. Breakers count these.
    /// Of the others, context length, too large and model not found may still succeed at another target.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(
            self,
            Self::Success
                | Self::ContextLength
                | Self::TooLarge
                | Self::ContentPolicy
                | Self::ModelNotFound
                | Self::ClientError
        )
    }
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Its answer goes to the client, as it is or with the filter's headers.
    Deliver,
    /// The same target again.
    Retry,
    /// The next target of the plan.
    Failover,
    /// No attempt is left to make: the failure goes to the client.
    Stop,
    /// Nothing yet: another attempt is under way.
    Wait,
    /// Nothing: the client has another answer, or is gone.
    Drop,
}

impl Next {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Retry => "retry",
            Self::Failover => "failover",
            Self::Stop => "stop",
            Self::Wait => "wait",
            Self::Drop => "drop",
        }
    }
}

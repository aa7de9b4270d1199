//! Why a client got its answer.

/// Why the client got this answer; the value of `x-seawall-reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The first attempt succeeded.
    Ok,
    /// A later attempt at the same target succeeded.
    Retried,
    /// Another target than the first succeeded.
    FailedOver,
    /// The request is at fault: the provider's answer, unchanged.
    ClientError,
    /// The policy's retry block does not list this failure; or no other target is left, and the same one isn't asked again
    /// after such a failure.
    NotRetried,
    /// Every attempt the policy allows was made.
    AttemptsSpent,
    /// The retry budget that all requests share is used up.
    BudgetSpent,
    /// The time in which the request must be answered has passed, or would have before another attempt could begin.
    DeadlineExceeded,
    /// The provider asks for a longer wait than the policy honours.
    RetryAfterTooLong,
    /// No target was left to try: the breakers of those that remained are open.
    BreakerOpen,
    /// The request's body is larger than the filter holds.
    BodyTooLarge,
    /// The request's body is not a JSON object that can be read.
    BodyInvalid,
    /// The host never delivered the request's body.
    BodyMissing,
    /// No target of the route can do what the request needs.
    NoCapableTarget,
    /// Too many bytes of request bodies are held already.
    Overloaded,
    /// A limit of the policy leaves no room for it.
    LimitReached,
    /// Its conversation has used what the contract admits, or would with this request.
    ConversationSpent,
    /// It brings a conversation in which tool calls repeat more often than the contract admits.
    LoopDetected,
    /// It asks for more than the contract of its route lets one request use.
    ContractExceeded,
    /// No answer came that fits the `output` of its route.
    InvalidOutput,
    /// It asked for the health page and may read it.
    Health,
    /// The answer turned out to be broken, or broke off, after its beginning had gone to the client; or while it was held where
    /// only the host can say so.
    BrokenOff,
    /// The provider has redirected the request where no upstream half stands between it and the host, which follows: the filter
    /// sees only that it is on its way again.
    Redirected,
    /// The client, or the host on its own, ended the exchange before there was an answer.
    Gone,
}

impl Reason {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Retried => "retried",
            Self::FailedOver => "failed_over",
            Self::ClientError => "client_error",
            Self::NotRetried => "not_retried",
            Self::AttemptsSpent => "attempts_spent",
            Self::BudgetSpent => "budget_spent",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::RetryAfterTooLong => "retry_after_too_long",
            Self::BreakerOpen => "breaker_open",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyInvalid => "body_invalid",
            Self::BodyMissing => "body_missing",
            Self::NoCapableTarget => "no_capable_target",
            Self::Overloaded => "overloaded",
            Self::LimitReached => "limit_reached",
            Self::ConversationSpent => "conversation_spent",
            Self::LoopDetected => "loop_detected",
            Self::ContractExceeded => "contract_exceeded",
            Self::InvalidOutput => "invalid_output",
            Self::Health => "health",
            Self::BrokenOff => "broken_off",
            Self::Redirected => "redirected",
            Self::Gone => "gone",
        }
    }
}

#[cfg(test)]
mod tests {
    use seawall_policy::vocabulary::{Shape, blocks};

    use super::*;

    /// The one after this. A new reason doesn't compile until it has its place here.
    fn next(reason: Reason) -> Option<Reason> {
        Some(match reason {
            Reason::Ok => Reason::Retried,
            Reason::Retried => Reason::FailedOver,
            Reason::FailedOver => Reason::ClientError,
            Reason::ClientError => Reason::NotRetried,
            Reason::NotRetried => Reason::AttemptsSpent,
            Reason::AttemptsSpent => Reason::BudgetSpent,
            Reason::BudgetSpent => Reason::DeadlineExceeded,
            Reason::DeadlineExceeded => Reason::RetryAfterTooLong,
            Reason::RetryAfterTooLong => Reason::BreakerOpen,
            Reason::BreakerOpen => Reason::BodyTooLarge,
            Reason::BodyTooLarge => Reason::BodyInvalid,
            Reason::BodyInvalid => Reason::BodyMissing,
            Reason::BodyMissing => Reason::NoCapableTarget,
            Reason::NoCapableTarget => Reason::Overloaded,
            Reason::Overloaded => Reason::LimitReached,
            Reason::LimitReached => Reason::ConversationSpent,
            Reason::ConversationSpent => Reason::LoopDetected,
            Reason::LoopDetected => Reason::ContractExceeded,
            Reason::ContractExceeded => Reason::InvalidOutput,
            Reason::InvalidOutput => Reason::Health,
            Reason::Health => Reason::BrokenOff,
            Reason::BrokenOff => Reason::Redirected,
            Reason::Redirected => Reason::Gone,
            Reason::Gone => return None,
        })
    }

    #[test]
    fn a_test_in_a_policy_can_expect_every_reason_that_a_caller_is_given() {
        let expect = blocks().into_iter().find(|block| block.word == "expect").unwrap();
        let Shape::OneOf(_, words) = expect.statement("reason").unwrap().shape else { panic!("a choice") };
        let known =
            words.iter().filter_map(|word| if let Shape::Word(word) = word { Some(*word) } else { None });
        let reasons = std::iter::successors(Some(Reason::Ok), |reason| next(*reason));
        // Who has gone is given none. Who has got the beginning of an answer was given another; and what the host answers
        // with alone, or follows, no test of a policy sees, as these have the upstream half.
        let is_said =
            |reason: &Reason| !matches!(reason, Reason::Gone | Reason::BrokenOff | Reason::Redirected);
        let said = reasons.filter(is_said).map(Reason::word);
        assert_eq!(known.collect::<Vec<_>>(), said.collect::<Vec<_>>());
    }
}

//! The only spelling of every word that logs, metrics and answer headers use.

use std::fmt;
use std::time::Duration;

use seawall_policy::policy::{LimitId, TargetId};

use crate::breaker::Cause;
use crate::effect::Text;
use crate::output::{Broken, Rule};

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
    /// The answer turned out to be broken, or broke off, after its beginning had gone to the client.
    BrokenOff,
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
            Self::Gone => "gone",
        }
    }
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    HalfOpen,
    Open,
}

impl BreakerState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }

    /// The value of the gauge: 0 closed, 1 half-open, 2 open.
    #[must_use]
    pub fn gauge(self) -> u64 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// What a limit does to a request, or tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitEvent {
    Refused,
    /// It lets it wait in line.
    Waits,
    /// It only observes, or it would have refused.
    WouldRefuse,
    /// So much of it is in use as the policy warns of.
    Warns,
    /// Its rate limit service is away, and this proxy's own count has admitted a request.
    Local,
}

impl LimitEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Waits => "waits",
            Self::WouldRefuse => "would_refuse",
            Self::Warns => "warns",
            Self::Local => "local",
        }
    }
}

/// Why a rate limit service counts as away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceFault {
    /// It took too long.
    Timeout,
    /// It can't be reached.
    Unavailable,
    /// It answers with an error, that it doesn't know, or with something else.
    Unclear,
}

impl ServiceFault {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Unclear => "unclear",
        }
    }
}

/// What is counted of the tokens of attempts' prompts at a target. How far estimates are off, on the average, is `off` over `reported`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tokens {
    /// Prompts counted as the model itself counts them.
    Exact,
    /// Prompts whose tokens were estimated.
    Estimate,
    /// Tokens that the provider has reported for estimated prompts.
    Reported,
    /// Tokens that those estimates were too high or too low by.
    Off,
}

impl Tokens {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Estimate => "estimate",
            Self::Reported => "reported",
            Self::Off => "off",
        }
    }
}

/// What a route's contract does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContractEvent {
    Refused,
    /// Its oldest turns are left out.
    Trimmed,
    /// It goes to the target for longer prompts.
    Larger,
}

impl ContractEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Trimmed => "trimmed",
            Self::Larger => "larger",
        }
    }
}

/// What becomes of an answer that doesn't fit its route's `output`, or that can't be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputEvent {
    /// It was made to fit.
    Repaired,
    /// The same target is asked again, with what was wrong.
    Retried,
    /// Another target is asked.
    FailedOver,
    /// The caller gets an error in its place.
    Rejected,
    /// It is delivered, and marked.
    Passed,
    /// It had gone to the caller when its fault was found; it was a stream.
    Found,
    /// The same, and it was ended there.
    Ended,
    /// It can't be read, or is too long to be held: it is delivered, and marked.
    Unchecked,
}

impl OutputEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::Retried => "retried",
            Self::FailedOver => "failed_over",
            Self::Rejected => "rejected",
            Self::Passed => "passed",
            Self::Found => "found",
            Self::Ended => "ended",
            Self::Unchecked => "unchecked",
        }
    }
}

/// What is done with answers that were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleKind {
    Judge,
    Drift,
    Audit,
}

impl SampleKind {
    pub const ALL: [Self; 3] = [Self::Judge, Self::Drift, Self::Audit];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Judge => "judge",
            Self::Drift => "drift",
            Self::Audit => "audit",
        }
    }
}

/// What becomes of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleEvent {
    /// The answer was drawn, and delivered.
    Sampled,
    /// It has a score, or its embedding is known.
    Scored,
    /// The sink has taken it.
    Sent,
    /// What the judge or the model for embeddings has said can't be read.
    Unparsable,
    /// It was asked and hasn't answered, or with an error; or the sink hasn't taken it.
    Failed,
    /// There was no room for it, or nothing in it to look at.
    Dropped,
    /// The budget doesn't allow the call, or its price isn't known.
    OverBudget,
}

impl SampleEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sampled => "sampled",
            Self::Scored => "scored",
            Self::Sent => "sent",
            Self::Unparsable => "unparsable",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::OverBudget => "over_budget",
        }
    }
}

/// Something to count. Names: `seawall.attempts.<target>.<outcome>`, `seawall.answers.<reason>`,
/// `seawall.limits.<limit>.<event>`, `seawall.conversations.<route>.<event>`, `seawall.tokens.<target>.<what>`,
/// `seawall.contracts.<route>.<event>`, `seawall.outputs.<target>.<event>`, `seawall.broken.<target>.<rule>`,
/// `seawall.samples.<route>.<what>.<event>` (counters), `seawall.contracts.<route>.slow`,
/// `seawall.scores.<route>.<target>.mean`, `seawall.drift.<route>.<target>.distance` and `seawall.breaker.<target>.state` (gauges). Routes go by their number in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    Attempt(TargetId, Outcome),
    Answer(Reason),
    Limit(LimitId, LimitEvent),
    /// What conversations of a route may come to; by the number of the route.
    Conversation(usize, LimitEvent),
    /// So many more.
    Tokens(TargetId, Tokens, u64),
    Contract(usize, ContractEvent),
    /// What becomes of a target's answers that don't fit.
    Output(TargetId, OutputEvent),
    /// An answer of a target broke this rule of its route's `output`, as it came.
    Broken(TargetId, Rule),
    /// Whether the requests of a route take longer than its contract says: 1, or 0.
    Slow(usize, u64),
    /// The gauge's new value comes with it.
    Breaker(TargetId, u64),
    /// What becomes of samples of a route's answers.
    Sample(usize, SampleKind, SampleEvent),
    /// The mean score of a route's answers from a target, in ten-thousandths.
    Score(usize, TargetId, u64),
    /// How far a route's answers from a target have moved, in ten-thousandths.
    Drift(usize, TargetId, u64),
}

/// One line of the decision trace. Printed as `<what> <key>=<value> …`; prompts, answers and credentials are never part
/// of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// No route takes it.
    Pass { exchange: u32 },
    /// An attempt has ended.
    Attempt {
        exchange: u32,
        n: u32,
        target: Text,
        outcome: Outcome,
        status: u16,
        next: Next,
        wait: Option<Duration>,
        /// The provider's own name for the error.
        code: Option<Text>,
        /// What ran out, where the provider limits it.
        limit: Option<&'static str>,
    },
    /// The client has its answer.
    Answer { exchange: u32, status: u16, attempts: u32, target: Option<Text>, reason: Reason },
    /// A breaker has changed, and why. No model where it stands for all that have none of their own.
    Breaker { target: Text, model: Option<Text>, from: BreakerState, to: BreakerState, cause: Cause },
    /// A limit refuses, or tells of itself.
    Limit { exchange: u32, limit: Text, event: LimitEvent, wait: Option<Duration> },
    /// A route's contract refuses a request, or changes it: what the rule counted, and what it admits.
    Contract { exchange: u32, route: Text, rule: &'static str, event: ContractEvent, counted: u64, most: u64 },
    /// An answer doesn't fit the output of its route, by these rules; or can't be checked.
    Output { exchange: u32, target: Text, event: OutputEvent, broken: Broken },
    /// The requests of a route take longer than its contract says, or no longer do.
    Latency { route: Text, percentile: u8, now: Duration, most: Duration },
    /// A rate limit service is away, for this reason; or back.
    Service { cluster: Text, fault: Option<ServiceFault> },
    /// What a conversation may come to refuses, or tells of itself.
    Conversation { exchange: u32, route: Text, event: LimitEvent, wait: Option<Duration> },
    /// An answer of a target has got a score, in ten-thousandths.
    Score { route: Text, target: Text, score: u32 },
    /// The answers of a target and model have moved too far from where they used to be, or are back; in ten-thousandths.
    Drift { route: Text, target: Text, model: Option<Text>, is_away: bool, distance: u32, alert: u32 },
    /// The host holds back bodies while headers are held, so no request can be understood.
    BodyNeverArrives,
}

impl Decision {
    /// Whether somebody should see this without asking for details.
    #[must_use]
    pub fn is_news(&self) -> bool {
        matches!(
            self,
            Self::Breaker { .. }
                | Self::Service { .. }
                | Self::BodyNeverArrives
                | Self::Latency { .. }
                | Self::Drift { .. }
                | Self::Limit { event: LimitEvent::Warns, .. }
                | Self::Conversation { event: LimitEvent::Warns, .. }
        )
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seawall ")?;
        match self {
            Self::Pass { exchange } => write!(f, "pass exchange={exchange}"),
            Self::Attempt { exchange, n, target, outcome, status, next, wait, code, limit } => {
                let (outcome, next) = (outcome.word(), next.word());
                write!(f, "attempt n={n} target={target} outcome={outcome} status={status} next={next}")?;
                write!(f, " exchange={exchange}")?;
                if let Some(wait) = wait {
                    write!(f, " wait_ms={}", wait.as_millis())?;
                }
                for (key, value) in [(" code=", code.as_deref()), (" limit=", *limit)] {
                    if let Some(value) = value {
                        f.write_str(key)?;
                        f.write_str(value)?;
                    }
                }
                Ok(())
            }
            Self::Answer { exchange, status, attempts, target, reason } => {
                let (target, reason) = (target.as_deref().unwrap_or("-"), reason.word());
                write!(f, "answer status={status} attempts={attempts} target={target} reason={reason}")?;
                write!(f, " exchange={exchange}")
            }
            Self::Breaker { target, model, from, to, cause } => {
                write!(f, "breaker target={target} from={} to={}", from.word(), to.word())?;
                write!(f, " reason={cause}")?;
                model.as_ref().map_or(Ok(()), |model| write!(f, " model={model}"))
            }
            Self::Limit { exchange, limit, event, wait } => {
                write!(f, "limit limit={limit} event={} exchange={exchange}", event.word())?;
                wait.map_or(Ok(()), |wait| write!(f, " wait_ms={}", wait.as_millis()))
            }
            Self::Contract { exchange, route, rule, event, counted, most } => {
                write!(f, "contract route={route} rule={rule} event={} counted={counted}", event.word())?;
                write!(f, " most={most} exchange={exchange}")
            }
            Self::Output { exchange, target, event, broken } => {
                write!(f, "output target={target} event={}", event.word())?;
                for (at, rule) in broken.rules().enumerate() {
                    write!(f, "{}{}", if at == 0 { " rules=" } else { "," }, rule.word())?;
                }
                write!(f, " exchange={exchange}")
            }
            Self::Latency { route, percentile, now, most } => {
                let event = if now > most { "slow" } else { "in_time" };
                let (now, most) = (now.as_millis(), most.as_millis());
                write!(f, "contract route={route} rule=latency event={event} percentile=p{percentile}")?;
                write!(f, " now_ms={now} most_ms={most}")
            }
            Self::Service { cluster, fault } => {
                let state = if fault.is_some() { "away" } else { "back" };
                write!(f, "service cluster={cluster} state={state}")?;
                fault.map_or(Ok(()), |fault| write!(f, " reason={}", fault.word()))
            }
            Self::Conversation { exchange, route, event, wait } => {
                write!(f, "conversation route={route} event={} exchange={exchange}", event.word())?;
                wait.map_or(Ok(()), |wait| write!(f, " wait_ms={}", wait.as_millis()))
            }
            Self::Score { route, target, score } => {
                write!(f, "score route={route} target={target} score={}", Parts(*score))
            }
            Self::Drift { route, target, model, is_away, distance, alert } => {
                let event = if *is_away { "away" } else { "back" };
                write!(f, "drift route={route} target={target} event={event} distance={}", Parts(*distance))?;
                write!(f, " alert={}", Parts(*alert))?;
                model.as_ref().map_or(Ok(()), |model| write!(f, " model={model}"))
            }
            Self::BodyNeverArrives => f.write_str(concat!(
                "misconfigured: the body of a request does not arrive while its headers are held; set ",
                "allow_on_headers_stop_iteration: true in this filter's PluginConfig (Envoy 1.35 or later)"
            )),
        }
    }
}

/// Ten-thousandths, as a number with four decimals.
pub(crate) struct Parts(pub(crate) u32);

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / 10_000, self.0 % 10_000)
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
            Reason::BrokenOff => Reason::Gone,
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
        // Who has gone is given none, and who has got the beginning of an answer was given another.
        let is_said = |reason: &Reason| !matches!(reason, Reason::Gone | Reason::BrokenOff);
        let said = reasons.filter(is_said).map(Reason::word);
        assert_eq!(known.collect::<Vec<_>>(), said.collect::<Vec<_>>());
    }
}

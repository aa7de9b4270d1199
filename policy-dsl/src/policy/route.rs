//! A route, and what holds on the way of its requests.

use std::time::Duration;

use super::{BreakerId, LimitId, Output, Retry, TargetId};
use crate::condition::Condition;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    pub name: String,
    pub path: PathMatch,
    /// Must hold as well.
    pub when: Option<Condition>,
    /// The `try` stage, then each `then`. Never empty, no target twice.
    pub plan: Vec<PlanStage>,
    /// In the order of their ids.
    pub limits: Vec<LimitId>,
    pub retry: Retry,
    pub breaker: Option<BreakerId>,
    pub timeout: Timeout,
    pub deadline: Option<Deadline>,
    pub hedge: Option<Hedge>,
    pub stream: StreamMode,
    pub malformed: Malformed,
    pub contract: Contract,
    pub output: Option<Output>,
    pub cache: Option<CacheRule>,
    pub idempotency: Option<Idempotency>,
    /// Target and share in basis points.
    pub shadow: Vec<(TargetId, u32)>,
    pub canary: Option<Canary>,
    pub trace: Option<Trace>,
}

impl Route {
    /// The targets of its plan in the order they are written.
    pub fn targets(&self) -> impl Iterator<Item = TargetId> {
        self.plan.iter().flat_map(|stage| stage.targets.iter().copied())
    }
}

/// Compared with the request's path without its query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathMatch {
    Exact(String),
    /// Written with a `*` at the end.
    Prefix(String),
}

/// Targets that are tried before those of the next stage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlanStage {
    pub targets: Vec<TargetId>,
    pub order: Order,
    pub overrides: Overrides,
}

/// Which target of a stage comes first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    AsWritten,
    /// One weight for each target.
    Weighted(Vec<u32>),
    Cheapest,
    Fastest,
    LeastLoaded,
}

/// Changes to the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Overrides {
    pub max_tokens: Option<u32>,
    pub model: Option<String>,
    /// In ten-thousandths.
    pub temperature: Option<u32>,
    pub headers: Vec<(String, String)>,
    pub path: Option<String>,
}

/// How long one attempt may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeout {
    /// From its start to the end of its answer. A stream must have begun by then; a later attempt at a stream, which is
    /// delivered as a whole, must end within ten times as long. The longest when it adapts.
    pub total: Duration,
    pub adaptive: Option<Adaptive>,
    pub first_token: Option<Duration>,
    pub idle: Option<Duration>,
    pub per_output_token: Option<Duration>,
}

/// A multiple of what answers of this target take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Adaptive {
    pub percentile: u8,
    pub hundredths: u32,
    /// The shortest; the longest is the timeout's total.
    pub min: Duration,
}

/// How long a request may take with all its attempts and waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deadline {
    /// The caller's own, in milliseconds.
    pub header: Option<String>,
    /// Without that header, or when there is none.
    pub default: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hedge {
    pub after: HedgeDelay,
    /// Share of requests, in basis points.
    pub at_most_bp: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HedgeDelay {
    Percentile(u8),
    Fixed(Duration),
}

/// What happens to an event of a stream that can't be read and comes after others have gone on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// The stream ends with an error.
    #[default]
    End,
    /// It is left out.
    Skip,
}

/// What of a stream may still be rescued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StreamMode {
    #[default]
    Live,
    UntilCommit,
    Complete,
}

/// What one request may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Contract {
    /// Tokens.
    pub input: Option<(u64, InputAction)>,
    /// Tokens.
    pub output: Option<u64>,
    pub cost_micro_dollars: Option<u64>,
    pub turns: Option<u32>,
    pub body_bytes: Option<u64>,
    pub conversation: Option<Conversation>,
    /// Most times that tool calls may repeat.
    pub loops: Option<u32>,
    /// Percentile and bound.
    pub latency: Option<(u8, Duration)>,
    /// Hundredths of the first target's cost.
    pub failover_cost: Option<u32>,
}

/// What all requests of a conversation may use; at least one of both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conversation {
    pub micro_dollars: Option<u64>,
    pub requests: Option<u32>,
    pub by: ConversationSource,
    /// Tells when so much of either is used, in basis points.
    pub warn_bp: Option<u32>,
}

/// Where a conversation's name comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConversationSource {
    Header(String),
    /// Of the request's dynamic metadata in Envoy.
    Metadata {
        namespace: String,
        key: String,
    },
}

/// What happens to a prompt that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputAction {
    Reject,
    TrimOldest,
    Use(TargetId),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheRule {
    pub fresh: Duration,
    /// How long an answer may be used when every target fails.
    pub stale: Option<Duration>,
    pub vary: Vec<Vary>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vary {
    Header(String),
    PromptVersion,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Idempotency {
    pub header: String,
    pub keep: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Canary {
    pub target: TargetId,
    pub share_bp: u32,
    pub sticky: Option<Sticky>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sticky {
    Tenant,
    Conversation,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    pub share_bp: u32,
    /// The header that `prompt_version` is read from.
    pub prompt_version: Option<String>,
}

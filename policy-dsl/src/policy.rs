//! The policy as it runs: resolved, typed, complete. Names have become indices, defaults have been filled in, every
//! number has its unit: durations in nanoseconds, shares in basis points (1% = 100), money in micro-dollars. The only way
//! to get one is [`crate::check()`], so holding a `Policy` means that it checked.
//!
//! Definitions other than routes are in the order of their names, because their order in the file means nothing. That
//! makes two texts that mean the same one `Policy`, with one hash.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::span::Span;

pub mod fit;
mod health;
mod limit;
mod output;
mod route;
mod sampling;

pub use health::{Health, Network};
pub use limit::{Amount, Anomaly, Limit, Money, Per, Scope, TenantSource, Tier, Tokens};
pub use output::{Document, FinishWord, InvalidAction, Languages, Output};
pub use route::{
    Adaptive, CacheRule, Canary, Contract, Conversation, ConversationSource, Deadline, Hedge, HedgeDelay,
    Idempotency, InputAction, Malformed, Order, Overrides, PathMatch, PlanStage, Route, Sticky, StreamMode,
    Timeout, Trace, Vary,
};
pub use sampling::{Audit, DEFAULT_BUDGET, Drift, Judge, Spending};

macro_rules! ids {
    ($($name:ident of $list:ident,)*) => {$(
        #[doc = concat!("Index into [`Policy::", stringify!($list), "`].")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub usize);
    )*};
}

ids! {
    TargetId of targets,
    GroupId of groups,
    LimitId of limits,
    BreakerId of breakers,
}

/// A whole policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// First 12 hex digits of the SHA-256 of the normalised policy: the same for two texts that differ only in
    /// comments, layout, tests and the order of blocks that have no order.
    pub hash: String,
    pub targets: Vec<Target>,
    pub groups: Vec<Group>,
    /// Where the caller's name comes from; the first source that is present.
    pub tenant: Vec<TenantSource>,
    pub tiers: Vec<Tier>,
    pub limits: Vec<Limit>,
    pub breakers: Vec<Breaker>,
    /// In the order of the file: the first that matches wins. What none matches passes untouched.
    pub routes: Vec<Route>,
    /// Who may read the health page; `None`: nobody.
    pub health: Option<Health>,
}

impl Policy {
    /// Every credential it refers to.
    pub fn credentials(&self) -> impl Iterator<Item = &Auth> {
        let targets = self.targets.iter().filter_map(|target| target.auth.as_ref());
        targets.chain(self.health.iter().filter_map(|health| health.auth.as_ref()))
    }
}

/// One place an attempt can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    pub name: String,
    /// Name of an Envoy cluster.
    pub cluster: String,
    pub provider: Provider,
    /// Becomes `:authority`; `None` keeps the caller's.
    pub host: Option<String>,
    /// Becomes `:path`; `None` keeps the caller's.
    pub path: Option<String>,
    /// `None` keeps the caller's credentials.
    pub auth: Option<Auth>,
    /// Replaces the body's `model`; `None` keeps the caller's.
    pub model: Option<String>,
    /// The context window in tokens, input and output together.
    pub context: Option<u64>,
    pub price: Option<Price>,
    /// What the provider grants.
    pub quota: Vec<Amount>,
    /// What its requests can't use, in the order of the words.
    pub lacks: Vec<Capability>,
}

/// What a request may need of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Images in the messages.
    Vision,
    /// Tools that the model may call.
    Tools,
    /// An answer that is JSON, as the request's response format says.
    Json,
    /// An answer in a stream of events.
    Stream,
    /// The answer's beginning, as a last message of the assistant.
    Prefill,
    /// Options of its stream, such as that it tell its usage.
    StreamOptions,
}

impl Capability {
    pub const ALL: [Self; 6] =
        [Self::Vision, Self::Tools, Self::Json, Self::Stream, Self::Prefill, Self::StreamOptions];

    /// Its word in a policy.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Vision => "vision",
            Self::Tools => "tools",
            Self::Json => "json",
            Self::Stream => "stream",
            Self::Prefill => "prefill",
            Self::StreamOptions => "stream_options",
        }
    }
}

/// The wire dialect of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    OpenAi,
    Azure,
    Anthropic,
    Gemini,
    Bedrock,
}

/// In micro-dollars per million tokens, which is pico-dollars per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Price {
    pub input: u64,
    /// Of the part of the prompt that the provider had in its cache; that of other input when it isn't said.
    pub cached: u64,
    pub output: u64,
}

/// How a request authenticates at its target. The secret itself is never part of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// `authorization: Bearer <value>`.
    Bearer(EnvVar),
    /// `<name>: <value>`; the name is in lower case.
    Header { name: String, value: EnvVar },
}

impl Auth {
    /// Where its secret comes from.
    #[must_use]
    pub fn variable(&self) -> &EnvVar {
        match self {
            Self::Bearer(variable) | Self::Header { value: variable, .. } => variable,
        }
    }
}

/// Headers in which callers present themselves to providers, in order. A target with credentials of its own must see no
/// others: a caller's key for one provider is nothing for another to read.
pub const CREDENTIAL_HEADERS: [&str; 4] = ["api-key", "authorization", "x-api-key", "x-goog-api-key"];

/// Headers with which a caller could make Envoy's router retry, hedge or give up on its own: a second layer of retries that the
/// filter would know nothing of. It takes them out of requests that it routes. In order.
pub const ROUTER_HEADERS: [&str; 10] = [
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-max-retries",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
];

/// An environment variable of the host, and where the policy names it.
#[derive(Clone, Debug)]
pub struct EnvVar {
    pub name: String,
    pub span: Span,
}

/// Two references to one variable are the same policy, wherever they stand.
impl PartialEq for EnvVar {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for EnvVar {}

impl Hash for EnvVar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Targets that share something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    pub name: String,
    /// In the order of their ids; never empty.
    pub members: Vec<TargetId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Retry {
    pub on: Vec<Trigger>,
    /// Most attempts one request may cost, over all its targets; at least 1.
    pub attempts: u32,
    pub backoff: Backoff,
    /// The longest `retry-after` that is waited out. A longer one ends the attempts at that target.
    pub honor_retry_after: Duration,
    pub budget: Option<RetryBudget>,
}

/// A kind of failed attempt after which another may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// An answer of the provider with this status, or one that stands for it: 408, 429, 500, 502, 503, 504 or 529.
    Status(u16),
    /// The attempt's own timeout passed.
    Timeout,
    /// No connection could be made.
    Connect,
    /// The connection broke before an answer came.
    Reset,
    /// The answer can't be read, or doesn't fit the route's `output`.
    InvalidOutput,
    /// The provider's content filter refuses the prompt or the answer. Another target may follow, never the same one.
    ContentPolicy,
    /// The target doesn't have this model. Another one may follow, never the same.
    ModelNotFound,
}

impl Trigger {
    /// Those that list an answer with this status: its own or, where it is a server's error that has none, those it stands
    /// for. Proxies before a provider have many (Cloudflare's are 520 to 530), and each says that the gateway or what is
    /// behind it has failed. Not those that the same request would bring again.
    #[must_use]
    pub fn of_status(status: u16) -> &'static [Self] {
        match status {
            408 => &[Self::Status(408)],
            429 => &[Self::Status(429)],
            500 => &[Self::Status(500)],
            502 => &[Self::Status(502)],
            503 => &[Self::Status(503)],
            504 | 524 => &[Self::Status(504)],
            529 => &[Self::Status(529)],
            // Not implemented; an unknown version of HTTP; the network wants a login.
            501 | 505 | 511 => &[],
            status if status / 100 == 5 => &[Self::Status(500), Self::Status(502)],
            _ => &[],
        }
    }
}

/// Sleep = random(0, min(cap, base · 2^retry)) with full jitter; the kinds are those of "Exponential Backoff And Jitter",
/// AWS Architecture Blog, 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    pub jitter: Jitter,
    pub base: Duration,
    pub cap: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jitter {
    Full,
    Equal,
    Decorrelated,
    None,
}

/// Most retries of all requests together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryBudget {
    /// Share of requests, in basis points.
    pub share_bp: u32,
    /// Always allowed, however few requests there are.
    pub at_least_per_second: u32,
    /// What a request does whose retry isn't paid for.
    pub spent: BudgetSpent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BudgetSpent {
    Fail,
    NextTarget,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Breaker {
    pub name: String,
    /// Signals are counted over this sliding window.
    pub window: Duration,
    /// It opens when any of these holds. Never empty.
    pub trips: Vec<Trip>,
    /// How long it stays open before the first probe.
    pub open: Duration,
    /// Probes admitted in each half-open stage, e.g. 1, 5, 10; all of a stage must succeed. Never empty.
    pub recover: Vec<u32>,
    pub force: Option<Forced>,
}

/// What opens a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trip {
    /// The share of errors is above this many basis points, of at least so many attempts.
    ErrorRate { above_bp: u32, at_least: u32 },
    /// So many errors in a row.
    ErrorsInARow(u32),
    /// This percentile of latency is above so many hundredths of its rolling baseline.
    Latency { percentile: u8, above_baseline_hundredths: u32 },
    /// The same of the time to the first token.
    FirstToken { percentile: u8, above_baseline_hundredths: u32 },
    /// The same of the time that each output token after the first takes: the inverse of tokens per second.
    PerToken { percentile: u8, above_baseline_hundredths: u32 },
    /// The share of good answers is below this many basis points, of at least so many.
    Quality { below_bp: u32, at_least: u32 },
    /// It is below so many hundredths of its rolling baseline.
    QualityDrop { below_baseline_hundredths: u32 },
    /// One request cost more than so many micro-dollars.
    Cost { above_micro_dollars: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forced {
    Open,
    Closed,
}

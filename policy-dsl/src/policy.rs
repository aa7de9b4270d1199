//! The policy as it runs: resolved, typed, complete. Names have become indices, defaults have been filled in, every
//! number has its unit. The only way to get one is [`crate::check()`], so holding a `Policy` means that it checked.

use std::time::Duration;

use crate::span::Span;

/// Index into [`Policy::targets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub usize);

/// Index into [`Policy::breakers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BreakerId(pub usize);

/// A whole policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// First 12 hex digits of the SHA-256 of the normalised policy: the same for two texts that differ only in
    /// comments, layout and the order of blocks that have no order.
    pub hash: String,
    pub targets: Vec<Target>,
    pub breakers: Vec<Breaker>,
    /// In the order of the file: the first that matches wins. What none matches passes untouched.
    pub routes: Vec<Route>,
}

/// One place an attempt can be sent to.
#[derive(Clone, Debug, PartialEq)]
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
}

/// The wire dialect of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    OpenAi,
}

/// How a request authenticates at its target. The secret itself is never part of a policy.
#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    /// `authorization: Bearer <value>`.
    Bearer(EnvVar),
    /// `<name>: <value>`; the name is in lower case.
    Header { name: String, value: EnvVar },
}

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

#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub name: String,
    pub path: PathMatch,
    /// Targets in the order they are tried: the `try` list, then each `then`. Never empty, no target twice.
    pub plan: Vec<TargetId>,
    pub retry: Retry,
    pub breaker: Option<BreakerId>,
    /// Longest time one attempt may take from its start to the end of its answer. A stream must have begun by then; a later
    /// attempt at a stream, which is delivered as a whole, must end within ten times as long.
    pub timeout: Duration,
}

/// Compared with the request's path without its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathMatch {
    Exact(String),
    /// Written with a `*` at the end.
    Prefix(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    pub on: Vec<Trigger>,
    /// Most attempts one request may cost, over all its targets; at least 1.
    pub attempts: u32,
    pub backoff: Backoff,
    /// The longest `retry-after` that is waited out. A longer one ends the attempts at that target.
    pub honor_retry_after: Duration,
}

/// A kind of failed attempt after which another may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// An answer of the provider with this status: 408, 429, 500, 502, 503, 504 or 529.
    Status(u16),
    /// The attempt's own timeout passed.
    Timeout,
    /// No connection could be made.
    Connect,
    /// The connection broke before an answer came.
    Reset,
}

/// Full jitter: sleep = random(0, min(cap, base · 2^retry)), as in "Exponential Backoff And Jitter", AWS Architecture
/// Blog, 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub base: Duration,
    pub cap: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    pub name: String,
    /// Errors are counted over this sliding window.
    pub window: Duration,
    /// Trips when the share of errors in the window is above this many basis points (1% = 100) …
    pub error_rate_bp: u32,
    /// … of at least this many attempts.
    pub at_least: u32,
    /// How long it stays open before the first probe.
    pub open: Duration,
    /// Probes admitted in each half-open stage, e.g. 1, 5, 10; all of a stage must succeed. Never empty.
    pub recover: Vec<u32>,
}

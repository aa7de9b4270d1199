//! A scenario file: a policy, providers and what they do, requests, and what must be seen. The same file runs in the
//! test host and against a real Envoy.
//!
//! ```yaml
//! about: A 429 with retry-after is waited out at the same target.
//! policy: |
//!   seawall 1
//!   target primary { cluster "primary" provider openai host "primary.test" }
//!   retry quick { attempts 2  backoff full_jitter 10ms .. 50ms }
//!   route chat { match path "/v1/chat/completions"  try primary  retry quick  timeout 2s }
//! providers:
//!   primary: [{ status: 429, headers: { retry-after: "1" } }]
//! steps:
//!   - request: {}
//!     expect:
//!       status: 200
//!       headers: { x-seawall-attempts: "2" }
//!       at_least: 1s
//!       upstream: { primary: 2 }
//!       trace:
//!         - attempt n=1 target=primary outcome=throttled status=429 next=retry
//!         - attempt n=2 target=primary outcome=success status=200 next=deliver
//!         - answer status=200 attempts=2 target=primary reason=retried route=chat
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use seawall_policy::policy_test::Wanted;
use seawall_provider::{Plan, RateLimitPlan};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence: what it shows.
    pub about: String,
    /// The policy's text.
    pub policy: String,
    /// Environment variables the filter can read.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    #[serde(default = "one")]
    pub workers: u32,
    #[serde(default)]
    pub seed: u64,
    /// Providers by the name of the cluster that reaches them.
    #[serde(default)]
    pub providers: BTreeMap<String, Plan>,
    /// Rate limit services by the name of the cluster that reaches them.
    #[serde(default)]
    pub rate_limit_services: BTreeMap<String, RateLimitPlan>,
    /// Cluster of the requests that the filter lets pass; the first provider by default.
    #[serde(default)]
    pub unmatched: Option<String>,
    /// What stands in front of the filter puts headers into requests' metadata, as Envoy's `header_to_metadata` does.
    #[serde(default)]
    pub metadata: Vec<ToMetadata>,
    /// Whether a request's body comes while its headers are held. Every configuration we ship sets it; what the filter
    /// does without it is judged in the test host only.
    #[serde(default = "yes")]
    pub allow_on_headers_stop_iteration: bool,
    /// Whether the filter's upstream half is installed at every provider: `true`, `false`, or `both`, one after the other,
    /// which is the default.
    #[serde(default)]
    pub upstream_half: UpstreamHalf,
    /// Providers whose cluster lacks it nonetheless.
    #[serde(default)]
    pub lacks_upstream_half: BTreeSet<String>,
    /// How many requests the proxy sends at once to the cluster of a provider, where that is what a scenario is about: its
    /// `circuit_breakers` say so, and what is more it refuses by itself.
    #[serde(default)]
    pub max_requests: BTreeMap<String, u32>,
    /// Whether the module may trap: its VM is built anew then, as the shipped configuration has it. Otherwise a trap is an
    /// error.
    #[serde(default)]
    pub may_trap: bool,
    /// It traps when so many bytes of an answer's body are there. Envoy gets a module that was changed to do that.
    #[serde(default)]
    pub traps_at_bytes: Option<u32>,
    /// The policy must be refused when it is loaded, and the log must hold each of these texts. No steps then.
    #[serde(default)]
    pub refused: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// A header that is put into metadata, where there is one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToMetadata {
    pub header: String,
    pub namespace: String,
    pub key: String,
    /// As a number; what isn't one isn't put anywhere.
    #[serde(default)]
    pub is_number: bool,
}

/// Whether the upstream half is installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamHalf {
    Installed,
    Absent,
    /// The scenario is run twice.
    #[default]
    Both,
}

impl<'de> Deserialize<'de> for UpstreamHalf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Word {
            Both,
        }
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected `true`, `false` or `both`")]
        enum Said {
            Plain(bool),
            Word(Word),
        }
        Ok(match Said::deserialize(deserializer)? {
            Said::Plain(true) => Self::Installed,
            Said::Plain(false) => Self::Absent,
            Said::Word(Word::Both) => Self::Both,
        })
    }
}

/// One of `request`, `wait`, `providers`, `rate_limit_services`, `trap` and `install`; a `trap` or an `install` may stand beside a
/// `request`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    #[serde(default)]
    pub request: Option<Request>,
    /// Holds for each of the request's repetitions.
    #[serde(default)]
    pub expect: Expect,
    /// What is expected instead where the upstream half is absent; what this leaves out is as in `expect`.
    #[serde(default)]
    pub without_upstream_half: Option<Expect>,
    /// What more holds for the first of requests beside each other, the second and so on.
    #[serde(default)]
    pub expect_in_turn: Vec<Expect>,
    /// Time passes.
    #[serde(default, with = "seawall_provider::duration::option")]
    pub wait: Option<Duration>,
    /// From here on these providers do this.
    #[serde(default)]
    pub providers: Option<BTreeMap<String, Plan>>,
    /// From here on these rate limit services do this.
    #[serde(default)]
    pub rate_limit_services: Option<BTreeMap<String, RateLimitPlan>>,
    /// A VM dies; in the test host only, which plays such a scenario alone.
    #[serde(default)]
    pub trap: Option<Trap>,
    /// The filter gets another policy: at once, or while the step's request is under way.
    #[serde(default)]
    pub install: Option<Install>,
}

/// A new configuration of the filter. Requests that are under way end by the policy they began with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// The policy's text.
    pub policy: String,
    /// So long after the step's request has begun.
    #[serde(default, with = "seawall_provider::duration")]
    pub after: Duration,
    /// It must be refused, and the log must hold each of these texts; the one before stays in force.
    #[serde(default)]
    pub refused: Option<Spanned<Vec<Spanned<String>>>>,
}

/// The next callback on a worker traps midway.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trap {
    pub worker: u32,
    /// At the first function or loop it enters after so many steps, about one for each Wasm instruction.
    pub steps: u64,
    /// So long after the step's request has begun.
    #[serde(with = "seawall_provider::duration")]
    pub after: Duration,
}

/// A chat completion, unless told otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    /// More headers of the first of requests beside each other, the second and so on.
    pub headers_in_turn: Vec<BTreeMap<String, String>>,
    pub model: String,
    pub stream: bool,
    /// How long the user's message is.
    pub prompt_bytes: Option<usize>,
    /// The whole body, in place of a chat completion made of the above; an empty one sends none.
    pub body: Option<String>,
    /// So many, one after the other.
    pub times: u32,
    /// So many beside each other. Provider counts and decisions are those of all together; the decisions in any order.
    pub concurrent: u32,
    /// How much later each of them begins than the one before.
    #[serde(with = "seawall_provider::duration")]
    pub apart: Duration,
    /// The client closes its connection after so long, if it still waits then.
    #[serde(with = "seawall_provider::duration::option")]
    pub disconnect_after: Option<Duration>,
    /// The worker that serves it in the test host, or the first of several that run beside each other. Envoy chooses by
    /// connection, so decisions must not depend on it.
    pub worker: u32,
}

/// What must be seen. What is left out may be anything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    pub status: Option<Spanned<u16>>,
    /// Exact values; `null` means that the header must be absent.
    pub headers: BTreeMap<String, Spanned<Option<String>>>,
    /// Texts the body must hold.
    pub body: Vec<Spanned<String>>,
    /// Texts it must hold in this order.
    pub body_in_order: Vec<Spanned<String>>,
    /// Texts it must not hold.
    pub not_in_body: Vec<Spanned<String>>,
    /// How many server-sent events the body consists of, comments apart.
    pub events: Option<Spanned<usize>>,
    /// Whether the answer came to its proper end; it must, unless told otherwise.
    pub complete: Option<Spanned<bool>>,
    /// The decisions, in order, complete.
    pub trace: Option<Spanned<Vec<Spanned<String>>>>,
    /// Requests each provider saw because of this one.
    pub upstream: BTreeMap<String, Spanned<u32>>,
    /// What those requests said, in order: an entry for each of them.
    pub saw: BTreeMap<String, Spanned<Vec<Spanned<Saw>>>>,
    /// What rate limit services were asked until the answers had ended, since the request before: entries and hits, such as
    /// `limit=tpm tenant=acme hits=12`.
    pub asked: BTreeMap<String, Spanned<Vec<Spanned<String>>>>,
    /// The answer took at least this long.
    pub at_least: Option<Spanned<Span>>,
    /// It took at most this long; judged in virtual time only.
    pub at_most: Option<Spanned<Span>>,
    /// The first byte of the body came at least, and at most, so long after the request; the latter in virtual time only.
    pub first_byte_at_least: Option<Spanned<Span>>,
    pub first_byte_at_most: Option<Spanned<Span>>,
    /// What a test in a policy expects; a scenario file can't say it.
    #[serde(skip)]
    pub of_policy: Vec<Placed>,
}

impl Expect {
    /// These expectations, and where they say nothing, those of `other`.
    pub(super) fn or(self, other: Self) -> Self {
        fn list<T>(mine: Vec<T>, other: Vec<T>) -> Vec<T> {
            if mine.is_empty() { other } else { mine }
        }
        fn map<T>(mine: BTreeMap<String, T>, mut other: BTreeMap<String, T>) -> BTreeMap<String, T> {
            other.extend(mine);
            other
        }
        Self {
            status: self.status.or(other.status),
            headers: map(self.headers, other.headers),
            body: list(self.body, other.body),
            body_in_order: list(self.body_in_order, other.body_in_order),
            not_in_body: list(self.not_in_body, other.not_in_body),
            events: self.events.or(other.events),
            complete: self.complete.or(other.complete),
            trace: self.trace.or(other.trace),
            upstream: map(self.upstream, other.upstream),
            saw: map(self.saw, other.saw),
            asked: map(self.asked, other.asked),
            at_least: self.at_least.or(other.at_least),
            at_most: self.at_most.or(other.at_most),
            first_byte_at_least: self.first_byte_at_least.or(other.first_byte_at_least),
            first_byte_at_most: self.first_byte_at_most.or(other.first_byte_at_most),
            of_policy: list(self.of_policy, other.of_policy),
        }
    }
}

/// What a provider must have been asked. What is left out may be anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Saw {
    /// With its query.
    pub path: Option<String>,
    pub model: Option<String>,
    pub stream: Option<bool>,
    /// Whether the stream was to tell its usage.
    pub include_usage: Option<bool>,
    /// The most tokens of the answer, under whichever name its API has for it.
    pub max_tokens: Option<u64>,
    pub temperature: Option<f64>,
    /// What must stand in the beginning of what was said last.
    pub last_text: Option<String>,
    /// Exact values; `null` means that the header must be absent. Those that may hold secrets are not kept.
    pub headers: BTreeMap<String, Option<String>>,
    /// Headers that must be whole numbers, from 1 to this one: what is left of a time depends on the clock.
    pub headers_at_most: BTreeMap<String, u64>,
}

/// An expectation of a test in a policy, and where the policy says it.
#[derive(Clone, Debug)]
pub struct Placed {
    pub line: u64,
    pub column: u64,
    pub wanted: Wanted,
}

/// A duration inside a spanned value.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub struct Span(#[serde(with = "seawall_provider::duration")] pub Duration);

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

//! The table itself. Order is the order of the reference.

use std::time::Duration;

use super::{Block, Durations, Presence, Statement, Text, Value};
use crate::policy::{Provider, Trigger};

/// Wire dialects this version speaks.
pub const PROVIDERS: &[(&str, Provider)] = &[("openai", Provider::OpenAi)];
/// Wire dialects of the language that it doesn't speak yet.
pub const UNSUPPORTED_PROVIDERS: &[&str] = &["azure", "anthropic", "gemini", "bedrock"];

/// Statuses after which the same request may succeed later or elsewhere.
pub const STATUSES: &[u16] = &[408, 429, 500, 502, 503, 504, 529];
/// Failures without a status.
pub const TRIGGERS: &[(&str, Trigger)] =
    &[("timeout", Trigger::Timeout), ("connect", Trigger::Connect), ("reset", Trigger::Reset)];
pub const UNSUPPORTED_TRIGGERS: &[&str] = &["invalid_output"];

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Every block of the language.
pub const BLOCKS: &[Block] = &[
    Block {
        word: "target",
        supported: true,
        doc: "One place an attempt can be sent to: an Envoy cluster and how to speak to what is behind it.",
        statements: &[
            Statement {
                word: "cluster",
                value: Value::Text(Text::Cluster),
                presence: Presence::Required,
                repeats: false,
                doc: "The Envoy cluster.",
                example: r#"cluster "openai-east""#,
            },
            Statement {
                word: "provider",
                value: Value::Provider,
                presence: Presence::Required,
                repeats: false,
                doc: "The wire dialect that the target speaks.",
                example: "provider openai",
            },
            Statement {
                word: "host",
                value: Value::Text(Text::Host),
                presence: Presence::Optional("the caller's"),
                repeats: false,
                doc: "Becomes `:authority`.",
                example: r#"host "api.openai.com""#,
            },
            Statement {
                word: "path",
                value: Value::Text(Text::Path),
                presence: Presence::Optional("the caller's"),
                repeats: false,
                doc: "Becomes `:path`.",
                example: r#"path "/v1/chat/completions""#,
            },
            Statement {
                word: "auth",
                value: Value::Auth,
                presence: Presence::Optional("the caller's"),
                repeats: false,
                doc: "Credentials, read from an environment variable of the proxy: `authorization: Bearer …`, or a header.",
                example: "auth bearer env.OPENAI_API_KEY",
            },
            Statement {
                word: "model",
                value: Value::Text(Text::Model),
                presence: Presence::Optional("the caller's"),
                repeats: false,
                doc: "Replaces the `model` of the request's body.",
                example: r#"model "gpt-4.1""#,
            },
            later("like"),
            later("context"),
            later("price"),
            later("quota"),
        ],
    },
    Block {
        word: "retry",
        supported: true,
        doc: "After which failures another attempt follows, how many in all, and how long to wait in between.",
        statements: &[
            Statement {
                word: "on",
                value: Value::Triggers,
                presence: Presence::Default("408, 429, 500, 502, 503, 504, 529, timeout, connect, reset"),
                repeats: false,
                doc: "The failures after which another attempt may follow.",
                example: "on 429, 503, timeout",
            },
            Statement {
                word: "attempts",
                value: Value::Count { min: 1, max: 10 },
                presence: Presence::Default("3"),
                repeats: false,
                doc: "Most attempts one request may cost, over all its targets.",
                example: "attempts 4",
            },
            Statement {
                word: "backoff",
                value: Value::Backoff(Durations { min: MS, max: HOUR }),
                presence: Presence::Default("full_jitter 500ms .. 8s"),
                repeats: false,
                doc: "The wait before a retry: random between nothing and the first duration, doubled with each retry, up to the second.",
                example: "backoff full_jitter 200ms .. 10s",
            },
            Statement {
                word: "honor",
                value: Value::RetryAfter(Durations { min: Duration::ZERO, max: HOUR }),
                presence: Presence::Default("retry_after up to 60s"),
                repeats: false,
                doc: "The longest `retry-after` that is waited out; a longer one ends the attempts at that target.",
                example: "honor retry_after up to 30s",
            },
            later("budget"),
        ],
    },
    Block {
        word: "breaker",
        supported: true,
        doc: "Stops sending to a target that fails, and lets it back in step by step.",
        statements: &[
            Statement {
                word: "window",
                value: Value::Duration(Durations { min: SECOND, max: HOUR }),
                presence: Presence::Default("60s"),
                repeats: false,
                doc: "Errors are counted over this sliding window.",
                example: "window 2m",
            },
            Statement {
                word: "trip",
                value: Value::Trip { max_basis_points: 9_900, max_sample: 100_000 },
                presence: Presence::Default("errors > 50% of at least 20"),
                repeats: false,
                doc: "Opens when the share of errors in the window is above the percentage, once there were so many attempts.",
                example: "trip errors > 20% of at least 10",
            },
            Statement {
                word: "open",
                value: Value::Duration(Durations { min: Duration::from_millis(100), max: HOUR }),
                presence: Presence::Default("30s"),
                repeats: false,
                doc: "How long nothing is sent before the first probe.",
                example: "open 60s",
            },
            Statement {
                word: "recover",
                value: Value::Stages { max_stages: 5, max_probes: 1_000 },
                presence: Presence::Default("1, 5, 10"),
                repeats: false,
                doc: "Probes admitted in each stage of recovery; all of a stage must succeed.",
                example: "recover 1, 5, 10",
            },
        ],
    },
    Block {
        word: "route",
        supported: true,
        doc: "Which requests it takes, and where they go. The first route that matches wins.",
        statements: &[
            Statement {
                word: "match",
                value: Value::PathMatch,
                presence: Presence::Required,
                repeats: false,
                doc: "Compared with the request's path without its query.",
                example: r#"match path "/v1/chat/*""#,
            },
            Statement {
                word: "try",
                value: Value::Targets,
                presence: Presence::Required,
                repeats: false,
                doc: "Targets, tried one after the other.",
                example: "try openai_east, openai_west",
            },
            Statement {
                word: "then",
                value: Value::Targets,
                presence: Presence::Optional("no more targets"),
                repeats: true,
                doc: "Targets tried when those before have failed.",
                example: "then backup",
            },
            Statement {
                word: "retry",
                value: Value::Reference("retry"),
                presence: Presence::Optional("each target once, on the default failures"),
                repeats: false,
                doc: "The retry block that holds here.",
                example: "retry standard",
            },
            Statement {
                word: "breaker",
                value: Value::Reference("breaker"),
                presence: Presence::Optional("no breaker"),
                repeats: false,
                doc: "The breaker that guards each target of this route.",
                example: "breaker standard",
            },
            Statement {
                word: "timeout",
                value: Value::Duration(Durations { min: MS, max: HOUR }),
                presence: Presence::Default("60s"),
                repeats: false,
                doc: "Longest time one attempt may take to answer; a stream must have begun by then, and a retried stream, which arrives as a whole, may take ten times as long.",
                example: "timeout 30s",
            },
            Statement {
                word: "pass",
                value: Value::Nothing,
                presence: Presence::Optional(""),
                repeats: false,
                doc: "Only in `route default`: the request goes through untouched.",
                example: "pass",
            },
            later("when"),
            later("limit"),
            later("deadline"),
            later("hedge"),
            later("stream"),
            later("contract"),
            later("output"),
            later("cache"),
            later("idempotency"),
            later("shadow"),
            later("canary"),
            later("trace"),
        ],
    },
    later_block("group"),
    later_block("tenant"),
    later_block("tier"),
    later_block("limit"),
    later_block("test"),
];

const fn later(word: &'static str) -> Statement {
    let presence = Presence::Optional("");
    Statement { word, value: Value::NotSupported, presence, repeats: true, doc: "", example: "" }
}

const fn later_block(word: &'static str) -> Block {
    Block { word, supported: false, doc: "", statements: &[] }
}

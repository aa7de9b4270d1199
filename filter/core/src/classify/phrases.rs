//! What messages say where words don't. Looked for in an error's message and nowhere else, and only where its status makes it
//! possible: a prompt that is quoted in a 400 may hold anything.

use std::time::Duration;

use super::dimension::{Dimension, Period, Unit};
use super::said::contains;
use crate::retry::leading_span;
use crate::telemetry::Outcome;

/// Where a pattern counts.
#[derive(Clone, Copy)]
enum Where {
    /// In what says that the request is at fault.
    Client,
    /// There, and the message begins with it. For what would take a target out of use: no quoted prompt may do that.
    ClientFront,
    /// Where the rate is said to be limited, and the message begins with it.
    ThrottledFront,
    /// Where the rate is limited, or the server has failed.
    Busy,
}

/// In the order in which they are looked for.
const PHRASES: [(Where, Outcome, &[&str]); 6] = [
    (
        Where::Client,
        Outcome::ContextLength,
        &[
            // OpenAI, Azure OpenAI, vLLM
            "maximum context length",
            "input tokens exceed the configured limit",
            "exceeds the context window",
            // vLLM from 0.16
            "maximum input length",
            // Anthropic, also behind Bedrock
            "prompt is too long",
            "exceed context limit",
            // Gemini
            "exceeds the maximum number of tokens allowed",
            // Bedrock
            "input is too long",
            "too many input tokens",
            "too many tokens",
            "expected maxlength:",
            "exceeds the model's maximum context limit",
            "model's maximum context limit",
            // Text Generation Inference, llama.cpp, Cerebras
            "`inputs` tokens + `max_new_tokens` must be",
            "exceeds the available context size",
            "is longer than the model's context length",
            "while limit is",
        ],
    ),
    (
        Where::Client,
        Outcome::ContentPolicy,
        &[
            // Azure OpenAI
            "content management policy",
            // Anthropic
            "content filtering policy",
            // OpenAI
            "as a result of our safety system",
            "violating our usage policy",
            // Gemini
            "prohibited use policy",
        ],
    ),
    (
        Where::Client,
        Outcome::ModelNotFound,
        &[
            // Bedrock
            "model identifier is invalid",
            "with on-demand throughput isn",
            // Gemini
            "is not found for api version",
            // Azure OpenAI
            "the api deployment for this resource does not exist",
        ],
    ),
    (
        Where::ClientFront,
        Outcome::QuotaExhausted,
        &[
            // Anthropic
            "your credit balance is too low",
            "you have reached your specified api usage limits",
            // Bedrock
            "model access is denied due to invalid_payment_instrument",
        ],
    ),
    (
        Where::ThrottledFront,
        Outcome::TooLarge,
        &[
            // OpenAI: more than a minute's tokens at once
            "request too large",
            // Anthropic: long contexts must be paid for
            "extra usage is required for long context",
            "usage credits are required for long context",
        ],
    ),
    (
        Where::Busy,
        Outcome::Overloaded,
        &[
            // OpenAI, Gemini, Azure OpenAI
            "overloaded",
            "experiencing high demand",
            // Mistral
            "capacity exceeded",
        ],
    ),
];

/// What kind of status a message stands under.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Under {
    Client,
    Throttled,
    Server,
}

/// What the message says about the outcome.
pub(super) fn outcome(message: &[u8], under: Under) -> Option<Outcome> {
    PHRASES.iter().find_map(|(place, outcome, phrases)| {
        let (is_possible, is_front) = match place {
            Where::Client => (under == Under::Client, false),
            Where::ClientFront => (under == Under::Client, true),
            Where::ThrottledFront => (under == Under::Throttled, true),
            Where::Busy => (under != Under::Client, false),
        };
        let is_there = |phrase: &&str| {
            let start = message.get(..phrase.len()).unwrap_or_default();
            if is_front {
                start.eq_ignore_ascii_case(phrase.as_bytes())
            } else {
                contains(message, phrase.as_bytes())
            }
        };
        (is_possible && phrases.iter().any(is_there)).then_some(*outcome)
    })
}

/// Which limit a message about a limit names.
pub(super) fn dimension(message: &[u8]) -> Option<Dimension> {
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| contains(message, phrase.as_bytes()));
    let period = if has(&["per day", "daily", "(RPD)", "(TPD)"]) {
        Period::Day
    } else if has(&["per month", "monthly"]) {
        Period::Month
    } else if has(&["per min", "per-min"]) {
        Period::Minute
    } else {
        Period::Unsaid
    };
    // Not the mere word: every such message speaks of requests, and of tokens to be saved.
    let unit = if has(&["input tokens per", "input-tokens per"]) {
        Unit::InputTokens
    } else if has(&["output tokens per", "output-tokens per"]) {
        Unit::OutputTokens
    } else if has(&["tokens per", "token rate", "too many tokens", "tokens has exceeded"]) {
        Unit::Tokens
    } else if has(&["requests per", "call rate", "requests rate", "too many requests"]) {
        Unit::Requests
    } else {
        return None;
    };
    Some(Dimension { period, unit })
}

/// What stands behind any of these is how long to wait.
const ASKS: [&str; 6] =
    ["try again in ", "retry in ", "retry after ", "try again after ", "reset after ", "wait "];

/// The wait that a message asks for: "Please try again in 7m12s.", "Please retry after 6 seconds."
pub(super) fn wait(message: &[u8]) -> Option<Duration> {
    ASKS.iter().find_map(|ask| {
        let found = message.windows(ask.len()).position(|part| part.eq_ignore_ascii_case(ask.as_bytes()))?;
        leading_span(message.get(found + ask.len()..)?)
    })
}

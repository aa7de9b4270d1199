//! What an attempt came to: the one definition that retries, breakers, statistics, logs and metrics share.
//!
//! A status alone says too little. 429 is a full minute, a spent month or a request that never fits; 400 is a prompt too
//! long for this model or a typing mistake; 200 can be an error. So the headers and the body of a failing answer are read, and error
//! frames of streams alike, and become one [`Judgement`].
//!
//! What decides, in this order:
//!
//! 1. who made the answer: what the proxy made itself is a timeout, refused or reset;
//! 2. words that name one thing exactly, such as `insufficient_quota` ([`words`]);
//! 3. patterns in the error's message, where its status makes them possible ([`phrases`]);
//! 4. words that name a kind, such as `rate_limit_exceeded`;
//! 5. the status; in an error inside a 200, the one that the error itself names.
//!
//! Then, what says that the rate is limited means something else where waiting doesn't help:
//!
//! | what is said | outcome |
//! |---|---|
//! | a day's or a month's quota is gone, unless the wait is at most [`SHORT`] | quota exhausted |
//! | Gemini: a day's quota, whatever the wait; a quota of 0; or a wait beyond [`SHORT`] | quota exhausted |
//! | Azure OpenAI: retry after a day or more, which it says of a request that is larger than a minute's quota | too large |
//!
//! The wait, of which the first that is there counts: `retry-after-ms`, `retry-after`, the body's own member, the reset of the
//! dimension that ran out, the message.
//!
//! Sources: the providers' pages on errors and limits, recorded bodies in the issues of their SDKs, and for Gemini
//! google-gemini/gemini-cli, `googleQuotaErrors.ts`. Unknown shapes are judged by their status.

mod code;
mod dimension;
mod phrases;
mod quota;
mod said;
mod walk;
mod words;

use std::time::Duration;

use seawall_policy::policy::Provider;

pub(crate) use self::code::Code;
pub(crate) use self::dimension::{Dimension, Period, Unit};
use self::phrases::Under;
pub(crate) use self::quota::{Grant, quota};
use self::said::Said;
use self::words::{Weight, meaning};
use crate::event::{Answer, Origin};
use crate::headers::Headers;
use crate::retry::{LONGEST, wait, wait_ms};
use crate::telemetry::Outcome;
use crate::time::Timestamp;

/// As much of an error's body as is read.
pub(crate) const MOST_ERROR: usize = 64 * 1024;
/// As much of a successful answer as is searched for an error: answers name their content early, and errors are short.
const MOST_SUCCESS: usize = 8 * 1024;
/// The longest wait after which a limited rate still is one (gemini-cli, `RETRYABLE_QUOTA` in `googleQuotaErrors.ts`: five
/// minutes).
pub(crate) const SHORT: Duration = Duration::from_secs(300);

/// What an attempt came to, and what the provider says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) outcome: Outcome,
    /// How long the provider asks to wait; never longer than a day.
    pub(crate) wait: Option<Duration>,
    /// What ran out, if something did.
    pub(crate) dimension: Option<Dimension>,
    /// The provider's own name for it.
    pub(crate) code: Option<Code>,
}

impl Judgement {
    /// One about which nobody says more.
    pub(crate) fn plain(outcome: Outcome) -> Self {
        Self { outcome, wait: None, dimension: None, code: None }
    }

    /// Whether this failure tells the client more than an earlier one of the same request, so that it is the one to go out when
    /// all attempts have failed. As a rule the first says what is wrong, and what came of trying elsewhere only hides it: a
    /// fallback may refuse what the first target takes. But no answer at all says less than a provider's own.
    pub(crate) fn tells_more_than(&self, earlier: &Self) -> bool {
        let is_silent = matches!(
            earlier.outcome,
            Outcome::Timeout
                | Outcome::Refused
                | Outcome::Reset
                | Outcome::Truncated
                | Outcome::InvalidOutput
        );
        let is_told = matches!(
            self.outcome,
            Outcome::Throttled | Outcome::Overloaded | Outcome::QuotaExhausted | Outcome::ServerError
        );
        is_silent && is_told
    }
}

/// Judges an answer by who made it, its status, its headers and the first 64 KiB of its body. The body of an answer below 400
/// isn't read here, see [`error_in_success`].
pub(crate) fn judge(provider: Provider, answer: &Answer, now: Timestamp) -> Judgement {
    match answer.origin {
        Origin::Provider if answer.status < 400 => Judgement::plain(Outcome::Success),
        Origin::Provider => {
            let name = answer.headers.get("x-amzn-errortype").unwrap_or_default();
            let body = answer.body.get(..MOST_ERROR).unwrap_or(&answer.body);
            let said = Said::read(name.as_bytes(), body, false);
            of(provider, answer.status, Some(&answer.headers), &said, now)
        }
        Origin::Timeout => Judgement::plain(Outcome::Timeout),
        Origin::Connect | Origin::Full => Judgement::plain(Outcome::Refused),
        Origin::Reset => Judgement::plain(Outcome::Reset),
    }
}

/// Judges the data of one event of a stream, if it is an error: an event of that name, one of Bedrock's exceptions, or data
/// that is by its shape an error and no part of an answer. `name` is the event's, or the exception's type.
pub(crate) fn judge_event(
    provider: Provider,
    name: Option<&[u8]>,
    data: &[u8],
    now: Timestamp,
) -> Option<Judgement> {
    let name = name.unwrap_or_default();
    let is_exception = name.get(name.len().saturating_sub(9)..).is_some_and(|end| end == b"Exception");
    let is_named = is_exception || matches!(name, b"error" | b"response.failed");
    let data = data.get(..MOST_ERROR).unwrap_or(data);
    let said = Said::read(if is_exception { name } else { b"" }, data, !is_named);
    (is_named || said.is_error).then(|| of(provider, 0, None, &said, now))
}

/// Judges a body of an answer that claims success, or what of it has arrived, if it is by its shape an error. That an answer
/// speaks of errors makes it none, nor does `"error": null`.
pub(crate) fn error_in_success(provider: Provider, body: &[u8], now: Timestamp) -> Option<Judgement> {
    judge_event(provider, None, body.get(..MOST_SUCCESS).unwrap_or(body), now)
}

/// Judges what an error says; `status` is 0 where the answer had claimed success.
fn of(
    provider: Provider,
    status: u16,
    headers: Option<&Headers>,
    said: &Said<'_>,
    now: Timestamp,
) -> Judgement {
    let (mut outcome, word) = outcome(provider, status, said);
    let grants = headers.map(|headers| quota(headers, now)).unwrap_or_default();
    let exhausted = quota::exhausted(&grants);
    let is_limited = matches!(outcome, Outcome::Throttled | Outcome::QuotaExhausted);
    let header = |name| headers.and_then(|headers| headers.get(name));
    let wait = header("retry-after-ms")
        .and_then(wait_ms)
        .or_else(|| header("retry-after").and_then(|value| wait(value, now)))
        .or(said.delay)
        .or_else(|| exhausted.filter(|_| is_limited)?.reset)
        .or_else(|| phrases::wait(said.message))
        .filter(|_| outcome.is_failure());
    let named = || {
        let unit = said.words().find_map(|word| match word {
            b"requests" => Some(Unit::Requests),
            b"tokens" => Some(Unit::Tokens),
            _ => None,
        })?;
        Some(Dimension { period: Period::Unsaid, unit })
    };
    let dimension = said
        .quota
        .or_else(|| phrases::dimension(said.message))
        .or_else(|| Some(exhausted?.dimension))
        .or_else(named)
        .filter(|_| is_limited);
    if outcome == Outcome::Throttled {
        let is_long = wait.is_some_and(|wait| wait > SHORT);
        let is_slow = dimension.is_some_and(|dimension| dimension.period >= Period::Day);
        let is_azure = provider == Provider::Azure || said::contains(said.message, b"azure openai");
        // Google's own name for it: Gemini may be behind another dialect.
        let is_google = said.words().any(|word| word == b"RESOURCE_EXHAUSTED");
        let is_none_granted =
            || ["limit: 0,", "limit: 0\\n"].iter().any(|text| said::contains(said.message, text.as_bytes()));
        if is_azure && wait == Some(LONGEST) {
            outcome = Outcome::TooLarge;
        } else if is_google && (is_slow || is_long || is_none_granted())
            || is_slow && (is_long || wait.is_none())
        {
            outcome = Outcome::QuotaExhausted;
        }
    }
    let wait = wait.filter(|_| outcome.is_failure());
    Judgement { outcome, wait, dimension, code: word.and_then(Code::new) }
}

/// The outcome, and the word that says most about it.
fn outcome<'b>(provider: Provider, status: u16, said: &Said<'b>) -> (Outcome, Option<&'b [u8]>) {
    let mut best: Option<(Weight, Outcome, &[u8])> = None;
    for word in said.words() {
        if let Some((weight, outcome)) = meaning(word)
            && best.is_none_or(|(known, ..)| weight > known)
        {
            best = Some((weight, outcome, word));
        }
    }
    let word = match best {
        Some((weight, _, word)) if weight > Weight::Vague || said.code.is_empty() => Some(word),
        None if said.code.is_empty() => said.words().next(),
        _ => Some(said.code),
    };
    let status = if status == 0 { said.status.unwrap_or_default() } else { status };
    let by_status = by_status(provider, status);
    let by_word = |least: Weight| best.filter(|(weight, ..)| *weight >= least).map(|(_, outcome, _)| outcome);
    let kind = by_word(Weight::Kind).or(by_status).or(by_word(Weight::Vague)).unwrap_or(Outcome::ServerError);
    let under = match kind {
        Outcome::Throttled => Under::Throttled,
        outcome if outcome.is_failure() => Under::Server,
        _ => Under::Client,
    };
    let is_missing = status == 404 && said::contains(said.message, b"model");
    let outcome = by_word(Weight::Exact)
        .or_else(|| phrases::outcome(said.message, under))
        .or(is_missing.then_some(Outcome::ModelNotFound))
        .unwrap_or(kind);
    (outcome, word)
}

/// What a status means by itself; `None` where it is none of an error.
fn by_status(provider: Provider, status: u16) -> Option<Outcome> {
    Some(match status {
        402 => Outcome::QuotaExhausted,
        // 524 is Cloudflare's, which stands before some providers.
        408 | 504 | 524 => Outcome::Timeout,
        413 => Outcome::TooLarge,
        // A dependency failed: there, the model.
        424 if provider == Provider::Bedrock => Outcome::ServerError,
        429 => Outcome::Throttled,
        // 529 is Anthropic's.
        503 | 529 => Outcome::Overloaded,
        400..500 => Outcome::ClientError,
        500.. => Outcome::ServerError,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;

//! What a provider says about when to come back, in every form in which one says it.
//!
//! | form | example | who |
//! |---|---|---|
//! | seconds | `20`, `0.5` | `retry-after` (RFC 9110, 10.2.3); Cerebras' resets |
//! | milliseconds | `1500` | `retry-after-ms`: OpenAI, Azure OpenAI |
//! | duration | `6m0s`, `120ms`, `1h2m3.5s` | OpenAI's resets (Go, `time.ParseDuration`); Gemini's `retryDelay` (`google.protobuf.Duration`) |
//! | RFC 3339 | `2025-08-21T12:41:00Z` | Anthropic's resets |
//! | HTTP date | `Sun, 06 Nov 1994 08:49:37 GMT`, and both obsolete forms (RFC 9110, 5.6.7) | `retry-after` |
//! | Unix time | `1741305600`, `1741305600000` | resets of proxies; from a number that no delay reaches |
//! | prose | `Please try again in 7m12s`, `Please retry after 6 seconds` | messages of OpenAI, Azure OpenAI, Gemini |
//!
//! All of it is the provider's text and not to be trusted: what can't be read is `None`, a time in the past is no wait, and none is
//! longer than [`LONGEST`]. Waits are rounded up to the millisecond, never down: too early is a failed attempt.

mod date;
mod span;

use std::time::Duration;

use crate::time::Timestamp;

/// Longest wait that can be asked for; beyond it the value is an accident or an attack, and read as this much.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The first number that is a time since 1970 and no delay: in seconds September 2001, as a delay 31 years.
const UNIX_SECONDS: u64 = 1_000_000_000;
/// The same in milliseconds.
const UNIX_MILLIS: u64 = 1_000_000_000_000;

/// Reads a header that says when to come back, in any form but milliseconds and prose.
pub(crate) fn wait(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let bytes = value.as_bytes();
    if !bytes.first()?.is_ascii_digit() {
        return date::http(value).map(|time| until(time, now));
    }
    if let Some((number, [])) = span::number(bytes) {
        return Some(match number.whole {
            0..UNIX_SECONDS => capped(number.of(Duration::from_secs(1))),
            UNIX_SECONDS..UNIX_MILLIS => until(number.rounded_up(), now),
            UNIX_MILLIS.. => until(number.rounded_up().div_ceil(1000), now),
        });
    }
    if let Some((time, [])) = span::read(bytes) {
        return Some(capped(time));
    }
    date::rfc3339(value).map(|time| until(time, now))
}

/// Reads a header in milliseconds, `retry-after-ms`.
pub(crate) fn wait_ms(value: &str) -> Option<Duration> {
    let (number, rest) = span::number(value.trim().as_bytes())?;
    rest.is_empty().then(|| capped(number.of(Duration::from_millis(1))))
}

/// Reads a duration with its unit that stands at the beginning, as in a message after `try again in`.
pub(crate) fn leading_span(text: &[u8]) -> Option<Duration> {
    span::read(text).map(|(time, _)| capped(time))
}

/// From now until this many seconds after 1970.
fn until(seconds: u64, now: Timestamp) -> Duration {
    capped(Timestamp(0).after(Duration::from_secs(seconds)).since(now))
}

fn capped(wait: Duration) -> Duration {
    let wait = wait.min(LONGEST);
    let part = wait.subsec_nanos() % 1_000_000;
    wait + Duration::from_nanos(if part == 0 { 0 } else { u64::from(1_000_000 - part) })
}

#[cfg(test)]
mod tests;

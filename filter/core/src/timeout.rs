//! How long one attempt may take.
//!
//! | limit | an answer in one piece | a stream |
//! |---|---|---|
//! | headers | like its total | the total, or `first_token` if that is shorter |
//! | first token | – | `first_token` |
//! | idle | – | `idle`: silence between two events |
//! | total | the total, and `per output token` for each of the request's `max_tokens` | ten times as long |
//!
//! A total that adapts is a multiple of what answers of this target and this size usually take, within its bounds; while
//! too few are known it is the longest. For the headers of a stream it is a multiple of the usual time to the first token.
//!
//! Inner limits are always shorter than outer ones: each is cut to what the deadline leaves, which keeps a little back for the
//! filter's own answer. An attempt that was cut short and timed out says nothing about its target.

use std::time::Duration;

use seawall_policy::policy::{Adaptive, Timeout};

use crate::deadline::Deadline;
use crate::time::Timestamp;

/// Times the total that a stream may take from its start to its end.
pub(crate) const STREAM_FACTOR: u32 = 10;

/// What an attempt is asked to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) streams: bool,
    /// The longest answer the request asks for, in tokens.
    pub(crate) max_tokens: Option<u64>,
    /// What the policy's percentile is of answers like this one, of streams to their first token; `None` while too few are
    /// known.
    pub(crate) usual: Option<Duration>,
}

/// From the start of the attempt; idle from the event before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) total: Duration,
    pub(crate) headers: Duration,
    pub(crate) first_token: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    /// Whether the deadline has cut any of them but `idle`.
    pub(crate) is_cut: bool,
}

impl Limits {
    /// No time at all.
    pub(crate) const NONE: Self =
        Self { total: Duration::ZERO, headers: Duration::ZERO, first_token: None, idle: None, is_cut: true };

    /// Where all of the answer must be there within this time.
    pub(crate) fn within(self, left: Option<Duration>) -> Self {
        let total = left.map_or(self.total, |left| left.min(self.total));
        Self { total, is_cut: self.is_cut || total < self.total, ..self }
    }
}

/// The limits of an attempt that begins now; `None` when the deadline leaves it no time.
pub(crate) fn limits(timeout: &Timeout, asked: Asked, deadline: Deadline, now: Timestamp) -> Option<Limits> {
    let each = timeout.per_output_token.unwrap_or_default();
    let tokens = u32::try_from(asked.max_tokens.unwrap_or_default()).unwrap_or(u32::MAX);
    let generation = each.saturating_mul(tokens);
    let whole = timeout.adaptive.map_or(timeout.total, |rule| adapted(rule, timeout.total, asked.usual));
    let first_token = timeout.first_token.filter(|_| asked.streams);
    let (total, headers) = if asked.streams {
        let total = timeout.total.saturating_mul(STREAM_FACTOR);
        (total.saturating_add(generation), first_token.map_or(whole, |first| first.min(whole)))
    } else {
        let total = whole.saturating_add(generation);
        (total, total)
    };
    let to_begin = deadline.left_to_begin(now).unwrap_or(Duration::MAX);
    let to_end = deadline.left_to_end(now).unwrap_or(Duration::MAX);
    if to_begin.is_zero() {
        return None;
    }
    let is_cut = total > to_end || headers > to_begin || first_token.is_some_and(|first| first > to_begin);
    Some(Limits {
        total: total.min(to_end),
        headers: headers.min(to_begin).min(to_end),
        first_token: first_token.map(|first| first.min(to_begin)),
        idle: timeout.idle.filter(|_| asked.streams),
        is_cut,
    })
}

fn adapted(rule: Adaptive, longest: Duration, usual: Option<Duration>) -> Duration {
    let Some(usual) = usual else { return longest };
    usual.saturating_mul(rule.hundredths).checked_div(100).unwrap_or(longest).max(rule.min).min(longest)
}

#[cfg(test)]
#[path = "timeout_tests.rs"]
mod tests;

//! How long one attempt may take.
//!
//! | limit | an answer in one piece | a stream |
//! |---|---|---|
//! | headers | like its total | the total, or `first_token` if that is shorter |
//! | first token | – | `first_token`; while it is held, what the deadline leaves to its beginning |
//! | idle | – | `idle`: silence between two events |
//! | total | the total, and `per output token` for each of the request's `max_tokens` | ten times as long |
//!
//! A total that adapts is a multiple of what answers of this target and this size usually take, within its bounds; while
//! too few are known it is the longest. For the headers of a stream it is a multiple of the usual time to the first token.
//!
//! A stream that is dispatched comes as a whole, and between its headers and its end nothing of it is seen: neither
//! `first_token` nor `idle` holds. Its total adapts instead, to what streams usually take to their end.
//!
//! Inner limits are always shorter than outer ones: each is cut to what the deadline leaves, which keeps a little back for the
//! filter's own answer. An attempt that was cut short and timed out says nothing about its target.

use std::time::Duration;

use seawall_policy::policy::{Adaptive, Timeout};

use crate::deadline::Deadline;
use crate::time::Timestamp;

/// Times the total that a stream may take from its start to its end.
const STREAM_FACTOR: u32 = 10;

/// What an attempt is asked to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) streams: bool,
    /// Nothing of the stream goes to the caller before its first content.
    pub(crate) is_held: bool,
    /// The longest answer the request asks for, in tokens.
    pub(crate) max_tokens: Option<u64>,
    /// What the policy's percentile is of answers like this one, of streams to their first token; `None` while too few are
    /// known.
    pub(crate) usual: Option<Duration>,
    /// The same of streams to their end, where the answer comes as a whole.
    pub(crate) usual_end: Option<Duration>,
}

/// From the start of the attempt; idle from the event before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) total: Duration,
    pub(crate) headers: Duration,
    pub(crate) first_token: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) cut: Cut,
}

/// Which of the limits the deadline has cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) total: bool,
    pub(crate) headers: bool,
    pub(crate) first_token: bool,
}

/// How much of an answer has come: which of the limits still run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Nothing,
    Headers,
    Content,
}

/// A host's timers may fire this much early: Envoy's count from when the event loop last looked at the clock, which on a busy
/// machine is a while before the callback that sets one.
pub(crate) const TIMER_ERROR: Duration = Duration::from_millis(20);

impl Limits {
    /// No time at all.
    pub(crate) const NONE: Self = Self {
        total: Duration::ZERO,
        headers: Duration::ZERO,
        first_token: None,
        idle: None,
        cut: Cut { total: true, headers: true, first_token: false },
    };

    /// Where all of the answer must be there within this time.
    pub(crate) fn within(self, left: Option<Duration>) -> Self {
        let total = left.map_or(self.total, |left| left.min(self.total));
        let cut = Cut { total: self.cut.total || total < self.total, ..self.cut };
        Self { total, cut, ..self }
    }

    /// Whether the deadline has cut any of them.
    pub(crate) fn is_cut(self) -> bool {
        self.cut.total || self.cut.headers || self.cut.first_token
    }

    /// Where silence may last so long at most, and that is the target's own limit. What isn't streamed is silent to its end.
    pub(crate) fn silent_for(self, most: Duration, streams: bool) -> Self {
        let is_shorter = |limit: Duration| most < limit;
        let first_token = self.first_token.map(|first| first.min(most));
        let total = if streams { self.total } else { self.total.min(most) };
        let cut = Cut {
            total: self.cut.total && (streams || !is_shorter(self.total)),
            headers: self.cut.headers && !is_shorter(self.headers),
            first_token: self.cut.first_token && !self.first_token.is_some_and(is_shorter),
        };
        Self { total, headers: self.headers.min(most), first_token, cut, ..self }
    }

    /// Whether it was the deadline that has ended an attempt after so long, and not what the target was given.
    pub(crate) fn was_cut(&self, came: Came, took: Duration) -> bool {
        let is_over = |limit: Duration| took.saturating_add(TIMER_ERROR) >= limit;
        let has_not_begun = match came {
            Came::Nothing => self.cut.headers && is_over(self.headers),
            Came::Headers => self.cut.first_token && self.first_token.is_some_and(is_over),
            Came::Content => false,
        };
        has_not_begun || (self.cut.total && is_over(self.total))
    }
}

/// The longest that an attempt may take, whatever is usual.
pub(crate) fn longest(timeout: &Timeout, streams: bool, max_tokens: Option<u64>) -> Duration {
    let total = if streams { timeout.total.saturating_mul(STREAM_FACTOR) } else { timeout.total };
    total.saturating_add(generation(timeout, max_tokens))
}

/// What the tokens of an answer add to its time.
fn generation(timeout: &Timeout, max_tokens: Option<u64>) -> Duration {
    let tokens = u32::try_from(max_tokens.unwrap_or_default()).unwrap_or(u32::MAX);
    timeout.per_output_token.unwrap_or_default().saturating_mul(tokens)
}

/// The limits of an attempt that begins now; `None` when the deadline leaves it no time.
pub(crate) fn limits(timeout: &Timeout, asked: Asked, deadline: Deadline, now: Timestamp) -> Option<Limits> {
    let generation = generation(timeout, asked.max_tokens);
    let whole = timeout.adaptive.map_or(timeout.total, |rule| adapted(rule, timeout.total, asked.usual));
    let first_token = timeout.first_token.filter(|_| asked.streams);
    let (total, headers) = if asked.streams {
        let longest = timeout.total.saturating_mul(STREAM_FACTOR);
        let total = timeout.adaptive.map_or(longest, |rule| adapted(rule, longest, asked.usual_end));
        let total = total.saturating_add(generation);
        (total, first_token.map_or(whole, |first| first.min(whole)).min(total))
    } else {
        let total = whole.saturating_add(generation);
        (total, total)
    };
    let to_begin = deadline.left_to_begin(now).unwrap_or(Duration::MAX);
    let to_end = deadline.left_to_end(now).unwrap_or(Duration::MAX);
    if to_begin.is_zero() {
        return None;
    }
    // What is held must have content by the time that its caller wants to see a beginning.
    let first_token = first_token.or(asked.is_held.then_some(Duration::MAX));
    Some(Limits {
        total: total.min(to_end),
        headers: headers.min(to_begin).min(to_end),
        first_token: first_token.map(|first| first.min(to_begin)).filter(|first| *first < Duration::MAX),
        idle: timeout.idle.filter(|_| asked.streams),
        cut: Cut {
            total: total > to_end,
            headers: headers > to_begin.min(to_end),
            first_token: first_token.is_some_and(|first| first > to_begin),
        },
    })
}

fn adapted(rule: Adaptive, longest: Duration, usual: Option<Duration>) -> Duration {
    let Some(usual) = usual else { return longest };
    usual.saturating_mul(rule.hundredths).checked_div(100).unwrap_or(longest).max(rule.min).min(longest)
}

#[cfg(test)]
#[path = "timeout_tests.rs"]
mod tests;

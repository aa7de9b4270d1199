//! By when a request must be answered, and what that leaves.
//!
//! A route without a `deadline` has none, whatever callers send. One with it heeds, all counted from the arrival of the request's
//! headers:
//!
//! | header | unit | means | 0 |
//! |---|---|---|---|
//! | the one that `deadline header "…"` names | ms, unless it is one of those below | all of the answer | has passed |
//! | `x-request-deadline-ms` | ms | all of the answer | has passed |
//! | `x-envoy-expected-rq-timeout-ms` | ms | all of the answer | none (Envoy's router) |
//! | `grpc-timeout` | a letter behind the number | all of the answer | has passed |
//! | `x-stainless-timeout`, `x-stainless-read-timeout` | s | all of the answer; of a stream its beginning | none |
//!
//! Envoy removes its own of these from what callers send that it doesn't take for internal.
//!
//! The named header holds in place of the policy's `default`, whether it is longer or shorter. The others can only shorten
//! what these two say: official SDKs send their own timeout with every request, mostly one of ten minutes, and it must not
//! take the place of what the admin chose. What isn't a number is read as if it weren't there, and more than a day as a day. A
//! caller can make its own requests fail sooner and nothing else: attempts that the deadline cuts short say nothing about
//! their target.

use std::time::Duration;

use seawall_policy::policy;

use crate::effect::{HeaderList, Text};
use crate::headers::Headers;
use crate::time::{Timestamp, nanos};

/// Longest time a header can give. Beyond it the value is an accident.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Kept back of the whole time, so that the filter's own answer is with the caller before the caller gives up: at most so
/// much, and at most so large a part.
const RESERVE: Duration = Duration::from_millis(50);
const RESERVE_PART: u32 = 20;

/// Less than this is nothing: no provider answers in it, and a host's timers may fire that much early.
pub(crate) const LEAST: Duration = Duration::from_millis(10);

/// What a header's number counts, and what a zero means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Millis,
    /// As Envoy's router writes it: 0 is none.
    RouterMillis,
    /// The read timeout of an SDK: how long it waits for the next byte. 0 is none.
    SdkSeconds,
    /// At most 8 digits and one of `HMSmun` (gRPC over HTTP2, "Timeout").
    Grpc,
}

/// What callers are known to send.
const KNOWN: [(&str, Form); 5] = [
    ("x-request-deadline-ms", Form::Millis),
    ("x-envoy-expected-rq-timeout-ms", Form::RouterMillis),
    ("grpc-timeout", Form::Grpc),
    ("x-stainless-timeout", Form::SdkSeconds),
    ("x-stainless-read-timeout", Form::SdkSeconds),
];

/// In which requests tell the next hop what is left to it.
const PROPAGATED: &str = "x-request-deadline-ms";

/// By when, less the reserve. `None` where nobody says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// Something of the answer must have gone to the caller.
    begin: Option<Timestamp>,
    /// All of it.
    end: Option<Timestamp>,
}

impl Deadline {
    /// That of a request whose headers arrived then.
    pub(crate) fn of(
        rule: Option<&policy::Deadline>,
        headers: &Headers,
        arrived: Timestamp,
        streams: bool,
    ) -> Self {
        let Some(rule) = rule else { return Self::default() };
        let mut deadline = Self::default();
        let named = rule.header.as_deref();
        let said = named.and_then(|name| {
            let form = KNOWN.iter().find(|(known, _)| *known == name).map_or(Form::Millis, |(_, form)| *form);
            Some((form, read(form, headers.get(name)?)?))
        });
        match (said, rule.default) {
            (Some((form, time)), _) => deadline.shorten(form, arrived.after(usable(time)), streams),
            (None, Some(time)) => deadline.shorten(Form::Millis, arrived.after(usable(time)), streams),
            (None, None) => {}
        }
        for (name, form) in KNOWN.into_iter().filter(|(name, _)| named != Some(*name)) {
            if let Some(time) = headers.get(name).and_then(|value| read(form, value)) {
                deadline.shorten(form, arrived.after(usable(time)), streams);
            }
        }
        deadline
    }

    fn shorten(&mut self, form: Form, by: Timestamp, streams: bool) {
        let limit = if form == Form::SdkSeconds && streams { &mut self.begin } else { &mut self.end };
        *limit = Some(limit.map_or(by, |known| known.min(by)));
    }

    /// How much time there is until the answer must have begun; zero when there is none to speak of.
    pub(crate) fn left_to_begin(self, now: Timestamp) -> Option<Duration> {
        let by = match (self.begin, self.end) {
            (Some(begin), Some(end)) => Some(begin.min(end)),
            (begin, end) => begin.or(end),
        };
        by.map(|by| some(by.since(now)))
    }

    /// How much there is until its end.
    pub(crate) fn left_to_end(self, now: Timestamp) -> Option<Duration> {
        self.end.map(|end| some(end.since(now)))
    }

    /// Tells the next hop how much is left to it: headers to set, in place of the caller's.
    pub(crate) fn propagated(self, rule: Option<&policy::Deadline>, now: Timestamp) -> HeaderList {
        let Some(left) = self.left_to_end(now) else { return HeaderList::new() };
        let value: Text = (nanos(left) / 1_000_000).to_string().into();
        let named = rule.and_then(|rule| rule.header.as_deref());
        let is_known = |name: &str| KNOWN.iter().any(|(known, _)| *known == name);
        let mut list = vec![(Text::Word(PROPAGATED), value.clone())];
        list.extend(named.filter(|name| !is_known(name)).map(|name| (name.into(), value)));
        list
    }
}

fn usable(time: Duration) -> Duration {
    time.saturating_sub(RESERVE.min(time / RESERVE_PART))
}

fn some(left: Duration) -> Duration {
    if left < LEAST { Duration::ZERO } else { left }
}

/// `None` for what is no time, or says that there is no limit.
fn read(form: Form, value: &str) -> Option<Duration> {
    const MS: u64 = 1_000_000;
    const S: u64 = 1_000 * MS;
    let value = value.trim();
    let time = match form {
        Form::Millis | Form::RouterMillis => number(value, MS)?,
        Form::SdkSeconds => number(value, S)?,
        Form::Grpc => {
            let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
            let unit = match unit {
                "H" => 3_600 * S,
                "M" => 60 * S,
                "S" => S,
                "m" => MS,
                "u" => 1_000,
                "n" => 1,
                _ => return None,
            };
            if digits.len() > 8 || digits.contains('.') {
                return None;
            }
            number(digits, unit)?
        }
    };
    let is_unlimited = matches!(form, Form::RouterMillis | Form::SdkSeconds) && time.is_zero();
    (!is_unlimited).then_some(time)
}

/// A number of units of so many nanoseconds, with or without a fraction, which is rounded down.
fn number(value: &str, unit_ns: u64) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // More digits than fit are more than a day.
    let whole = whole.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit_ns);
    let thousandths =
        fraction.bytes().chain(*b"000").take(3).fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'));
    let time = Duration::from_nanos(whole.saturating_add(thousandths * unit_ns / 1_000));
    Some(time.min(LONGEST))
}

#[cfg(test)]
#[path = "deadline_tests.rs"]
mod tests;

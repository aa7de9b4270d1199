//! What a simulated provider is told to do with one request: a [`Behaviour`]. The same words serve scenario files, the
//! command line, the control API and the test host's scripted upstreams.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::header::{self, HeaderName, HeaderValue};
use serde::de::{self, Deserializer, Unexpected};
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::duration;
use crate::errors::ErrorKind;
use crate::plan::Times;
use crate::said::Finish;

/// A request may bring its own [`Behaviour`], as JSON in this header; the script does not move on then.
pub const OVERRIDE_HEADER: &str = "x-simulate";

/// What happens to one request. The default is a prompt, correct answer with status 200.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// How many requests in a row get this; `forever` for all that follow.
    pub times: Times,
    /// Whose words errors and rate-limit headers use. By default those of the API that the request's path belongs to.
    pub dialect: Option<Dialect>,
    /// Status of the answer: by default that of `error`, or 200. From 400 up the body is an error.
    #[serde(deserialize_with = "status")]
    pub status: Option<u16>,
    /// An error as this provider words it, with the headers it sends then. With a status below 400 it is an error inside an
    /// answer: the JSON in place of the answer, or in a stream one event after `after` others (by default the first).
    pub error: Option<ErrorKind>,
    /// The whole body, as it is. With a `content-type` of `text/event-stream` among the `headers`, it is a stream.
    pub body: Option<String>,
    /// So many spaces more after the first byte of a body that is no stream, as JSON may have them.
    pub padding: u32,
    /// Extra answer headers, e.g. `retry-after`.
    #[serde(deserialize_with = "headers")]
    pub headers: BTreeMap<String, String>,
    /// Requests left, as this provider's rate-limit headers say it.
    pub remaining_requests: Option<u64>,
    /// Tokens left, likewise.
    pub remaining_tokens: Option<u64>,
    /// Time until what is used up is there again, in the headers and in the words of an error. One second by default.
    #[serde(with = "duration::option")]
    pub reset: Option<Duration>,
    /// What the answer says.
    pub text: Option<String>,
    /// How long it is, in tokens (each a word here); the text is repeated or shortened.
    pub tokens: Option<u32>,
    /// Why the answer ends.
    pub finish: Finish,
    /// Wait before the answer's headers.
    #[serde(with = "duration")]
    pub latency: Duration,
    /// Wait between the headers and the first chunk of a stream.
    #[serde(with = "duration")]
    pub first_token: Duration,
    /// Wait between the chunks of a stream.
    #[serde(with = "duration")]
    pub between_tokens: Duration,
    pub fault: Option<Fault>,
    /// How many events of a stream come before the fault or the error.
    pub after: Option<u32>,
}

impl Behaviour {
    /// Reads the value of [`OVERRIDE_HEADER`].
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_override(value: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(value).map_err(|error| format!("{OVERRIDE_HEADER}: {error}"))
    }
}

/// What goes wrong below HTTP, or in the body of an answer whose status says that all is well. A JSON body counts as
/// half there where a stream has had `after` events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset (TCP RST) after the request was read, before any answer.
    Reset,
    /// The connection is reset after the headers, before any byte of the body.
    ResetAfterHeaders,
    /// The connection is reset after half of the body, or after two events of a stream.
    Cut,
    /// Nothing is ever answered.
    Hang,
    /// Nothing more ever comes after half of the body, or after two events of a stream; the connection stays open.
    Stall,
    /// The headers, and then an orderly end.
    Empty,
    /// Half of the body, or of a stream's events, and then an orderly end.
    Truncated,
    /// The body is JSON that stops in the middle; the answer ends in an orderly way. In a stream, it is an event that does.
    Malformed,
    /// After two events of a stream comes one that is not JSON; the others follow. A JSON body is malformed.
    BadEvent,
    /// A stream ends in an orderly way without its last event: `[DONE]`, `message_stop`. A JSON body is whole.
    MissingEnd,
    /// A stream stays open, silent, without its last event. A JSON body is whole.
    LeftOpen,
}

impl Fault {
    /// Its word, as in a plan.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::ResetAfterHeaders => "reset_after_headers",
            Self::Cut => "cut",
            Self::Hang => "hang",
            Self::Stall => "stall",
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::BadEvent => "bad_event",
            Self::MissingEnd => "missing_end",
            Self::LeftOpen => "left_open",
        }
    }
}

/// A status that ends an exchange: 1xx would leave the caller waiting for the real one.
fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let status = Option::<u16>::deserialize(deserializer)?;
    match status {
        Some(status) if !(200..=599).contains(&status) => {
            Err(de::Error::invalid_value(Unexpected::Unsigned(status.into()), &"a status from 200 to 599"))
        }
        status => Ok(status),
    }
}

/// Headers that can be sent. Framing belongs to the server: a length that lies is not among the faults.
fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let given = BTreeMap::<String, String>::deserialize(deserializer)?;
    given
        .into_iter()
        .map(|(name, value)| {
            let valid = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| de::Error::custom(format_args!("`{name}` is not a header name")))?;
            if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(&valid) {
                return Err(de::Error::custom(format_args!("`{name}` is set by the provider itself")));
            }
            if HeaderValue::from_str(&value).is_err() {
                return Err(de::Error::custom(format_args!("the value of `{name}` is not a header value")));
            }
            Ok((valid.as_str().to_owned(), value))
        })
        .collect()
}

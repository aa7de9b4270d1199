//! What an error body or an error frame says, in whichever dialect.
//!
//! | provider | shape |
//! |---|---|
//! | OpenAI, Azure OpenAI, vLLM from 0.10 | `{"error":{"message","type","param","code"}}`, Azure with `innererror.code` |
//! | OpenAI's Responses, in a stream | `{"type":"error","code","message"}`, `{"type":"response.failed","response":{"error":{…}}}` |
//! | Anthropic | `{"type":"error","error":{"type","message"}}` |
//! | Gemini | `{"error":{"code","message","status","details":[…]}}`, also in an array |
//! | Bedrock | `{"message"}` with the name in a header, or `{"__type","message"}` |
//! | Mistral, older vLLM | `{"object":"error","message","type","param","code"}` |
//! | Azure's API Management | `{"statusCode","message"}` |
//! | others | `{"error":"text"}`, `{"detail":"text"}` |
//!
//! The shapes don't contradict each other, so one reading serves them all, whatever a policy says that a target speaks: behind
//! `openai` there may be any of them.

use std::time::Duration;

use super::dimension::{Dimension, Period, Unit};
use super::walk::{Key, Scalar, walk};
use crate::retry::leading_span;

/// Words an error can have: header, type, code, status, reason, parameter, and some in details.
const MOST_WORDS: usize = 10;
/// As much of a message as is searched. Patterns stand in front; what comes later may be the caller's own prompt.
const MOST_MESSAGE: usize = 1024;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'b> {
    words: [&'b [u8]; MOST_WORDS],
    count: usize,
    /// The one that the body itself calls its code.
    pub(super) code: &'b [u8],
    /// Escapes are left in it.
    pub(super) message: &'b [u8],
    /// The status that the body itself names.
    pub(super) status: Option<u16>,
    /// How long to wait, by a member made for it.
    pub(super) delay: Option<Duration>,
    /// The quota that ran out, by its id; of several the longest period.
    pub(super) quota: Option<Dimension>,
    /// Whether it is by its shape an error, and no answer.
    pub(super) is_error: bool,
}

impl<'b> Said<'b> {
    /// Reads an error; `name` is what names it outside of its body. With `until_content`, only as far as it can be an
    /// error and no answer.
    pub(super) fn read(name: &'b [u8], body: &'b [u8], until_content: bool) -> Self {
        let mut said = Self::default();
        said.word(name);
        walk(body, &mut |path, scalar| {
            if until_content && path.first() == Some(&Key::Content) {
                return false;
            }
            said.take(path, scalar);
            true
        });
        said
    }

    /// Whatever names the error, the name outside of its body first.
    pub(super) fn words(&self) -> impl Iterator<Item = &'b [u8]> {
        self.words.iter().take(self.count).copied()
    }

    fn take(&mut self, path: &[Key], scalar: Scalar<'b>) {
        let (place, is_inside) = match path {
            [Key::Response, Key::Error, place @ ..] | [Key::Error, place @ ..] => (place, true),
            place => (place, false),
        };
        let (value, is_text) = match scalar {
            Scalar::Text(value) => (value, true),
            Scalar::Plain(value) => (value, false),
        };
        // `"error": null` and an error without content are what answers have that are none.
        self.is_error |= is_inside && !matches!(value, b"" | b"null" | b"false" | b"0" | b"{}");
        match (place, is_text) {
            ([], true) if is_inside => self.say(value),
            ([Key::Type | Key::Object], true) if !is_inside && value == b"error" => self.is_error = true,
            ([Key::Exception], true) => {
                self.is_error = true;
                self.word(value);
            }
            // It names the event, not the error.
            ([Key::Type], true) if value.starts_with(b"response.") => {}
            (
                [Key::Type | Key::Code | Key::Status | Key::ErrorType]
                | [Key::InnerError, Key::Code]
                | [Key::Details | Key::Errors, Key::Reason],
                true,
            ) => {
                self.numbered(value);
                let known = self.count;
                self.word(value);
                if place == [Key::Code] && self.count > known {
                    self.code = value;
                }
            }
            // Any other member's name may be one that the caller has made up.
            ([Key::Param], true) if value == b"input_tokens" => self.word(value),
            ([Key::Code | Key::Status | Key::StatusCode], false) => self.numbered(value),
            ([Key::Message | Key::Detail] | [Key::Message, Key::Detail], true) => self.say(value),
            ([Key::Details, Key::RetryDelay] | [Key::Details, Key::Metadata, Key::ResetDelay], true)
                if self.delay.is_none() =>
            {
                self.delay = leading_span(value)
            }
            (
                [Key::Details, Key::Violations, Key::QuotaId]
                | [Key::Details, Key::Metadata, Key::QuotaLimit],
                true,
            ) => self.quota = self.quota.max(Some(quota_of(value))),
            _ => {}
        }
    }

    fn say(&mut self, message: &'b [u8]) {
        if self.message.is_empty() {
            self.message = message.get(..MOST_MESSAGE).unwrap_or(message);
        }
    }

    /// A status, if this number is one. Codes are numbers too.
    fn numbered(&mut self, value: &[u8]) {
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        self.status = self.status.or(number.filter(|status| (400..600).contains(status)));
    }

    /// A word without its name space: `ThrottlingException:http://…` (Bedrock's header), `com.amazon.coral#ThrottlingException`.
    fn word(&mut self, word: &'b [u8]) {
        let word = word.split(|byte| *byte == b':').next().unwrap_or_default();
        let word = word.rsplit(|byte| *byte == b'#').next().unwrap_or_default();
        if word.is_empty() || word.iter().all(u8::is_ascii_digit) {
            return;
        }
        if let Some(place) = self.words.get_mut(self.count) {
            *place = word;
            self.count += 1;
        }
    }
}

/// Google's ids say what they count: `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
fn quota_of(id: &[u8]) -> Dimension {
    let has = |part: &[u8]| contains(id, part);
    let unit = if has(b"InputToken") {
        Unit::InputTokens
    } else if has(b"OutputToken") {
        Unit::OutputTokens
    } else if has(b"Token") {
        Unit::Tokens
    } else {
        Unit::Requests
    };
    let period = if has(b"PerDay") {
        Period::Day
    } else if has(b"PerMinute") {
        Period::Minute
    } else {
        Period::Unsaid
    };
    Dimension { period, unit }
}

/// Whether this ASCII text is there, in whatever case.
pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

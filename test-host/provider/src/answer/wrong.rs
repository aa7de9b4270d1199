//! Answers that are errors, and the headers that tell of limits.

use std::time::Duration;

use super::generate::before_element;
use super::{Answer, sound};
use crate::asked::Asked;
use crate::dialect::Dialect;
use crate::errors::{self, ErrorKind, Facts, Wrong};
use crate::limits::{self, Left};
use crate::script::Behaviour;

/// An error of a kind: with its own status, or inside of an answer.
pub(super) fn of_kind(
    provider: &str,
    dialect: Dialect,
    kind: ErrorKind,
    behaviour: &Behaviour,
    asked: &Asked<'_>,
) -> Answer {
    let wrong = errors::of_kind(dialect, kind, facts(provider, behaviour, asked));
    let status = behaviour.status.unwrap_or(wrong.status);
    if status < 400 && asked.stream() {
        let rest = Behaviour { error: None, ..behaviour.clone() };
        let mut answer = sound(provider, dialect, &rest, asked);
        answer.chunks.truncate(behaviour.after.unwrap_or(0) as usize);
        let events = answer.chunks.len();
        answer.chunks.push(match asked.is_array() {
            true => format!("{}{}\n]", before_element(events), wrong.body).into(),
            false => errors::frame(dialect, asked.place.map(|place| place.api), &wrong),
        });
        return answer;
    }
    named(Answer::json(status, wrong.body.clone()), &wrong)
}

/// An error of which nothing but the status was said.
pub(super) fn of_status(
    provider: &str,
    dialect: Dialect,
    status: u16,
    behaviour: &Behaviour,
    asked: &Asked<'_>,
) -> Answer {
    if matches!(dialect, Dialect::OpenAi | Dialect::Azure) {
        return Answer::json(status, errors::of_status(status, provider));
    }
    let kind = ErrorKind::of_status(status);
    let wrong = errors::of_kind(dialect, kind, facts(provider, behaviour, asked));
    named(Answer::json(status, wrong.body.clone()), &wrong)
}

/// Bedrock gives errors a name, outside of the body.
fn named(mut answer: Answer, wrong: &Wrong) -> Answer {
    if !wrong.name.is_empty() {
        answer.set("x-amzn-errortype", wrong.name);
    }
    answer
}

fn facts<'a>(provider: &'a str, behaviour: &Behaviour, asked: &'a Asked<'_>) -> Facts<'a> {
    Facts { provider, model: asked.model().unwrap_or("unknown"), reset: reset(behaviour) }
}

/// Until what is used up is there again.
fn reset(behaviour: &Behaviour) -> Duration {
    let usual = behaviour.error.and_then(ErrorKind::usual_reset);
    behaviour.reset.or(usual).unwrap_or(Duration::from_secs(1))
}

/// Rate-limit headers: where they are asked for, and with the errors that tell of a limit.
pub(super) fn limits(dialect: Dialect, behaviour: &Behaviour, asked: &Asked<'_>) -> limits::Headers {
    let (mut requests, mut tokens) = (behaviour.remaining_requests, behaviour.remaining_tokens);
    // Inside of an answer that says that all is well, no header tells of it.
    let outside = behaviour.status.is_none_or(|status| status >= 400);
    let throttled = outside && behaviour.error.and_then(ErrorKind::usual_reset).is_some();
    if throttled && (requests, tokens) == (None, None) {
        match behaviour.error {
            Some(ErrorKind::TokenRateLimit) => tokens = Some(0),
            _ => requests = Some(0),
        }
    }
    let mut headers = Vec::new();
    if requests.is_some() || tokens.is_some() {
        let left = Left { requests, tokens, reset: reset(behaviour), now: asked.now };
        headers.extend(limits::headers(dialect, left));
    }
    if throttled {
        headers.extend(limits::retry_after(dialect, reset(behaviour)));
    }
    headers
}

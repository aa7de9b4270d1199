//! What an attempt came to: the one definition that breakers, retries, logs and metrics share.

use seawall_policy::policy::Trigger;

use crate::event::{Answer, Origin};
use crate::telemetry::Outcome;

/// Judges an answer by who made it and by its status.
pub(crate) fn classify(answer: &Answer) -> Outcome {
    match (answer.origin, answer.status) {
        (Origin::Timeout, _) => Outcome::Timeout,
        (Origin::Connect, _) => Outcome::Refused,
        (Origin::Reset, _) => Outcome::Reset,
        (Origin::Provider, 408) => Outcome::Timeout,
        (Origin::Provider, 429) => Outcome::Throttled,
        (Origin::Provider, 503 | 529) => Outcome::Overloaded,
        (Origin::Provider, 500..) => Outcome::ServerError,
        (Origin::Provider, 400..) => Outcome::ClientError,
        (Origin::Provider, _) => Outcome::Success,
    }
}

/// The word of a policy's `on` that this answer matches, if it lists it.
pub(crate) fn trigger(answer: &Answer) -> Trigger {
    match answer.origin {
        Origin::Provider => Trigger::Status(answer.status),
        Origin::Timeout => Trigger::Timeout,
        Origin::Connect => Trigger::Connect,
        Origin::Reset => Trigger::Reset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::Headers;

    #[test]
    fn every_answer_has_one_outcome() {
        let table = [
            (Origin::Provider, 200, Outcome::Success),
            (Origin::Provider, 304, Outcome::Success),
            (Origin::Provider, 400, Outcome::ClientError),
            (Origin::Provider, 401, Outcome::ClientError),
            (Origin::Provider, 404, Outcome::ClientError),
            (Origin::Provider, 408, Outcome::Timeout),
            (Origin::Provider, 422, Outcome::ClientError),
            (Origin::Provider, 429, Outcome::Throttled),
            (Origin::Provider, 500, Outcome::ServerError),
            (Origin::Provider, 502, Outcome::ServerError),
            (Origin::Provider, 503, Outcome::Overloaded),
            (Origin::Provider, 504, Outcome::ServerError),
            (Origin::Provider, 529, Outcome::Overloaded),
            (Origin::Provider, 599, Outcome::ServerError),
            (Origin::Timeout, 504, Outcome::Timeout),
            (Origin::Connect, 503, Outcome::Refused),
            (Origin::Reset, 503, Outcome::Reset),
            (Origin::Reset, 0, Outcome::Reset),
        ];
        for (origin, status, expected) in table {
            let answer = Answer { status, origin, headers: Headers::default(), body: Vec::new() };
            assert_eq!(classify(&answer), expected, "{origin:?} {status}");
        }
    }
}

//! Which answers are watched, and by what rules.

use seawall_policy::policy::StreamMode;

use crate::counting;
use crate::event::{Answer, Half};
use crate::exchange::{Attempt, Exchange};
use crate::stream::{Dialect, Framing, Gate, Limits, MOST_DOCUMENT, Rules, Watch, is_unsaid};
use crate::turn::Turn;

impl Exchange {
    /// What watches this answer at a half, if it is one of a model and can be read; `None`: it has come as a whole. `start` is
    /// what of its body is here.
    pub(super) fn gate(
        &self,
        turn: &Turn<'_>,
        attempt: &Attempt,
        (answer, start): (&Answer, &[u8]),
        half: Option<Half>,
    ) -> Option<Gate> {
        let is_plain = answer.headers.get("content-encoding").is_none_or(|encoding| encoding == "identity");
        if answer.status >= 400 || !is_plain {
            return None;
        }
        let route = turn.config.route(self.route)?;
        let (target, _) = turn.config.attempt(self.route, attempt.position)?;
        let operation = self.operation_at(target);
        let dialect = Dialect::to(turn.config.provider(self.route, attempt.position), operation);
        let streams = dialect == Dialect::Gemini && operation.streams();
        let kind = answer.headers.get("content-type");
        let is_answer = self.asks_model() && answer.status < 300 && operation.asks_model();
        let framing = match Framing::of(dialect, kind.unwrap_or_default(), streams) {
            Some(framing) => framing,
            // What Bedrock passes on unread may be written in any way.
            None if is_answer && !operation.invokes() && is_unsaid(kind) => {
                Framing::shown(dialect, start, streams)?
            }
            None => return None,
        };
        let limits = attempt.limits;
        let rules = if framing == Framing::Document {
            if !is_answer {
                return None;
            }
            let length = answer.headers.get("content-length").and_then(|length| length.parse().ok());
            let is_long = half.is_some() && length.is_some_and(|length: usize| length > MOST_DOCUMENT);
            let mode = if is_long { StreamMode::Live } else { StreamMode::Complete };
            // What the upstream half holds the router ends in time, and the downstream half is told.
            let total = (half == Some(Half::Downstream)).then_some(limits.total);
            // It may still turn out to be a stream.
            let first_token =
                limits.first_token.filter(|_| half.is_some() && is_unsaid(kind) && start.is_empty());
            let limits = Limits { first_token, total, idle: None };
            // What is dispatched is here as a whole.
            let keeps = !is_long && half.is_some() && self.rules(turn, attempt.position).is_some();
            Rules { mode, malformed: route.malformed, limits, hides_usage: false, keeps }
        } else {
            Rules {
                mode: if half.is_some() { route.stream } else { StreamMode::Complete },
                malformed: route.malformed,
                limits: Limits {
                    first_token: limits.first_token,
                    idle: limits.idle,
                    total: Some(limits.total),
                },
                hides_usage: self.asks_usage(turn.config, attempt.position),
                keeps: false,
            }
        };
        let watch = Watch::new(dialect, framing).to(operation);
        let watch = match self.facts.as_ref().filter(|_| framing != Framing::Document) {
            Some(facts) => watch.asking(facts.choices(&self.body)),
            None => watch,
        };
        // What comes of one that breaks off is counted where somebody is charged for it.
        let watch = if self.who.is_some() && framing != Framing::Document {
            let model = self.model_at(turn.config, attempt.position);
            watch.counting(counting::encoding(model.as_deref().unwrap_or_default()).0)
        } else {
            watch
        };
        let is_followed = framing != Framing::Document
            && rules.mode != StreamMode::Complete
            && self.rules(turn, attempt.position).is_some();
        let watch = if is_followed { watch.collecting() } else { watch };
        Some(Gate::new(watch, rules, attempt.begun, turn.now))
    }
}

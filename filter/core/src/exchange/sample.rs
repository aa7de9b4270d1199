//! Hands answers that were drawn to those who look at them; see [`sampling`](crate::sampling).

use super::{Attempt, Exchange};
use crate::sampling::{Delivered, Kept, MOST_QUESTION};
use crate::turn::Turn;

impl Exchange {
    /// Where an answer that begins now is kept, if it is one of those that were drawn.
    pub(super) fn keep_sample(&mut self, turn: &mut Turn<'_>) -> Option<Kept> {
        if !self.has_drawn {
            self.has_drawn = true;
            self.drawn = turn.sampling.draw(&turn.config.samples, self.route, turn.fx);
        }
        self.drawn.as_ref().map(|_| Kept::default())
    }

    /// The answer of this attempt has been delivered, and is all there.
    pub(super) fn sample(&mut self, turn: &mut Turn<'_>, attempt: &Attempt, answer: Option<Kept>) {
        let (Some(answer), Some(sighted)) = (answer, attempt.sighted) else { return };
        let Some(target) = turn.config.target_at(self.route, attempt.position) else { return };
        let Some(drawn) = self.drawn.take() else { return };
        let (body, facts) = self.own_request();
        let question = facts.map(|facts| facts.question(body, MOST_QUESTION));
        let (dialect, framing) = sighted.spoken;
        let delivered = Delivered {
            route: self.route,
            position: attempt.position,
            target,
            model: self.model_at(turn.config, attempt.position),
            at: turn.now,
            question: question.unwrap_or_default(),
            dialect,
            framing,
            answer,
            drawn,
        };
        turn.sampling.take(delivered, turn.fx);
    }
}

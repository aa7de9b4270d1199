//! What is learnt of a silent target by attempts whose end nobody waits for: one that a hedge has outrun, or whose client has
//! left, and one that the caller's deadline has cut.
//!
//! Of such an attempt only one thing is known, that it took at least so long; so it says something where that is more than usual,
//! and nothing where it is less: callers who leave early make no target look slow, nor fast.
//!
//! | silent for | statistics | breaker |
//! |---|---|---|
//! | up to what 95 of 100 answers usually take | nothing | nothing |
//! | longer | it took at least so long | nothing |
//! | [`OVERDUE`] times as long | a timeout, after so long | an error |
//!
//! Without this a target that never answers would be asked first for ever where hedges answer in its place, and look as
//! fast as the few that it did answer. While it isn't known what is usual nothing is learnt, as little as hedges by
//! percentile are sent.

use std::time::Duration;

use seawall_policy::policy::Trigger;

use super::{Attempt, Exchange};
use crate::breaker::Finding;
use crate::stats::{Measure, Quota, Sample};
use crate::telemetry::Outcome;
use crate::timeout::Limits;
use crate::turn::Turn;

/// So many times what 95 of 100 answers take, and it is no coincidence that none has come.
const OVERDUE: u32 = 3;

/// So many times as long a target gets where a later one is to have its chance.
const FAIR: u32 = 2;

const PERCENT: u8 = 95;

impl Exchange {
    /// Nobody waits for this attempt any more, and it is cancelled.
    pub(super) fn cancelled(&mut self, turn: &mut Turn<'_>, attempt: &Attempt) {
        self.remember(turn, attempt, None);
        let took = turn.now.since(attempt.begun);
        let usual = self.usually(turn, attempt.position).filter(|usual| attempt.is_silent() && took > *usual);
        let found = usual.map(|usual| {
            let outcome =
                if took > usual.saturating_mul(OVERDUE) { Outcome::Timeout } else { Outcome::Success };
            let is_news = self.took_at_least(turn, attempt, (outcome, took));
            (outcome, is_news)
        });
        let found = found.filter(|(outcome, _)| outcome.is_failure());
        let found = found.map(|(outcome, is_news)| (Finding::plain(outcome), is_news));
        turn.settle(self.route, attempt.position, attempt.permit, found);
    }

    fn took_at_least(
        &self,
        turn: &mut Turn<'_>,
        attempt: &Attempt,
        (outcome, took): (Outcome, Duration),
    ) -> bool {
        let Some(target) = turn.config.target_at(self.route, attempt.position) else { return false };
        let most_tokens = self.most_output(turn.config, attempt.position);
        let is_stream = self.awaited() == Measure::FirstToken;
        let sample = Sample {
            outcome,
            latency: Some(took).filter(|_| !is_stream),
            first_token: Some(took).filter(|_| is_stream),
            output_tokens: None,
            most_tokens: most_tokens.and_then(|most| u32::try_from(most).ok()),
            is_good: None,
            broken: None,
            quota: Quota::default(),
        };
        let model = self.model_at(turn.config, attempt.position);
        turn.stats.record_unended(turn.store, (target.0, model.as_deref()), turn.now, sample)
    }

    /// Whether an attempt has been silent for so long that its target is to blame, whoever has ended it.
    pub(super) fn is_overdue(&self, turn: &mut Turn<'_>, attempt: &Attempt) -> bool {
        let took = turn.now.since(attempt.begun);
        let overdue = self.overdue_after(turn, attempt.position).filter(|_| attempt.is_silent());
        overdue.is_some_and(|overdue| took > overdue)
    }

    /// How long an attempt at a place of the plan must be silent to be overdue, where that is known.
    pub(super) fn overdue_after(&self, turn: &mut Turn<'_>, position: usize) -> Option<Duration> {
        Some(self.usually(turn, position)?.saturating_mul(OVERDUE))
    }

    /// The limits of an attempt that begins now and that the deadline has cut, where another target may follow: silence takes no
    /// more than half of what is left, so that the other one has a chance; but it isn't cut below what is usual, and isn't where
    /// that isn't known. It is the target's own limit then: one that lets it pass has failed.
    pub(super) fn leaving_a_chance(&mut self, turn: &mut Turn<'_>, limits: Limits) -> Limits {
        let Some(left) = self.deadline.left_to_begin(turn.now).filter(|_| limits.is_cut()) else {
            return limits;
        };
        let follows = turn.config.route(self.route).is_some_and(|route| {
            route.retry.on.contains(&Trigger::Timeout) && self.progress.attempts < route.retry.attempts
        });
        // A hedge has another one beside it.
        if !follows || !self.in_flight.is_empty() {
            return limits;
        }
        let Some(usual) = self.usually(turn, self.position) else { return limits };
        let later = self.later(turn);
        if self.count_admitting(turn, later) == 0 {
            return limits;
        }
        let most = (left / 2).max(usual.saturating_mul(FAIR));
        limits.silent_for(most, self.streams())
    }

    fn usually(&self, turn: &mut Turn<'_>, position: usize) -> Option<Duration> {
        let target = turn.config.target_at(self.route, position)?;
        let model = self.model_at(turn.config, position);
        let most_tokens = self.most_output(turn.config, position);
        let most_tokens = most_tokens.and_then(|most| u32::try_from(most).ok());
        let view = turn.stats.view(turn.store, (target.0, model.as_deref()), turn.now)?;
        view.usual(self.awaited(), PERCENT, most_tokens)
    }
}

impl Attempt {
    /// Whether no content has come.
    fn is_silent(&self) -> bool {
        self.reading.is_silent() && self.sighted.is_none_or(|sighted| sighted.first_token.is_none())
    }
}

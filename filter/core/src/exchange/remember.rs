//! What of each attempt goes into the statistics of its target.

use std::time::Duration;

use seawall_policy::policy::fit::LEAST_OUTPUT;

use super::answers::Reading;
use super::outcome::{Request, model};
use super::watched::Sighted;
use super::{Attempt, Exchange};
use crate::breaker::Finding;
use crate::classify::{Judgement, quota};
use crate::config::Config;
use crate::effect::{Effect, Text};
use crate::event::{Answer, Origin};
use crate::plan::{Load, Place};
use crate::price;
use crate::request::carries_callers_key;
use crate::stats::{Measure, Quota, Sample};
use crate::stream::Verdict;
use crate::telemetry::{Metric, Outcome};
use crate::turn::Turn;

/// As long as one caller's key may keep a target from all the others: rates are counted by the minute. So of what a provider
/// says to such a key, that it has used something up or how much it has left, only that counts for the target which by its own
/// words is over by then.
const SHARED: Duration = Duration::from_secs(60);

impl Exchange {
    /// An attempt begins.
    pub(super) fn remember_begin(&self, turn: &mut Turn<'_>, position: usize) {
        if let Some(target) = turn.config.target_at(self.route, position) {
            turn.stats.begin(turn.store, target.0, turn.now);
        }
    }

    /// An attempt is over: its target's statistics and its breaker learn what it came to; but not where the deadline has cut
    /// it before it was overdue, which says nothing about the target.
    pub(super) fn conclude(
        &mut self,
        turn: &mut Turn<'_>,
        attempt: &Attempt,
        (judgement, was_cut): (&Judgement, bool),
        answer: &Answer,
    ) {
        let was_cut = was_cut && !self.is_overdue(turn, attempt);
        let is_news = self.remember(turn, attempt, Some((judgement.outcome, answer, was_cut)));
        let is_bad = attempt.sighted.is_some_and(|sighted| self.is_bad(sighted));
        let usage = attempt.sighted.and_then(|sighted| sighted.usage);
        let price = turn.config.price_at(self.route, attempt.position);
        let micro_dollars = usage.zip(price).map(|(usage, price)| price::micro_dollars(usage, price));
        // A whole answer that breaks rules is a bad one, whatever became of it: no error.
        let is_whole = judgement.outcome == Outcome::InvalidOutput
            && attempt
                .sighted
                .is_some_and(|sighted| !sighted.broken.is_empty() && sighted.verdict != Verdict::Empty);
        let plain = Finding::plain(if is_whole { Outcome::Success } else { judgement.outcome });
        let finding = Finding { wait: judgement.wait, is_bad, micro_dollars, ..plain };
        let says_nothing =
            was_cut || self.is_of_callers_key(turn, attempt.position, (judgement, answer.status));
        let found = (!says_nothing).then_some((finding, is_news));
        turn.settle(self.route, attempt.position, attempt.permit, found);
    }

    /// Whether it is the caller's own key that the target doesn't know, or that has used something up for long: of what the
    /// target does with other keys that says nothing. Whether all callers share one account isn't known; so what lasts no longer
    /// than [`SHARED`] counts all the same.
    fn is_of_callers_key(
        &self,
        turn: &Turn<'_>,
        position: usize,
        (judgement, status): (&Judgement, u16),
    ) -> bool {
        let is_about_key = match judgement.outcome {
            Outcome::Throttled => !is_shared(judgement.wait),
            Outcome::QuotaExhausted => true,
            Outcome::ClientError => matches!(status, 401 | 403),
            _ => false,
        };
        is_about_key && self.shows_callers_key(turn.config, position)
    }

    fn shows_callers_key(&self, config: &Config, position: usize) -> bool {
        config
            .attempt(self.route, position)
            .is_some_and(|(target, _)| carries_callers_key(&self.headers, target))
    }

    /// What an answer says is left of the target's quota; of that of a caller's own key what the other callers share.
    fn quota_left(&self, turn: &Turn<'_>, position: usize, answer: &Answer) -> Quota {
        let mut grants = match answer.origin {
            Origin::Provider => quota(&answer.headers, turn.now),
            _ => return Quota::default(),
        };
        if !grants.is_empty() && self.shows_callers_key(turn.config, position) {
            grants.retain(|grant| is_shared(grant.reset));
        }
        Quota::new(&grants, turn.now)
    }

    /// Whether an answer that is there is of little use. That so few tokens as some callers ask for don't reach to the end says
    /// nothing of the target: who asks for fewer than [`LEAST_OUTPUT`] wants no whole sentence.
    fn is_bad(&self, sighted: Sighted) -> bool {
        let is_bounded = self.most_tokens.is_some_and(|most| most < LEAST_OUTPUT);
        Sighted { is_cut_off: sighted.is_cut_off && !is_bounded, ..sighted }.is_bad()
    }

    /// An attempt is over: with an answer, or cut by the deadline, or because its client is gone. Tells whether a look at the percentiles may tell
    /// something new.
    pub(super) fn remember(
        &mut self,
        turn: &mut Turn<'_>,
        attempt: &Attempt,
        ended: Option<(Outcome, &Answer, bool)>,
    ) -> bool {
        self.reserved_end(turn, attempt, ended.as_ref().map(|(outcome, ..)| *outcome));
        if let (Some((Outcome::Success, ..)), Some(usage)) =
            (&ended, attempt.sighted.and_then(|sighted| sighted.usage))
        {
            self.learn_tokens(turn, attempt, usage);
        }
        let (config, now) = (turn.config, turn.now);
        let Some(target) = config.target_at(self.route, attempt.position) else { return false };
        turn.stats.end(turn.store, target.0, now);
        let Some((outcome, answer, false)) = ended else { return false };
        let took = now.since(attempt.begun);
        // Of a stream only the beginning was waited for. What is dispatched comes as a whole.
        let begins = self.streams() && attempt.is_routed;
        let most_tokens = self.most_output(config, attempt.position);
        let sighted = attempt.sighted;
        let begun = match (&sighted, &attempt.reading) {
            (Some(sighted), _) => sighted.first_token,
            // One that fell silent before its first token took at least as long.
            (None, Reading::Watched(watched)) => watched.first_token().or(Some(now)),
            (None, _) => Some(now),
        };
        let first_token = begun.map(|begun| begun.since(attempt.begun)).filter(|_| begins);
        // What a provider says of time, it may say at once.
        let is_silent = sighted.is_some_and(|sighted| sighted.verdict == Verdict::TimedOut);
        let is_word = outcome == Outcome::Timeout && answer.origin == Origin::Provider && !is_silent;
        let output_tokens = sighted.and_then(|sighted| Some(sighted.usage?.output));
        let is_good = match outcome {
            Outcome::Truncated | Outcome::InvalidOutput => Some(false),
            Outcome::Success | Outcome::ContentPolicy => sighted.map(|sighted| !self.is_bad(sighted)),
            _ => None,
        };
        let broken = sighted.filter(|_| config.output(self.route).is_some()).map(|sighted| sighted.broken);
        for rule in broken.iter().flat_map(|broken| broken.rules()) {
            turn.fx.push(Effect::Count(Metric::Broken(target, rule)));
        }
        let quota = self.quota_left(turn, attempt.position, answer);
        let sample = Sample {
            outcome,
            latency: (!begins || sighted.is_some()).then_some(took).filter(|_| !is_word),
            first_token: first_token.filter(|_| !is_word),
            output_tokens: output_tokens.and_then(|tokens| u32::try_from(tokens).ok()),
            most_tokens: most_tokens.and_then(|most| u32::try_from(most).ok()),
            is_good,
            broken,
            quota,
        };
        let model = self.model_at(config, attempt.position);
        let is_news = turn.stats.record(turn.store, (target.0, model.as_deref()), now, sample);
        if is_good == Some(false) || (is_good.is_some() && is_news) {
            turn.tell_quality(target, model.as_deref());
        }
        is_news
    }

    /// What is awaited of an answer: of a stream the first token, of any other the end.
    pub(super) fn awaited(&self) -> Measure {
        if self.streams() { Measure::FirstToken } else { Measure::Latency }
    }

    /// A percentile of this measure of answers like this one's at a place of the plan. `None` while too little is known.
    pub(super) fn usual(
        &self,
        turn: &mut Turn<'_>,
        position: usize,
        percent: u8,
        measure: Measure,
    ) -> Option<Duration> {
        let target = turn.config.target_at(self.route, position)?;
        let model = self.model_at(turn.config, position);
        let most_tokens = self.most_output(turn.config, position);
        let most_tokens = most_tokens.and_then(|most| u32::try_from(most).ok());
        let view = turn.stats.view(turn.store, (target.0, model.as_deref()), turn.now)?;
        view.percentile(measure, percent, most_tokens)
    }

    /// The model that is asked for at a place of the plan.
    pub(super) fn model_at(&self, config: &Config, position: usize) -> Option<Text> {
        self.model(config.attempt(self.route, position)?.0)
    }
}

/// Whether what a caller's own key has used up counts for all callers, by when it is over.
fn is_shared(over: Option<Duration>) -> bool {
    over.is_some_and(|over| over <= SHARED)
}

/// What the statistics know of the places that a request may go to.
pub(super) struct Measured<'m, 't> {
    pub(super) request: Request<'m>,
    pub(super) turn: &'m mut Turn<'t>,
}

impl Load for Measured<'_, '_> {
    fn in_flight(&mut self, place: &Place) -> u64 {
        let Turn { stats, store, now, .. } = self.turn;
        stats.in_flight(*store, place.target.0, *now).into()
    }

    fn wait(&mut self, place: &Place) -> u64 {
        let Turn { stats, store, now, config, .. } = self.turn;
        let model = config.prepared(place).and_then(|target| model(self.request, target));
        stats.wait(*store, (place.target.0, model.as_deref()), *now)
    }
}

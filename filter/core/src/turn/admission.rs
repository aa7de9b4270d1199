//! What breakers are asked and told.

use std::time::Duration;

use super::Turn;
use crate::breaker::{
    Ask, Asker, Cause, Drift, Finding, News, PROBE_TOKENS, Permit, Post, Signal, Transition,
};
use crate::effect::Effect;
use crate::sampling::{Appraisal, Sampling};
use crate::stats::{Measure, View};
use crate::telemetry::{BreakerState, Decision, Metric};
use crate::time::Timestamp;
use crate::timeout;

/// So much later than its timeout the host may say that an attempt is over.
const LATE: Duration = Duration::from_secs(5);

impl Turn<'_> {
    /// Takes the first of these places that may be asked and admits: as a probe only if it makes a good one, or if none else
    /// admits.
    pub(crate) fn admit_one(
        &mut self,
        route: usize,
        places: impl Iterator<Item = usize>,
        mut may_ask: impl FnMut(&mut Self, usize) -> bool,
    ) -> Option<(usize, Option<Permit>)> {
        let mut refusing = Vec::new();
        for position in places {
            if !may_ask(self, position) {
                continue;
            }
            if let Ok(permit) = self.ask(route, position, self.asker.tokens <= PROBE_TOKENS) {
                return Some((position, permit));
            }
            refusing.push(position);
        }
        if self.asker.tokens <= PROBE_TOKENS {
            return None;
        }
        refusing.into_iter().find_map(|position| Some((position, self.ask(route, position, true).ok()?)))
    }

    /// Whether a place would admit an attempt after this time; asks without taking a permit.
    pub(crate) fn would_admit(&mut self, route: usize, position: usize, wait: Duration) -> bool {
        let then = self.now.after(wait);
        self.next_admission(route, position).is_none_or(|next| next <= then)
    }

    /// How long until the first breaker at these places may admit again.
    pub(crate) fn time_to_admission(
        &mut self,
        route: usize,
        places: impl Iterator<Item = usize>,
    ) -> Duration {
        let now = self.now;
        let waits = places.filter_map(|position| Some(self.next_admission(route, position)?.since(now)));
        waits.min().unwrap_or_default()
    }

    /// The answer of the attempt at a place has begun to go on to its caller. A recovery that waits for it goes on.
    pub(crate) fn begin(&mut self, route: usize, position: usize, permit: &mut Permit) {
        let Some(post) = self.config.post_at(route, position) else { return };
        if let Some((begun, news)) = self.guards.begin(self.store, self.now, Post(post), *permit) {
            *permit = begun;
            self.tell(news);
        }
    }

    /// Gives a permit back with what came of the attempt, and whether the percentiles may tell something new; with nothing
    /// when the client has gone.
    pub(crate) fn settle(
        &mut self,
        route: usize,
        position: usize,
        permit: Option<Permit>,
        found: Option<(Finding<'_>, bool)>,
    ) {
        let (Some(post), Some(permit)) = (self.config.post_at(route, position), permit) else { return };
        let (config, now, asker) = (self.config, self.now, self.asker.clone());
        let who = (Post(post), asker.model.as_deref());
        let looks =
            found.as_ref().is_some_and(|(_, is_news)| *is_news) && self.guards.watches_drift(Post(post));
        let target = config.target_at(route, position).filter(|_| looks);
        let own = config.attempt(route, position).and_then(|(target, _)| target.model.as_deref());
        let model = own.or(asker.model.as_deref());
        let view = target.and_then(|target| self.stats.view(self.store, (target.0, model), now)).cloned();
        let drift = |signal, percentile| {
            let measure = match signal {
                Signal::Latency => Measure::Latency,
                Signal::FirstToken => Measure::FirstToken,
                Signal::PerToken => Measure::PerToken,
            };
            let (now, hundredths) = view.as_ref()?.above_baseline(measure, percentile)?;
            Some(Drift { now, hundredths })
        };
        let quality = view.as_ref().and_then(View::quality_of_usual);
        let finding = found.map(|(finding, _)| Finding { quality, drift: Some(&drift), ..finding });
        let news = self.guards.settle(self.store, now, who, permit, finding.as_ref());
        self.tell(news);
    }

    /// Tells the breaker at a place what samples of its answers have shown.
    pub(crate) fn appraise(&mut self, appraisal: &Appraisal) {
        let Some(post) = self.config.post_at(appraisal.route, appraisal.position) else { return };
        let who = (Post(post), appraisal.model.as_deref());
        let found = (appraisal.answers, appraisal.bad, appraisal.of_usual);
        let news = self.guards.appraise(self.store, self.now, who, found);
        if news.is_some() {
            Sampling::forget(self.store, appraisal);
        }
        self.tell(news);
    }

    fn ask(
        &mut self,
        route: usize,
        position: usize,
        is_last_resort: bool,
    ) -> Result<Option<Permit>, Timestamp> {
        let Some(post) = self.config.post_at(route, position) else { return Ok(None) };
        let ask = self.asks(route, position, is_last_resort);
        let asker = self.asker.clone();
        let who = (Post(post), asker.model.as_deref());
        let Some((admitted, news)) = self.guards.admit(self.store, self.now, who, ask) else {
            return Ok(None);
        };
        self.tell(news);
        admitted.map(Some)
    }

    fn next_admission(&mut self, route: usize, position: usize) -> Option<Timestamp> {
        let post = self.config.post_at(route, position)?;
        let ask = self.asks(route, position, true);
        let asker = self.asker.clone();
        self.guards.next_admission(self.store, self.now, (Post(post), asker.model.as_deref()), ask)
    }

    fn asks(&self, route: usize, position: usize, is_last_resort: bool) -> Ask {
        let Asker { tokens, most_tokens, streams, .. } = *self.asker;
        let most_tokens = most_tokens.into_iter().chain(self.config.most_tokens_at(route, position)).min();
        let timeout = self.config.route(route).map(|route| &route.timeout);
        let longest = timeout
            .map_or(LATE, |timeout| timeout::longest(timeout, streams, most_tokens).saturating_add(LATE));
        Ask { tokens, longest, is_last_resort }
    }

    /// Tells of a breaker's change.
    fn tell(&mut self, news: Option<News>) {
        let Some(News { target, model, transition: Transition { from, to, cause } }) = news else { return };
        // What the percentiles hold belongs to another time; unless the target was only full.
        if to != BreakerState::HalfOpen && !matches!(cause, Cause::Throttled | Cause::ResetPassed) {
            let model = Some(&*model).filter(|model| !model.is_empty());
            self.stats.forget(self.store, (target.0, model), self.now);
        }
        let worst = self.guards.worst(self.store, target);
        self.fx.push(Effect::Count(Metric::Breaker(target, worst.gauge())));
        if let Some(target) = self.config.target(target).map(|target| target.name.clone()) {
            let model = Some(model).filter(|model| !model.is_empty());
            self.fx.push(Effect::Log(Decision::Breaker { target, model, from, to, cause }));
        }
    }
}

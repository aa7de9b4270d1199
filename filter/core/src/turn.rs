//! What a step of an exchange has at hand: the configuration, the shared state, the time, and where effects go.

use std::time::Duration;

use crate::answer::{self, OwnError};
use crate::breaker::{Admission, Ask, Breaker, Permit, Remembered, Rules, Transition, Verdict};
use crate::config::Config;
use crate::effect::{Effect, HeaderList, Text};
use crate::event::ExchangeId;
use crate::exchange::After;
use crate::headers::Headers;
use crate::request::forbidden;
use crate::retry::{self, Unwritten};
use crate::stats::Stats;
use crate::store::{self, Store};
use crate::telemetry::{Decision, Metric, Reason};
use crate::time::Timestamp;

pub(crate) struct Turn<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a mut dyn Store,
    pub(crate) now: Timestamp,
    pub(crate) id: ExchangeId,
    /// Whether somebody reads the decisions of single attempts.
    pub(crate) is_tracing: bool,
    /// Successes not written down yet, by the number of their guard.
    pub(crate) remembered: &'a mut Vec<Remembered>,
    pub(crate) stats: &'a mut Stats,
    /// Requests not counted for the retry budgets yet, by the number of their route.
    pub(crate) uncounted: &'a mut Vec<Unwritten>,
    pub(crate) fx: &'a mut Vec<Effect>,
}

/// What every attempt asks for, whatever it is.
const ASK: Ask = Ask { tokens: 0, longest: Duration::from_secs(60), is_last_resort: true };

impl<'a> Turn<'a> {
    /// Asks the breaker at a place of a route's plan for an attempt; `None` where none guards it.
    pub(crate) fn admit(&mut self, route: usize, position: usize) -> Result<Option<Permit>, Timestamp> {
        let now = self.now;
        let admission = self.change(route, position, true, |breaker, rules| breaker.admit(rules, now, ASK));
        match admission {
            None => Ok(None),
            Some(Admission::Admitted(permit)) => Ok(Some(permit)),
            Some(Admission::Refused { until }) => Err(until),
        }
    }

    /// Takes the first of these places that admits.
    pub(crate) fn admit_one(
        &mut self,
        route: usize,
        mut places: impl Iterator<Item = usize>,
    ) -> Option<(usize, Option<Permit>)> {
        places.find_map(|position| Some((position, self.admit(route, position).ok()?)))
    }

    /// Whether a place would admit an attempt now; asks without taking a permit.
    pub(crate) fn would_admit(&mut self, route: usize, position: usize) -> bool {
        let now = self.now;
        self.peek(route, position)
            .is_none_or(|(rules, breaker)| breaker.next_admission(rules, now, ASK) <= now)
    }

    /// How many of these places would admit.
    pub(crate) fn count_admitting(&mut self, route: usize, places: impl Iterator<Item = usize>) -> u32 {
        places.map(|position| u32::from(self.would_admit(route, position))).sum()
    }

    /// How long until the first breaker at these places may admit again.
    pub(crate) fn time_to_admission(
        &mut self,
        route: usize,
        places: impl Iterator<Item = usize>,
    ) -> Duration {
        let now = self.now;
        let waits = places.filter_map(|position| {
            let (rules, breaker) = self.peek(route, position)?;
            Some(breaker.next_admission(rules, now, ASK).since(now))
        });
        waits.min().unwrap_or_default()
    }

    /// Gives a permit back with what came of the attempt.
    pub(crate) fn settle(&mut self, route: usize, position: usize, permit: Option<Permit>, verdict: Verdict) {
        let (Some(number), Some(permit)) = (self.config.guard_at(route, position), permit) else { return };
        let now = self.now;
        if self.remembered.get_mut(number).is_some_and(|remembered| remembered.takes(permit, verdict, now)) {
            return;
        }
        self.change(route, position, false, |breaker, rules| {
            ((), breaker.record(rules, now, permit, verdict))
        });
    }

    /// Counts a request for the retry budget of its route.
    pub(crate) fn count_request(&mut self, route: usize, headers: &Headers) {
        let (Some(budget), Some(uncounted)) = (self.config.budget(route), self.uncounted.get_mut(route))
        else {
            return;
        };
        if retry::is_callers_retry(headers) {
            budget.foreign(uncounted, self.now, self.store);
        } else {
            budget.request(uncounted, self.now, self.store);
        }
    }

    /// Takes an attempt from the retry budget of a route; whether it was there.
    pub(crate) fn pay_retry(&mut self, route: usize) -> bool {
        let (Some(budget), Some(uncounted)) = (self.config.budget(route), self.uncounted.get_mut(route))
        else {
            return true;
        };
        budget.admit(uncounted, self.now, self.store)
    }

    /// Lets a request go that no route takes.
    pub(crate) fn pass(&mut self, headers: &Headers) -> After {
        pass(self.id, headers, self.is_tracing, self.fx);
        After::Done
    }

    /// Answers in place of any attempt.
    pub(crate) fn refuse(&mut self, error: &OwnError, reason: Reason) -> After {
        let mut own = answer::own_headers(&self.config.hash, None, 0, reason);
        retry::advise(reason, 0, error.retry_after, &mut own);
        let effect = self.own_answer(error, own);
        self.fx.push(effect);
        self.answered(error.status, 0, None, reason)
    }

    /// The filter's own error with these headers.
    pub(crate) fn own_answer(&self, error: &OwnError, mut own: HeaderList) -> Effect {
        own.extend(error.header());
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(own.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        Effect::Respond { status: error.status, headers, body: error.body() }
    }

    /// The end of every exchange that is answered.
    pub(crate) fn answered(
        &mut self,
        status: u16,
        attempts: u32,
        target: Option<Text>,
        reason: Reason,
    ) -> After {
        self.fx.push(Effect::Count(Metric::Answer(reason)));
        if self.is_tracing {
            let exchange = self.id.0;
            self.fx.push(Effect::Log(Decision::Answer { exchange, status, attempts, target, reason }));
        }
        After::Done
    }

    fn peek(&mut self, route: usize, position: usize) -> Option<(&'a Rules, Breaker)> {
        let config = self.config;
        let (guard, rules) = config.guard(config.guard_at(route, position)?)?;
        let cell = self.store.get(&guard.key);
        let breaker = Breaker::decode(cell.as_ref().map(|(bytes, _)| bytes.as_slice()));
        Some((rules, breaker.unwrap_or_default()))
    }

    /// Changes the breaker at a place of a route's plan, and tells of its transition. Where `may_wait`, successes that
    /// are few may stay unwritten.
    fn change<R>(
        &mut self,
        route: usize,
        position: usize,
        may_wait: bool,
        mut change: impl FnMut(&mut Breaker, &Rules) -> (R, Option<Transition>),
    ) -> Option<R> {
        let (config, now) = (self.config, self.now);
        let number = config.guard_at(route, position)?;
        let (guard, rules) = config.guard(number)?;
        let remembered = self.remembered.get(number).copied().unwrap_or_default();
        let mut waits = false;
        let (result, transition) = store::update(self.store, &guard.key, |bytes| {
            let mut breaker = Breaker::decode(bytes).unwrap_or_default();
            waits = may_wait && breaker.lets_wait(rules, now, remembered);
            // That time has passed is nothing to write.
            let before = breaker.clone();
            if !waits {
                breaker.recall(rules, now, remembered);
            }
            let result = change(&mut breaker, rules);
            ((breaker != before).then(|| breaker.encode()), result)
        });
        if let Some(remembered) = self.remembered.get_mut(number).filter(|_| !waits) {
            *remembered = Remembered::default();
        }
        if let Some(Transition { from, to, cause }) = transition {
            self.fx.push(Effect::Count(Metric::Breaker(guard.target, to.gauge())));
            if let Some(target) = config.target(guard.target).map(|target| target.name.clone()) {
                self.fx.push(Effect::Log(Decision::Breaker { target, model: None, from, to, cause }));
            }
        }
        Some(result)
    }
}

/// Lets a request go that no route takes.
pub(crate) fn pass(id: ExchangeId, headers: &Headers, is_tracing: bool, fx: &mut Vec<Effect>) {
    fx.push(Effect::PassRequest { remove: forbidden(headers, false) });
    if is_tracing {
        fx.push(Effect::Log(Decision::Pass { exchange: id.0 }));
    }
}

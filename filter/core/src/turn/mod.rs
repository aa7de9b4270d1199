//! What a step of an exchange has at hand: the configuration, the shared state, the time, and where effects go.

mod admission;
mod answers;
mod limits;

use std::rc::Rc;
use std::time::Duration;

use seawall_policy::policy::{Route, TargetId};

pub(crate) use self::answers::pass;
use crate::breaker::{Asker, Guards};
use crate::config::Config;
use crate::counting::Counting;
use crate::effect::{Effect, Text};
use crate::event::ExchangeId;
use crate::headers::Headers;
use crate::limits::{HashKey, Limits};
use crate::output::{SchemaCache, Scratch};
use crate::retry::{self, Unwritten};
use crate::sampling::Sampling;
use crate::stats::Stats;
use crate::store::Store;
use crate::telemetry::{ContractEvent, Decision, LimitEvent, Metric, Outcome};
use crate::time::Timestamp;

/// Requests of one route that are not written down yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Uncounted {
    retries: Unwritten,
    hedges: Unwritten,
}

impl Uncounted {
    /// Writes them down: no more come.
    pub(crate) fn close(&mut self, config: &Config, route: usize, now: Timestamp, store: &mut dyn Store) {
        let bounds = [(config.budget(route), &mut self.retries), (config.hedges(route), &mut self.hedges)];
        for (bound, unwritten) in bounds {
            bound.into_iter().for_each(|bound| bound.close(unwritten, now, store));
        }
    }
}

pub(crate) struct Turn<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a mut dyn Store,
    pub(crate) now: Timestamp,
    pub(crate) id: ExchangeId,
    /// Whether somebody reads the decisions of single attempts.
    pub(crate) is_tracing: bool,
    /// What breakers want to know of the request.
    pub(crate) asker: Rc<Asker>,
    pub(crate) guards: &'a mut Guards,
    pub(crate) stats: &'a mut Stats,
    pub(crate) limits: &'a mut Limits,
    pub(crate) counting: &'a mut Counting,
    /// What checking answers keeps: states of patterns, and schemas that requests brought along.
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) schemas: &'a mut SchemaCache,
    pub(crate) sampling: &'a mut Sampling,
    /// What tells tenants apart; where limits count.
    pub(crate) key: Option<HashKey>,
    /// Requests not counted for the retry budgets yet, by the number of their route.
    pub(crate) uncounted: &'a mut Vec<Uncounted>,
    /// What limits of the caller's have warned of in this step: which one, of what, and how much of it is used.
    pub(crate) warnings: Vec<(Text, LimitEvent, String)>,
    pub(crate) fx: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    /// Counts a request for what bounds the retries and hedges of its route.
    pub(crate) fn count_request(&mut self, route: usize, headers: &Headers) {
        let Some(Uncounted { retries, hedges }) = self.uncounted.get_mut(route) else { return };
        if let Some(bound) = self.config.hedges(route) {
            bound.request(hedges, self.now, self.store);
        }
        match self.config.budget(route) {
            Some(budget) if retry::is_callers_retry(headers) => budget.foreign(retries, self.now, self.store),
            Some(budget) => budget.request(retries, self.now, self.store),
            None => {}
        }
    }

    /// Takes an attempt from the retry budget of a route; whether it was there.
    pub(crate) fn pay_retry(&mut self, route: usize) -> bool {
        let (Some(budget), Some(uncounted)) = (self.config.budget(route), self.uncounted.get_mut(route))
        else {
            return true;
        };
        budget.admit(&mut uncounted.retries, self.now, self.store)
    }

    /// Takes a hedge from the share of a route; whether it was there.
    pub(crate) fn pay_hedge(&mut self, route: usize) -> bool {
        let (Some(bound), Some(uncounted)) = (self.config.hedges(route), self.uncounted.get_mut(route))
        else {
            return true;
        };
        bound.admit(&mut uncounted.hedges, self.now, self.store)
    }

    /// Tells what a route's contract does to a request: by which rule, what that counted, and what it admits.
    pub(crate) fn tell_contract(
        &mut self,
        route: usize,
        event: ContractEvent,
        (rule, counted, most): (&'static str, u64, u64),
    ) {
        self.fx.push(Effect::Count(Metric::Contract(route, event)));
        if let Some(Route { name, .. }) = self.config.route(route).filter(|_| self.is_tracing) {
            let (exchange, route) = (self.id.0, name.as_str().into());
            self.fx.push(Effect::Log(Decision::Contract { exchange, route, rule, event, counted, most }));
        }
    }

    /// Tells how good the answers of a target are with this model, and how good they usually are.
    pub(crate) fn tell_quality(&mut self, target: TargetId, model: Option<&str>) {
        let Some(view) = self.stats.view(self.store, (target.0, model), self.now) else { return };
        let share = view.quality_bp().1.map(|share| Metric::Quality(target, share.into()));
        let usual = view.usual_quality_bp().map(|usual| Metric::UsualQuality(target, usual.into()));
        self.fx.extend(share.into_iter().chain(usual).map(Effect::Count));
    }

    /// Takes in how long a request of a route took, where its contract says how long that may be.
    pub(crate) fn tell_latency(&mut self, route: usize, outcome: Outcome, took: Duration) {
        let Some(rule) = self.config.latency(route) else { return };
        let news = rule.record((&mut *self.stats, &mut *self.store), self.now, outcome, took);
        let Some((is_slow, now)) = news else { return };
        self.fx.push(Effect::Count(Metric::Slow(route, is_slow.into())));
        if let Some(Route { name, .. }) = self.config.route(route) {
            let (route, percentile, most) = (name.as_str().into(), rule.percentile, rule.most);
            self.fx.push(Effect::Log(Decision::Latency { route, percentile, now, most }));
        }
    }
}

//! Where a request may be tried, and which of these places is next.

use std::time::Duration;

use super::Exchange;
use super::remember::Measured;
use crate::breaker::Permit;
use crate::config::Config;
use crate::plan::{self, Unfit};
use crate::turn::Turn;

impl Exchange {
    /// Finds out where this request may be tried, and in which order.
    #[inline(never)] // See [profile.wasm].
    pub(super) fn choose(&mut self, turn: &mut Turn<'_>) -> Result<(), Unfit> {
        let Some(plan) = turn.config.plan(self.route) else { return Ok(()) };
        let larger = plan.larger().filter(|_| self.kept.is_large);
        let input = self.prompt(turn, larger.unwrap_or_default()).tokens;
        let tokens = (input, self.most_tokens);
        self.demand = plan::demand(&self.body, self.facts.as_ref(), tokens, plan.lacks());
        if larger.is_some() {
            self.sequence = plan.sequence_of_larger(&self.demand)?;
        } else if !plan.is_plain() {
            let request = (&self.headers, self.facts.as_ref(), &**self.body);
            self.sequence = plan.sequence(&self.demand, &mut Measured { request, turn }, &mut self.rng)?;
        }
        Ok(())
    }

    /// The places that this request may be tried at, in order: all, or those after this one.
    pub(super) fn places(
        &self,
        turn: &Turn<'_>,
        after: Option<usize>,
    ) -> impl Iterator<Item = usize> + use<> {
        self.sequence.places(turn.config.place_count(self.route), after)
    }

    /// The places that may be tried after those that were; only those with a larger context, if that is needed.
    pub(super) fn later<'t>(&self, turn: &Turn<'t>) -> impl Iterator<Item = usize> + use<'t> {
        let (config, route, outgrown) = (turn.config, self.route, self.outgrown);
        let fits = move |place: &usize| outgrown.is_none_or(|small| is_larger(config, route, *place, small));
        self.places(turn, Some(self.reached)).filter(fits)
    }

    /// Whether no target has found the request too long that has as large a context as this one.
    pub(super) fn fits(&self, config: &Config, place: usize) -> bool {
        self.outgrown.is_none_or(|small| is_larger(config, self.route, place, small))
    }

    /// The request has turned out to be too long for the context of this place.
    pub(super) fn outgrows(&mut self, config: &Config, place: usize) {
        if !self.outgrown.is_some_and(|known| is_larger(config, self.route, known, place)) {
            self.outgrown = Some(place);
        }
    }

    /// Takes the first of these places that admits. One whose quota is used up would answer 429: it is passed over while
    /// another is left.
    pub(super) fn admit_one(
        &mut self,
        turn: &mut Turn<'_>,
        places: impl Iterator<Item = usize>,
    ) -> Option<(usize, Option<Permit>)> {
        let (route, mut spent) = (self.route, Vec::new());
        let has_quota = |turn: &mut Turn<'_>, place| {
            let has_quota = self.has_quota(turn, place);
            if !has_quota {
                spent.push(place);
            }
            has_quota
        };
        // What a provider said may be old, and its refusal says more than ours.
        turn.admit_one(route, places, has_quota)
            .or_else(|| turn.admit_one(route, spent.into_iter(), |_, _| true))
    }

    /// How many of these places would admit and have quota left.
    pub(super) fn count_admitting(
        &mut self,
        turn: &mut Turn<'_>,
        places: impl Iterator<Item = usize>,
    ) -> u32 {
        let mut count = 0;
        for place in places {
            count +=
                u32::from(turn.would_admit(self.route, place, Duration::ZERO) && self.has_quota(turn, place));
        }
        count
    }

    /// Whether the provider has enough left for this request, by what it said last, and by what the policy says it grants.
    /// Where there is no other target it may say so itself.
    fn has_quota(&mut self, turn: &mut Turn<'_>, place: usize) -> bool {
        let config = turn.config;
        let Some(target) = config.target_at(self.route, place).filter(|_| config.place_count(self.route) > 1)
        else {
            return true;
        };
        let model = self.model_at(config, place);
        let view = turn.stats.view(turn.store, (target.0, model.as_deref()), turn.now);
        let tokens = u32::try_from(self.demand.tokens()).unwrap_or(u32::MAX);
        if view.is_some_and(|view| view.quota(turn.now).suffices_from(tokens) > turn.now) {
            return false;
        }
        // What is reserved for it already is not to be asked for twice.
        let is_reserved = self.reserved.is_for(place);
        !config.has_quota(target) || is_reserved || {
            let estimate = self.estimate(turn, place);
            turn.has_quota(target, &estimate)
        }
    }
}

/// Whether a place of the plan is known to have a larger context than another.
fn is_larger(config: &Config, route: usize, place: usize, than: usize) -> bool {
    config.plan(route).is_some_and(|plan| plan.is_larger(place, than))
}

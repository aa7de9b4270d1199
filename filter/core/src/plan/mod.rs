//! Where the attempts at one request may go, in which order.
//!
//! A route's plan is what the policy says: stages of places, one after the other. From it, from what the request asks for and
//! from the targets' present load comes the [`Sequence`] of one exchange, made once, before its first attempt:
//!
//! 1. each stage in its order;
//! 2. less the places that can't serve the request, see [`fit`];
//! 3. less those which would cost more than the contract lets a failover cost, measured by the first that is left.
//!
//! Whether a place may be tried at the moment of an attempt, by its breaker and by what is left of its quota, is asked then.

mod fit;
mod order;

use std::ops::Range;
use std::rc::Rc;

use seawall_policy::policy::{Order, Price, TargetId};

use seawall_policy::policy::fit::is_affordable;
pub(crate) use seawall_policy::policy::fit::{Capabilities, Demand, Unfit};

pub(crate) use self::fit::demand;
pub(crate) use self::order::Load;
use crate::rng::Rng;

/// The places of one route.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    stages: Vec<(Range<usize>, Order)>,
    places: Vec<Place>,
    /// What at least one of the places lacks.
    lacks: Capabilities,
    /// How much dearer than the first a later place may be, in hundredths.
    failover_cost: Option<u32>,
    /// The number of the place, behind those that are written, for prompts that are too long for the others.
    larger: Option<usize>,
    /// Every request has its places as they are written.
    is_plain: bool,
}

/// A target in one stage of a route's plan.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) target: TargetId,
    /// Which of the configuration's targets holds what is sent there: the target itself, or one with the stage's overrides.
    pub(crate) prepared: usize,
    /// The post of its breaker; none where the route has none.
    pub(crate) post: Option<usize>,
    /// Tokens that prompt and answer may have together.
    pub(crate) context: Option<u64>,
    pub(crate) price: Option<Price>,
    pub(crate) lacks: Capabilities,
    /// Most tokens of an answer, by the plan's overrides.
    pub(crate) max_tokens: Option<u64>,
}

/// The places for one exchange, in the order in which they may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sequence {
    /// All of them, as written.
    Plain,
    Chosen(Rc<[u16]>),
}

impl Plan {
    pub(crate) fn new(stages: impl Iterator<Item = (Vec<Place>, Order)>, failover_cost: Option<u32>) -> Self {
        let mut plan = Self { failover_cost, ..Self::default() };
        for (places, order) in stages {
            let start = plan.places.len();
            plan.places.extend(places);
            plan.stages.push((start..plan.places.len(), order));
        }
        plan.lacks = plan.places.iter().fold(Capabilities::default(), |all, place| all.with(place.lacks));
        plan.is_plain = plan.failover_cost.is_none()
            && plan.stages.iter().all(|(_, order)| *order == Order::AsWritten)
            && plan.places.iter().all(|place| place.lacks.is_empty() && place.context.is_none());
        plan
    }

    /// The same with a place for prompts that are too long for the others.
    pub(crate) fn with_larger(mut self, place: Option<Place>) -> Self {
        if let Some(place) = place {
            self.lacks = self.lacks.with(place.lacks);
            self.larger = Some(self.places.len());
            self.places.push(place);
        }
        self
    }

    /// All of them, that for prompts that are too long for the others last.
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    pub(crate) fn place(&self, number: usize) -> Option<&Place> {
        self.places.get(number)
    }

    /// How many places are written.
    pub(crate) fn count(&self) -> usize {
        self.larger.unwrap_or(self.places.len())
    }

    /// The place for prompts that are too long for the others.
    pub(crate) fn larger(&self) -> Option<usize> {
        self.larger
    }

    /// That place, for one exchange.
    pub(crate) fn sequence_of_larger(&self, demand: &Demand) -> Result<Sequence, Unfit> {
        let Some(number) = self.larger else { return Ok(Sequence::Plain) };
        match self.place(number).and_then(|place| place.unfit(demand)) {
            Some(reason) => Err(reason),
            None => Ok(Sequence::Chosen([number as u16].into())),
        }
    }

    /// What of a request decides about its places.
    pub(crate) fn lacks(&self) -> Capabilities {
        self.lacks
    }

    /// Whether every request has its places as they are written.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Whether a request's tokens decide where it goes.
    pub(crate) fn depends_on_tokens(&self) -> bool {
        self.failover_cost.is_some()
            || self.stages.iter().any(|(_, order)| *order == Order::Cheapest)
            || self.places.iter().any(|place| place.context.is_some())
    }

    /// The places for one exchange; never none.
    pub(crate) fn sequence(
        &self,
        demand: &Demand,
        load: &mut dyn Load,
        rng: &mut Rng,
    ) -> Result<Sequence, Unfit> {
        if self.is_plain {
            return Ok(Sequence::Plain);
        }
        let mut chosen = Vec::with_capacity(self.places.len());
        for (range, order) in &self.stages {
            let places = self.places.get(range.clone()).unwrap_or_default();
            order::arrange(order, places, range.start as u16, demand, load, rng, &mut chosen);
        }
        let mut unfit = Unfit::default();
        chosen.retain(|number| {
            match self.places.get(usize::from(*number)).and_then(|place| place.unfit(demand)) {
                Some(reason) => {
                    unfit = unfit.and(reason);
                    false
                }
                None => true,
            }
        });
        self.drop_the_dear(demand, &mut chosen);
        if chosen.is_empty() { Err(unfit) } else { Ok(Sequence::Chosen(chosen.into())) }
    }

    /// Takes out what costs too much by the first one's cost. Where one of the two has no price the rule can't hold.
    fn drop_the_dear(&self, demand: &Demand, chosen: &mut Vec<u16>) {
        let costs = |number: &u16| self.places.get(usize::from(*number))?.costs(demand);
        let (Some(most), Some(first)) = (self.failover_cost, chosen.first().and_then(costs)) else { return };
        chosen.retain(|number| costs(number).is_none_or(|costs| is_affordable(costs, first, most)));
    }

    /// Whether the context window at one place is known to be larger than that at another, where a request was too long;
    /// where that one's isn't known, whether it is known at all.
    pub(crate) fn is_larger(&self, place: usize, than: usize) -> bool {
        let context = |place| self.places.get(place).and_then(|place: &Place| place.context);
        context(place).is_some_and(|larger| context(than).is_none_or(|smaller| larger > smaller))
    }
}

impl Sequence {
    /// Its places by their numbers, of a plan with `count` of them: all, or those after this one.
    pub(crate) fn places(&self, count: usize, after: Option<usize>) -> impl Iterator<Item = usize> + use<> {
        let (plain, chosen) = match self {
            Self::Plain => (after.map_or(0, |after| after + 1)..count, None),
            Self::Chosen(places) => (0..0, Some(places.clone())),
        };
        let mut is_past = after.is_none();
        let chosen = (0..).map_while(move |index| chosen.as_ref()?.get(index).copied().map(usize::from));
        plain.chain(chosen.filter(move |place| {
            let is_later = is_past;
            is_past |= Some(*place) == after;
            is_later
        }))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

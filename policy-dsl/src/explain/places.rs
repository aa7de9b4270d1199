//! Which targets of a route's plan are tried for one request, and why others aren't: what the filter's plans decide, as far as
//! it doesn't depend on the time of the request.

use std::borrow::Cow;

use super::request::Request;
use super::words::{code, list};
use super::{Explainer, changes};
use crate::policy::fit::{Unfit, is_affordable};
use crate::policy::{InputAction, Order, Overrides, PlanStage, Route, Target, TargetId};
use crate::vocabulary::{factor_text, money_text};

/// Why a target isn't tried.
#[derive(Clone, Copy, Debug)]
pub(super) enum Why {
    Unfit(Unfit),
    /// It would cost more than this many hundredths of what the first one costs.
    TooDear(u32),
    /// What its prompt costs there, and what the contract lets an attempt cost, in micro-dollars.
    Unaffordable {
        cost: u64,
        most: u64,
    },
}

impl Why {
    pub(super) fn text(self) -> String {
        match self {
            Why::Unfit(unfit) => unfit_text(unfit),
            Why::TooDear(most) => {
                format!("it would cost more than {} what the first one costs", factor_text(most))
            }
            Why::Unaffordable { cost, most } => {
                let (cost, most) = (money_text(cost), money_text(most));
                format!("its prompt costs about {cost} there, and leaves too little of {most} for an answer")
            }
        }
    }
}

fn unfit_text(Unfit { missing, window }: Unfit) -> String {
    let missing: Vec<String> = missing.iter().map(|capability| code(capability.word())).collect();
    let lacks = (!missing.is_empty()).then(|| format!("it lacks {}", list(&missing, "and")));
    let window = window.map(|(needed, window)| {
        format!("the request needs about {needed} tokens, and its context window holds {window}")
    });
    let reasons: Vec<String> = lacks.into_iter().chain(window).collect();
    list(&reasons, "and")
}

/// What is asked of the places of one route.
pub(super) struct Places<'e> {
    explainer: &'e Explainer<'e>,
    route: &'e Route,
    request: &'e Request,
    /// What the first one costs; `None` where nothing depends on it, or that isn't known.
    first: Option<[u64; 2]>,
}

impl<'e> Places<'e> {
    pub(super) fn new(explainer: &'e Explainer<'e>, route: &'e Route, request: &'e Request) -> Self {
        let mut places = Self { explainer, route, request, first: None };
        places.first = places.first_costs();
        places
    }

    /// The stages of the plan; in their place the target for prompts that are too long for it, where this is one.
    pub(super) fn stages(&self) -> Cow<'e, [PlanStage]> {
        match self.route.contract.input {
            Some((most, InputAction::Use(target))) if self.request.input_tokens() > most => {
                let overrides = Overrides::default();
                Cow::Owned(vec![PlanStage { targets: vec![target], order: Order::AsWritten, overrides }])
            }
            _ => Cow::Borrowed(&self.route.plan),
        }
    }

    /// Why a target isn't tried; `None` when it is.
    pub(super) fn refuses(&self, target: &Target, overrides: &Overrides) -> Option<Why> {
        if let Some(unfit) = self.unfit(target, overrides) {
            return Some(Why::Unfit(unfit));
        }
        let costs = self.costs(target, overrides)?;
        if let (Some(most), Some(first)) = (self.route.contract.failover_cost, self.first)
            && !is_affordable(costs, first, most)
        {
            return Some(Why::TooDear(most));
        }
        let cost = changes::affordable(self.route, (target, overrides), self.request).err()?;
        Some(Why::Unaffordable { cost, most: self.route.contract.cost_micro_dollars? })
    }

    /// The targets that are tried, in the order of the plan; why none can serve the request, where there is none.
    pub(super) fn tried(&self) -> Result<Vec<TargetId>, String> {
        let (mut tried, mut reasons, mut unaffordable) = (Vec::new(), Unfit::default(), None);
        for stage in self.stages().iter() {
            for id in &stage.targets {
                match self.explainer.target(*id).and_then(|target| self.refuses(target, &stage.overrides)) {
                    Some(Why::Unfit(reason)) => reasons = reasons.and(reason),
                    Some(Why::TooDear(_)) => {}
                    Some(why) => unaffordable = unaffordable.or(Some(why.text())),
                    None => tried.push(*id),
                }
            }
        }
        if tried.is_empty() { Err(unaffordable.unwrap_or_else(|| reasons.message())) } else { Ok(tried) }
    }

    /// What the first target costs, where it is clear which one that is.
    fn first_costs(&self) -> Option<[u64; 2]> {
        for stage in self.stages().iter() {
            let targets = stage.targets.iter().filter_map(|id| self.explainer.target(*id));
            let mut fit = targets.filter(|target| self.unfit(target, &stage.overrides).is_none()).peekable();
            if fit.peek().is_none() {
                continue;
            }
            return match stage.order {
                Order::AsWritten => self.costs(fit.next()?, &stage.overrides),
                Order::Cheapest => fit.filter_map(|target| self.costs(target, &stage.overrides)).min(),
                _ => None,
            };
        }
        None
    }

    fn unfit(&self, target: &Target, overrides: &Overrides) -> Option<Unfit> {
        let lacks = target.lacks.iter().copied().collect();
        self.request.demand().unfit(lacks, target.context, changes::bound(self.route, overrides))
    }

    fn costs(&self, target: &Target, overrides: &Overrides) -> Option<[u64; 2]> {
        Some(self.request.demand().costs(target.price?, changes::bound(self.route, overrides)))
    }
}

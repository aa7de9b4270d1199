//! How many tokens a request brings, and how many its answer may have: all of its answers, where it asks for several, and what the
//! model thinks before.

use std::fmt;

use seawall_tokens::image::Rule;
use seawall_tokens::{Budget, Dialect, Encoding, Message, Tally, expected_output};

use super::{Attempt, Exchange};
use crate::body::Facts;
use crate::config::Config;
use crate::counting::{self, BYTES_PER_TOKEN, Of};
use crate::effect::{Effect, Text};
use crate::stream::Usage;
use crate::telemetry::{Metric, Tokens};
use crate::turn::Turn;

/// Of the budget of a request's first count, each further one has such a part at least.
const LEAST_BUDGET: usize = 8;

/// Tokens of a request's prompt at one place of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) tokens: u64,
    /// As the model itself counts them; otherwise an estimate.
    pub(super) is_exact: bool,
}

impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tokens, if self.is_exact { "exact" } else { "estimate" })
    }
}

/// What has been counted of a request.
#[derive(Default)]
pub(super) struct Counted {
    /// Whether anything depends on it; otherwise the body's length says enough.
    pub(super) is_wanted: bool,
    /// By dialect, by vocabulary, and by the rule for images and files, as targets may have different ones.
    tallies: Vec<((Dialect, Encoding), Rule, Tally)>,
    /// What may still be counted of it.
    budget: Budget,
    /// What that means at places of the plan.
    prompts: Vec<(usize, Prompt)>,
    /// What the answer may have at one of them.
    output: Option<(usize, u64)>,
}

impl Counted {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, ..Self::default() }
    }

    /// For a route; what has been counted before, to choose it, is known.
    pub(super) fn of_route(self, is_wanted: bool) -> Self {
        Self { is_wanted, tallies: self.tallies, budget: self.budget, ..Self::default() }
    }

    /// The budget of one more count: what those before have left, or so much that samples say something of each part of a text.
    fn next_budget(&self) -> Budget {
        Budget(self.budget.0.max(Budget::default().0 / LEAST_BUDGET))
    }

    /// The prompt at a place of the plan, or where it was counted first; `None` where nothing depends on it.
    pub(super) fn prompt(&self, place: usize) -> Option<Prompt> {
        let here = self.prompts.iter().find(|(known, _)| *known == place);
        here.or(self.prompts.first()).map(|(_, prompt)| *prompt).filter(|_| self.is_wanted)
    }
}

impl Exchange {
    /// The request's prompt at a place of the plan.
    pub(super) fn prompt(&mut self, turn: &mut Turn<'_>, place: usize) -> Prompt {
        if let Some((_, prompt)) = self.counted.prompts.iter().find(|(known, _)| *known == place) {
            return *prompt;
        }
        if !self.counted.is_wanted {
            return Prompt { tokens: self.body.len() as u64 / BYTES_PER_TOKEN, is_exact: false };
        }
        let model = self.model_at(turn.config, place);
        let (tally, is_own) = self.tally(turn, place, model.as_deref().unwrap_or_default());
        let tokens = match turn.config.target_named(self.route, place).filter(|_| !is_own) {
            None => tally.total(),
            Some((id, target)) => {
                let name = &[&*target.name, "/", &target.cluster];
                let of = Of { number: id.0, name, model: model.as_deref().unwrap_or_default() };
                turn.counting.calibrated((turn.store, turn.now), of, &tally)
            }
        };
        let prompt = Prompt { tokens, is_exact: is_own && !tally.is_estimate };
        self.counted.prompts.push((place, prompt));
        prompt
    }

    /// Counts the request for a place of the plan, and each of its messages, up to `most`.
    pub(super) fn count_each(&mut self, turn: &mut Turn<'_>, place: usize, most: usize) -> Vec<Message> {
        let model = self.model_at(turn.config, place);
        let model = model.as_deref().unwrap_or_default();
        let of = (self.dialect_at(turn.config, place), counting::encoding(model).0);
        let mut budget = self.counted.next_budget();
        let (tally, messages) = turn.counting.count_each(of, model, (&self.body, &mut budget), most);
        self.counted.budget = budget;
        self.counted.tallies.push((of, Rule::of_model(model), tally));
        messages
    }

    /// The base count for a place of the plan.
    pub(super) fn base_at(&mut self, turn: &mut Turn<'_>, place: usize) -> Tally {
        let model = self.model_at(turn.config, place);
        self.tally(turn, place, model.as_deref().unwrap_or_default()).0
    }

    /// What base counts come to at a place of the plan.
    pub(super) fn estimator(&self, turn: &mut Turn<'_>, place: usize) -> impl Fn(&Tally) -> u64 + use<> {
        let model = self.model_at(turn.config, place);
        let model = model.as_deref().unwrap_or_default();
        let (_, is_own) = counting::encoding(model);
        let known =
            turn.config.target_named(self.route, place).filter(|_| !is_own).and_then(|(id, target)| {
                let of = Of { number: id.0, name: &[&*target.name, "/", &target.cluster], model };
                turn.counting.calibration((turn.store, turn.now), of)
            });
        move |tally| known.as_ref().map_or_else(|| tally.total(), |known| known.estimate(tally).tokens)
    }

    /// The body is another one now, of which this is the base count for a place of the plan.
    pub(super) fn recounted(&mut self, turn: &Turn<'_>, place: usize, tally: Tally) {
        let model = self.model_at(turn.config, place);
        let model = model.as_deref().unwrap_or_default();
        let of = (self.dialect_at(turn.config, place), counting::encoding(model).0);
        self.counted.tallies = vec![(of, Rule::of_model(model), tally)];
        (self.counted.prompts, self.counted.output) = (Vec::new(), None);
    }

    /// Tokens that it brings at a place of the plan, and those that its answer may have there.
    pub(super) fn tokens(&mut self, turn: &mut Turn<'_>, place: usize) -> (u64, u64) {
        let input = self.prompt(turn, place).tokens;
        if let Some((_, output)) = self.counted.output.filter(|(known, _)| *known == place) {
            return (input, output);
        }
        let allowed = self.most_output(turn.config, place);
        let learned = match (allowed, self.counted.is_wanted) {
            (None, true) => {
                let model = self.model_at(turn.config, place);
                let name = &[self.route_name(turn)];
                let of = Of { number: self.route, name, model: model.as_deref().unwrap_or_default() };
                turn.counting.likely_output((turn.store, turn.now), of)
            }
            _ => None,
        };
        let (choices, thinking) = self.choices_and_thinking();
        // Who lets it think and sets no bound of all may get so much of that alone.
        let learned = learned.max(thinking.filter(|_| self.counted.is_wanted));
        // Where a model is to write, a limit that has nothing left admits nothing, though nobody knows how much it will be.
        let least = u64::from(self.counted.is_wanted && self.is_to_be_written());
        let output = expected_output(allowed, learned).max(least).saturating_mul(choices);
        self.counted.output = Some((place, output));
        (input, output)
    }

    /// How many answers the request asks for, and with how many tokens the model may think for each.
    fn choices_and_thinking(&self) -> (u64, Option<u64>) {
        let of = |facts: &Facts| (facts.choices(&self.body), facts.thinking(&self.body));
        self.facts.as_ref().map_or((1, None), of)
    }

    /// An attempt begins with a prompt that was counted.
    pub(super) fn tell_prompt(&mut self, turn: &mut Turn<'_>, place: usize) {
        let Some(target) = turn.config.target_at(self.route, place).filter(|_| self.counted.is_wanted) else {
            return;
        };
        let is_exact = self.prompt(turn, place).is_exact;
        let what = if is_exact { Tokens::Exact } else { Tokens::Estimate };
        turn.fx.push(Effect::Count(Metric::Tokens(target, what, 1)));
    }

    /// Takes in what an answer's provider has reported.
    pub(super) fn learn_tokens(&mut self, turn: &mut Turn<'_>, attempt: &Attempt, usage: Usage) {
        if !self.counted.is_wanted {
            return;
        }
        let place = attempt.position;
        let model: Option<Text> = self.model_at(turn.config, place);
        let model = model.as_deref().unwrap_or_default();
        let (tally, is_own) = self.tally(turn, place, model);
        if let Some((id, target)) = turn.config.target_named(self.route, place).filter(|_| !is_own) {
            let of = Of { number: id.0, name: &[&*target.name, "/", &target.cluster], model };
            // Nothing where the count is doubtful.
            turn.counting.calibrate((turn.store, turn.now), of, tally, usage.input);
        }
        let prompt = self.prompt(turn, place);
        if let Some(target) = turn.config.target_at(self.route, place).filter(|_| !prompt.is_exact) {
            for (what, tokens) in
                [(Tokens::Reported, usage.input), (Tokens::Off, usage.input.abs_diff(prompt.tokens))]
            {
                turn.fx.push(Effect::Count(Metric::Tokens(target, what, tokens)));
            }
        }
        // An answer that was bounded may have ended for that.
        if self.facts.is_some() && self.most_output(turn.config, place).is_none() {
            let of = Of { number: self.route, name: &[self.route_name(turn)], model };
            // Of several answers, how long one is.
            let (choices, _) = self.choices_and_thinking();
            turn.counting.learn_output((turn.store, turn.now), of, usage.output.div_ceil(choices));
        }
    }

    /// The base count for a model at a place, and whether that is what the model itself counts.
    fn tally(&mut self, turn: &mut Turn<'_>, place: usize, model: &str) -> (Tally, bool) {
        let (encoding, is_own) = counting::encoding(model);
        let of = (self.dialect_at(turn.config, place), encoding);
        let mut known = self.counted.tallies.iter().filter(|(known, ..)| *known == of);
        let is_same = |(_, rule, tally): &&(_, Rule, Tally)| {
            !tally.depends_on_model() || *rule == Rule::of_model(model)
        };
        if let Some((.., tally)) = known.find(is_same) {
            return (*tally, is_own);
        }
        let mut budget = self.counted.next_budget();
        let tally = turn.counting.count(of, model, (&self.body, &mut budget));
        self.counted.budget = budget;
        self.counted.tallies.push((of, Rule::of_model(model), tally));
        (tally, is_own)
    }

    /// The dialect that it is written in, by its path and the provider at a place of the plan.
    fn dialect_at(&self, config: &Config, place: usize) -> Dialect {
        let path = self.headers.get(":path").unwrap_or_default();
        counting::dialect(config.provider(self.route, place), path)
    }

    fn route_name<'t>(&self, turn: &Turn<'t>) -> &'t str {
        turn.config.route(self.route).map(|route| route.name.as_str()).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "count_tests.rs"]
mod tests;

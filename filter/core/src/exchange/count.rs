//! How many tokens a request brings, and how many its answer may have.

use seawall_tokens::{Encoding, Tally, expected_output};

use super::{Attempt, Exchange};
use crate::counting::{self, BYTES_PER_TOKEN};
use crate::effect::Text;
use crate::stream::Usage;
use crate::turn::Turn;

/// What has been counted of a request.
#[derive(Default)]
pub(super) struct Counted {
    /// Whether anything depends on it; otherwise the body's length says enough.
    is_wanted: bool,
    /// By vocabulary, as targets may have different ones.
    tallies: Vec<(Encoding, Tally)>,
    /// What that means at one place of the plan: tokens of the request, and likely of the answer.
    at: Option<(usize, (u64, u64))>,
}

impl Counted {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, ..Self::default() }
    }
}

impl Exchange {
    /// Tokens of the request at a place of the plan.
    pub(super) fn input_tokens(&mut self, turn: &mut Turn<'_>, place: usize) -> u64 {
        if !self.counted.is_wanted {
            return self.body.len() as u64 / BYTES_PER_TOKEN;
        }
        let model = self.model_at(turn.config, place);
        let (tally, is_own) = self.tally(turn, place, model.as_deref().unwrap_or_default());
        match turn.config.target_cell(self.route, place).filter(|_| !is_own) {
            None => tally.total(),
            Some(target) => {
                let of = (&*target, model.as_deref().unwrap_or_default());
                counting::calibrated(turn.store, of, &tally)
            }
        }
    }

    /// Tokens that it brings at a place of the plan, and those that its answer may have there.
    pub(super) fn tokens(&mut self, turn: &mut Turn<'_>, place: usize) -> (u64, u64) {
        if let Some((_, tokens)) = self.counted.at.filter(|(known, _)| *known == place) {
            return tokens;
        }
        let input = self.input_tokens(turn, place);
        let allowed = self.facts.as_ref().and_then(|facts| facts.most_tokens(&self.body));
        let learned = match (allowed, self.counted.is_wanted) {
            (None, true) => {
                let model = self.model_at(turn.config, place);
                let route = self.route_name(turn);
                counting::likely_output(turn.store, (route, model.as_deref().unwrap_or_default()))
            }
            _ => None,
        };
        let tokens = (input, expected_output(allowed, learned));
        self.counted.at = Some((place, tokens));
        tokens
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
        if let Some(target) = turn.config.target_cell(self.route, place).filter(|_| !is_own) {
            counting::calibrate(turn.store, (&target, model), &tally, usage.input);
        }
        // An answer that was bounded may have ended for that.
        if self.facts.as_ref().is_some_and(|facts| facts.most_tokens(&self.body).is_none()) {
            let route = self.route_name(turn);
            counting::learn_output(turn.store, (route, model), usage.output);
        }
    }

    /// The base count for a model at a place, and whether that is what the model itself counts.
    fn tally(&mut self, turn: &mut Turn<'_>, place: usize, model: &str) -> (Tally, bool) {
        let (encoding, is_own) = counting::encoding(model);
        let known = self.counted.tallies.iter().find(|(known, _)| *known == encoding);
        if let Some((_, tally)) = known {
            return (*tally, is_own);
        }
        let path = self.headers.get(":path").unwrap_or_default();
        let dialect = counting::dialect(turn.config.provider(self.route, place), path);
        let tally = turn.counting.count((dialect, encoding), model, &self.body);
        self.counted.tallies.push((encoding, tally));
        (tally, is_own)
    }

    fn route_name<'t>(&self, turn: &Turn<'t>) -> &'t str {
        turn.config.route(self.route).map(|route| route.name.as_str()).unwrap_or_default()
    }
}

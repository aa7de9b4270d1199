//! Holds a request to the contract of its route, before anything of it goes anywhere; see [`contract`].

use seawall_policy::policy::{InputAction, Price};
use seawall_tokens::Tally;

use super::count::Prompt;
use super::{Attempt, Exchange, Stage};
use crate::answer::OwnError;
use crate::body::{self, BodyError, Facts};
use crate::config::Config;
use crate::contract::{self, Breach, MOST_MESSAGES, Trimmed};
use crate::counting;
use crate::engine::MAX_BODY_BYTES;
use crate::exchange::After;
use crate::operation::Operation;
use crate::plan::Sequence;
use crate::telemetry::{ContractEvent, Outcome, Reason};
use crate::turn::Turn;

/// What the contract has made of a request.
#[derive(Default)]
pub(super) struct Kept {
    /// Its prompt is so long that it goes to the larger target.
    pub(super) is_large: bool,
    /// Messages left out of it.
    pub(super) trimmed: u32,
    /// Most tokens of the answer that may be paid for, by places of the plan.
    affordable: Vec<(usize, u64)>,
}

impl Kept {
    /// The answer may cost no more than this at a place of the plan.
    pub(super) fn may_cost(&mut self, place: usize, most: u64) {
        self.affordable.retain(|(known, _)| *known != place);
        self.affordable.push((place, most));
    }
}

impl Exchange {
    /// Most bytes of its body.
    pub(crate) fn most_bytes(&self, config: &Config) -> usize {
        let most = config.route(self.route).and_then(|route| route.contract.body_bytes);
        let most = most
            .filter(|_| !matches!(self.stage, Stage::Reading { is_open: true, .. }))
            .and_then(|most| usize::try_from(most).ok());
        most.unwrap_or(MAX_BODY_BYTES).min(MAX_BODY_BYTES)
    }

    /// So many bytes of the request's body are here: more than what is held, or than the contract admits.
    pub(crate) fn is_too_large(&self, turn: &mut Turn<'_>, bytes: usize) -> After {
        let most = self.most_bytes(turn.config);
        if most < MAX_BODY_BYTES {
            turn.tell_contract(self.route, ContractEvent::Refused, ("body", bytes as u64, most as u64));
        }
        self.refuse(turn, OwnError::body_too_large(most), Reason::BodyTooLarge)
    }

    /// Holds the request to what it may bring. `Some` when it goes nowhere.
    #[inline(never)] // See [profile.wasm].
    pub(super) fn keep_contract(&mut self, turn: &mut Turn<'_>) -> Option<After> {
        let contract = &turn.config.route(self.route)?.contract;
        if !self.brings_prompt() {
            return None;
        }
        let messages = self.facts.as_ref().map_or(0, |facts| facts.messages);
        if let Some(most) = contract.turns.filter(|most| messages > *most) {
            return Some(self.breaks_contract(turn, &Breach::Turns { counted: messages, most: most.into() }));
        }
        let (most, action) = contract.input?;
        let breach = match action {
            InputAction::TrimOldest => self.trim(turn, most)?,
            InputAction::Reject => self.too_long(turn, most)?,
            InputAction::Use(_) => {
                if let Breach::Input { counted, most, .. } = self.too_long(turn, most)? {
                    turn.tell_contract(self.route, ContractEvent::Larger, ("input", counted, most));
                }
                self.kept.is_large = true;
                return None;
            }
        };
        Some(self.breaks_contract(turn, &breach))
    }

    /// Whether a model is to work on it: an upload, or a question how many tokens it would be, is held to its bytes alone, and to
    /// limits on requests.
    pub(super) fn brings_prompt(&self) -> bool {
        let has_prompt = self.facts.as_ref().is_some_and(Facts::has_prompt);
        (self.operation.asks_model() || has_prompt) && self.operation != Operation::Count
    }

    /// Whether a model is to write an answer to it.
    pub(super) fn is_to_be_written(&self) -> bool {
        let is_hidden = || self.facts.as_ref().is_some_and(Facts::has_prompt);
        match self.operation {
            Operation::Embeddings | Operation::Count => false,
            operation => operation.generates() || is_hidden(),
        }
    }

    /// Why what it brings can't be counted where that is to be; `error`: why its body could not be read.
    #[inline(never)] // See [profile.wasm].
    pub(super) fn is_uncountable(&self, turn: &Turn<'_>, error: Option<BodyError>) -> Option<OwnError> {
        if self.body.is_empty() || !turn.config.minds_prompts(self.route) {
            return None;
        }
        if self.operation == Operation::Batch {
            return Some(OwnError::batch());
        }
        let (true, None) = (self.operation.asks_model(), &self.facts) else { return None };
        if body::is_encoded(&self.headers) {
            return Some(OwnError::body_encoded());
        }
        // It begins like a body that a server might read which minds no headers, and is lax.
        let is_odd = |error: &BodyError| matches!(error, BodyError::Syntax { .. });
        error.filter(is_odd).map(|error| OwnError::body_invalid(error.to_string()))
    }

    pub(super) fn too_long(&mut self, turn: &mut Turn<'_>, most: u64) -> Option<Breach> {
        let Prompt { tokens: counted, is_exact } = self.prompt(turn, 0);
        (counted > most).then_some(Breach::Input { counted, most, is_exact, least: None })
    }

    /// Leaves the oldest turns out of a prompt that is too long; a breach where that doesn't help.
    #[inline(never)] // See [profile.wasm].
    fn trim(&mut self, turn: &mut Turn<'_>, most: u64) -> Option<Breach> {
        let path = self.headers.get(":path").unwrap_or_default();
        let dialect = counting::dialect(turn.config.provider(self.route, 0), path);
        let facts = self.facts.as_ref().filter(|facts| facts.messages as usize <= MOST_MESSAGES);
        let history = facts.map(|facts| facts.history(dialect)).filter(|history| !history.is_empty());
        let Some(history) = history else { return self.too_long(turn, most) };
        let mut messages = self.count_each(turn, 0, MOST_MESSAGES + 1);
        if messages.len() > MOST_MESSAGES {
            return self.too_long(turn, most);
        }
        messages.retain(|message| history.start < message.place.start && message.place.end < history.end);
        let breach = self.too_long(turn, most)?;
        let tally = self.base_at(turn, 0);
        let estimate = self.estimator(turn, 0);
        let fits = |tally: &Tally| estimate(tally) <= most;
        match contract::trim(&self.body, &messages, &tally, fits) {
            Ok(trimmed) => self.take_trimmed(turn, most, trimmed, &breach),
            Err(least) => match breach {
                Breach::Input { counted, is_exact, .. } => {
                    let least = Some(estimate(&least)).filter(|least| *least < counted);
                    Some(Breach::Input { counted, most, is_exact, least })
                }
                breach => Some(breach),
            },
        }
    }

    fn take_trimmed(
        &mut self,
        turn: &mut Turn<'_>,
        most: u64,
        trimmed: Trimmed,
        breach: &Breach,
    ) -> Option<Breach> {
        let Trimmed { body, messages, tally } = trimmed;
        let path = self.headers.get(":path").unwrap_or_default();
        // What could be read before can be read with less in it.
        let Ok(facts) = body::read_request(path, &body) else { return Some(breach.clone()) };
        self.body = body.into();
        self.facts = Some(facts);
        self.kept.trimmed = messages;
        self.recounted(turn, 0, tally);
        if let Breach::Input { counted, .. } = breach {
            turn.tell_contract(self.route, ContractEvent::Trimmed, ("input", *counted, most));
        }
        None
    }

    /// Finds out what the answer may cost at each place, and passes over those where the money doesn't suffice. `Some` when
    /// none is left.
    #[inline(never)] // See [profile.wasm].
    pub(super) fn afford(&mut self, turn: &mut Turn<'_>) -> Option<After> {
        let most = turn.config.route(self.route)?.contract.cost_micro_dollars?;
        if !self.brings_prompt() {
            return None;
        }
        let (mut places, mut is_dropped, mut cheapest) = (Vec::new(), false, None::<(u64, u64)>);
        for place in self.places(turn, None) {
            match self.affordable_with(turn, place, most) {
                Ok(output) => {
                    places.push(place as u16);
                    self.kept.affordable.extend(output.map(|output| (place, output)));
                }
                Err(cost) => {
                    is_dropped = true;
                    let tokens = self.prompt(turn, place).tokens;
                    cheapest = Some(cheapest.unwrap_or((cost, tokens)).min((cost, tokens)));
                }
            }
        }
        match cheapest {
            Some((counted, tokens)) if places.is_empty() => {
                Some(self.breaks_contract(turn, &Breach::Cost { counted, most, tokens }))
            }
            _ => {
                if is_dropped {
                    self.sequence = Sequence::Chosen(places.into());
                }
                None
            }
        }
    }

    /// Most tokens that the answer may have at a place for so many micro-dollars; `None` where that is no bound.
    ///
    /// # Errors
    /// What the prompt costs, where that leaves too little.
    pub(super) fn affordable_with(
        &mut self,
        turn: &mut Turn<'_>,
        place: usize,
        most: u64,
    ) -> Result<Option<u64>, u64> {
        let Some(price) = turn.config.price_at(self.route, place) else { return Ok(None) };
        let choices = self.facts.as_ref().map_or(1, |facts| facts.choices(&self.body));
        let tokens = self.prompt(turn, place).tokens;
        let price = Price { output: price.output.saturating_mul(choices), ..price };
        contract::affordable(most, price, tokens, self.most_output(turn.config, place))
    }

    fn breaks_contract(&self, turn: &mut Turn<'_>, breach: &Breach) -> After {
        let (counted, most) = match *breach {
            Breach::Turns { counted, most } => (counted.into(), most),
            Breach::Input { counted, most, .. } | Breach::Cost { counted, most, .. } => (counted, most),
        };
        turn.tell_contract(self.route, ContractEvent::Refused, (breach.rule(), counted, most));
        self.refuse(turn, OwnError::contract_exceeded(breach), Reason::ContractExceeded)
    }

    /// Most tokens that the answer may have at a place of the plan: by the caller's word, by the policy's, and by the money.
    pub(super) fn most_output(&self, config: &Config, place: usize) -> Option<u64> {
        self.facts.as_ref()?;
        let bounds = [self.most_tokens, config.most_tokens_at(self.route, place), self.affordable(place)];
        bounds.into_iter().flatten().min()
    }

    /// Most tokens of the answer that may be paid for at a place of the plan, where the contract says what it may cost.
    pub(super) fn affordable(&self, place: usize) -> Option<u64> {
        self.kept.affordable.iter().find(|(known, _)| *known == place).map(|(_, most)| *most)
    }

    /// Takes in how long the request took, where the contract says how long that may be.
    pub(super) fn tell_latency(&self, turn: &mut Turn<'_>, outcome: Outcome, ended: crate::time::Timestamp) {
        turn.tell_latency(self.route, outcome, ended.since(self.arrived));
    }

    /// The same of the attempt whose answer the client has: of a stream until its first content.
    pub(super) fn tell_delivered(&self, turn: &mut Turn<'_>, attempt: &Attempt) {
        let began = attempt.sighted.and_then(|sighted| sighted.first_token).filter(|_| self.streams());
        self.tell_latency(turn, Outcome::Success, began.unwrap_or(turn.now));
    }
}

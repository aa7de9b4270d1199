//! A request that is complete: what it is, whether it may go on, and whose turn it is.

use std::borrow::Cow;
use std::rc::Rc;

use seawall_policy::policy::Provider;

use super::count::Counted;
use super::{After, Exchange, Stage};
use crate::answer::OwnError;
use crate::body;
use crate::breaker::Asker;
use crate::conversation;
use crate::deadline::Deadline;
use crate::model_path;
use crate::operation::Operation;
use crate::route::Choice;
use crate::sight::{Body, Sight};
use crate::telemetry::Reason;
use crate::turn::Turn;

impl Exchange {
    /// The request is complete: which route, if that is open, and the first attempt. `room` is what may still be held of
    /// request bodies.
    pub(crate) fn begin(&mut self, turn: &mut Turn<'_>, body: Vec<u8>, room: usize) -> After {
        let is_open = matches!(self.stage, Stage::Reading { is_open: true, .. });
        // What passes isn't held.
        if !is_open && body.len() > room {
            return self.refuse(turn, OwnError::overloaded(), Reason::Overloaded);
        }
        let body = body::without_mark(body);
        let path = self.headers.get(":path").unwrap_or_default();
        self.operation = Operation::of(path);
        let (facts, error) = match (!body.is_empty()).then(|| body::read_request(path, &body)).transpose() {
            Ok(facts) => (facts, None),
            Err(error) => (None, Some(error)),
        };
        // What doesn't claim to be JSON needn't be. Where it is all the same, there are servers that read it.
        let unread = error.filter(|error| !error.is_json() && !body::is_json(&self.headers));
        let error = error.filter(|_| unread.is_none());
        (self.facts, self.body) = (facts, Rc::new(body));
        if is_open {
            let Some(route) = self.choose_by_body(turn) else { return turn.pass(&self.headers) };
            self.route = route;
            self.stage = Stage::Reading { is_open: false, patience: None };
            if self.body.len() > self.most_bytes(turn.config) {
                return self.is_too_large(turn, self.body.len());
            }
            if self.body.len() > room {
                return self.refuse(turn, OwnError::overloaded(), Reason::Overloaded);
            }
        }
        if let Some(error) = error {
            return self.refuse(turn, OwnError::body_invalid(error.to_string()), Reason::BodyInvalid);
        }
        if let Some(error) = self.is_uncountable(turn, unread) {
            return self.refuse(turn, error, Reason::BodyInvalid);
        }
        if let Some(message) = self.circles(turn) {
            return self.refuse(turn, OwnError::loop_detected(message), Reason::LoopDetected);
        }
        let rule = turn.config.route(self.route).and_then(|route| route.deadline.as_ref());
        self.deadline = Deadline::of(rule, &self.headers, self.arrived, self.streams());
        self.most_tokens = self.facts.as_ref().and_then(|facts| facts.most_tokens(&self.body));
        // See `body::change`.
        if turn.config.provider(self.route, 0) != Provider::Anthropic {
            self.most_tokens = self.most_tokens.filter(|most| *most > 0);
        }
        let counted = std::mem::take(&mut self.counted);
        self.counted = counted.of_route(turn.config.counts_tokens(self.route));
        if let Some(after) = self.keep_contract(turn) {
            return after;
        }
        self.asker = self.read_asker(turn);
        turn.asker = self.asker.clone();
        if let Err(unfit) = self.choose(turn) {
            return self.refuse(turn, OwnError::unfit(unfit), Reason::NoCapableTarget);
        }
        if let Some(after) = self.afford(turn) {
            return after;
        }
        // Of what is refused before, nothing is retried, and so it pays for no retries.
        turn.count_request(self.route, &self.headers);
        self.identify(turn);
        self.begin_trying(turn)
    }

    /// What an agent is told whose tool calls repeat too often.
    #[inline(never)] // See [profile.wasm].
    fn circles(&self, turn: &Turn<'_>) -> Option<String> {
        let most = turn.config.route(self.route)?.contract.loops?;
        let row = conversation::row(self.facts.as_ref()?, &self.body, most)?;
        (row.times > most).then(|| row.message(most))
    }

    /// The route that takes it, as its body is here.
    #[inline(never)] // See [profile.wasm].
    fn choose_by_body(&mut self, turn: &mut Turn<'_>) -> Option<usize> {
        let mut input = 0;
        if turn.config.asks.tokens && self.facts.is_some() {
            self.counted = Counted::new(true);
            input = self.prompt(turn, 0).tokens;
        }
        let seen = self.facts.as_ref().map_or(Body::Silent, |facts| Body::Read(facts, &self.body));
        let sight = Sight::new(&self.headers, self.arrived, seen);
        let sight = sight.of(turn.config.named(&self.headers, &self.identity)).with_input(input);
        match turn.config.choose(self.route, &sight) {
            Choice::Route(route) => Some(route),
            Choice::Body(_) | Choice::Pass => None,
        }
    }

    fn read_asker(&mut self, turn: &mut Turn<'_>) -> Rc<Asker> {
        let input = self.prompt(turn, 0).tokens;
        let Some(facts) = &self.facts else { return Rc::default() };
        let path = self.headers.get(":path").unwrap_or_default();
        let of_path = model_path::named(turn.config.provider(self.route, 0), path);
        let answer = self.most_output(turn.config, 0).unwrap_or_default();
        Rc::new(Asker {
            model: of_path.or_else(|| facts.model_name(&self.body)).map(Cow::into_owned),
            tokens: input.saturating_add(answer),
            most_tokens: self.most_tokens,
            streams: facts.stream,
        })
    }
}

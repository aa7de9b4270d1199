//! Holds answers to the `output` of their route: looks at a whole answer before anything of it goes on, and decides what becomes of
//! one that doesn't fit, by the policy's words: `invalid repair, retry 1, then fail_over`.
//!
//! | action | is taken where |
//! |---|---|
//! | `repair` | all rules hold of what can be made of it |
//! | `retry` | the same target admits it, and attempts, deadline, retry budget and `cost` leave room; the request then brings along what was wrong |
//! | `fail_over` | another target admits it, and attempts and deadline leave room; the request is the caller's own again |
//! | `reject`, `pass` | always |
//!
//! The first that can be taken is. When none is left, it is rejected. An answer that `pass` would deliver is kept while other
//! attempts are made, and goes out if nothing better comes of them.

use std::rc::Rc;
use std::time::Duration;

use seawall_policy::policy::{BudgetSpent, InvalidAction};
use seawall_schema::Changes;

use super::Exchange;
use crate::body::{self, Facts, Failure, append};
use crate::counting;
use crate::deadline::LEAST;
use crate::effect::{Effect, HeaderList, Text};
use crate::exchange::count::Counted;
use crate::output::{Asked, Breach, Broken, Content, Reading, Rule, Rules, told};
use crate::plan::Demand;
use crate::stream::{Dialect, Framing};
use crate::telemetry::{Decision, Metric, OutputEvent, Reason};
use crate::turn::Turn;

/// What an answer isn't held to whose request brings along a schema that can't be honoured.
pub(super) const LACKS_SCHEMA: [Rule; 1] = [Rule::Schema];

const SAYS_TOO_MUCH: &str = "says more than can be looked at";

/// A whole answer that was held to the rules.
struct Held {
    asked: Rc<Asked>,
    reading: Reading,
    breaches: Vec<Breach>,
}

/// What of the output's rules an exchange remembers.
#[derive(Default)]
pub(super) struct Checked {
    asked: Option<Rc<Asked>>,
    /// How often a target was asked again with what was wrong.
    retries: u32,
    /// The caller's request, while what was wrong stands in the one that is sent.
    original: Option<Box<Original>>,
    /// What the caller is told of the answer that goes out next.
    told: Option<String>,
    /// What follows an answer that breaks rules was left to an attempt beside it.
    is_owed: bool,
}

/// A request's body, and what was read of it.
type Original = (Rc<Vec<u8>>, Option<Facts>);

/// What an answer that was looked at comes to.
pub(super) enum Found {
    /// It goes on as it is, breaking these rules.
    Passes(Broken),
    /// This goes on in its place; as it came, it broke these rules.
    Repaired(Vec<u8>, Broken),
    /// Its attempt has failed.
    Breaks(Box<Invalid>),
}

/// An answer that doesn't fit and isn't delivered now.
pub(super) struct Invalid {
    pub(super) breaches: Vec<Breach>,
    pub(super) broken: Broken,
    /// `None` while another attempt is under way beside: what that comes to goes first.
    pub(super) then: Option<Then>,
    /// It may still be delivered.
    pub(super) is_kept: bool,
}

/// What follows it.
pub(super) enum Then {
    Again(Box<Request>),
    MoveOn,
    Reject,
}

/// The request with what was wrong with the last answer.
pub(super) struct Request {
    body: Rc<Vec<u8>>,
    facts: Option<Facts>,
    counted: Counted,
    /// Most tokens of its answer that may be paid for.
    affordable: Option<u64>,
}

impl Exchange {
    /// Looks at the whole answer of an attempt, of which nothing has gone on.
    pub(super) fn look(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        form: (Dialect, Framing),
        body: &[u8],
    ) -> Found {
        let Some((position, rules)) = self.rules_at(turn, index) else {
            return Found::Passes(Broken::default());
        };
        let Held { asked, reading, breaches } = match self.hold(turn, rules, form, body) {
            Ok(held) => held,
            Err(Some(breach)) => return self.decide(turn, position, (vec![breach], None, true), |_| None),
            Err(None) => {
                self.is_unchecked(turn, position);
                return Found::Passes(Broken::default());
            }
        };
        if breaches.is_empty() {
            if asked.unusable > 0 {
                self.lacks_schema();
                self.tell_output(turn, position, OutputEvent::Unchecked, LACKS_SCHEMA.into_iter().collect());
            }
            return Found::Passes(Broken::default());
        }
        let number = breaches.first().map(|breach| breach.choice);
        let said = reading.content().choices.iter().find(|choice| Some(choice.number) == number);
        let said = said.map(|choice| choice.text.as_str());
        let mend = |turn: &mut Turn<'_>| {
            let (content, changes) = rules.repair(&asked, reading.content(), turn.scratch)?;
            Some((reading.rewritten(body, &content)?, changes))
        };
        self.decide(turn, position, (breaches, said, true), mend)
    }

    /// Looks at the whole answer of an attempt that nobody waits for any more: the rules that it breaks, and whether it could have been repaired.
    /// Nothing follows, but that it says how good its target is.
    pub(super) fn look_back(
        &mut self,
        turn: &mut Turn<'_>,
        position: usize,
        form: (Dialect, Framing),
        body: &[u8],
    ) -> (Broken, bool) {
        let Some(rules) = self.rules(turn, position) else { return (Broken::default(), false) };
        match self.hold(turn, rules, form, body) {
            Ok(Held { breaches, .. }) if breaches.is_empty() => (Broken::default(), false),
            Ok(Held { asked, reading, breaches }) => {
                let repaired = rules.may(InvalidAction::Repair).then(|| {
                    let (content, _) = rules.repair(&asked, reading.content(), turn.scratch)?;
                    reading.rewritten(body, &content)
                });
                (Broken::by(&breaches), repaired.flatten().is_some())
            }
            Err(breach) => (Broken::by(breach.as_slice()), false),
        }
    }

    /// Reads a whole answer and holds it to the rules. `Err` where there is nothing to hold to them: what is wrong with it then, if that is
    /// anything.
    fn hold(
        &mut self,
        turn: &mut Turn<'_>,
        rules: &Rules,
        form: (Dialect, Framing),
        body: &[u8],
    ) -> Result<Held, Option<Breach>> {
        let asked = self.asked(turn, rules);
        let reading = match Reading::after(&asked.prefill, form, body) {
            Ok(reading) if !reading.content().choices.is_empty() => reading,
            Ok(reading) if reading.lacks_choices() => {
                return Err(Some(Breach::of(Rule::Length, "it is empty")));
            }
            Err(Failure::TooLarge) => return Err(Some(Breach::of(Rule::Size, SAYS_TOO_MUCH))),
            // What has no choices has not been answered yet, or is none of the dialect's.
            Ok(_) | Err(Failure::Unreadable) => return Err(None),
        };
        let asked = self.asked_of(turn, rules, reading.content());
        let breaches = rules.check(&asked, reading.content(), turn.scratch);
        Ok(Held { asked, reading, breaches })
    }

    /// An answer goes on of which more comes than is held, unless the policy has something else done: it breaks a rule of its own.
    pub(super) fn says_too_much(&mut self, turn: &mut Turn<'_>, index: usize) -> Found {
        let Some((position, _)) = self.rules_at(turn, index) else {
            return Found::Passes(Broken::default());
        };
        let breach = Breach::of(Rule::Size, SAYS_TOO_MUCH);
        self.decide(turn, position, (vec![breach], None, false), |_| None)
    }

    /// Does what the policy says with an answer that breaks rules. `said` is its text; `mend` repairs it.
    fn decide(
        &mut self,
        turn: &mut Turn<'_>,
        position: usize,
        (breaches, said, is_here): (Vec<Breach>, Option<&str>, bool),
        mend: impl Fn(&mut Turn<'_>) -> Option<(Vec<u8>, Changes)>,
    ) -> Found {
        let broken = Broken::by(&breaches);
        let Some(rules) = turn.config.output(self.route) else { return Found::Passes(broken) };
        let is_alone = self.in_flight.len() == 1;
        let mut then = Then::Reject;
        for action in rules.actions() {
            match action {
                InvalidAction::Repair => {
                    if let Some((body, changes)) = mend(turn) {
                        self.checked.told = Some(marked("repaired", changes.names()));
                        self.tell_output(turn, position, OutputEvent::Repaired, broken);
                        return Found::Repaired(body, broken);
                    }
                }
                InvalidAction::Pass if is_alone => {
                    self.marks_invalid(broken);
                    self.tell_output(turn, position, OutputEvent::Passed, broken);
                    return Found::Passes(broken);
                }
                action => {
                    if let Some(attempt) = self.attempt_after(turn, position, action, (&breaches, said)) {
                        then = attempt;
                        break;
                    }
                }
            }
        }
        self.tell_then(turn, position, &then, broken);
        let is_kept = is_here && rules.may(InvalidAction::Pass);
        Found::Breaks(self.invalid(breaches, is_alone.then_some(then), is_kept))
    }

    fn invalid(&mut self, breaches: Vec<Breach>, then: Option<Then>, is_kept: bool) -> Box<Invalid> {
        self.checked.is_owed |= then.is_none();
        Box::new(Invalid { broken: Broken::by(&breaches), breaches, then, is_kept })
    }

    /// The attempt that an action has follow on an answer that breaks rules, if it is to and may.
    fn attempt_after(
        &mut self,
        turn: &mut Turn<'_>,
        position: usize,
        action: InvalidAction,
        (breaches, said): (&[Breach], Option<&str>),
    ) -> Option<Then> {
        if self.in_flight.len() != 1 {
            return None;
        }
        match action {
            InvalidAction::Retry(most) if self.checked.retries < most => {
                let request = self.asks_again(turn, position, breaches, said)?;
                Some(Then::Again(Box::new(request)))
            }
            InvalidAction::FailOver => self.can_move_on(turn).then_some(Then::MoveOn),
            _ => None,
        }
    }

    /// Tells what follows an answer that breaks rules. A rejection is told when it goes out.
    fn tell_then(&mut self, turn: &mut Turn<'_>, position: usize, then: &Then, broken: Broken) {
        self.marks_invalid(broken);
        let event = match then {
            Then::Again(_) => OutputEvent::Retried,
            Then::MoveOn => OutputEvent::FailedOver,
            Then::Reject => return,
        };
        self.tell_output(turn, position, event, broken);
    }

    fn marks_invalid(&mut self, broken: Broken) {
        self.checked.told = Some(marked("invalid", broken.rules().map(Rule::word)));
    }

    /// The place of an attempt, and what the route asks of its answer.
    fn rules_at<'t>(&self, turn: &Turn<'t>, index: usize) -> Option<(usize, &'t Rules)> {
        let position = self.in_flight.get(index)?.position;
        Some((position, self.rules(turn, position)?))
    }

    /// What the route asks of answers at a place of the plan: where models write them.
    pub(super) fn rules<'t>(&self, turn: &Turn<'t>, position: usize) -> Option<&'t Rules> {
        let rules = turn.config.output(self.route)?;
        let (target, _) = turn.config.attempt(self.route, position)?;
        self.operation_at(target).generates().then_some(rules)
    }

    /// An answer goes on that can't be read: where rules are for it, that is told.
    pub(super) fn goes_unread(&mut self, turn: &mut Turn<'_>, position: usize, status: u16) {
        if status < 300 && self.rules(turn, position).is_some() {
            self.is_unchecked(turn, position);
        }
    }

    /// What follows an answer of which it is clear that it won't fit, though it is no whole one: another attempt, if the policy has one
    /// made; else that it is rejected, where it `ends` in any case.
    pub(super) fn breaks_early(
        &mut self,
        turn: &mut Turn<'_>,
        position: usize,
        (rule, message): (Rule, &'static str),
        ends: bool,
    ) -> Option<Box<Invalid>> {
        let rules = self.rules(turn, position)?;
        let (breaches, broken) = (vec![Breach::of(rule, message)], Broken::from_iter([rule]));
        let mut actions = rules.actions();
        if self.in_flight.len() > 1 {
            let follows = |action| matches!(action, InvalidAction::Retry(_) | InvalidAction::FailOver);
            self.marks_invalid(broken);
            return (ends || actions.any(follows)).then(|| self.invalid(breaches, None, false));
        }
        let then = actions
            .find_map(|action| self.attempt_after(turn, position, action, (&breaches, None)))
            .or(ends.then_some(Then::Reject))?;
        self.tell_then(turn, position, &then, broken);
        Some(self.invalid(breaches, Some(then), false))
    }

    /// Whether an attempt follows one that has failed for this reason after an answer that breaks rules, though the policy's `retry`
    /// wouldn't: the actions that are left are for that, too. It has brought along what was wrong, or was under way beside that answer.
    pub(super) fn goes_on_after_breach(&mut self, turn: &mut Turn<'_>, why: Reason) -> bool {
        // The caller's own request is at fault wherever it is asked.
        let is_owed = why != Reason::ClientError && std::mem::take(&mut self.checked.is_owed);
        (self.is_appended() || is_owed) && self.fails_over_breaches(turn) && self.can_move_on(turn)
    }

    /// Whether the policy has another target asked after an answer that breaks rules.
    pub(super) fn fails_over_breaches(&self, turn: &Turn<'_>) -> bool {
        turn.config.output(self.route).is_some_and(|rules| rules.may(InvalidAction::FailOver))
    }

    /// An answer that the rules are for goes on without having been looked at.
    fn is_unchecked(&mut self, turn: &mut Turn<'_>, position: usize) {
        self.checked.told = Some("unchecked".to_owned());
        self.tell_output(turn, position, OutputEvent::Unchecked, Broken::default());
    }

    /// The caller is told that the request's own schema isn't checked, or that of a tool.
    pub(super) fn lacks_schema(&mut self) {
        self.checked.told = Some(marked("unchecked", LACKS_SCHEMA.into_iter().map(Rule::word)));
    }

    /// What the request asks of its answer, found out once.
    pub(super) fn asked(&mut self, turn: &mut Turn<'_>, rules: &Rules) -> Rc<Asked> {
        if let Some(asked) = &self.checked.asked {
            return asked.clone();
        }
        let (body, facts) = self.own_request();
        let dialect = counting::dialect(turn.config.provider(self.route, 0), self.caller_path());
        let asked = facts.map(|facts| Asked::of(facts, body, (dialect, rules.wants()), turn.schemas));
        let asked = Rc::new(asked.unwrap_or_else(|| Asked::unknown(rules.wants())));
        self.checked.asked = Some(asked.clone());
        asked
    }

    /// The same with the tools that this answer calls.
    pub(super) fn asked_of(&mut self, turn: &mut Turn<'_>, rules: &Rules, content: &Content) -> Rc<Asked> {
        let mut asked = self.asked(turn, rules);
        let has_calls = content.choices.iter().any(|choice| !choice.calls.is_empty());
        if has_calls
            && rules.minds_calls()
            && let (body, Some(facts)) = self.own_request()
        {
            Rc::make_mut(&mut asked).read_tools(facts, body, rules.wants(), content, turn.schemas);
        }
        asked
    }

    /// The request as its caller sent it.
    pub(super) fn own_request(&self) -> (&[u8], Option<&Facts>) {
        match self.checked.original.as_deref() {
            Some((body, facts)) => (body, facts.as_ref()),
            None => (&self.body, self.facts.as_ref()),
        }
    }

    /// The request with what was wrong, if the same target may be asked again.
    fn asks_again(
        &mut self,
        turn: &mut Turn<'_>,
        position: usize,
        breaches: &[Breach],
        said: Option<&str>,
    ) -> Option<Request> {
        let route = turn.config.route(self.route)?;
        let left = self.deadline.left_to_begin(turn.now);
        let has_room = self.progress.attempts < route.retry.attempts && left.is_none_or(|left| left >= LEAST);
        if !has_room || !turn.would_admit(self.route, position, Duration::ZERO) {
            return None;
        }
        let ((own, Some(facts)), path) = (self.own_request(), self.caller_path()) else { return None };
        let dialect = counting::dialect(turn.config.provider(self.route, 0), path);
        let body = append::appended(own, facts, dialect, said, &told::message(breaches))?;
        let facts = Some(body::read_request(path, &body).ok()?);
        let counted = Counted::new(self.counted.is_wanted);
        let mut request = Request { body: Rc::new(body), facts, counted, affordable: None };
        self.swap(&mut request);
        let fits = self.fits_again(turn, position);
        let affordable = match route.contract.cost_micro_dollars {
            Some(most) => self.affordable_with(turn, position, most),
            None => Ok(None),
        };
        self.swap(&mut request);
        request.affordable = affordable.ok()?;
        (fits && turn.pay_retry(self.route)).then_some(request)
    }

    /// Whether the request is still one that the route takes and this place of its plan can serve, with more in it than its caller sent.
    fn fits_again(&mut self, turn: &mut Turn<'_>, position: usize) -> bool {
        let config = turn.config;
        let most = config.route(self.route).and_then(|route| route.contract.input);
        // A prompt that is longer went to the larger target.
        let is_too_long =
            most.is_some_and(|(most, _)| !self.kept.is_large && self.too_long(turn, most).is_some());
        let demand = Demand { input: self.prompt(turn, position).tokens, ..self.demand };
        let has_window = config.place(self.route, position).is_none_or(|place| place.fits(&demand));
        !is_too_long && has_window && self.body.len() <= self.most_bytes(config)
    }

    /// Puts one request in the place of the other.
    fn swap(&mut self, other: &mut Request) {
        std::mem::swap(&mut self.body, &mut other.body);
        std::mem::swap(&mut self.facts, &mut other.facts);
        std::mem::swap(&mut self.counted, &mut other.counted);
    }

    /// Whether another target may be asked.
    fn can_move_on(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some(route) = turn.config.route(self.route) else { return false };
        let has_time = self.deadline.left_to_begin(turn.now).is_none_or(|left| !left.is_zero());
        if self.progress.attempts >= route.retry.attempts || !has_time {
            return false;
        }
        let later = self.later(turn);
        let pays = route.retry.budget.is_some_and(|budget| budget.spent == BudgetSpent::Fail);
        self.count_admitting(turn, later) > 0 && (!pays || turn.pay_retry(self.route))
    }

    /// The next attempt's request brings along what was wrong.
    pub(super) fn append(&mut self, position: usize, mut request: Request) {
        self.swap(&mut request);
        let Request { body, facts, affordable, .. } = request;
        self.checked.original.get_or_insert_with(|| Box::new((body, facts)));
        self.checked.retries += 1;
        if let Some(most) = affordable {
            self.kept.may_cost(position, most);
        }
    }

    /// The request is the caller's own again.
    pub(super) fn restore(&mut self) {
        if let Some(original) = self.checked.original.take() {
            (self.body, self.facts) = *original;
            self.counted = Counted::new(self.counted.is_wanted);
        }
    }

    /// Whether what was wrong stands in the request.
    pub(super) fn is_appended(&self) -> bool {
        self.checked.original.is_some()
    }

    /// What the caller is told of an answer goes with it.
    pub(super) fn take_told(&mut self) -> Option<String> {
        self.checked.told.take()
    }

    pub(super) fn tell_again(&mut self, told: Option<String>) {
        self.checked.told = told;
    }

    /// The header that tells what the rules have made of the answer.
    pub(super) fn output_told(&self, list: &mut HeaderList) {
        let told = self.checked.told.as_deref();
        list.extend(told.map(|told| (Text::Word("x-seawall-output"), told.into())));
    }

    pub(super) fn tell_output(
        &self,
        turn: &mut Turn<'_>,
        position: usize,
        event: OutputEvent,
        broken: Broken,
    ) {
        let Some(id) = turn.config.target_at(self.route, position) else { return };
        turn.fx.push(Effect::Count(Metric::Output(id, event)));
        if let Some(target) = turn.config.target(id).filter(|_| turn.is_tracing) {
            let (exchange, target) = (turn.id.0, target.name.clone());
            turn.fx.push(Effect::Log(Decision::Output { exchange, target, event, broken }));
        }
    }
}

/// `repaired stripped, commas`
fn marked(what: &str, words: impl Iterator<Item = &'static str>) -> String {
    let mut text = what.to_owned();
    for (at, word) in words.enumerate() {
        text += if at == 0 { " " } else { ", " };
        text += word;
    }
    text
}

impl Checked {
    /// Bytes of request bodies that are kept here.
    pub(super) fn held_bytes(&self) -> usize {
        self.original.as_ref().map_or(0, |original| original.0.len())
    }
}

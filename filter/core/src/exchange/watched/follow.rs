//! Streams that go on as they come are looked at while they pass: what breaks a rule is told, and ends the stream where the policy
//! says so. Nothing of it can be taken back, so no other attempt follows.

use std::rc::Rc;

use crate::exchange::answers::Reading;
use crate::exchange::output::LACKS_SCHEMA;
use crate::exchange::{After, Attempt, Exchange};
use crate::output::{Asked, Broken, Call, Choice, Content, Live, Rule, Rules};
use crate::stream::Verdict;
use crate::telemetry::OutputEvent;
use crate::turn::Turn;

/// What becomes of what has come of a stream.
pub(super) enum Midway {
    /// It goes on.
    Passes,
    /// The stream ends before it.
    Ends,
    /// The attempt has failed with it, as nothing had gone on.
    Fails(After),
}

/// What looks at a stream while it passes.
pub(super) struct Following {
    live: Live,
    asked: Rc<Asked>,
    /// Calls whose tools were read.
    calls: usize,
}

impl Exchange {
    /// Begins to look at an answer that goes on as it comes.
    pub(super) fn follow(&mut self, turn: &mut Turn<'_>, index: usize) {
        let Some(Attempt { reading: Reading::Watched(watched), position, .. }) = self.in_flight.get(index)
        else {
            return;
        };
        let Some(rules) = self.rules(turn, *position).filter(|_| watched.gate.collected().is_some()) else {
            return;
        };
        let asked = self.asked(turn, rules);
        if asked.unusable > 0 {
            self.lacks_schema();
        }
        if let Some(watched) = self.watched(index) {
            watched.gate.collector().into_iter().for_each(|collector| collector.goes_on_with(&asked.prefill));
            watched.following = Some(Box::new(Following { live: Live::default(), asked, calls: 0 }));
        }
    }

    /// More of it has come: whether that goes on.
    pub(super) fn breaks_midway(&mut self, turn: &mut Turn<'_>, index: usize) -> Midway {
        let Some(rules) = turn.config.output(self.route) else { return Midway::Passes };
        self.reads_tools(turn, index, rules);
        let Some(attempt) = self.in_flight.get_mut(index) else { return Midway::Passes };
        let (position, Reading::Watched(watched)) = (attempt.position, &mut attempt.reading) else {
            return Midway::Passes;
        };
        let (Some(following), Some(collector)) = (&mut watched.following, watched.gate.collected()) else {
            return Midway::Passes;
        };
        if !watched.broken.is_empty() || watched.gate.verdict().is_some() {
            return Midway::Passes;
        }
        let rule = match collector.overflows() {
            true => Some(Rule::Size),
            false => following.live.look(rules, &following.asked, collector.content()),
        };
        let Some(rule) = rule else { return Midway::Passes };
        watched.broken.add(rule);
        let (broken, is_delivered) = (watched.broken, watched.is_delivered);
        let ends = rules.policy().ends_hopeless && !watched.gate.is_midway();
        let why = (rule, "whatever else it says, it won't fit");
        if !is_delivered && let Some(invalid) = self.breaks_early(turn, position, why, ends) {
            return Midway::Fails(self.fails_by_rules(turn, index, (invalid, Verdict::Invalid), &[]));
        }
        let event = if ends { OutputEvent::Ended } else { OutputEvent::Found };
        self.tell_output(turn, position, event, broken);
        if ends { Midway::Ends } else { Midway::Passes }
    }

    /// Reads the tools that it calls, once for each call that has come so far that its tool's name is all there.
    fn reads_tools(&mut self, turn: &mut Turn<'_>, index: usize, rules: &Rules) {
        let Some(watched) = self.watched(index).filter(|_| rules.minds_calls()) else { return };
        let (Some(following), Some(collector)) = (&watched.following, watched.gate.collected()) else {
            return;
        };
        let calls = collector.content().begun_calls().count();
        if calls <= following.calls || !watched.broken.is_empty() {
            return;
        }
        let named =
            collector.content().begun_calls().map(|call| Call { name: call.name.clone(), ..Call::default() });
        let named = Choice { calls: named.collect(), ..Choice::default() };
        let asked = self.asked_of(turn, rules, &Content { choices: vec![named] });
        if let Some(following) = self.watched(index).and_then(|watched| watched.following.as_mut()) {
            (following.asked, following.calls) = (asked, calls);
        }
    }

    /// All of it has come, or what there was of it.
    pub(super) fn followed_to_its_end(&mut self, turn: &mut Turn<'_>, index: usize, verdict: Verdict) {
        let Some(rules) = turn.config.output(self.route) else { return };
        let Some(watched) = self.watched(index) else { return };
        let (is_followed, early) = (watched.following.take().is_some(), watched.broken);
        let Some(attempt) = self.in_flight.get(index) else { return };
        let (position, Reading::Watched(watched)) = (attempt.position, &attempt.reading) else { return };
        let Some(collector) = watched.gate.collected().filter(|_| is_followed && !verdict.is_failure())
        else {
            return;
        };
        let mut lacks_schema = false;
        let mut broken = if collector.overflows() {
            Broken::from_iter([Rule::Size])
        } else if collector.content().choices.is_empty() {
            // It is none of the dialect's.
            return self.tell_output(turn, position, OutputEvent::Unchecked, Broken::default());
        } else {
            let content = collector.content().clone();
            let asked = self.asked_of(turn, rules, &content);
            lacks_schema = asked.unusable > 0;
            Broken::by(&rules.check(&asked, &content, turn.scratch))
        };
        early.rules().for_each(|rule| broken.add(rule));
        if !broken.is_empty() {
            self.watched(index).into_iter().for_each(|watched| watched.broken = broken);
            // That there is something was told when it was found.
            if early.is_empty() {
                self.tell_output(turn, position, OutputEvent::Found, broken);
            }
        } else if lacks_schema {
            self.tell_output(turn, position, OutputEvent::Unchecked, LACKS_SCHEMA.into_iter().collect());
        }
    }
}

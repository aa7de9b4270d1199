//! What the client gets when nothing better comes.

use std::time::Duration;

use super::outcome::is_shut_out;
use super::{After, Exchange, Path};
use crate::answer::{self, OwnError};
use crate::classify::Judgement;
use crate::effect::{Effect, HeaderList};
use crate::event::Half;
use crate::headers::Headers;
use crate::output::{Breach, Broken};
use crate::request::provider_headers;
use crate::retry;
use crate::telemetry::{Outcome, OutputEvent, Reason};
use crate::turn::Turn;

/// The failure that goes to the client if nothing better comes.
pub(super) struct Failure {
    pub(super) n: u32,
    pub(super) position: usize,
    pub(super) judgement: Judgement,
    pub(super) status: u16,
    /// When to come back.
    pub(super) wait: Option<Duration>,
    /// The provider's words, if it said any and all of them are here.
    pub(super) said: Option<(Headers, Vec<u8>)>,
    /// Whether it said more than is kept.
    pub(super) is_too_long: bool,
    /// Whether the answer on the router's path is this one.
    pub(super) is_held: bool,
    /// The rules that it breaks as an answer.
    pub(super) breaches: Vec<Breach>,
    /// It is an answer that goes out marked, if nothing better comes.
    pub(super) is_kept: bool,
    /// What is told of it.
    pub(super) told: Option<String>,
}

impl Failure {
    fn broken(&self) -> Broken {
        Broken::by(&self.breaches)
    }

    /// Bytes of an answer that is kept.
    pub(super) fn held_bytes(&self) -> usize {
        self.said.as_ref().map_or(0, |(_, body)| body.len())
    }

    /// Whether this one, which came later, goes out instead. The same of the same target is newer: its wait counts from now.
    pub(super) fn replaces(&self, earlier: &Self) -> bool {
        let is_newer =
            self.position == earlier.position && self.judgement.outcome == earlier.judgement.outcome;
        if earlier.is_kept {
            return self.is_kept;
        }
        let is_ahead = earlier.is_shut_out() && self.n < earlier.n;
        is_newer || is_ahead || self.is_kept || self.judgement.tells_more_than(&earlier.judgement)
    }

    /// Its target doesn't let this proxy in, or doesn't have what it asks for. That may be the target's own matter.
    fn is_shut_out(&self) -> bool {
        is_shut_out(self.status, self.judgement.outcome)
    }
}

impl Exchange {
    /// Whether an attempt has failed by its target's fault.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.judgement.outcome.is_failure())
    }

    /// Whether the failure that goes to the client is one of the request's own.
    pub(super) fn tells_of_fault(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| !failure.judgement.outcome.is_failure())
    }

    /// No attempt is left to make: the client gets the failure.
    pub(super) fn give_up(&mut self, turn: &mut Turn<'_>, reason: Reason) -> After {
        self.last_word = Some(reason);
        self.next = None;
        self.speak(turn)
    }

    /// Says the last word, once the router's path allows it.
    pub(super) fn speak(&mut self, turn: &mut Turn<'_>) -> After {
        let Some(reason) = self.last_word else { return After::Wait };
        match self.path {
            Path::Moving { .. } => return After::Wait,
            Path::HeldUpstream { attempt } => {
                // Said at the downstream half, when the answer is there.
                self.path = Path::Busy;
                turn.fx.push(Effect::PassAnswer { half: Half::Upstream { attempt }, set: HeaderList::new() });
                return After::Wait;
            }
            Path::Ready | Path::Busy | Path::HeldDownstream => {}
        }
        if let Some(kept) = self.failure.take_if(|failure| failure.is_kept) {
            return self.deliver_kept(turn, kept);
        }
        let position = self.failure.as_ref().map_or(self.position, |failure| failure.position);
        if let Some(failure) = &mut self.failure {
            let (told, broken) = (failure.told.take(), failure.broken());
            self.tell_again(told);
            if !broken.is_empty() {
                self.tell_output(turn, position, OutputEvent::Rejected, broken);
            }
        }
        let mut own = self.own_headers(turn, position, reason);
        let (wait, status) =
            self.failure.as_ref().map_or((None, None), |failure| (failure.wait, Some(failure.status)));
        retry::advise((reason, status), self.progress.attempts, wait, &mut own);
        let is_slow =
            self.failure.as_ref().is_some_and(|failure| failure.judgement.outcome == Outcome::Timeout);
        // An ended deadline is told where the exchange ends.
        if is_slow && reason != Reason::DeadlineExceeded {
            self.tell_latency(turn, Outcome::Timeout, turn.now);
        }
        let is_late = reason == Reason::DeadlineExceeded
            && self.deadline.left_to_begin(turn.now).is_some_and(|left| left.is_zero());
        let (status, effect) = match self.failure.take() {
            failure if is_late => {
                let first = failure.map(|failure| {
                    let target = turn.config.attempt(self.route, failure.position);
                    (target.map_or("", |(target, _)| &*target.name), failure.judgement.outcome)
                });
                let error = OwnError::deadline_exceeded(first).said_in(turn.config.provider(self.route, 0));
                (error.status, turn.own_answer(&error, own))
            }
            Some(Failure { breaches, .. }) if !breaches.is_empty() => {
                let error = OwnError::invalid_output(&breaches).said_in(turn.config.provider(self.route, 0));
                (error.status, turn.own_answer(&error, own))
            }
            // SDKs take whatever comes with a 200 for an answer.
            Some(Failure { said: Some((headers, body)), status, judgement, .. })
                if status < 400 && is_complete(&body) =>
            {
                let status = answer::status(judgement.outcome);
                (status, Effect::Respond { status, headers: provider_headers(&headers, &own), body })
            }
            Some(Failure { is_held: true, status, .. }) if self.path == Path::HeldDownstream => {
                (status, Effect::PassAnswer { half: Half::Downstream, set: own })
            }
            Some(Failure { said: Some((headers, body)), status, .. }) if status >= 400 => {
                (status, Effect::Respond { status, headers: provider_headers(&headers, &own), body })
            }
            Some(Failure { is_too_long: true, status, judgement, .. }) if status >= 400 => {
                let name = turn.config.attempt(self.route, position).map(|(target, _)| &*target.name);
                let said = (judgement.outcome, judgement.code.as_deref());
                let error = OwnError::too_long(status, said, name.unwrap_or_default())
                    .said_in(turn.config.provider(self.route, 0));
                (error.status, turn.own_answer(&error, own))
            }
            failure => {
                let came = failure.map_or((Outcome::Reset, 502), |Failure { judgement, status, .. }| {
                    let outcome = judgement.outcome;
                    (outcome, if status < 400 { answer::status(outcome) } else { status })
                });
                let name = turn.config.attempt(self.route, position).map(|(target, _)| &*target.name);
                let error = OwnError::no_answer(came, name.unwrap_or_default())
                    .said_in(turn.config.provider(self.route, 0));
                (error.status, turn.own_answer(&error, own))
            }
        };
        turn.fx.push(effect);
        self.finish(turn, position, status, reason)
    }

    /// Nothing better has come than an answer that breaks rules, and may be delivered.
    fn deliver_kept(&mut self, turn: &mut Turn<'_>, mut kept: Failure) -> After {
        self.tell_output(turn, kept.position, OutputEvent::Passed, kept.broken());
        self.tell_again(kept.told.take());
        self.tell_latency(turn, Outcome::Success, turn.now);
        let reason = self.reason_of(turn, kept.n, kept.position);
        let own = self.own_headers(turn, kept.position, reason);
        let (headers, body) = kept.said.unwrap_or_default();
        let headers = provider_headers(&headers, &own);
        turn.fx.push(Effect::Respond { status: kept.status, headers, body });
        self.finish(turn, kept.position, kept.status, reason)
    }
}

/// Whether a JSON body has its end.
fn is_complete(body: &[u8]) -> bool {
    matches!(body.trim_ascii_end().last(), Some(b'}' | b']'))
}

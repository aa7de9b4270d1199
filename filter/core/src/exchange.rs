//! One request of a client, from its headers to its answer.
//!
//! | phase | event | to | effects |
//! |---|---|---|---|
//! | reading, route open | request complete, and no route takes it | – | pass the request |
//! | reading | request complete | in flight | route: the first target that admits |
//! | reading | body too large or missing | – | respond |
//! | reading | request complete, but no room for its body, unreadable, or no target admits | – | respond |
//! | in flight | success, or a failure after which nothing follows | – | pass or respond |
//! | in flight | failure, again after a wait | waiting | hold the router's answer |
//! | in flight | failure, move on | in flight | hold the router's answer, dispatch |
//! | waiting | time is up | in flight | dispatch; or respond, if no target admits any more |
//! | any | gone | – | |
//!
//! The route is open while it takes the body to tell which one it is; see [`route`](crate::route). Such a request is held to the
//! same bounds as any other: one that is too large to be read can't be passed unread, or its size would be a way around the
//! policy.
//!
//! The first attempt goes through the host's router, which streams and cancels; later ones are dispatched. Every permit of
//! a breaker is given back exactly once: with the attempt's outcome, or unused when the client goes away.

use std::rc::Rc;
use std::time::Duration;

use seawall_policy::policy::Provider;

use crate::answer::{self, OwnError};
use crate::body::{self, Facts};
use crate::breaker::{Permit, Verdict};
use crate::classify::{judge, trigger};
use crate::config::Target;
use crate::effect::{Effect, HeaderList};
use crate::event::{Answer, Origin};
use crate::headers::Headers;
use crate::request::{dispatched_headers, forbidden, foreign_credentials, provider_headers};
use crate::retry::{self, Failed, Step};
use crate::rng::Rng;
use crate::route::Choice;
use crate::sight::{Body, Sight};
use crate::telemetry::{Decision, Metric, Next, Outcome, Reason};
use crate::time::Timestamp;
use crate::turn::Turn;

/// Times the route's timeout that a dispatched attempt at a stream may take from its start to its end.
const STREAM_FACTOR: u32 = 10;

/// A host's timers may fire this much early.
const TIMER_ERROR: Duration = Duration::from_millis(5);

pub(crate) struct Exchange {
    /// While it is open, the first route that may be it.
    route: usize,
    headers: Headers,
    pub(crate) phase: Phase,
    body: Rc<Vec<u8>>,
    /// `None` for a body that is not there, or not JSON by its headers: it goes on unread.
    facts: Option<Facts>,
    rng: Rng,
    /// Attempts begun: in all, and at the target at `position` of the plan.
    attempts: u32,
    attempts_here: u32,
    position: usize,
    failure: Option<Failure>,
}

pub(crate) enum Phase {
    Reading {
        /// When the request arrived, if its route is open.
        open: Option<Timestamp>,
    },
    InFlight {
        permit: Option<Permit>,
        begun: Timestamp,
    },
    Waiting,
}

/// The failure that goes to the client if nothing better comes.
enum Failure {
    /// The provider's answer, held by the host.
    Held { status: u16 },
    /// The provider's answer to a dispatched attempt.
    Provider { status: u16, headers: Headers, body: Vec<u8> },
    /// The provider gave none.
    NoAnswer(Outcome),
}

/// Whether the exchange goes on.
pub(crate) enum After {
    Wait,
    WakeAt(Timestamp),
    Done,
}

impl Exchange {
    /// Reads a request whose route is known, or `open` since it arrived; then `route` is the first that may take it.
    pub(crate) fn new(route: usize, open: Option<Timestamp>, headers: Headers, rng: Rng) -> Self {
        Self {
            route,
            headers,
            phase: Phase::Reading { open },
            body: Rc::default(),
            facts: None,
            rng,
            attempts: 0,
            attempts_here: 0,
            position: 0,
            failure: None,
        }
    }

    /// The request is complete: which route, if that is open, and the first attempt. `room` is what may still be held of
    /// request bodies.
    pub(crate) fn begin(&mut self, turn: &mut Turn<'_>, body: Vec<u8>, room: usize) -> After {
        let open = if let Phase::Reading { open } = self.phase { open } else { None };
        // What passes isn't held.
        if open.is_none() && body.len() > room {
            return turn.refuse(&OwnError::overloaded(), Reason::Overloaded);
        }
        let facts = (!body.is_empty() && body::is_json(&self.headers)).then(|| body::read(&body)).transpose();
        if let Some(arrived) = open {
            let read = facts.as_ref().ok().and_then(Option::as_ref);
            let seen = read.map_or(Body::Silent, |facts| Body::Read(facts, &body));
            match turn.config.choose(self.route, &Sight::new(&self.headers, arrived, seen)) {
                Choice::Route(route) => self.route = route,
                Choice::Body(_) | Choice::Pass => return turn.pass(&self.headers),
            }
            if body.len() > room {
                return turn.refuse(&OwnError::overloaded(), Reason::Overloaded);
            }
        }
        match facts {
            Ok(facts) => self.facts = facts,
            Err(error) => {
                return turn.refuse(&OwnError::body_invalid(error.to_string()), Reason::BodyInvalid);
            }
        }
        self.body = Rc::new(body);
        let Some(permit) = turn.admit_from(self.route, 0) else {
            let wait = turn.time_to_admission(self.route);
            return turn.refuse(&OwnError::breaker_open(wait), Reason::BreakerOpen);
        };
        self.enter(turn, permit.0, permit.1);
        let (config, route) = (turn.config, self.route);
        let Some((target, timeout)) = config.attempt(route, self.position) else { return After::Done };
        let mut remove = forbidden(&self.headers, true);
        remove.extend(foreign_credentials(&self.headers, target));
        turn.fx.push(Effect::Route {
            cluster: target.cluster.clone(),
            timeout,
            streams: self.streams(),
            set: target.set.clone(),
            remove,
            body: self.rewritten(target),
        });
        After::Wait
    }

    /// An attempt has ended.
    pub(crate) fn attempt_ended(
        &mut self,
        turn: &mut Turn<'_>,
        mut answer: Answer,
        is_routed: bool,
    ) -> After {
        let Phase::InFlight { permit, begun } = std::mem::replace(&mut self.phase, Phase::Waiting) else {
            return After::Done;
        };
        // A host that gives a call up after its headers came says only that nothing came of it.
        let was_given_up = self
            .call_timeout(turn)
            .is_some_and(|timeout| turn.now.since(begun).saturating_add(TIMER_ERROR) >= timeout);
        if !is_routed && answer.origin == Origin::Reset && was_given_up {
            answer.origin = Origin::Timeout;
        }
        let outcome = judge(Provider::OpenAi, &answer, turn.now).outcome;
        turn.settle(self.route, self.position, permit, verdict(outcome));
        if outcome == Outcome::Success {
            return self.deliver(turn, answer, is_routed);
        }
        let step = self.after_failure(turn, &answer, outcome);
        let (next, wait) = match step {
            Step::Again(wait) => (Next::Retry, Some(wait)),
            Step::MoveOn => (Next::Failover, None),
            Step::Stop(Reason::ClientError) => (Next::Deliver, None),
            Step::Stop(_) => (Next::Stop, None),
        };
        self.log_attempt(turn, outcome, answer.status, next, wait);
        let was_held = is_routed && !matches!(step, Step::Stop(_));
        self.failure = Some(match answer.origin {
            Origin::Provider if is_routed => Failure::Held { status: answer.status },
            Origin::Provider => {
                Failure::Provider { status: answer.status, headers: answer.headers, body: answer.body }
            }
            _ => Failure::NoAnswer(outcome),
        });
        if was_held {
            turn.fx.push(Effect::HoldResponse);
        }
        match step {
            Step::Again(wait) => After::WakeAt(turn.now.after(wait)),
            Step::MoveOn => self.move_on(turn),
            Step::Stop(reason) => self.give_up(turn, reason),
        }
    }

    /// The wait before the next attempt is over.
    pub(crate) fn wake(&mut self, turn: &mut Turn<'_>) -> After {
        match turn.admit(self.route, self.position) {
            Ok(permit) => {
                self.enter(turn, self.position, permit);
                self.dispatch(turn)
            }
            // Its breaker has opened in the meantime.
            Err(_) => self.move_on(turn),
        }
    }

    /// The client is gone.
    pub(crate) fn abandon(&mut self, turn: &mut Turn<'_>) -> After {
        if let Phase::InFlight { permit, .. } = self.phase {
            turn.settle(self.route, self.position, permit, Verdict::Dropped);
        }
        self.finish(turn, 0, Reason::Gone)
    }

    /// Whether this attempt's answer is the one that is waited for.
    pub(crate) fn awaits(&self, attempt: u32) -> bool {
        matches!(self.phase, Phase::InFlight { .. }) && self.attempts == attempt
    }

    fn streams(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.stream)
    }

    /// How long a dispatched attempt may take. The host waits for the whole of its answer, so a stream gets longer than
    /// the time that the policy gives it to begin.
    fn call_timeout(&self, turn: &Turn<'_>) -> Option<Duration> {
        let (_, timeout) = turn.config.attempt(self.route, self.position)?;
        Some(if self.streams() { timeout.saturating_mul(STREAM_FACTOR) } else { timeout })
    }

    /// Bytes of the request body that are kept for later attempts.
    pub(crate) fn held_bytes(&self) -> usize {
        self.body.len()
    }

    fn after_failure(&mut self, turn: &mut Turn<'_>, answer: &Answer, outcome: Outcome) -> Step {
        let Some(route) = turn.config.route(self.route) else { return Step::Stop(Reason::NotRetried) };
        let is_failure = outcome.is_failure();
        let failed = Failed {
            outcome,
            trigger: trigger(answer),
            retry_after: answer.headers.get("retry-after").and_then(|value| retry::wait(value, turn.now)),
            attempts: self.attempts,
            attempts_here: self.attempts_here,
            is_admitted_here: is_failure && turn.would_admit(self.route, self.position),
            later_targets: if is_failure {
                turn.count_admitting_from(self.route, self.position + 1)
            } else {
                0
            },
        };
        retry::next(&route.retry, failed, &mut self.rng)
    }

    fn move_on(&mut self, turn: &mut Turn<'_>) -> After {
        match turn.admit_from(self.route, self.position + 1) {
            Some((position, permit)) => {
                self.enter(turn, position, permit);
                self.dispatch(turn)
            }
            None => self.give_up(turn, Reason::BreakerOpen),
        }
    }

    /// An attempt begins at this place of the plan.
    fn enter(&mut self, turn: &Turn<'_>, position: usize, permit: Option<Permit>) {
        self.attempts_here = if position == self.position { self.attempts_here + 1 } else { 1 };
        self.attempts += 1;
        self.position = position;
        self.phase = Phase::InFlight { permit, begun: turn.now };
    }

    fn dispatch(&mut self, turn: &mut Turn<'_>) -> After {
        let config = turn.config;
        let Some((target, _)) = config.attempt(self.route, self.position) else { return After::Done };
        let timeout = self.call_timeout(turn).unwrap_or_default();
        turn.fx.push(Effect::Dispatch {
            attempt: self.attempts,
            cluster: target.cluster.clone(),
            headers: dispatched_headers(&self.headers, target),
            body: self.rewritten(target).map_or_else(|| self.body.clone(), Rc::new),
            timeout,
        });
        After::Wait
    }

    /// The body with the target's model, if that is another than the caller's.
    fn rewritten(&self, target: &Target) -> Option<Vec<u8>> {
        let (model, facts) = (target.model.as_ref()?, self.facts.as_ref()?);
        let present = facts.model.clone().and_then(|range| self.body.get(range));
        (present != Some(model.as_bytes())).then(|| body::with_model(&self.body, facts, model))
    }

    fn deliver(&mut self, turn: &mut Turn<'_>, answer: Answer, is_routed: bool) -> After {
        let reason = match (self.position, self.attempts) {
            (0, 1) => Reason::Ok,
            (0, _) => Reason::Retried,
            _ => Reason::FailedOver,
        };
        let status = answer.status;
        self.log_attempt(turn, Outcome::Success, status, Next::Deliver, None);
        let own = self.own_headers(turn, reason);
        turn.fx.push(if is_routed {
            Effect::PassResponse { set: own }
        } else {
            Effect::Respond { status, headers: provider_headers(&answer.headers, &own), body: answer.body }
        });
        self.finish(turn, status, reason)
    }

    /// No attempt is left to make: the client gets the last failure.
    fn give_up(&mut self, turn: &mut Turn<'_>, reason: Reason) -> After {
        let mut own = self.own_headers(turn, reason);
        if reason != Reason::ClientError {
            own.push(answer::no_more_retries());
        }
        let failure = self.failure.take().unwrap_or(Failure::NoAnswer(Outcome::Reset));
        let (status, effect) = match failure {
            Failure::Held { status } => (status, Effect::PassResponse { set: own }),
            Failure::Provider { status, headers, body } => {
                (status, Effect::Respond { status, headers: provider_headers(&headers, &own), body })
            }
            Failure::NoAnswer(outcome) => {
                let name = turn.config.attempt(self.route, self.position).map(|(target, _)| &*target.name);
                let wait = turn.config.route(self.route).map(|route| route.retry.backoff.cap);
                let error = OwnError::no_answer(outcome, name.unwrap_or_default(), wait.unwrap_or_default());
                (error.status, turn.own_answer(&error, own))
            }
        };
        turn.fx.push(effect);
        self.finish(turn, status, reason)
    }

    fn own_headers(&self, turn: &Turn<'_>, reason: Reason) -> HeaderList {
        let target = turn.config.attempt(self.route, self.position).map(|(target, _)| &target.name);
        answer::own_headers(&turn.config.hash, target, self.attempts, reason)
    }

    fn finish(&self, turn: &mut Turn<'_>, status: u16, reason: Reason) -> After {
        let target = turn.config.attempt(self.route, self.position).map(|(target, _)| target.name.clone());
        let target = target.filter(|_| self.attempts > 0);
        turn.answered(status, self.attempts, target, reason)
    }

    fn log_attempt(
        &self,
        turn: &mut Turn<'_>,
        outcome: Outcome,
        status: u16,
        next: Next,
        wait: Option<Duration>,
    ) {
        let Some(id) = turn.config.target_at(self.route, self.position) else { return };
        turn.fx.push(Effect::Count(Metric::Attempt(id, outcome)));
        let Some(target) = turn.config.target(id).filter(|_| turn.is_tracing) else { return };
        let (exchange, n, target) = (turn.id.0, self.attempts, target.name.clone());
        turn.fx.push(Effect::Log(Decision::Attempt { exchange, n, target, outcome, status, next, wait }));
    }
}

fn verdict(outcome: Outcome) -> Verdict {
    // An error of the request is a target that works.
    if outcome.is_failure() { Verdict::Failure } else { Verdict::Success }
}

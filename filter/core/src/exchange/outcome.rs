//! What follows an attempt.

use std::borrow::Cow;
use std::time::Duration;

use super::last_word::Failure;
use super::output::{Invalid, Then};
use super::{After, Attempt, Exchange, Path, Planned};
use crate::answer;
use crate::body::Facts;
use crate::classify::{Dimension, Judgement};
use crate::config::{Target, is_header_value};
use crate::effect::{Effect, HeaderList, Text};
use crate::event::{Answer, Half, Origin};
use crate::headers::Headers;
use crate::model_path;
use crate::request::provider_headers;
use crate::retry::{self, Failed, Scope, Step};
use crate::telemetry::{Decision, Metric, Next, Outcome, Reason};
use crate::turn::Turn;

/// A failed attempt.
pub(super) struct Ended {
    pub(super) answer: Answer,
    pub(super) judgement: Judgement,
    /// Where its answer is held, if it is.
    pub(super) held: Option<Half>,
    pub(super) extent: Extent,
    /// It was a whole answer that breaks the rules of its route.
    pub(super) invalid: Option<Box<Invalid>>,
}

/// How much there is of what the provider has said, to go out if nothing better comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// Its beginning. Where it is held, the rest follows: it can go out from there, and not from what was read of it.
    Begun,
    /// Its beginning, and the rest won't come.
    Cut,
}

/// What an attempt has come to while another one was under way.
pub(super) struct Beside {
    n: u32,
    position: usize,
    judgement: Judgement,
    /// The status of the provider's answer, if it gave one.
    status: Option<u16>,
}

impl Exchange {
    /// An attempt has brought an answer that can be delivered: the client gets it.
    pub(super) fn succeeded(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        answer: Answer,
        location: Option<Text>,
    ) -> After {
        let attempt = self.in_flight.swap_remove(index);
        let outcome = Outcome::Success;
        self.conclude(turn, &attempt, (&Judgement::plain(outcome), false), &answer);
        self.tell_delivered(turn, &attempt);
        self.tell_winner(turn, attempt.n, attempt.position);
        if attempt.sighted.is_some()
            && let Some(mut kept) = self.keep_sample(turn)
        {
            kept.push(&answer.body);
            self.sample(turn, &attempt, Some(kept));
        }
        let reason = self.success(turn, &attempt);
        let status = answer.status;
        self.log_attempt(
            turn,
            (attempt.n, attempt.position),
            (&Judgement::plain(outcome), status),
            Next::Deliver,
            None,
        );
        let mut own = self.own_headers(turn, attempt.position, reason);
        own.extend(location.map(|location| (Text::Word("location"), location)));
        turn.fx.push(if attempt.is_routed {
            Effect::PassAnswer { half: Half::Downstream, set: own }
        } else {
            Effect::Respond { status, headers: provider_headers(&answer.headers, &own), body: answer.body }
        });
        self.finish(turn, attempt.position, status, reason)
    }

    /// Why the client gets the answer of this attempt.
    pub(super) fn success(&self, turn: &mut Turn<'_>, attempt: &Attempt) -> Reason {
        self.reason_of(turn, attempt.n, attempt.position)
    }

    pub(super) fn reason_of(&self, turn: &mut Turn<'_>, n: u32, position: usize) -> Reason {
        let is_first = self.places(turn, None).next() == Some(position);
        match (is_first, n) {
            (true, 1) => Reason::Ok,
            (true, _) => Reason::Retried,
            (false, _) => Reason::FailedOver,
        }
    }

    /// An attempt has failed.
    pub(super) fn attempt_failed(&mut self, turn: &mut Turn<'_>, index: usize, ended: Ended) -> After {
        let attempt = self.in_flight.swap_remove(index);
        let Ended { answer, judgement, held, extent, invalid } = ended;
        let outcome = judgement.outcome;
        let was_cut = attempt.was_cut(outcome, answer.origin, turn.now);
        self.conclude(turn, &attempt, (&judgement, was_cut), &answer);
        // What was appended isn't the caller's.
        let is_own = !self.is_appended();
        if outcome == Outcome::ContextLength && is_own {
            self.outgrows(turn.config, attempt.position);
        }
        let is_alone = self.in_flight.is_empty();
        let beside = self.beside.take().filter(|_| is_alone);
        let (breaches, then, is_kept) = match invalid {
            Some(invalid) => (invalid.breaches, invalid.then, invalid.is_kept),
            None => (Vec::new(), None, false),
        };
        // The answer is about the request, and by the policy it is not taken elsewhere.
        let is_final =
            is_own && self.scope(turn, said(&answer), outcome) == Scope::Nowhere(Reason::ClientError);
        let is_hedge = self.in_flight.iter().map(|other| other.n).chain(beside.iter().map(|other| other.n));
        let is_hedge = is_hedge.min().is_some_and(|other| other < attempt.n);
        let is_at_fault = is_final && !(is_hedge && is_shut_out(answer.status, outcome));
        let step = match (is_alone, self.is_at_fault) {
            // So it goes out at once, whatever a hedge might bring. What a hedge's target refuses, the first one may take; and
            // where something else failed before, that is what would go out.
            (false, _) if is_final && !is_hedge && !self.has_failed() => {
                self.stop_waiting(turn);
                Step::Stop(Reason::ClientError)
            }
            (false, _) => Step::MoveOn,
            _ if then.is_some() => self.after_invalid(attempt.position, then),
            // One that was beside it has found the request at fault: the same again would fail the same.
            (true, true) => Step::Stop(Reason::ClientError),
            (true, false) => self.after_failure(turn, attempt.position, said(&answer), &judgement),
        };
        let (step, again) = match (step, beside) {
            // Of two beside each other it is no matter which one ends last: what may follow the one may follow.
            (Step::Stop(_), Some(other)) if breaches.is_empty() && !is_at_fault && !self.is_at_fault => {
                match self.after_failure(turn, other.position, other.status, &other.judgement) {
                    Step::Stop(_) => (step, attempt.position),
                    follows => (follows, other.position),
                }
            }
            _ => (step, attempt.position),
        };
        if !is_alone && breaches.is_empty() {
            let status = said(&answer);
            let (n, position) = (attempt.n, attempt.position);
            self.beside = Some(Box::new(Beside { n, position, judgement, status }));
        }
        let step =
            match step {
                Step::Stop(why) if is_alone && breaches.is_empty() => {
                    if self.goes_on_after_breach(turn, why) { Step::MoveOn } else { step }
                }
                step => step,
            };
        self.is_at_fault |= is_at_fault;
        let (next, wait) = match step {
            Step::Stop(Reason::ClientError) => (Next::Deliver, None),
            _ if !is_alone => (Next::Wait, None),
            Step::Again(wait) => (Next::Retry, Some(wait)),
            Step::MoveOn => (Next::Failover, None),
            Step::Stop(_) => (Next::Stop, None),
        };
        self.log_attempt(turn, (attempt.n, attempt.position), (&judgement, answer.status), next, wait);
        if attempt.is_routed {
            self.path = match held {
                Some(Half::Upstream { attempt }) => Path::HeldUpstream { attempt },
                Some(Half::Downstream) | None => Path::HeldDownstream,
            };
        }
        // That is what the caller is told then, whatever failed before.
        let is_rejected = matches!(step, Step::Stop(Reason::InvalidOutput));
        let failure = Failure {
            n: attempt.n,
            position: attempt.position,
            judgement,
            status: answer.status,
            // A target that said nothing may be back when its backoff would have been over.
            wait: judgement.wait.or_else(|| {
                let route = turn.config.route(self.route)?;
                (answer.origin != Origin::Provider).then_some(route.retry.backoff.cap)
            }),
            // A success that is held is none that may go on: it is told with another status.
            is_held: held.is_some()
                && extent != Extent::Cut
                && said(&answer).is_some_and(|status| status >= 400),
            is_too_long: extent == Extent::Begun,
            said: (extent == Extent::Whole && answer.origin == Origin::Provider)
                .then_some((answer.headers, answer.body)),
            told: self.take_told().filter(|_| !breaches.is_empty()),
            breaches,
            is_kept,
        };
        match &mut self.failure {
            Some(earlier) if !(failure.replaces(earlier) || (is_rejected && !earlier.is_kept)) => {
                if failure.judgement.outcome == earlier.judgement.outcome {
                    // It is worth coming back as soon as one of them takes requests again.
                    earlier.wait = earlier.wait.into_iter().chain(failure.wait).min();
                }
                // What was held is not any more, once another attempt has come the router's way.
                earlier.is_held &= !attempt.is_routed;
            }
            known => *known = Some(failure),
        }
        match step {
            // The request is at fault there, but not in what it is told.
            Step::Stop(Reason::ClientError) if !self.tells_of_fault() => {
                self.give_up(turn, Reason::AttemptsSpent)
            }
            Step::Stop(reason) => self.give_up(turn, reason),
            Step::Again(_) | Step::MoveOn => {
                if attempt.is_routed && held.is_none() {
                    turn.fx.push(Effect::HoldAnswer(Half::Downstream));
                }
                // The one that is under way may still succeed.
                if !is_alone {
                    return After::Wait;
                }
                let is_again = matches!(step, Step::Again(_));
                if is_again {
                    self.position = again;
                }
                let at = turn.now.after(wait.unwrap_or_default());
                self.next = Some(Planned { at, is_again });
                self.go_on(turn)
            }
        }
    }

    /// What follows an answer that breaks rules.
    fn after_invalid(&mut self, position: usize, then: Option<Then>) -> Step {
        match then {
            Some(Then::Again(request)) => {
                self.append(position, *request);
                Step::Again(Duration::ZERO)
            }
            Some(Then::MoveOn) => Step::MoveOn,
            Some(Then::Reject) | None => Step::Stop(Reason::InvalidOutput),
        }
    }

    /// Where another attempt may go after this outcome, and this status of the provider's.
    fn scope(&self, turn: &Turn<'_>, status: Option<u16>, outcome: Outcome) -> Scope {
        let Some(route) = turn.config.route(self.route) else { return Scope::Nowhere(Reason::NotRetried) };
        retry::scope(&route.retry, outcome, status, &self.progress)
    }

    /// What follows the failure of the attempt at this place, when none is under way any more.
    fn after_failure(
        &mut self,
        turn: &mut Turn<'_>,
        position: usize,
        status: Option<u16>,
        judgement: &Judgement,
    ) -> Step {
        let (index, Judgement { outcome, wait, .. }) = (self.route, *judgement);
        let Some(route) = turn.config.route(index) else { return Step::Stop(Reason::NotRetried) };
        let scope = self.scope(turn, status, outcome);
        // Of a hedge and what it was beside, the other one may have found the request too long.
        let fits = self.fits(turn.config, position);
        let later = self.later(turn);
        let others = if matches!(scope, Scope::Nowhere(_)) { 0 } else { self.count_admitting(turn, later) };
        let is_admitted_here =
            scope == Scope::Anywhere && fits && turn.would_admit(index, position, wait.unwrap_or_default());
        let left = self.deadline.left_to_begin(turn.now);
        let failed = Failed { outcome, status, wait, is_admitted_here, others, left };
        match retry::next(&route.retry, &mut self.progress, failed, &mut self.rng, || turn.pay_retry(index)) {
            Step::Stop(_) if outcome.is_failure() && !fits => Step::Stop(Reason::ClientError),
            step => step,
        }
    }

    pub(super) fn own_headers(&self, turn: &Turn<'_>, position: usize, reason: Reason) -> HeaderList {
        let target = turn.config.attempt(self.route, position).map(|(target, _)| target);
        let target = target.filter(|_| self.progress.attempts > 0);
        let name = target.map(|target| &target.name);
        let mut own = answer::own_headers(&turn.config.hash, name, self.progress.attempts, reason);
        if let Some(model) = target.and_then(|target| self.model(target)) {
            own.push((Text::Word("x-seawall-model"), model));
        }
        own.extend(self.prompt_told(position));
        if self.kept.trimmed > 0 {
            own.push((Text::Word("x-seawall-trimmed"), self.kept.trimmed.to_string().into()));
        }
        own.extend(self.reserved.warning());
        self.output_told(&mut own);
        own
    }

    /// How many tokens the prompt was counted as for a place, where anything depends on it.
    pub(super) fn prompt_told(&self, position: usize) -> Option<(Text, Text)> {
        let prompt = self.counted.prompt(position)?;
        Some((Text::Word("x-seawall-tokens"), prompt.to_string().into()))
    }

    /// The model that is asked for at a target, if a header can name it.
    pub(super) fn model(&self, target: &Target) -> Option<Text> {
        let request = (&self.headers, self.facts.as_ref(), self.body.as_slice());
        if target.change.model.is_some() || path_names_model(&self.headers, target).is_some() {
            return model(request, target);
        }
        self.body_model.get_or_init(|| model(request, target)).clone()
    }

    pub(super) fn finish(
        &mut self,
        turn: &mut Turn<'_>,
        position: usize,
        status: u16,
        reason: Reason,
    ) -> After {
        let target = turn.config.attempt(self.route, position).map(|(target, _)| target.name.clone());
        let attempts = self.progress.attempts;
        if reason == Reason::DeadlineExceeded && attempts > 0 {
            self.tell_latency(turn, Outcome::Timeout, turn.now);
        }
        turn.answered(self.taken_by(), (status, attempts), target.filter(|_| attempts > 0), reason);
        self.leave(turn)
    }

    /// A dispatched attempt has ended after the client had its answer.
    pub(super) fn strayed(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        judgement: &Judgement,
        answer: &Answer,
    ) -> After {
        let attempt = self.strays.swap_remove(index);
        let was_cut = attempt.was_cut(judgement.outcome, answer.origin, turn.now);
        self.conclude(turn, &attempt, (judgement, was_cut), answer);
        let of = (attempt.n, attempt.position);
        self.log_attempt(turn, of, (judgement, answer.status), Next::Drop, None);
        self.rest()
    }

    pub(super) fn log_attempt(
        &self,
        turn: &mut Turn<'_>,
        (n, position): (u32, usize),
        (judgement, status): (&Judgement, u16),
        next: Next,
        wait: Option<Duration>,
    ) {
        let Some(id) = turn.config.target_at(self.route, position) else { return };
        let outcome = judgement.outcome;
        turn.fx.push(Effect::Count(Metric::Attempt(id, outcome)));
        let Some(target) = turn.config.target(id).filter(|_| turn.is_tracing) else { return };
        let (exchange, target) = (turn.id.0, target.name.clone());
        let code = judgement.code.map(|code| Text::from(&*code));
        let limit = judgement.dimension.map(Dimension::word);
        turn.fx.push(Effect::Log(Decision::Attempt {
            exchange,
            n,
            target,
            outcome,
            status,
            next,
            wait,
            code,
            limit,
        }));
    }
}

/// Whether it is a refusal by which a target, and not the request, may be at fault: it doesn't know this proxy's key or the model.
pub(super) fn is_shut_out(status: u16, outcome: Outcome) -> bool {
    outcome == Outcome::ModelNotFound
        || (outcome == Outcome::ClientError && matches!(status, 401 | 403 | 404))
}

/// The status of an answer, if a provider has given it.
fn said(answer: &Answer) -> Option<u16> {
    (answer.origin == Origin::Provider).then_some(answer.status)
}

/// A request as its client sent it.
pub(super) type Request<'r> = (&'r Headers, Option<&'r Facts>, &'r [u8]);

/// The model that a request's path names in the dialect of a target, if it has its place there.
fn path_names_model<'h>(headers: &'h Headers, target: &Target) -> Option<Cow<'h, str>> {
    let path = headers.get(":path").unwrap_or_default();
    model_path::named(target.change.provider, path)
}

/// The model that a request asks for at a target, if a header can name it.
pub(super) fn model((headers, facts, body): Request<'_>, target: &Target) -> Option<Text> {
    if target.change.model.is_some() {
        return target.model.clone();
    }
    let of_path = path_names_model(headers, target);
    let model = of_path.or_else(|| facts?.model_name(body))?;
    is_header_value(&model).then(|| (&*model).into())
}

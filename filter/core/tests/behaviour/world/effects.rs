//! What the filter asks for is done here, and checked against what every host expects of it.

use std::borrow::Cow;
use std::hash::Hasher;
use std::rc::Rc;
use std::time::Duration;

use seawall_core::{
    Answer, BreakerState, Decision, Effect, Event, ExchangeId, Half, Headers, Identity, Origin, Timestamp,
};

use super::client::{End, From, Got};
use super::fate::{Piece, Script, Stand, script};
use super::wire::{Side, Wire};
use super::{Attempt, Due, Later, Request, World};

impl World {
    pub(super) fn carry_out(&mut self, id: u32, effects: Vec<Effect>) {
        for effect in effects {
            self.digest.write(format!("{:?} {id} {effect:?}", self.now).as_bytes());
            let request = &self.requests[&id];
            let is_about_the_client =
                !matches!(effect, Effect::Log(_) | Effect::Count(_) | Effect::AskService { .. });
            assert!(!(request.is_over && is_about_the_client), "{effect:?} for a client that is gone");
            self.do_one(id, effect);
        }
    }

    fn do_one(&mut self, id: u32, effect: Effect) {
        let now = self.now;
        let policy = &self.policies[self.requests[&id].policy];
        let longest = policy.routes.iter().map(|route| route.timeout.total).max().unwrap();
        let hedges = policy.routes.iter().any(|route| route.hedge.is_some());
        let request = self.requests.get_mut(&id).unwrap();
        match effect {
            Effect::Route {
                attempt, cluster, total, headers, longest: alone, is_held_whole, body, ..
            } => {
                assert!(!request.is_moving && request.wire.is_none(), "the request is elsewhere");
                assert_eq!(attempt as usize, request.attempts.len() + 1, "attempts are numbered in order");
                assert!(
                    headers <= total && total <= alone && headers <= longest,
                    "{headers:?} {total:?} {alone:?}"
                );
                let total = if self.upstream_half { total } else { alone };
                let upstream = self.upstream_half.then(Side::default);
                let headers = if is_held_whole && self.upstream_half { total } else { headers };
                let attempt = attempt as usize;
                request.wire = Some(Wire { attempt, upstream, is_answered: false, is_done: false });
                self.begin(id, &cluster, headers, (false, body.as_deref()));
                self.push(now.after(headers), Due::Timeout { id, attempt, headers: true });
                self.push(now.after(total), Due::Timeout { id, attempt, headers: false });
            }
            Effect::Dispatch { attempt, cluster, timeout, headers_timeout, headers, body } => {
                assert_eq!(attempt as usize, request.attempts.len() + 1, "attempts are numbered in order");
                assert!(
                    request.downstream.is_held || hedges,
                    "but for a hedge, a dispatched attempt needs the router's answer held"
                );
                assert!(headers.iter().all(|(name, _)| name != "content-length") && !body.is_empty());
                assert!(timeout <= longest * 10);
                self.begin(id, &cluster, timeout, (true, Some(&body)));
                let attempt = attempt as usize;
                self.push(now.after(headers_timeout), Due::Timeout { id, attempt, headers: true });
                self.push(now.after(timeout), Due::Timeout { id, attempt, headers: false });
            }
            Effect::TellSource => {
                self.handle(id, Event::Source { address: "192.0.2.7:4321".to_owned() });
            }
            Effect::TellCaller { .. } => {
                self.handle(id, Event::Caller { identity: Identity::default() });
            }
            Effect::CountBody => {
                let received = request.received;
                self.handle(id, Event::BodyCounted { received });
            }
            Effect::HoldAnswer(half) => {
                if let Half::Upstream { attempt } = half {
                    assert!(attempt as usize <= request.attempts.len(), "no such attempt");
                }
                if let Some(side) = self.side(id, half) {
                    side.is_held = true;
                }
            }
            Effect::PassAnswer { half, set } => {
                let is_here = self.callback == Some((id, half));
                let Some(side) = self.side(id, half) else { return };
                side.is_held = false;
                side.set.extend(set.iter().map(|(name, value)| (name.to_string(), value.to_string())));
                if !is_here {
                    self.later.push_back((id, Later::Resume(half)));
                }
            }
            Effect::ReplaceBody { half, body } => {
                let is_here = self.callback == Some((id, half));
                if let Some(side) = self.side(id, half) {
                    side.replace(body, is_here);
                }
            }
            Effect::GiveUp { attempt } => self.later.push_back((id, Later::GiveUp { attempt })),
            Effect::BreakAnswer => self.finish(id, End::Broken, false),
            Effect::Reroute { attempt, .. } => {
                let half = Half::Upstream { attempt };
                request.downstream.is_held = false;
                assert!(
                    self.side(id, half).is_some_and(|side| side.is_held || side.has_begun()),
                    "nothing to redirect"
                );
                self.redirect(id);
            }
            Effect::Respond { status, headers, body } => {
                let body = String::from_utf8(body).unwrap();
                let text = |value: Vec<u8>| String::from_utf8(value).unwrap();
                let headers = headers.into_iter().map(|(name, value)| (name, text(value))).collect();
                let got = Got { status, headers, body, at: now, done: None, end: None, from: From::Filter };
                self.answer(id, got);
                self.finish(id, End::Orderly, false);
            }
            Effect::PassRequest { remove } => {
                let headers = remove.into_iter().map(|name| (name, "removed".into())).collect();
                let (body, from) = ("passed".into(), From::Nobody);
                self.answer(id, Got { status: 0, headers, body, at: now, done: None, end: None, from });
                self.finish(id, End::Orderly, false);
            }
            Effect::Log(decision) => self.learn(id, &decision),
            Effect::AskService { number, timeout, .. } => self.ask_service(id, number, timeout),
            Effect::HoldRequest
            | Effect::StripRequest { .. }
            | Effect::StripAnswer { .. }
            | Effect::Count(_) => {}
        }
    }

    fn ask_service(&mut self, id: u32, number: u32, timeout: Duration) {
        let answer = (self.service)(self.questions);
        self.questions += 1;
        if let Some((after, answer)) = answer {
            let (after, answer) = if after < timeout { (after, answer) } else { (timeout, Err(4)) };
            self.push(self.now.after(after), Due::ServiceAnswers { id, number, answer });
        }
    }

    /// The upstream half has turned an answer into a redirect. The host follows, or hands that on.
    fn redirect(&mut self, id: u32) {
        let request = self.requests.get_mut(&id).unwrap();
        let wire = request.wire.take().expect("checked");
        request.attempts[wire.attempt - 1].cancel(self.now);
        if self.refuses_redirects {
            let (status, origin) = (307, Origin::Provider);
            self.later.push_back((id, Later::Stands(Stand { status, origin, broke: false })));
        } else {
            request.is_moving = true;
            self.push(self.now.after(Duration::from_millis(1)), Due::Back { id });
        }
    }

    fn learn(&mut self, id: u32, decision: &Decision) {
        match decision {
            Decision::Breaker { target, model, from, to, .. } => {
                let key = (target.to_string(), model.as_ref().map(ToString::to_string).unwrap_or_default());
                if *to == BreakerState::HalfOpen {
                    *self.recoveries.entry(key.clone()).or_default() += 1;
                }
                let known = self.breakers.insert(key, *to).unwrap_or(BreakerState::Closed);
                assert_eq!(known, *from, "a breaker tells every change once");
            }
            Decision::Attempt { n, outcome, .. } => {
                let now = self.now;
                let request = self.requests.get_mut(&id).unwrap();
                let attempt = &mut request.attempts[*n as usize - 1];
                assert_eq!(attempt.outcome, None, "an attempt comes to one thing");
                (attempt.ended, attempt.outcome) = (now, Some(outcome.word()));
                request.outcomes.push(outcome.word());
            }
            Decision::Latency { now, most, .. } => self.is_slow = now > most,
            _ => {}
        }
    }

    fn begin(
        &mut self,
        id: u32,
        target: &str,
        timeout: Duration,
        (is_dispatched, body): (bool, Option<&[u8]>),
    ) {
        let mut probe = None;
        let common = (target.to_owned(), String::new());
        let is_recovering = self.breakers.get(&common) == Some(&BreakerState::HalfOpen);
        let shared = is_recovering.then(|| self.recoveries[&common]);
        // The policy's own model, if it sets one, is always `other`.
        for model in [&self.requests[&id].model, "other"] {
            let key = (target.to_owned(), model.to_owned());
            let breaker = self.breakers.get(&key);
            assert_ne!(breaker, Some(&BreakerState::Open), "an attempt at {target} with {model}");
            if breaker == Some(&BreakerState::HalfOpen) {
                let recovery = self.recoveries[&key];
                probe = Some((key, recovery));
            }
        }
        let count = self.counts.entry(target.into()).or_default();
        let fate = (self.choose)(target, *count);
        *count += 1;
        let (now, latency) = (self.now, self.latency);
        let request = self.requests.get_mut(&id).unwrap();
        let attempt = request.attempts.len() + 1;
        let is_hedge = request.attempts.iter().any(|other| other.outcome.is_none() && !other.is_cancelled);
        let sent = body.map_or(Cow::Borrowed(&*request.body), String::from_utf8_lossy);
        let tells = !request.streams || sent.contains("\"include_usage\":true");
        let usage = self.meter.filter(|_| tells).map(|meter| meter(&sent, id, attempt));
        let pieces = script(fate, &Request::mark(id, attempt), (request.streams, usage), latency);
        let first = pieces.first().map(|(after, _)| *after);
        request.attempts.push(Attempt {
            target: target.into(),
            fate,
            begun: now,
            ended: Timestamp(u64::MAX),
            outcome: None,
            heard: None,
            timeout,
            is_hedge,
            is_dispatched,
            is_cancelled: false,
            pieces: Rc::new(Script(pieces)),
            usage,
            is_usage_seen: false,
            contents_seen: 0,
            is_whole: false,
            call: None,
            probe,
            shared,
        });
        if let Some(after) = first {
            self.push(now.after(after), Due::Piece { id, attempt, index: 0 });
        }
    }

    /// Something comes of a dispatched attempt: the filter gets it all at once.
    pub(super) fn call_goes_on(&mut self, id: u32, attempt: usize, piece: Piece) {
        let sent = &mut self.requests.get_mut(&id).unwrap().attempts[attempt - 1];
        match piece {
            Piece::Headers { status, headers } => sent.call = Some((status, headers, Vec::new())),
            Piece::Data { bytes, end } => {
                let Some((status, _, body)) = &mut sent.call else { return };
                body.extend(bytes);
                let status = *status;
                if end {
                    self.call_ends(id, attempt, status, Origin::Provider);
                }
            }
            Piece::Refused(origin) => self.call_ends(id, attempt, 503, origin),
            Piece::Reset => self.call_ends(id, attempt, 503, Origin::Reset),
        }
    }

    pub(super) fn call_ends(&mut self, id: u32, attempt: usize, status: u16, origin: Origin) {
        let sent = &mut self.requests.get_mut(&id).unwrap().attempts[attempt - 1];
        sent.is_cancelled = true;
        let call = sent.call.take().filter(|_| origin == Origin::Provider);
        let (headers, body) =
            call.map_or((Headers::default(), Vec::new()), |(_, headers, body)| (headers, body));
        let answer = Answer { status, headers, body, origin };
        self.tell(id, Event::CallAnswer { attempt: attempt as u32, answer });
    }

    /// The callback has returned: what it has asked of the host is done now, in order.
    pub(super) fn finish_calls(&mut self) {
        if self.callback.is_some() {
            return;
        }
        while let Some((id, later)) = self.later.pop_front() {
            match later {
                Later::Resume(half) => self.resume(id, half),
                Later::Stands(stand) => self.fail(id, stand),
                Later::GiveUp { attempt } => {
                    let is_there = self.side(id, Half::Upstream { attempt }).is_some();
                    if is_there {
                        self.fail(id, Stand { status: 504, origin: Origin::Provider, broke: false });
                    }
                }
                Later::Closed { broke } => {
                    let engine = self.requests[&id].engine;
                    let knows = |world: &Self| world.workers[engine].knows(ExchangeId(id));
                    if broke && knows(self) {
                        self.handle(id, Event::AnswerBroke);
                    }
                    if knows(self) {
                        self.handle(id, Event::Gone);
                    }
                }
            }
        }
    }
}

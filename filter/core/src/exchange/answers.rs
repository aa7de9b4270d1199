//! Answers are met here: held until it is clear what they are, and then passed, or judged.
//!
//! | answer | is held until |
//! |---|---|
//! | of the host (refused, reset, timed out) | its headers |
//! | failing by its status | its end, [`FAILING_BYTES`], or [`FAILING_PATIENCE`]: the body says why |
//! | of a model, as a stream or in one piece | see [`watched`](super::watched) |
//! | any other success in JSON | its first bytes, which tell an error object; at the upstream half its end, so that a cut can be rescued |
//! | any other success | its headers |

use std::time::Duration;

use super::outcome::{Ended, Extent};
use super::output::Found;
use super::watched::Watched;
use super::{After, Attempt, Exchange, Path, Stage};
use seawall_policy::policy::Provider;

use crate::classify::{Judgement, error_in_success, judge};
use crate::effect::{Effect, Text};
use crate::event::{Answer, Half, Origin, Reads};
use crate::headers::Headers;
use crate::request::forged;
use crate::stream::{self, MOST_DOCUMENT};
use crate::telemetry::{Next, Outcome, Reason};
use crate::time::Timestamp;
use crate::timeout::TIMER_ERROR;
use crate::turn::Turn;

/// Most bytes of a failing answer that are read.
const FAILING_BYTES: usize = 64 * 1024;

/// How long the body of a failing answer is waited for. Its status says enough to go on.
const FAILING_PATIENCE: Duration = Duration::from_secs(1);

/// The status with which the host answers where the connection of an answer that is held breaks.
pub(super) const BROKE: u16 = 502;

/// Bytes at the start of an answer that show an error object.
const OPENING_BYTES: usize = 256;

/// How far an attempt's answer has been read.
pub(super) enum Reading {
    Awaited,
    Failing {
        half: Half,
        answer: Answer,
        since: Timestamp,
    },
    /// A success, if its first bytes say so too.
    Opening {
        half: Half,
        answer: Answer,
    },
    /// A success that the upstream half holds until its end.
    Whole,
    /// A stream, or another answer of a model.
    Watched(Box<Watched>),
    /// The upstream half has let it go. Where the provider redirects to is kept from the router meanwhile: it would follow.
    Passed {
        location: Option<Text>,
    },
}

impl Reading {
    pub(super) fn reads(&self, half: Half) -> Option<Reads> {
        let (start, max) = match self {
            Self::Failing { answer, .. } => {
                (answer.body.len(), FAILING_BYTES.saturating_sub(answer.body.len()))
            }
            Self::Opening { .. } => (0, OPENING_BYTES),
            Self::Whole => (0, 0),
            Self::Watched(watched) => return watched.reads(half),
            Self::Awaited | Self::Passed { .. } => return None,
        };
        Some(Reads { start, max })
    }

    /// Bytes of it that are kept here.
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            Self::Failing { answer, .. } => answer.body.len(),
            Self::Watched(watched) => watched.held_bytes(),
            _ => 0,
        }
    }

    /// Whether nothing has come that could be an answer.
    pub(super) fn is_silent(&self) -> bool {
        match self {
            Self::Awaited => true,
            Self::Watched(watched) => watched.is_silent(),
            _ => false,
        }
    }

    pub(super) fn patience(&self) -> Option<Timestamp> {
        match self {
            Self::Failing { since, .. } => Some(since.after(FAILING_PATIENCE)),
            Self::Watched(watched) => watched.deadline(),
            _ => None,
        }
    }
}

impl Exchange {
    /// The headers of an answer are here.
    pub(crate) fn answer_begins(
        &mut self,
        turn: &mut Turn<'_>,
        half: Half,
        mut answer: Answer,
        end: bool,
    ) -> After {
        if half == Half::Downstream && matches!(self.path, Path::Moving { .. } | Path::HeldUpstream { .. }) {
            // The host passes on what was to make it send the request through the filter again; or it has given up on what
            // the upstream half holds, while an attempt beside it is under way.
            self.lose_held();
            turn.fx.push(Effect::HoldAnswer(half));
            return self.go_on(turn);
        }
        if half == Half::Downstream
            && self.path == Path::HeldDownstream
            && matches!(self.stage, Stage::Trying)
        {
            // Its attempt was given up before anything of it was here.
            turn.fx.push(Effect::HoldAnswer(half));
            return After::Wait;
        }
        if self.last_word.is_some() && half == Half::Downstream && matches!(self.path, Path::Busy) {
            self.path = Path::HeldDownstream;
            return self.speak(turn);
        }
        let Some(index) = self.in_flight.iter().position(|attempt| attempt.is_met_at(half)) else {
            return self.unexpected(turn, half);
        };
        let Some(attempt) = self.in_flight.get(index) else { return After::Wait };
        // No provider has said this: the upstream half has, for one that said nothing.
        if attempt.is_given_up && answer.status == 504 {
            answer.origin = Origin::Timeout;
        }
        if answer.origin != Origin::Provider {
            return self.host_answers(turn, index, answer);
        }
        if matches!(attempt.reading, Reading::Awaited) {
            self.first_met(turn, index, (half, answer), end)
        } else {
            self.met_again(turn, index, (half, answer))
        }
    }

    /// The host says that no answer comes of an attempt.
    fn host_answers(&mut self, turn: &mut Turn<'_>, index: usize, answer: Answer) -> After {
        let Some(attempt) = self.in_flight.get_mut(index) else { return After::Wait };
        // What the upstream half held is gone with its connection. What it has said until then still counts.
        let (answer, extent) = match std::mem::replace(&mut attempt.reading, Reading::Awaited) {
            Reading::Failing { answer: told, .. } => (told, Extent::Cut),
            reading => {
                attempt.reading = reading;
                (answer, Extent::Whole)
            }
        };
        let judgement = judge_broken(turn.config.provider(self.route, attempt.position), &answer, turn.now);
        self.attempt_failed(turn, index, Ended { answer, judgement, held: None, extent, invalid: None })
    }

    /// A provider's answer, at the first half that meets it.
    fn first_met(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        (half, answer): (Half, Answer),
        end: bool,
    ) -> After {
        let remove = forged(&answer.headers);
        if !remove.is_empty() {
            turn.fx.push(Effect::StripAnswer { remove });
        }
        // The router would follow a redirect before anybody else sees it.
        if half != Half::Downstream && (300..400).contains(&answer.status) {
            return self.let_go(turn, index, half, &answer.headers);
        }
        let answer = match self.watch(turn, index, (half, answer), end) {
            Ok(after) => return after,
            Err(answer) => answer,
        };
        if let Some(position) = self.in_flight.get(index).map(|attempt| attempt.position) {
            self.goes_unread(turn, position, answer.status);
        }
        let Some(attempt) = self.in_flight.get_mut(index) else { return After::Wait };
        if answer.status >= 400 {
            turn.fx.push(Effect::HoldAnswer(half));
            attempt.reading = Reading::Failing { half, answer, since: turn.now };
            return if end { self.read_enough(turn, index, Extent::Whole) } else { After::Wait };
        }
        // Who only asks for a job that has failed is told its error, and that is the answer.
        if !end && self.facts.is_some() && is_json(&answer) {
            turn.fx.push(Effect::HoldAnswer(half));
            attempt.reading = Reading::Opening { half, answer };
            return After::Wait;
        }
        self.passes_unread(turn, index, (half, answer))
    }

    /// A success that nobody looks at.
    pub(super) fn passes_unread(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        (half, answer): (Half, Answer),
    ) -> After {
        if half == Half::Downstream {
            self.succeeded(turn, index, answer, None)
        } else {
            self.let_go(turn, index, half, &answer.headers)
        }
    }

    /// What the upstream half has met is at the downstream one; or something of the host's in its place.
    fn met_again(&mut self, turn: &mut Turn<'_>, index: usize, (half, answer): (Half, Answer)) -> After {
        let Some(attempt) = self.in_flight.get_mut(index) else { return After::Wait };
        let is_failing = answer.status >= 400;
        if matches!(attempt.reading, Reading::Watched(_)) && (half != Half::Downstream || !is_failing) {
            if half == Half::Downstream {
                self.commit(turn);
            }
            return After::Wait;
        }
        let reading = std::mem::replace(&mut attempt.reading, Reading::Awaited);
        if let Reading::Watched(watched) = &reading {
            attempt.spent = Some(watched.spent());
        }
        if is_failing {
            // Nothing of the kind has come from the provider: the host could not take what did.
            let judgement = judge(turn.config.provider(self.route, attempt.position), &answer, turn.now);
            turn.fx.push(Effect::HoldAnswer(half));
            return self.attempt_failed(
                turn,
                index,
                Ended { answer, judgement, held: None, extent: Extent::Whole, invalid: None },
            );
        }
        let location = if let Reading::Passed { location } = reading { location } else { None };
        self.succeeded(turn, index, answer, location)
    }

    /// More of an answer's body is here; `buffered` bytes are held.
    pub(crate) fn answer_goes_on(
        &mut self,
        turn: &mut Turn<'_>,
        half: Half,
        (chunk, buffered): (&[u8], usize),
        end: bool,
    ) -> After {
        if self.drops(turn, half, end) {
            return self.rest();
        }
        let Some(index) = self.in_flight.iter().position(|attempt| attempt.is_met_at(half)) else {
            return After::Wait;
        };
        let Some(attempt) = self.in_flight.get_mut(index) else { return After::Wait };
        let provider = turn.config.provider(self.route, attempt.position);
        if let Reading::Watched(watched) = &attempt.reading {
            let is_here = watched.is_met_at(half);
            return if is_here {
                self.watched_goes_on(turn, index, (chunk, buffered), end)
            } else {
                After::Wait
            };
        }
        match std::mem::replace(&mut attempt.reading, Reading::Awaited) {
            Reading::Failing { half, mut answer, since } => {
                let room = FAILING_BYTES.saturating_sub(answer.body.len());
                answer.body.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
                let is_enough = end || answer.body.len() >= FAILING_BYTES;
                let extent = extent(end && answer.body.len() >= buffered);
                attempt.reading = Reading::Failing { half, answer, since };
                if is_enough { self.read_enough(turn, index, extent) } else { After::Wait }
            }
            Reading::Opening { half, mut answer } if is_error(provider, chunk, turn) => {
                chunk.clone_into(&mut answer.body);
                attempt.reading = Reading::Failing { half, answer, since: turn.now };
                let extent = extent(chunk.len() >= buffered);
                if end { self.read_enough(turn, index, extent) } else { After::Wait }
            }
            Reading::Opening { half: Half::Downstream, answer } => self.succeeded(turn, index, answer, None),
            Reading::Opening { half, answer } if end => self.let_go(turn, index, half, &answer.headers),
            Reading::Whole if end || buffered > MOST_DOCUMENT => {
                self.let_go(turn, index, half, &Headers::default())
            }
            Reading::Opening { .. } | Reading::Whole => {
                attempt.reading = Reading::Whole;
                After::Wait
            }
            reading @ (Reading::Awaited | Reading::Passed { .. } | Reading::Watched(_)) => {
                attempt.reading = reading;
                After::Wait
            }
        }
    }

    /// A failing answer has been read as far as it is going to be. One that has come to a halt doesn't go out as it is: its
    /// caller would wait for the rest.
    pub(super) fn read_enough(&mut self, turn: &mut Turn<'_>, index: usize, extent: Extent) -> After {
        let Some(attempt) = self.in_flight.get_mut(index) else { return After::Wait };
        if matches!(attempt.reading, Reading::Watched(_)) {
            return self.watched_lapses(turn, index);
        }
        if matches!(attempt.reading, Reading::Awaited) {
            (attempt.is_held_whole, attempt.is_given_up) = (false, true);
            turn.fx.push(Effect::GiveUp { attempt: attempt.n });
            return After::Wait;
        }
        let reading = std::mem::replace(&mut attempt.reading, Reading::Awaited);
        let Reading::Failing { half, answer, .. } = reading else { return After::Wait };
        let judgement = judge_whole(turn.config.provider(self.route, attempt.position), &answer, turn.now);
        self.attempt_failed(turn, index, Ended { answer, judgement, held: Some(half), extent, invalid: None })
    }

    /// A dispatched attempt has ended.
    pub(crate) fn call_answered(&mut self, turn: &mut Turn<'_>, n: u32, mut answer: Answer) -> After {
        let is_it = |attempt: &Attempt| !attempt.is_routed && attempt.n == n;
        let (waited_for, stray) = (self.in_flight.iter().position(is_it), self.strays.iter().position(is_it));
        let attempt = match (waited_for, stray) {
            (Some(index), _) => self.in_flight.get(index),
            (None, Some(index)) => self.strays.get(index),
            (None, None) => None,
        };
        let Some(attempt) = attempt else { return After::Wait };
        let position = attempt.position;
        // A host that gives a call up after its headers came says only that nothing came of it.
        if answer.origin == Origin::Reset && was_given_up(turn, attempt) {
            answer.origin = Origin::Timeout;
        }
        let provider = turn.config.provider(self.route, attempt.position);
        let is_readable = answer.status >= 400 || is_json(&answer);
        let mut judgement = if is_readable {
            judge_whole(provider, &answer, turn.now)
        } else {
            judge(provider, &answer, turn.now)
        };
        let (mut sighted, mut spent, mut invalid) = (None, None, None);
        if judgement.outcome == Outcome::Success {
            match self.read_whole(turn, attempt, &mut answer) {
                Ok(seen) => sighted = seen,
                Err(useless) => {
                    (answer, judgement) = (useless.answer, useless.judgement);
                    spent = Some(useless.spent);
                }
            }
        }
        let is_unread = judgement.outcome == Outcome::Success && sighted.is_none();
        if is_unread && waited_for.is_some() {
            self.goes_unread(turn, position, answer.status);
        }
        if let (Some(index), Some(sighted)) = (waited_for, &mut sighted) {
            match self.look(turn, index, sighted.spoken, &answer.body) {
                Found::Passes(broken) => sighted.broken = broken,
                Found::Repaired(body, broken) => {
                    (sighted.broken, sighted.is_repaired, answer.body) = (broken, true, body);
                }
                Found::Breaks(broken) => {
                    sighted.broken = broken.broken;
                    judgement = Judgement::plain(Outcome::InvalidOutput);
                    if !broken.is_kept {
                        answer.body = Vec::new();
                    }
                    invalid = Some(broken);
                }
            }
        }
        if let (None, Some(sighted)) = (waited_for, &mut sighted) {
            (sighted.broken, sighted.is_repaired) =
                self.look_back(turn, position, sighted.spoken, &answer.body);
        }
        let attempts = if waited_for.is_some() { &mut self.in_flight } else { &mut self.strays };
        if let Some(attempt) = attempts.iter_mut().find(|attempt| is_it(attempt)) {
            (attempt.sighted, attempt.spent) = (sighted, spent);
        }
        match (waited_for, stray) {
            (Some(index), _) if judgement.outcome == Outcome::Success => {
                self.succeeded(turn, index, answer, None)
            }
            (Some(index), _) => {
                let ended = Ended { answer, judgement, held: None, extent: Extent::Whole, invalid };
                self.attempt_failed(turn, index, ended)
            }
            (None, Some(index)) => self.strayed(turn, index, &judgement, &answer),
            (None, None) => After::Wait,
        }
    }

    /// The connection broke while the router's answer passed, or was held at the downstream half. Then the client has been told
    /// already: by the host itself, which goes past its filters.
    pub(crate) fn answer_broke(&mut self, turn: &mut Turn<'_>) -> After {
        if matches!(self.stage, Stage::Over) {
            return After::Wait;
        }
        let routed = self.in_flight.iter().position(|attempt| attempt.is_routed);
        let Some(index) = routed else { return self.finish(turn, self.position, BROKE, Reason::BrokenOff) };
        if self.in_flight.get(index).is_some_and(|attempt| matches!(attempt.reading, Reading::Watched(_))) {
            return self.watched_breaks(turn, index);
        }
        let mut attempt = self.in_flight.swap_remove(index);
        let (status, headers) = (BROKE, Headers::default());
        let mut answer = Answer { status, headers, body: Vec::new(), origin: Origin::Reset };
        // What an error has said until then is what its attempt came to.
        if let Reading::Failing { answer: failing, .. } = &mut attempt.reading {
            std::mem::swap(&mut answer, failing);
        }
        let judgement = judge_broken(turn.config.provider(self.route, attempt.position), &answer, turn.now);
        self.conclude(turn, &attempt, (&judgement, false), &answer);
        let of = (attempt.n, attempt.position);
        self.log_attempt(turn, of, (&judgement, answer.status), Next::Stop, None);
        self.finish(turn, attempt.position, BROKE, Reason::BrokenOff)
    }

    /// The upstream half has held it long enough.
    fn let_go(&mut self, turn: &mut Turn<'_>, index: usize, half: Half, headers: &Headers) -> After {
        let location = headers.get("location").map(Text::from);
        let set = location.iter().map(|_| (Text::Word("location"), Text::Word(""))).collect();
        if let Some(attempt) = self.in_flight.get_mut(index) {
            attempt.reading = Reading::Passed { location };
        }
        turn.fx.push(Effect::PassAnswer { half, set });
        After::Wait
    }

    /// What was held is not any more: something of the host's stands in its place at the downstream half.
    fn lose_held(&mut self) {
        self.path = Path::HeldDownstream;
        if let Some(failure) = &mut self.failure {
            failure.is_held = false;
        }
    }

    /// An answer that nothing here has asked for: the host's own (the body was too large, the stream was idle for too
    /// long). It goes to the client as it is.
    fn unexpected(&mut self, turn: &mut Turn<'_>, half: Half) -> After {
        match (half, &self.stage) {
            (Half::Downstream, Stage::Reading { .. } | Stage::Waiting { .. } | Stage::Trying) => {
                self.abandon(turn)
            }
            _ => After::Wait,
        }
    }
}

/// What of an answer's beginning shows whether it is an error object.
pub(super) fn opening(chunk: &[u8]) -> &[u8] {
    chunk.get(..OPENING_BYTES).unwrap_or(chunk)
}

/// Of a failing answer that goes on where it is held.
fn extent(is_all_read: bool) -> Extent {
    if is_all_read { Extent::Whole } else { Extent::Begun }
}

fn is_error(provider: Provider, start: &[u8], turn: &Turn<'_>) -> bool {
    error_in_success(provider, start, turn.now).is_some()
}

/// Judges an answer with its body, which can be read, whatever its status claims.
fn judge_whole(provider: Provider, answer: &Answer, now: Timestamp) -> Judgement {
    let is_claim = answer.origin == Origin::Provider && answer.status < 400;
    let error = if is_claim { error_in_success(provider, &answer.body, now) } else { None };
    error.unwrap_or_else(|| judge(provider, answer, now))
}

/// The same of one that has broken off: it is no success, whatever it has said.
fn judge_broken(provider: Provider, answer: &Answer, now: Timestamp) -> Judgement {
    let judgement = judge_whole(provider, answer, now);
    let is_error = judgement.outcome != Outcome::Success;
    if is_error { judgement } else { Judgement::plain(Outcome::Reset) }
}

fn is_json(answer: &Answer) -> bool {
    answer.headers.get("content-type").is_some_and(stream::is_json)
}

fn was_given_up(turn: &Turn<'_>, attempt: &Attempt) -> bool {
    turn.now.since(attempt.begun).saturating_add(TIMER_ERROR) >= attempt.limits.total
}

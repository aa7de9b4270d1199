//! Answers that say how they end: streams, watched while they pass or held until the policy's mode lets them go; and those of
//! a model in one piece, held until their end up to [`MOST_DOCUMENT`](crate::stream::MOST_DOCUMENT).
//!
//! One half watches, the first that meets the answer. While it holds, the host keeps the bytes, and the [`Gate`] a copy of
//! them; so once something is to go on that isn't all of it, it replaces what the host has.

mod end;
mod follow;
mod inspect;
mod rules;
mod verdict;

pub(super) use self::end::Lingering;
use self::follow::{Following, Midway};
pub(super) use self::verdict::Sighted;
use super::answers::{Reading, opening};
use super::{After, Attempt, Exchange};
use crate::classify::error_in_success;
use crate::effect::{Effect, Text};
use crate::event::{Answer, Half, Origin, Reads};
use crate::output::Broken;
use crate::request::provider_headers;
use crate::sampling::Kept;
use crate::stream::{Flow, Gate, Report, SHOWN, Usage, is_unsaid};
use crate::time::Timestamp;
use crate::turn::Turn;

/// Bytes of a body that one callback brings at most: more than any host buffers, and less than what its arithmetic can add
/// to a place in it.
const MOST_READ: usize = 1 << 30;

/// Blanks that a body may begin with before it is one whatever follows.
const MOST_BLANKS: usize = 1024;

/// An answer under watch.
pub(super) struct Watched {
    /// Who watches it.
    half: Half,
    /// Its headers.
    answer: Answer,
    gate: Gate,
    /// Bytes of the body that the host holds at this half and that have been read.
    held: usize,
    /// The host holds its headers, or what has come of its body since.
    is_held: bool,
    /// Some of its body has come, so that the host has a place where more can be written.
    has_body: bool,
    /// Its headers have gone on from this half, with ours: to the client, as the host has nothing to add.
    is_delivered: bool,
    /// The rules of its route that it broke; and how long it is now, if it was made to fit.
    broken: Broken,
    repaired: Option<usize>,
    /// Its headers don't say what it is, and nothing of its body has come.
    is_unsaid: bool,
    /// What looks at it while it passes.
    following: Option<Box<Following>>,
    /// What has come of it, if it is one to look at.
    kept: Option<Kept>,
    /// Its end has come; the filter has written one before.
    has_ended: bool,
    ends_early: bool,
}

impl Watched {
    pub(super) fn reads(&self, half: Half) -> Option<Reads> {
        (self.half == half).then_some(Reads { start: self.held, max: MOST_READ })
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.gate.deadline()
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.gate.held_bytes()
    }

    pub(super) fn is_met_at(&self, half: Half) -> bool {
        self.half == half
    }

    pub(super) fn is_delivered(&self) -> bool {
        self.is_delivered
    }

    /// What its body has said so far.
    pub(super) fn report(&self) -> &Report {
        self.gate.report()
    }

    /// The usage it has told, and about how many tokens have come.
    pub(super) fn spent(&self) -> (Option<Usage>, u64) {
        let report = self.report();
        (report.usage, report.content_tokens)
    }

    pub(super) fn first_token(&self) -> Option<Timestamp> {
        self.gate.first_token()
    }

    pub(super) fn has_content(&self) -> bool {
        self.first_token().is_some()
    }

    /// Whether all that came is held, and no content is among it.
    pub(super) fn is_silent(&self) -> bool {
        !self.is_delivered && !self.gate.is_committed() && !self.has_content()
    }
}

impl Exchange {
    /// Begins to watch an answer whose headers are here; gives it back if it is none to watch.
    pub(super) fn watch(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        (half, answer): (Half, Answer),
        end: bool,
    ) -> Result<After, Answer> {
        self.watch_from(turn, index, (half, answer), (&[], end))
    }

    /// The same of one of which so much of the body is here. It is still to be read.
    fn watch_from(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        (half, answer): (Half, Answer),
        (start, end): (&[u8], bool),
    ) -> Result<After, Answer> {
        let gate = self
            .in_flight
            .get(index)
            .and_then(|attempt| self.gate(turn, attempt, (&answer, start), Some(half)));
        // An answer without a body has said all. A stream that goes on at once stays as it is.
        let gate = gate.filter(|gate| !end || !gate.is_committed());
        let kept = if gate.is_some() { self.keep_sample(turn) } else { None };
        let (Some(gate), Some(attempt)) = (gate, self.in_flight.get_mut(index)) else { return Err(answer) };
        if !gate.is_document() && answer.headers.get("content-length").is_some() {
            // Something may be written to a stream, or left out.
            turn.fx.push(Effect::StripAnswer { remove: vec!["content-length".to_owned()] });
        }
        let is_held = !gate.is_committed();
        let is_unheard = gate.is_document() && !is_held;
        let is_unsaid = start.is_empty() && is_held && !end && is_unsaid(answer.headers.get("content-type"));
        let watched = Watched {
            half,
            answer,
            gate,
            held: 0,
            is_held,
            has_body: false,
            is_delivered: false,
            broken: Broken::default(),
            repaired: None,
            is_unsaid,
            following: None,
            kept,
            has_ended: false,
            ends_early: false,
        };
        attempt.reading = Reading::Watched(Box::new(watched));
        self.follow(turn, index);
        if is_unheard && let Some(after) = self.is_too_long(turn, index) {
            return Ok(after);
        }
        if is_held {
            turn.fx.push(Effect::HoldAnswer(half));
        } else {
            self.release(turn, index);
        }
        Ok(if end { self.watched_goes_on(turn, index, (&[], 0), true) } else { After::Wait })
    }

    /// More of the body of an answer under watch; `buffered` bytes are held by the host.
    pub(super) fn watched_goes_on(
        &mut self,
        turn: &mut Turn<'_>,
        mut index: usize,
        (chunk, buffered): (&[u8], usize),
        end: bool,
    ) -> After {
        if self.watched(index).is_some_and(|watched| watched.is_unsaid) {
            // Some send blanks until there is more.
            if !end && chunk.trim_ascii_start().len() < SHOWN && chunk.len() < MOST_BLANKS {
                return After::Wait;
            }
            if let Some(after) = self.shows(turn, index, chunk) {
                return after;
            }
            // Of one that goes on at once no other is left beside it.
            index = index.min(self.in_flight.len().saturating_sub(1));
        }
        if self.is_error_object(turn, index, chunk) {
            return self.error_begins(turn, index, chunk, end);
        }
        let Some(watched) = self.watched(index) else { return After::Wait };
        (watched.has_body, watched.has_ended) = (true, watched.has_ended || end);
        watched.kept.iter_mut().for_each(|kept| kept.push(chunk));
        let flow =
            if end { watched.gate.push_last(turn.now, chunk) } else { watched.gate.push(turn.now, chunk) };
        match self.breaks_midway(turn, index) {
            Midway::Passes => {}
            Midway::Ends => {
                let Some(watched) = self.watched(index) else { return After::Wait };
                let flow = watched.gate.stop();
                return self.flow(turn, index, flow);
            }
            Midway::Fails(after) => return after,
        }
        let Some(watched) = self.watched(index) else { return After::Wait };
        if flow == Flow::Hold {
            watched.held = buffered;
            if !std::mem::replace(&mut watched.is_held, true) {
                let half = watched.half;
                turn.fx.push(Effect::HoldAnswer(half));
            }
            return After::Wait;
        }
        match self.inspect(turn, index, flow, chunk) {
            Ok(flow) => self.flow(turn, index, flow),
            Err(after) => after,
        }
    }

    /// The body of an answer whose headers don't say what it is has begun: it is watched as what it shows itself to be, or goes on
    /// unread.
    fn shows(&mut self, turn: &mut Turn<'_>, index: usize, chunk: &[u8]) -> Option<After> {
        let attempt = self.in_flight.get_mut(index)?;
        let position = attempt.position;
        let Reading::Watched(watched) = std::mem::replace(&mut attempt.reading, Reading::Awaited) else {
            return Some(After::Wait);
        };
        let half = watched.half;
        let answer = match self.watch_from(turn, index, (half, watched.answer), (chunk, false)) {
            Ok(_) => return None,
            Err(answer) => answer,
        };
        self.goes_unread(turn, position, answer.status);
        Some(self.passes_unread(turn, index, (half, answer)))
    }

    /// Whether this, the beginning of an answer in one piece that nothing has gone on of, shows an error object.
    fn is_error_object(&mut self, turn: &Turn<'_>, index: usize, chunk: &[u8]) -> bool {
        let Some(attempt) = self.in_flight.get(index) else { return false };
        let Reading::Watched(watched) = &attempt.reading else { return false };
        let is_beginning = watched.held == 0 && watched.gate.is_document() && !watched.gate.is_committed();
        let provider = turn.config.provider(self.route, attempt.position);
        is_beginning && error_in_success(provider, opening(chunk), turn.now).is_some()
    }

    /// It is read on like any other failing answer.
    fn error_begins(&mut self, turn: &mut Turn<'_>, index: usize, chunk: &[u8], end: bool) -> After {
        let Some(watched) = self.watched(index) else { return After::Wait };
        let (half, status) = (watched.half, watched.answer.status);
        let headers = std::mem::take(&mut watched.answer.headers);
        let answer = Answer { status, headers, body: Vec::new(), origin: Origin::Provider };
        if let Some(attempt) = self.in_flight.get_mut(index) {
            attempt.reading = Reading::Failing { half, answer, since: turn.now };
        }
        self.answer_goes_on(turn, half, (chunk, chunk.len()), end)
    }

    /// Too much time has passed.
    pub(super) fn watched_lapses(&mut self, turn: &mut Turn<'_>, index: usize) -> After {
        let Some(watched) = self.watched(index) else { return After::Wait };
        let flow = watched.gate.lapse(turn.now);
        let flow = match self.inspect(turn, index, flow, &[]) {
            Ok(flow) => flow,
            Err(after) => return after,
        };
        let Some(watched) = self.watched(index) else { return After::Wait };
        match flow {
            Flow::Hold => After::Wait,
            Flow::End(body) if !watched.is_delivered => {
                // Nobody waits for the provider's connection to end.
                (watched.is_delivered, watched.has_ended) = (true, true);
                let (status, headers) = (watched.answer.status, watched.answer.headers.clone());
                let Some(attempt) = self.in_flight.get(index) else { return After::Wait };
                let reason = self.success(turn, attempt);
                let own = self.own_headers(turn, attempt.position, reason);
                let headers = provider_headers(&headers, &own);
                turn.fx.push(Effect::Respond { status, headers, body });
                self.watched_ends(turn, index)
            }
            // Its end would be the connection's.
            Flow::End(rest) if rest.is_empty() => {
                watched.ends_early = true;
                self.watched_ends(turn, index)
            }
            Flow::End(_) if !watched.has_body => {
                turn.fx.push(Effect::BreakAnswer);
                watched.has_ended = true;
                self.watched_ends(turn, index)
            }
            flow => {
                // What is written now stands where held bytes would.
                watched.is_held = true;
                self.flow(turn, index, flow)
            }
        }
    }

    /// The connection of an answer under watch broke.
    pub(super) fn watched_breaks(&mut self, turn: &mut Turn<'_>, index: usize) -> After {
        let Some(watched) = self.watched(index) else { return After::Wait };
        // Nothing that it says can reach the client any more.
        let _ = watched.gate.end(turn.now, false);
        watched.has_ended = true;
        self.watched_ends(turn, index)
    }

    fn flow(&mut self, turn: &mut Turn<'_>, index: usize, flow: Flow) -> After {
        let is_end = matches!(flow, Flow::End(_));
        let mut index = index;
        match flow {
            Flow::Pass | Flow::Hold => index = self.release(turn, index),
            Flow::Replace(bytes) | Flow::End(bytes) => {
                let Some(watched) = self.watched(index) else { return After::Wait };
                watched.ends_early |= is_end;
                turn.fx.push(Effect::ReplaceBody { half: watched.half, body: bytes });
                index = self.release(turn, index);
            }
            Flow::Break => turn.fx.push(Effect::BreakAnswer),
            Flow::Fail(verdict) => return self.watched_fails(turn, index, verdict),
        }
        self.watched_ends(turn, index)
    }

    /// What the host holds at the watching half goes on. Where the attempt is among those in flight then.
    fn release(&mut self, turn: &mut Turn<'_>, index: usize) -> usize {
        let Some(watched) = self.watched(index) else { return index };
        let (half, is_delivered) = (watched.half, std::mem::replace(&mut watched.is_delivered, true));
        let was_held = std::mem::take(&mut watched.is_held);
        watched.held = 0;
        let index = if is_delivered { index } else { self.wins(turn, index) };
        if !is_delivered || was_held {
            let attempt = self.in_flight.get(index).filter(|_| !is_delivered);
            let own = attempt.map(|attempt| {
                let reason = self.success(turn, attempt);
                let mut own = self.own_headers(turn, attempt.position, reason);
                own.extend(length_told(attempt));
                own
            });
            turn.fx.push(Effect::PassAnswer { half, set: own.unwrap_or_default() });
        }
        // Of what the upstream half lets go the host may still make something else.
        if !is_delivered && half == Half::Downstream {
            self.commit(turn);
        }
        index
    }

    /// No other attempt is waited for any more, and none follows.
    fn wins(&mut self, turn: &mut Turn<'_>, index: usize) -> usize {
        let winner = self.in_flight.swap_remove(index);
        self.stop_waiting(turn);
        self.in_flight.push(winner);
        0
    }

    fn watched(&mut self, index: usize) -> Option<&mut Watched> {
        match &mut self.in_flight.get_mut(index)?.reading {
            Reading::Watched(watched) => Some(watched),
            _ => None,
        }
    }
}

/// How long an answer in one piece is that was made to fit, where its provider has said how long it was.
fn length_told(attempt: &Attempt) -> Option<(Text, Text)> {
    let Reading::Watched(watched) = &attempt.reading else { return None };
    let length = watched.repaired.filter(|_| watched.gate.is_document())?;
    watched.answer.headers.get("content-length")?;
    Some((Text::Word("content-length"), length.to_string().into()))
}

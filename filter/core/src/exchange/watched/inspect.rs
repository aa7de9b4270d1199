//! Whole answers under watch are looked at here, before anything of them goes on; see [`output`](crate::exchange::output).

use super::{Sighted, Watched};
use crate::classify::Judgement;
use crate::effect::Effect;
use crate::event::{Answer, Origin};
use crate::exchange::answers::Reading;
use crate::exchange::outcome::{Ended, Extent};
use crate::exchange::output::{Found, Invalid};
use crate::exchange::{After, Exchange};
use crate::output::Rule;
use crate::stream::{Flow, Verdict};
use crate::telemetry::Outcome;
use crate::turn::Turn;

impl Watched {
    /// What was seen of it.
    pub(super) fn sighted(&self, verdict: Verdict) -> Sighted {
        let (broken, is_repaired) = (self.broken, self.repaired.is_some());
        Sighted { broken, is_repaired, ..Sighted::of(&self.gate, verdict) }
    }
}

impl Exchange {
    /// What goes on of an answer that the route's rules are for; `Err` when nothing does. `chunk` is what came last.
    pub(super) fn inspect(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        flow: Flow,
        chunk: &[u8],
    ) -> Result<Flow, After> {
        if turn.config.output(self.route).is_none() || matches!(flow, Flow::Hold | Flow::Break) {
            return Ok(flow);
        }
        let Some(attempt) = self.in_flight.get_mut(index) else { return Ok(flow) };
        let position = attempt.position;
        if let Flow::Fail(verdict) = flow {
            let is_empty = verdict == Verdict::Empty;
            let invalid = if is_empty {
                self.breaks_early(turn, position, (Rule::Length, "it is empty"), false)
            } else {
                None
            };
            return match invalid {
                Some(invalid) => Err(self.fails_by_rules(turn, index, (invalid, verdict), &[])),
                None => Ok(flow),
            };
        }
        let Reading::Watched(watched) = &mut attempt.reading else { return Ok(flow) };
        if watched.is_delivered || !watched.gate.waits_for_all() {
            return Ok(flow);
        }
        let Some(verdict) = watched.gate.verdict() else {
            return self.is_too_long(turn, index).map_or(Ok(flow), Err);
        };
        let (spoken, document) = (watched.gate.spoken(), watched.gate.take_document());
        let body = match (&flow, &document) {
            (Flow::Replace(bytes) | Flow::End(bytes), _) | (_, Some(bytes)) => bytes.as_slice(),
            (_, None) => chunk,
        };
        match self.look(turn, index, spoken, body) {
            Found::Passes(broken) => {
                self.watched(index).into_iter().for_each(|watched| watched.broken = broken);
                Ok(flow)
            }
            Found::Repaired(bytes, broken) => {
                if let Some(watched) = self.watched(index) {
                    (watched.broken, watched.repaired) = (broken, Some(bytes.len()));
                }
                Ok(if matches!(flow, Flow::End(_)) { Flow::End(bytes) } else { Flow::Replace(bytes) })
            }
            Found::Breaks(invalid) => Err(self.fails_by_rules(turn, index, (invalid, verdict), body)),
        }
    }

    /// Nothing of an answer has gone on, and it is too long to be held until its end: `Some` when it doesn't go on for that.
    pub(super) fn is_too_long(&mut self, turn: &mut Turn<'_>, index: usize) -> Option<After> {
        match self.says_too_much(turn, index) {
            Found::Breaks(invalid) => {
                if let Some(watched) = self.watched(index).filter(|watched| !watched.is_held) {
                    turn.fx.push(Effect::HoldAnswer(watched.half));
                }
                Some(self.fails_by_rules(turn, index, (invalid, Verdict::Invalid), &[]))
            }
            Found::Passes(broken) | Found::Repaired(_, broken) => {
                self.watched(index).into_iter().for_each(|watched| watched.broken = broken);
                None
            }
        }
    }

    /// Nothing of an answer has gone on, and nothing is to: it breaks rules.
    pub(super) fn fails_by_rules(
        &mut self,
        turn: &mut Turn<'_>,
        index: usize,
        (invalid, verdict): (Box<Invalid>, Verdict),
        body: &[u8],
    ) -> After {
        let Some(watched) = self.watched(index) else { return After::Wait };
        watched.broken = invalid.broken;
        let (half, sighted) = (watched.half, watched.sighted(verdict));
        let (status, headers) = (watched.answer.status, watched.answer.headers.clone());
        let body = if invalid.is_kept { body.to_vec() } else { Vec::new() };
        let answer = Answer { status, headers, body, origin: Origin::Provider };
        self.in_flight.get_mut(index).into_iter().for_each(|attempt| attempt.sighted = Some(sighted));
        let judgement = Judgement::plain(Outcome::InvalidOutput);
        let ended =
            Ended { answer, judgement, held: Some(half), extent: Extent::Whole, invalid: Some(invalid) };
        self.attempt_failed(turn, index, ended)
    }
}

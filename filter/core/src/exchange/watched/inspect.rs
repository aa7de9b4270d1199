//! Whole answers under watch are looked at here, before anything of them goes on; see [`output`](crate::exchange::output).

use super::{Sighted, Watched};
use crate::classify::Judgement;
use crate::event::{Answer, Origin};
use crate::exchange::answers::Reading;
use crate::exchange::outcome::Ended;
use crate::exchange::output::Found;
use crate::exchange::{After, Exchange};
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
        if turn.config.output(self.route).is_none()
            || matches!(flow, Flow::Hold | Flow::Break | Flow::Fail(_))
        {
            return Ok(flow);
        }
        let Some(attempt) = self.in_flight.get_mut(index) else { return Ok(flow) };
        let position = attempt.position;
        let Reading::Watched(watched) = &mut attempt.reading else { return Ok(flow) };
        if watched.is_delivered || !watched.gate.waits_for_all() {
            return Ok(flow);
        }
        let Some(verdict) = watched.gate.verdict() else {
            self.is_unchecked(turn, position);
            return Ok(flow);
        };
        let (form, document) = (watched.gate.form(), watched.gate.take_document());
        let body = match (&flow, &document) {
            (Flow::Replace(bytes) | Flow::End(bytes), _) | (_, Some(bytes)) => bytes.as_slice(),
            (_, None) => chunk,
        };
        match self.look(turn, index, form, body) {
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
            Found::Breaks(invalid) => {
                let Some(watched) = self.watched(index) else { return Err(After::Wait) };
                watched.broken = invalid.broken;
                let (half, sighted) = (watched.half, watched.sighted(verdict));
                let (status, headers) = (watched.answer.status, watched.answer.headers.clone());
                let body = if invalid.is_kept { body.to_vec() } else { Vec::new() };
                let answer = Answer { status, headers, body, origin: Origin::Provider };
                self.in_flight.get_mut(index).into_iter().for_each(|attempt| attempt.sighted = Some(sighted));
                let judgement = Judgement::plain(Outcome::InvalidOutput);
                let ended =
                    Ended { answer, judgement, held: Some(half), is_intact: false, invalid: Some(invalid) };
                Err(self.attempt_failed(turn, index, ended))
            }
        }
    }
}

//! Time passes: what is due happens, in order.

use std::cmp::Reverse;
use std::time::Duration;

use seawall_core::{Event, ExchangeId, Origin, Timestamp};

use super::client::End;
use super::fate::{self, Fate, Lie, Piece, Stand};
use super::wire::Side;
use super::{Due, World};

impl World {
    /// Runs until nothing is due before `end`.
    pub(crate) fn run_until(&mut self, end: Timestamp) {
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 1_000_000, "the engine does not come to rest");
            self.close_idle();
            let event = self.queue.peek().map(|Reverse((time, ..))| *time);
            let timer = self.open().filter_map(|number| self.workers[number].next_deadline()).min();
            let Some(next) = event.into_iter().chain(timer).min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if timer == Some(next) {
                self.tick();
            } else if let Some(Reverse((_, _, due))) = self.queue.pop() {
                self.happen(due);
            }
        }
        self.now = self.now.max(end);
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(self.now.after(time));
    }

    /// Runs until nothing waits any more.
    pub(crate) fn settle(&mut self) {
        self.run_until(self.now.after(Duration::from_secs(100_000)));
        let is_at_rest = |number: usize| self.workers[number].next_deadline().is_none();
        assert!(self.open().all(is_at_rest), "a timer is left over");
        for (id, request) in &self.requests {
            assert!(!self.workers[request.engine].knows(ExchangeId(*id)), "exchange {id} is left over");
        }
        assert!(
            self.workers.iter().all(|engine| engine.held_bytes() == 0),
            "bytes are counted that nobody holds"
        );
    }

    /// Configurations that the host still tells something.
    fn open(&self) -> impl Iterator<Item = usize> + use<'_> {
        (0..self.workers.len()).filter(|number| !self.closed[*number])
    }

    fn tick(&mut self) {
        for worker in self.open().collect::<Vec<_>>() {
            let mut fx = Vec::new();
            while let Some(ExchangeId(id)) =
                self.workers[worker].handle_timeout(self.now, &mut self.store, &mut fx)
            {
                self.carry_out(id, std::mem::take(&mut fx));
            }
            self.finish_calls();
            // A call too early does nothing.
            if self.workers[worker].next_deadline().is_none_or(|next| next > self.now) {
                let next = self.workers[worker].handle_timeout(self.now, &mut self.store, &mut fx);
                assert!(next.is_none() && fx.is_empty());
            }
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Gone { id } => {
                let request = self.requests.get_mut(&id).unwrap();
                request.is_gone = true;
                // A stream that is on its way back is gone already for the filter, and never comes.
                if request.is_moving {
                    request.is_over = true;
                } else {
                    self.finish(id, End::Broken, false);
                    self.finish_calls();
                }
            }
            Due::BodyCame { id, body } => {
                // What has passed, been answered or left does not come to the filter any more.
                if !self.requests[&id].is_over {
                    self.tell(id, Event::RequestEnd { body });
                }
            }
            Due::Back { id } => {
                let request = self.requests.get_mut(&id).unwrap();
                request.is_moving = false;
                if !request.is_over {
                    request.downstream = Side::default();
                    self.tell(id, Event::Rerouted { end_of_stream: false });
                    self.tell(id, Event::RequestEnd { body: Vec::new() });
                }
            }
            Due::ServiceAnswers { id, number, answer } => {
                self.tell(id, Event::ServiceAnswered { number, answer });
            }
            Due::Piece { id, attempt, index } => self.piece_came(id, attempt, index),
            Due::Timeout { id, attempt, headers } => self.timed_out(id, attempt, headers),
        }
    }

    fn piece_came(&mut self, id: u32, attempt: usize, index: usize) {
        let sent = &self.requests[&id].attempts[attempt - 1];
        if sent.is_cancelled {
            return;
        }
        let (begun, is_dispatched, pieces) = (sent.begun, sent.is_dispatched, sent.pieces.clone());
        if let Some((after, _)) = pieces.0.get(index + 1) {
            self.push(begun.after(*after), Due::Piece { id, attempt, index: index + 1 });
        }
        let piece = pieces.0[index].1.clone();
        self.sees(id, attempt, &pieces.0[..=index]);
        if is_dispatched {
            self.call_goes_on(id, attempt, piece);
        } else if self.requests[&id].wire.as_ref().is_some_and(|wire| wire.attempt == attempt) {
            self.piece(id, piece);
            self.finish_calls();
        }
    }

    /// So much of an attempt's answer has come by now. What is over for the filter comes to nobody.
    fn sees(&mut self, id: u32, attempt: usize, pieces: &[(Duration, Piece)]) {
        let request = self.requests.get_mut(&id).unwrap();
        let is_routed = request.wire.as_ref().is_some_and(|wire| wire.attempt == attempt);
        let sent = &mut request.attempts[attempt - 1];
        if sent.outcome.is_some() || !(is_routed || sent.is_dispatched) || self.closed[request.engine] {
            return;
        }
        // Behind what can't be read nobody reads on.
        let is_garbled = matches!(sent.fate, Fate::Lie(Lie::Garbled(_)));
        if is_garbled {
            return;
        }
        if is_routed && request.streams {
            sent.contents_seen = fate::contents(pieces);
        }
        let Some(usage) = sent.usage else { return };
        let (has_usage, has_ended) = fate::told(pieces, usage, request.streams);
        // What is dispatched comes as a whole.
        sent.is_usage_seen |= has_usage && (!sent.is_dispatched || has_ended);
        sent.is_whole |= has_usage && (has_ended || (request.streams && !sent.is_dispatched));
    }

    fn timed_out(&mut self, id: u32, attempt: usize, headers: bool) {
        let request = &self.requests[&id];
        let sent = &request.attempts[attempt - 1];
        if sent.is_cancelled {
            return;
        }
        if sent.is_dispatched {
            let has_begun = sent.call.is_some();
            if headers && has_begun {
                return;
            }
            let origin = if has_begun { Origin::Reset } else { Origin::Timeout };
            return self.call_ends(id, attempt, if has_begun { 503 } else { 504 }, origin);
        }
        let Some(wire) = request.wire.as_ref().filter(|wire| wire.attempt == attempt) else { return };
        let broke = wire.is_answered;
        let is_in_time = wire.is_done || (headers && broke);
        if !is_in_time {
            self.fail(id, Stand { status: 504, origin: Origin::Timeout, broke });
            self.finish_calls();
        }
    }
}

//! One step of an exchange: an event handed to it, and what follows for the engine.

use super::Engine;
use crate::answer::OwnError;
use crate::effect::Effect;
use crate::event::{Event, ExchangeId};
use crate::exchange::{After, Exchange};
use crate::limits::HashKey;
use crate::store::Store;
use crate::telemetry::{Decision, Reason};
use crate::time::Timestamp;
use crate::timers::Alarms;
use crate::turn::Turn;

impl Engine {
    pub(super) fn step(
        &mut self,
        now: Timestamp,
        store: &mut dyn Store,
        id: ExchangeId,
        fx: &mut Vec<Effect>,
        change: impl FnOnce(&mut Exchange, &mut Turn<'_>) -> After,
    ) {
        let Some(exchange) = self.exchanges.get_mut(&id) else { return };
        if self.shared.key.is_none() && self.shared.config.asks.counting {
            self.shared.key = Some(HashKey::shared(store, &mut self.seed.derive(u64::MAX)));
        }
        self.held_bytes = self.held_bytes.saturating_sub(exchange.held_bytes());
        let mut turn = self.shared.turn(now, store, (id, exchange.asker()), fx);
        let after = change(exchange, &mut turn);
        if after == After::Done {
            exchange.settle(&mut turn);
            self.exchanges.remove(&id);
            self.timers.tidy(&mut self.exchanges);
        } else {
            let wake = exchange.wake_at();
            if wake != exchange.alarm.at() {
                self.timers.set(id, &mut exchange.alarm, wake);
            }
            self.held_bytes = self.held_bytes.saturating_add(exchange.held_bytes());
        }
        for id in self.shared.limits.take_wakes() {
            if let Some(alarm) = self.exchanges.alarm(id) {
                self.timers.set(id, alarm, Some(now));
            }
        }
    }
}

/// One event about an exchange that is under way; `room` is what may still be held of request bodies.
pub(super) fn react(exchange: &mut Exchange, turn: &mut Turn<'_>, event: Event, room: usize) -> After {
    match event {
        Event::RequestHeaders { .. }
        | Event::Source { .. }
        | Event::Caller { .. }
        | Event::ServiceAnswered { .. } => After::Wait,
        Event::RequestBody { .. } | Event::RequestEnd { .. } if exchange.is_back() => match event {
            Event::RequestEnd { .. } => exchange.came_back(turn),
            _ => hold(turn),
        },
        Event::RequestBody { buffered }
            if exchange.is_reading() && buffered > exchange.most_bytes(turn.config) =>
        {
            exchange.is_too_large(turn, buffered)
        }
        Event::RequestBody { .. } if exchange.is_reading() => hold(turn),
        Event::RequestEnd { body }
            if exchange.is_reading() && body.len() > exchange.most_bytes(turn.config) =>
        {
            exchange.is_too_large(turn, body.len())
        }
        Event::RequestEnd { body } if exchange.is_reading() => exchange.begin(turn, body, room),
        Event::BodyCounted { received: 0 } if exchange.is_reading() => {
            exchange.await_body(Some(turn.now));
            After::Wait
        }
        Event::BodyCounted { .. } if exchange.is_reading() => {
            turn.fx.push(Effect::Log(Decision::BodyNeverArrives));
            exchange.refuse(turn, OwnError::body_missing(), Reason::BodyMissing)
        }
        Event::RequestBody { .. } | Event::RequestEnd { .. } | Event::BodyCounted { .. } => After::Wait,
        Event::Rerouted { end_of_stream: true } => exchange.came_back(turn),
        Event::Rerouted { .. } => hold(turn),
        Event::AnswerHeaders { half, answer, end_of_stream } => {
            exchange.answer_begins(turn, half, answer, end_of_stream)
        }
        Event::AnswerBody { half, chunk, buffered, end_of_stream } => {
            exchange.answer_goes_on(turn, half, (&chunk, buffered), end_of_stream)
        }
        Event::CallAnswer { attempt, answer } => exchange.call_answered(turn, attempt, answer),
        Event::AnswerBroke => exchange.answer_broke(turn),
        Event::Gone => exchange.abandon(turn),
    }
}

fn hold(turn: &mut Turn<'_>) -> After {
    turn.fx.push(Effect::HoldRequest);
    After::Wait
}

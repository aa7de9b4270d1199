//! Limits that a rate limit service counts: asked when all others have admitted, while the request is held.
//!
//! What the service says is worked into what is known of its limit, and where it refuses or says nothing the limits are asked once
//! more: they then refuse, let wait, or decide by this proxy's own count, as they do for any request. A hedge doesn't wait: it
//! is about time.

use super::{After, Exchange, Path, Planned};
use crate::breaker::Permit;
use crate::effect::Effect;
use crate::limits::{LATE, Spot, Stage as Asked, TIMEOUT, Ticket, label};
use crate::telemetry::Reason;
use crate::time::Timestamp;
use crate::turn::Turn;

/// Questions under way.
pub(super) struct Asking {
    /// Answers that are still to come.
    left: usize,
    /// The attempt that is to begin.
    attempt: Planned,
    /// When to wait no longer: at the request's deadline, or when the host should have said something.
    pub(super) until: Timestamp,
}

impl Exchange {
    /// Asks the services that count what has just been reserved for an attempt at this place. `None`: there is nothing to wait for.
    /// It holds no permit of a breaker meanwhile: that may open.
    pub(super) fn ask_services(
        &mut self,
        turn: &mut Turn<'_>,
        (place, permit): (usize, Option<Permit>),
        is_again: bool,
    ) -> Option<After> {
        let time = self.deadline.left_to_begin(turn.now);
        if time.is_some_and(|time| time.is_zero()) {
            return None;
        }
        let left = self.put_questions(turn, place, true);
        if left == 0 {
            return None;
        }
        turn.settle(self.route, place, permit, None);
        let patience = TIMEOUT.saturating_add(LATE);
        let until = turn.now.after(time.map_or(patience, |time| time.min(patience)));
        self.asking = Some(Asking { left, attempt: Planned { at: turn.now, is_again }, until });
        if self.path == Path::Ready {
            turn.fx.push(Effect::HoldRequest);
        }
        Some(After::Wait)
    }

    /// Asks for an attempt that doesn't wait for the answers.
    pub(super) fn ask_beside(&mut self, turn: &mut Turn<'_>) {
        self.put_questions(turn, self.position, false);
    }

    fn put_questions(&mut self, turn: &mut Turn<'_>, place: usize, waits: bool) -> usize {
        let of = self.who.zip(turn.config.target_at(self.route, place));
        let Some((who, target)) = of else { return 0 };
        let (route, headers, identity) = (self.route, &self.headers, &self.identity);
        let new = self.reserved.tickets().filter(|ticket| ticket.asks_services());
        let ask = |ticket: &mut Ticket| {
            let tenant = label(turn.config.policy(), headers, identity);
            turn.ask_services((route, who, Asked::First(target)), ticket, &tenant, waits)
        };
        new.map(ask).sum()
    }

    /// A service has answered, and granted what it was asked for, or not.
    pub(crate) fn service_answered(&mut self, turn: &mut Turn<'_>, granted: Option<Spot>) -> After {
        if let Some(spot) = granted {
            self.reserved.grant(spot);
        }
        let Some(asking) = &mut self.asking else { return After::Wait };
        if granted.is_none() {
            return self.ask_anew(turn);
        }
        asking.left = asking.left.saturating_sub(1);
        let Asking { left, attempt, .. } = *asking;
        if left > 0 {
            return After::Wait;
        }
        if self.is_late(turn) {
            return self.give_up_late(turn);
        }
        self.asking = None;
        // What has been granted is reserved for its place, unless its breaker has opened.
        self.next = Some(attempt);
        self.go_on(turn)
    }

    /// The deadline has come; or the host should have told of an answer, or that there is none.
    pub(super) fn services_are_silent(&mut self, turn: &mut Turn<'_>) -> After {
        if self.is_late(turn) {
            return self.give_up_late(turn);
        }
        turn.give_up_asking(true);
        self.ask_anew(turn)
    }

    fn is_late(&self, turn: &Turn<'_>) -> bool {
        self.deadline.left_to_begin(turn.now).is_some_and(|left| left.is_zero())
    }

    fn give_up_late(&mut self, turn: &mut Turn<'_>) -> After {
        self.asking = None;
        turn.give_up_asking(false);
        self.release_next(turn);
        self.give_up(turn, Reason::DeadlineExceeded)
    }

    /// Gives back what was reserved and asks the limits again, of which more is known now.
    fn ask_anew(&mut self, turn: &mut Turn<'_>) -> After {
        let Some(Asking { attempt, .. }) = self.asking.take() else { return After::Wait };
        turn.give_up_asking(false);
        if self.progress.attempts == 0 {
            self.release_all(turn);
        } else {
            self.release_next(turn);
        }
        self.next = Some(Planned { at: turn.now, ..attempt });
        self.go_on(turn)
    }
}

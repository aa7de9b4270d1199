//! A second attempt beside one that takes unusually long; see [`hedge`]. It is dispatched, as the
//! router's path is taken. The first answer wins: the loser on the router's path is cancelled with it, a dispatched one runs
//! to its end and is counted.
//!
//! A probe of a breaker that recovers is hedged once it is [`overdue`](super::overdue).
//!
//! An answer is a stream's first content. Where its headers came and are held, it may still be hedged; once something has gone
//! to the client, or is known of its text, that attempt is no slower than any other.
//!
//! When both have failed, what may follow the failure of either follows, in whichever order they ended; but nothing does where one
//! of them has found the request at fault. That a hedge's target doesn't let the proxy in, or has nothing at its path (401, 403,
//! 404), is no fault of the request.

use seawall_policy::policy::HedgeDelay;

use super::{After, Exchange};
use crate::breaker::Permit;
use crate::effect::Effect;
use crate::retry::hedge::{self, Room};
use crate::telemetry::{HedgeEvent, Metric};
use crate::timeout::Limits;
use crate::turn::Turn;

impl Exchange {
    /// Decides when the attempt that has just begun is hedged.
    pub(super) fn plan_hedge(&mut self, turn: &mut Turn<'_>) {
        self.hedge_at = None;
        let hedge = turn.config.route(self.route).and_then(|route| route.hedge);
        // What was wrong with one target's answer is no other one's matter.
        let Some(hedge) = hedge.filter(|_| !self.is_appended()) else { return };
        let Some(Limits { headers, .. }) = self.in_flight.last().map(|attempt| attempt.limits) else {
            return;
        };
        let usual = match hedge.after {
            HedgeDelay::Percentile(percent) => self.usual(turn, self.position, percent, self.awaited()),
            HedgeDelay::Fixed(_) => None,
        };
        let delay = if self.is_awaited() {
            let overdue = self.overdue_after(turn, self.position);
            overdue.and_then(|overdue| {
                hedge::delay(hedge, usual.or(Some(overdue)), headers).map(|delay| delay.max(overdue))
            })
        } else {
            hedge::delay(hedge, usual, headers)
        };
        let delay = delay.filter(|delay| *delay < headers && self.hedge.is_none());
        self.hedge_at = delay.map(|delay| turn.now.after(delay));
    }

    /// Whether a breaker waits for what comes of the attempt that has just begun. A hedge that answers first would leave it
    /// without, and the next request would be a probe again; so none is sent before a silent probe has failed by that.
    fn is_awaited(&self) -> bool {
        self.in_flight.last().and_then(|attempt| attempt.permit).is_some_and(Permit::is_awaited)
    }

    /// Whether the time of the hedge still is to come.
    pub(super) fn awaits_hedge(&self) -> bool {
        matches!(self.in_flight.as_slice(), [attempt] if attempt.reading.is_silent())
    }

    /// The attempt under way has taken long enough.
    pub(super) fn hedge(&mut self, turn: &mut Turn<'_>) -> After {
        self.hedge_at = None;
        let Some(route) = turn.config.route(self.route).filter(|_| self.awaits_hedge()) else {
            return After::Wait;
        };
        let later = self.later(turn);
        let others = self.count_admitting(turn, later);
        let room = Room {
            attempts: route.retry.attempts,
            is_hedged: self.hedge.is_some(),
            others,
            left: self.deadline.left_to_begin(turn.now),
        };
        let (route, progress, mut admitted) = (self.route, self.progress, None);
        let may = hedge::may(room, &progress, || {
            let later = self.later(turn);
            admitted = self.admit_place(turn, later).ok();
            admitted.is_some() && turn.pay_hedge(route)
        });
        let Some((position, permit)) = admitted else { return After::Wait };
        if !may {
            turn.settle(route, position, permit, None);
            self.release_next(turn);
            return After::Wait;
        }
        self.progress.hedge();
        self.hedge = Some(self.progress.attempts);
        self.tell_hedge(turn, position, HedgeEvent::Sent);
        (self.position, self.reached) = (position, position);
        self.ask_beside(turn);
        self.launch(turn, permit, false);
        self.dispatch(turn)
    }

    /// The client gets the answer of this attempt. Whether that is the hedge, is counted.
    pub(super) fn tell_winner(&self, turn: &mut Turn<'_>, n: u32, position: usize) {
        if self.hedge == Some(n) {
            self.tell_hedge(turn, position, HedgeEvent::Won);
        }
    }

    fn tell_hedge(&self, turn: &mut Turn<'_>, position: usize, event: HedgeEvent) {
        if let Some(target) = turn.config.target_at(self.route, position) {
            turn.fx.push(Effect::Count(Metric::Hedge(target, event)));
        }
    }
}

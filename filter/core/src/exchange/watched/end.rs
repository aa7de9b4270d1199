//! The end of a watched answer, and what still comes of it then.

use std::time::Duration;

use crate::effect::Effect;
use crate::event::{Answer, Half, Origin, Reads};
use crate::exchange::answers::{BROKE, Reading};
use crate::exchange::{After, Exchange};
use crate::stream::Verdict;
use crate::telemetry::{Next, Outcome, Reason};
use crate::time::Timestamp;
use crate::turn::Turn;

/// How long the provider's connection may stay open once the client has the end of the answer, one that the filter has
/// written. No host lets a filter end a body before its time. SDKs stop reading there; whoever doesn't is cut off.
const LINGER: Duration = Duration::from_secs(1);

/// The rest of an answer whose end the client has already.
pub(in crate::exchange) struct Lingering {
    pub(in crate::exchange) half: Half,
    /// Whether nothing of it may go on.
    drops: bool,
    pub(in crate::exchange) until: Timestamp,
}

impl Lingering {
    pub(in crate::exchange) fn reads(&self) -> Reads {
        Reads { start: 0, max: 0 }
    }
}

impl Exchange {
    /// Ends the exchange once it is known what became of the answer, and the client has it or never will.
    pub(super) fn watched_ends(&mut self, turn: &mut Turn<'_>, index: usize) -> After {
        let Some(watched) = self.watched(index) else { return After::Wait };
        let Some(verdict) = watched.gate.verdict() else { return self.watched_begins(turn, index) };
        let is_delivered = watched.is_delivered;
        if !is_delivered && verdict != Verdict::Cut {
            return After::Wait;
        }
        self.followed_to_its_end(turn, index, verdict);
        let Some(watched) = self.watched(index) else { return After::Wait };
        let report = watched.gate.report().clone();
        let sighted = watched.sighted(verdict);
        let lingers = watched.ends_early && !watched.has_ended;
        let (drops, kept) = (watched.gate.is_over(), watched.kept.take());
        let (status, half) = (watched.answer.status, watched.half);
        let headers = std::mem::take(&mut watched.answer.headers);
        let answer = Answer { status, headers, body: Vec::new(), origin: Origin::Provider };
        let mut attempt = self.in_flight.swap_remove(index);
        attempt.sighted = Some(sighted);
        let judgement = self.judged(turn, &attempt, verdict, &report);
        let (reason, told) = match verdict {
            _ if !is_delivered => (Reason::BrokenOff, BROKE),
            verdict if verdict.is_failure() => (Reason::BrokenOff, status),
            _ => (self.success(turn, &attempt), status),
        };
        let ended_by = if verdict == Verdict::TimedOut { Origin::Timeout } else { Origin::Provider };
        let was_cut = attempt.was_cut(judgement.outcome, ended_by, turn.now);
        self.conclude(turn, &attempt, (&judgement, was_cut), &answer);
        if judgement.outcome == Outcome::Success {
            self.tell_delivered(turn, &attempt);
            self.sample(turn, &attempt, kept);
        }
        let next = if is_delivered { Next::Deliver } else { Next::Stop };
        self.log_attempt(turn, (attempt.n, attempt.position), (&judgement, status), next, None);
        self.lingering = lingers.then(|| Lingering { half, drops, until: turn.now.after(LINGER) });
        self.finish(turn, attempt.position, told, reason)
    }

    /// A stream that goes on to its caller with content in it shows that its target works: a breaker that recovers need not wait
    /// for the end.
    fn watched_begins(&mut self, turn: &mut Turn<'_>, index: usize) -> After {
        let Some(attempt) = self.in_flight.get_mut(index) else { return After::Wait };
        let (Reading::Watched(watched), Some(permit)) = (&attempt.reading, &mut attempt.permit) else {
            return After::Wait;
        };
        if permit.is_awaited() && watched.gate.is_committed() && watched.has_content() {
            turn.begin(self.route, attempt.position, permit);
        }
        After::Wait
    }

    /// Whether what comes at this half is the rest of an answer that is over.
    pub(in crate::exchange) fn drops(&mut self, turn: &mut Turn<'_>, half: Half, end: bool) -> bool {
        let Some(lingering) = self.lingering.as_ref().filter(|lingering| lingering.half == half) else {
            return false;
        };
        if lingering.drops {
            turn.fx.push(Effect::ReplaceBody { half, body: Vec::new() });
        }
        if end {
            self.lingering = None;
        }
        true
    }

    /// The provider's connection has stayed open for too long.
    pub(in crate::exchange) fn break_off(&mut self, turn: &mut Turn<'_>) -> After {
        if self.lingering.take().is_some() {
            turn.fx.push(Effect::BreakAnswer);
        }
        self.rest()
    }
}

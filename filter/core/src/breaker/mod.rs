//! Circuit breaker: stops sending to a target that keeps failing, so that callers fail over at once and the target gets
//! room to recover. One stands at each model of each target, because a provider's models fail one by one.
//!
//! | from | event | guard | to | effect |
//! |---|---|---|---|---|
//! | closed | result | any trip is exceeded | open | until now + cooldown |
//! | closed | throttled | the provider said until when | open, then closed | until then |
//! | closed, half-open | quota exhausted | | open | until the provider's reset, or for [`EXHAUSTED`] where that is at most [`SHORT`](crate::classify::SHORT) away |
//! | open | throttled, exhausted | later than it would open | open | until then |
//! | open | admission | its time has passed | half-open, first stage | this attempt is its first probe |
//! | open, then closed | admission | its time has passed | closed, with the counts it had | admitted |
//! | open | admission | otherwise | open | refused |
//! | half-open | admission | probes left in the stage | half-open | admitted as a probe |
//! | half-open | admission | none left | half-open | refused |
//! | half-open | a probe's answer begins to go on | | as at its success | it holds no place any more |
//! | half-open | success | last one of the stage | next stage, or closed with an empty window | |
//! | half-open | throttled | the provider said until when | open | until then, and again from the first stage |
//! | half-open | any other failure | | open | until now + a cooldown twice as long |
//!
//! **Cooldown.** `open` at first, doubled with each failed recovery up to four times; also when it trips again before it has
//! been closed for one window. After that it starts over.
//!
//! **Throttling is no sickness.** The provider works and has said when it takes more, so the breaker opens for just that
//! long ([`LONGEST_RESET`] at most), at the first such answer, and counts no error. A throttled answer that names no time is
//! an error like any other.
//!
//! **Cold start.** No share counts before the window holds its least number, and no percentile before its baseline is known.
//! Open becomes half-open only when somebody asks, so a target without traffic needs no timer.
//!
//! **Old results.** They count only in the phase that admitted them: the failures of slow attempts that began before it opened
//! say nothing about its recovery. What a provider says about its reset is news whenever the attempt began.
//!
//! **Errors in a row** are in the order in which the workers come to the shared cell with what their attempts have come to. An
//! error is written at once, and so is a success while a row is counted; one from before the row's first error, which a worker
//! may write down later, has nothing to do with it.
//!
//! **Streams** may take minutes to their end, and all others would wait for it. So a probe's stream is good enough once it has begun
//! to go on to its caller. What goes wrong with it later counts all the same, while the breaker recovers and once it has closed,
//! unless it has opened in between.
//!
//! **Probes** are few, and small: while others come, a request beyond [`PROBE_TOKENS`] is none. A probe whose worker died would
//! keep its place for ever; when the time it may take is over, and after [`LONGEST_PROBE`] at the latest, the places are given out
//! again.

mod cause;
mod cell;
mod guards;
mod record;
mod remembered;
mod rules;
mod verdict;
mod window;

use std::time::Duration;

pub use self::cause::{Cause, Signal};
pub(crate) use self::guards::{Guards, Known, News, Permit, Post, PostPlan};
use self::record::Verdict;
use self::remembered::Remembered;
pub(crate) use self::rules::{Drift, Rules};
pub(crate) use self::verdict::Finding;
use self::window::Window;
use crate::telemetry::BreakerState;
use crate::time::Timestamp;
use seawall_policy::policy::Forced;

/// The longest that a provider's own reset holds: a hostile or mistaken one must not cut a target off for days.
pub(crate) const LONGEST_RESET: Duration = Duration::from_secs(3_600);

/// How long it is open when a quota is used up and the provider doesn't say until when. Someone has to pay or to raise a
/// limit first, so asking sooner is no use.
pub(crate) const EXHAUSTED: Duration = Duration::from_secs(600);

/// Tokens, in and out, of a request that may be a probe while smaller ones come. The stages bound the number of probes, this
/// their size: a target that is just getting up is not asked for its hardest work.
pub(crate) const PROBE_TOKENS: u64 = 8_000;

/// What the caller of a refused admission may be told to wait while probes are out.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// The longest that a probe's place is kept for it. A stream that is held to its end may take longer, up to hours. But who holds the
/// last place of a stage keeps everybody from the target, and a worker that has died would do so for as long; one probe too many is
/// the smaller evil.
const LONGEST_PROBE: Duration = Duration::from_secs(900);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    /// Grows with every change of phase.
    generation: u32,
    /// What it was when it opened last.
    opened: u32,
    phase: Phase,
    /// When it came to the state it is in, and why.
    since: Timestamp,
    cause: Cause,
    /// How often the cooldown was doubled.
    doublings: u8,
    /// Errors since the last answer, where the policy counts them.
    in_a_row: u32,
    window: Window,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Closed,
    Open {
        until: Timestamp,
        then: Then,
    },
    HalfOpen {
        stage: u8,
        /// Probes given out in this stage, and how many of them succeeded.
        admitted: u32,
        succeeded: u32,
        /// When a probe was last given out or came back.
        progress: Timestamp,
        /// When the last of those that are out must be back.
        lease: Timestamp,
    },
}

/// What follows when its time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Probe,
    Close,
}

/// An attempt that asks to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// About how many tokens it will cost, in and out.
    pub(crate) tokens: u64,
    /// How long it may take.
    pub(crate) longest: Duration,
    /// Whether no other target would take it.
    pub(crate) is_last_resort: bool,
}

/// What breakers want to know of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    /// The model it names.
    pub(crate) model: Option<String>,
    /// About how many tokens it will cost, in and out.
    pub(crate) tokens: u64,
    /// Most tokens of its answer, by its body.
    pub(crate) most_tokens: Option<u64>,
    /// Whether its answer is to be a stream.
    pub(crate) streams: bool,
}

/// What is given for one attempt, and given back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    generation: u32,
    is_probe: bool,
    /// Of a probe: its answer has begun, which was good enough. It holds no place any more.
    has_begun: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted(Ticket),
    /// Asking again before this time is no use.
    Refused {
        until: Timestamp,
    },
}

/// A change worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) from: BreakerState,
    pub(crate) to: BreakerState,
    pub(crate) cause: Cause,
}

impl Breaker {
    pub(crate) fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Asks to make an attempt.
    pub(crate) fn admit(
        &mut self,
        rules: &Rules,
        now: Timestamp,
        ask: Ask,
    ) -> (Admission, Option<Transition>) {
        let refused = |until| (Admission::Refused { until }, None);
        match rules.force {
            Some(Forced::Open) => return refused(now.after(rules.open)),
            Some(Forced::Closed) => return (Admission::Admitted(self.ticket(false)), None),
            None => {}
        }
        let before = self.state();
        if let Phase::Open { until, then } = self.phase {
            if !is_over(until, LONGEST_RESET.max(rules.cooldown(u8::MAX)), now) {
                return refused(until);
            }
            match then {
                Then::Close => self.enter(Phase::Closed, now, Cause::ResetPassed),
                Then::Probe if !may_probe(rules, ask, until, now) => return refused(now.after(PROBE_WAIT)),
                Then::Probe => self.enter(stage(0, until.min(now)), now, Cause::CooldownOver),
            }
        }
        let mut is_probe = false;
        if let Phase::HalfOpen { stage, admitted, succeeded, progress, lease } = &mut self.phase {
            if *admitted > *succeeded && is_over(*lease, LONGEST_PROBE, now) {
                // A round of its own: should one of them come back after all, it frees no place of another.
                *admitted = *succeeded;
                self.generation = self.generation.wrapping_add(1);
            }
            if *admitted >= rules.probes(*stage) || !may_probe(rules, ask, *progress, now) {
                return refused(now.after(PROBE_WAIT));
            }
            *admitted += 1;
            *progress = now;
            *lease = (*lease).max(now.after(ask.longest.min(LONGEST_PROBE)));
            is_probe = true;
        }
        (Admission::Admitted(self.ticket(is_probe)), self.transition(before))
    }

    fn ticket(&self, is_probe: bool) -> Ticket {
        Ticket { generation: self.generation, is_probe, has_begun: false }
    }

    /// When it is of use to ask again; a time that has passed while it admits.
    pub(crate) fn next_admission(&self, rules: &Rules, now: Timestamp, ask: Ask) -> Timestamp {
        match self.clone().admit(rules, now, ask).0 {
            Admission::Admitted(_) => now,
            Admission::Refused { until } => until,
        }
    }

    fn enter(&mut self, phase: Phase, now: Timestamp, cause: Cause) {
        let before = self.state();
        self.generation = self.generation.wrapping_add(1);
        if let Phase::Open { .. } = phase {
            self.opened = self.generation;
        }
        self.phase = phase;
        self.cause = cause;
        if self.state() != before || before == BreakerState::Open {
            self.since = now;
        }
    }

    fn transition(&self, from: BreakerState) -> Option<Transition> {
        let to = self.state();
        (from != to).then_some(Transition { from, to, cause: self.cause })
    }
}

/// A stage that waits for its first probe since this time.
fn stage(stage: u8, since: Timestamp) -> Phase {
    Phase::HalfOpen { stage, admitted: 0, succeeded: 0, progress: since, lease: since }
}

/// Whether this may be a probe. A large request is none while smaller ones come; when none has come for as long as `open`,
/// or when no other target takes it, it is better than nothing.
fn may_probe(rules: &Rules, ask: Ask, idle_since: Timestamp, now: Timestamp) -> bool {
    ask.tokens <= PROBE_TOKENS || ask.is_last_resort || now.since(idle_since) >= rules.open
}

/// Whether a time has come. One further away than it can have been set was set by a clock that has stepped back since.
fn is_over(time: Timestamp, longest: Duration, now: Timestamp) -> bool {
    now >= time || time.since(now) > longest
}

#[cfg(test)]
mod tests;

//! Looks at some answers after they were delivered: has them scored by a judge, watches where their embeddings lie, and sends them to
//! an audit.
//!
//! ```text
//! answer drawn ─ kept while it passes ─ delivered ─ waits ┬─ judge ─ score ──┐
//!                                                         ├─ drift ─ distance ┴─ window of the target ─ breaker
//!                                                         └─ audit ─ redacted line ─ batch ─ sink
//! ```
//!
//! | part | does |
//! |---|---|
//! | `plan` | what the policy says, made ready |
//! | `share` | which answers are drawn: never more than the share |
//! | `budget` | what calls may cost, over all workers |
//! | `judge` | the question to a judge, and its score |
//! | `drift` | embeddings, their middle and how far it moves |
//! | `audit`, `redact` | lines for a sink, and what is taken out of them |
//! | `scores` | what has been found of a route's answers from each target and model, over all workers |
//!
//! Everything here is off the path of requests: what is drawn is copied while it passes, and all else is done at the next wake-up, with
//! calls that belong to no exchange ([`ExchangeId::NOBODY`](crate::ExchangeId::NOBODY)). Nothing of it touches the
//! routes' limits, retries or retry budgets. What is kept is bounded by number and bytes, and what finds no room is dropped and
//! counted; a call that nobody answers is given up after its time. Nothing is asked twice.
//!
//! **Quality.** A score under 0.5, and each answer that is embedded while the drift is beyond its threshold, is a bad answer. The
//! share of good ones among those that were looked at, of a route at a target and model, is held against `trip quality < x% of at
//! least n` and `trip quality < 0.8x baseline` of the breaker that stands there, by a baseline of its own: apart from the share of answers that are good by other rules: a judge that sees 2 % of
//! the answers could never move that one.

mod appraisal;
mod audit;
mod budget;
mod calls;
mod drift;
mod judge;
mod plan;
mod redact;
mod scores;
mod share;
#[cfg(test)]
mod tests;
mod told;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use seawall_policy::policy::TargetId;

pub(crate) use self::appraisal::Appraisal;
use self::calls::Call;
pub(crate) use self::plan::{Plans, unbundled};
pub(crate) use self::told::{Row, rows};
use crate::effect::{Effect, Text};
use crate::rng::Rng;
use crate::stream::{Dialect, Framing};
use crate::telemetry::{Metric, SampleEvent, SampleKind};
use crate::time::Timestamp;

/// Most bytes of an answer that are kept, as they came: streams say one word in some hundred bytes.
const MOST_ANSWER: usize = 1024 * 1024;
/// Most bytes of a request's conversation that are kept.
pub(crate) const MOST_QUESTION: usize = 32 * 1024;
/// Most answers that are kept while they pass.
const MOST_SEATS: usize = 16;
/// Most answers that wait, and their bytes.
const MOST_WAITING: usize = 64;
const MOST_WAITING_BYTES: usize = 4 * 1024 * 1024;
/// Most calls under way.
const MOST_CALLS: usize = 16;
/// Answers that are looked at in one go.
const AT_ONCE: usize = 4;

/// One worker's part of it.
pub(crate) struct Sampling {
    debts: Vec<[share::Debt; 3]>,
    seats: Rc<()>,
    waiting: VecDeque<Delivered>,
    waiting_bytes: usize,
    calls: BTreeMap<u32, Call>,
    next_call: u32,
    sinks: Vec<audit::Sink>,
    rng: Rng,
    /// When to go on, if anything is left to do.
    wake: Option<Timestamp>,
}

/// What an answer has been drawn for.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    kinds: [bool; 3],
    /// Its place among those that are kept.
    _seat: Rc<()>,
}

/// An answer while it passes.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    bytes: Vec<u8>,
    is_too_long: bool,
}

/// An answer that was delivered, with what it is an answer to.
pub(crate) struct Delivered {
    pub(crate) route: usize,
    /// Where in the route's plan, and which target that is.
    pub(crate) position: usize,
    pub(crate) target: TargetId,
    pub(crate) model: Option<Text>,
    pub(crate) at: Timestamp,
    /// The application's instructions and the end of the conversation, as JSON.
    pub(crate) question: Vec<u8>,
    pub(crate) dialect: Dialect,
    pub(crate) framing: Framing,
    pub(crate) answer: Kept,
    pub(crate) drawn: Drawn,
}

impl Kept {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.bytes.len().saturating_add(bytes.len()) > MOST_ANSWER;
        if self.is_too_long {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }
}

impl Drawn {
    fn kinds(&self) -> impl Iterator<Item = SampleKind> + use<> {
        let kinds = self.kinds;
        SampleKind::ALL.into_iter().zip(kinds).filter_map(|(kind, is_drawn)| is_drawn.then_some(kind))
    }
}

impl Sampling {
    pub(crate) fn new(plans: &Plans, routes: usize, rng: Rng) -> Self {
        Self {
            debts: vec![Default::default(); routes],
            seats: Rc::default(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            calls: BTreeMap::new(),
            next_call: 1,
            sinks: plans.sinks.iter().map(|_| audit::Sink::default()).collect(),
            rng,
            wake: None,
        }
    }

    /// Whether an answer of this route, which begins now, is to be kept. Asked once for each exchange.
    pub(crate) fn draw(&mut self, plans: &Plans, route: usize, fx: &mut Vec<Effect>) -> Option<Drawn> {
        let (plan, debts) = (plans.of(route)?, self.debts.get_mut(route)?);
        let mut kinds = [false; 3];
        for ((is_drawn, share), debt) in kinds.iter_mut().zip(plan.shares()).zip(debts) {
            *is_drawn = debt.draw(share, &mut self.rng);
        }
        if kinds == [false; 3] {
            return None;
        }
        let drawn = Drawn { kinds, _seat: self.seats.clone() };
        // The worker's own, this one, and the others.
        if Rc::strong_count(&self.seats) > MOST_SEATS + 1 {
            for event in [SampleEvent::Sampled, SampleEvent::Dropped] {
                drawn.kinds().for_each(|kind| count(route, kind, event, fx));
            }
            return None;
        }
        Some(drawn)
    }

    /// An answer that was drawn has been delivered.
    pub(crate) fn take(&mut self, delivered: Delivered, fx: &mut Vec<Effect>) {
        delivered.drawn.kinds().for_each(|kind| count(delivered.route, kind, SampleEvent::Sampled, fx));
        let bytes = self.waiting_bytes.saturating_add(delivered.bytes());
        let is_full = self.waiting.len() >= MOST_WAITING || bytes > MOST_WAITING_BYTES;
        if is_full || delivered.answer.is_too_long {
            return drop_all(&delivered, fx);
        }
        self.wake = Some(delivered.at);
        self.waiting_bytes = bytes;
        self.waiting.push_back(delivered);
    }

    /// When [`Engine::handle_timeout`](crate::Engine::handle_timeout) is to be called for this.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.wake
    }

    fn next_waiting(&mut self) -> Option<Delivered> {
        let next = self.waiting.pop_front()?;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(next.bytes());
        Some(next)
    }

    /// Whether another answer may be looked at, which may take two calls.
    fn has_room(&self) -> bool {
        self.calls.len() + 2 <= MOST_CALLS
    }

    fn set_wake(&mut self, now: Timestamp) {
        let waits = !self.waiting.is_empty() && self.has_room();
        let calls = self.calls.values().map(Call::until).min();
        let sinks = self.sinks.iter().filter_map(audit::Sink::due).min();
        self.wake = [waits.then_some(now), calls, sinks].into_iter().flatten().min();
    }
}

impl Delivered {
    fn bytes(&self) -> usize {
        self.question.len().saturating_add(self.answer.bytes.len())
    }
}

fn drop_all(delivered: &Delivered, fx: &mut Vec<Effect>) {
    delivered.drawn.kinds().for_each(|kind| count(delivered.route, kind, SampleEvent::Dropped, fx));
}

fn count(route: usize, kind: SampleKind, event: SampleEvent, fx: &mut Vec<Effect>) {
    fx.push(Effect::Count(Metric::Sample(route, kind, event)));
}

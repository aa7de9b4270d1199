//! The breakers that stand at the places of a policy's plans, as one worker sees them.
//!
//! A *post* is a breaker of the policy at one target. Where the target sets the model there is one guard at it; where
//! callers choose the model there is one for each they use (see [`models`]) and one that the rest share. What a guard
//! knows lies in the shared store; here is only where, and the successes this worker has not written down yet.

pub(super) use std::time::Duration;

use seawall_policy::policy::TargetId;

use super::window::Slot;
use super::{Admission, Ask, Breaker, Cause, Finding, Remembered, Rules, Ticket, Transition, Verdict};
use crate::effect::Text;
use crate::models::{self, MOST_MODELS, Proof};
use crate::store::{self, Store};
use crate::telemetry::BreakerState;
use crate::time::Timestamp;

/// So long a worker takes a breaker that it has just seen closed for closed, and spares itself another look at the shared cell.
/// Attempts that began so shortly before another worker opened it would be on their way all the same.
const FRESH: Duration = Duration::from_millis(1);

/// The guard of all models that have none of their own. No model is called that: it would need an escape in the key.
const SHARED: &str = "";

/// A breaker of the policy at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Post(pub(crate) usize);

/// What a post is, worked out once from the policy.
#[derive(Clone, Debug)]
pub(crate) struct PostPlan {
    pub(crate) rules: Rules,
    pub(crate) breaker: Text,
    pub(crate) target: TargetId,
    /// Where its cells lie; no other post's begins with it and a slash.
    pub(crate) key: String,
    /// Where the models lie that its callers use; for all posts at a target the same.
    pub(crate) models_key: String,
    /// The model the policy sets, if it does.
    pub(crate) model: Option<String>,
}

/// All of one worker.
#[derive(Debug, Default)]
pub(crate) struct Guards {
    posts: Vec<Station>,
}

#[derive(Debug)]
struct Station {
    plan: PostPlan,
    /// The first is that of the policy's model, or the shared one.
    guards: Vec<Guard>,
    /// Whether every place for a model is taken and known here.
    is_full: bool,
    /// Whether this worker has told that the policy forces it.
    has_told: bool,
}

#[derive(Debug)]
struct Guard {
    key: Text,
    model: Text,
    remembered: Remembered,
    /// When this worker last saw it closed, and the ticket it gave out, unless it has counted something there since.
    seen_closed: Option<(Timestamp, Ticket)>,
}

/// The right to make one attempt; given back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    guard: usize,
    ticket: Ticket,
}

impl Permit {
    /// Whether others wait for what it comes to: a probe whose answer has not begun.
    pub(crate) fn is_awaited(self) -> bool {
        self.ticket.is_probe && !self.ticket.has_begun
    }

    /// Whether it is one of the probes that this breaker waits for.
    #[cfg(test)]
    pub(super) fn is_probe_of(self, breaker: &Breaker) -> bool {
        self.is_awaited() && self.ticket.generation == breaker.generation
    }
}

/// A change, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct News {
    pub(crate) target: TargetId,
    /// Empty for the guard that models share.
    pub(crate) model: Text,
    pub(crate) transition: Transition,
}

/// What is known of one guard.
#[derive(Clone, Debug)]
pub(crate) struct Known<'g> {
    pub(crate) breaker: &'g str,
    pub(crate) rules: &'g Rules,
    pub(crate) target: TargetId,
    pub(crate) model: Text,
    cell: Breaker,
}

impl Known<'_> {
    pub(crate) fn state(&self) -> BreakerState {
        self.rules.forced_state().unwrap_or_else(|| self.cell.state())
    }

    /// Why, and since when; the time is that of the epoch while nothing has happened.
    pub(crate) fn cause(&self) -> (Cause, Timestamp) {
        if self.rules.is_forced() {
            (Cause::Forced, Timestamp(0))
        } else {
            (self.cell.cause, self.cell.since)
        }
    }

    /// When the next probe may go out, while it is not closed.
    pub(crate) fn next_probe(&self, now: Timestamp) -> Option<Timestamp> {
        let ask = Ask { tokens: 0, longest: Duration::ZERO, is_last_resort: true };
        let is_waiting = self.state() != BreakerState::Closed && !self.rules.is_forced();
        is_waiting.then(|| self.cell.next_admission(self.rules, now, ask))
    }

    /// Answers, those of them that were of no use, and errors, in the window.
    pub(crate) fn counts(&self, now: Timestamp) -> (u32, u32, u32) {
        let mut window = self.cell.window.clone();
        window.roll(self.rules.window, now);
        let Slot { successes, bad, failures } = window.total();
        (successes, bad, failures)
    }
}

impl Station {
    fn new(plan: PostPlan) -> Self {
        let model: Text = plan.model.as_deref().unwrap_or(SHARED).into();
        let mut station = Self { plan, guards: Vec::new(), is_full: false, has_told: false };
        station.add(model);
        station
    }

    fn add(&mut self, model: Text) {
        let key = format!("{}/{}", self.plan.key, &*model).into();
        self.guards.push(Guard { key, model, remembered: Remembered::default(), seen_closed: None });
    }

    fn find(&self, model: &str) -> Option<usize> {
        self.guards.iter().position(|guard| *guard.model == *model)
    }

    /// The guard of a model, by what all workers know of the models of this target.
    fn guard(&mut self, store: &mut dyn Store, model: Option<&str>) -> usize {
        let Some(model) = model.filter(|model| self.plan.model.is_none() && models::is_name(model)) else {
            return 0;
        };
        if let Some(found) = self.find(model) {
            return found;
        }
        if !self.is_full {
            self.learn(store);
        }
        self.find(model).unwrap_or_default()
    }

    fn learn(&mut self, store: &mut dyn Store) {
        for name in models::read(store, &self.plan.models_key) {
            if self.find(&name).is_none() {
                self.add(name.into());
            }
        }
        self.is_full = self.guards.len() > MOST_MODELS;
    }

    /// The guard that a result counts at: a model that has proved to be one gets its own.
    fn enrol(&mut self, store: &mut dyn Store, model: Option<&str>, proof: Proof, permit: &mut Permit) {
        let is_shared = permit.guard == 0 && self.plan.model.is_none() && !permit.ticket.is_probe;
        let Some(model) = model.filter(|_| is_shared) else { return };
        // What this worker knows of them is never more than all.
        let may_have_room = self.guards.len() <= proof.places();
        if may_have_room && models::enrol(store, &self.plan.models_key, model, proof) {
            self.learn(store);
        }
        if let Some(own) = self.find(model) {
            *permit = Permit { guard: own, ticket: Ticket::OF_NEWCOMER };
        }
    }

    fn read(&self, store: &mut dyn Store, guard: usize) -> Breaker {
        let cell = self.guards.get(guard).and_then(|guard| store.get(&guard.key));
        Breaker::decode(cell.as_ref().map(|(bytes, _)| bytes.as_slice())).unwrap_or_default()
    }

    /// Changes a guard's breaker, and says whether that was written. Where `may_wait`, successes that are few may stay
    /// unwritten.
    fn change<R>(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        guard: usize,
        may_wait: bool,
        mut change: impl FnMut(&mut Breaker, &Rules) -> (R, Option<Transition>),
    ) -> Option<(R, Option<News>, bool)> {
        let rules = &self.plan.rules;
        let Guard { key, model, remembered, seen_closed } = self.guards.get_mut(guard)?;
        *seen_closed = None;
        let mut waits = false;
        let ((result, transition), is_written) = store::try_update(store, key, |bytes| {
            let mut breaker = Breaker::decode(bytes).unwrap_or_default();
            waits = may_wait && breaker.lets_wait(rules, now, *remembered);
            // That time has passed is nothing to write.
            let before = breaker.clone();
            if !waits {
                breaker.recall(rules, now, *remembered);
            }
            let result = change(&mut breaker, rules);
            ((breaker != before).then(|| breaker.encode()), result)
        });
        if !waits && is_written {
            *remembered = Remembered::default();
        }
        let (target, model) = (self.plan.target, model.clone());
        Some((result, transition.map(|transition| News { target, model, transition }), is_written))
    }

    /// What the policy forces, if it does.
    fn forced(&self, now: Timestamp, ask: Ask) -> Option<Result<Ticket, Timestamp>> {
        let rules = &self.plan.rules;
        rules.is_forced().then(|| match Breaker::default().admit(rules, now, ask).0 {
            Admission::Admitted(ticket) => Ok(ticket),
            Admission::Refused { until } => Err(until),
        })
    }

    /// What is forced is told once, when it first matters.
    fn tell_forced(&mut self) -> Option<News> {
        let to = self.plan.rules.forced_state()?;
        let has_told = std::mem::replace(&mut self.has_told, true);
        let transition = Transition { from: BreakerState::Closed, to, cause: Cause::Forced };
        (!has_told).then(|| News { target: self.plan.target, model: SHARED.into(), transition })
    }
}

impl Ticket {
    /// For a guard that nobody has asked yet.
    const OF_NEWCOMER: Self = Self { generation: 0, is_probe: false, has_begun: false };
}

impl Guards {
    pub(crate) fn new(plans: impl Iterator<Item = PostPlan>) -> Self {
        Self { posts: plans.map(Station::new).collect() }
    }

    /// Whether answers there are compared with a baseline.
    pub(crate) fn watches_drift(&self, post: Post) -> bool {
        self.posts.get(post.0).is_some_and(|station| station.plan.rules.watches_drift())
    }

    /// Asks for an attempt with a model; `Err` holds when it is of use to ask again. A post that isn't there admits nothing
    /// and refuses nothing.
    pub(crate) fn admit(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        (post, model): (Post, Option<&str>),
        ask: Ask,
    ) -> Option<(Result<Permit, Timestamp>, Option<News>)> {
        let station = self.posts.get_mut(post.0)?;
        let guard = station.guard(store, model);
        if let Some(forced) = station.forced(now, ask) {
            return Some((forced.map(|ticket| Permit { guard, ticket }), station.tell_forced()));
        }
        let seen = station.guards.get(guard)?.seen_closed;
        if let Some((_, ticket)) = seen.filter(|(seen, _)| now >= *seen && now.since(*seen) < FRESH) {
            return Some((Ok(Permit { guard, ticket }), None));
        }
        let (admission, news, is_written) =
            station.change(store, now, guard, true, |breaker, rules| breaker.admit(rules, now, ask))?;
        if let (Admission::Admitted(ticket), None) = (admission, &news)
            && !ticket.is_probe
        {
            station.guards.get_mut(guard)?.seen_closed = Some((now, ticket));
        }
        let admitted = match admission {
            // Two workers may not both lead the same probe: one whose claim wasn't written has none.
            Admission::Admitted(ticket) if ticket.is_probe && !is_written => {
                Err(now.after(super::PROBE_WAIT))
            }
            Admission::Admitted(ticket) => Ok(Permit { guard, ticket }),
            Admission::Refused { until } => Err(until),
        };
        Some((admitted, news.filter(|_| is_written)))
    }

    /// When it is of use to ask for an attempt with a model: now, or later. Takes no ticket.
    pub(crate) fn next_admission(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        (post, model): (Post, Option<&str>),
        ask: Ask,
    ) -> Option<Timestamp> {
        let station = self.posts.get_mut(post.0)?;
        let guard = station.guard(store, model);
        let breaker = station.read(store, guard);
        Some(breaker.next_admission(&station.plan.rules, now, ask))
    }

    /// The answer of a probe has begun to go on: the recovery need not wait for its end. Gives the permit to settle then; nothing
    /// where that could not be written down.
    pub(crate) fn begin(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        post: Post,
        permit: Permit,
    ) -> Option<(Permit, Option<News>)> {
        let Permit { guard, ticket } = permit;
        let station = self.posts.get_mut(post.0)?;
        let (begun, news, is_written) =
            station.change(store, now, guard, false, |breaker, rules| breaker.begin(rules, now, ticket))?;
        is_written.then_some((Permit { guard, ticket: begun }, news))
    }

    /// Gives a permit back with what came of the attempt; with nothing, when nothing was learnt.
    pub(crate) fn settle(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        (post, model): (Post, Option<&str>),
        mut permit: Permit,
        finding: Option<&Finding<'_>>,
    ) -> Option<News> {
        let station = self.posts.get_mut(post.0)?;
        if station.plan.rules.is_forced() {
            return None;
        }
        if let Some(proof) = finding.and_then(Finding::proof) {
            station.enrol(store, model, proof, &mut permit);
        }
        let Permit { guard, ticket } = permit;
        let is_shared = guard == 0 && station.plan.model.is_none();
        let verdict =
            finding.map_or(Verdict::Dropped, |finding| finding.verdict(&station.plan.rules, is_shared));
        // Whether there is a row to end only the shared cell tells: its errors may be those of other workers.
        let ends_a_row = verdict == Verdict::Success
            && station.plan.rules.counts_rows()
            && station.read(store, guard).in_a_row > 0;
        if !ends_a_row && station.guards.get_mut(guard)?.remembered.takes(ticket, verdict, now) {
            return None;
        }
        let (_, news, is_written) = station.change(store, now, guard, false, |breaker, rules| {
            ((), breaker.record(rules, now, ticket, verdict))
        })?;
        news.filter(|_| is_written)
    }

    /// So many answers with a model were looked at after they had been delivered, and so many of them were of no use; how that is to what is
    /// usual.
    pub(crate) fn appraise(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        (post, model): (Post, Option<&str>),
        (answers, bad, of_usual): (u32, u32, Option<(u32, u32)>),
    ) -> Option<News> {
        let station = self.posts.get_mut(post.0)?;
        let looked_at = Slot { successes: answers, bad, failures: 0 };
        let rules = &station.plan.rules;
        if rules.is_forced() || rules.appraised(looked_at, of_usual).is_none() {
            return None;
        }
        let guard = station.guard(store, model);
        let (_, news, is_written) = station.change(store, now, guard, false, |breaker, rules| {
            ((), breaker.appraise(rules, now, (looked_at, of_usual)))
        })?;
        news.filter(|_| is_written)
    }

    /// Where the worst of a target's guards stands.
    pub(crate) fn worst(&mut self, store: &mut dyn Store, target: TargetId) -> BreakerState {
        let states = self.known(store).into_iter().filter(|known| known.target == target);
        states.map(|known| known.state()).max_by_key(|state| state.gauge()).unwrap_or(BreakerState::Closed)
    }

    /// All that is known, post by post.
    pub(crate) fn known(&mut self, store: &mut dyn Store) -> Vec<Known<'_>> {
        let mut known = Vec::new();
        for station in &mut self.posts {
            if station.plan.model.is_none() && !station.is_full {
                station.learn(store);
            }
            let station = &*station;
            for (number, guard) in station.guards.iter().enumerate() {
                known.push(Known {
                    breaker: &station.plan.breaker,
                    rules: &station.plan.rules,
                    target: station.plan.target,
                    model: guard.model.clone(),
                    cell: station.read(store, number),
                });
            }
        }
        known
    }
}

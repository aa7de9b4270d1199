//! One request of a client, from its headers to its answer.
//!
//! | stage | event | to | effects |
//! |---|---|---|---|
//! | reading, route open | request complete, and no route takes it | – | pass the request |
//! | reading | request complete | trying | route: the first target that admits |
//! | reading | body too large or missing | – | respond |
//! | reading | request complete, but no room for its body, unreadable, or no target admits | – | respond |
//! | trying | an attempt's answer begins | trying | hold it until it is clear what it is |
//! | trying | it is a success | over | pass or respond |
//! | trying | it is a failure, and another attempt may follow | trying | reroute, or hold the answer and dispatch |
//! | trying | it is a failure, and none may follow | over | pass or respond: the failure that tells most |
//! | any | gone | – | |
//!
//! The route is open while it takes the body to tell which one it is; see [`route`](crate::route). Such a request is held to the
//! same bounds as any other: one that is too large to be read can't be passed unread, or its size would be a way around the
//! policy.
//!
//! The first attempt goes through the host's router, which streams and cancels. What follows a failure depends on who holds
//! its answer: the upstream half can have the request routed again; an answer that is held at the downstream half keeps the
//! router's path busy, and later attempts are dispatched beside it. See [`Path`].
//!
//! Every permit of a breaker is given back exactly once: with the attempt's outcome, or unused when the client goes away. A probe's
//! is told besides when its stream begins to go on.

mod answers;
mod attempts;
mod begin;
mod choose;
mod contract;
mod count;
mod hedging;
mod last_word;
mod outcome;
mod output;
mod overdue;
mod remember;
mod reserve;
mod sample;
mod services;
mod watched;

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use self::answers::Reading;
use self::contract::Kept;
use self::count::Counted;
use self::last_word::Failure;
use self::outcome::{Beside, Extent};
use self::output::Checked;
use self::reserve::Reserved;
use self::services::Asking;
use self::watched::{Lingering, Sighted};
use crate::answer::OwnError;
use crate::body::Facts;
use crate::breaker::{Asker, Permit};
use crate::deadline::Deadline;
use crate::effect::{Effect, Text};
use crate::event::{Half, Reads};
use crate::headers::Headers;
use crate::limits::{Identity, Who};
use crate::operation::Operation;
use crate::plan::{Demand, Sequence};
use crate::retry::Progress;
use crate::rng::Rng;
use crate::sampling::Drawn;
use crate::stream::Usage;
use crate::telemetry::Reason;
use crate::time::Timestamp;
use crate::timeout::Limits;
use crate::timers::Alarm;
use crate::turn::Turn;

/// How long the first requests wait for their body before the host is asked whether it keeps it back.
const BODY_PATIENCE: Duration = Duration::from_millis(700);

pub(crate) struct Exchange {
    /// While it is open, the first route that may be it.
    route: usize,
    headers: Headers,
    arrived: Timestamp,
    deadline: Deadline,
    stage: Stage,
    body: Rc<Vec<u8>>,
    /// What is asked for at the caller's path; once the request is complete.
    operation: Operation,
    /// `None` for a body that is not there, or not JSON by its headers: it goes on unread.
    facts: Option<Facts>,
    /// The model that the body names, if a header can name it; once somebody has asked.
    body_model: OnceCell<Option<Text>>,
    /// Most tokens of the answer, by the body.
    most_tokens: Option<u64>,
    /// What its route's contract has made of it.
    kept: Kept,
    /// What breakers want to know of it.
    asker: Rc<Asker>,
    /// What it asks of its target, and the places of the plan that it may be tried at.
    demand: Demand,
    sequence: Sequence,
    /// What the host knows of its caller; and whose it is, where limits hold.
    identity: Identity,
    who: Option<Who>,
    counted: Counted,
    reserved: Reserved,
    checked: Checked,
    /// What rate limit services are asked before it goes on.
    asking: Option<Asking>,
    rng: Rng,
    path: Path,
    /// The place of the plan that the request on the router's path was last changed for.
    routed: Option<usize>,
    in_flight: Vec<Attempt>,
    /// Dispatched attempts whose answer nobody waits for any more. The host lets them run to their end, and what they come
    /// to is counted like anything else.
    strays: Vec<Attempt>,
    /// When the attempt under way is hedged, and the number of the hedge once there is one.
    hedge_at: Option<Timestamp>,
    hedge: Option<u32>,
    /// What one has come to while another is under way.
    beside: Option<Box<Beside>>,
    /// Whether a target has said that the request is at fault.
    is_at_fault: bool,
    /// The place whose context the request has turned out to be too long for: those that follow must have a larger one.
    outgrown: Option<usize>,
    /// The rest of an answer whose end the client has already.
    lingering: Option<Lingering>,
    /// Whether it was asked if its answer is one to look at, and what for.
    has_drawn: bool,
    drawn: Option<Drawn>,
    /// The attempt that is to follow.
    next: Option<Planned>,
    /// The attempts so far, the last of them at `position` of the plan.
    progress: Progress,
    position: usize,
    /// The last place that has been tried, in the plan's order. After a hedge, an earlier one may be tried again.
    reached: usize,
    /// The failure that goes to the client if nothing better comes.
    failure: Option<Failure>,
    /// Why no attempt follows; the answer goes out as soon as the path allows.
    last_word: Option<Reason>,
    /// When this exchange is to be woken, as the engine knows it.
    pub(crate) alarm: Alarm,
}

enum Stage {
    Reading {
        /// Whether its route is open.
        is_open: bool,
        /// When to ask the host where the body is.
        patience: Option<Timestamp>,
    },
    /// In line for a limit, or for a rate limit service's answer.
    Waiting {
        /// When to ask again.
        until: Timestamp,
    },
    Trying,
    /// The client has its answer.
    Over,
}

/// Where the request stands on the router's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    /// Held before the router: an attempt can be routed.
    Ready,
    /// With the router, or with a provider.
    Busy,
    /// The answer of this attempt is held by the upstream half: the request can be routed again.
    HeldUpstream { attempt: u32 },
    /// An answer is held at the downstream half: it can be passed or replaced, nothing else.
    HeldDownstream,
    /// On its way back to the filter, since then.
    Moving { since: Timestamp },
}

/// An attempt under way.
struct Attempt {
    /// Its number, from 1.
    n: u32,
    position: usize,
    permit: Option<Permit>,
    begun: Timestamp,
    limits: Limits,
    is_routed: bool,
    /// The upstream half, if there is one, keeps its answer until the end. The router sees no headers before, and whether they
    /// come in time is watched here.
    is_held_whole: bool,
    /// The upstream half has been told to answer in the provider's place.
    is_given_up: bool,
    reading: Reading,
    /// What was seen of its answer's body.
    sighted: Option<Sighted>,
    /// Of one whose answer is gone or of no use: the usage it told, and about how many tokens it came to.
    spent: Option<(Option<Usage>, u64)>,
}

/// An attempt that follows.
#[derive(Clone, Copy)]
struct Planned {
    at: Timestamp,
    /// At the same target, if that still admits it; otherwise at the next one.
    is_again: bool,
}

/// How long a request may be on its way back before its client counts as gone. The host does it in one go.
const MOVING_PATIENCE: Duration = Duration::from_secs(1);

/// Whether the exchange goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Wait,
    Done,
}

impl Exchange {
    /// Reads a request whose route is known, or open; then `route` is the first that may take it.
    pub(crate) fn new(
        (route, is_open): (usize, bool),
        arrived: Timestamp,
        (headers, identity): (Headers, Identity),
        rng: Rng,
    ) -> Self {
        Self {
            route,
            headers,
            arrived,
            deadline: Deadline::default(),
            stage: Stage::Reading { is_open, patience: None },
            body: Rc::default(),
            operation: Operation::Other,
            facts: None,
            body_model: OnceCell::new(),
            most_tokens: None,
            kept: Kept::default(),
            asker: Rc::default(),
            demand: Demand::default(),
            sequence: Sequence::Plain,
            identity,
            who: None,
            counted: Counted::default(),
            reserved: Reserved::default(),
            checked: Checked::default(),
            asking: None,
            rng,
            path: Path::Ready,
            routed: None,
            in_flight: Vec::new(),
            strays: Vec::new(),
            hedge_at: None,
            hedge: None,
            beside: None,
            is_at_fault: false,
            outgrown: None,
            lingering: None,
            has_drawn: false,
            drawn: None,
            next: None,
            progress: Progress::default(),
            position: 0,
            reached: 0,
            failure: None,
            last_word: None,
            alarm: Alarm::default(),
        }
    }

    pub(crate) fn is_reading(&self) -> bool {
        matches!(self.stage, Stage::Reading { .. })
    }

    /// Whether its request is read already, and comes once more.
    pub(crate) fn is_back(&self) -> bool {
        matches!(self.stage, Stage::Trying) && self.is_moving()
    }

    /// Whether the request's stream ends only to come back as another.
    pub(crate) fn is_moving(&self) -> bool {
        matches!(self.path, Path::Moving { .. })
    }

    /// Asks the host in a while where the body is; `None` when it has come.
    pub(crate) fn await_body(&mut self, now: Option<Timestamp>) {
        if let Stage::Reading { patience, .. } = &mut self.stage {
            *patience = now.map(|now| now.after(BODY_PATIENCE));
        }
    }

    /// Answers in place of any attempt, in the caller's dialect: that of the first target.
    pub(crate) fn refuse(&self, turn: &mut Turn<'_>, error: OwnError, reason: Reason) -> After {
        let dialect = turn.config.provider(self.route, 0);
        turn.refuse(self.taken_by(), &error.said_in(dialect), reason)
    }

    /// Its route, unless it takes the body to tell.
    fn taken_by(&self) -> Option<usize> {
        let is_open = matches!(self.stage, Stage::Reading { is_open: true, .. });
        (!is_open).then_some(self.route)
    }

    /// When something is due here without an event.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Reading { patience, .. } => patience,
            Stage::Waiting { until } => Some(until),
            Stage::Over => self.lingering.as_ref().map(|lingering| lingering.until),
            Stage::Trying => {
                let moved = if let Path::Moving { since } = self.path {
                    Some(since.after(MOVING_PATIENCE))
                } else {
                    self.next.map(|next| next.at)
                };
                let read = self.in_flight.iter().filter_map(Attempt::patience);
                let hedge = self.hedge_at.filter(|_| self.awaits_hedge());
                let asked = self.asking.as_ref().map(|asking| asking.until);
                moved.into_iter().chain(read).chain(hedge).chain(asked).min()
            }
        }
    }

    /// Does what is due.
    pub(crate) fn wake(&mut self, turn: &mut Turn<'_>) -> After {
        if let Stage::Reading { patience, .. } = &mut self.stage {
            *patience = None;
            turn.fx.push(Effect::CountBody);
            return After::Wait;
        }
        if self.asking.as_ref().is_some_and(|asking| asking.until <= turn.now) {
            return self.services_are_silent(turn);
        }
        if matches!(self.stage, Stage::Waiting { .. }) {
            return self.wait_on(turn);
        }
        if matches!(self.stage, Stage::Over) {
            return self.break_off(turn);
        }
        if let Path::Moving { since } = self.path
            && turn.now.since(since) >= MOVING_PATIENCE
        {
            return self.abandon(turn);
        }
        let now = turn.now;
        let is_late = |attempt: &Attempt| attempt.patience().is_some_and(|patience| patience <= now);
        if let Some(index) = self.in_flight.iter().position(is_late) {
            return self.read_enough(turn, index, Extent::Cut);
        }
        if self.hedge_at.is_some_and(|at| at <= now) {
            return self.hedge(turn);
        }
        self.go_on(turn)
    }

    /// The client is gone.
    pub(crate) fn abandon(&mut self, turn: &mut Turn<'_>) -> After {
        if matches!(self.stage, Stage::Over) {
            self.lingering = None;
            return self.rest();
        }
        self.finish(turn, self.position, 0, Reason::Gone)
    }

    /// Nothing is told of it any more: what runs beside, without a client, is given up too.
    pub(crate) fn close(&mut self, turn: &mut Turn<'_>) {
        self.abandon(turn);
        for stray in std::mem::take(&mut self.strays) {
            turn.settle(self.route, stray.position, stray.permit, None);
            self.remember(turn, &stray, None);
        }
        self.settle(turn);
    }

    /// The client has its answer, or is gone: what is still under way is given up.
    fn leave(&mut self, turn: &mut Turn<'_>) -> After {
        self.stage = Stage::Over;
        self.asking = None;
        self.stop_waiting(turn);
        if !self.strays.is_empty() {
            self.release_places(turn);
        } else if self.lingering.is_some() {
            // Nothing more is to be charged, and its worker may die before the provider's connection is closed.
            self.settle(turn);
        }
        let rest = self.rest();
        if rest == After::Wait {
            self.forget_request(turn);
        }
        rest
    }

    /// The client has the beginning of its answer, and nothing is sent any more. One that is looked at to its end is held against its
    /// request.
    fn commit(&mut self, turn: &Turn<'_>) {
        if self.drawn.is_none() && turn.config.output(self.route).is_none() {
            self.forget_request(turn);
        }
    }

    /// What is kept for further attempts is of no use any more.
    fn forget_request(&mut self, turn: &Turn<'_>) {
        // By its model goes what becomes of attempts beside.
        for stray in &self.strays {
            let _ = self.model_at(turn.config, stray.position);
        }
        self.failure = None;
        // Their answers are held to what the request asks, too.
        if self.strays.is_empty() || turn.config.output(self.route).is_none() {
            (self.checked, self.body) = (Checked::default(), Rc::default());
        }
    }

    /// Nobody waits any more for what is under way.
    fn stop_waiting(&mut self, turn: &mut Turn<'_>) {
        for attempt in std::mem::take(&mut self.in_flight) {
            if attempt.is_routed {
                self.cancelled(turn, &attempt);
            } else {
                self.strays.push(attempt);
            }
        }
        (self.next, self.hedge_at) = (None, None);
    }

    /// Whether anything is still to come.
    fn rest(&self) -> After {
        // A stray may end while the client's answer still passes, or is on its way.
        let is_over = matches!(self.stage, Stage::Over)
            && self.in_flight.is_empty()
            && self.strays.is_empty()
            && self.lingering.is_none();
        if is_over { After::Done } else { After::Wait }
    }

    /// What of an answer is to be told.
    pub(crate) fn reads(&self, half: Half) -> Option<Reads> {
        let lingers = self.lingering.as_ref().filter(|lingering| lingering.half == half);
        if let Some(lingering) = lingers {
            return Some(lingering.reads());
        }
        self.in_flight.iter().find(|attempt| attempt.is_met_at(half))?.reading.reads(half)
    }

    /// Bytes that are kept of the request's body, for later attempts, and of answers until they may go on.
    pub(crate) fn held_bytes(&self) -> usize {
        let answers = self.in_flight.iter().map(|attempt| attempt.reading.held_bytes());
        let kept = self.failure.as_ref().map_or(0, Failure::held_bytes);
        let bytes = answers.fold(self.body.len(), usize::saturating_add);
        bytes.saturating_add(self.checked.held_bytes()).saturating_add(kept)
    }

    pub(crate) fn asker(&self) -> Rc<Asker> {
        self.asker.clone()
    }

    /// Whether a model is to answer, also where it could not be read what.
    fn asks_model(&self) -> bool {
        self.facts.is_some() || !self.body.is_empty() && self.operation.generates()
    }

    fn streams(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.stream)
    }
}

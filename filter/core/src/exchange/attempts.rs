//! Attempts begin here: through the router while its path is free, dispatched beside it otherwise.

use std::rc::Rc;
use std::time::Duration;

use seawall_policy::policy::StreamMode;

use super::answers::Reading;
use super::{After, Attempt, Exchange, Path, Planned};
use crate::answer::OwnError;
use crate::breaker::Permit;
use crate::config::{Config, Target};
use crate::effect::{Effect, HeaderList, Pairs, Text};
use crate::event::{Half, Origin};
use crate::operation::Operation;
use crate::plan::Place;
use crate::request::{REDIRECTED, dispatched_headers, forbidden, foreign_credentials};
use crate::stats::Measure;
use crate::telemetry::{Outcome, Reason};
use crate::time::Timestamp;
use crate::timeout::{self, Asked, Came, Limits};
use crate::turn::Turn;

/// So much later than the filter the router ends an answer that is watched. Timers of the host count whole milliseconds.
const ROUTER_LATE: Duration = Duration::from_millis(20);

impl Attempt {
    /// When to look after it, if nothing comes of it before.
    pub(super) fn patience(&self) -> Option<Timestamp> {
        let awaited = (self.is_held_whole && matches!(self.reading, Reading::Awaited))
            .then(|| self.begun.after(self.limits.headers));
        // The rest of an error is waited for no longer than the router waits, which would end it in its own words.
        let last = matches!(self.reading, Reading::Failing { .. })
            .then(|| self.begun.after(self.limits.total.saturating_sub(ROUTER_LATE)));
        self.reading.patience().or(awaited).map(|patience| last.map_or(patience, |last| patience.min(last)))
    }

    /// Whether it was the deadline or the proxy's own limits, not the target, that has ended it now. What a provider says itself of
    /// timeouts is its own matter.
    pub(super) fn was_cut(&self, outcome: Outcome, origin: Origin, now: Timestamp) -> bool {
        let came = match &self.reading {
            Reading::Awaited => Came::Nothing,
            Reading::Watched(watched) if watched.has_content() => Came::Content,
            _ => Came::Headers,
        };
        let is_ours = outcome == Outcome::Timeout && origin == Origin::Timeout;
        origin == Origin::Full || (is_ours && self.limits.was_cut(came, now.since(self.begun)))
    }

    /// Whether its answer is met at this half.
    pub(super) fn is_met_at(&self, half: Half) -> bool {
        match half {
            Half::Upstream { attempt } => self.is_routed && self.n == attempt,
            Half::Downstream => self.is_routed,
        }
    }
}

impl Exchange {
    /// Begins the attempt that is planned, once it is due and the request is where it can be sent from. What has been
    /// decided meanwhile is said instead.
    pub(super) fn go_on(&mut self, turn: &mut Turn<'_>) -> After {
        if self.last_word.is_some() {
            return self.speak(turn);
        }
        let Some(Planned { at, is_again }) = self.next else { return After::Wait };
        // The wait is spent before the router: there no timer of the host runs, and the provider's connection is free.
        if let Path::HeldUpstream { attempt } = self.path {
            return self.reroute(turn, attempt);
        }
        if turn.now < at || self.is_moving() {
            return After::Wait;
        }
        self.next = None;
        if self.deadline.left_to_begin(turn.now).is_some_and(|left| left.is_zero()) {
            return self.give_up(turn, Reason::DeadlineExceeded);
        }
        let here = is_again.then_some(self.position);
        let (again, is_limited) = match here.map(|here| self.admit_place(turn, [here].into_iter())) {
            Some(Ok(admitted)) => (Some(admitted), false),
            Some(Err(refused)) => (None, !refused.is_empty()),
            None => (None, false),
        };
        let is_again = again.is_some();
        if !is_again {
            if self.is_appended() && !self.fails_over_breaches(turn) {
                return self.give_up(turn, Reason::InvalidOutput);
            }
            self.restore();
        }
        let admitted = match again {
            Some(admitted) => Ok(admitted),
            None if self.progress.attempts == 0 => self.admit_place(turn, self.places(turn, None)),
            None => self.admit_place(turn, self.later(turn)),
        };
        let (position, permit) = match admitted {
            Ok(admitted) => admitted,
            Err(refused) if !refused.is_empty() && self.progress.attempts == 0 => {
                return self.await_place(turn, refused);
            }
            Err(_) if self.progress.attempts == 0 => {
                let wait = turn.time_to_admission(self.route, self.places(turn, None));
                return self.refuse(turn, OwnError::breaker_open(wait), Reason::BreakerOpen);
            }
            Err(refused) if refused.is_empty() && !is_limited => {
                return self.give_up(turn, Reason::BreakerOpen);
            }
            Err(_) => return self.give_up(turn, Reason::LimitReached),
        };
        if let Some(after) = self.ask_services(turn, (position, permit), is_again) {
            return after;
        }
        let is_routed = self.path == Path::Ready;
        self.enter(turn, position, permit, is_routed);
        if is_routed { self.route(turn) } else { self.dispatch(turn) }
    }

    /// An attempt begins at this place of the plan.
    fn enter(&mut self, turn: &mut Turn<'_>, position: usize, permit: Option<Permit>, is_routed: bool) {
        let is_again = position == self.position;
        self.progress.begin(is_again);
        if !is_again {
            (self.position, self.reached) = (position, position);
        }
        self.launch(turn, permit, is_routed);
        self.plan_hedge(turn);
    }

    /// An attempt begins at the present place.
    pub(super) fn launch(&mut self, turn: &mut Turn<'_>, permit: Option<Permit>, is_routed: bool) {
        let (n, position, begun) = (self.progress.attempts, self.position, turn.now);
        let (limits, reading) = (self.limits(turn, is_routed), Reading::Awaited);
        let mode = turn.config.route(self.route).map(|route| route.stream);
        let is_held_whole = is_routed && self.streams() && mode == Some(StreamMode::Complete);
        self.in_flight.push(Attempt {
            n,
            position,
            permit,
            begun,
            limits,
            is_routed,
            is_held_whole,
            is_given_up: false,
            reading,
            sighted: None,
            spent: None,
        });
        self.reserved_begin(n);
        self.tell_prompt(turn, position);
        self.remember_begin(turn, position);
    }

    /// What the attempt that begins now may take.
    fn limits(&mut self, turn: &mut Turn<'_>, is_routed: bool) -> Limits {
        let streams = self.streams();
        let Some(route) = turn.config.route(self.route) else { return Limits::NONE };
        let timeout = &route.timeout;
        let usual = timeout
            .adaptive
            .and_then(|rule| self.usual(turn, self.position, rule.percentile, self.awaited()));
        let is_dispatched_stream = streams && !is_routed;
        let rule = timeout.adaptive.filter(|_| is_dispatched_stream);
        let end = rule.and_then(|rule| self.usual(turn, self.position, rule.percentile, Measure::Latency));
        let max_tokens = self.most_output(turn.config, self.position);
        let is_held = streams && route.stream != StreamMode::Live;
        let asked = Asked { streams, is_held, max_tokens, usual, usual_end: end };
        let limits = timeout::limits(timeout, asked, self.deadline, turn.now).unwrap_or(Limits::NONE);
        // What is dispatched arrives as a whole, and what is held until its end goes on as one: that is the caller's beginning.
        let is_whole = !is_routed || (streams && route.stream == StreamMode::Complete);
        let limits = if is_whole { limits.within(self.deadline.left_to_begin(turn.now)) } else { limits };
        self.leaving_a_chance(turn, limits)
    }

    fn route(&mut self, turn: &mut Turn<'_>) -> After {
        let config = turn.config;
        let Some((target, _)) = config.attempt(self.route, self.position) else { return After::Done };
        let Some(limits) = self.in_flight.last().map(|attempt| attempt.limits) else {
            return After::Done;
        };
        let (total, longest) = self.router_limits(turn, target, limits);
        let is_held_whole = self.in_flight.last().is_some_and(|attempt| attempt.is_held_whole);
        let mut set = HeaderList::new();
        let mut body = self.rewritten(config, target);
        let before = self.routed.and_then(|position| Some(config.attempt(self.route, position)?.0));
        let (mut remove, mut add) = match before {
            None => {
                body = body.or_else(|| (self.kept.trimmed > 0).then(|| self.body.to_vec()));
                (forbidden(&self.headers, true), Pairs::new())
            }
            // The request comes as it was changed for another target.
            Some(before) => {
                body = body.or_else(|| Some(self.body.to_vec()));
                self.undone(before)
            }
        };
        let hidden = foreign_credentials(&self.headers, target);
        add.retain(|(name, _)| !hidden.contains(name));
        remove.extend(hidden);
        set.extend(target.set.iter().cloned());
        if let Some(path) = target.path(self.caller_path()) {
            set.push((Text::Word(":path"), path));
        }
        set.extend(self.deadline_told(turn));
        set.extend(self.uncompressed());
        let is_set = |name: &str| set.iter().any(|(own, _)| **own == *name);
        remove.retain(|name| !is_set(name));
        add.retain(|(name, _)| !is_set(name));
        (self.path, self.routed) = (Path::Busy, Some(self.position));
        turn.fx.push(Effect::Route {
            attempt: self.progress.attempts,
            cluster: target.cluster.clone(),
            total,
            headers: limits.headers,
            longest,
            is_held_whole,
            remove,
            set,
            add,
            body,
        });
        After::Wait
    }

    /// When the router is to end this attempt, with the upstream half and without. It ends the client's stream with it once it
    /// has an answer's headers, even while they are held here, and says so in its own words. So of an answer that is watched
    /// the end of its time is found out by the watch; without the upstream half the router's time is that of all attempts
    /// together, as later ones are made beside an answer that is held.
    fn router_limits(&self, turn: &Turn<'_>, target: &Target, limits: Limits) -> (Duration, Duration) {
        let is_stream = self.streams();
        let is_watched = self.asks_model() && (is_stream || self.operation_at(target).asks_model());
        let Some(route) = turn.config.route(self.route).filter(|_| is_watched) else {
            return (limits.total, limits.total);
        };
        let each = [limits.total, route.retry.honor_retry_after, route.retry.backoff.cap];
        let each = each.into_iter().fold(Duration::ZERO, Duration::saturating_add);
        let all = each.saturating_mul(route.retry.attempts.max(1));
        let left = self.deadline.left_to_end(turn.now).unwrap_or(Duration::MAX);
        let longest = all.min(left).max(limits.total).saturating_add(ROUTER_LATE);
        (if is_stream { limits.total.saturating_add(ROUTER_LATE) } else { limits.total }, longest)
    }

    /// What gives a request that was changed for a target, and sent through the filter again, its headers back: what to
    /// take out, and what to put in.
    fn undone(&self, target: &Target) -> (Vec<String>, Pairs) {
        let moved = [":authority", ":path"].into_iter().chain(target.set.iter().map(|(name, _)| &**name));
        let mut names: Vec<String> = moved.map(str::to_owned).collect();
        names.extend(foreign_credentials(&self.headers, target));
        let is_named = |name: &[u8]| names.iter().any(|known| known.as_bytes() == name);
        let back = self.headers.iter().filter(|(name, _)| is_named(name));
        let back =
            back.map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.to_vec())).collect();
        names.push(REDIRECTED.to_owned());
        (names, back)
    }

    /// Has the host run the request through the filter again; the attempt begins when it is back.
    fn reroute(&mut self, turn: &mut Turn<'_>, attempt: u32) -> After {
        self.path = Path::Moving { since: turn.now };
        let scheme = self.headers.get(":scheme").unwrap_or("http");
        let origin = [scheme, "://", self.headers.get(":authority").unwrap_or("seawall")].concat();
        turn.fx.push(Effect::Reroute { attempt, origin });
        After::Wait
    }

    /// The request is back, complete and held.
    pub(crate) fn came_back(&mut self, turn: &mut Turn<'_>) -> After {
        self.path = Path::Ready;
        let after = self.go_on(turn);
        if after == After::Wait && self.path == Path::Ready {
            turn.fx.push(Effect::HoldRequest);
        }
        after
    }

    pub(super) fn dispatch(&mut self, turn: &mut Turn<'_>) -> After {
        let config = turn.config;
        let Some((target, _)) = config.attempt(self.route, self.position) else { return After::Done };
        let Some(limits) = self.in_flight.last().map(|attempt| attempt.limits) else {
            return After::Done;
        };
        let mut headers =
            dispatched_headers(&self.headers, target, target.path(self.caller_path()).as_deref());
        for (name, value) in self.deadline_told(turn).into_iter().chain(self.uncompressed()) {
            headers.retain(|(known, _)| **known != *name);
            headers.push((name.to_string(), value.as_bytes().to_vec()));
        }
        turn.fx.push(Effect::Dispatch {
            attempt: self.progress.attempts,
            cluster: target.cluster.clone(),
            headers,
            body: self.rewritten(config, target).map_or_else(|| self.body.clone(), Rc::new),
            timeout: limits.total,
            headers_timeout: limits.headers,
        });
        After::Wait
    }

    /// Headers that tell the provider's side how much time is left.
    fn deadline_told(&self, turn: &Turn<'_>) -> HeaderList {
        let rule = turn.config.route(self.route).and_then(|route| route.deadline.as_ref());
        self.deadline.propagated(rule, turn.now)
    }

    /// Asks for an answer that can be read: SDKs offer every compression they know, and what is compressed can't be judged.
    fn uncompressed(&self) -> Option<(Text, Text)> {
        let offered = self.headers.get("accept-encoding").filter(|_| self.asks_model())?;
        (offered != "identity").then_some((Text::Word("accept-encoding"), Text::Word("identity")))
    }

    /// The body as this target has it changed; `None` where that is the caller's. One that can't be read stays as it is.
    fn rewritten(&self, config: &Config, target: &Target) -> Option<Vec<u8>> {
        let path = target.path(self.caller_path());
        let path = path.as_deref().unwrap_or(self.caller_path());
        let asks_usage = self.asks_usage(config, self.position);
        let change = target.change.within(self.affordable(self.position));
        change.apply(&self.body, self.facts.as_ref()?, path, asks_usage)
    }

    /// Whether the provider at a place is asked to tell a stream's usage, which the caller hasn't asked for.
    pub(super) fn asks_usage(&self, config: &Config, position: usize) -> bool {
        let Some(facts) = self.facts.as_ref().filter(|facts| facts.stream) else { return false };
        if !config.wants_usage(self.route) || facts.asks_usage(&self.body) {
            return false;
        }
        let Some((target, _)) = config.attempt(self.route, position) else { return false };
        self.operation_at(target).tells_usage_if_asked(target.change.provider)
            && config.place(self.route, position).is_some_and(Place::takes_stream_options)
    }

    /// What a target is asked for, which may have a path of its own.
    pub(super) fn operation_at(&self, target: &Target) -> Operation {
        let own = target.set.iter().find(|(name, _)| &**name == ":path");
        own.map_or(self.operation, |(_, path)| Operation::of(path))
    }

    pub(super) fn caller_path(&self) -> &str {
        self.headers.get(":path").unwrap_or_default()
    }
}

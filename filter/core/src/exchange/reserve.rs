//! What a request may use: reserved with the limits that hold before it goes anywhere, and settled when it is over.
//!
//! | limits | are asked | are settled |
//! |---|---|---|
//! | of tenant, tier, route and all requests | once, with those of the first attempt | when the exchange is over; places among concurrent requests when its client has the answer, or is gone |
//! | of a target and its groups; money | for each attempt | when that attempt is over |
//!
//! For the first attempt all of them admit it, or none is touched: who waits holds nothing. Limits that a rate limit service counts
//! are asked last; see `services`.
//!
//! What is settled is what the provider said was used. Where it doesn't say, an answer in one piece is taken at its estimate; a
//! stream, whole or not, at its prompt and the content that came, as far as that can be counted; and of an attempt of which nothing
//! came only the request itself counts. A stream's content is counted with the model's vocabulary where one is built in, event by
//! event. Otherwise each event is a token, which is how OpenAI sends them, or every four bytes are, where that is more: other makers
//! send several words at once. The simulated provider's sentence is 7 events, 8 tokens of `o200k_base`, and 10 by its length.
//! What brings no prompt, as an upload or the question how many tokens a prompt has, is a request and nothing else.

use seawall_policy::policy::TargetId;

use super::answers::Reading;
use super::{After, Attempt, Exchange, Planned, Stage};
use crate::answer::OwnError;
use crate::breaker::Permit;
use crate::effect::{Effect, Text};
use crate::limits::{Answer, Refusal, Spot, Stage as Asked, Ticket, Use, who};
use crate::price;
use crate::stream::{Framing, Usage};
use crate::telemetry::{LimitEvent, Outcome, Reason};
use crate::time::Timestamp;
use crate::turn::Turn;

/// A place of the plan that admits, and the permit of its breaker.
type Admitted = (usize, Option<Permit>);

/// A refusal, and when its limit was asked.
type Refused = (Asked, Refusal);

/// What an exchange has to do with limits.
#[derive(Default)]
pub(super) struct Reserved {
    /// For the request, once its first attempt is admitted.
    request: Option<Ticket>,
    /// For attempts under way, by their numbers.
    attempts: Vec<(u32, Ticket)>,
    /// For the attempt that is about to begin, at this place of the plan.
    next: Option<(usize, Ticket)>,
    /// What attempts that are over have used.
    used: Use,
    /// The place of the plan that it waits for.
    place: usize,
    /// When it began to wait.
    since: Option<Timestamp>,
    /// Limits of its tenant's that are nearly used up, or used more than is usual, and how much of them is used.
    warnings: Vec<(Text, LimitEvent, String)>,
}

impl Reserved {
    /// All that is reserved for the attempt that is about to begin: for the request, and for the attempt alone.
    pub(super) fn tickets(&mut self) -> impl Iterator<Item = &mut Ticket> {
        let next = self.next.as_mut().map(|(_, ticket)| ticket);
        self.request.iter_mut().chain(next)
    }

    /// A rate limit service has granted what either of them takes of its limit.
    pub(super) fn grant(&mut self, spot: Spot) {
        self.tickets().for_each(|ticket| ticket.grant(spot));
    }

    /// Remembers what limits have warned of; of each limit what it said last.
    fn warn(&mut self, turn: &mut Turn<'_>) {
        for (name, event, used) in turn.warnings.drain(..) {
            self.warnings.retain(|(known, of, _)| *known != name || *of != event);
            self.warnings.push((name, event, used));
        }
    }

    /// The header that tells of it: `spend 83%, conversation 91%, tokens 7.2x baseline`.
    pub(super) fn warning(&self) -> Option<(Text, Text)> {
        let mut text = String::new();
        for (name, _, used) in &self.warnings {
            for part in [if text.is_empty() { "" } else { ", " }, name, " ", used] {
                text += part;
            }
        }
        (!text.is_empty()).then(|| (Text::Word("x-seawall-warning"), text.into()))
    }
}

impl Reserved {
    /// Whether something is reserved for the next attempt, at this place.
    pub(super) fn is_for(&self, place: usize) -> bool {
        self.next.as_ref().is_some_and(|(known, _)| *known == place)
    }
}

impl Exchange {
    /// Whose use is counted, where limits hold.
    #[inline(never)] // See [profile.wasm].
    pub(super) fn identify(&mut self, turn: &Turn<'_>) {
        if let Some(key) = turn.key.filter(|_| turn.config.counts_requests(self.route)) {
            self.who = Some(who(turn.config.policy(), key, &self.headers, &self.identity, self.route));
        }
    }

    /// Asks the limits of a place of the plan, and waits in line where that is of use. `Some`: it waits.
    fn line_up(&mut self, turn: &mut Turn<'_>, place: usize) -> Result<Option<After>, Refused> {
        let of = self.who.zip(turn.config.target_at(self.route, place));
        let Some((who, target)) = of else { return Ok(None) };
        let stage = self.stage_at(target);
        let deadline = self.deadline.left_to_begin(turn.now).map(|left| turn.now.after(left));
        let estimate = self.estimate(turn, place);
        let since = *self.reserved.since.get_or_insert(turn.now);
        match turn.ask_limits((self.route, who, stage), estimate, (since, deadline)) {
            Answer::Admitted(ticket) => {
                self.keep(turn, place, ticket);
                Ok(None)
            }
            Answer::Waits { until } => {
                self.release_all(turn);
                self.stage = Stage::Waiting { until };
                self.reserved.place = place;
                turn.fx.push(Effect::HoldRequest);
                Ok(Some(After::Wait))
            }
            Answer::Refused(refusal) => Err((stage, refusal)),
        }
    }

    /// What is to be asked for an attempt at a target.
    fn stage_at(&self, target: TargetId) -> Asked {
        match self.reserved.request {
            Some(_) => Asked::Attempt(target),
            None => Asked::First(target),
        }
    }

    /// Keeps what is reserved for an attempt, and with the first for its request.
    fn keep(&mut self, turn: &mut Turn<'_>, place: usize, mut ticket: Ticket) {
        self.reserved.warn(turn);
        self.release_next(turn);
        if self.reserved.request.is_none() {
            let of_attempt = ticket.take_attempt(&turn.config.book);
            self.reserved.request = Some(std::mem::replace(&mut ticket, of_attempt));
        }
        self.reserved.next = Some((place, ticket));
    }

    /// Its turn in line may have come, or another place may admit it meanwhile.
    pub(super) fn wait_on(&mut self, turn: &mut Turn<'_>) -> After {
        let place = self.reserved.place;
        let answer = self.line_up(turn, place);
        if let Ok(None) = answer {
            return self.begin_trying(turn);
        }
        let others = self.places(turn, None).filter(|other| *other != place);
        if let Ok((other, permit)) = self.admit_place(turn, others) {
            turn.settle(self.route, other, permit, None);
            turn.leave_line();
            return self.begin_trying(turn);
        }
        match answer {
            Ok(after) => after.unwrap_or(After::Wait),
            Err(refused) => self.refuse_limit(turn, &refused),
        }
    }

    fn refuse_limit(&mut self, turn: &mut Turn<'_>, (stage, refusal): &Refused) -> After {
        let Some(who) = self.who else { return After::Done };
        turn.tell_refusal(refusal);
        // While other requests of a conversation are under way it isn't known what is left for it.
        if refusal.wait.is_none()
            && let Some(why) = turn.explain_conversation(refusal)
        {
            return self.refuse(turn, OwnError::conversation_spent(why), Reason::ConversationSpent);
        }
        let dialect = turn.config.provider(self.route, 0);
        let (why, counts, mut headers) = turn.explain_limits((self.route, who, *stage), refusal, dialect);
        self.reserved.warn(turn);
        headers.extend(self.reserved.warning());
        let error = OwnError::limit_reached(why, counts, refusal.wait).said_in(dialect);
        headers.extend(self.prompt_told(self.position));
        turn.refuse_with(Some(self.route), &error, Reason::LimitReached, headers)
    }

    /// Takes the first of these places that its breaker and its limits admit.
    ///
    /// # Errors
    /// The places that limits refused.
    pub(super) fn admit_place(
        &mut self,
        turn: &mut Turn<'_>,
        places: impl Iterator<Item = usize>,
    ) -> Result<Admitted, Vec<(usize, Refusal)>> {
        let mut refused = Vec::new();
        let Some(who) = self.who else { return self.admit_one(turn, places).ok_or(refused) };
        let mut places: Vec<_> = places.collect();
        // What is reserved for one of them is asked for first.
        let kept = self.reserved.next.as_ref().map(|(place, _)| *place);
        places.sort_by_key(|place| Some(*place) != kept);
        loop {
            let Some((place, permit)) = self.admit_one(turn, places.iter().copied()) else {
                if self.reserved.next.is_none() {
                    return Err(refused);
                }
                // What is held there may be what the others lack.
                self.release_next(turn);
                places.extend(refused.drain(..).map(|(place, _)| place));
                continue;
            };
            let target = turn.config.target_at(self.route, place).filter(|_| !self.reserved.is_for(place));
            let Some(target) = target else { return Ok((place, permit)) };
            let (estimate, stage) = (self.estimate(turn, place), self.stage_at(target));
            match turn.reserve((self.route, who, stage), estimate) {
                Ok(ticket) => {
                    self.keep(turn, place, ticket);
                    return Ok((place, permit));
                }
                Err(refusal) => {
                    turn.settle(self.route, place, permit, None);
                    refused.push((place, refusal));
                    places.retain(|other| *other != place);
                    if turn.is_same_everywhere(&refusal) {
                        return Err(refused);
                    }
                }
            }
        }
    }

    /// No place's limits admit the first attempt: it waits where it may be admitted first of those where it may wait at all, or is
    /// refused, and told when the first of them may admit it.
    pub(super) fn await_place(&mut self, turn: &mut Turn<'_>, mut refused: Vec<(usize, Refusal)>) -> After {
        let mut first: Option<Refused> = None;
        loop {
            let outlooks = refused.iter().map(|(_, refusal)| turn.outlook(refusal)).enumerate();
            let Some((index, _)) = outlooks.min_by_key(|(_, outlook)| *outlook) else { break };
            let (place, refusal) = refused.remove(index);
            match self.await_one(turn, place, refusal) {
                Ok(Some(after)) => return after,
                // Somebody has just given back what was missing.
                Ok(None) => return self.begin_trying(turn),
                Err(other) => {
                    let wait = |refused: &Refused| (refused.1.wait.is_none(), refused.1.wait);
                    first = Some(first.filter(|known| wait(known) <= wait(&other)).unwrap_or(other));
                }
            }
        }
        match first {
            Some(refused) => self.refuse_limit(turn, &refused),
            None => self.give_up(turn, Reason::LimitReached),
        }
    }

    /// The same at one place, whose limits have just said this.
    fn await_one(
        &mut self,
        turn: &mut Turn<'_>,
        place: usize,
        refusal: Refusal,
    ) -> Result<Option<After>, Refused> {
        match turn.config.target_at(self.route, place) {
            Some(target) if !refusal.may_wait => Err((self.stage_at(target), refusal)),
            _ => self.line_up(turn, place),
        }
    }

    #[inline(never)] // See [profile.wasm].
    pub(super) fn begin_trying(&mut self, turn: &mut Turn<'_>) -> After {
        self.stage = Stage::Trying;
        self.next = Some(Planned { at: turn.now, is_again: false });
        self.go_on(turn)
    }

    /// An attempt begins with what was reserved for it.
    pub(super) fn reserved_begin(&mut self, n: u32) {
        if let Some((_, ticket)) = self.reserved.next.take() {
            self.reserved.attempts.push((n, ticket));
        }
    }

    pub(super) fn release_next(&mut self, turn: &mut Turn<'_>) {
        if let Some((_, ticket)) = self.reserved.next.take() {
            turn.give_back_limits(ticket);
        }
    }

    /// Gives back all that is reserved for a first attempt.
    pub(super) fn release_all(&mut self, turn: &mut Turn<'_>) {
        self.release_next(turn);
        if let Some(ticket) = self.reserved.request.take() {
            turn.give_back_limits(ticket);
        }
    }

    /// An attempt is over, with what it used.
    pub(super) fn reserved_end(&mut self, turn: &mut Turn<'_>, attempt: &Attempt, outcome: Option<Outcome>) {
        if self.who.is_none() {
            return;
        }
        let used = self.used(turn, attempt, outcome);
        let sum = &mut self.reserved.used;
        sum.input_tokens = sum.input_tokens.saturating_add(used.input_tokens);
        sum.output_tokens = sum.output_tokens.saturating_add(used.output_tokens);
        sum.requests = 1;
        let of_it = self.reserved.attempts.iter().position(|(n, _)| *n == attempt.n);
        if let Some(index) = of_it {
            let (_, ticket) = self.reserved.attempts.swap_remove(index);
            turn.settle_limits(ticket, used);
        }
    }

    /// The client has its answer, or is gone: a call that still runs beside keeps no place of its client's among concurrent
    /// requests. What that call uses is still to be counted.
    pub(super) fn release_places(&mut self, turn: &mut Turn<'_>) {
        if let Some(ticket) = &mut self.reserved.request {
            turn.release_places(ticket);
        }
    }

    /// The exchange is over: nothing of it is reserved any more.
    pub(crate) fn settle(&mut self, turn: &mut Turn<'_>) {
        if self.who.is_none() {
            return;
        }
        turn.give_up_asking(false);
        self.release_next(turn);
        for (_, ticket) in std::mem::take(&mut self.reserved.attempts) {
            turn.settle_limits(ticket, Use::default());
        }
        if self.reserved.used == Use::default() {
            self.release_all(turn);
        } else if let Some(ticket) = self.reserved.request.take() {
            turn.settle_limits(ticket, self.reserved.used);
        }
        turn.leave_line();
        turn.limits.forget(turn.id);
    }

    /// What this request may use at a place of the plan.
    pub(super) fn estimate(&mut self, turn: &mut Turn<'_>, place: usize) -> Use {
        if !self.brings_prompt() {
            return Use { requests: 1, ..Use::default() };
        }
        let (input, output) = self.tokens(turn, place);
        let price = turn.config.price_at(self.route, place);
        let usage = Usage { input, cached: 0, output, reasoning: 0 };
        Use {
            requests: 1,
            input_tokens: input,
            output_tokens: output,
            micro_dollars: price.map_or(0, |price| price::micro_dollars(usage, price)),
        }
    }

    fn used(&mut self, turn: &mut Turn<'_>, attempt: &Attempt, outcome: Option<Outcome>) -> Use {
        let usage = match usage(attempt) {
            None if outcome == Some(Outcome::Success) && !(is_stream(attempt) && came(attempt).is_some()) => {
                return self.estimate(turn, attempt.position);
            }
            None => match came(attempt) {
                // The provider has read the prompt by then.
                Some(output) => {
                    let (input, _) = self.tokens(turn, attempt.position);
                    Usage { input, cached: 0, output, reasoning: 0 }
                }
                None => Usage { input: 0, cached: 0, output: 0, reasoning: 0 },
            },
            // Of one that broke off, what it said at its beginning.
            Some(usage) if outcome != Some(Outcome::Success) => {
                Usage { output: usage.output.max(came(attempt).unwrap_or_default()), ..usage }
            }
            Some(usage) => usage,
        };
        let price = turn.config.price_at(self.route, attempt.position);
        Use {
            requests: 1,
            input_tokens: usage.input,
            output_tokens: usage.output,
            micro_dollars: price.map_or(0, |price| price::micro_dollars(usage, price)),
        }
    }
}

/// What its provider has said of it.
fn usage(attempt: &Attempt) -> Option<Usage> {
    match (&attempt.sighted, &attempt.reading) {
        (Some(sighted), _) => sighted.usage,
        _ if attempt.spent.is_some() => attempt.spent.and_then(|(usage, _)| usage),
        (None, Reading::Watched(watched)) => watched.report().usage,
        _ => None,
    }
}

/// Whether its answer is a stream, whatever was asked for.
fn is_stream(attempt: &Attempt) -> bool {
    attempt.sighted.is_some_and(|sighted| sighted.spoken.1 != Framing::Document)
}

/// About how many tokens have come of an answer; `None` where nothing has.
fn came(attempt: &Attempt) -> Option<u64> {
    match (&attempt.sighted, &attempt.reading) {
        (Some(sighted), _) => Some(sighted.content_tokens).filter(|tokens| *tokens > 0),
        (None, Reading::Watched(watched)) => {
            Some(watched.report().content_tokens).filter(|tokens| *tokens > 0 || watched.is_delivered())
        }
        _ => attempt.spent.map(|(_, tokens)| tokens).filter(|tokens| *tokens > 0),
    }
}

//! What a step of an exchange has at hand: the configuration, the shared state, the time, and where effects go.

use std::rc::Rc;
use std::time::Duration;

use seawall_policy::policy::{Provider, Route, TargetId};

use crate::answer::{self, OwnError};
use crate::breaker::{
    Ask, Asker, Cause, Drift, Finding, Guards, News, PROBE_TOKENS, Permit, Post, Signal, Transition,
};
use crate::config::Config;
use crate::counting::Counting;
use crate::effect::{Effect, HeaderList, Text};
use crate::event::ExchangeId;
use crate::exchange::After;
use crate::headers::Headers;
use crate::limits::{
    self, Answer as LimitAnswer, Ask as LimitAsk, Counts, HashKey, Limits, News as LimitNews, Question,
    Refusal, Stage, Ticket, Use, Who,
};
use crate::output::{SchemaCache, Scratch};
use crate::request::{forbidden, pairs};
use crate::retry::{self, Unwritten};
use crate::sampling::{Appraisal, Sampling};
use crate::stats::{Measure, Stats, View};
use crate::store::Store;
use crate::telemetry::{
    BreakerState, ContractEvent, Decision, LimitEvent, Metric, Outcome, Reason, ServiceFault,
};
use crate::time::Timestamp;
use crate::timeout;

const JSON: (Text, Text) = (Text::Word("content-type"), Text::Word("application/json"));

/// Requests of one route that are not written down yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Uncounted {
    retries: Unwritten,
    hedges: Unwritten,
}

pub(crate) struct Turn<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a mut dyn Store,
    pub(crate) now: Timestamp,
    pub(crate) id: ExchangeId,
    /// Whether somebody reads the decisions of single attempts.
    pub(crate) is_tracing: bool,
    /// What breakers want to know of the request.
    pub(crate) asker: Rc<Asker>,
    pub(crate) guards: &'a mut Guards,
    pub(crate) stats: &'a mut Stats,
    pub(crate) limits: &'a mut Limits,
    pub(crate) counting: &'a mut Counting,
    /// What checking answers keeps: states of patterns, and schemas that requests brought along.
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) schemas: &'a mut SchemaCache,
    pub(crate) sampling: &'a mut Sampling,
    /// What tells tenants apart; where limits count.
    pub(crate) key: Option<HashKey>,
    /// Requests not counted for the retry budgets yet, by the number of their route.
    pub(crate) uncounted: &'a mut Vec<Uncounted>,
    /// What limits of the caller's have warned of in this step: which one, of what, and how much of it is used.
    pub(crate) warnings: Vec<(Text, LimitEvent, String)>,
    pub(crate) fx: &'a mut Vec<Effect>,
}

/// So much later than its timeout the host may say that an attempt is over.
const LATE: Duration = Duration::from_secs(5);

impl<'a> Turn<'a> {
    /// Takes the first of these places that may be asked and admits: as a probe only if it makes a good one, or if none else
    /// admits.
    pub(crate) fn admit_one(
        &mut self,
        route: usize,
        places: impl Iterator<Item = usize>,
        mut may_ask: impl FnMut(&mut Self, usize) -> bool,
    ) -> Option<(usize, Option<Permit>)> {
        let mut refusing = Vec::new();
        for position in places {
            if !may_ask(self, position) {
                continue;
            }
            if let Ok(permit) = self.ask(route, position, self.asker.tokens <= PROBE_TOKENS) {
                return Some((position, permit));
            }
            refusing.push(position);
        }
        if self.asker.tokens <= PROBE_TOKENS {
            return None;
        }
        refusing.into_iter().find_map(|position| Some((position, self.ask(route, position, true).ok()?)))
    }

    /// Whether a place would admit an attempt after this time; asks without taking a permit.
    pub(crate) fn would_admit(&mut self, route: usize, position: usize, wait: Duration) -> bool {
        let then = self.now.after(wait);
        self.next_admission(route, position).is_none_or(|next| next <= then)
    }

    /// How long until the first breaker at these places may admit again.
    pub(crate) fn time_to_admission(
        &mut self,
        route: usize,
        places: impl Iterator<Item = usize>,
    ) -> Duration {
        let now = self.now;
        let waits = places.filter_map(|position| Some(self.next_admission(route, position)?.since(now)));
        waits.min().unwrap_or_default()
    }

    /// Gives a permit back with what came of the attempt, and whether the percentiles may tell something new; with nothing
    /// when the client has gone.
    pub(crate) fn settle(
        &mut self,
        route: usize,
        position: usize,
        permit: Option<Permit>,
        found: Option<(Finding<'_>, bool)>,
    ) {
        let (Some(post), Some(permit)) = (self.config.post_at(route, position), permit) else { return };
        let (config, now, asker) = (self.config, self.now, self.asker.clone());
        let who = (Post(post), asker.model.as_deref());
        let looks =
            found.as_ref().is_some_and(|(_, is_news)| *is_news) && self.guards.watches_drift(Post(post));
        let target = config.target_at(route, position).filter(|_| looks);
        let own = config.attempt(route, position).and_then(|(target, _)| target.model.as_deref());
        let model = own.or(asker.model.as_deref());
        let view = target.and_then(|target| self.stats.view(self.store, (target.0, model), now)).cloned();
        let drift = |signal, percentile| {
            let measure = match signal {
                Signal::Latency => Measure::Latency,
                Signal::FirstToken => Measure::FirstToken,
                Signal::PerToken => Measure::PerToken,
            };
            let (now, hundredths) = view.as_ref()?.above_baseline(measure, percentile)?;
            Some(Drift { now, hundredths })
        };
        let quality = view.as_ref().and_then(View::quality_of_usual);
        let finding = found.map(|(finding, _)| Finding { quality, drift: Some(&drift), ..finding });
        let news = self.guards.settle(self.store, now, who, permit, finding.as_ref());
        self.tell(news);
    }

    /// Tells the breaker at a place what samples of its answers have shown.
    pub(crate) fn appraise(&mut self, appraisal: &Appraisal) {
        let Some(post) = self.config.post_at(appraisal.route, appraisal.position) else { return };
        let who = (Post(post), appraisal.model.as_deref());
        let counts = (appraisal.answers, appraisal.bad);
        let news = self.guards.appraise(self.store, self.now, who, counts);
        if news.is_some() {
            Sampling::forget(self.store, appraisal);
        }
        self.tell(news);
    }

    fn ask(
        &mut self,
        route: usize,
        position: usize,
        is_last_resort: bool,
    ) -> Result<Option<Permit>, Timestamp> {
        let Some(post) = self.config.post_at(route, position) else { return Ok(None) };
        let ask = self.asks(route, position, is_last_resort);
        let asker = self.asker.clone();
        let who = (Post(post), asker.model.as_deref());
        let Some((admitted, news)) = self.guards.admit(self.store, self.now, who, ask) else {
            return Ok(None);
        };
        self.tell(news);
        admitted.map(Some)
    }

    fn next_admission(&mut self, route: usize, position: usize) -> Option<Timestamp> {
        let post = self.config.post_at(route, position)?;
        let ask = self.asks(route, position, true);
        let asker = self.asker.clone();
        self.guards.next_admission(self.store, self.now, (Post(post), asker.model.as_deref()), ask)
    }

    fn asks(&self, route: usize, position: usize, is_last_resort: bool) -> Ask {
        let Asker { tokens, most_tokens, streams, .. } = *self.asker;
        let most_tokens = most_tokens.into_iter().chain(self.config.most_tokens_at(route, position)).min();
        let timeout = self.config.route(route).map(|route| &route.timeout);
        let longest = timeout
            .map_or(LATE, |timeout| timeout::longest(timeout, streams, most_tokens).saturating_add(LATE));
        Ask { tokens, longest, is_last_resort }
    }

    /// Tells of a breaker's change.
    fn tell(&mut self, news: Option<News>) {
        let Some(News { target, model, transition: Transition { from, to, cause } }) = news else { return };
        // What the percentiles hold belongs to another time; unless the target was only full.
        if to != BreakerState::HalfOpen && !matches!(cause, Cause::Throttled | Cause::ResetPassed) {
            let model = Some(&*model).filter(|model| !model.is_empty());
            self.stats.forget(self.store, (target.0, model), self.now);
        }
        let worst = self.guards.worst(self.store, target);
        self.fx.push(Effect::Count(Metric::Breaker(target, worst.gauge())));
        if let Some(target) = self.config.target(target).map(|target| target.name.clone()) {
            let model = Some(model).filter(|model| !model.is_empty());
            self.fx.push(Effect::Log(Decision::Breaker { target, model, from, to, cause }));
        }
    }

    /// Counts a request for what bounds the retries and hedges of its route.
    pub(crate) fn count_request(&mut self, route: usize, headers: &Headers) {
        let Some(Uncounted { retries, hedges }) = self.uncounted.get_mut(route) else { return };
        if let Some(bound) = self.config.hedges(route) {
            bound.request(hedges, self.now, self.store);
        }
        match self.config.budget(route) {
            Some(budget) if retry::is_callers_retry(headers) => budget.foreign(retries, self.now, self.store),
            Some(budget) => budget.request(retries, self.now, self.store),
            None => {}
        }
    }

    /// Takes an attempt from the retry budget of a route; whether it was there.
    pub(crate) fn pay_retry(&mut self, route: usize) -> bool {
        let (Some(budget), Some(uncounted)) = (self.config.budget(route), self.uncounted.get_mut(route))
        else {
            return true;
        };
        budget.admit(&mut uncounted.retries, self.now, self.store)
    }

    /// Takes a hedge from the share of a route; whether it was there.
    pub(crate) fn pay_hedge(&mut self, route: usize) -> bool {
        let (Some(bound), Some(uncounted)) = (self.config.hedges(route), self.uncounted.get_mut(route))
        else {
            return true;
        };
        bound.admit(&mut uncounted.hedges, self.now, self.store)
    }

    /// Whether what the target's provider grants, by the policy, leaves enough for an attempt.
    pub(crate) fn has_quota(&mut self, target: TargetId, of: &Use) -> bool {
        self.limits.has_quota(self.store, self.now, &self.config.book, target, of)
    }

    fn limit_ask(
        &self,
        (route, who, stage): (usize, Who, Stage),
        estimate: Use,
        since: Option<Timestamp>,
    ) -> LimitAsk<'a> {
        let config = self.config;
        let limits = config.route(route).map(|route| route.limits.as_slice()).unwrap_or_default();
        LimitAsk {
            policy: config.policy(),
            book: &config.book,
            limits,
            who,
            stage,
            estimate,
            since,
            id: self.id,
        }
    }

    /// Asks the limits of a stage; waits in line where that is of use before `deadline`. It has been asking since then.
    pub(crate) fn ask_limits(
        &mut self,
        of: (usize, Who, Stage),
        estimate: Use,
        (since, deadline): (Timestamp, Option<Timestamp>),
    ) -> LimitAnswer {
        let (ask, mut news) = (self.limit_ask(of, estimate, Some(since)), Vec::new());
        let waited = self.limits.line_of(self.id).is_some();
        let answer = self.limits.ask(self.store, self.now, (self.id, deadline), &ask, &mut news);
        match &answer {
            LimitAnswer::Waits { .. } => {
                let line = self.limits.line_of(self.id).filter(|_| !waited);
                line.into_iter().for_each(|line| self.tell_limit(line, LimitEvent::Waits, None));
            }
            LimitAnswer::Admitted(_) => self.tell_limits(&news),
            LimitAnswer::Refused(_) => {}
        }
        answer
    }

    /// Reserves with the limits of a stage, without waiting.
    pub(crate) fn reserve(&mut self, of: (usize, Who, Stage), estimate: Use) -> Result<Ticket, Refusal> {
        let (ask, mut news) = (self.limit_ask(of, estimate, None), Vec::new());
        let reserved = self.limits.admit(self.store, self.now, &ask, &mut news);
        self.tell_limits(&news);
        reserved
    }

    pub(crate) fn settle_limits(&mut self, ticket: Ticket, used: Use) {
        self.limits.settle(self.store, self.now, &self.config.book, ticket, used);
        self.put_questions();
    }

    /// Asks the rate limit services that count limits of this ticket; `tenant` is how they are told of its tenant. How many
    /// answers the request has to wait for, if it `waits`.
    pub(crate) fn ask_services(
        &mut self,
        of: (usize, Who, Stage),
        ticket: &mut Ticket,
        tenant: &str,
        waits: bool,
    ) -> usize {
        let (ask, by) = (self.limit_ask(of, Use::default(), None), waits.then_some(self.id));
        let awaited = self.limits.ask_services(self.now, &ask, (ticket, tenant), by);
        self.put_questions();
        awaited
    }

    fn put_questions(&mut self) {
        for Question { number, cluster, message } in self.limits.take_questions() {
            self.fx.push(Effect::AskService { number, cluster, message, timeout: limits::TIMEOUT });
        }
    }

    /// Nobody waits any more for what this request asked of rate limit services; `is_silent`: because nothing came.
    pub(crate) fn give_up_asking(&mut self, is_silent: bool) {
        let away = self.limits.give_up_asking(self.now, &self.config.book, self.id, is_silent);
        for cluster in away {
            let fault = Some(ServiceFault::Timeout);
            self.fx.push(Effect::Log(Decision::Service { cluster, fault }));
        }
    }

    /// Gives back the places among concurrent requests of what is reserved.
    pub(crate) fn release_places(&mut self, ticket: &mut Ticket) {
        self.limits.release_places(self.store, self.now, &self.config.book, ticket);
    }

    pub(crate) fn leave_line(&mut self, route: usize, who: Who) {
        let ask = self.limit_ask((route, who, Stage::Request), Use::default(), None);
        self.limits.gone(self.store, self.now, &ask, self.id);
    }

    /// Why a request is refused, what the limit counts, and headers that say how it stands with the others. Warns the caller of
    /// those that are nearly used up.
    pub(crate) fn explain_limits(
        &mut self,
        of: (usize, Who, Stage),
        refusal: &Refusal,
        dialect: Provider,
    ) -> (String, Option<Counts>, HeaderList) {
        let ask = self.limit_ask(of, Use::default(), None);
        let standings = self.limits.standings(self.store, self.now, &ask);
        let mut near = self.limits.nearly_used(self.store, self.now, &ask);
        near.retain(|(spot, _)| *spot != refusal.spot);
        near.into_iter()
            .for_each(|(spot, used)| self.warn_caller(spot, LimitEvent::Warns, limits::percent(used)));
        let rule = ask.book.rule(refusal.spot);
        let why = rule.map(|rule| limits::why(rule, refusal)).unwrap_or_default();
        (why, rule.map(|rule| rule.counts), limits::headers(&standings, dialect, self.now))
    }

    /// What a conversation is told that has used what it may, or would with this request.
    pub(crate) fn explain_conversation(&mut self, refusal: &Refusal) -> Option<String> {
        let book = &self.config.book;
        book.conversation(refusal.spot)?;
        let used = self.limits.used(self.store, self.now, book, refusal.spot);
        Some(limits::why_stop(book.rule(refusal.spot)?, refusal, used))
    }

    fn tell_limits(&mut self, news: &[LimitNews]) {
        for news in news {
            let (spot, event, warning) = match *news {
                LimitNews::WouldRefuse(spot) => (spot, LimitEvent::WouldRefuse, None),
                LimitNews::Warns(spot, used, is_new) => {
                    (spot, LimitEvent::Warns, Some((limits::percent(used), is_new)))
                }
                LimitNews::Unusual(spot, used, is_new) => {
                    (spot, LimitEvent::Anomaly, Some((limits::multiple(used), is_new)))
                }
                LimitNews::Local(spot) => (spot, LimitEvent::Local, None),
            };
            let is_new = warning.as_ref().is_none_or(|(_, is_new)| *is_new);
            warning.into_iter().for_each(|(used, _)| self.warn_caller(spot, event, used));
            if is_new {
                self.tell_limit(spot, event, None);
            }
        }
    }

    /// Warns the caller that so much of a limit is used, if the limit is its own.
    fn warn_caller(&mut self, spot: limits::Spot, event: LimitEvent, used: String) {
        let Config { book, .. } = self.config;
        let name = book.rule(spot).map(|rule| rule.name.clone());
        let name = name.filter(|_| book.is_own(self.config.policy(), spot));
        self.warnings.extend(name.map(|name| (name, event, used)));
    }

    /// What becomes of a request that this limit refuses, the best first.
    pub(crate) fn outlook(&self, refusal: &Refusal) -> impl Ord + Copy + use<> {
        limits::outlook(&self.config.book, refusal)
    }

    /// A request is refused.
    pub(crate) fn tell_refusal(&mut self, refusal: &Refusal) {
        self.tell_limit(refusal.spot, LimitEvent::Refused, refusal.wait);
    }

    fn tell_limit(&mut self, spot: limits::Spot, event: LimitEvent, wait: Option<Duration>) {
        let exchange = self.id.0;
        let (metric, decision) = if let Some(route) = self.config.book.conversation(spot) {
            let Some(name) = self.config.route(route).map(|route| Text::from(&*route.name)) else { return };
            (
                Metric::Conversation(route, event),
                Decision::Conversation { exchange, route: name, event, wait },
            )
        } else {
            let Some((id, limit)) = self.config.book.limit(spot) else { return };
            (Metric::Limit(id, event), Decision::Limit { exchange, limit, event, wait })
        };
        self.fx.push(Effect::Count(metric));
        if self.is_tracing || matches!(event, LimitEvent::Warns | LimitEvent::Anomaly) {
            self.fx.push(Effect::Log(decision));
        }
    }

    /// Tells what a route's contract does to a request: by which rule, what that counted, and what it admits.
    pub(crate) fn tell_contract(
        &mut self,
        route: usize,
        event: ContractEvent,
        (rule, counted, most): (&'static str, u64, u64),
    ) {
        self.fx.push(Effect::Count(Metric::Contract(route, event)));
        if let Some(Route { name, .. }) = self.config.route(route).filter(|_| self.is_tracing) {
            let (exchange, route) = (self.id.0, name.as_str().into());
            self.fx.push(Effect::Log(Decision::Contract { exchange, route, rule, event, counted, most }));
        }
    }

    /// Takes in how long a request of a route took, where its contract says how long that may be.
    pub(crate) fn tell_latency(&mut self, route: usize, outcome: Outcome, took: Duration) {
        let Some(rule) = self.config.latency(route) else { return };
        let news = rule.record((&mut *self.stats, &mut *self.store), self.now, outcome, took);
        let Some((is_slow, now)) = news else { return };
        self.fx.push(Effect::Count(Metric::Slow(route, is_slow.into())));
        if let Some(Route { name, .. }) = self.config.route(route) {
            let (route, percentile, most) = (name.as_str().into(), rule.percentile, rule.most);
            self.fx.push(Effect::Log(Decision::Latency { route, percentile, now, most }));
        }
    }

    /// Lets a request go that no route takes.
    pub(crate) fn pass(&mut self, headers: &Headers) -> After {
        pass(self.id, headers, self.is_tracing, self.fx);
        After::Done
    }

    /// Answers in place of any attempt.
    pub(crate) fn refuse(&mut self, error: &OwnError, reason: Reason) -> After {
        self.refuse_with(error, reason, HeaderList::new())
    }

    /// The same with more headers.
    pub(crate) fn refuse_with(&mut self, error: &OwnError, reason: Reason, more: HeaderList) -> After {
        let mut own = answer::own_headers(&self.config.hash, None, 0, reason);
        own.extend(more);
        retry::advise((reason, None), 0, error.retry_after, &mut own);
        let effect = self.own_answer(error, own);
        self.fx.push(effect);
        self.answered(error.status, 0, None, reason)
    }

    /// Answers with the health page.
    pub(crate) fn show(&mut self, body: String) -> After {
        let own = answer::own_headers(&self.config.hash, None, 0, Reason::Health);
        let mut headers = vec![JSON, (Text::Word("cache-control"), Text::Word("no-store"))];
        headers.extend(own);
        let headers = pairs(&headers);
        self.fx.push(Effect::Respond { status: 200, headers, body: body.into_bytes() });
        self.answered(200, 0, None, Reason::Health)
    }

    /// The filter's own error with these headers.
    pub(crate) fn own_answer(&self, error: &OwnError, mut own: HeaderList) -> Effect {
        own.extend(error.header());
        own.insert(0, JSON);
        let headers = pairs(&own);
        Effect::Respond { status: error.status, headers, body: error.body() }
    }

    /// The end of every exchange that is answered.
    pub(crate) fn answered(
        &mut self,
        status: u16,
        attempts: u32,
        target: Option<Text>,
        reason: Reason,
    ) -> After {
        self.fx.push(Effect::Count(Metric::Answer(reason)));
        if self.is_tracing {
            let exchange = self.id.0;
            self.fx.push(Effect::Log(Decision::Answer { exchange, status, attempts, target, reason }));
        }
        After::Done
    }
}

/// Lets a request go that no route takes.
pub(crate) fn pass(id: ExchangeId, headers: &Headers, is_tracing: bool, fx: &mut Vec<Effect>) {
    fx.push(Effect::PassRequest { remove: forbidden(headers, false) });
    if is_tracing {
        fx.push(Effect::Log(Decision::Pass { exchange: id.0 }));
    }
}

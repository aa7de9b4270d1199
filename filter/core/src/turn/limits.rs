//! What limits are asked and told, and what is told of them.

use std::time::Duration;

use seawall_policy::policy::{Provider, TargetId};

use super::Turn;
use crate::config::Config;
use crate::effect::{Effect, HeaderList, Text};
use crate::limits::{self, Answer, Ask, Counts, News, Question, Refusal, Stage, Ticket, Use, Who};
use crate::telemetry::{Decision, LimitEvent, Metric, ServiceFault};
use crate::time::Timestamp;

impl<'a> Turn<'a> {
    /// Whether what the target's provider grants, by the policy, leaves enough for an attempt.
    pub(crate) fn has_quota(&mut self, target: TargetId, of: &Use) -> bool {
        self.limits.has_quota(self.store, self.now, &self.config.book, target, of)
    }

    fn limit_ask(
        &self,
        (route, who, stage): (usize, Who, Stage),
        estimate: Use,
        since: Option<Timestamp>,
    ) -> Ask<'a> {
        let config = self.config;
        let limits = config.route(route).map(|route| route.limits.as_slice()).unwrap_or_default();
        Ask { policy: config.policy(), book: &config.book, limits, who, stage, estimate, since, id: self.id }
    }

    /// Asks the limits of a stage; waits in line where that is of use before `deadline`. It has been asking since then.
    pub(crate) fn ask_limits(
        &mut self,
        of: (usize, Who, Stage),
        estimate: Use,
        (since, deadline): (Timestamp, Option<Timestamp>),
    ) -> Answer {
        let (ask, mut news) = (self.limit_ask(of, estimate, Some(since)), Vec::new());
        let waited = self.limits.line_of(self.id).is_some();
        let answer = self.limits.ask(self.store, self.now, (self.id, deadline), &ask, &mut news);
        match &answer {
            Answer::Waits { .. } => {
                let line = self.limits.line_of(self.id).filter(|_| !waited);
                line.into_iter().for_each(|line| self.tell_limit(line, LimitEvent::Waits, None));
            }
            Answer::Admitted(_) => self.tell_limits(&news),
            Answer::Refused(_) => {}
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

    /// Gives back what was reserved for something that hasn't come about.
    pub(crate) fn give_back_limits(&mut self, ticket: Ticket) {
        self.limits.give_back(self.store, self.now, &self.config.book, ticket);
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

    pub(crate) fn leave_line(&mut self) {
        self.limits.gone(self.store, self.now, &self.config.book, self.id);
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

    fn tell_limits(&mut self, news: &[News]) {
        for news in news {
            let (spot, event, warning) = match *news {
                News::WouldRefuse(spot) => (spot, LimitEvent::WouldRefuse, None),
                News::Warns(spot, used, is_new) => {
                    (spot, LimitEvent::Warns, Some((limits::percent(used), is_new)))
                }
                News::Unusual(spot, used, is_new) => {
                    (spot, LimitEvent::Anomaly, Some((limits::multiple(used), is_new)))
                }
                News::Local(spot) => (spot, LimitEvent::Local, None),
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

    /// Whether that limit says the same wherever the request goes: what its prompt comes to differs by target.
    pub(crate) fn is_same_everywhere(&self, refusal: &Refusal) -> bool {
        let book = &self.config.book;
        let rule = book.rule(refusal.spot);
        let is_plain = rule.is_some_and(|rule| matches!(rule.counts, Counts::Requests | Counts::Concurrent));
        is_plain && !book.is_of_attempt(refusal.spot)
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
}

//! Answers in place of any attempt's, and the end of exchanges.

use super::Turn;
use crate::answer::{self, OwnError};
use crate::effect::{Effect, HeaderList, Text};
use crate::event::ExchangeId;
use crate::exchange::After;
use crate::headers::Headers;
use crate::request::{forbidden, pairs};
use crate::retry;
use crate::telemetry::{Decision, Metric, Reason};

const JSON: (Text, Text) = (Text::Word("content-type"), Text::Word("application/json"));

impl Turn<'_> {
    /// Lets a request go that no route takes.
    pub(crate) fn pass(&mut self, headers: &Headers) -> After {
        pass(self.id, headers, self.is_tracing, self.fx);
        After::Done
    }

    /// Answers in place of any attempt; `route`: the one that has taken the request.
    pub(crate) fn refuse(&mut self, route: Option<usize>, error: &OwnError, reason: Reason) -> After {
        self.refuse_with(route, error, reason, HeaderList::new())
    }

    /// The same with more headers.
    pub(crate) fn refuse_with(
        &mut self,
        route: Option<usize>,
        error: &OwnError,
        reason: Reason,
        more: HeaderList,
    ) -> After {
        let mut own = answer::own_headers(&self.config.hash, None, 0, reason);
        own.extend(more);
        retry::advise((reason, None), 0, error.retry_after, &mut own);
        let effect = self.own_answer(error, own);
        self.fx.push(effect);
        self.answered(route, (error.status, 0), None, reason)
    }

    /// Answers with the health page.
    pub(crate) fn show(&mut self, body: String) -> After {
        let own = answer::own_headers(&self.config.hash, None, 0, Reason::Health);
        let mut headers = vec![JSON, (Text::Word("cache-control"), Text::Word("no-store"))];
        headers.extend(own);
        let headers = pairs(&headers);
        self.fx.push(Effect::Respond { status: 200, headers, body: body.into_bytes() });
        self.answered(None, (200, 0), None, Reason::Health)
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
        route: Option<usize>,
        (status, attempts): (u16, u32),
        target: Option<Text>,
        reason: Reason,
    ) -> After {
        self.fx.push(Effect::Count(Metric::Answer(reason)));
        if self.is_tracing {
            let (exchange, config) = (self.id.0, self.config);
            let route = route.and_then(|route| config.route(route)).map(|route| route.name.as_str().into());
            self.fx.push(Effect::Log(Decision::Answer { exchange, route, status, attempts, target, reason }));
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

//! A new request: who may see the health page, whose it is, and which route takes it.

use std::rc::Rc;

use super::Engine;
use crate::answer::OwnError;
use crate::effect::{Effect, Text};
use crate::event::ExchangeId;
use crate::exchange::{After, Exchange};
use crate::headers::Headers;
use crate::health::{self, Access, Readers};
use crate::limits::{self, Identity};
use crate::request::REDIRECTED;
use crate::route::Choice;
use crate::sampling;
use crate::store::Store;
use crate::telemetry::Reason;
use crate::time::Timestamp;
use crate::turn::pass;

impl Engine {
    /// The headers of a new request are here.
    pub(super) fn arrives(
        &mut self,
        now: Timestamp,
        store: &mut dyn Store,
        id: ExchangeId,
        (headers, end_of_stream): (Headers, bool),
        fx: &mut Vec<Effect>,
    ) {
        // Callers' own are taken out by the host. This one is a provider's redirect that the host has followed, and the
        // request carries what was meant for that provider.
        if headers.get(REDIRECTED).is_some() {
            let error = OwnError::redirected();
            self.shared.turn(now, store, (id, Rc::default()), fx).refuse(None, &error, Reason::Redirected);
            return;
        }
        let readers = self.shared.config.health.as_ref();
        match readers.map_or(Access::Denied, |readers| readers.access(&headers)) {
            Access::Denied => self.meet(now, store, id, (headers, end_of_stream), fx),
            Access::Granted => self.show_health(now, store, id, fx),
            Access::ByAddress => {
                self.asked = Some((id, headers, end_of_stream));
                fx.push(Effect::TellSource);
            }
        }
    }

    /// The host has said where a request for the health page comes from.
    pub(super) fn comes_from(
        &mut self,
        now: Timestamp,
        store: &mut dyn Store,
        id: ExchangeId,
        address: &str,
        fx: &mut Vec<Effect>,
    ) {
        let Some((_, mut headers, end_of_stream)) = self.asked.take().filter(|(asked, ..)| *asked == id)
        else {
            return;
        };
        let readers = self.shared.config.health.as_ref();
        if readers.is_some_and(|readers| readers.admit(address)) {
            return self.show_health(now, store, id, fx);
        }
        // The secret was right, and is nothing for a provider.
        if let Some(name) = readers.and_then(Readers::secret_header) {
            headers.remove(name);
            fx.push(Effect::StripRequest { remove: vec![name.to_owned()] });
        }
        self.meet(now, store, id, (headers, end_of_stream), fx);
    }

    /// A new request: asks whose it is, where that matters and it takes the host to know.
    fn meet(
        &mut self,
        now: Timestamp,
        store: &mut dyn Store,
        id: ExchangeId,
        (headers, end_of_stream): (Headers, bool),
        fx: &mut Vec<Effect>,
    ) {
        let policy = self.shared.config.policy();
        if self.shared.config.asks.host {
            let metadata = limits::metadata(policy).map(|(space, key)| (Text::from(space), Text::from(key)));
            let claims = limits::claims(policy).map(Text::from).collect();
            fx.push(Effect::TellCaller { claims, metadata: metadata.collect() });
            self.asked = Some((id, headers, end_of_stream));
        } else {
            self.take_on(now, store, id, (headers, Identity::default(), end_of_stream), fx);
        }
    }

    fn show_health(&mut self, now: Timestamp, store: &mut dyn Store, id: ExchangeId, fx: &mut Vec<Effect>) {
        let rows =
            health::rows(&self.shared.config, (&mut self.shared.guards, &mut self.shared.stats), store, now);
        let routes = health::routes(&self.shared.config, &mut self.shared.stats, store, now);
        let samples = sampling::rows(&self.shared.config, store, now);
        let body = health::page(&self.shared.config, (&rows, &routes, &samples), now);
        self.shared.turn(now, store, (id, Rc::default()), fx).show(body);
    }

    /// A new request: finds its route, or that its body decides, or lets it pass.
    pub(super) fn take_on(
        &mut self,
        now: Timestamp,
        store: &mut dyn Store,
        id: ExchangeId,
        (headers, identity, end_of_stream): (Headers, Identity, bool),
        fx: &mut Vec<Effect>,
    ) {
        let route = match self.shared.config.choose_by_headers(&headers, &identity, now, !end_of_stream) {
            Choice::Route(route) => (route, false),
            Choice::Body(first) => (first, true),
            Choice::Pass => return pass(id, &headers, self.shared.is_tracing, fx),
        };
        self.begun += 1;
        let exchange = Exchange::new(route, now, (headers, identity), self.seed.derive(self.begun));
        self.exchanges.insert(id, Box::new(exchange));
        let asks = !self.body_arrives;
        self.step(now, store, id, fx, |exchange, turn| {
            exchange.await_body(asks.then_some(now));
            if end_of_stream {
                return exchange.begin(turn, Vec::new(), 0);
            }
            turn.fx.push(Effect::HoldRequest);
            After::Wait
        });
    }
}

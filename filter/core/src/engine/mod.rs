//! The machine of one VM: finds the exchange an event is about and hands it its turn.

mod arrival;
mod step;

use std::fmt;
use std::rc::Rc;

use self::step::react;
use crate::breaker::{Asker, Guards};
use crate::config::Config;
use crate::counting::Counting;
use crate::effect::Effect;
use crate::event::{Event, ExchangeId, Half, Reads};
use crate::exchange::{After, Exchange};
use crate::headers::Headers;
use crate::ids::IdMap;
use crate::limits::{HashKey, Heard, Limits};
use crate::output::{SchemaCache, Scratch};
use crate::rng::Seed;
use crate::sampling::Sampling;
use crate::stats::Stats;
use crate::store::Store;
use crate::telemetry::Decision;
use crate::time::Timestamp;
use crate::timers::{Alarm, Alarms, Timers};
use crate::turn::{Turn, Uncounted};

/// Longest request body that is held. Beyond it the caller gets 413.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// Most bytes of request bodies and answers that one VM keeps before it takes no more requests on. Its memory ends at 4 GiB, and
/// running out of it would end every stream of the worker.
const MAX_HELD_BYTES: usize = 512 * 1024 * 1024;

/// See the [crate's documentation](crate).
pub struct Engine {
    seed: Seed,
    exchanges: Exchanges,
    timers: Timers,
    /// Exchanges begun; each derives its own randomness from its number.
    begun: u64,
    /// Whether this host has been seen to deliver a body while headers were held. Then it always does.
    body_arrives: bool,
    held_bytes: usize,
    shared: Shared,
    /// A request whose caller the host is asked about.
    asked: Option<(ExchangeId, Headers, bool)>,
}

/// Boxed, so that the map's places stay small.
type Exchanges = IdMap<ExchangeId, Box<Exchange>>;

impl Alarms for Exchanges {
    fn alarm(&mut self, id: ExchangeId) -> Option<&mut Alarm> {
        self.get_mut(&id).map(|exchange| &mut exchange.alarm)
    }

    fn count(&self) -> usize {
        self.len()
    }
}

/// What all exchanges of a VM have in common.
struct Shared {
    config: Config,
    is_tracing: bool,
    stats: Stats,
    uncounted: Vec<Uncounted>,
    guards: Guards,
    limits: Limits,
    counting: Counting,
    scratch: Scratch,
    schemas: SchemaCache,
    sampling: Sampling,
    /// What tells tenants apart, once somebody has asked.
    key: Option<HashKey>,
}

impl Engine {
    /// `is_tracing`: whether the decisions of single attempts are wanted.
    #[must_use]
    pub fn new(config: Config, seed: Seed, is_tracing: bool) -> Self {
        let guards = config.guards();
        let stats = Stats::new(config.stats_keys(), seed.0, config.compares_load());
        let limits = Limits::new(seed.0);
        let counting = Counting::new(&mut seed.derive(u64::MAX - 1));
        let sampling =
            Sampling::new(&config.samples, config.policy().routes.len(), seed.derive(u64::MAX - 2));
        let uncounted = vec![Uncounted::default(); config.policy().routes.len()];
        let shared = Shared {
            config,
            is_tracing,
            stats,
            uncounted,
            guards,
            limits,
            counting,
            scratch: Scratch::default(),
            schemas: SchemaCache::default(),
            sampling,
            key: None,
        };
        Self {
            seed,
            exchanges: IdMap::default(),
            timers: Timers::default(),
            begun: 0,
            body_arrives: false,
            held_bytes: 0,
            shared,
            asked: None,
        }
    }

    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// When [`Engine::handle_timeout`] wants to be called, or a while before, where what waited is over; `None` while nothing waits.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let Shared { stats, limits, sampling, .. } = &self.shared;
        let others = [stats.next_deadline(), limits.next_deadline(), sampling.next_deadline()];
        self.timers.next().into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Whether an exchange is under way.
    #[must_use]
    pub fn knows(&self, id: ExchangeId) -> bool {
        self.exchanges.contains_key(&id)
    }

    /// Bytes of requests and answers that are held here, for further attempts and until answers may go on.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn exchange(&self, id: ExchangeId) -> Option<&Exchange> {
        self.exchanges.get(&id).map(|exchange| &**exchange)
    }

    /// Whether a part of a request's body, with which the host holds so many bytes, is of use as an [`Event::RequestBody`]. Of
    /// no use is one after which the request is held as it was before.
    #[must_use]
    pub fn minds_body(&self, id: ExchangeId, buffered: usize) -> bool {
        let is_patient = |exchange: &Exchange| exchange.is_reading() && exchange.alarm.at().is_none();
        let is_held = self.exchange(id).is_some_and(is_patient);
        !is_held
            || !self.body_arrives
            || self.exchange(id).is_some_and(|exchange| buffered > exchange.most_bytes(&self.shared.config))
    }

    /// Takes in what happened to one exchange and adds what is to be done for it to `fx`, in order. An event about an
    /// exchange that is unknown or over does nothing.
    pub fn handle(
        &mut self,
        now: Timestamp,
        store: &mut dyn Store,
        id: ExchangeId,
        event: Event,
        fx: &mut Vec<Effect>,
    ) {
        if let Event::RequestHeaders { headers, end_of_stream } = event {
            return self.arrives(now, store, id, (headers, end_of_stream), fx);
        }
        if let Event::Source { address } = event {
            return self.comes_from(now, store, id, &address, fx);
        }
        if let Event::Caller { identity } = event {
            let Some((_, headers, end)) = self.asked.take().filter(|(asked, ..)| *asked == id) else {
                return;
            };
            return self.take_on(now, store, id, (headers, identity, end), fx);
        }
        if id == ExchangeId::NOBODY {
            return self.nobody_answered(now, store, event, fx);
        }
        if let Event::ServiceAnswered { number, answer } = event {
            let answer = answer.as_deref().map_err(|status| *status);
            return self.service_answered(now, store, (number, answer), fx);
        }
        let has_come = matches!(event, Event::RequestBody { .. } | Event::RequestEnd { .. });
        if has_come && !self.body_arrives {
            self.body_arrives = self.knows(id);
        }
        let room =
            MAX_HELD_BYTES.saturating_sub(self.held_bytes).saturating_sub(self.shared.schemas.held_bytes());
        self.step(now, store, id, fx, |exchange, turn| {
            if has_come {
                exchange.await_body(None);
            }
            react(exchange, turn, event, room)
        });
    }

    /// A rate limit service has answered: also where nobody waits for it any more.
    fn service_answered(
        &mut self,
        now: Timestamp,
        store: &mut dyn Store,
        (number, answer): (u32, Result<&[u8], u32>),
        fx: &mut Vec<Effect>,
    ) {
        let Heard { by, change } =
            self.shared.limits.service_answered(now, &self.shared.config.book, number, answer);
        fx.extend(change.map(|(cluster, fault)| Effect::Log(Decision::Service { cluster, fault })));
        let Some((id, granted)) = by else { return };
        self.step(now, store, id, fx, |exchange, turn| exchange.service_answered(turn, granted));
    }

    /// A call about a sample has ended.
    fn nobody_answered(&mut self, now: Timestamp, store: &mut dyn Store, event: Event, fx: &mut Vec<Effect>) {
        let Event::CallAnswer { attempt, answer } = event else { return };
        let found = self.shared.sampling.answered(&self.shared.config, store, now, (attempt, &answer), fx);
        if let Some(appraisal) = found {
            self.shared.turn(now, store, (ExchangeId::NOBODY, Rc::default()), fx).appraise(&appraisal);
        }
    }

    /// What of the answer at this half is to be told in [`Event::AnswerBody`]; `None`: nothing, no such event.
    #[must_use]
    pub fn reads(&self, id: ExchangeId, half: Half) -> Option<Reads> {
        self.exchange(id)?.reads(half)
    }

    /// Whether the stream of this exchange's request ends only to come back as another: then its end isn't to be told.
    #[must_use]
    pub fn is_moving(&self, id: ExchangeId) -> bool {
        self.exchange(id).is_some_and(Exchange::is_moving)
    }

    /// The last that is asked of it: no client is there any more, and nothing will be told. Gives up what runs on without one,
    /// writes down what waits to be written together with more, and counts what is lost. Asks for nothing that could be answered.
    pub fn close(&mut self, now: Timestamp, store: &mut dyn Store, fx: &mut Vec<Effect>) {
        for (id, mut exchange) in std::mem::take(&mut self.exchanges) {
            exchange.close(&mut self.shared.turn(now, store, (id, exchange.asker()), fx));
        }
        self.held_bytes = 0;
        fx.retain(|effect| matches!(effect, Effect::Log(_) | Effect::Count(_)));
        let Shared { config, sampling, stats, limits, counting, uncounted, .. } = &mut self.shared;
        limits.close(store, now, &config.book);
        stats.close(store, now);
        counting.close(store, now);
        for (route, uncounted) in uncounted.iter_mut().enumerate() {
            uncounted.close(config, route, now, store);
        }
        sampling.close(config, store, now, fx);
    }

    /// Does what one due deadline asks for and says for which exchange; `None` when none is due. Call it until then.
    pub fn handle_timeout(
        &mut self,
        now: Timestamp,
        store: &mut dyn Store,
        fx: &mut Vec<Effect>,
    ) -> Option<ExchangeId> {
        let Shared { config, stats, limits, sampling, .. } = &mut self.shared;
        stats.handle_timeout(store, now);
        limits.handle_timeout(store, now, &config.book);
        let before = fx.len();
        sampling.handle_timeout(config, store, now, fx);
        if fx.len() > before {
            return Some(ExchangeId::NOBODY);
        }
        let id = self.timers.take_due(now, &mut self.exchanges)?;
        let body_arrives = self.body_arrives;
        self.step(now, store, id, fx, |exchange, turn| {
            if body_arrives {
                exchange.await_body(None);
            }
            if body_arrives && exchange.is_reading() { After::Wait } else { exchange.wake(turn) }
        });
        Some(id)
    }
}

impl Shared {
    /// What a step of this exchange has at hand.
    fn turn<'a>(
        &'a mut self,
        now: Timestamp,
        store: &'a mut dyn Store,
        (id, asker): (ExchangeId, Rc<Asker>),
        fx: &'a mut Vec<Effect>,
    ) -> Turn<'a> {
        Turn {
            config: &self.config,
            store,
            now,
            id,
            is_tracing: self.is_tracing,
            asker,
            guards: &mut self.guards,
            stats: &mut self.stats,
            limits: &mut self.limits,
            counting: &mut self.counting,
            scratch: &mut self.scratch,
            schemas: &mut self.schemas,
            sampling: &mut self.sampling,
            key: self.key,
            uncounted: &mut self.uncounted,
            warnings: Vec::new(),
            fx,
        }
    }
}

/// No requests: they hold prompts and credentials.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = self.exchanges.len();
        f.debug_struct("Engine")
            .field("config", &self.shared.config)
            .field("exchanges", &exchanges)
            .finish_non_exhaustive()
    }
}

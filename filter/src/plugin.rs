//! One configured filter: an engine, and the hands that carry out its effects.

use std::collections::BTreeSet;
use std::time::Duration;

use proxy_wasm::types::{BufferType, LogLevel, MapType, StreamType};
use seawall_core::{
    Answer, Config, Decision, Effect, Engine, Event, ExchangeId, HeaderList, Origin, Seed, Timestamp,
};

use crate::calls::{self, Calls};
use crate::host;
use crate::metrics::Metrics;
use crate::origin;
use crate::shared::SharedData;

/// The request header that names the cluster; the route in Envoy's configuration reads it.
const CLUSTER: &str = "x-seawall-cluster";
/// Envoy's router gives up when the answer has not ended …
const TIMEOUT: &str = "x-envoy-upstream-rq-timeout-ms";
/// … or has not begun: once headers went downstream, this one stops counting, so that a stream may take its time.
const HEADERS_TIMEOUT: &str = "x-envoy-upstream-rq-per-try-timeout-ms";

pub(crate) struct Plugin {
    engine: Engine,
    calls: Calls,
    metrics: Metrics,
    effects: Vec<Effect>,
    /// Exchanges whose answer from the router is held.
    held: BTreeSet<ExchangeId>,
    /// The deadline that ticks are set for.
    armed: Option<Timestamp>,
}

/// The callback that effects are carried out in. What is held by the callback under way is let go by its return value,
/// what is held since an earlier one by a host call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Request,
    Response,
    Elsewhere,
}

impl Plugin {
    pub(crate) fn new(config: Config, seed: Seed) -> Self {
        let engine = Engine::new(config, seed, host::logs(LogLevel::Debug));
        let (calls, metrics) = (Calls::default(), Metrics::default());
        Self { engine, calls, metrics, effects: Vec::new(), held: BTreeSet::new(), armed: None }
    }

    pub(crate) fn knows(&self, id: ExchangeId) -> bool {
        self.engine.knows(id)
    }

    pub(crate) fn holds_response(&self, id: ExchangeId) -> bool {
        self.held.contains(&id)
    }

    /// Hands an event to the engine. Returns whether the side of the stream that `place` is about stays held.
    pub(crate) fn handle(&mut self, id: ExchangeId, event: Event, place: Place) -> bool {
        let now = host::now();
        self.engine.handle(now, &mut SharedData, id, event, &mut self.effects);
        let is_held = self.carry_out(id, place, now);
        self.arm(now);
        is_held
    }

    /// A stream has ended. Nothing is kept of it, whatever state it ended in.
    pub(crate) fn gone(&mut self, id: ExchangeId) {
        self.calls.forget(id);
        self.held.remove(&id);
        if self.knows(id) {
            self.handle(id, Event::Gone, Place::Elsewhere);
        }
    }

    pub(crate) fn tick(&mut self) {
        let now = host::now();
        while let Some(id) = self.engine.handle_timeout(now, &mut SharedData, &mut self.effects) {
            self.carry_out(id, Place::Elsewhere, now);
        }
        self.metrics.hand_over(now);
        self.armed = None;
        self.arm(now);
    }

    /// A dispatched attempt has ended; its answer is what the host holds now.
    pub(crate) fn call_ended(&mut self, token: u32, header_count: usize) {
        let Some((id, attempt)) = self.calls.finish(token) else { return };
        let answer = calls::answer(header_count);
        self.handle(id, Event::CallAnswer { attempt, answer }, Place::Elsewhere);
    }

    fn carry_out(&mut self, id: ExchangeId, place: Place, now: Timestamp) -> bool {
        let mut is_held = false;
        // Some effects are questions, and their answers lead to more effects.
        while !self.effects.is_empty() {
            let mut reply = None;
            let mut effects = std::mem::take(&mut self.effects);
            for effect in effects.drain(..) {
                is_held |= self.one(id, effect, place, now, &mut reply);
            }
            if self.effects.is_empty() {
                self.effects = effects;
            }
            if let Some(event) = reply {
                self.engine.handle(now, &mut SharedData, id, event, &mut self.effects);
            }
        }
        is_held
    }

    fn one(
        &mut self,
        id: ExchangeId,
        effect: Effect,
        place: Place,
        now: Timestamp,
        reply: &mut Option<Event>,
    ) -> bool {
        match effect {
            Effect::HoldRequest => return true,
            Effect::CountBody => {
                // A host that does not count is asked again later: none we know of keeps bodies back.
                let received = body_received(id).unwrap_or_default();
                *reply = Some(Event::BodyCounted { received });
            }
            Effect::HoldResponse => {
                self.held.insert(id);
                return true;
            }
            Effect::PassRequest { remove } => {
                remove_request_headers(&remove);
                let_request_go(id, place);
            }
            Effect::Route { cluster, timeout, streams, set, remove, body } => {
                remove_request_headers(&remove);
                route(&cluster, timeout, streams, &set, body.as_deref());
                let_request_go(id, place);
            }
            Effect::Dispatch { attempt, cluster, headers, body, timeout } => {
                if !self.calls.start((id, attempt), &cluster, &headers, &body, timeout) {
                    *reply = Some(Event::CallAnswer { attempt, answer: calls::no_answer(Origin::Connect) });
                }
            }
            Effect::PassResponse { set } => {
                self.held.remove(&id);
                if place == Place::Response {
                    set_headers(MapType::HttpResponseHeaders, &set);
                } else if host::set_effective_context(id.0).is_ok() {
                    set_headers(MapType::HttpResponseHeaders, &set);
                    let _ = host::resume(StreamType::HttpResponse);
                }
            }
            Effect::Respond { status, headers, body } => {
                self.held.remove(&id);
                if place != Place::Elsewhere || host::set_effective_context(id.0).is_ok() {
                    let _ = host::respond(status, &headers, &body);
                }
                // The answer goes out after this callback; nothing else may slip past it.
                return true;
            }
            Effect::Log(decision) => log(&decision),
            Effect::Count(metric) => self.metrics.count(self.engine.config(), metric, now),
        }
        false
    }

    /// Sets ticks for the next deadline, and none while nothing waits.
    fn arm(&mut self, now: Timestamp) {
        let deadline = [self.engine.next_deadline(), self.metrics.due()].into_iter().flatten().min();
        if deadline == self.armed {
            return;
        }
        let millis = deadline.map_or(0, |deadline| {
            let wait = deadline.since(now);
            u32::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1)
        });
        host::set_tick_period(millis);
        self.armed = deadline;
    }
}

/// Lets a request go on that is held since an earlier callback than the one under way.
fn let_request_go(id: ExchangeId, place: Place) {
    if place != Place::Request && host::set_effective_context(id.0).is_ok() {
        let _ = host::resume(StreamType::HttpRequest);
    }
}

/// Bytes of a held request's body that have reached Envoy: it counts them, and those of the headers, before any filter
/// sees them.
fn body_received(id: ExchangeId) -> Option<u64> {
    host::set_effective_context(id.0).ok()?;
    let total = host::property("request\0total_size")?;
    let total = u64::from_le_bytes(*total.first_chunk()?);
    let headers = host::headers(MapType::HttpRequestHeaders);
    let sizes = headers.iter().map(|(name, value)| (name.len() + value.len()) as u64);
    Some(total.saturating_sub(sizes.sum()))
}

/// Changes the held request into the first attempt. A host call that fails here is about a stream that is gone.
fn route(cluster: &str, timeout: Duration, streams: bool, set: &HeaderList, body: Option<&[u8]>) {
    const MAP: MapType = MapType::HttpRequestHeaders;
    set_headers(MAP, set);
    let name = if streams { HEADERS_TIMEOUT } else { TIMEOUT };
    let _ = host::set_header(MAP, name, &millis(timeout).to_string());
    let _ = host::set_header(MAP, CLUSTER, cluster);
    if let Some(body) = body {
        let _ = host::replace_buffer(BufferType::HttpRequestBody, body);
        let _ = host::set_header(MAP, "content-length", &body.len().to_string());
    }
}

/// Whole milliseconds. Not `as_millis`: printing its 128 bits costs more than the host call.
fn millis(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000) + u64::from(time.subsec_millis())
}

fn set_headers(map: MapType, set: &HeaderList) {
    for (name, value) in set {
        let _ = host::set_header(map, name, value);
    }
}

fn remove_request_headers(names: &[String]) {
    for name in names {
        let _ = host::remove_header(MapType::HttpRequestHeaders, name);
    }
}

fn log(decision: &Decision) {
    let level = if decision.is_news() { LogLevel::Warn } else { LogLevel::Debug };
    host::log(level, &decision.to_string());
}

/// The answer whose headers the router has just delivered.
pub(crate) fn router_answer() -> Answer {
    let status = host::header(MapType::HttpResponseHeaders, ":status");
    let status = status.and_then(|status| String::from_utf8(status).ok()?.parse().ok()).unwrap_or_default();
    if status < 400 {
        return Answer {
            status,
            headers: seawall_core::Headers::default(),
            body: Vec::new(),
            origin: Origin::Provider,
        };
    }
    let headers = host::headers(MapType::HttpResponseHeaders);
    let details = host::property("response\0code_details").unwrap_or_default();
    Answer { status, headers, body: Vec::new(), origin: origin::of(&details).unwrap_or(Origin::Provider) }
}

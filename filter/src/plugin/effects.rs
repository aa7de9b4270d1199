//! What the engine wants done, as host calls.

use std::time::Duration;

use seawall_core::{
    Answer, Decision, Effect, Event, ExchangeId, Half, HeaderList, Origin, Pairs, Text, Ticket, Timestamp,
};

use super::{Place, Plugin};
use crate::calls::{self, Call, Question};
use crate::shared::SharedData;
use crate::types::{BufferType, LogLevel, MapType, StreamType};
use crate::{caller, halves, host};

/// What the names of the filter's own headers begin with.
const OWN: &str = "x-seawall-";
/// The request header that names the cluster; the route in Envoy's configuration reads it.
const CLUSTER: &str = "x-seawall-cluster";
/// Envoy's router gives up when the answer has not ended …
const TIMEOUT: &str = "x-envoy-upstream-rq-timeout-ms";
/// … or has not begun: once headers went downstream, this one stops counting, so that a stream may take its time.
const HEADERS_TIMEOUT: &str = "x-envoy-upstream-rq-per-try-timeout-ms";

impl Plugin {
    pub(super) fn carry_out(&mut self, id: ExchangeId, place: Place, now: Timestamp) -> bool {
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
        is_held || self.holds(id, place)
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
            Effect::TellSource => {
                // What no host tells comes from nowhere that a policy could name.
                let address = host::property("source\0address").unwrap_or_default();
                *reply = Some(Event::Source { address: String::from_utf8_lossy(&address).into_owned() });
            }
            Effect::TellCaller { claims, metadata } => {
                *reply = Some(Event::Caller { identity: caller::who(&claims, &metadata) });
            }
            Effect::CountBody => {
                // A host that does not count is asked again later: none we know of keeps bodies back.
                let received = body_received(self.context(id)).unwrap_or_default();
                *reply = Some(Event::BodyCounted { received });
            }
            Effect::StripRequest { remove } => remove_headers(MapType::Request, &remove),
            Effect::StripAnswer { remove } => {
                self.come_back(id, place);
                remove_headers(MapType::Response, &remove);
            }
            Effect::HoldAnswer(Half::Downstream) => {
                self.held.insert(id, ());
            }
            Effect::HoldAnswer(Half::Upstream { attempt }) => {
                if let Some(upstream) = self.upstream.get_mut(&(id, attempt)) {
                    upstream.is_held = true;
                }
            }
            Effect::PassRequest { remove } => {
                remove_headers(MapType::Request, &remove);
                self.let_request_go(id, place);
            }
            Effect::Route {
                attempt,
                cluster,
                total,
                headers,
                longest,
                is_held_whole,
                remove,
                set,
                add,
                body,
            } => {
                if place == Place::Request || host::set_effective_context(self.context(id)).is_ok() {
                    remove_headers(MapType::Request, &remove);
                    let token = self.clusters.token(Ticket { root: self.root, id, n: attempt }, &cluster);
                    let limits = match &token {
                        Some(_) if is_held_whole => (total, total),
                        Some(_) => (total, headers),
                        None => (longest, headers),
                    };
                    route(&cluster, limits, (&set, &add), token.as_deref(), body.as_deref());
                    self.let_request_go(id, place);
                }
            }
            Effect::Dispatch { attempt, cluster, mut headers, body, timeout, headers_timeout } => {
                if headers_timeout < timeout {
                    headers
                        .push((HEADERS_TIMEOUT.to_owned(), millis(headers_timeout).to_string().into_bytes()));
                }
                self.dispatch(id, Call { attempt, cluster, headers, body, timeout });
            }
            Effect::AskService { number, cluster, message, timeout } => {
                self.ask(id, Question { number, cluster, message, timeout });
            }
            Effect::PassAnswer { half, set } => self.pass_answer(id, half, &set, place),
            Effect::ReplaceBody { half, body } => {
                let (context, is_here) = self.answer_place(id, half, place);
                if is_here {
                    host::come_back(context);
                    self.bodies.replace(context, &body);
                } else if host::set_effective_context(context).is_ok() {
                    self.bodies.replace(context, &body);
                }
            }
            Effect::GiveUp { attempt } => {
                let upstream = self.upstream.get(&(id, attempt)).map(|upstream| upstream.context);
                if let Some(context) = upstream {
                    if host::set_effective_context(context).is_ok() {
                        let _ = host::respond(504, &[], b"");
                    }
                } else {
                    // Its cluster doesn't have the half, as nobody knew yet: what it would say is said here.
                    self.clusters.has_missed(id);
                    let answer = Answer { status: 504, ..calls::no_answer(Origin::Timeout) };
                    let half = Half::Downstream;
                    *reply = Some(Event::AnswerHeaders { half, answer, end_of_stream: true });
                }
            }
            Effect::BreakAnswer => {
                self.held.remove(&id);
                if host::set_effective_context(self.context(id)).is_ok() {
                    let _ = host::close(StreamType::Response);
                }
            }
            Effect::Reroute { attempt, origin } => {
                let token = halves::sealed(Ticket { root: self.root, id, n: attempt });
                let location = [&origin, halves::PATH, &token].concat();
                let set = [(":status".into(), "307".into()), ("location".into(), location.into())];
                self.held.remove(&id);
                self.pass_answer(id, Half::Upstream { attempt }, &set, place);
            }
            Effect::Respond { status, headers, body } => {
                self.held.remove(&id);
                let is_here = matches!(place, Place::Request | Place::Response);
                if is_here || host::set_effective_context(self.context(id)).is_ok() {
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

    /// The context that meets the answer at this half, and whether its callback is under way.
    pub(super) fn answer_place(&self, id: ExchangeId, half: Half, place: Place) -> (u32, bool) {
        match half {
            Half::Downstream => (self.context(id), place == Place::Response),
            Half::Upstream { attempt } => {
                let upstream = self.upstream.get(&(id, attempt));
                (upstream.map_or(id.0, |upstream| upstream.context), place == Place::Upstream { attempt })
            }
        }
    }

    /// Makes host calls mean the answer whose callback is under way: what was sent from here before has left another stream in
    /// effect.
    fn come_back(&self, id: ExchangeId, place: Place) {
        let half = match place {
            Place::Response => Half::Downstream,
            Place::Upstream { attempt } => Half::Upstream { attempt },
            Place::Request | Place::Elsewhere => return,
        };
        host::come_back(self.answer_place(id, half, place).0);
    }

    fn pass_answer(&mut self, id: ExchangeId, half: Half, set: &[(Text, Text)], place: Place) {
        let (context, is_here) = match half {
            Half::Downstream => {
                self.held.remove(&id);
                (self.context(id), place == Place::Response)
            }
            Half::Upstream { attempt } => {
                let Some(upstream) = self.upstream.get_mut(&(id, attempt)) else { return };
                upstream.is_held = false;
                (upstream.context, place == Place::Upstream { attempt })
            }
        };
        if is_here {
            host::come_back(context);
            set_headers(MapType::Response, set);
        } else if host::set_effective_context(context).is_ok() {
            set_headers(MapType::Response, set);
            let _ = host::resume(StreamType::Response);
            self.bodies.has_passed(context);
        }
    }

    /// Lets a request go on that is held since an earlier callback than the one under way.
    fn let_request_go(&self, id: ExchangeId, place: Place) {
        if place != Place::Request && host::set_effective_context(self.context(id)).is_ok() {
            let _ = host::resume(StreamType::Request);
        }
    }
}

/// Bytes of a held request's body that have reached Envoy: it counts them, and those of the headers, before any filter
/// sees them.
fn body_received(context: u32) -> Option<u64> {
    host::set_effective_context(context).ok()?;
    let total = host::property("request\0total_size")?;
    let total = u64::from_le_bytes(*total.first_chunk()?);
    let headers = host::headers(MapType::Request);
    let sizes = headers.iter().map(|(name, value)| (name.len() + value.len()) as u64);
    Some(total.saturating_sub(sizes.sum()))
}

/// Changes the held request into an attempt. A host call that fails here is about a stream that is gone.
fn route(
    cluster: &str,
    (total, headers): (Duration, Duration),
    (set, add): (&HeaderList, &Pairs),
    token: Option<&str>,
    body: Option<&[u8]>,
) {
    const MAP: MapType = MapType::Request;
    set_headers(MAP, set);
    for (name, value) in add {
        let _ = host::add_header(MAP, name, value);
    }
    let _ = host::set_header(MAP, TIMEOUT, &millis(total).to_string());
    if headers < total {
        let _ = host::set_header(MAP, HEADERS_TIMEOUT, &millis(headers).to_string());
    }
    let _ = host::set_header(MAP, CLUSTER, cluster);
    if let Some(token) = token {
        let _ = host::set_header(MAP, halves::HEADER, token);
    }
    if let Some(body) = body {
        let _ = host::replace_buffer(BufferType::RequestBody, body);
        let _ = host::set_header(MAP, "content-length", &body.len().to_string());
    }
}

/// Whole milliseconds. Not `as_millis`: printing its 128 bits costs more than the host call.
fn millis(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000) + u64::from(time.subsec_millis())
}

fn set_headers(map: MapType, set: &[(Text, Text)]) {
    for (name, value) in set {
        // Nobody else's headers of these names are there any more, and to look for others costs Envoy an index of them all.
        let _ = if matches!(map, MapType::Response) && name.starts_with(OWN) {
            host::add_header(map, name, value.as_bytes())
        } else {
            host::set_header(map, name, value)
        };
    }
}

fn remove_headers(map: MapType, names: &[String]) {
    for name in names {
        let _ = host::remove_header(map, name);
    }
}

fn log(decision: &Decision) {
    let level = if decision.is_news() { LogLevel::Warn } else { LogLevel::Debug };
    host::log(level, &decision.to_string());
}

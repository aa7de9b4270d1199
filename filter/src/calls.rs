//! Dispatched attempts, and questions to rate limit services: from the host's token to the exchange, and from the host's
//! answer to the core's.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::types::{BufferType, MapType};
use seawall_core::{Answer, ExchangeId, Headers, Origin, Pairs, Text};

use crate::{host, origin};

/// An attempt that is sent from here.
pub(crate) struct Call {
    pub(crate) attempt: u32,
    pub(crate) cluster: Text,
    pub(crate) headers: Pairs,
    pub(crate) body: Rc<Vec<u8>>,
    pub(crate) timeout: Duration,
}

/// A question to a rate limit service.
pub(crate) struct Question {
    pub(crate) number: u32,
    pub(crate) cluster: Text,
    pub(crate) message: Vec<u8>,
    pub(crate) timeout: Duration,
}

/// What rate limit services are called by.
const RATE_LIMIT: (&str, &str) = ("envoy.service.ratelimit.v3.RateLimitService", "ShouldRateLimit");

/// gRPC's status for what can't be reached.
pub(crate) const UNAVAILABLE: u32 = 14;

/// Longest answer of such a service that is taken from the host. The core reads none that is so long.
const MAX_ANSWER: usize = 64 * 1024;

/// What is under way, by token: the exchange it is for, and the attempt's or question's number.
#[derive(Default)]
pub(crate) struct Calls(BTreeMap<u32, (ExchangeId, u32)>);

impl Calls {
    /// Starts a call; `false` when the host will not (an unknown cluster, no connection to be had).
    pub(crate) fn start(&mut self, id: ExchangeId, call: &Call) -> bool {
        let Call { attempt, cluster, headers, body, timeout } = call;
        let Ok(token) = host::dispatch(cluster, headers, body, *timeout) else { return false };
        self.0.insert(token, (id, *attempt));
        true
    }

    /// Asks a service; `false` when the host will not.
    pub(crate) fn ask(&mut self, id: ExchangeId, question: &Question) -> bool {
        let Question { number, cluster, message, timeout } = question;
        let Ok(token) = host::grpc_call(cluster, RATE_LIMIT, message, *timeout) else { return false };
        self.0.insert(token, (id, *number));
        true
    }

    /// The exchange, and the attempt or question, whose answer has come.
    pub(crate) fn finish(&mut self, token: u32) -> Option<(ExchangeId, u32)> {
        self.0.remove(&token)
    }
}

/// The answer that the host holds now. Without headers there was none.
pub(crate) fn answer(header_count: usize) -> Answer {
    if header_count == 0 {
        return no_answer(Origin::Reset);
    }
    let headers = host::headers(MapType::CallResponse);
    let body = host::buffer(BufferType::CallBody);
    let status = headers.get(":status").and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, origin: origin(&headers, &body), headers, body }
}

/// The message that a service has answered with: the host holds it now.
pub(crate) fn message() -> Vec<u8> {
    host::buffer_part(BufferType::GrpcMessage, 0, MAX_ANSWER)
}

/// For an attempt that came to nothing.
pub(crate) fn no_answer(origin: Origin) -> Answer {
    Answer { status: 503, headers: Headers::default(), body: Vec::new(), origin }
}

/// Who made an answer. The host does not say, but its router marks what it got from a provider with the time that took,
/// and gives the reason for its own answers in their text.
fn origin(headers: &Headers, body: &[u8]) -> Origin {
    if headers.get("x-envoy-upstream-service-time").is_some() {
        return Origin::Provider;
    }
    origin::of(body).unwrap_or(Origin::Connect)
}

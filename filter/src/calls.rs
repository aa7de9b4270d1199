//! Dispatched attempts: from the host's token to the exchange, and from the host's answer to the core's.

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

/// Attempts under way, by token.
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

    /// The exchange and attempt whose answer has come.
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

//! Scripted providers: what comes back for one request, and when. The bytes are those of the simulated provider.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use seawall_provider::{Answer, Asked, Behaviour, End, OVERRIDE_HEADER, Plan, Reply, ScriptState};
use seawall_provider::{Sent, bad_override, reply};

use super::headers::HeaderMap;

/// One thing that comes back over the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Headers {
        status: u16,
        headers: Vec<(String, String)>,
        end: bool,
    },
    Data {
        bytes: Bytes,
        end: bool,
    },
    /// The connection is reset.
    Reset,
}

/// A request as a provider got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Received {
    /// What a provider on a real socket would remember of it.
    pub(crate) fn sent(&self) -> Sent {
        let path = self.headers.text(":path").unwrap_or("/");
        // The one header that HTTP/1 names otherwise.
        let host = self.headers.get(":authority").map(|value| ("host", value));
        let headers = self.headers.iter().filter(|(name, _)| !name.starts_with(':'));
        Sent::of(path, host.into_iter().chain(headers), &Asked::read(path, &self.body))
    }
}

/// One provider.
#[derive(Debug)]
pub(crate) struct Upstream {
    name: String,
    script: ScriptState,
    received: Vec<Received>,
}

impl Upstream {
    pub(crate) fn new(name: &str, plan: Plan) -> Self {
        Self { name: name.to_owned(), script: ScriptState::new(plan), received: Vec::new() }
    }

    pub(crate) fn set_plan(&mut self, plan: Plan) {
        self.script = ScriptState::new(plan);
    }

    /// How many requests it has seen; refused connections carry none.
    pub(crate) fn seen(&self) -> u32 {
        u32::try_from(self.received.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn received(&self) -> &[Received] {
        &self.received
    }

    /// What comes back, and how long after the request came. `None`: the connection is refused.
    pub(crate) fn take(
        &mut self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Option<Vec<(Duration, Piece)>> {
        if self.script.is_refused() {
            return None;
        }
        self.received.push(Received { headers: headers.clone(), body: body.to_vec() });
        let behaviour = match headers.get(OVERRIDE_HEADER).map(Behaviour::from_override) {
            None => self.script.advance()?,
            Some(Ok(behaviour)) => behaviour,
            Some(Err(reason)) => {
                let (none, wrong) = (Duration::ZERO, bad_override(&reason));
                return Some(paced(wrong, none, none, none));
            }
        };
        let path = headers.text(":path").unwrap_or("/");
        let answer = match reply(&self.name, &behaviour, &Asked::read(path, body).at(now)) {
            Reply::Hang => return Some(Vec::new()),
            Reply::Reset => return Some(vec![(behaviour.latency, Piece::Reset)]),
            Reply::Answer(answer) => answer,
        };
        let (first, between) = match answer.stream {
            true => (behaviour.first_token, behaviour.between_tokens),
            false => (Duration::ZERO, Duration::ZERO),
        };
        Some(paced(answer, behaviour.latency, first, between))
    }
}

fn paced(answer: Answer, latency: Duration, first: Duration, between: Duration) -> Vec<(Duration, Piece)> {
    let Answer { status, headers, chunks, end, stream } = answer;
    let empty = !stream && end == End::Complete && chunks.iter().all(Bytes::is_empty);
    let mut pieces = vec![(latency, Piece::Headers { status, headers, end: empty })];
    if empty {
        return pieces;
    }
    let mut time = latency + first;
    for (index, bytes) in chunks.into_iter().enumerate() {
        if index > 0 {
            time += between;
        }
        pieces.push((time, Piece::Data { bytes, end: false }));
    }
    // As HTTP/1 does it: the end is a thing of its own, after the last bytes.
    match end {
        End::Complete => pieces.push((time, Piece::Data { bytes: Bytes::new(), end: true })),
        End::Cut => pieces.push((time, Piece::Reset)),
        End::Open => {}
    }
    pieces
}

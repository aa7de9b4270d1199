//! The way of a routed attempt's answer through the host: the upstream half, the router, the downstream half, the client.
//!
//! As Envoy does it, and as the simulated one of the test host does, which is held against it: what a filter holds stays with
//! it, headers and body; what it lets go in a callback goes on when that returns.

use std::collections::BTreeMap;

use seawall_core::{Answer, Event, ExchangeId, Half, Headers, Origin, Timestamp};

use super::client::{End, From, Got};
use super::fate::{Piece, Stand};
use super::{Later, World};

/// A routed attempt under way.
#[derive(Debug)]
pub(super) struct Wire {
    /// Its number.
    pub(super) attempt: usize,
    /// What the upstream half has of its answer; nothing where that half isn't installed.
    pub(super) upstream: Option<Side>,
    /// The router has its headers.
    pub(super) is_answered: bool,
    /// And all of it: no timer of the host's runs any more.
    pub(super) is_done: bool,
}

/// An answer at one half of the filter.
#[derive(Debug, Default)]
pub(super) struct Side {
    gate: Gate,
    status: u16,
    headers: Headers,
    /// Set by the filter.
    pub(super) set: Vec<(String, String)>,
    /// The filter wants it held.
    pub(super) is_held: bool,
    body: Vec<u8>,
    /// Some of it has come.
    has_body: bool,
    is_body_held: bool,
    has_ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    /// Nothing has come yet.
    #[default]
    Empty,
    Asking,
    Held,
    Open,
}

impl Side {
    pub(super) fn has_begun(&self) -> bool {
        self.gate != Gate::Empty
    }

    /// Puts this in the place of the body that is held, or that has just come; or where more of it would come.
    pub(super) fn replace(&mut self, body: Vec<u8>, is_here: bool) {
        assert!(is_here || self.has_body, "there is no body to replace");
        self.body = body;
        self.is_body_held |= !is_here;
    }
}

impl World {
    pub(super) fn side(&mut self, id: u32, half: Half) -> Option<&mut Side> {
        let request = self.requests.get_mut(&id).filter(|request| !request.is_over)?;
        match half {
            Half::Downstream => Some(&mut request.downstream),
            Half::Upstream { attempt } => {
                let wire = request.wire.as_mut().filter(|wire| wire.attempt == attempt as usize)?;
                wire.upstream.as_mut()
            }
        }
    }

    /// Something comes from the provider of a routed attempt.
    pub(super) fn piece(&mut self, id: u32, piece: Piece) {
        let Some(wire) = &self.requests[&id].wire else { return };
        let (attempt, has_upstream) = (wire.attempt, wire.upstream.is_some());
        let half = if has_upstream { Half::Upstream { attempt: attempt as u32 } } else { Half::Downstream };
        match piece {
            Piece::Headers { status, headers } => {
                if half == Half::Downstream {
                    self.wire_mut(id).is_answered = true;
                }
                self.headers_come(id, half, (status, headers, Origin::Provider));
            }
            Piece::Data { bytes, end } => self.body_comes(id, half, &bytes, end),
            Piece::Refused(origin) => self.fail(id, Stand { status: 503, origin, broke: false }),
            Piece::Reset => {
                let broke = self.wire_mut(id).is_answered;
                let status = if broke || self.has_held(id) { 502 } else { 503 };
                self.fail(id, Stand { status, origin: Origin::Reset, broke });
            }
        }
    }

    fn wire_mut(&mut self, id: u32) -> &mut Wire {
        self.requests.get_mut(&id).and_then(|request| request.wire.as_mut()).expect("a wire")
    }

    fn has_held(&self, id: u32) -> bool {
        let upstream = self.requests[&id].wire.as_ref().and_then(|wire| wire.upstream.as_ref());
        upstream.is_some_and(Side::has_begun)
    }

    fn headers_come(&mut self, id: u32, half: Half, (status, headers, origin): (u16, Headers, Origin)) {
        let Some(side) = self.side(id, half) else { return };
        assert!(!side.has_begun(), "two answers at {half:?}");
        (side.gate, side.status, side.headers) = (Gate::Asking, status, headers.clone());
        let answer = Answer { status, headers, body: Vec::new(), origin };
        self.within(id, half, Event::AnswerHeaders { half, answer, end_of_stream: false });
        let Some(side) = self.side(id, half) else { return };
        if side.is_held {
            side.gate = Gate::Held;
        } else {
            self.pass_headers(id, half);
        }
    }

    fn body_comes(&mut self, id: u32, half: Half, bytes: &[u8], end: bool) {
        let request = self.requests.get_mut(&id).expect("known");
        if let Some(wire) = request.wire.as_mut().filter(|_| half == Half::Downstream) {
            wire.is_done |= end;
        }
        let Some(side) = self.side(id, half) else { return };
        if !side.is_body_held {
            side.body.clear();
        }
        side.body.extend(bytes);
        side.has_ended |= end;
        side.has_body = true;
        let engine = &self.workers[self.requests[&id].engine];
        if let Some(reads) = engine.reads(ExchangeId(id), half) {
            let body = &self.side(id, half).expect("still there").body;
            let stop = body.len().min(reads.start.saturating_add(reads.max));
            let chunk = body[reads.start.min(stop)..stop].to_vec();
            let buffered = body.len();
            self.within(id, half, Event::AnswerBody { half, chunk, buffered, end_of_stream: end });
        }
        let Some(side) = self.side(id, half) else { return };
        side.is_body_held = side.is_held;
        if !side.is_held {
            if side.gate == Gate::Held {
                self.pass_headers(id, half);
            }
            self.pass_body(id, half);
        }
    }

    /// A callback of one half.
    fn within(&mut self, id: u32, half: Half, event: Event) {
        let outer = self.callback.replace((id, half));
        assert!(outer.is_none(), "callbacks don't nest");
        self.handle(id, event);
        self.callback = None;
        self.finish_calls();
    }

    /// The filter lets go of what it holds since an earlier callback.
    pub(super) fn resume(&mut self, id: u32, half: Half) {
        let Some(side) = self.side(id, half).filter(|side| side.has_begun()) else { return };
        let has_body = std::mem::take(&mut side.is_body_held);
        if side.gate == Gate::Held {
            self.pass_headers(id, half);
        }
        if has_body {
            self.pass_body(id, half);
        }
    }

    fn pass_headers(&mut self, id: u32, half: Half) {
        let now = self.now;
        let Some(side) = self.side(id, half) else { return };
        side.gate = Gate::Open;
        let (status, headers, set) = (side.status, side.headers.clone(), side.set.clone());
        // In place of what the provider has under that name.
        let headers: BTreeMap<_, _> = text(&headers).chain(set).collect();
        if half != Half::Downstream {
            let headers = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            self.wire_mut(id).is_answered = true;
            return self.headers_come(id, Half::Downstream, (status, headers, Origin::Provider));
        }
        let got =
            Got { status, headers, body: String::new(), at: now, done: None, end: None, from: From::Router };
        self.answer(id, got);
    }

    fn pass_body(&mut self, id: u32, half: Half) {
        let now = self.now;
        let Some(side) = self.side(id, half) else { return };
        let (body, end) = (std::mem::take(&mut side.body), side.has_ended);
        if half != Half::Downstream {
            return self.body_comes(id, Half::Downstream, &body, end);
        }
        let request = self.requests.get_mut(&id).expect("known");
        let got = request.answers.last_mut().expect("begun");
        got.more(&body, now);
        if let Some(wire) = request.wire.as_ref().filter(|_| request.streams && got.has_content()) {
            request.attempts[wire.attempt - 1].heard.get_or_insert(now);
        }
        if end {
            self.finish(id, End::Orderly, false);
        }
    }

    /// No answer of the provider's will come, or no more of it: the host says something in its place. Through the filter
    /// while nothing else is there; past it, when that is held; and the connection breaks where the client has a part.
    pub(super) fn fail(&mut self, id: u32, stand: Stand) {
        let Stand { status, origin, broke } = stand;
        let now = self.now;
        let request = self.requests.get_mut(&id).expect("known");
        if let Some(wire) = request.wire.take() {
            request.attempts[wire.attempt - 1].cancel(now);
        }
        if !request.answers.is_empty() {
            return self.finish(id, End::Broken, broke);
        }
        let headers: Headers = [("content-type", "text/plain")].into_iter().collect();
        if !request.downstream.has_begun() {
            self.headers_come(id, Half::Downstream, (status, headers, origin));
            return self.body_comes(id, Half::Downstream, b"upstream connect error", true);
        }
        let headers = text(&headers).collect();
        let (body, from) = (String::new(), From::Host);
        self.answer(id, Got { status, headers, body, at: now, done: None, end: None, from });
        self.finish(id, End::Orderly, broke);
    }

    /// The client gets an answer.
    pub(super) fn answer(&mut self, id: u32, got: Got) {
        let request = self.requests.get_mut(&id).expect("known");
        assert!(request.answers.is_empty(), "a second answer for exchange {id}: {got:?}");
        request.answers.push(got);
    }

    /// A client's stream is over; `broke`: the host's log says that the provider broke it.
    pub(super) fn finish(&mut self, id: u32, end: End, broke: bool) {
        let now: Timestamp = self.now;
        let request = self.requests.get_mut(&id).expect("known");
        if std::mem::replace(&mut request.is_over, true) {
            return;
        }
        if let Some(got) = request.answers.last_mut() {
            got.ends(end, now);
        }
        if let Some(wire) = request.wire.take() {
            request.attempts[wire.attempt - 1].cancel(now);
        }
        self.later.push_back((id, Later::Closed { broke }));
    }
}

fn text(headers: &Headers) -> impl Iterator<Item = (String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(move |(name, value)| (text(name), text(value)))
}

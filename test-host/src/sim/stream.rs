//! One HTTP stream through the filter: headers and body pass it in both directions, and it may hold them back, change
//! them, or answer in their place.
//!
//! A direction is in one of these states:
//!
//! | gate | headers | body |
//! |---|---|---|
//! | `Asking` | the filter is being asked, or nothing has come yet | |
//! | `Held` | held back | comes to the filter, which may hold it too |
//! | `Stopped` | held back | waits outside (a host without `allow_on_headers_stop_iteration`) |
//! | `Open` | have passed | comes to the filter, which may hold it |

use std::time::Duration;

use anyhow::Context;

use super::abi::Direction;
use super::headers::HeaderMap;
use super::journal::Source;
use super::router::{Route, check_length};
use super::state::{Half, HttpContext, LocalReply};
use super::vm::Verdict;
use super::world::{StreamId, World};
use crate::scenario::Wire;

/// What one read of Envoy's takes from a connection.
const READ: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    #[default]
    Asking,
    Held,
    Stopped,
    Open,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    gate: Gate,
    started: bool,
    /// Nothing passes any more: another answer has taken its place.
    closed: bool,
    /// Whether the headers were all.
    headers_end: bool,
    body_held: bool,
    held_end: bool,
    /// What waits outside while stopped, and whether that is the end.
    waiting: Option<(Vec<u8>, bool)>,
}

/// What the client has got so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn started(&self) -> bool {
        self.status != 0
    }
}

/// A stream that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) client: Client,
    pub(crate) complete: bool,
    pub(crate) time: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Stream {
    request: Side,
    response: Side,
    pub(super) route: Option<Route>,
    pub(super) upstream_body: Vec<u8>,
    pub(super) exchange: Option<u64>,
    pub(super) client: Client,
}

impl Stream {
    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

impl World {
    /// A client sends a request; it is all there at once.
    pub(super) fn begin(&mut self, worker: usize, wire: &Wire) -> anyhow::Result<StreamId> {
        let size = wire.body.len();
        self.note(Source::Client, format!("{} {} ({size} bytes) -> worker={worker}", wire.method, wire.path));
        let vm = self.vm(worker)?;
        let context = vm.next_context();
        let request_id = format!("00000000-0000-4000-8000-{worker:04x}{context:08x}");
        let mut http = HttpContext { request_id: request_id.clone(), ..HttpContext::default() };
        http.request.headers = request_headers(wire, &request_id);
        vm.host().streams.insert(context, http);
        self.enter(worker, super::vm::Vm::create_stream, |id| {
            format!("worker={worker} context={id} created")
        })?;
        self.settle(worker)?;
        let id = StreamId { worker, context };
        self.streams.insert(id, Stream::default());
        self.headers(id, Direction::Request, wire.body.is_empty())?;
        for chunk in wire.body.chunks(READ) {
            self.data(id, Direction::Request, chunk, false)?;
        }
        // As HTTP/1 does it: the end is a thing of its own, after the last bytes.
        if !wire.body.is_empty() {
            self.data(id, Direction::Request, &[], true)?;
        }
        Ok(id)
    }

    pub(super) fn headers(&mut self, id: StreamId, direction: Direction, end: bool) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        (side.started, side.headers_end) = (true, end);
        let half = self.half(id, direction)?;
        half.visible = true;
        let count = half.headers.len();
        let StreamId { worker, context } = id;
        let verdict = self.enter(
            worker,
            |vm| vm.on_headers(context, direction, count, end),
            |verdict| {
                format!("context={context} on_{direction}_headers count={count} end={end} -> {verdict}")
            },
        )?;
        self.settle(worker)?;
        let held = if self.body_while_paused { Gate::Held } else { Gate::Stopped };
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        if verdict == Verdict::Pause {
            side.gate = held;
            return Ok(());
        }
        self.half(id, direction)?.visible = false;
        self.pass_headers(id, direction)
    }

    pub(super) fn data(
        &mut self,
        id: StreamId,
        direction: Direction,
        bytes: &[u8],
        end: bool,
    ) -> anyhow::Result<()> {
        if self.open_side(id, direction).is_some() {
            self.half(id, direction)?.received += bytes.len();
        }
        self.deliver(id, direction, bytes, end)
    }

    fn deliver(&mut self, id: StreamId, direction: Direction, bytes: &[u8], end: bool) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        if side.gate == Gate::Stopped {
            let (waiting, waiting_end) = side.waiting.get_or_insert_default();
            waiting.extend(bytes);
            *waiting_end |= end;
            return Ok(());
        }
        let fresh = !side.body_held;
        let body = &mut self.half(id, direction)?.body;
        if fresh {
            body.clear();
        }
        body.extend(bytes);
        let size = body.len();
        let StreamId { worker, context } = id;
        let verdict = self.enter(
            worker,
            |vm| vm.on_body(context, direction, size, end),
            |verdict| format!("context={context} on_{direction}_body size={size} end={end} -> {verdict}"),
        )?;
        self.settle(worker)?;
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        if verdict == Verdict::Pause {
            (side.body_held, side.held_end) = (true, end);
            return Ok(());
        }
        side.body_held = false;
        if side.gate == Gate::Held {
            self.pass_headers(id, direction)?;
        }
        self.pass_body(id, direction, end)
    }

    /// The filter lets go of what it holds.
    pub(super) fn resume(&mut self, id: StreamId, direction: Direction) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        if side.gate == Gate::Asking {
            return Ok(());
        }
        let (held, end) = (std::mem::take(&mut side.body_held), side.held_end);
        let waiting = side.waiting.take();
        if side.gate != Gate::Open {
            self.pass_headers(id, direction)?;
        }
        if held {
            self.pass_body(id, direction, end)?;
        }
        match waiting {
            Some((bytes, end)) => self.deliver(id, direction, &bytes, end),
            None => Ok(()),
        }
    }

    fn pass_headers(&mut self, id: StreamId, direction: Direction) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        side.gate = Gate::Open;
        let end = side.headers_end;
        match direction {
            Direction::Request => {
                self.route(id)?;
                if end { self.send_stream(id) } else { Ok(()) }
            }
            Direction::Response => {
                let headers = self.half(id, Direction::Response)?.headers.clone();
                self.client_headers(id, &headers);
                if end { self.finish(id, true) } else { Ok(()) }
            }
        }
    }

    fn pass_body(&mut self, id: StreamId, direction: Direction, end: bool) -> anyhow::Result<()> {
        if self.open_side(id, direction).is_none() {
            return Ok(());
        }
        let body = std::mem::take(&mut self.half(id, direction)?.body);
        let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
        match direction {
            Direction::Request => {
                stream.upstream_body.extend(body);
                if end { self.send_stream(id) } else { Ok(()) }
            }
            Direction::Response => {
                stream.client.body.extend(&body);
                if !body.is_empty() {
                    self.note(Source::Client, format!("got {} bytes", body.len()));
                }
                if end { self.finish(id, true) } else { Ok(()) }
            }
        }
    }

    /// An answer that no upstream gave, in one of Envoy's three ways: through the filter while no other answer is there;
    /// past it, when one is held; and not at all, when the client has already seen one begin.
    pub(super) fn local_reply(&mut self, id: StreamId, reply: LocalReply) -> anyhow::Result<()> {
        let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
        if stream.client.started() {
            return self.finish(id, false);
        }
        stream.request.closed = true;
        let past = std::mem::replace(&mut stream.response.started, true);
        stream.response.closed = past;
        if let Some(exchange) = stream.exchange.take() {
            self.cancel(exchange);
        }
        let way = if past { "past the filter" } else { "through the filter" };
        self.note(Source::Envoy, format!("local reply {} {way} ({})", reply.status, reply.details));
        self.set_details(id, &reply.details, reply.flags)?;
        let (headers, body) = reply.with_headers();
        if past {
            self.client_headers(id, &headers);
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.client.body = body;
            }
            return self.finish(id, true);
        }
        self.half(id, Direction::Response)?.headers = headers;
        self.headers(id, Direction::Response, body.is_empty())?;
        if body.is_empty() { Ok(()) } else { self.data(id, Direction::Response, &body, true) }
    }

    fn client_headers(&mut self, id: StreamId, headers: &HeaderMap) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let status = headers.status().unwrap_or_default();
        let plain = headers.iter().filter(|(name, _)| !name.starts_with(':'));
        let mut plain: Vec<(String, String)> = plain
            .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()))
            .collect();
        plain.push(("server".to_owned(), "envoy".to_owned()));
        (stream.client.status, stream.client.headers) = (status, plain);
        self.note(Source::Client, format!("got headers status={status}"));
    }

    /// The stream is over: log, then done, then delete.
    pub(super) fn finish(&mut self, id: StreamId, complete: bool) -> anyhow::Result<()> {
        let Some(stream) = self.streams.remove(&id) else { return Ok(()) };
        if let Some(exchange) = stream.exchange {
            self.cancel(exchange);
        }
        let (time, client) = (self.now(), stream.client);
        if complete {
            let sent = client.headers.iter().map(|(name, value)| (name, value));
            check_length("answer", &HeaderMap::from_pairs(sent), client.body.len())?;
        }
        let how = if complete { "complete" } else { "broken off" };
        self.note(Source::Client, format!("answer {how}"));
        self.finished.insert(id, Finished { client, complete, time });

        let StreamId { worker, context } = id;
        self.set_logging(id, true);
        self.enter(worker, |vm| vm.on_log(context), |()| format!("context={context} on_log"))?;
        self.set_logging(id, false);
        self.settle(worker)?;
        self.enter(worker, |vm| vm.on_done(context), |()| format!("context={context} on_done"))?;
        self.settle(worker)?;
        self.enter(worker, |vm| vm.on_delete(context), |()| format!("context={context} on_delete"))?;
        self.vm(worker)?.host().streams.remove(&context);
        self.settle(worker)
    }

    fn set_logging(&mut self, id: StreamId, logging: bool) {
        if let Ok(vm) = self.vm(id.worker)
            && let Some(http) = vm.host().streams.get_mut(&id.context)
        {
            http.logging = logging;
        }
    }

    pub(super) fn set_details(&mut self, id: StreamId, details: &str, flags: u64) -> anyhow::Result<()> {
        let http = self.http(id)?;
        (http.details, http.flags) = (details.to_owned(), flags);
        Ok(())
    }

    pub(super) fn half(&mut self, id: StreamId, direction: Direction) -> anyhow::Result<&mut Half> {
        Ok(self.http(id)?.half(direction))
    }

    fn http(&mut self, id: StreamId) -> anyhow::Result<&mut HttpContext> {
        self.vm(id.worker)?.host().streams.get_mut(&id.context).context("a stream without its context")
    }

    /// The direction, unless the stream has ended or something else was answered.
    fn open_side(&mut self, id: StreamId, direction: Direction) -> Option<&mut Side> {
        let side = self.streams.get_mut(&id)?.side(direction);
        (!side.closed).then_some(side)
    }
}

impl LocalReply {
    /// As it goes out: with status, length and, unless given, a type.
    pub(super) fn with_headers(self) -> (HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::from_pairs([(":status", self.status.to_string())]);
        self.headers.iter().for_each(|(name, value)| headers.add(name, value));
        if self.body.is_empty() {
            headers.remove("content-type");
            headers.set("content-length", b"0");
        } else {
            headers.set("content-length", self.body.len().to_string().as_bytes());
            if headers.get("content-type").is_none() {
                headers.add("content-type", b"text/plain");
            }
        }
        (headers, self.body)
    }
}

fn request_headers(wire: &Wire, request_id: &str) -> HeaderMap {
    let mut headers = HeaderMap::from_pairs([
        (":authority", "seawall.test"),
        (":path", &wire.path),
        (":method", &wire.method),
        (":scheme", "http"),
    ]);
    wire.headers.iter().for_each(|(name, value)| headers.add(name, value.as_bytes()));
    if !wire.body.is_empty() {
        headers.add("content-length", wire.body.len().to_string().as_bytes());
    }
    headers.add("x-forwarded-proto", b"http");
    headers.add("x-request-id", request_id.as_bytes());
    headers
}

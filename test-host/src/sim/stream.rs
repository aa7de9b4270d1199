//! One request of a client: how it comes in, and what the client gets.

use std::time::Duration;

use super::abi::Direction;
use super::headers::HeaderMap;
use super::journal::Source;
use super::path::normalized;
use super::pipe::{Pipe, Place};
use super::router::check_length;
use super::state::HttpContext;
use super::world::{StreamId, World};
use crate::scenario::{AUTHORITY, ToMetadata, Wire};

/// What one read of Envoy's takes from a connection.
const READ: usize = 16 * 1024;

/// What Envoy takes out of a request from outside, which is every one to the shipped configuration: none but a caller inside of
/// its `internal_address_config` may say such things.
const OF_ENVOY: [&str; 18] = [
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-max-retries",
    "x-envoy-original-path",
    "x-envoy-original-url",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
];

/// Where Envoy says where a request comes from.
pub(super) const EXTERNAL_ADDRESS: &str = "x-envoy-external-address";

/// A bit of `response.flags`.
const CLIENT_GONE: u64 = 1 << 14;

/// What the client has got so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) first_byte: Option<Duration>,
}

impl Client {
    pub(crate) fn started(&self) -> bool {
        self.status != 0
    }
}

/// Where a filter finds in the metadata what a header said, and how: Envoy hands numbers over as doubles, little endian.
fn metadata(put: &ToMetadata, said: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let path = ["metadata", "filter_metadata", &put.namespace, &put.key].join("\0");
    let value = if put.is_number {
        said.parse::<f64>().ok()?.to_le_bytes().to_vec()
    } else {
        said.as_bytes().to_vec()
    };
    Some((path.into_bytes(), value))
}

/// A stream that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) client: Client,
    pub(crate) complete: bool,
    /// The client left before the end.
    pub(crate) left: bool,
    pub(crate) time: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Which of the clients' requests it is; a redirect gives that another stream.
    pub(super) request: u64,
    pub(super) redirects: u32,
    /// Its route follows redirects.
    pub(super) follows: bool,
    /// What the filter has let through, whether all of it, and where it went.
    pub(super) body: Vec<u8>,
    pub(super) whole: bool,
    pub(super) exchange: Option<u64>,
    pub(super) client: Client,
}

impl World {
    /// A client sends a request; it is all there at once. Its number stands for it from here on.
    pub(super) fn begin(&mut self, worker: usize, wire: &Wire) -> anyhow::Result<u64> {
        let size = wire.body.len();
        self.note(Source::Client, format!("{} {} ({size} bytes) -> worker={worker}", wire.method, wire.path));
        self.last_request += 1;
        let request = self.last_request;
        let request_id = format!("00000000-0000-4000-8000-{worker:04x}{request:08x}");
        let Some(path) = normalized(&wire.path) else {
            self.note(Source::Envoy, "refuses the path: answers 400".to_owned());
            self.finished_at_once(request, 400);
            return Ok(request);
        };
        let headers = request_headers(wire, &path, &request_id);
        let stream = Stream { request, ..Stream::default() };
        let Some(machine) = self.serving(worker)? else {
            self.note(Source::Envoy, format!("worker={worker} has no VM: answers 503"));
            self.finished_at_once(request, 503);
            return Ok(request);
        };
        let id = self.open_stream(machine, stream, headers, &request_id)?;
        self.headers(id, Direction::Request, wire.body.is_empty())?;
        for chunk in wire.body.chunks(READ) {
            self.data(id, Direction::Request, chunk, false)?;
        }
        // As HTTP/1 does it: the end is a thing of its own, after the last bytes.
        if !wire.body.is_empty() {
            self.data(id, Direction::Request, &[], true)?;
        }
        Ok(request)
    }

    /// Envoy answers with this status, past all filters.
    fn finished_at_once(&mut self, request: u64, status: u16) {
        let client = Client { status, ..Client::default() };
        self.finished.insert(request, Finished { client, complete: true, left: false, time: self.now() });
    }

    /// The client closes its connection, if it still waits.
    pub(super) fn leave(&mut self, request: u64) -> anyhow::Result<()> {
        let Some((id, _)) = self.streams.iter().find(|(_, stream)| stream.request == request) else {
            return Ok(());
        };
        let id = *id;
        self.note(Source::Client, "leaves".to_owned());
        self.set_details(id, "downstream_remote_disconnect", CLIENT_GONE)?;
        self.finish(id, false)?;
        if let Some(finished) = self.finished.get_mut(&request) {
            finished.left = true;
        }
        Ok(())
    }

    /// A stream and its context, before anything has reached the filter.
    pub(super) fn open_stream(
        &mut self,
        machine: usize,
        stream: Stream,
        headers: HeaderMap,
        request_id: &str,
    ) -> anyhow::Result<StreamId> {
        let root = self.root(machine);
        let mut http = HttpContext { root, request_id: request_id.to_owned(), ..HttpContext::default() };
        let said = self.metadata.iter().filter_map(|put| metadata(put, headers.text(&put.header)?));
        http.properties.extend(said);
        http.request.headers = headers;
        let id = self.open_context(machine, http, Place::Downstream)?;
        self.streams.insert(id, stream);
        Ok(id)
    }

    pub(super) fn open_context(
        &mut self,
        machine: usize,
        http: HttpContext,
        place: Place,
    ) -> anyhow::Result<StreamId> {
        let host = self.vm(machine)?.host();
        let (context, root) = (host.new_context(), http.root);
        host.streams.insert(context, http);
        self.enter(
            machine,
            |vm| vm.create_context(context, root),
            |()| format!("worker={machine} context={context} created"),
        )?;
        let id = StreamId { machine, context };
        self.pipes.insert(id, Pipe::new(place));
        self.settle(machine)?;
        Ok(id)
    }

    pub(super) fn client_headers(
        &mut self,
        id: StreamId,
        headers: &HeaderMap,
        end: bool,
    ) -> anyhow::Result<()> {
        let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
        let status = headers.status().unwrap_or_default();
        let plain = headers.iter().filter(|(name, _)| !name.starts_with(':'));
        let mut plain: Vec<(String, String)> = plain
            .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()))
            .collect();
        plain.push(("server".to_owned(), "envoy".to_owned()));
        (stream.client.status, stream.client.headers) = (status, plain);
        self.note(Source::Client, format!("got headers status={status}"));
        if end { self.finish(id, true) } else { Ok(()) }
    }

    pub(super) fn client_body(&mut self, id: StreamId, body: &[u8], end: bool) -> anyhow::Result<()> {
        let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
        if !body.is_empty() {
            stream.client.body.extend(body);
            stream.client.first_byte.get_or_insert(self.clock.elapsed());
            self.note(Source::Client, format!("got {} bytes", body.len()));
        }
        if end { self.finish(id, true) } else { Ok(()) }
    }

    /// The stream is over: log, then done, then delete; what still runs for it at a provider is cancelled after that.
    pub(super) fn finish(&mut self, id: StreamId, complete: bool) -> anyhow::Result<()> {
        let Some(stream) = self.streams.remove(&id) else { return Ok(()) };
        self.pipes.remove(&id);
        let (time, client) = (self.now(), stream.client);
        if complete {
            let sent = client.headers.iter().map(|(name, value)| (name, value));
            check_length("answer", &HeaderMap::from_pairs(sent), client.body.len())?;
        }
        let how = if complete { "complete" } else { "broken off" };
        self.note(Source::Client, format!("answer {how}"));
        self.finished.insert(stream.request, Finished { client, complete, left: false, time });
        self.close_context(id, true)?;
        match stream.exchange {
            Some(exchange) => self.cancel(exchange),
            None => Ok(()),
        }
    }
}

fn request_headers(wire: &Wire, path: &str, request_id: &str) -> HeaderMap {
    let mut headers = HeaderMap::from_pairs([
        (":authority", AUTHORITY),
        (":path", path),
        (":method", &wire.method),
        (":scheme", "http"),
    ]);
    let believed = wire.headers.iter().filter(|(name, _)| !OF_ENVOY.contains(&name.as_str()));
    believed.for_each(|(name, value)| headers.add(name, value.as_bytes()));
    if !wire.body.is_empty() {
        headers.add("content-length", wire.body.len().to_string().as_bytes());
    }
    headers.set("x-forwarded-proto", b"http");
    headers.set(EXTERNAL_ADDRESS, b"127.0.0.1");
    headers.add("x-request-id", request_id.as_bytes());
    headers
}

//! A request between the router and a provider, through the upstream half where that is installed.

use std::time::Duration;

use super::abi::Direction;
use super::headers::HeaderMap;
use super::journal::Source;
use super::pipe::{Pipe, Place};
use super::reply::Failure;
use super::router::{CallId, Owner, Timeouts, check_length};
use super::state::{Call, Entered, HttpContext};
use super::upstream::Piece;
use super::world::{Event, StreamId, World};

/// One way between Envoy and a provider. Not zero, so that an order which only holds on an instant network shows.
const HOP: Duration = Duration::from_millis(1);

/// A request on its way to a provider, until its answer has ended.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(super) owner: Owner,
    cluster: String,
    /// What the provider gets; the body as far as it has passed.
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
    pub(super) timeouts: Timeouts,
    filter: Option<StreamId>,
    /// It has a connection, and counts as one of the cluster's requests.
    is_under_way: bool,
    /// Whether the provider has begun to answer.
    began: bool,
    /// The answer's headers, once the router has them, and of a call the body so far.
    pub(super) answered: Option<(HeaderMap, Vec<u8>)>,
}

impl World {
    pub(super) fn open_exchange(&mut self, owner: Owner, cluster: String, timeouts: Timeouts) -> u64 {
        self.last_exchange += 1;
        let exchange = Exchange {
            owner,
            cluster,
            headers: HeaderMap::default(),
            body: Vec::new(),
            timeouts,
            filter: None,
            is_under_way: false,
            began: false,
            answered: None,
        };
        self.exchanges.insert(self.last_exchange, exchange);
        self.last_exchange
    }

    /// The upstream half gets the request's headers, if there is one.
    pub(super) fn start_exchange(
        &mut self,
        exchange: u64,
        headers: HeaderMap,
        end: bool,
    ) -> anyhow::Result<()> {
        let Some(Owner::Stream(StreamId { machine, .. })) = self.owner(exchange) else { return Ok(()) };
        let cluster = self.exchanges.get(&exchange).map(|open| open.cluster.clone()).unwrap_or_default();
        let host = self.vm(machine)?.host();
        let half = host.upstream_half.as_ref().filter(|_| !host.lacks_upstream_half.contains(&cluster));
        let Some(root) = half.map(|half| half.root) else {
            return self.send_headers(exchange, headers, end);
        };
        let mut http = HttpContext { root, upstream: true, ..HttpContext::default() };
        http.request_id = headers.text("x-request-id").unwrap_or_default().to_owned();
        http.request.headers = headers;
        let id = self.open_context(machine, http, Place::Upstream { exchange })?;
        if let Some(open) = self.exchanges.get_mut(&exchange) {
            open.filter = Some(id);
        }
        self.headers(id, Direction::Request, end)
    }

    pub(super) fn continue_exchange(&mut self, exchange: u64, bytes: &[u8], end: bool) -> anyhow::Result<()> {
        match self.exchanges.get(&exchange).map(|open| open.filter) {
            None => Ok(()),
            Some(None) => self.send_body(exchange, bytes, end),
            Some(Some(id)) => self.data(id, Direction::Request, bytes, end),
        }
    }

    /// A request of the filter's own. The upstream half has had it already, within the host call.
    pub(super) fn start_call(&mut self, machine: usize, call: Call) -> anyhow::Result<()> {
        let Call { token, cluster, headers, body, timeouts, root, upstream } = call;
        let owner = Owner::Call(CallId { machine, root, token });
        let exchange = self.open_exchange(owner, cluster, timeouts);
        match upstream {
            None => {
                self.send_headers(exchange, headers, body.is_empty())?;
                if !body.is_empty() {
                    self.send_body(exchange, &body, true)?;
                }
            }
            Some(Entered { context, headers, body }) => {
                let id = StreamId { machine, context };
                let place = Place::Upstream { exchange };
                self.pipes.insert(id, Pipe::entered(place, body.is_none()));
                if let Some(open) = self.exchanges.get_mut(&exchange) {
                    open.filter = Some(id);
                }
                self.headers_judged(id, Direction::Request, headers)?;
                if let Some(verdict) = body {
                    self.body_judged(id, Direction::Request, verdict, true)?;
                }
            }
        }
        self.wait_for_answer(exchange);
        Ok(())
    }

    pub(super) fn owner(&self, exchange: u64) -> Option<Owner> {
        self.exchanges.get(&exchange).map(|open| open.owner)
    }

    pub(super) fn send_headers(
        &mut self,
        exchange: u64,
        headers: HeaderMap,
        end: bool,
    ) -> anyhow::Result<()> {
        let Some(open) = self.exchanges.get_mut(&exchange) else { return Ok(()) };
        open.headers = headers;
        if end { self.depart(exchange) } else { Ok(()) }
    }

    pub(super) fn send_body(&mut self, exchange: u64, bytes: &[u8], end: bool) -> anyhow::Result<()> {
        let Some(open) = self.exchanges.get_mut(&exchange) else { return Ok(()) };
        open.body.extend(bytes);
        if end { self.depart(exchange) } else { Ok(()) }
    }

    /// Nothing of the request is held any more.
    fn depart(&mut self, exchange: u64) -> anyhow::Result<()> {
        let Some(Exchange { owner, cluster, headers, body, .. }) = self.exchanges.get(&exchange) else {
            return Ok(());
        };
        check_length("request", headers, body.len())?;
        let how = match owner {
            Owner::Stream(_) => "router",
            Owner::Call { .. } => "call",
        };
        let text = format!("request #{exchange} -> {cluster} ({how}, {} bytes)", body.len());
        self.note(Source::Envoy, text);
        self.schedule.at(self.now() + HOP, Event::Arrival { exchange });
        Ok(())
    }

    /// The request reaches the provider.
    pub(super) fn arrive(&mut self, exchange: u64) -> anyhow::Result<()> {
        let Some(cluster) = self.exchanges.get(&exchange).map(|open| open.cluster.clone()) else {
            return Ok(());
        };
        if self.is_full(&cluster) {
            return self.fail(exchange, Failure::Full);
        }
        let Some(request) = self.exchanges.get_mut(&exchange) else { return Ok(()) };
        let Some(upstream) = self.upstreams.get_mut(&cluster) else { return Ok(()) };
        request.is_under_way = true;
        let now = self.clock.elapsed();
        let Some(pieces) = upstream.take(&request.headers, &request.body, self.clock.time()) else {
            self.note(Source::Upstream, format!("{cluster} refuses the connection"));
            self.schedule.at(now + HOP, Event::Refused { exchange });
            return Ok(());
        };
        let number = upstream.seen();
        let does = match pieces.first() {
            None => "nothing, for ever".to_owned(),
            Some((_, Piece::Reset)) => "resets the connection".to_owned(),
            Some((wait, Piece::Headers { status, .. })) => {
                format!("answers {status} in {}ms", wait.as_millis())
            }
            Some((_, Piece::Data { .. })) => "answers".to_owned(),
        };
        self.note(Source::Upstream, format!("{cluster} saw request {number} (#{exchange}): {does}"));
        for (wait, piece) in pieces {
            self.schedule.at(now + wait + HOP, Event::Answer { exchange, piece });
        }
        Ok(())
    }

    /// Whether its cluster has as many requests under way as it takes.
    fn is_full(&self, cluster: &str) -> bool {
        let under_way = |open: &&Exchange| open.is_under_way && open.cluster == cluster;
        let most = self.max_requests.get(cluster);
        most.is_some_and(|most| self.exchanges.values().filter(under_way).count() >= *most as usize)
    }

    pub(super) fn answer(&mut self, exchange: u64, piece: Piece) -> anyhow::Result<()> {
        let Some(waiting) = self.exchanges.get_mut(&exchange) else { return Ok(()) };
        match piece {
            Piece::Headers { status, headers, end } => {
                waiting.began = true;
                let filter = waiting.filter;
                let mut map = HeaderMap::from_pairs([(":status", status.to_string())]);
                headers.iter().for_each(|(name, value)| map.add(name, value.as_bytes()));
                if !end && map.get("content-length").is_none() {
                    map.add("transfer-encoding", b"chunked");
                }
                let Some(id) = filter else { return self.router_headers(exchange, map, end) };
                self.set_details(id, "via_upstream", 0)?;
                self.half(id, Direction::Response)?.headers = map;
                self.headers(id, Direction::Response, end)
            }
            Piece::Data { bytes, end } => match waiting.filter {
                None => self.router_body(exchange, &bytes, end),
                Some(id) => self.data(id, Direction::Response, &bytes, end),
            },
            Piece::Reset => {
                let failure = if waiting.began { Failure::Cut } else { Failure::Reset };
                self.fail(exchange, failure)
            }
        }
    }

    /// Nobody waits for this answer any more.
    pub(super) fn cancel(&mut self, exchange: u64) -> anyhow::Result<()> {
        if self.exchanges.contains_key(&exchange) {
            self.note(Source::Envoy, format!("request #{exchange} cancelled"));
        }
        self.close_exchange(exchange).map(|_| ())
    }

    /// The exchange is over for the router: the upstream half's context ends before anything else happens.
    pub(super) fn close_exchange(&mut self, exchange: u64) -> anyhow::Result<Option<Exchange>> {
        let closed = self.exchanges.remove(&exchange);
        if let Some(id) = closed.as_ref().and_then(|closed| closed.filter) {
            self.pipes.remove(&id);
            self.close_context(id, false)?;
        }
        Ok(closed)
    }
}

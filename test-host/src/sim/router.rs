//! Envoy's router: picks the cluster, sends the request on, and makes an answer of its own when none comes. What it says
//! then (status, body, details and flags) was seen on Envoy 1.40.

use std::time::Duration;

use anyhow::bail;

use super::abi::Direction;
use super::headers::HeaderMap;
use super::journal::Source;
use super::state::LocalReply;
use super::upstream::Piece;
use super::world::{Event, StreamId, World};

/// What the route of every configuration we ship takes the cluster from.
const CLUSTER_HEADER: &str = "x-seawall-cluster";

/// One way between Envoy and a provider. Not zero, so that an order which only holds on an instant network shows.
const HOP: Duration = Duration::from_millis(1);

/// Bits of `response.flags`.
const UPSTREAM_TIMEOUT: u64 = 1 << 2;
const CONNECTION_FAILURE: u64 = 1 << 5;
const CONNECTION_TERMINATION: u64 = 1 << 6;
const PROTOCOL_ERROR: u64 = 1 << 23;
const NO_CLUSTER: u64 = 1 << 24;

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Stream(StreamId),
    Call { worker: usize, token: u32 },
}

/// A request on its way to a provider, until its answer has ended.
#[derive(Debug)]
pub(crate) struct Exchange {
    owner: Owner,
    cluster: String,
    headers: HeaderMap,
    body: Vec<u8>,
    /// The answer's headers, once they came, and of a call the body so far.
    answered: Option<(HeaderMap, Vec<u8>)>,
}

/// Where a stream's request goes.
#[derive(Debug)]
pub(crate) struct Route {
    cluster: String,
    headers: HeaderMap,
    timeouts: Vec<(Duration, bool)>,
}

impl World {
    /// The request's headers have passed the filter: now the cluster is chosen.
    pub(super) fn route(&mut self, id: StreamId) -> anyhow::Result<()> {
        let mut headers = self.half(id, Direction::Request)?.headers.clone();
        let wanted = headers.text(CLUSTER_HEADER).map(str::to_owned).or_else(|| self.unmatched.clone());
        let Some(cluster) = wanted.filter(|cluster| self.upstreams.contains_key(cluster)) else {
            return self.local_reply(id, envoy_reply(503, "", "cluster_not_found", NO_CLUSTER));
        };
        // These speak to the router and go no further; the route of our configurations drops the cluster's name.
        headers.remove(CLUSTER_HEADER);
        let mut ms = |name: &str| {
            let ms = headers.text(name).and_then(|ms| ms.parse().ok()).filter(|ms| *ms > 0);
            headers.remove(name);
            ms.map(Duration::from_millis)
        };
        let whole = ms("x-envoy-upstream-rq-timeout-ms").map(|timeout| (timeout, false));
        let per_try = ms("x-envoy-upstream-rq-per-try-timeout-ms").map(|timeout| (timeout, true));
        if let Some(stream) = self.streams.get_mut(&id) {
            let timeouts = whole.into_iter().chain(per_try).collect();
            stream.route = Some(Route { cluster, headers, timeouts });
        }
        Ok(())
    }

    /// The whole request has passed the filter.
    pub(super) fn send_stream(&mut self, id: StreamId) -> anyhow::Result<()> {
        let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
        let Some(Route { cluster, headers, timeouts }) = stream.route.take() else { return Ok(()) };
        let body = std::mem::take(&mut stream.upstream_body);
        let exchange = self.send(Owner::Stream(id), cluster, headers, body, timeouts)?;
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.exchange = Some(exchange);
        }
        Ok(())
    }

    pub(super) fn send(
        &mut self,
        owner: Owner,
        cluster: String,
        mut headers: HeaderMap,
        body: Vec<u8>,
        timeouts: impl IntoIterator<Item = (Duration, bool)>,
    ) -> anyhow::Result<u64> {
        if let Owner::Call { .. } = owner {
            headers.set("content-length", body.len().to_string().as_bytes());
        }
        check_length("request", &headers, body.len())?;
        self.last_exchange += 1;
        let exchange = self.last_exchange;
        let how = match owner {
            Owner::Stream(_) => "router",
            Owner::Call { .. } => "call",
        };
        self.note(Source::Envoy, format!("request #{exchange} -> {cluster} ({how}, {} bytes)", body.len()));
        self.schedule.at(self.now() + HOP, Event::Arrival { exchange });
        for (timeout, per_try) in timeouts {
            self.schedule.at(self.now() + timeout, Event::Timeout { exchange, per_try });
        }
        self.exchanges.insert(exchange, Exchange { owner, cluster, headers, body, answered: None });
        Ok(exchange)
    }

    /// The request reaches the provider.
    pub(super) fn arrive(&mut self, exchange: u64) -> anyhow::Result<()> {
        let Some(request) = self.exchanges.get(&exchange) else { return Ok(()) };
        let Some(upstream) = self.upstreams.get_mut(&request.cluster) else { return Ok(()) };
        let cluster = request.cluster.clone();
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

    pub(super) fn answer(&mut self, exchange: u64, piece: Piece) -> anyhow::Result<()> {
        let Some(waiting) = self.exchanges.get_mut(&exchange) else { return Ok(()) };
        let owner = waiting.owner;
        match piece {
            Piece::Headers { status, headers, end } => {
                let mut map = HeaderMap::from_pairs([(":status", status.to_string())]);
                headers.iter().for_each(|(name, value)| map.add(name, value.as_bytes()));
                // Also on the answer of a call, where nothing else tells a provider's answer from Envoy's own.
                map.add("x-envoy-upstream-service-time", b"0");
                waiting.answered = Some((map.clone(), Vec::new()));
                match owner {
                    Owner::Stream(id) => {
                        if end {
                            self.exchanges.remove(&exchange);
                        }
                        self.set_details(id, "via_upstream", 0)?;
                        self.half(id, Direction::Response)?.headers = map;
                        self.headers(id, Direction::Response, end)
                    }
                    Owner::Call { .. } => self.end_call(exchange, end),
                }
            }
            Piece::Data { bytes, end } => match owner {
                Owner::Stream(id) => {
                    if end {
                        self.exchanges.remove(&exchange);
                    }
                    self.data(id, Direction::Response, &bytes, end)
                }
                Owner::Call { .. } => {
                    if let Some((_, body)) = &mut waiting.answered {
                        body.extend(bytes);
                    }
                    self.end_call(exchange, end)
                }
            },
            Piece::Reset => {
                const BODY: &str = "upstream connect error or disconnect/reset before headers. reset reason: \
                                    connection termination";
                const DETAILS: &str = "upstream_reset_before_response_started{connection_termination}";
                self.fail(exchange, envoy_reply(503, BODY, DETAILS, CONNECTION_TERMINATION))
            }
        }
    }

    pub(super) fn refuse(&mut self, exchange: u64) -> anyhow::Result<()> {
        const BODY: &str = "upstream connect error or disconnect/reset before headers. reset reason: remote \
                            connection failure";
        const DETAILS: &str = "upstream_reset_before_response_started{remote_connection_failure|\
                               delayed_connect_error:_Connection_refused}";
        self.fail(exchange, envoy_reply(503, BODY, DETAILS, CONNECTION_FAILURE))
    }

    /// The timeout for each try ends with the answer's headers, the one for the whole request with its body.
    pub(super) fn time_out(&mut self, exchange: u64, per_try: bool) -> anyhow::Result<()> {
        let Some(waiting) = self.exchanges.get(&exchange) else { return Ok(()) };
        if per_try && waiting.answered.is_some() {
            return Ok(());
        }
        let details = if per_try { "upstream_per_try_timeout" } else { "response_timeout" };
        self.fail(exchange, envoy_reply(504, "upstream request timeout", details, UPSTREAM_TIMEOUT))
    }

    /// No (whole) answer will come: the reply stands in for one that has not begun.
    fn fail(&mut self, exchange: u64, reply: LocalReply) -> anyhow::Result<()> {
        let Some(failed) = self.exchanges.remove(&exchange) else { return Ok(()) };
        self.note(Source::Envoy, format!("request #{exchange} failed: {}", reply.details));
        match (failed.owner, failed.answered) {
            (Owner::Stream(id), None) => self.local_reply(id, reply),
            (Owner::Stream(id), Some(_)) => self.break_off(id),
            (Owner::Call { worker, token }, None) => {
                let (headers, body) = reply.with_headers();
                self.call_response(worker, token, Some((headers, body)))
            }
            (Owner::Call { worker, token }, Some(_)) => self.call_response(worker, token, None),
        }
    }

    /// The provider cut its answer. Past the filter: the client's stream is reset, or answered 502 if it has seen nothing.
    fn break_off(&mut self, id: StreamId) -> anyhow::Result<()> {
        let details = "upstream_reset_after_response_started{protocol_error}";
        self.set_details(id, details, PROTOCOL_ERROR)?;
        if self.streams.get(&id).is_some_and(|stream| stream.client.started()) {
            return self.finish(id, false);
        }
        self.local_reply(id, envoy_reply(502, "", details, PROTOCOL_ERROR))
    }

    fn end_call(&mut self, exchange: u64, end: bool) -> anyhow::Result<()> {
        if !end {
            return Ok(());
        }
        let Some(done) = self.exchanges.remove(&exchange) else { return Ok(()) };
        match done.owner {
            Owner::Call { worker, token } => self.call_response(worker, token, done.answered),
            Owner::Stream(_) => Ok(()),
        }
    }

    /// Nobody waits for this answer any more.
    pub(super) fn cancel(&mut self, exchange: u64) {
        if self.exchanges.remove(&exchange).is_some() {
            self.note(Source::Envoy, format!("request #{exchange} cancelled"));
        }
    }
}

fn envoy_reply(status: u16, body: &str, details: &str, flags: u64) -> LocalReply {
    LocalReply {
        status,
        headers: HeaderMap::default(),
        body: body.as_bytes().to_vec(),
        details: details.to_owned(),
        flags,
    }
}

/// Envoy sends the headers as they are: a filter that changes a body and not its length breaks the message.
pub(super) fn check_length(what: &str, headers: &HeaderMap, sent: usize) -> anyhow::Result<()> {
    if let Some(said) = headers.text("content-length")
        && said.parse() != Ok(sent)
    {
        bail!("the {what}'s content-length says {said}, its body has {sent} bytes")
    }
    Ok(())
}

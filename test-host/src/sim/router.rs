//! Envoy's router: picks the cluster, sends the request on, and hands back what comes.

use std::time::Duration;

use anyhow::bail;

use super::abi::Direction;
use super::headers::HeaderMap;
use super::journal::Source;
use super::reply::Failure;
use super::stream::EXTERNAL_ADDRESS;
use super::world::{Event, StreamId, World};

/// What the route of every configuration we ship takes the cluster from.
const CLUSTER_HEADER: &str = "x-seawall-cluster";

/// A request of the filter's own, by the root context that gets the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallId {
    pub(crate) machine: usize,
    pub(crate) root: u32,
    pub(crate) token: u32,
}

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Stream(StreamId),
    Call(CallId),
}

/// How long the router waits, from when it has the whole request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// For the answer's end.
    pub(super) whole: Option<Duration>,
    /// For its headers.
    pub(super) per_try: Option<Duration>,
}

impl Timeouts {
    /// Takes the timeouts out of a request: they speak to the router and go no further.
    fn take(headers: &mut HeaderMap) -> Self {
        let mut ms = |name: &str| {
            let ms = headers.text(name).and_then(|ms| ms.parse().ok()).filter(|ms| *ms > 0);
            headers.remove(name);
            ms.map(Duration::from_millis)
        };
        Self {
            whole: ms("x-envoy-upstream-rq-timeout-ms"),
            per_try: ms("x-envoy-upstream-rq-per-try-timeout-ms"),
        }
    }

    /// Those of a request of the filter's own, as the provider is told of them.
    pub(crate) fn of_call(headers: &mut HeaderMap, whole: Option<Duration>) -> Self {
        let said = Self::take(headers);
        let timeouts = Self { whole: said.whole.or(whole), ..said };
        timeouts.tell(headers);
        timeouts
    }

    /// Tells the provider how long it will be waited for.
    fn tell(self, headers: &mut HeaderMap) {
        if let Some(expected) = self.per_try.or(self.whole) {
            headers.set("x-envoy-expected-rq-timeout-ms", expected.as_millis().to_string().as_bytes());
        }
    }
}

impl World {
    /// The request's headers have passed the filter: now the cluster is chosen.
    pub(super) fn route(&mut self, id: StreamId, mut headers: HeaderMap, end: bool) -> anyhow::Result<()> {
        let chosen = headers.text(CLUSTER_HEADER).map(str::to_owned);
        let follows = chosen.is_some() && self.redirects;
        let wanted = chosen.or_else(|| self.unmatched.clone());
        let Some(cluster) = wanted.filter(|cluster| self.upstreams.contains_key(cluster)) else {
            return self.local_reply(id, Failure::NoCluster.reply(false));
        };
        // Our configurations drop the cluster's name, and where the caller is.
        headers.remove(CLUSTER_HEADER);
        headers.remove(EXTERNAL_ADDRESS);
        let timeouts = Timeouts::take(&mut headers);
        timeouts.tell(&mut headers);
        let exchange = self.open_exchange(Owner::Stream(id), cluster, timeouts);
        if let Some(stream) = self.streams.get_mut(&id) {
            (stream.exchange, stream.whole, stream.follows) = (Some(exchange), end, follows);
        }
        self.start_exchange(exchange, headers, end)?;
        if end {
            self.wait_for_answer(exchange);
        }
        Ok(())
    }

    /// More of the request has passed the filter.
    pub(super) fn route_body(&mut self, id: StreamId, bytes: &[u8], end: bool) -> anyhow::Result<()> {
        let Some(stream) = self.streams.get_mut(&id) else { return Ok(()) };
        let Some(exchange) = stream.exchange else { return Ok(()) };
        stream.body.extend(bytes);
        stream.whole = end;
        self.continue_exchange(exchange, bytes, end)?;
        if end {
            self.wait_for_answer(exchange);
        }
        Ok(())
    }

    pub(super) fn wait_for_answer(&mut self, exchange: u64) {
        let Some(Timeouts { whole, per_try }) = self.exchanges.get(&exchange).map(|it| it.timeouts) else {
            return;
        };
        let now = self.now();
        for (timeout, per_try) in whole.map(|it| (it, false)).into_iter().chain(per_try.map(|it| (it, true)))
        {
            self.schedule.at(now + timeout, Event::Timeout { exchange, per_try });
        }
    }

    /// An answer's headers have reached the router.
    pub(super) fn router_headers(
        &mut self,
        exchange: u64,
        mut headers: HeaderMap,
        end: bool,
    ) -> anyhow::Result<()> {
        // Also on the answer of a call, where nothing else tells a provider's answer from Envoy's own.
        headers.add("x-envoy-upstream-service-time", b"0");
        let Some(waiting) = self.exchanges.get_mut(&exchange) else { return Ok(()) };
        waiting.answered = Some((headers.clone(), Vec::new()));
        match waiting.owner {
            Owner::Stream(id) => {
                if self.redirect(id, exchange, &headers)? {
                    return Ok(());
                }
                if end {
                    self.close_exchange(exchange)?;
                }
                self.set_details(id, "via_upstream", 0)?;
                self.half(id, Direction::Response)?.headers = headers;
                self.headers(id, Direction::Response, end)
            }
            Owner::Call(call) => self.end_call(exchange, call, end),
        }
    }

    pub(super) fn router_body(&mut self, exchange: u64, bytes: &[u8], end: bool) -> anyhow::Result<()> {
        let Some(waiting) = self.exchanges.get_mut(&exchange) else { return Ok(()) };
        match waiting.owner {
            Owner::Stream(id) => {
                if end {
                    self.close_exchange(exchange)?;
                }
                self.data(id, Direction::Response, bytes, end)
            }
            Owner::Call(call) => {
                if let Some((_, body)) = &mut waiting.answered {
                    body.extend(bytes);
                }
                self.end_call(exchange, call, end)
            }
        }
    }

    fn end_call(&mut self, exchange: u64, call: CallId, end: bool) -> anyhow::Result<()> {
        if !end {
            return Ok(());
        }
        let answer = self.close_exchange(exchange)?.and_then(|done| done.answered);
        self.call_response(call, answer)
    }

    /// The timeout for each try ends with the answer's headers, the one for the whole request with its body.
    pub(super) fn time_out(&mut self, exchange: u64, per_try: bool) -> anyhow::Result<()> {
        let answered = self.exchanges.get(&exchange).is_some_and(|waiting| waiting.answered.is_some());
        match (per_try, answered) {
            (true, true) => Ok(()),
            (true, false) => self.fail(exchange, Failure::PerTryTimeout),
            (false, _) => self.fail(exchange, Failure::Timeout),
        }
    }

    /// No (whole) answer will come: a reply stands in for one of which the client has seen nothing.
    pub(super) fn fail(&mut self, exchange: u64, failure: Failure) -> anyhow::Result<()> {
        let Some(failed) = self.close_exchange(exchange)? else { return Ok(()) };
        let answered = failed.answered.is_some();
        let reply = failure.reply(answered);
        self.note(Source::Envoy, format!("request #{exchange} failed: {}", reply.details));
        match failed.owner {
            Owner::Stream(id) => {
                if answered && self.streams.contains_key(&id) {
                    self.set_details(id, &reply.details, reply.flags)?;
                }
                self.local_reply(id, reply)
            }
            Owner::Call(call) if answered => self.call_response(call, None),
            Owner::Call(call) => self.call_response(call, Some(reply.with_headers())),
        }
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

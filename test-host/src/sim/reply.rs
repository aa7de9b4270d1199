//! Answers that no provider gave. What Envoy says in its own (status, body, details and flags) was seen on Envoy 1.40.

use super::abi::Direction;
use super::headers::HeaderMap;
use super::journal::Source;
use super::pipe::Place;
use super::router::Owner;
use super::state::LocalReply;
use super::world::{StreamId, World};

/// Bits of `response.flags`.
const UPSTREAM_TIMEOUT: u64 = 1 << 2;
const CONNECTION_FAILURE: u64 = 1 << 5;
const CONNECTION_TERMINATION: u64 = 1 << 6;
const OVERFLOW: u64 = 1 << 7;
const PROTOCOL_ERROR: u64 = 1 << 23;
const NO_CLUSTER: u64 = 1 << 24;

/// What the configuration we ship has Envoy say where the connection of an answer breaks that the filter holds.
const HELD_CUT: &str = concat!(
    r#"{"type":"error","error":{"type":"api_error","message":"the provider broke the connection before its answer was "#,
    r#"whole","param":null,"code":"upstream_reset"}}"#
);
const REASON: &str = "x-seawall-reason";

/// Why no (whole) answer comes from a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    NoCluster,
    /// The filter's VM has died.
    DeadFilter,
    Refused,
    /// By Envoy itself: as many requests as may be are under way there.
    Full,
    /// The connection ended before any answer.
    Reset,
    /// It ended midway.
    Cut,
    Timeout,
    PerTryTimeout,
}

impl Failure {
    /// What stands in for an answer of which the client has seen nothing; `after_headers`: the router has.
    pub(super) fn reply(self, after_headers: bool) -> LocalReply {
        const RESET: &str = "upstream connect error or disconnect/reset before headers. reset reason: ";
        let (status, body, details, flags) = match self {
            Self::NoCluster => (503, String::new(), "cluster_not_found", NO_CLUSTER),
            Self::DeadFilter => (503, String::new(), "wasm_fail_stream", 0),
            Self::Refused => (
                503,
                format!("{RESET}remote connection failure"),
                "upstream_reset_before_response_started{remote_connection_failure|\
                 delayed_connect_error:_Connection_refused}",
                CONNECTION_FAILURE,
            ),
            Self::Full => (
                503,
                format!("{RESET}overflow"),
                "upstream_reset_before_response_started{overflow}",
                OVERFLOW,
            ),
            Self::Reset => (
                503,
                format!("{RESET}connection termination"),
                "upstream_reset_before_response_started{connection_termination}",
                CONNECTION_TERMINATION,
            ),
            Self::Cut if after_headers => (
                502,
                HELD_CUT.to_owned(),
                "upstream_reset_after_response_started{protocol_error}",
                PROTOCOL_ERROR,
            ),
            Self::Cut => (
                502,
                format!("{RESET}protocol error"),
                "upstream_reset_before_response_started{protocol_error}",
                PROTOCOL_ERROR,
            ),
            Self::Timeout => {
                (504, "upstream request timeout".to_owned(), "response_timeout", UPSTREAM_TIMEOUT)
            }
            Self::PerTryTimeout => {
                (504, "upstream request timeout".to_owned(), "upstream_per_try_timeout", UPSTREAM_TIMEOUT)
            }
        };
        let is_held_cut = self == Self::Cut && after_headers;
        let told = [("content-type", "application/json"), (REASON, "broken_off")];
        LocalReply {
            status,
            headers: HeaderMap::from_pairs(told.into_iter().filter(|_| is_held_cut)),
            body: body.into_bytes(),
            details: details.to_owned(),
            flags,
        }
    }
}

impl World {
    /// The filter answers, from whichever of its contexts: the client gets it, or the call that the context stands in.
    pub(super) fn filter_reply(&mut self, id: StreamId, reply: LocalReply) -> anyhow::Result<()> {
        match self.place(id) {
            None => Ok(()),
            Some(Place::Downstream) => self.local_reply(id, reply),
            Some(Place::Upstream { exchange }) => match self.owner(exchange) {
                None => Ok(()),
                Some(Owner::Stream(stream)) => self.local_reply(stream, reply),
                Some(Owner::Call(call)) => {
                    self.cancel(exchange)?;
                    self.call_response(call, Some(reply.with_headers()))
                }
            },
        }
    }

    /// The VM of this stream is dead, and a callback was due: the client gets an empty 503, or no more.
    pub(super) fn fail_stream(&mut self, id: StreamId) -> anyhow::Result<()> {
        match self.place(id) {
            None => Ok(()),
            Some(Place::Downstream) => {
                if let Some(pipe) = self.pipes.get_mut(&id) {
                    pipe.response.started = true;
                }
                self.local_reply(id, Failure::DeadFilter.reply(false))
            }
            Some(Place::Upstream { exchange }) => match self.owner(exchange) {
                Some(Owner::Stream(stream)) => self.fail_stream(stream),
                Some(Owner::Call(_)) | None => self.cancel(exchange),
            },
        }
    }

    /// An answer that no upstream gave, in one of Envoy's three ways: through the filter while no other answer is there;
    /// past it, when one is held; and not at all, when the client has already seen one begin.
    pub(super) fn local_reply(&mut self, id: StreamId, reply: LocalReply) -> anyhow::Result<()> {
        let (Some(stream), Some(pipe)) = (self.streams.get_mut(&id), self.pipes.get_mut(&id)) else {
            return Ok(());
        };
        if stream.client.started() {
            return self.finish(id, false);
        }
        pipe.request.closed = true;
        let past = std::mem::replace(&mut pipe.response.started, true);
        pipe.response.closed = past;
        if let Some(exchange) = stream.exchange.take() {
            self.cancel(exchange)?;
        }
        let way = if past { "past the filter" } else { "through the filter" };
        self.note(Source::Envoy, format!("local reply {} {way} ({})", reply.status, reply.details));
        self.set_details(id, &reply.details, reply.flags)?;
        let (headers, body) = reply.with_headers();
        if past {
            self.half(id, Direction::Response)?.headers = headers.clone();
            self.client_headers(id, &headers, body.is_empty())?;
            return if body.is_empty() { Ok(()) } else { self.client_body(id, &body, true) };
        }
        self.half(id, Direction::Response)?.headers = headers;
        self.headers(id, Direction::Response, body.is_empty())?;
        if body.is_empty() { Ok(()) } else { self.data(id, Direction::Response, &body, true) }
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_held_answer_that_breaks_is_told_as_the_shipped_configuration_has_it() {
        let shipped: Value = serde_saphyr::from_str(include_str!("../../../envoy/envoy.yaml")).unwrap();
        let manager = &shipped["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
        let mapper = &manager["typed_config"]["local_reply_config"]["mappers"][0];
        let reply = Failure::Cut.reply(true);
        let expression = mapper["filter"]["extension_filter"]["typed_config"]["expression"].as_str().unwrap();
        let details = expression.split('"').nth(1).unwrap();
        assert!(reply.details.starts_with(details), "{expression}");
        assert_eq!(mapper["status_code"], reply.status);
        let format = &mapper["body_format_override"];
        assert_eq!(format["text_format_source"]["inline_string"], String::from_utf8(reply.body).unwrap());
        assert_eq!(format["content_type"], reply.headers.text("content-type").unwrap());
        let header = &mapper["headers_to_add"][0]["header"];
        assert_eq!(header["value"], reply.headers.text(header["key"].as_str().unwrap()).unwrap());
    }
}

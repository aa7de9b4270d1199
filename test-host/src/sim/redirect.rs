//! Envoy's internal redirects: an answer that names another place, and the request goes through the filters again.

use super::abi::Direction;
use super::headers::HeaderMap;
use super::journal::Source;
use super::stream::Stream;
use super::world::{StreamId, World};

/// As the configurations we ship have it.
const STATUS: u16 = 307;
const MOST: u32 = 10;

impl World {
    /// Follows the redirect, if these headers are one that Envoy follows; otherwise the client gets them.
    pub(super) fn redirect(
        &mut self,
        id: StreamId,
        exchange: u64,
        answer: &HeaderMap,
    ) -> anyhow::Result<bool> {
        let Some(stream) = self.streams.get(&id) else { return Ok(false) };
        if !stream.follows
            || answer.status() != Some(STATUS)
            || stream.redirects >= MOST
            || !stream.whole
            || stream.client.started()
        {
            return Ok(false);
        }
        let place = answer.text("location").and_then(place);
        let Some([scheme, authority, path]) = place.map(|place| place.map(str::to_owned)) else {
            return Ok(false);
        };

        self.note(Source::Envoy, format!("request #{exchange} redirected to {scheme}://{authority}{path}"));
        // What follows is done with the old stream gone, as in Envoy; the upstream half's context goes after it.
        let Some(Stream { request, redirects, body, .. }) = self.streams.remove(&id) else {
            return Ok(false);
        };
        self.pipes.remove(&id);
        self.half(id, Direction::Response)?.headers = answer.clone();
        self.set_details(id, "internal_redirect", 0)?;
        let request_id = self.http(id)?.request_id.clone();
        self.close_context(id, true)?;
        let Some(closed) = self.close_exchange(exchange)? else { return Ok(true) };

        // Router and both halves work on one map, so what the upstream half changed is changed for the next round too.
        let mut headers = closed.headers;
        let part = |name| headers.text(name).unwrap_or_default().to_owned();
        let original = format!("{}://{}{}", part(":scheme"), part(":authority"), part(":path"));
        headers.set(":scheme", scheme.as_bytes());
        headers.set(":authority", authority.as_bytes());
        headers.set(":path", path.as_bytes());
        headers.set("x-envoy-original-url", original.as_bytes());
        let next = Stream { request, redirects: redirects + 1, ..Stream::default() };
        let id = self.open_stream(id.machine, next, headers, &request_id)?;
        self.headers(id, Direction::Request, body.is_empty())?;
        if !body.is_empty() {
            self.data(id, Direction::Request, &body, true)?;
        }
        Ok(true)
    }
}

/// Scheme, host and path of an absolute URL, without its fragment; nothing else is followed.
fn place(location: &str) -> Option<[&str; 3]> {
    let (scheme, rest) =
        location.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let rest = rest.split('#').next().unwrap_or_default();
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(at)?;
    (!authority.is_empty()).then_some([scheme, authority, if path.is_empty() { "/" } else { path }])
}

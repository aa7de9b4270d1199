//! Streams and calls.

use std::time::Duration;

use wasmtime::{Caller, Linker};

use super::memory::{Fault, Guest};
use super::types::{Direction, Status};
use super::{ENV, host_call, nested, pairs};
use crate::sim::router::Timeouts;
use crate::sim::state::{Asked, Call, HostState, LocalReply};

pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(ENV, "proxy_continue_stream", |caller: Caller<'_, HostState>, stream: u32| {
        host_call(caller, |guest| continue_stream(guest.host(), stream))
    })?;
    linker.func_wrap(ENV, "proxy_close_stream", |caller: Caller<'_, HostState>, stream: u32| {
        host_call(caller, |guest| {
            Direction::from_number(stream).ok_or(Status::BadArgument)?;
            let host = guest.host();
            let context = host.context();
            if host.streams.contains_key(&context) {
                host.asked.push_back(Asked::Close { context });
            }
            Ok(())
        })
    })?;
    linker.func_wrap(
        ENV,
        "proxy_send_local_response",
        |caller: Caller<'_, HostState>,
         status: u32,
         details: u32,
         details_size: u32,
         body: u32,
         body_size: u32,
         headers: u32,
         headers_size: u32,
         _grpc_status: i32| {
            host_call(caller, |guest| {
                let details = guest.read_text(details, details_size)?;
                let body = guest.read(body, body_size)?;
                let headers = guest.read(headers, headers_size)?;
                send_local_response(guest.host(), status, details, body, &headers)
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_http_call",
        |caller: Caller<'_, HostState>,
         cluster: u32,
         cluster_size: u32,
         headers: u32,
         headers_size: u32,
         body: u32,
         body_size: u32,
         _trailers: u32,
         _trailers_size: u32,
         timeout_ms: u32,
         token_at: u32| {
            host_call(caller, |guest| {
                let cluster = guest.read_text(cluster, cluster_size)?;
                let headers = guest.read(headers, headers_size)?;
                let body = guest.read(body, body_size)?;
                guest.write_u32(token_at, 0)?;
                let token = http_call(guest, cluster, &headers, body, timeout_ms)?;
                guest.write_u32(token_at, token)
            })
        },
    )?;
    Ok(())
}

fn continue_stream(host: &mut HostState, stream: u32) -> Result<(), Fault> {
    let direction = Direction::from_number(stream).ok_or(Status::BadArgument)?;
    let context = host.context();
    if let Some(stream) = host.streams.get_mut(&context) {
        // Whichever way is continued: Envoy takes the request out of sight.
        stream.request.visible = false;
        host.asked.push_back(Asked::Continue { context, direction });
    }
    Ok(())
}

fn send_local_response(
    host: &mut HostState,
    status: u32,
    details: String,
    body: Vec<u8>,
    headers: &[u8],
) -> Result<(), Fault> {
    let status = u16::try_from(status).map_err(|_| Status::BadArgument)?;
    let headers = pairs::decode(headers).ok_or(Status::BadArgument)?;
    let context = host.context();
    if host.streams.contains_key(&context) {
        let reply = LocalReply { status, headers, body, details, flags: 0 };
        host.asked.push_back(Asked::Reply { context, reply });
    }
    Ok(())
}

fn http_call(
    guest: &mut Guest<'_>,
    cluster: String,
    headers: &[u8],
    body: Vec<u8>,
    timeout_ms: u32,
) -> Result<u32, Fault> {
    let mut headers = pairs::decode(headers).ok_or(Status::BadArgument)?;
    let named = [":method", ":path", ":authority"].iter().all(|name| headers.get(name).is_some());
    let host = guest.host();
    // Envoy reads the timeout as a signed number and refuses a negative one.
    if !host.clusters.contains(&cluster) || !named || timeout_ms > i32::MAX as u32 {
        return Err(Status::BadArgument.into());
    }
    host.next_token += 1;
    let (token, root) = (host.next_token, host.root());
    headers.set("content-length", body.len().to_string().as_bytes());
    headers.set("x-envoy-internal", b"true");
    let whole = (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms.into()));
    let timeouts = Timeouts::of_call(&mut headers, whole);
    let upstream = nested::enter_upstream_half(guest, &cluster, &headers, &body)?;
    guest.host().asked.push_back(Asked::Call(Call {
        token,
        cluster,
        headers,
        body,
        timeouts,
        root,
        upstream,
    }));
    Ok(token)
}

//! Envoy runs a dispatched call through the upstream half before `proxy_http_call` returns: the guest is entered again
//! while it is still inside.

use super::memory::{Fault, Guest};
use super::types::Status;
use crate::sim::headers::HeaderMap;
use crate::sim::journal::Source;
use crate::sim::state::{Asked, Entered, HttpContext, Nested};
use crate::sim::vm::Verdict;

/// What the upstream half does with the request; `None` where there is no such half.
pub(super) fn enter_upstream_half(
    guest: &mut Guest<'_>,
    cluster: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Entered>, Fault> {
    let host = guest.host();
    let is_lacking = host.lacks_upstream_half.contains(cluster);
    let Some(half) = host.upstream_half.clone().filter(|_| !is_lacking) else { return Ok(None) };
    // Envoy does what was asked for before, and all that it leads to, as soon as the first of these callbacks returns.
    // A guest would have to bear any callback at any host call, so it is told rather than imitated.
    if host.asked.iter().any(|asked| !matches!(asked, Asked::Tick { .. } | Asked::Call(_) | Asked::Grpc(_))) {
        let text = "a call was dispatched after a stream was continued or answered in the same callback: Envoy would \
                    do that within the host call. Dispatch first.";
        return Err(Fault::Trap(wasmtime::Error::msg(text)));
    }
    let context = host.new_context();
    let mut http = HttpContext { root: half.root, upstream: true, ..HttpContext::default() };
    http.request.headers = headers.clone();
    http.request.visible = true;
    host.streams.insert(context, http);
    match run(guest, &half, context, headers.len(), body) {
        Ok(entered) => Ok(Some(entered)),
        // Envoy gives up the VM, and lets the callback that made the call run on.
        Err(error) => {
            guest.host().trapped = Some(format!("the module trapped in the upstream half: {error:?}"));
            Err(Status::BadArgument.into())
        }
    }
}

fn run(
    guest: &mut Guest<'_>,
    half: &Nested,
    context: u32,
    count: usize,
    body: &[u8],
) -> wasmtime::Result<Entered> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let verdict =
        |answer: Option<u32>| if answer.unwrap_or(0) == 0 { Verdict::Continue } else { Verdict::Pause };
    let end = body.is_empty();
    guest.enter(half.context_create.as_ref(), context, (context, half.root))?;
    note(guest, format!("  context={context} created"));
    let arguments = (context, number(count), u32::from(end));
    let headers = verdict(guest.enter(half.request_headers.as_ref(), context, arguments)?);
    note(guest, format!("  context={context} on_request_headers count={count} end={end} -> {headers}"));
    if end {
        return Ok(Entered { context, headers, body: None });
    }
    if let Some(stream) = guest.host().streams.get_mut(&context) {
        stream.request.visible = headers == Verdict::Pause;
        stream.request.received = body.len();
        stream.request.body = body.to_vec();
    }
    let size = body.len();
    let answer = verdict(guest.enter(half.request_body.as_ref(), context, (context, number(size), 1))?);
    note(guest, format!("  context={context} on_request_body size={size} end=true -> {answer}"));
    Ok(Entered { context, headers, body: Some(answer) })
}

fn note(guest: &mut Guest<'_>, text: String) {
    guest.host().log.push((Source::Filter, text));
}

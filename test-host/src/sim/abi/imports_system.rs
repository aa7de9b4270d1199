//! Log, time, ticks, properties and contexts.

use std::time::Duration;

use wasmtime::{Caller, Linker};

use super::memory::{Fault, Guest};
use super::types::{LogLevel, Status};
use super::{ENV, host_call};
use crate::sim::state::{Asked, Half, HostState, HttpContext};

pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_log",
        |caller: Caller<'_, HostState>, level: u32, text: u32, size: u32| {
            host_call(caller, |guest| log(guest, level, text, size))
        },
    )?;
    linker.func_wrap(ENV, "proxy_get_log_level", |caller: Caller<'_, HostState>, level_at: u32| {
        host_call(caller, |guest| guest.write_u32(level_at, LogLevel::Debug as u32))
    })?;
    linker.func_wrap(
        ENV,
        "proxy_get_current_time_nanoseconds",
        |caller: Caller<'_, HostState>, at: u32| {
            host_call(caller, |guest| {
                let now = guest.host().now;
                guest.write(at, &now.to_le_bytes())
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_set_tick_period_milliseconds",
        |caller: Caller<'_, HostState>, ms: u32| {
            host_call(caller, |guest| {
                let period = (ms > 0).then(|| Duration::from_millis(ms.into()));
                let host = guest.host();
                let root = host.root();
                host.asked.push_back(Asked::Tick { root, period });
                Ok(())
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_get_property",
        |caller: Caller<'_, HostState>, path: u32, size: u32, value_at: u32, size_at: u32| {
            host_call(caller, |guest| get_property(guest, path, size, value_at, size_at))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_set_property",
        |caller: Caller<'_, HostState>, path: u32, path_size: u32, value: u32, size: u32| {
            host_call(caller, |guest| set_property(guest, path, path_size, value, size))
        },
    )?;
    linker.func_wrap(ENV, "proxy_set_effective_context", |caller: Caller<'_, HostState>, context: u32| {
        host_call(caller, |guest| {
            let host = guest.host();
            if !host.exists(context) {
                return Err(Status::BadArgument.into());
            }
            host.effective = Some(context);
            Ok(())
        })
    })?;
    // No callback here ever leaves a context waiting to be done, so there is none to finish.
    linker.func_wrap(ENV, "proxy_done", |caller: Caller<'_, HostState>| {
        host_call(caller, |_| Err(Status::NotFound.into()))
    })?;
    linker.func_wrap(
        ENV,
        "proxy_call_foreign_function",
        |caller: Caller<'_, HostState>, _: u32, _: u32, _: u32, _: u32, _: u32, _: u32| {
            host_call(caller, |_| Err(Status::NotFound.into()))
        },
    )?;
    Ok(())
}

fn log(guest: &mut Guest<'_>, level: u32, text: u32, size: u32) -> Result<(), Fault> {
    let level = LogLevel::from_number(level).ok_or(Status::BadArgument)?;
    let text = guest.read_text(text, size)?;
    guest.host().write_log(level, &text);
    Ok(())
}

fn get_property(
    guest: &mut Guest<'_>,
    path: u32,
    size: u32,
    value_at: u32,
    size_at: u32,
) -> Result<(), Fault> {
    let path = guest.read(path, size)?;
    let host = guest.host();
    let value = match path.as_slice() {
        b"plugin_name" => host.plugin().map(|plugin| plugin.name.as_bytes().to_vec()),
        b"plugin_root_id" | b"plugin_vm_id" => Some(Vec::new()),
        _ => host.stream().and_then(|stream| stream_property(stream, &path)),
    };
    guest.give(&value.ok_or(Status::NotFound)?, value_at, size_at)
}

/// Numbers are eight bytes, little endian, as Envoy's expression language gives them.
fn stream_property(stream: &HttpContext, path: &[u8]) -> Option<Vec<u8>> {
    let header = |name| stream.request.headers.get(name).map(<[u8]>::to_vec);
    match path {
        b"request\0id" => Some(stream.request_id.clone().into_bytes()),
        b"request\0path" => header(":path"),
        b"request\0method" => header(":method"),
        // As Envoy writes it, with the port.
        b"source\0address" => Some(b"127.0.0.1:40000".to_vec()),
        // What has come, headers included: Envoy counts it before any filter sees it.
        b"request\0total_size" => {
            let Half { headers, received, .. } = &stream.request;
            let sizes = headers.iter().map(|(name, value)| name.len() + value.len());
            Some(((sizes.sum::<usize>() + received) as u64).to_le_bytes().to_vec())
        }
        b"request\0host" => header(":authority"),
        // The stream's own, which is not known before the router has an answer.
        b"response\0code" if stream.upstream => None,
        b"response\0code" => {
            stream.response.headers.status().map(|code| i64::from(code).to_le_bytes().to_vec())
        }
        b"response\0flags" => Some(stream.flags.to_le_bytes().to_vec()),
        b"response\0code_details" => {
            (!stream.details.is_empty()).then(|| stream.details.clone().into_bytes())
        }
        _ => stream.properties.get(path).cloned(),
    }
}

fn set_property(
    guest: &mut Guest<'_>,
    path: u32,
    path_size: u32,
    value: u32,
    size: u32,
) -> Result<(), Fault> {
    let (path, value) = (guest.read(path, path_size)?, guest.read(value, size)?);
    let stream = guest.host().stream().ok_or(Status::NotFound)?;
    stream.properties.insert(path, value);
    Ok(())
}

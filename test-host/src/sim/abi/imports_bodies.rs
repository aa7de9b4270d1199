//! Buffers: bodies and configurations.

use wasmtime::{Caller, Linker};

use super::memory::{Fault, Guest};
use super::types::{BufferType, Direction, Status};
use super::{ENV, host_call};
use crate::sim::state::HostState;

pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_get_buffer_bytes",
        |caller: Caller<'_, HostState>, buffer: u32, start: u32, size: u32, bytes_at: u32, size_at: u32| {
            host_call(caller, |guest| get(guest, buffer, (start, size), bytes_at, size_at))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_get_buffer_status",
        |caller: Caller<'_, HostState>, buffer: u32, size_at: u32, flags_at: u32| {
            host_call(caller, |guest| {
                let size = buffer_of(guest.host(), buffer)?.len();
                guest.write_u32(size_at, u32::try_from(size).unwrap_or(u32::MAX))?;
                guest.write_u32(flags_at, 0)
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_set_buffer_bytes",
        |caller: Caller<'_, HostState>, buffer: u32, start: u32, size: u32, bytes: u32, bytes_size: u32| {
            host_call(caller, |guest| {
                let bytes = guest.read(bytes, bytes_size)?;
                set(guest.host(), buffer, (start, size), bytes)
            })
        },
    )?;
    Ok(())
}

fn get(
    guest: &mut Guest<'_>,
    buffer: u32,
    (start, size): (u32, u32),
    bytes_at: u32,
    size_at: u32,
) -> Result<(), Fault> {
    let end = start.checked_add(size).ok_or(Status::BadArgument)?;
    let buffer = buffer_of(guest.host(), buffer)?;
    let (start, end) = (start as usize, (end as usize).min(buffer.len()));
    let bytes = buffer.get(start..end).unwrap_or_default().to_vec();
    // For no bytes Envoy leaves the guest's pointers alone.
    if bytes.is_empty() {
        return Ok(());
    }
    guest.give(&bytes, bytes_at, size_at)
}

/// Envoy can put bytes before or behind what is there, or in place of all of it; nothing between.
fn set(host: &mut HostState, buffer: u32, (start, size): (u32, u32), bytes: Vec<u8>) -> Result<(), Fault> {
    let direction = match BufferType::from_number(buffer) {
        Some(BufferType::RequestBody) => Direction::Request,
        Some(BufferType::ResponseBody) => Direction::Response,
        _ => return Err(Status::BadArgument.into()),
    };
    let half = host.stream().ok_or(Status::BadArgument)?.half(direction);
    if !half.has_buffer {
        return Err(Status::BadArgument.into());
    }
    let body = &mut half.body;
    match (start as usize, size as usize) {
        (0, 0) => drop(body.splice(0..0, bytes)),
        (0, size) if size >= body.len() => *body = bytes,
        (start, _) if start > 0 && start >= body.len() => body.extend(bytes),
        _ => return Err(Status::BadArgument.into()),
    }
    Ok(())
}

fn buffer_of(host: &mut HostState, number: u32) -> Result<&[u8], Status> {
    Ok(match BufferType::from_number(number).ok_or(Status::BadArgument)? {
        BufferType::RequestBody => &host.stream().ok_or(Status::NotFound)?.request.body,
        BufferType::ResponseBody => &host.stream().ok_or(Status::NotFound)?.response.body,
        BufferType::CallResponseBody => &host.call_response.as_ref().ok_or(Status::NotFound)?.1,
        BufferType::GrpcReceive => host.grpc_message.as_deref().ok_or(Status::NotFound)?,
        BufferType::PluginConfiguration => &host.plugin().ok_or(Status::NotFound)?.configuration,
        BufferType::VmConfiguration => &[],
    })
}

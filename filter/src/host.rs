//! Host calls of the proxy-wasm ABI 0.2.1, by the names of <https://github.com/proxy-wasm/spec>.
//!
//! The wrappers of the Rust SDK panic at a status they do not foresee, which would take the worker's VM and its streams along.
//! Here every status but success is a [`Refused`], or nothing, and header maps arrive in one buffer instead of two
//! allocations a header.

#![expect(unsafe_code, reason = "the ABI is made of C functions and memory handed over by the host")]

use std::cell::Cell;
use std::ptr::{null, null_mut};
use std::time::Duration;

use crate::types::{BufferType, LogLevel, MapType, MetricType, StreamType};
use seawall_core::{Entry, Headers, Timestamp};

/// The host did not do what it was asked; a stream that has ended, most often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

type Size = usize;
const OK: u32 = 0;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: LogLevel, text: *const u8, size: Size) -> u32;
    fn proxy_get_log_level(level: *mut u32) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut Size) -> u32;
    fn proxy_get_header_map_value(
        map: MapType,
        key: *const u8,
        key_size: Size,
        data: *mut *mut u8,
        size: *mut Size,
    ) -> u32;
    fn proxy_replace_header_map_value(
        map: MapType,
        key: *const u8,
        key_size: Size,
        value: *const u8,
        size: Size,
    ) -> u32;
    fn proxy_add_header_map_value(
        map: MapType,
        key: *const u8,
        key_size: Size,
        value: *const u8,
        size: Size,
    ) -> u32;
    fn proxy_remove_header_map_value(map: MapType, key: *const u8, key_size: Size) -> u32;
    fn proxy_get_buffer_bytes(
        buffer: BufferType,
        start: Size,
        max: Size,
        data: *mut *mut u8,
        size: *mut Size,
    ) -> u32;
    fn proxy_set_buffer_bytes(
        buffer: BufferType,
        start: Size,
        replaced: Size,
        data: *const u8,
        size: Size,
    ) -> u32;
    fn proxy_get_property(path: *const u8, path_size: Size, data: *mut *mut u8, size: *mut Size) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: Size,
        data: *mut *mut u8,
        size: *mut Size,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, key_size: Size, value: *const u8, size: Size, cas: u32) -> u32;
    fn proxy_define_metric(kind: MetricType, name: *const u8, name_size: Size, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, by: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_http_call(
        cluster: *const u8,
        cluster_size: Size,
        headers: *const u8,
        headers_size: Size,
        body: *const u8,
        body_size: Size,
        trailers: *const u8,
        trailers_size: Size,
        timeout_millis: u32,
        token: *mut u32,
    ) -> u32;
    fn proxy_grpc_call(
        cluster: *const u8,
        cluster_size: Size,
        service: *const u8,
        service_size: Size,
        method: *const u8,
        method_size: Size,
        metadata: *const u8,
        metadata_size: Size,
        message: *const u8,
        message_size: Size,
        timeout_millis: u32,
        token: *mut u32,
    ) -> u32;
    fn proxy_continue_stream(stream: StreamType) -> u32;
    fn proxy_close_stream(stream: StreamType) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: Size,
        body: *const u8,
        body_size: Size,
        headers: *const u8,
        headers_size: Size,
        grpc_status: i32,
    ) -> u32;
}

thread_local! {
    /// Whether the callback under way has asked for something that the host does after it.
    static HAS_ASKED: Cell<bool> = const { Cell::new(false) };
    /// Whether calls mean another context than the one whose callback is under way.
    static IS_ELSEWHERE: Cell<bool> = const { Cell::new(false) };
}

/// A callback begins.
pub(crate) fn begin() {
    HAS_ASKED.set(false);
    IS_ELSEWHERE.set(false);
}

/// Whether the callback under way has had a stream go on, answered or ended, or a call fail. The host does all that when a
/// callback returns, and the first one to return may be one that is nested in a dispatched call: then it would happen in
/// the middle of this one. So nothing is dispatched any more.
pub(crate) fn has_asked() -> bool {
    HAS_ASKED.get()
}

/// For what the host does only when this callback has returned.
fn asked(status: u32) -> Result<(), Refused> {
    HAS_ASKED.set(true);
    done(status)
}

fn done(status: u32) -> Result<(), Refused> {
    if status == OK { Ok(()) } else { Err(Refused) }
}

/// Calls a function that hands over a buffer, and takes the buffer.
fn take(call: impl FnOnce(*mut *mut u8, *mut Size) -> u32) -> Option<Vec<u8>> {
    let (mut data, mut size) = (null_mut(), 0);
    if call(&raw mut data, &raw mut size) != OK || data.is_null() {
        return None;
    }
    // SAFETY: the host got this memory from `proxy_on_memory_allocate(size)`, which makes a byte vector of exactly that
    // capacity and forgets it; from here on it is ours alone.
    Some(unsafe { Vec::from_raw_parts(data, size, size) })
}

pub(crate) fn log(level: LogLevel, text: &str) {
    // SAFETY: the text outlives the call. A host that will not log leaves nobody to tell.
    let _ = unsafe { proxy_log(level, text.as_ptr(), text.len()) };
}

/// Whether the host writes messages of this level.
pub(crate) fn logs(level: LogLevel) -> bool {
    let mut least = LogLevel::Critical as u32;
    // SAFETY: the host writes one number to the place given.
    let _ = unsafe { proxy_get_log_level(&raw mut least) };
    level as u32 >= least
}

pub(crate) fn now() -> Timestamp {
    let mut time = 0;
    // SAFETY: as above.
    let _ = unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
    Timestamp(time)
}

/// Asks for `on_tick` every so many milliseconds; 0 for no more ticks.
pub(crate) fn set_tick_period(millis: u32) {
    // SAFETY: no memory involved.
    let _ = unsafe { proxy_set_tick_period_milliseconds(millis) };
}

/// All headers of a map; none when the host has no such map now.
pub(crate) fn headers(map: MapType) -> Headers {
    // SAFETY: the host writes to the two places given.
    let text = take(|data, size| unsafe { proxy_get_header_map_pairs(map, data, size) }).unwrap_or_default();
    parse_pairs(text).unwrap_or_default()
}

/// The ABI's form of a map: the number of pairs, the sizes of each name and value, then the names and values, each with
/// a zero byte after it. `None` if the buffer ends too early.
fn parse_pairs(text: Vec<u8>) -> Option<Headers> {
    let (count, mut sizes) = text.split_first_chunk::<4>()?;
    let count = u32::from_le_bytes(*count);
    let mut at = count.checked_mul(8)?.checked_add(4)?;
    // Each pair takes eight bytes of the buffer, so a forged count cannot ask for more memory than is there.
    let mut index = Vec::with_capacity((count as usize).min(text.len() / 8));
    let mut next = |sizes: &mut &[u8]| {
        let (size, rest) = sizes.split_first_chunk::<4>()?;
        *sizes = rest;
        let (start, size) = (at, u32::from_le_bytes(*size));
        at = at.checked_add(size)?.checked_add(1)?;
        Some((start, size))
    };
    for _ in 0..count {
        let (name_start, name_len) = next(&mut sizes)?;
        let (value_start, value_len) = next(&mut sizes)?;
        index.push(Entry { name_start, name_len, value_start, value_len });
    }
    Some(Headers::new(text, index))
}

pub(crate) fn header(map: MapType, name: &str) -> Option<Vec<u8>> {
    // SAFETY: the name outlives the call; the host writes to the two places given.
    take(|data, size| unsafe { proxy_get_header_map_value(map, name.as_ptr(), name.len(), data, size) })
}

/// Sets a header, in place of all of its name.
pub(crate) fn set_header(map: MapType, name: &str, value: &str) -> Result<(), Refused> {
    // SAFETY: name and value outlive the call.
    done(unsafe {
        proxy_replace_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len())
    })
}

/// Adds a header beside those of its name.
pub(crate) fn add_header(map: MapType, name: &str, value: &[u8]) -> Result<(), Refused> {
    // SAFETY: name and value outlive the call.
    done(unsafe { proxy_add_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

pub(crate) fn remove_header(map: MapType, name: &str) -> Result<(), Refused> {
    // SAFETY: the name outlives the call.
    done(unsafe { proxy_remove_header_map_value(map, name.as_ptr(), name.len()) })
}

/// All that a buffer holds; empty when the host has no such buffer now.
pub(crate) fn buffer(buffer: BufferType) -> Vec<u8> {
    // SAFETY: the host writes to the two places given.
    take(|data, size| unsafe { proxy_get_buffer_bytes(buffer, 0, Size::MAX, data, size) }).unwrap_or_default()
}

/// Some of what a buffer holds.
pub(crate) fn buffer_part(buffer: BufferType, start: usize, max: usize) -> Vec<u8> {
    if max == 0 {
        return Vec::new();
    }
    // SAFETY: the host writes to the two places given.
    take(|data, size| unsafe { proxy_get_buffer_bytes(buffer, start, max, data, size) }).unwrap_or_default()
}

/// Puts other bytes in place of all that a buffer holds.
pub(crate) fn replace_buffer(buffer: BufferType, bytes: &[u8]) -> Result<(), Refused> {
    // SAFETY: the bytes outlive the call.
    done(unsafe { proxy_set_buffer_bytes(buffer, 0, Size::MAX, bytes.as_ptr(), bytes.len()) })
}

/// A property; the parts of its path are separated by zero bytes.
pub(crate) fn property(path: &str) -> Option<Vec<u8>> {
    // SAFETY: the path outlives the call; the host writes to the two places given.
    take(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// A cell of the shared data and its version.
pub(crate) fn shared_data(key: &str) -> Option<(Vec<u8>, u32)> {
    let mut cas = 0;
    // SAFETY: the key outlives the call; the host writes to the three places given.
    let read =
        |data, size| unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas) };
    let bytes = take(read)?;
    Some((bytes, cas))
}

/// Writes a cell if its version is `cas`, or if there is none; 0 writes in any case.
pub(crate) fn set_shared_data(key: &str, value: &[u8], cas: u32) -> Result<(), Refused> {
    // SAFETY: key and value outlive the call.
    done(unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
}

pub(crate) fn define_metric(kind: MetricType, name: &str) -> Option<u32> {
    let mut id = 0;
    // SAFETY: the name outlives the call; the host writes one number.
    let status = unsafe { proxy_define_metric(kind, name.as_ptr(), name.len(), &raw mut id) };
    (status == OK).then_some(id)
}

pub(crate) fn increment_metric(id: u32, by: i64) {
    // SAFETY: no memory involved.
    let _ = unsafe { proxy_increment_metric(id, by) };
}

pub(crate) fn record_metric(id: u32, value: u64) {
    // SAFETY: no memory involved.
    let _ = unsafe { proxy_record_metric(id, value) };
}

/// Makes the calls that follow mean this stream. Fails when it is gone.
pub(crate) fn set_effective_context(context: u32) -> Result<(), Refused> {
    IS_ELSEWHERE.set(true);
    // SAFETY: no memory involved.
    done(unsafe { proxy_set_effective_context(context) })
}

/// Makes the calls that follow mean the stream whose callback is under way: they do, until they are made to mean another.
pub(crate) fn come_back(context: u32) {
    if IS_ELSEWHERE.get() {
        let _ = set_effective_context(context);
    }
}

/// Lets the held side of a stream go on.
pub(crate) fn resume(stream: StreamType) -> Result<(), Refused> {
    // SAFETY: no memory involved.
    asked(unsafe { proxy_continue_stream(stream) })
}

/// Resets the stream.
pub(crate) fn close(stream: StreamType) -> Result<(), Refused> {
    // SAFETY: no memory involved.
    asked(unsafe { proxy_close_stream(stream) })
}

/// Answers the client, in place of what is held.
pub(crate) fn respond(status: u16, headers: &[(String, Vec<u8>)], body: &[u8]) -> Result<(), Refused> {
    let headers = write_pairs(headers);
    // SAFETY: everything pointed to outlives the call; -1 means that this is not gRPC.
    asked(unsafe {
        proxy_send_local_response(
            u32::from(status),
            null(),
            0,
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            -1,
        )
    })
}

/// Sends a request from here. Its answer comes with the token returned.
pub(crate) fn dispatch(
    cluster: &str,
    headers: &[(String, Vec<u8>)],
    body: &[u8],
    timeout: Duration,
) -> Result<u32, Refused> {
    let (headers, trailers) = (write_pairs(headers), write_pairs(&[]));
    let millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    let mut token = 0;
    // SAFETY: everything pointed to outlives the call; the host writes one number.
    done(unsafe {
        proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            trailers.as_ptr(),
            trailers.len(),
            millis,
            &raw mut token,
        )
    })
    .inspect_err(|_| HAS_ASKED.set(true))?;
    Ok(token)
}

/// Makes a gRPC call of one message. Its answer comes with the token returned.
///
/// Envoy is told the cluster in a `GrpcService`: a bare name it takes for one too where the bytes happen to be one, as those of
/// `usage` do, and then it ends, for that names no cluster.
pub(crate) fn grpc_call(
    cluster: &str,
    (service, method): (&str, &str),
    message: &[u8],
    timeout: Duration,
) -> Result<u32, Refused> {
    let target = grpc_service(cluster);
    let metadata = write_pairs(&[]);
    let millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    let mut token = 0;
    // SAFETY: everything pointed to outlives the call; the host writes one number.
    done(unsafe {
        proxy_grpc_call(
            target.as_ptr(),
            target.len(),
            service.as_ptr(),
            service.len(),
            method.as_ptr(),
            method.len(),
            metadata.as_ptr(),
            metadata.len(),
            message.as_ptr(),
            message.len(),
            millis,
            &raw mut token,
        )
    })?;
    Ok(token)
}

/// `envoy.config.core.v3.GrpcService { envoy_grpc { cluster_name } }`: two messages in one another, the first field of each.
fn grpc_service(cluster: &str) -> Vec<u8> {
    field_one(&field_one(cluster.as_bytes()))
}

/// A message whose first field is this.
fn field_one(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len() + 11);
    bytes.push(0x0a);
    let mut len = value.len();
    while len > 0x7f {
        bytes.push(len as u8 | 0x80);
        len >>= 7;
    }
    bytes.push(len as u8);
    bytes.extend_from_slice(value);
    bytes
}

fn write_pairs(pairs: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(pairs.iter().map(|(name, value)| name.len() + value.len() + 10).sum());
    bytes.extend_from_slice(&(pairs.len() as u32).to_le_bytes());
    for (name, value) in pairs {
        bytes.extend_from_slice(&(name.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    for part in pairs.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
        bytes.extend_from_slice(part);
        bytes.push(0);
    }
    bytes
}

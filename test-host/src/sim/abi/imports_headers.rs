//! Header maps. Trailers are always empty here: nothing in HTTP/1 chat traffic sends any.

use wasmtime::{Caller, Linker};

use super::memory::{Fault, Guest};
use super::types::{MapType, Status};
use super::{ENV, host_call, pairs};
use crate::sim::headers::HeaderMap;
use crate::sim::state::HostState;

type Call<'a> = Caller<'a, HostState>;

pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_get_header_map_pairs",
        |caller: Call<'_>, map: u32, pairs_at: u32, size_at: u32| {
            host_call(caller, |guest| {
                let map = map_type(map)?;
                // Envoy gives no pairs, rather than an error, for a map out of sight.
                let bytes = readable(guest.host(), map).map(pairs::encode).unwrap_or_default();
                guest.give(&bytes, pairs_at, size_at)
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_set_header_map_pairs",
        |caller: Call<'_>, map: u32, at: u32, size: u32| {
            host_call(caller, |guest| {
                let map = map_type(map)?;
                let new = pairs::decode(&guest.read(at, size)?).ok_or(Status::BadArgument)?;
                *writable(guest.host(), map).ok_or(Status::BadArgument)? = new;
                Ok(())
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_get_header_map_value",
        |caller: Call<'_>, map: u32, name: u32, name_size: u32, value_at: u32, size_at: u32| {
            host_call(caller, |guest| {
                let map = map_type(map)?;
                let name = guest.read_text(name, name_size)?;
                let map = readable(guest.host(), map).ok_or(Status::BadArgument)?;
                let value = map.get(&name).ok_or(Status::NotFound)?.to_vec();
                guest.give(&value, value_at, size_at)
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_add_header_map_value",
        |caller: Call<'_>, map: u32, name: u32, name_size: u32, value: u32, size: u32| {
            host_call(caller, |guest| change(guest, map, (name, name_size), (value, size), HeaderMap::add))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_replace_header_map_value",
        |caller: Call<'_>, map: u32, name: u32, name_size: u32, value: u32, size: u32| {
            host_call(caller, |guest| change(guest, map, (name, name_size), (value, size), HeaderMap::set))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_remove_header_map_value",
        |caller: Call<'_>, map: u32, name: u32, name_size: u32| {
            host_call(caller, |guest| {
                change(guest, map, (name, name_size), (0, 0), |headers, name, _| headers.remove(name))
            })
        },
    )?;
    Ok(())
}

fn change(
    guest: &mut Guest<'_>,
    map: u32,
    (name, name_size): (u32, u32),
    (value, size): (u32, u32),
    with: impl FnOnce(&mut HeaderMap, &str, &[u8]),
) -> Result<(), Fault> {
    let map = map_type(map)?;
    let (name, value) = (guest.read_text(name, name_size)?, guest.read(value, size)?);
    with(writable(guest.host(), map).ok_or(Status::BadArgument)?, &name, &value);
    Ok(())
}

fn map_type(number: u32) -> Result<MapType, Status> {
    MapType::from_number(number).ok_or(Status::BadArgument)
}

fn readable(host: &mut HostState, map: MapType) -> Option<&HeaderMap> {
    match map {
        MapType::CallResponseHeaders => return host.call_response.as_ref().map(|(headers, _)| headers),
        MapType::RequestTrailers | MapType::ResponseTrailers | MapType::CallResponseTrailers => return None,
        MapType::RequestHeaders | MapType::ResponseHeaders => {}
    }
    let stream = host.stream()?;
    let logging = stream.logging;
    let half = match map {
        MapType::RequestHeaders => &stream.request,
        _ => &stream.response,
    };
    (half.visible || logging).then_some(&half.headers)
}

fn writable(host: &mut HostState, map: MapType) -> Option<&mut HeaderMap> {
    let stream = host.stream()?;
    let half = match map {
        MapType::RequestHeaders => &mut stream.request,
        MapType::ResponseHeaders => &mut stream.response,
        _ => return None,
    };
    half.visible.then_some(&mut half.headers)
}

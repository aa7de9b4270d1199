//! Shared data. Shared queues are refused: nothing here uses them.

use wasmtime::{Caller, Linker};

use super::types::Status;
use super::{ENV, host_call};
use crate::sim::state::HostState;

type Call<'a> = Caller<'a, HostState>;

pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_get_shared_data",
        |caller: Call<'_>, key: u32, key_size: u32, value_at: u32, size_at: u32, cas_at: u32| {
            host_call(caller, |guest| {
                let key = guest.read(key, key_size)?;
                let found = guest.host().shared.borrow().get(&key).cloned();
                let (value, cas) = found.ok_or(Status::NotFound)?;
                guest.give(&value, value_at, size_at)?;
                guest.write_u32(cas_at, cas)
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_set_shared_data",
        |caller: Call<'_>, key: u32, key_size: u32, value: u32, size: u32, cas: u32| {
            host_call(caller, |guest| {
                let (key, value) = (guest.read(key, key_size)?, guest.read(value, size)?);
                guest.host().shared.borrow_mut().set(&key, value, cas)?;
                Ok(())
            })
        },
    )?;
    linker.func_wrap(ENV, "proxy_register_shared_queue", |caller: Call<'_>, _: u32, _: u32, _: u32| {
        unimplemented(caller)
    })?;
    linker.func_wrap(
        ENV,
        "proxy_resolve_shared_queue",
        |caller: Call<'_>, _: u32, _: u32, _: u32, _: u32, _: u32| unimplemented(caller),
    )?;
    linker.func_wrap(ENV, "proxy_dequeue_shared_queue", |caller: Call<'_>, _: u32, _: u32, _: u32| {
        unimplemented(caller)
    })?;
    linker.func_wrap(ENV, "proxy_enqueue_shared_queue", |caller: Call<'_>, _: u32, _: u32, _: u32| {
        unimplemented(caller)
    })?;
    Ok(())
}

fn unimplemented(caller: Call<'_>) -> wasmtime::Result<u32> {
    host_call(caller, |_| Err(Status::Unimplemented.into()))
}

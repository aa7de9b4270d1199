//! Metrics.

use wasmtime::{Caller, Linker};

use super::types::{MetricType, Status};
use super::{ENV, host_call};
use crate::sim::state::HostState;

pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_define_metric",
        |caller: Caller<'_, HostState>, kind: u32, name: u32, size: u32, id_at: u32| {
            host_call(caller, |guest| {
                let kind = MetricType::from_number(kind).ok_or(Status::BadArgument)?;
                let name = guest.read_text(name, size)?;
                let id = guest.host().shared.borrow_mut().define(kind, name);
                guest.write_u32(id_at, id)
            })
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_increment_metric",
        |caller: Caller<'_, HostState>, id: u32, offset: i64| {
            host_call(caller, |guest| Ok(guest.host().shared.borrow_mut().increment(id, offset)?))
        },
    )?;
    linker.func_wrap(ENV, "proxy_record_metric", |caller: Caller<'_, HostState>, id: u32, value: u64| {
        host_call(caller, |guest| Ok(guest.host().shared.borrow_mut().record(id, value)?))
    })?;
    linker.func_wrap(ENV, "proxy_get_metric", |caller: Caller<'_, HostState>, id: u32, value_at: u32| {
        host_call(caller, |guest| {
            let value = guest.host().shared.borrow_mut().value(id)?;
            guest.write(value_at, &value.to_le_bytes())
        })
    })?;
    Ok(())
}

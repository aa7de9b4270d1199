//! The proxy-wasm ABI, 0.2.1, as a host sees it.
//!
//! - [`types`]: the numbers both sides agree on.
//! - [`memory`]: the guest's memory, every access checked.
//! - [`pairs`]: how header maps are laid out in it.
//! - [`nested`]: callbacks within a host call.
//! - `imports_*`: one function for each host call, with Envoy's answers, refusals included: the Rust SDK panics on a
//!   status it does not expect, so a host that is kinder than Envoy would hide a crash.

mod imports_bodies;
mod imports_grpc;
mod imports_headers;
mod imports_http;
mod imports_metrics;
mod imports_shared;
mod imports_system;
mod memory;
mod nested;
mod pairs;
mod types;

use wasmtime::{Caller, Linker};

use crate::sim::state::HostState;

pub(crate) use memory::{Fault, Guest};
pub use types::LogLevel;
pub(crate) use types::{Direction, MetricType, Status};

/// The module name of every host call.
const ENV: &str = "env";

/// Defines every host call.
pub(crate) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    imports_system::link(linker)?;
    imports_headers::link(linker)?;
    imports_bodies::link(linker)?;
    imports_http::link(linker)?;
    imports_grpc::link(linker)?;
    imports_shared::link(linker)?;
    imports_metrics::link(linker)
}

/// Runs one host call: a refusal goes back to the guest as its status, a trap ends the guest's callback.
fn host_call(
    caller: Caller<'_, HostState>,
    call: impl FnOnce(&mut Guest<'_>) -> Result<(), Fault>,
) -> wasmtime::Result<u32> {
    match call(&mut Guest::new(caller)) {
        Ok(()) => Ok(Status::Ok as u32),
        Err(Fault::Refused(status)) => Ok(status as u32),
        Err(Fault::Trap(error)) => Err(error),
    }
}

//! gRPC calls of one message each.

use std::time::Duration;

use wasmtime::{Caller, Linker};

use super::memory::{Fault, Guest};
use super::types::Status;
use super::{ENV, host_call};
use crate::sim::state::{Asked, GrpcCall, HostState};

pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_grpc_call",
        |caller: Caller<'_, HostState>,
         cluster: u32,
         cluster_size: u32,
         service: u32,
         service_size: u32,
         method: u32,
         method_size: u32,
         _metadata: u32,
         _metadata_size: u32,
         message: u32,
         message_size: u32,
         timeout_ms: u32,
         token_at: u32| {
            host_call(caller, |guest| {
                let cluster = guest.read_text(cluster, cluster_size)?;
                let service = guest.read_text(service, service_size)?;
                let method = guest.read_text(method, method_size)?;
                let message = guest.read(message, message_size)?;
                let token = call(guest, cluster, (&service, &method), message, timeout_ms)?;
                guest.write_u32(token_at, token)
            })
        },
    )?;
    Ok(())
}

fn call(
    guest: &mut Guest<'_>,
    cluster: String,
    (service, method): (&str, &str),
    message: Vec<u8>,
    timeout_ms: u32,
) -> Result<u32, Fault> {
    let host = guest.host();
    // What is no cluster's name Envoy takes for a configuration, and can't read it.
    if !host.rate_limit_services.contains(&cluster) {
        return Err(Status::ParseFailure.into());
    }
    let path = format!("/{service}/{method}");
    let timeout = (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms.into()));
    host.next_grpc_token += 1;
    let (token, root) = (host.next_grpc_token, host.root());
    host.asked.push_back(Asked::Grpc(GrpcCall { token, cluster, path, message, timeout, root }));
    Ok(token)
}

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
                let target = guest.read(cluster, cluster_size)?;
                let cluster = cluster_of(&target).ok_or(Status::BadArgument)?;
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

/// The cluster of a `GrpcService { envoy_grpc { cluster_name } }`. Envoy takes a bare name as well, unless it can be read as such a
/// message: then it aborts. So one is never taken here.
fn cluster_of(target: &[u8]) -> Option<String> {
    let name = field_one(field_one(target)?)?;
    String::from_utf8(name.to_vec()).ok()
}

/// What a message's first field is, where it has only that.
fn field_one(message: &[u8]) -> Option<&[u8]> {
    let (_, mut rest) = message.split_first().filter(|(tag, _)| **tag == 0x0a)?;
    let mut len = 0;
    for shift in (0..28).step_by(7) {
        let (byte, after) = rest.split_first()?;
        rest = after;
        len |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return (rest.len() == len).then_some(rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::cluster_of;

    #[test]
    fn only_a_message_names_a_cluster() {
        let long = "c".repeat(300);
        let message = [&b"\x0a\xaf\x02\x0a\xac\x02"[..], long.as_bytes()].concat();
        assert_eq!(cluster_of(&message), Some(long));
        assert_eq!(cluster_of(b"\x0a\x07\x0a\x05usage").as_deref(), Some("usage"));
        for bare in [&b"usage"[..], b"counts", b"", b"\x0a\x05usage", b"\x0a\x07\x0a\x05usag"] {
            assert_eq!(cluster_of(bare), None);
        }
    }
}

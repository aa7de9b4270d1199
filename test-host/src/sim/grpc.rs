//! gRPC calls, and the rate limit services that answer them.

use super::router::CallId;
use super::state::GrpcCall;
use super::world::{Event, World};

/// gRPC's statuses.
const INVALID_ARGUMENT: u32 = 3;
const DEADLINE_EXCEEDED: u32 = 4;
const UNIMPLEMENTED: u32 = 12;
const UNAVAILABLE: u32 = 14;

const PATH: &str = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

impl World {
    pub(super) fn start_grpc_call(&mut self, machine: usize, call: GrpcCall) {
        let GrpcCall { token, cluster, path, message, timeout, root } = call;
        let now = self.now();
        let (after, answer) = match self.rate_limits.get_mut(&cluster) {
            None => (std::time::Duration::ZERO, Err(UNAVAILABLE)),
            Some(_) if path != PATH => (std::time::Duration::ZERO, Err(UNIMPLEMENTED)),
            Some(service) => match seawall_provider::Question::read(&message) {
                None => (std::time::Duration::ZERO, Err(INVALID_ARGUMENT)),
                Some(question) => match service.answer(&question, now) {
                    None => (std::time::Duration::ZERO, Err(UNAVAILABLE)),
                    Some((after, said)) => (after, Ok(said.write())),
                },
            },
        };
        let (after, answer) = match timeout {
            Some(timeout) if after >= timeout => (timeout, Err(DEADLINE_EXCEEDED)),
            _ => (after, answer),
        };
        let call = CallId { machine, root, token };
        self.schedule.at(now + after, Event::Grpc { call, answer });
    }

    pub(super) fn grpc_answered(
        &mut self,
        CallId { machine, root, token }: CallId,
        answer: Result<Vec<u8>, u32>,
    ) -> anyhow::Result<()> {
        match answer {
            Ok(message) => {
                let size = message.len();
                self.vm(machine)?.host().grpc_message = Some(message);
                self.enter(
                    machine,
                    |vm| vm.on_grpc_receive(root, token, size),
                    |()| format!("worker={machine} on_grpc_receive token={token} size={size}"),
                )?;
                self.vm(machine)?.host().grpc_message = None;
            }
            Err(status) => {
                self.enter(
                    machine,
                    |vm| vm.on_grpc_close(root, token, status),
                    |()| format!("worker={machine} on_grpc_close token={token} status={status}"),
                )?;
            }
        }
        self.settle(machine)
    }
}

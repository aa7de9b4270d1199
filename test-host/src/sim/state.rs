//! Everything a host call can see or change. It lives in the store of its VM; nothing is global, so worlds don't meet.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use wasmtime::{Memory, TypedFunc};

use super::abi::{Direction, LogLevel};
use super::headers::HeaderMap;
use super::journal::Source;
use super::rng::Rng;
use super::router::Timeouts;
use super::shared::Shared;
use super::vm::Verdict;

/// The data of one VM's store.
pub(crate) struct HostState {
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<TypedFunc<u32, u32>>,
    /// Nanoseconds since the epoch; constant during a callback, as virtual time stands still while the guest runs.
    pub(crate) now: u64,
    pub(crate) rng: Rng,
    pub(crate) env: BTreeMap<String, String>,
    /// The plugins that share this VM, by their root contexts.
    pub(crate) roots: BTreeMap<u32, Plugin>,
    pub(crate) next_context: u32,
    /// How upstream contexts are entered from within a host call; `None` where the upstream half is not installed.
    pub(crate) upstream_half: Option<Nested>,
    /// Clusters that it isn't installed at.
    pub(crate) lacks_upstream_half: BTreeSet<String>,
    /// Names of the clusters that calls can be dispatched to.
    pub(crate) clusters: BTreeSet<String>,
    /// Names of the clusters that lead to rate limit services.
    pub(crate) rate_limit_services: BTreeSet<String>,
    pub(crate) shared: Rc<RefCell<Shared>>,
    pub(crate) streams: BTreeMap<u32, HttpContext>,
    /// The context whose callback runs.
    pub(crate) current: u32,
    /// The context that host calls are about, where the guest has chosen another.
    pub(crate) effective: Option<u32>,
    /// The answer that `proxy_on_http_call_response` is about.
    pub(crate) call_response: Option<(HeaderMap, Vec<u8>)>,
    pub(crate) next_token: u32,
    /// The message that `proxy_on_grpc_receive` is about.
    pub(crate) grpc_message: Option<Vec<u8>>,
    pub(crate) next_grpc_token: u32,
    /// What the guest asked for during a callback, to be done when it has returned.
    pub(crate) asked: VecDeque<Asked>,
    pub(crate) log: Vec<(Source, String)>,
    /// Why a callback that was entered from within a host call failed.
    pub(crate) trapped: Option<String>,
}

/// One plugin: the filter is installed with a configuration of its own in each place.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    pub(crate) name: &'static str,
    pub(crate) configuration: Vec<u8>,
}

/// The upstream half's root context, and the callbacks that a dispatched call enters before `proxy_http_call` returns.
#[derive(Clone)]
pub(crate) struct Nested {
    pub(crate) root: u32,
    pub(crate) context_create: Option<TypedFunc<(u32, u32), ()>>,
    pub(crate) request_headers: Option<TypedFunc<(u32, u32, u32), u32>>,
    pub(crate) request_body: Option<TypedFunc<(u32, u32, u32), u32>>,
}

impl std::fmt::Debug for HostState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostState")
            .field("now", &self.now)
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

/// Envoy defers these until the callback has returned, because they lead back into the VM.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    Continue { context: u32, direction: Direction },
    Close { context: u32 },
    Reply { context: u32, reply: LocalReply },
    Call(Call),
    Grpc(GrpcCall),
    Tick { root: u32, period: Option<Duration> },
}

/// An answer made by the proxy rather than by an upstream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LocalReply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) details: String,
    pub(crate) flags: u64,
}

/// A request of the filter's own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) token: u32,
    pub(crate) cluster: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) timeouts: Timeouts,
    /// The root context that gets the answer.
    pub(crate) root: u32,
    /// What the upstream half did with the request already.
    pub(crate) upstream: Option<Entered>,
}

/// A gRPC call of the filter's own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GrpcCall {
    pub(crate) token: u32,
    pub(crate) cluster: String,
    pub(crate) path: String,
    pub(crate) message: Vec<u8>,
    /// `None`: as long as it takes.
    pub(crate) timeout: Option<Duration>,
    /// The root context that gets the answer.
    pub(crate) root: u32,
}

/// An upstream context that was entered within `proxy_http_call`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entered {
    pub(crate) context: u32,
    pub(crate) headers: Verdict,
    /// `None` where there is no body.
    pub(crate) body: Option<Verdict>,
}

/// What a filter can see of one HTTP stream.
#[derive(Debug, Default)]
pub(crate) struct HttpContext {
    pub(crate) root: u32,
    /// Whether it stands between router and provider rather than between client and router.
    pub(crate) upstream: bool,
    pub(crate) request: Half,
    pub(crate) response: Half,
    /// In `proxy_on_log` all headers can be read again.
    pub(crate) logging: bool,
    pub(crate) request_id: String,
    pub(crate) details: String,
    pub(crate) flags: u64,
    pub(crate) properties: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Headers and body of one direction.
#[derive(Debug, Default)]
pub(crate) struct Half {
    pub(crate) headers: HeaderMap,
    /// Envoy takes the headers out of the filter's sight when it passes them on; asking for one then is an error, which
    /// the SDK turns into a panic.
    pub(crate) visible: bool,
    /// Bytes of the body that have reached the host, whether the filter has seen them or not.
    pub(crate) received: usize,
    /// What is held back, and during a body callback what has just come too.
    pub(crate) body: Vec<u8>,
    /// Whether there is anything that a filter could write to.
    pub(crate) has_buffer: bool,
}

impl HttpContext {
    pub(crate) fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

impl HostState {
    /// The context that a host call is about.
    pub(crate) fn context(&self) -> u32 {
        match self.effective {
            // A stream that has gone meanwhile no longer counts.
            Some(id) if self.exists(id) => id,
            _ => self.current,
        }
    }

    pub(crate) fn stream(&mut self) -> Option<&mut HttpContext> {
        let id = self.context();
        self.streams.get_mut(&id)
    }

    pub(crate) fn exists(&self, context: u32) -> bool {
        self.roots.contains_key(&context) || self.streams.contains_key(&context)
    }

    /// The root context of the one that a host call is about.
    pub(crate) fn root(&self) -> u32 {
        let id = self.context();
        self.streams.get(&id).map_or(id, |stream| stream.root)
    }

    pub(crate) fn plugin(&self) -> Option<&Plugin> {
        self.roots.get(&self.root())
    }

    pub(crate) fn new_context(&mut self) -> u32 {
        self.next_context += 1;
        self.next_context
    }

    pub(crate) fn write_log(&mut self, level: LogLevel, text: &str) {
        self.log.push((Source::Log, format!("{level}: {text}")));
    }
}

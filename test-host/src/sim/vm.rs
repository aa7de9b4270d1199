//! One VM: a store, an instance, and its callbacks. A trap is a result; it never takes the host with it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, Linker, Store, TypedFunc, WasmParams, WasmResults};

use super::abi::{self, Direction};
use super::exports::{Exports, OnHeaders, export};
use super::state::{HostState, Nested, Plugin};
use super::wasi;
use crate::hints::{Branch, Counting};

/// Steps (about one each for a Wasm instruction) that a callback may take before it counts as endless: a second or so.
const FUEL: u64 = 2_000_000_000;

/// A compiled module. Compiling is what takes time, so one is shared by all worlds.
#[derive(Clone)]
pub struct Module {
    engine: Engine,
    module: wasmtime::Module,
    hash: String,
    counts: Option<Counts>,
}

/// What the branches of a module's VMs have done.
#[derive(Clone)]
struct Counts {
    by: Arc<Counting>,
    so_far: Arc<Mutex<Vec<Branch>>>,
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Module {
    /// Compiles the module in a file.
    ///
    /// # Errors
    /// When the file can't be read or is not a module.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let binary = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::compile(&binary).with_context(|| format!("{} is not a usable module", path.display()))
    }

    /// Compiles a module.
    ///
    /// # Errors
    /// When these bytes are none.
    pub fn compile(binary: &[u8]) -> anyhow::Result<Self> {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config).map_err(flat)?;
        let module = wasmtime::Module::new(&engine, binary).map_err(flat)?;
        let hash = Sha256::digest(binary).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { engine, module, hash, counts: None })
    }

    /// Compiles one whose VMs count their branches. What they have counted is known once they are gone.
    ///
    /// # Errors
    /// When it is no module.
    pub fn counting(counting: Counting) -> anyhow::Result<Self> {
        let counts = Counts { so_far: Arc::default(), by: Arc::new(counting) };
        Ok(Self { counts: Some(counts.clone()), ..Self::compile(&counts.by.module)? })
    }

    /// What the branches of its VMs have done, in the order of the code.
    #[must_use]
    pub fn counted(&self) -> Vec<Branch> {
        let lock = |counts: &Counts| counts.so_far.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.counts.as_ref().map(lock).unwrap_or_default()
    }

    /// The first 12 hex digits of its SHA-256: says which build it was.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// What the filter answers to headers, body or trailers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Continue,
    Pause,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Continue => "continue",
            Self::Pause => "pause",
        })
    }
}

/// One worker's VM.
pub(crate) struct Vm {
    store: Store<HostState>,
    exports: Exports,
    sabotage: Option<u64>,
    traps_at_bytes: Option<usize>,
    counts: Option<Counts>,
}

impl Drop for Vm {
    fn drop(&mut self) {
        if let (Some(counts), Some(memory)) = (&self.counts, self.store.data().memory) {
            let mut so_far = counts.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            counts.by.add(memory.data(&self.store), &mut so_far);
        }
    }
}

impl std::fmt::Debug for Vm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vm").field("host", self.store.data()).finish_non_exhaustive()
    }
}

impl Vm {
    /// Makes the instance; it has no root context yet.
    pub(crate) fn new(module: &Module, host: HostState) -> anyhow::Result<Self> {
        let linker = linker(module).map_err(flat)?;
        let mut store = Store::new(&module.engine, host);
        store.set_fuel(FUEL).map_err(flat)?;
        let instance = linker.instantiate(&mut store, &module.module).map_err(flat)?;
        let memory = instance.get_memory(&mut store, "memory").context("the module exports no `memory`")?;
        let allocate = export(&mut store, &instance, "proxy_on_memory_allocate")?;
        let allocate = match allocate {
            Some(allocate) => Some(allocate),
            None => export(&mut store, &instance, "malloc")?,
        };
        let exports = Exports::find(&mut store, &instance)?;
        let host = store.data_mut();
        (host.memory, host.allocate) = (Some(memory), allocate);
        let initialize: Option<TypedFunc<(), ()>> = match export(&mut store, &instance, "_initialize")? {
            Some(initialize) => Some(initialize),
            None => export(&mut store, &instance, "_start")?,
        };
        let mut vm =
            Self { store, exports, sabotage: None, traps_at_bytes: None, counts: module.counts.clone() };
        vm.call("_initialize", initialize, 0, ())?;
        Ok(vm)
    }

    /// A root context for a plugin: `proxy_on_vm_start` and `proxy_on_configure`; `None` when it refused its configuration.
    pub(crate) fn configure(&mut self, plugin: Plugin) -> anyhow::Result<Option<u32>> {
        let size = u32::try_from(plugin.configuration.len()).unwrap_or(u32::MAX);
        let root = self.host().new_context();
        self.host().roots.insert(root, plugin);
        self.create_context(root, 0)?;
        let started = self.call("proxy_on_vm_start", self.exports.vm_start.clone(), root, (root, 0))?;
        if started == Some(0) {
            return Ok(None);
        }
        let taken = self.call("proxy_on_configure", self.exports.configure.clone(), root, (root, size))?;
        Ok((taken != Some(0)).then_some(root))
    }

    /// The next callback traps once it has taken so many steps.
    pub(crate) fn sabotage(&mut self, steps: u64) {
        self.sabotage = Some(steps);
    }

    /// It traps when so many bytes of an answer's body are there.
    pub(crate) fn trap_at_bytes(&mut self, bytes: Option<u32>) {
        self.traps_at_bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    }

    /// From now on dispatched calls enter the plugin of that root context, which stands before every provider.
    pub(crate) fn install_upstream_half(&mut self, root: u32) {
        let context_create = self.exports.context_create.clone();
        let request_headers = self.exports.request_headers.clone();
        let request_body = self.exports.request_body.clone();
        self.host().upstream_half = Some(Nested { root, context_create, request_headers, request_body });
    }

    pub(crate) fn host(&mut self) -> &mut HostState {
        self.store.data_mut()
    }

    /// Tells the guest of a new context; what the host knows of its stream must be in place before.
    pub(crate) fn create_context(&mut self, context: u32, parent: u32) -> anyhow::Result<()> {
        let create = self.exports.context_create.clone();
        self.call("proxy_on_context_create", create, context, (context, parent)).map(|_| ())
    }

    pub(crate) fn on_headers(
        &mut self,
        context: u32,
        direction: Direction,
        count: usize,
        end: bool,
    ) -> anyhow::Result<Verdict> {
        let (name, function) = match direction {
            Direction::Request => ("proxy_on_request_headers", self.exports.request_headers.clone()),
            Direction::Response => ("proxy_on_response_headers", self.exports.response_headers.clone()),
        };
        self.judge(name, function, context, count, end)
    }

    pub(crate) fn on_body(
        &mut self,
        context: u32,
        direction: Direction,
        size: usize,
        end: bool,
    ) -> anyhow::Result<Verdict> {
        let (name, function) = match direction {
            Direction::Request => ("proxy_on_request_body", self.exports.request_body.clone()),
            Direction::Response => ("proxy_on_response_body", self.exports.response_body.clone()),
        };
        if direction == Direction::Response && self.traps_at_bytes.is_some_and(|most| size >= most) {
            return Err(anyhow!("the module trapped in `{name}`, as it was told to"));
        }
        self.judge(name, function, context, size, end)
    }

    fn judge(
        &mut self,
        name: &str,
        function: Option<OnHeaders>,
        context: u32,
        size: usize,
        end: bool,
    ) -> anyhow::Result<Verdict> {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let answer = self.call(name, function, context, (context, size, u32::from(end)))?;
        Ok(if answer.unwrap_or(0) == 0 { Verdict::Continue } else { Verdict::Pause })
    }

    pub(crate) fn on_tick(&mut self, root: u32) -> anyhow::Result<()> {
        self.call("proxy_on_tick", self.exports.tick.clone(), root, root).map(|_| ())
    }

    /// Always with a root context current; the SDK makes the one that dispatched the call effective.
    pub(crate) fn on_call_response(
        &mut self,
        root: u32,
        token: u32,
        (headers, body): (usize, usize),
    ) -> anyhow::Result<()> {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let arguments = (root, token, number(headers), number(body), 0);
        let function = self.exports.http_call_response.clone();
        self.call("proxy_on_http_call_response", function, root, arguments).map(|_| ())
    }

    pub(crate) fn on_grpc_receive(&mut self, root: u32, token: u32, size: usize) -> anyhow::Result<()> {
        let arguments = (root, token, u32::try_from(size).unwrap_or(u32::MAX));
        self.call("proxy_on_grpc_receive", self.exports.grpc_receive.clone(), root, arguments).map(|_| ())
    }

    pub(crate) fn on_grpc_close(&mut self, root: u32, token: u32, status: u32) -> anyhow::Result<()> {
        let arguments = (root, token, status);
        self.call("proxy_on_grpc_close", self.exports.grpc_close.clone(), root, arguments).map(|_| ())
    }

    pub(crate) fn on_log(&mut self, context: u32) -> anyhow::Result<()> {
        self.call("proxy_on_log", self.exports.log.clone(), context, context).map(|_| ())
    }

    pub(crate) fn on_done(&mut self, context: u32) -> anyhow::Result<()> {
        self.call("proxy_on_done", self.exports.done.clone(), context, context).map(|_| ())
    }

    pub(crate) fn on_delete(&mut self, context: u32) -> anyhow::Result<()> {
        self.call("proxy_on_delete", self.exports.delete.clone(), context, context).map(|_| ())
    }

    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &str,
        function: Option<TypedFunc<P, R>>,
        context: u32,
        arguments: P,
    ) -> anyhow::Result<Option<R>> {
        let Some(function) = function else { return Ok(None) };
        let host = self.store.data_mut();
        (host.current, host.effective) = (context, None);
        self.store.set_fuel(self.sabotage.take().unwrap_or(FUEL)).map_err(flat)?;
        let answer = function.call(&mut self.store, arguments);
        if let Some(why) = self.store.data_mut().trapped.take() {
            return Err(anyhow!("{why}, inside `{name}`"));
        }
        answer.map(Some).map_err(flat).with_context(|| format!("the module trapped in `{name}`"))
    }
}

fn linker(module: &Module) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(&module.engine);
    abi::link(&mut linker)?;
    wasi::link(&mut linker)?;
    // A module may import more than it ever calls, so what is missing is an error, with its name, only when called.
    linker.define_unknown_imports_as_traps(&module.module)?;
    Ok(linker)
}

/// wasmtime's errors are a type of their own.
pub(super) fn flat(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:?}")
}

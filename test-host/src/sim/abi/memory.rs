//! The guest during a host call: its memory, where every access is checked, and the host state behind it.

use wasmtime::{AsContext, AsContextMut, Caller, TypedFunc, WasmParams, WasmResults};

use super::types::Status;
use crate::sim::state::HostState;

/// Why a host call does not end well.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The guest gets this status.
    Refused(Status),
    /// The guest's callback ends here.
    Trap(wasmtime::Error),
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Self::Refused(status)
    }
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

/// One host call's view of its caller.
pub(crate) struct Guest<'a> {
    caller: Caller<'a, HostState>,
}

impl<'a> Guest<'a> {
    pub(crate) fn new(caller: Caller<'a, HostState>) -> Self {
        Self { caller }
    }

    pub(crate) fn host(&mut self) -> &mut HostState {
        self.caller.data_mut()
    }

    /// Runs another callback of the guest, which is still inside this host call.
    pub(crate) fn enter<P: WasmParams, R: WasmResults>(
        &mut self,
        function: Option<&TypedFunc<P, R>>,
        context: u32,
        arguments: P,
    ) -> wasmtime::Result<Option<R>> {
        let Some(function) = function else { return Ok(None) };
        let host = self.host();
        let before = (host.current, host.effective);
        (host.current, host.effective) = (context, None);
        let answer = function.call(self.caller.as_context_mut(), arguments);
        let host = self.host();
        (host.current, host.effective) = before;
        answer.map(Some)
    }

    pub(crate) fn read(&self, address: u32, size: u32) -> Result<Vec<u8>, Fault> {
        let memory = self.caller.data().memory.ok_or(Status::InvalidMemoryAccess)?;
        let (start, size) = (address as usize, size as usize);
        let range = start..start.checked_add(size).ok_or(Status::InvalidMemoryAccess)?;
        let bytes = memory.data(self.caller.as_context()).get(range).ok_or(Status::InvalidMemoryAccess)?;
        Ok(bytes.to_vec())
    }

    /// Text; what is not UTF-8 in it is replaced, as it only ever names things.
    pub(crate) fn read_text(&self, address: u32, size: u32) -> Result<String, Fault> {
        Ok(String::from_utf8_lossy(&self.read(address, size)?).into_owned())
    }

    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Fault> {
        let memory = self.caller.data().memory.ok_or(Status::InvalidMemoryAccess)?;
        let written = memory.write(self.caller.as_context_mut(), address as usize, bytes);
        written.map_err(|_| Fault::Refused(Status::InvalidMemoryAccess))
    }

    pub(crate) fn write_u32(&mut self, address: u32, value: u32) -> Result<(), Fault> {
        self.write(address, &value.to_le_bytes())
    }

    /// Hands bytes over in memory that the guest allocates, and which becomes its own. Nothing is allocated for no
    /// bytes: the guest finds a null pointer then.
    pub(crate) fn give(&mut self, bytes: &[u8], address_at: u32, size_at: u32) -> Result<(), Fault> {
        let mut address = 0;
        let size = u32::try_from(bytes.len()).map_err(|_| Status::InvalidMemoryAccess)?;
        if size > 0 {
            let allocate = self.caller.data().allocate.clone().ok_or(Status::InvalidMemoryAccess)?;
            address = allocate.call(self.caller.as_context_mut(), size)?;
            self.write(address, bytes)?;
        }
        self.write_u32(address_at, address)?;
        self.write_u32(size_at, size)
    }
}

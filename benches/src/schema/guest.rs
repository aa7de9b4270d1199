//! The module that checks, in wasmtime.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use wasmtime::{Engine, Instance, Linker, Memory, Module, Store};

pub(super) struct Guest {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Guest {
    pub(super) fn start(path: &Path) -> anyhow::Result<Self> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, path)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        // It reads no file and prints nothing; what it imports is for a panic that doesn't come.
        linker.define_unknown_imports_as_traps(&module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let memory = instance.get_memory(&mut store, "memory").context("a module has a memory")?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        Ok(Self { store, instance, memory })
    }

    /// The median time of a call with this text, which must answer so.
    pub(super) fn call(
        &mut self,
        name: &str,
        text: &str,
        answer: bool,
        rounds: usize,
    ) -> anyhow::Result<Duration> {
        let room = self.instance.get_typed_func::<u32, u32>(&mut self.store, "room")?;
        let bytes = u32::try_from(text.len())?;
        let pointer = room.call(&mut self.store, bytes)?;
        self.memory.write(&mut self.store, pointer as usize, text.as_bytes())?;
        let function = self.instance.get_typed_func::<(u32, u32), u32>(&mut self.store, name)?;
        let mut times = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let start = Instant::now();
            let answered = function.call(&mut self.store, (pointer, bytes))?;
            times.push(start.elapsed());
            ensure!(answered == u32::from(answer), "`{name}` says {answered}");
        }
        times.sort_unstable();
        times.get(rounds / 2).copied().context("no rounds")
    }
}

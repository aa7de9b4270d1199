//! A module that runs exchanges, in wasmtime.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use wasmtime::{Engine, Instance, Linker, Memory, Module, Store};

pub(crate) struct Guest {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Guest {
    /// `which` says what of the things that the module can run.
    pub(crate) fn start(path: &Path, which: u32) -> anyhow::Result<Self> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, path)?;
        let (mut store, mut linker) = (Store::new(&engine, ()), Linker::new(&engine));
        // It reads no file and prints nothing; a seed of zeros will do for its tables.
        linker.define_unknown_imports_as_default_values(&mut store, &module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        let memory = instance.get_memory(&mut store, "memory").context("a module has a memory")?;
        instance.get_typed_func::<u32, ()>(&mut store, "start")?.call(&mut store, which)?;
        Ok(Self { store, instance, memory })
    }

    /// How long so many exchanges take, and what the module says of them. What `with` means is the module's to say.
    pub(crate) fn run(&mut self, exchanges: u32, with: u32) -> anyhow::Result<(Duration, u32)> {
        let run = self.instance.get_typed_func::<(u32, u32), u32>(&mut self.store, "run")?;
        let start = Instant::now();
        let said = run.call(&mut self.store, (exchanges, with))?;
        Ok((start.elapsed(), said))
    }

    /// Bytes.
    pub(crate) fn memory_size(&self) -> usize {
        self.memory.data_size(&self.store)
    }
}

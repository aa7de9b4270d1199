//! A module that counts, in wasmtime.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use seawall_tokens::Encoding;
use wasmtime::{Engine, Instance, Linker, Memory, Module, Store};

use super::chunks;

/// Most bytes that are given to it at once.
const ROOM: usize = 1_100_000;

pub(super) struct Guest {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
    room: u32,
    /// Bytes of the module.
    pub(super) size: u64,
    /// To instantiate the compiled module, which every VM must.
    pub(super) instantiate: Duration,
    /// The first count of one word with each vocabulary.
    pub(super) ready: Duration,
    /// Bytes of linear memory after that.
    pub(super) resident: usize,
}

impl Guest {
    pub(super) fn start(path: &Path) -> anyhow::Result<Self> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, path)?;
        let start = Instant::now();
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        // It reads no file and prints nothing; tiktoken-rs wants a seed for its tables, for which zeros will do.
        linker.define_unknown_imports_as_default_values(&mut store, &module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let memory = instance.get_memory(&mut store, "memory").context("a module has a memory")?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        let (size, instantiate) = (std::fs::metadata(path)?.len(), start.elapsed());
        let mut guest =
            Self { store, instance, memory, room: 0, size, instantiate, ready: Duration::ZERO, resident: 0 };
        guest.room = guest.get_room(16)?;
        guest.ready =
            guest.count("word", Encoding::O200kBase)? + guest.count("word", Encoding::Cl100kBase)?;
        guest.resident = guest.memory.data_size(&guest.store);
        guest.room = guest.get_room(ROOM)?;
        Ok(guest)
    }

    fn get_room(&mut self, bytes: usize) -> anyhow::Result<u32> {
        let room = self.instance.get_typed_func::<u32, u32>(&mut self.store, "room")?;
        Ok(room.call(&mut self.store, u32::try_from(bytes)?)?)
    }

    fn put(&mut self, bytes: &[u8]) -> anyhow::Result<(u32, u32)> {
        ensure!(bytes.len() <= ROOM, "more than there is room for");
        self.memory.write(&mut self.store, self.room as usize, bytes)?;
        Ok((self.room, u32::try_from(bytes.len())?))
    }

    fn count(&mut self, text: &str, encoding: Encoding) -> anyhow::Result<Duration> {
        let count = self.instance.get_typed_func::<(u32, u32, u32), u64>(&mut self.store, "count")?;
        let (pointer, bytes) = self.put(text.as_bytes())?;
        let start = Instant::now();
        let tokens =
            count.call(&mut self.store, (pointer, bytes, u32::from(encoding == Encoding::Cl100kBase)))?;
        let time = start.elapsed();
        ensure!(tokens > 0, "nothing was counted");
        Ok(time)
    }

    /// Megabytes a second: of each part of the text its shortest time, as the machine may have been busy with others.
    pub(super) fn speed(&mut self, text: &str, encoding: Encoding, rounds: usize) -> anyhow::Result<f64> {
        let mut time = Duration::ZERO;
        for chunk in chunks(text) {
            let mut times = Vec::with_capacity(rounds);
            for _ in 0..rounds.max(1) {
                times.push(self.count(chunk, encoding)?);
            }
            time += times.into_iter().min().unwrap_or_default();
        }
        Ok(text.len() as f64 / time.as_secs_f64() / 1e6)
    }

    /// The shortest time for a request, with all counts forgotten before each, or after `before` was counted.
    pub(super) fn request(
        &mut self,
        before: Option<&[u8]>,
        body: &[u8],
        budget: usize,
        rounds: usize,
    ) -> anyhow::Result<Duration> {
        let request = self.instance.get_typed_func::<(u32, u32, u32), u64>(&mut self.store, "request")?;
        let forget = self.instance.get_typed_func::<(), ()>(&mut self.store, "forget")?;
        let mut best = Duration::MAX;
        for _ in 0..rounds.max(1) {
            forget.call(&mut self.store, ())?;
            if let Some(before) = before {
                let (pointer, bytes) = self.put(before)?;
                request.call(&mut self.store, (pointer, bytes, u32::MAX))?;
            }
            let (pointer, bytes) = self.put(body)?;
            let start = Instant::now();
            let tokens = request.call(&mut self.store, (pointer, bytes, u32::try_from(budget)?))?;
            best = best.min(start.elapsed());
            ensure!(tokens > 0, "nothing was counted");
        }
        Ok(best)
    }
}

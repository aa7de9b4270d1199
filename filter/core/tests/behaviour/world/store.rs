//! State that all workers share, with somebody else always in between.

use seawall_core::{Conflict, MemoryStore, Store, Version};

/// Shared state that every third write finds changed by somebody else.
#[derive(Default)]
pub(super) struct Contended {
    cells: MemoryStore,
    writes: u64,
}

impl Store for Contended {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.cells.get(key)
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        self.writes += 1;
        if self.writes.is_multiple_of(3) { Err(Conflict) } else { self.cells.set(key, value, expected) }
    }
}

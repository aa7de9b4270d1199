//! Shared state for a core without a proxy around it.

use std::collections::BTreeMap;

use crate::store::{Conflict, Store, Version};

/// A [`Store`] in memory, for tests, simulation and single-worker hosts.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    cells: BTreeMap<String, (Vec<u8>, Version)>,
}

#[cfg(test)]
impl MemoryStore {
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        self.cells.keys().cloned()
    }

    /// Bytes of keys and cells.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.cells.iter().map(|(key, (cell, _))| key.len() + cell.len())
    }
}

impl Store for MemoryStore {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.cells.get(key).cloned()
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        let present = self.cells.get(key).map(|(_, version)| *version);
        if expected != present {
            return Err(Conflict);
        }
        let next = Version(present.map_or(1, |version| version.0.wrapping_add(1)));
        self.cells.insert(key.to_owned(), (value.to_vec(), next));
        Ok(())
    }
}

//! The one port of the core: state that all workers of one proxy share.

/// Named cells with compare-and-swap. In the filter this is the host's shared data; in tests a map.
///
/// Keys come from a bounded set (targets and breakers of the policy): a host may be unable to delete one.
pub trait Store {
    /// The cell's bytes and version; `None` when there is none yet, or when the host could not say.
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)>;

    /// Writes the cell if its version is still `expected`; with `None`, if there still is none.
    ///
    /// # Errors
    /// [`Conflict`] when another worker wrote first, or the host could not write.
    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict>;
}

/// Grows with every write of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// The cell has changed since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

/// Tries at one update before it is given up. Another worker's write takes well under a microsecond, so losing this often
/// in a row means that the host is not storing at all.
const MAX_TRIES: u32 = 16;

/// Reads, changes and writes one cell, again when another worker came between. `change` is given the cell's bytes and
/// says what to write (`None`: nothing) and what to return; it may run more than once.
///
/// When every try is lost the last result is returned and the write is dropped: one lost count is better than a request
/// that waits.
pub(crate) fn update<R>(
    store: &mut dyn Store,
    key: &str,
    change: impl FnMut(Option<&[u8]>) -> (Option<Vec<u8>>, R),
) -> R {
    try_update(store, key, change).0
}

/// As [`update`], and says whether what was to be written is. Where two must not both think so, this is what to ask.
pub(crate) fn try_update<R>(
    store: &mut dyn Store,
    key: &str,
    mut change: impl FnMut(Option<&[u8]>) -> (Option<Vec<u8>>, R),
) -> (R, bool) {
    let mut tries = 0;
    loop {
        tries += 1;
        let found = store.get(key);
        let (write, result) = change(found.as_ref().map(|(bytes, _)| bytes.as_slice()));
        let Some(bytes) = write else { return (result, true) };
        let is_written = store.set(key, &bytes, found.map(|(_, version)| version)).is_ok();
        if is_written || tries >= MAX_TRIES {
            return (result, is_written);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;

    /// Another worker writes first, so many times.
    struct Contended {
        cells: MemoryStore,
        conflicts: u32,
    }

    impl Store for Contended {
        fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
            self.cells.get(key)
        }

        fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
            if self.conflicts > 0 {
                self.conflicts -= 1;
                let found = self.cells.get(key);
                let theirs = found.as_ref().map_or(0, |(bytes, _)| bytes[0]) + 1;
                self.cells.set(key, &[theirs], found.map(|(_, version)| version)).expect("written");
            }
            self.cells.set(key, value, expected)
        }
    }

    fn count_up(conflicts: u32) -> u8 {
        let mut cells = MemoryStore::default();
        cells.set("n", &[100], None).expect("written");
        let mut store = Contended { cells, conflicts };
        update(&mut store, "n", |bytes| {
            let next = bytes.map_or(0, |bytes| bytes[0]) + 1;
            (Some(vec![next]), next)
        });
        store.get("n").expect("there").0[0]
    }

    #[test]
    fn of_two_that_find_nothing_neither_writes_over_the_other() {
        let mut store = Contended { cells: MemoryStore::default(), conflicts: 1 };
        update(&mut store, "n", |bytes| (Some(vec![bytes.map_or(0, |bytes| bytes[0]) + 1]), ()));
        assert_eq!(store.get("n").expect("there").0, [2]);
    }

    #[test]
    fn no_count_is_lost_when_another_worker_writes_in_between() {
        for conflicts in 0..MAX_TRIES {
            assert_eq!(u32::from(count_up(conflicts)), 101 + conflicts);
        }
    }

    #[test]
    fn a_store_that_never_takes_a_write_is_given_up() {
        assert_eq!(u32::from(count_up(u32::MAX)), 100 + MAX_TRIES);
    }
}

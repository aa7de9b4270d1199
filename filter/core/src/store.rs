//! The one port of the core: state that all workers of one proxy share.

/// Named cells with compare-and-swap. In the filter this is the host's shared data; in tests a map.
///
/// Keys come from a bounded set (targets and breakers of the policy): a host may be unable to delete one.
pub trait Store {
    /// The cell's bytes and version; `None` when there is none yet, or when the host could not say.
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)>;

    /// Writes the cell if its version is still `expected`; `None` writes whatever is there.
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
    mut change: impl FnMut(Option<&[u8]>) -> (Option<Vec<u8>>, R),
) -> R {
    let mut tries = 0;
    loop {
        tries += 1;
        let found = store.get(key);
        let (write, result) = change(found.as_ref().map(|(bytes, _)| bytes.as_slice()));
        let Some(bytes) = write else { return result };
        let written = store.set(key, &bytes, found.map(|(_, version)| version));
        if written.is_ok() || tries >= MAX_TRIES {
            return result;
        }
    }
}

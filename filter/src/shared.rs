//! The core's store, on the host's shared data.

use seawall_core::{Conflict, Store, Version};

use crate::host;

/// The host makes a cell that isn't there whatever version is expected, and refuses to write one that has another version. With 0
/// it would write over what another worker has just made.
const NO_VERSION: u32 = u32::MAX;

pub(crate) struct SharedData;

impl Store for SharedData {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        host::shared_data(key).map(|(bytes, cas)| (bytes, Version(cas)))
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        let cas = expected.map_or(NO_VERSION, |version| version.0);
        host::set_shared_data(key, value, cas).map_err(|_| Conflict)
    }
}

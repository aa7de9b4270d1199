//! `seawall explain POLICY`: what a policy does to a request, in plain words. This is the place for it; for now it says
//! that it can't.

use std::path::Path;

use anyhow::bail;

use super::Exit;

/// # Errors
/// Always, so far.
pub(super) fn run(path: &Path) -> anyhow::Result<Exit> {
    bail!("{} is not a code such as SW0203; this version can only explain codes", path.display())
}

//! Files that tests compare with, and rewrite when asked to.

use std::fs;
use std::path::Path;

/// Fails when the file isn't what it should be; with `SEAWALL_BLESS=1` it is rewritten instead.
#[track_caller]
pub(crate) fn same(name: &str, wanted: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        fs::write(file, wanted).unwrap();
        return;
    }
    let is = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        is == wanted,
        "{} differs; it should be:\n\n{wanted}\nto accept that: SEAWALL_BLESS=1 cargo test -p seawall-test-host",
        file.display(),
    );
}

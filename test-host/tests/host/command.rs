//! The built `seawall`, run in a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Place(tempfile::TempDir);

/// Exit code, standard output, standard error.
pub(crate) type Said = (i32, String, String);

impl Place {
    /// A directory with these files; directories in their names are made.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = place.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn seawall(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
        command.current_dir(self.0.path()).args(arguments).env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
        // Nobody answers questions.
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

/// A file of the repository.
pub(crate) fn repository(inside: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(inside)
}

/// The module, as text for a command line.
pub(crate) fn wasm() -> String {
    let path = std::env::var("SEAWALL_WASM");
    path.expect("SEAWALL_WASM is not set; `cargo xtask test` builds the module and sets it")
}

//! The subcommands of `seawall`, one file each: its arguments and what it does.

pub mod bundle;
pub mod check;
pub mod completions;
pub mod explain;
mod explain_policy;
pub mod fmt;
pub mod golden;
pub mod hint;
pub mod init;
pub mod lsp;
pub mod man;
mod parallel;
pub mod provider;
pub mod test;
pub mod up;

use std::io::{self, Write};
use std::path::Path;

/// How a command ends, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Ok = 0,
    /// What was asked about is not as it should be: an expectation failed, a policy has errors.
    Failed = 1,
    /// It could not be asked: wrong arguments, unreadable files.
    Unusable = 2,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise (NO_COLOR, CLICOLOR, TERM).
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether what goes there is coloured.
    fn on(self, to: &impl anstream::stream::RawStream) -> bool {
        match self {
            Color::Auto => anstream::AutoStream::choice(to) != anstream::ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        }
    }
}

/// To the standard output. `print!` panics when nobody reads any more; but who reads only the first lines has seen what
/// they wanted to see.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Whether both are one file, under whatever names.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

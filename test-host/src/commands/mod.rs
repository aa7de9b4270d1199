//! The subcommands of `seawall`, one file each: its arguments and what it does.

pub mod check;
pub mod provider;
pub mod test;
pub mod up;

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

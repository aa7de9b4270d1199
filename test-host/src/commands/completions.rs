//! `seawall completions`: for shells.

use clap_complete::Shell;

use super::Exit;

/// Prints a script that completes this command in a shell.
///
/// For bash: `seawall completions bash > ~/.local/share/bash-completion/completions/seawall`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    shell: Shell,
}

/// Prints; `command` is the whole command line.
///
/// # Errors
/// When nothing can be written.
pub fn run(args: &Args, mut command: clap::Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "seawall", &mut script);
    super::print(&String::from_utf8(script)?)?;
    Ok(Exit::Ok)
}

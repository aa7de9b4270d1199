//! Commands as steps: named before they run, timed after.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// A cargo command, by the cargo that runs this.
pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Runs a command to its end, its output shown.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    eprintln!("\n── {name}");
    let started = Instant::now();
    let status =
        command.status().with_context(|| format!("can't run {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    eprintln!("── {name}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a command until it or the user ends it. Ctrl-C reaches both, and it is the command's to tidy up.
pub(crate) fn in_foreground(mut command: Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("can't run {}", command.get_program().display()))?;
    std::process::exit(status.code().unwrap_or(1));
}

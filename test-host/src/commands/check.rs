//! `seawall check`: is this a policy, and if not, why.

use std::path::PathBuf;

use anyhow::Context;

use super::Exit;

/// Checks policies: every error at once, with its place and a hint.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Policy files.
    #[arg(required = true)]
    policies: Vec<PathBuf>,
}

/// Prints errors and warnings, and the hash of each policy without errors.
///
/// # Errors
/// When a file can't be read.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut exit = Exit::Ok;
    for path in &args.policies {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.display().to_string();
        let checked = seawall_policy::check(&text);
        print!("{}", seawall_policy::render(&name, &text, &checked.diagnostics));
        match checked.policy {
            Some(policy) => println!("{name}: ok, policy {}", policy.hash),
            None => exit = Exit::Failed,
        }
    }
    Ok(exit)
}

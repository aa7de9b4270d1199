//! `seawall man`: the manual.

use std::path::PathBuf;

use anyhow::{Context, bail};

use super::Exit;
use crate::manual::{POLICY_PAGE, pages};

/// Prints a page of the manual, or writes all of them.
///
/// `seawall man seawall-policy | man -l -` shows the page about the language.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The page: `seawall`, `seawall-policy` (the language), or that of a command such as `seawall-test`, in short `test`.
    #[arg(default_value = "seawall", conflicts_with = "output")]
    page: String,
    /// Write every page into this directory.
    #[arg(short, long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
}

/// Prints or writes; `command` is the whole command line.
///
/// # Errors
/// When there is no such page, or it can't be written.
pub fn run(args: &Args, command: clap::Command) -> anyhow::Result<Exit> {
    let pages = pages(command)?;
    if let Some(directory) = &args.output {
        let cannot = || format!("cannot write to {}", directory.display());
        std::fs::create_dir_all(directory).with_context(cannot)?;
        for page in &pages {
            std::fs::write(directory.join(&page.file), &page.roff).with_context(cannot)?;
        }
        return Ok(Exit::Ok);
    }
    // `check` for `seawall-check`.
    let is_meant =
        |name: &str| name == args.page || name.strip_prefix("seawall-") == Some(args.page.as_str());
    let Some(page) = pages.iter().find(|page| is_meant(&page.name)) else {
        let names: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
        bail!(
            "there is no page `{}`; there are {} (the language is {POLICY_PAGE})",
            args.page,
            names.join(", ")
        );
    };
    super::print(&page.roff)?;
    Ok(Exit::Ok)
}

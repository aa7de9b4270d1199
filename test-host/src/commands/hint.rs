//! `seawall hint`: a module that tells engines which way its branches go.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;

use super::Exit;
use super::parallel::in_order;
use super::test::{Collected, collect, simulate};
use crate::hints::{counting, with_hints};
use crate::sim::Module;

/// Writes branch hints into a module: plays tests on it, counts which way each of its branches goes, and tells those that nearly
/// always go one way.
///
/// What the module does stays as it is. An engine that reads the hints, such as Envoy's V8, fetches less code for a request.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Policies (*.seawall) with tests, scenario files, or directories of both: what the module usually does.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The module.
    #[arg(long)]
    wasm: PathBuf,
    /// Where the module with hints goes. It may be the same file.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How many tests run at once.
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
}

/// Plays the tests and writes the module. A test that fails is told in the exit code, and nothing is written.
///
/// # Errors
/// When a file can't be used or is no module.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let Args { paths, wasm, output, jobs } = args;
    let Collected { tests, refused } = collect(paths, "")?;
    let binary = std::fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let counting = counting(&binary).with_context(|| format!("{} is not a usable module", wasm.display()))?;
    let module = Module::counting(counting)?;
    let mut failed: Vec<_> = refused.into_iter().collect();
    in_order(
        &tests,
        *jobs,
        |loaded| simulate(&module, loaded).0,
        |report| -> anyhow::Result<()> {
            if !report.passed() {
                failed.push(report);
            }
            Ok(())
        },
    )?;
    if !failed.is_empty() {
        for report in failed {
            super::print(&report.render(false))?;
        }
        return Ok(Exit::Failed);
    }
    let (hinted, given) = with_hints(&binary, &module.counted())?;
    std::fs::write(output, hinted).with_context(|| format!("cannot write {}", output.display()))?;
    let text = format!(
        "{} branches, {} met in {} tests, {} hints\n",
        given.branches,
        given.met,
        tests.len(),
        given.hinted
    );
    super::print(&text)?;
    Ok(Exit::Ok)
}

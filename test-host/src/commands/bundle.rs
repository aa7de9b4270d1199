//! `seawall bundle`: a policy with the files that it names, as one text.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, bail};
use seawall_policy::Severity;

use super::{Color, Exit, check};
use crate::bundle::{bundle, directory};
use crate::diagnostics::{Judged, terminal};

/// Writes the files that a policy names into it: the filter reads no files.
///
/// `schema file "answer.schema.json"` becomes a text in place, `<<JSON …`; everything else stays as it is. Files must lie in
/// the policy's directory or below it. Exits with 1 when the filter of this version would refuse the result.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The policy file; `-` is the standard input, and its files lie in the current directory.
    policy: PathBuf,
    /// Where the result goes, instead of to the standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Whether findings are coloured; `auto` is on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

/// Bundles, and tells on the standard error what the result would be refused for by the filter of this version; it is
/// written all the same.
///
/// # Errors
/// When the policy can't be read or the result can't be written; a policy or file that can't be used is told in the exit
/// code.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let Args { policy, output, color } = args;
    if output.as_ref().is_some_and(|output| super::is_same(output, policy)) {
        bail!("this would write over {}, and its files would no longer be named anywhere", policy.display());
    }
    let source = check::read(policy)?;
    let mut judged = Judged::new(check::name(policy), source);
    let bundled = bundle(&judged.source, directory(policy));
    let colour = color.on(&io::stderr());
    let bundled = match bundled {
        Ok(bundled) => bundled,
        Err(found) => {
            judged.checked.diagnostics = found;
            eprint!("{}", terminal::render(&judged, colour));
            return Ok(Exit::Failed);
        }
    };
    match output {
        None => super::print(&bundled.text)?,
        Some(file) => {
            std::fs::write(file, &bundled.text).with_context(|| format!("cannot write {}", file.display()))?
        }
    }
    if judged.checked.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        eprint!("{}", terminal::render(&judged, colour));
        eprintln!("\nThe policy is bundled, but the filter of this version will refuse it.");
        return Ok(Exit::Failed);
    }
    Ok(Exit::Ok)
}

//! `seawall fmt`: every policy in the one layout.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use seawall_policy::{Checked, Diagnostic, Mask, Unformatted};
use similar::TextDiff;

use super::check::{is_stdin, name, read};
use super::{Color, Exit};
use crate::diagnostics::{Judged, repair, terminal};

/// Lays policies out in the one style, and keeps every comment. There is nothing to set.
///
/// Ends with 0 when it did, 1 when a policy has errors (or, with --check, another layout), and 2 when one can't be read or
/// written. A policy with errors stays as it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Policy files; `-` formats the standard input to the standard output.
    #[arg(required = true)]
    policies: Vec<PathBuf>,
    /// Change nothing; name the policies that would be changed, and end with 1 if there are any.
    #[arg(long)]
    check: bool,
    /// Change nothing; show what would be changed.
    #[arg(long)]
    diff: bool,
    /// Whether errors are coloured; `auto` is on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

/// Formats each policy, whatever becomes of the others.
///
/// # Errors
/// None; what can't be used is told, and in the exit code.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut worst = Exit::Ok;
    for path in &args.policies {
        let exit = one(args, path).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Exit::Unusable
        });
        if exit as u8 > worst as u8 {
            worst = exit;
        }
    }
    Ok(worst)
}

fn one(args: &Args, path: &Path) -> anyhow::Result<Exit> {
    let dry = args.check || args.diff;
    if is_stdin(path) && !dry && args.policies.len() > 1 {
        bail!("`-` is written to the standard output, so it can only stand alone");
    }
    let source = read(path)?;
    let name = name(path);
    let text = match seawall_policy::format(&source) {
        Ok(text) => text,
        Err(Unformatted::Invalid(diagnostics)) => {
            eprint!("{}", told(name, source, diagnostics, args.color.on(&io::stderr())));
            return Ok(Exit::Failed);
        }
        Err(Unformatted::Unsound(why)) => bail!(
            "{name} was not formatted: {why}. This is a mistake in Seawall and not in the policy; please report it"
        ),
    };
    let changes = text != source;
    let out = if !dry && is_stdin(path) {
        text
    } else if !changes {
        String::new()
    } else if args.diff {
        difference(&name, &source, &text)
    } else if args.check {
        format!("{name}\n")
    } else {
        repair::replace(path, &source, &text)?;
        format!("formatted {name}\n")
    };
    super::print(&out).context("cannot write to the standard output")?;
    Ok(if args.check && changes { Exit::Failed } else { Exit::Ok })
}

/// The errors that stand in the way.
fn told(name: String, source: String, diagnostics: Vec<Diagnostic>, colour: bool) -> String {
    terminal::render(&Judged { name, source, checked: Checked { policy: None, diagnostics } }, colour)
}

/// For people: what would steer a terminal is masked.
fn difference(name: &str, source: &str, text: &str) -> String {
    let (before, after) = (Mask::new(source, &[]).source(source), Mask::new(text, &[]).source(text));
    let diff = TextDiff::from_lines(&before, &after);
    diff.unified_diff().context_radius(3).header(name, &format!("{name} (formatted)")).to_string()
}

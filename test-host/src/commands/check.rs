//! `seawall check`: is this a policy, and if not, why.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;

use super::{Color, Exit};
use crate::bundle::{check_files, directory};
use crate::diagnostics::envoy::{self, Warning};
use crate::diagnostics::repair::{self, Repaired};
use crate::diagnostics::{Judged, STDIN, Unreadable, counted, json, sarif, terminal};

/// Checks policies: every error at once, with its place and a hint.
///
/// Ends with 0 when all policies can be used, 1 when one has errors (with --deny-warnings also warnings), and 2 when one
/// can't be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Policy files; `-` is the standard input.
    #[arg(required = true)]
    policies: Vec<PathBuf>,
    /// How findings are told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Make all changes that are certain to be right, then tell what is left.
    #[arg(long)]
    fix: bool,
    /// Warnings refuse a policy too.
    #[arg(long)]
    deny_warnings: bool,
    /// An Envoy configuration that the policies run in: warns where it retries by itself what the filter retries, and what of
    /// streams can't be rescued where a cluster lacks the filter's upstream half, or a route doesn't follow its redirects, and where
    /// credentials go to a provider whose certificate isn't verified. May be given more than once.
    #[arg(long, value_name = "FILE")]
    envoy_config: Vec<PathBuf>,
    /// Whether the text format is coloured; `auto` is on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

/// The formats of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, in colour on a terminal.
    Text,
    /// As the filter writes it to the log.
    Plain,
    /// One object, for editors and scripts.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// Prints errors and warnings, and the hash of each policy without errors.
///
/// # Errors
/// When nothing can be written, or the standard input is named twice. A file that can't be read is told in the exit code, after all others were checked.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    if args.policies.iter().filter(|path| is_stdin(path)).count() > 1 {
        bail!("the standard input can be read only once, so `-` can stand only once");
    }
    let (mut judged, mut unreadable) = (Vec::new(), Vec::new());
    for path in &args.policies {
        match judge(path, args.fix) {
            Ok(one) => judged.push(one),
            Err(error) => {
                eprintln!("error: {error:#}");
                unreadable.push(Unreadable { name: name(path), reason: format!("{error:#}") });
            }
        }
    }
    let mut envoy = Vec::new();
    for path in &args.envoy_config {
        let policies = judged.iter().filter_map(|one| one.checked.policy.as_ref());
        match read(path).and_then(|text| envoy::warnings(&name(path), &text, policies)) {
            Ok(found) => envoy.extend(found),
            Err(error) => {
                eprintln!("error: {}: {error:#}", name(path));
                unreadable.push(Unreadable { name: name(path), reason: format!("{error:#}") });
            }
        }
    }
    let policies = (judged.as_slice(), args.policies.len());
    let text = match args.format {
        Format::Json => json::render(&judged, &unreadable, &envoy)?,
        Format::Sarif => sarif::render(&judged, &unreadable, &envoy)?,
        Format::Text => {
            let colour = args.color.on(&io::stdout());
            told(policies, |one| terminal::render(one, colour)) + &hints(&judged, args.fix)
        }
        Format::Plain => {
            told(policies, |one| seawall_policy::render(&one.name, &one.source, &one.checked.diagnostics))
        }
    };
    super::print(&text).context("cannot write the findings")?;
    if matches!(args.format, Format::Text | Format::Plain) {
        for Warning { file, message, help } in &envoy {
            eprintln!("{file}: warning: {message}\n  {help}");
        }
    }
    let (errors, mut warnings) = total(&judged);
    warnings += envoy.len();
    Ok(if !unreadable.is_empty() {
        Exit::Unusable
    } else if errors > 0 || args.deny_warnings && warnings > 0 {
        Exit::Failed
    } else {
        Exit::Ok
    })
}

pub(super) fn name(path: &Path) -> String {
    if is_stdin(path) { STDIN.to_owned() } else { path.display().to_string() }
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn judge(path: &Path, fix: bool) -> anyhow::Result<Judged> {
    if fix && is_stdin(path) {
        bail!("--fix needs a file to write to, and `-` is none");
    }
    let source = read(path)?;
    let name = name(path);
    if !fix {
        return Ok(with_files(Judged::new(name, source), path));
    }
    let Repaired { text, checked, made } = repair::repair(&source);
    if !made.is_empty() {
        repair::replace(path, &source, &text)?;
    }
    for one in made {
        eprintln!("{name}:{}:{}: fixed {}: {}", one.place.line, one.place.column, one.code.id(), one.title);
    }
    Ok(with_files(Judged { name, source: text, checked }, path))
}

/// With what is wrong with the files that it names. Beside the standard input there are none.
fn with_files(mut judged: Judged, path: &Path) -> Judged {
    if is_stdin(path) {
        return judged;
    }
    let found = check_files(&judged.source, directory(path));
    if !found.is_empty() {
        judged.checked.policy = None;
        judged.checked.diagnostics.extend(found);
        judged.checked.diagnostics.sort_by_key(|found| found.span.start);
    }
    judged
}

/// The whole text of a file, or of the standard input.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let read = if is_stdin(path) {
        io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    read.with_context(|| format!("cannot read {}", name(path)))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count() + 1;
        anyhow::anyhow!("cannot read {}: line {line} is not UTF-8", name(path))
    })
}

/// The findings of each policy, or that it is one; of several that were `named`, how many in all.
fn told((judged, named): (&[Judged], usize), render: impl Fn(&Judged) -> String) -> String {
    let mut text = String::new();
    for one in judged {
        if !text.is_empty() && !one.checked.diagnostics.is_empty() {
            text.push('\n');
        }
        text += &render(one);
        if let Some(policy) = &one.checked.policy {
            text += &format!("{}: ok, policy {}\n", one.name, policy.hash);
        }
    }
    if named > 1 {
        text += &format!("\n{named} policies: {}", counted(total(judged)));
        let unreadable = named - judged.len();
        if unreadable > 0 {
            text += &format!(", {unreadable} unreadable");
        }
        text.push('\n');
    }
    text
}

fn total(judged: &[Judged]) -> (usize, usize) {
    judged.iter().map(Judged::counts).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// What to do next, where there is something to do.
fn hints(judged: &[Judged], fix: bool) -> String {
    let found = || judged.iter().flat_map(|one| &one.checked.diagnostics);
    let mut text = String::new();
    if let Some(first) = found().next() {
        text += &format!("\n`seawall explain {}` says more about a finding.", first.code.id());
        let fixes = found().filter(|found| found.fix.is_some()).count();
        if fixes > 0 && !fix {
            text += &format!(" `seawall check --fix` can repair {fixes} of {}.", found().count());
        }
        text.push('\n');
    }
    text
}

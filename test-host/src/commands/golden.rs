//! `seawall golden run`: a golden set asked of whatever serves a model, and judged.

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

use super::Exit;
use super::parallel::in_order;
use crate::golden::{Baseline, Caller, Judged, Run, Set, page};

/// Asks a model what it must get right, and compares with how it did before.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Run(RunArgs),
}

/// Sends each request of a golden set and judges its answer. Fails when too few are as expected, fewer than in the baseline, a
/// case that the baseline doesn't have isn't, or the set's budget is broken.
#[derive(Debug, clap::Args)]
struct RunArgs {
    /// The golden set, as YAML.
    set: PathBuf,
    /// Where requests go, such as http://localhost:10000/v1.
    #[arg(long, value_name = "URL")]
    base_url: String,
    /// How many requests are under way at once.
    #[arg(long, value_name = "N", default_value = "4")]
    jobs: NonZeroUsize,
    /// Seconds that a request may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
    /// Only cases whose name holds this text.
    #[arg(long, default_value = "")]
    filter: String,
    /// A run before, to compare with.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// How many percentage points fewer than in the baseline may pass: models don't answer alike each time.
    #[arg(long, value_name = "POINTS", default_value_t = 0.0, requires = "baseline", value_parser = points)]
    tolerance: f64,
    /// Keep this run as a baseline, unless it fails. What passed in the run before stays expected. Of a part of the set there is none.
    #[arg(long, value_name = "FILE", conflicts_with = "filter")]
    save_baseline: Option<PathBuf>,
    /// Write a page to look at.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Runs a set and prints each case as it is judged.
///
/// # Errors
/// When a file can't be used; what isn't as expected is told in the exit code.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let Command::Run(args) = &args.command;
    let before = args.baseline.as_deref().map(|path| {
        let cannot = || format!("cannot read the baseline {}", path.display());
        let text = fs::read_to_string(path).with_context(cannot)?;
        serde_json::from_str::<Baseline>(&text).with_context(cannot)
    });
    let before = before.transpose()?;
    let mut set = Set::load(&args.set)?;
    set.cases.retain(|case| case.name.contains(&args.filter));
    if set.cases.is_empty() {
        bail!("no case's name holds `{}`", args.filter);
    }
    let caller = Caller::new(&args.base_url, Duration::from_secs(args.timeout), &set)?;
    let mut cases = Vec::new();
    let work = |case: &_| Judged::of(case, &caller, set.price);
    in_order(&set.cases, args.jobs, work, |judged| -> anyhow::Result<()> {
        super::print(&line(&judged))?;
        cases.push(judged);
        Ok(())
    })?;
    let run = Run::new(set.about, cases, set.budget, before.as_ref(), args.tolerance);
    super::print(&summary(&run))?;
    if let Some(path) = &args.html {
        fs::write(path, page(&run)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &args.save_baseline {
        if run.verdict.failures.is_empty() {
            let text = serde_json::to_string_pretty(&run.baseline(before.as_ref()))? + "\n";
            fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        } else {
            super::print(&format!(
                "note: the run fails, so it is no baseline: {} is left alone\n",
                path.display()
            ))?;
        }
    }
    Ok(if run.verdict.failures.is_empty() { Exit::Ok } else { Exit::Failed })
}

/// Percentage points.
fn points(text: &str) -> Result<f64, String> {
    let points = text.parse::<f64>().map_err(|error| error.to_string())?;
    if (0.0..=100.0).contains(&points) { Ok(points) } else { Err("it must be from 0 to 100".to_owned()) }
}

/// One case's line, and what is wrong with it.
fn line(case: &Judged) -> String {
    let verdict = if case.passed() { "ok    " } else { "FAILED" };
    let mut text = format!("{verdict} {} ({}ms)\n", case.name, case.latency.as_millis());
    for problem in &case.problems {
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {problem}");
    }
    text
}

fn summary(run: &Run) -> String {
    let passed = run.cases.iter().filter(|case| case.passed()).count();
    let mut text = format!("{passed} of {} passed", run.cases.len());
    if let Some((p50, p95)) = run.latency(50).zip(run.latency(95)) {
        let _ = write!(text, ", latency p50 {} ms, p95 {} ms", p50.as_millis(), p95.as_millis());
    }
    if let Some(cost) = run.cost() {
        let _ = write!(text, ", ${cost:.4}");
    }
    text.push('\n');
    let verdict = &run.verdict;
    for (what, lines) in [
        ("worse than before", &verdict.worse),
        ("better than before", &verdict.better),
        ("note", &verdict.notes),
        ("fails", &verdict.failures),
    ] {
        for line in lines {
            let _ = writeln!(text, "{what}: {line}");
        }
    }
    text
}

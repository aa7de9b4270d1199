//! `seawall test`: scenarios, and the tests of policies, through the real module, in virtual time and, if asked, on a real
//! Envoy too.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::Exit;
use super::parallel::in_order;
use crate::envoy::{self, EnvoyDriver, EnvoyOptions};
use crate::report::{Report, placed, summary};
use crate::scenario::{self, Loaded, Outcome, Scenario, Timing, diff, judge_refusal};
use crate::sim::{self, Module, SimDriver};
use crate::{junit, policy_tests};

/// Runs the tests of policies, and scenarios. With `--envoy` each also runs on a real Envoy, and must lead to the same
/// decisions there.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Policies (*.seawall), whose `test` blocks are run, scenario files, or directories of both.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The module under test.
    #[arg(long)]
    wasm: PathBuf,
    /// Print what happened in every test, not only in those that fail.
    #[arg(long)]
    trace: bool,
    /// Only tests whose name holds this text.
    #[arg(long, default_value = "")]
    filter: String,
    /// An Envoy binary to compare with.
    #[arg(long, requires = "envoy_config")]
    envoy: Option<PathBuf>,
    /// The configuration that this Envoy gets.
    #[arg(long, requires = "envoy")]
    envoy_config: Option<PathBuf>,
    /// How many tests run at once.
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    /// Write a report here, as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs them, and prints each as it ends, in their order.
///
/// # Errors
/// When a file can't be used; failed expectations are told in the exit code.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let Collected { tests, refused } = collect(&args.paths, &args.filter)?;
    let module = Module::load(&args.wasm)?;
    super::print(&format!("module {}\n", module.hash()))?;
    let real = args.envoy.clone().zip(args.envoy_config.clone()).map(|(envoy, config)| EnvoyOptions {
        envoy,
        wasm: args.wasm.clone(),
        config,
    });
    let mut reports = Vec::new();
    let mut tell = |report: Report| -> anyhow::Result<()> {
        super::print(&report.render(args.trace))?;
        reports.push(report);
        Ok(())
    };
    for report in refused {
        tell(report)?;
    }
    let work = |loaded: &Loaded| {
        let (report, simulated) = simulate(&module, loaded);
        // Nothing makes a VM of Envoy's trap at a certain step.
        let traps = loaded.scenario.steps.iter().any(|step| step.trap.is_some());
        let options = real.as_ref().filter(|_| !traps);
        let real = options.map(|options| on_envoy(options, loaded, simulated.as_ref()));
        (report, real)
    };
    in_order(&tests, args.jobs, work, |(simulated, real)| {
        tell(simulated)?;
        real.map_or(Ok(()), &mut tell)
    })?;
    super::print(&format!("{}\n", summary(&reports)))?;
    if let Some(file) = &args.junit {
        std::fs::write(file, junit::render(&reports)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(if reports.iter().all(Report::passed) { Exit::Ok } else { Exit::Failed })
}

/// What is to be run.
pub(super) struct Collected {
    pub(super) tests: Vec<Loaded>,
    /// Policies that have tests which can't be run.
    pub(super) refused: Vec<Report>,
}

pub(super) fn collect(paths: &[PathBuf], filter: &str) -> anyhow::Result<Collected> {
    let mut collected = Collected { tests: Vec::new(), refused: Vec::new() };
    for (path, named) in files(paths)? {
        if !is(&path, POLICY) {
            collected.tests.extend(scenario::load(&path)?);
            continue;
        }
        let source =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        match policy_tests::parse(&path, &source) {
            // One among others needs none; but who names a policy to have it tested should hear that nothing is.
            policy_tests::Found::Tests(tests) if tests.is_empty() && named => {
                bail!(
                    "{} holds no test: write `test \"…\" {{ request {{ }}  expect {{ status 200 }} }}`",
                    path.display()
                );
            }
            policy_tests::Found::Tests(tests) => collected.tests.extend(tests),
            policy_tests::Found::Refused(findings) => collected.refused.push(not_run(path, findings)),
        }
    }
    collected.tests.retain(|loaded| loaded.name().contains(filter));
    if collected.tests.is_empty() && collected.refused.is_empty() {
        bail!("no test's name holds `{filter}`");
    }
    Ok(collected)
}

const POLICY: &str = "seawall";
const SCENARIO: &str = "yaml";

fn is(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

/// The failure of a policy as a whole: none of its tests can be run.
fn not_run(path: PathBuf, findings: String) -> Report {
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let refused = format!("{}: the policy is refused, so none of its tests can be run", path.display());
    Report {
        path,
        name: stem,
        about: String::new(),
        time: None,
        problems: vec![refused, findings],
        trace: Vec::new(),
    }
}

/// The files that were named themselves, and those in the directories named, by name.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, bool)>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push((path.clone(), true));
            continue;
        }
        let unreadable = || format!("cannot read {}", path.display());
        let mut found = Vec::new();
        for entry in path.read_dir().with_context(unreadable)? {
            found.push(entry.with_context(unreadable)?.path());
        }
        found.retain(|path| is(path, SCENARIO) || is(path, POLICY));
        found.sort();
        if found.is_empty() {
            bail!("there are no policies (*.seawall) and no scenarios (*.yaml) in {}", path.display());
        }
        files.extend(found.into_iter().map(|path| (path, false)));
    }
    Ok(files)
}

/// In virtual time. The outcome is `None` where no request was made.
pub fn simulate(module: &Module, loaded: &Loaded) -> (Report, Option<Outcome>) {
    let Loaded { path, scenario, .. } = loaded;
    let mut report = report(loaded, "");
    let mut driver = match SimDriver::start(module, scenario) {
        Err(error) => {
            report.problems.push(format!("{}: {error:#}", path.display()));
            return (report, None);
        }
        Ok(sim::Started::Refused { log }) => {
            report.time = Some(std::time::Duration::ZERO);
            report.problems = told(path, &judge_refusal(scenario, Some(&log.join("\n"))));
            report.trace = log;
            return (report, None);
        }
        Ok(sim::Started::Running(driver)) => driver,
    };
    report.problems = told(path, &judge_refusal(scenario, None));
    let outcome = scenario::run(driver.as_mut(), scenario, Timing::Virtual);
    report.time = Some(driver.elapsed());
    report.trace = driver.journal().iter().map(ToString::to_string).collect();
    if again(module, scenario).is_none_or(|trace| trace != report.trace) {
        let text = "a second run with the same seed went another way";
        report.problems.push(format!("{}: {text}", path.display()));
    }
    (report_of(report, path, &outcome), outcome.ok())
}

/// What happens in a second run: a filter that draws on anything but its seed and the clock shows here.
fn again(module: &Module, scenario: &Scenario) -> Option<Vec<String>> {
    let Ok(sim::Started::Running(mut driver)) = SimDriver::start(module, scenario) else { return None };
    // A failure to run was told by the first run; here only its trace counts.
    drop(scenario::run(driver.as_mut(), scenario, Timing::Virtual));
    Some(driver.journal().iter().map(ToString::to_string).collect())
}

/// On a real Envoy, where the same must be decided.
fn on_envoy(options: &EnvoyOptions, loaded: &Loaded, simulated: Option<&Outcome>) -> Report {
    let Loaded { path, scenario, .. } = loaded;
    let mut report = report(loaded, " [envoy]");
    let started = std::time::Instant::now();
    let mut driver = match EnvoyDriver::start(options, scenario) {
        Err(error) => {
            report.problems.push(format!("{}: {error:#}", path.display()));
            return report;
        }
        Ok(envoy::Started::Refused { log }) => {
            report.problems = told(path, &judge_refusal(scenario, Some(&log)));
            report.time = Some(started.elapsed());
            report.trace = log.lines().map(str::to_owned).collect();
            return report;
        }
        Ok(envoy::Started::Running(driver)) => driver,
    };
    report.problems = told(path, &judge_refusal(scenario, None));
    let outcome = scenario::run(driver.as_mut(), scenario, Timing::Real);
    report.time = Some(started.elapsed());
    let traces = outcome.as_ref().map_or(&[][..], |outcome| &outcome.traces);
    report.trace = traces.iter().flatten().cloned().collect();
    if let (Some(simulated), Ok(real)) = (simulated, &outcome) {
        let difference = disparity(simulated, real);
        report.problems.extend(difference.map(|text| format!("{}: {text}", path.display())));
    }
    report_of(report, path, &outcome)
}

/// How the decisions differ, if they do. Each request is compared with its counterpart.
fn disparity(simulated: &Outcome, real: &Outcome) -> Option<String> {
    let longest = simulated.traces.len().max(real.traces.len());
    let none = Vec::new();
    let request = |outcome: &Outcome, index| outcome.traces.get(index).unwrap_or(&none).clone();
    let mut text = String::new();
    for index in 0..longest {
        let (here, there) = (request(simulated, index), request(real, index));
        if here != there {
            text += &format!("\n    request {}:\n{}", index + 1, diff(&here, &there).trim_end());
        }
    }
    (!text.is_empty()).then(|| format!("the decisions differ (- test host, + Envoy):{text}"))
}

fn report(loaded: &Loaded, world: &str) -> Report {
    Report {
        path: loaded.path.clone(),
        name: format!("{}{world}", loaded.name()),
        about: loaded.scenario.about.clone(),
        time: None,
        problems: Vec::new(),
        trace: Vec::new(),
    }
}

fn report_of(mut report: Report, path: &Path, outcome: &anyhow::Result<Outcome>) -> Report {
    match outcome {
        Ok(outcome) => report.problems.extend(told(path, &outcome.failures)),
        Err(error) => report.problems.push(format!("{}: {error:#}", path.display())),
    }
    report
}

fn told(path: &Path, failures: &[scenario::Failure]) -> Vec<String> {
    failures.iter().map(|failure| placed(path, failure)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(traces: &[&[&str]]) -> Outcome {
        let traces = traces.iter().map(|trace| trace.iter().map(|line| (*line).to_owned()).collect());
        Outcome { failures: Vec::new(), traces: traces.collect() }
    }

    #[test]
    fn decisions_must_be_equal_request_by_request() {
        let here = outcome(&[&["pass"], &["attempt n=1", "answer status=200"]]);
        assert_eq!(disparity(&here, &here), None);
        let there = outcome(&[&["pass"], &["attempt n=1", "attempt n=2", "answer status=200"]]);
        let wanted = "the decisions differ (- test host, + Envoy):\n    request 2:\n      attempt n=1\n    \
                      + attempt n=2\n      answer status=200";
        assert_eq!(disparity(&here, &there).as_deref(), Some(wanted));
        // The same lines in other requests are not the same decisions.
        let moved = outcome(&[&["pass", "attempt n=1"], &["answer status=200"]]);
        assert!(disparity(&here, &moved).is_some());
        assert!(disparity(&here, &outcome(&[&["pass"]])).is_some());
    }
}

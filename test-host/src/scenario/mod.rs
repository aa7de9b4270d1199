//! Scenario files: what they say ([`Scenario`]), how they are read ([`load`]), run ([`run()`]) and judged.

mod expect;
mod model;
mod request;
mod run;
mod wanted;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use expect::diff;
pub use expect::{Failure, Timing};
pub use model::{
    Expect, Install, Placed, Request, Saw, Scenario, Span, Step, ToMetadata, Trap, UpstreamHalf,
};
pub use request::{AUTHORITY, Wire};
pub use run::{Outcome, judge_refusal, run};

/// A scenario and where it was read.
#[derive(Debug)]
pub struct Loaded {
    pub path: PathBuf,
    /// Which test of the file it is, where a file holds several.
    pub title: Option<String>,
    pub scenario: Scenario,
}

impl Loaded {
    /// The file's name without its ending, and the title of the test.
    #[must_use]
    pub fn name(&self) -> String {
        let stem = self.path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        match &self.title {
            Some(title) => format!("{stem}: {title}"),
            None => stem,
        }
    }
}

/// Why a file is not a scenario: `file:line:column: reason`.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    place: Option<(u64, u64)>,
    reason: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for LoadError {}

/// Reads a file: one scenario, or two of which one goes without the upstream half.
///
/// # Errors
/// When the file cannot be read or is not a scenario.
pub fn load(path: &Path) -> Result<Vec<Loaded>, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|error| LoadError {
        path: path.to_owned(),
        place: None,
        reason: error.to_string(),
    })?;
    let first = read(path, &text)?;
    // A policy that is refused is refused in any case.
    if first.scenario.upstream_half != UpstreamHalf::Both || first.scenario.refused.is_some() {
        return Ok(vec![parse(path, &text)?]);
    }
    let both = [(UpstreamHalf::Installed, "both halves"), (UpstreamHalf::Absent, "one half")];
    let variant = |(half, title): (UpstreamHalf, &str)| {
        let mut loaded = read(path, &text)?;
        loaded.title = Some(title.to_owned());
        loaded.scenario.upstream_half = half;
        Ok(settled(loaded))
    };
    both.into_iter().map(variant).collect()
}

/// Reads one scenario from its text, of two the one without the upstream half; `path` is for messages only.
///
/// # Errors
/// When the text is not a scenario.
pub fn parse(path: &Path, text: &str) -> Result<Loaded, LoadError> {
    let mut loaded = read(path, text)?;
    if loaded.scenario.upstream_half == UpstreamHalf::Both {
        loaded.scenario.upstream_half = UpstreamHalf::Absent;
    }
    Ok(settled(loaded))
}

/// With the expectations that hold for its halves.
fn settled(mut loaded: Loaded) -> Loaded {
    let absent = loaded.scenario.upstream_half == UpstreamHalf::Absent;
    for step in &mut loaded.scenario.steps {
        if let Some(other) = step.without_upstream_half.take()
            && absent
        {
            step.expect = other.or(std::mem::take(&mut step.expect));
        }
    }
    loaded
}

fn read(path: &Path, text: &str) -> Result<Loaded, LoadError> {
    let scenario: Scenario = serde_saphyr::from_str(text).map_err(|error| LoadError {
        path: path.to_owned(),
        place: error.location().map(|place| (place.line(), place.column())),
        reason: reason(&error.without_snippet().to_string()),
    })?;
    let fault = |reason: &str| LoadError { path: path.to_owned(), place: None, reason: reason.to_owned() };
    if scenario.workers == 0 {
        return Err(fault("`workers` must be at least 1"));
    }
    if scenario.refused.is_some() != scenario.steps.is_empty() {
        return Err(fault("a scenario has either `steps` or `refused`"));
    }
    if scenario.traps_at_bytes.is_some() && !scenario.may_trap {
        return Err(fault("`traps_at_bytes` needs `may_trap: true`"));
    }
    for (index, step) in scenario.steps.iter().enumerate() {
        check_step(step, &scenario).map_err(|reason| fault(&format!("step {}: {reason}", index + 1)))?;
    }
    Ok(Loaded { path: path.to_owned(), title: None, scenario })
}

fn check_step(step: &Step, scenario: &Scenario) -> Result<(), String> {
    let is_alone = step.request.is_none();
    let said = [
        step.request.is_some(),
        step.wait.is_some(),
        step.providers.is_some(),
        step.rate_limit_services.is_some(),
        step.trap.is_some() && is_alone,
        step.install.is_some() && is_alone,
    ];
    if said.iter().filter(|said| **said).count() != 1 {
        let of = "`request`, `wait`, `providers`, `rate_limit_services`, `trap` and `install`";
        return Err(format!(
            "exactly one of {of} must be given; a `trap` or an `install` may stand beside a `request`"
        ));
    }
    let after = step.install.as_ref().map_or(Duration::ZERO, |install| install.after);
    let after = after.max(step.trap.map_or(Duration::ZERO, |trap| trap.after));
    if !after.is_zero() && step.request.as_ref().is_none_or(|request| request.times != 1) {
        return Err("`after` needs a `request` that is made once".to_owned());
    }
    if let Some(trap) = &step.trap {
        if trap.worker >= scenario.workers {
            return Err(format!("there is no worker {}, `workers` is {}", trap.worker, scenario.workers));
        }
        if !scenario.may_trap {
            return Err("a `trap` needs `may_trap: true`".to_owned());
        }
    }
    if let Some(request) = &step.request {
        if request.worker >= scenario.workers {
            return Err(format!("there is no worker {}, `workers` is {}", request.worker, scenario.workers));
        }
        if request.times == 0 || request.concurrent == 0 {
            return Err("`times` and `concurrent` must be at least 1".to_owned());
        }
        if request.headers_in_turn.len().max(step.expect_in_turn.len()) > request.concurrent as usize {
            return Err("more stands `in_turn` than there are `concurrent` requests".to_owned());
        }
    }
    let expected = || step.without_upstream_half.iter().chain([&step.expect]);
    let asked = expected().flat_map(|expect| expect.asked.keys());
    let services = step.rate_limit_services.iter().flatten().map(|(name, _)| name).chain(asked);
    for name in services {
        if !scenario.rate_limit_services.contains_key(name) {
            return Err(format!("`{name}` is not one of the scenario's `rate_limit_services`"));
        }
    }
    let expected = expected().flat_map(|expect| expect.upstream.keys().chain(expect.saw.keys()));
    let named = step.providers.iter().flatten().map(|(name, _)| name).chain(expected);
    for name in named {
        if !scenario.providers.contains_key(name) {
            return Err(format!("`{name}` is not one of the scenario's `providers`"));
        }
    }
    Ok(())
}

/// What the reader says, without the place: that stands in front already.
fn reason(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.rsplit_once(" at line ").map_or(line, |(reason, _)| reason).to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const HEAD: &str = "about: x\npolicy: y\nproviders: { p: [] }\n";

    fn loaded(rest: &str) -> Result<Vec<Loaded>, LoadError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "{HEAD}{rest}").unwrap();
        load(file.path())
    }

    #[test]
    fn a_scenario_runs_with_both_halves_and_with_one_unless_told_otherwise() {
        let halves = |text: &str| {
            let all = loaded(&format!("{text}steps: [{{ wait: 1s }}]\n")).unwrap();
            all.iter().map(|loaded| loaded.scenario.upstream_half).collect::<Vec<_>>()
        };
        assert_eq!(halves(""), [UpstreamHalf::Installed, UpstreamHalf::Absent]);
        assert_eq!(halves("upstream_half: both\n"), halves(""));
        assert_eq!(halves("upstream_half: true\n"), [UpstreamHalf::Installed]);
        assert_eq!(halves("upstream_half: false\n"), [UpstreamHalf::Absent]);
        assert!(loaded("upstream_half: maybe\nsteps: [{ wait: 1s }]\n").is_err());
    }

    #[test]
    fn a_module_that_is_made_to_trap_may_trap() {
        let steps = "traps_at_bytes: 9\nsteps: [{ wait: 1s }]\n";
        assert!(loaded(steps).is_err());
        assert!(loaded(&format!("may_trap: true\n{steps}")).is_ok());
    }

    #[test]
    fn a_policy_is_installed_by_itself_or_while_one_request_is_under_way() {
        let install = "install: { policy: z, after: 1s }";
        for (step, is_one) in [
            ("{ install: { policy: z } }".to_owned(), true),
            (format!("{{ request: {{}}, {install} }}"), true),
            (format!("{{ request: {{ times: 2 }}, {install} }}"), false),
            (format!("{{ {install} }}"), false),
            ("{ wait: 1s, install: { policy: z } }".to_owned(), false),
            ("{}".to_owned(), false),
        ] {
            assert_eq!(loaded(&format!("steps: [{step}]\n")).is_ok(), is_one, "{step}");
        }
    }

    #[test]
    fn what_is_expected_without_the_upstream_half_stands_in_for_what_it_says() {
        let step = "steps:\n  - request: {}\n    expect: { status: 200, upstream: { p: 1 } }\n    \
                    without_upstream_half: { status: 502 }\n";
        let all = loaded(step).unwrap();
        let expected = |loaded: &Loaded| {
            let expect = &loaded.scenario.steps[0].expect;
            (expect.status.as_ref().map(|status| status.value), expect.upstream["p"].value)
        };
        assert_eq!(all.iter().map(expected).collect::<Vec<_>>(), [(Some(200), 1), (Some(502), 1)]);
    }
}

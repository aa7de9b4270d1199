//! Takes a driver through a scenario's steps.

use serde_saphyr::Spanned;

use super::expect::{Failure, Timing, judge, judge_together, sorted};
use super::model::{Scenario, Step};
use crate::driver::{Crowd, Driver, Meanwhile};

/// What became of a scenario.
#[derive(Debug, Default)]
pub struct Outcome {
    pub failures: Vec<Failure>,
    /// The decisions of each request, in order.
    pub traces: Vec<Vec<String>>,
}

/// Runs every step, also after a failed expectation: the next one may explain it.
///
/// # Errors
/// When the world itself fails.
pub fn run(driver: &mut dyn Driver, scenario: &Scenario, timing: Timing) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    for step in &scenario.steps {
        run_step(driver, step, timing, &mut outcome)?;
    }
    Ok(outcome)
}

fn run_step(
    driver: &mut dyn Driver,
    step: &Step,
    timing: Timing,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    if let Some(time) = step.wait {
        driver.wait(time)?;
    }
    for (provider, plan) in step.providers.iter().flatten() {
        driver.set_provider(provider, plan.clone())?;
    }
    for (service, plan) in step.rate_limit_services.iter().flatten() {
        driver.set_rate_limit_service(service, plan.clone())?;
    }
    let mut meanwhile = Meanwhile { install: step.install.as_ref(), trap: step.trap };
    let Some(request) = &step.request else {
        if let Some(trap) = step.trap {
            driver.trap(trap.worker, trap.steps)?;
        }
        if let Some(install) = &step.install {
            let log = driver.install(&install.policy)?;
            outcome.failures.append(&mut judge_refused(install.refused.as_ref(), log.as_deref()));
        }
        return Ok(());
    };
    for repetition in 1..=request.times {
        let Crowd { observed: crowd, installed } =
            driver.crowd_during(request, std::mem::take(&mut meanwhile))?;
        if let (Some(step), Some(log)) = (&step.install, installed) {
            outcome.failures.append(&mut judge_refused(step.refused.as_ref(), log.as_deref()));
        }
        for (index, seen) in crowd.iter().enumerate() {
            let mut failures = judge(&step.expect, seen, timing);
            if let Some(own) = step.expect_in_turn.get(index) {
                failures.append(&mut judge(own, seen, timing));
            }
            // Once for all that ran beside each other.
            if index == 0 {
                failures.append(&mut judge_together(&step.expect, seen, crowd.len() > 1));
            }
            for failure in &mut failures {
                if request.concurrent > 1 {
                    failure.text = format!("request {} of {}: {}", index + 1, crowd.len(), failure.text);
                }
                if request.times > 1 {
                    failure.text = format!("request {repetition} of {}: {}", request.times, failure.text);
                }
            }
            failures.sort_by_key(|failure| (failure.line, failure.column));
            outcome.failures.append(&mut failures);
        }
        if let Some(seen) = crowd.into_iter().next() {
            outcome.traces.push(if request.concurrent > 1 { sorted(seen.trace) } else { seen.trace });
        }
    }
    Ok(())
}

/// Whether the policy was refused as it should be; `log` is `None` when it was taken.
#[must_use]
pub fn judge_refusal(scenario: &Scenario, log: Option<&str>) -> Vec<Failure> {
    judge_refused(scenario.refused.as_ref(), log)
}

fn judge_refused(refused: Option<&Spanned<Vec<Spanned<String>>>>, log: Option<&str>) -> Vec<Failure> {
    match (refused, log) {
        (None, None) => Vec::new(),
        (Some(refused), None) => {
            vec![Failure::at(refused.referenced, "the policy was not refused".to_owned())]
        }
        (None, Some(_)) => {
            vec![Failure { line: 0, column: 0, text: "the policy was refused, see the log".to_owned() }]
        }
        (Some(refused), Some(log)) => {
            let missing = refused.value.iter().filter(|text| !log.contains(text.value.as_str()));
            let told = missing.map(|text| {
                let what = format!("expected `{}` in the log of the refusal", text.value);
                Failure::at(text.referenced, what)
            });
            told.collect()
        }
    }
}

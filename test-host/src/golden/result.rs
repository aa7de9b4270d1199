//! What a run came to, whether it keeps to its budget, and how it compares with a run before.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::judge::Judged;
use super::set::Budget;

/// All cases of a set, judged.
#[derive(Debug)]
pub struct Run {
    pub about: String,
    pub cases: Vec<Judged>,
    pub verdict: Verdict,
}

/// What is to be said of a run as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Why the run fails; empty when it passes.
    pub failures: Vec<String>,
    /// Cases that passed before and don't now, and the other way round.
    pub worse: Vec<String>,
    pub better: Vec<String>,
    /// What else differs from the run before.
    pub notes: Vec<String>,
}

/// A run before, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Whether each case passed, by its name.
    pub cases: BTreeMap<String, bool>,
}

impl Run {
    /// Judges a run. `tolerance`: how many percentage points fewer than in the run before may pass.
    #[must_use]
    pub fn new(
        about: String,
        cases: Vec<Judged>,
        budget: Budget,
        before: Option<&Baseline>,
        tolerance: f64,
    ) -> Self {
        let mut run = Self { about, cases, verdict: Verdict::default() };
        run.verdict = run.judge(budget, before, tolerance);
        run
    }

    /// Percentage of its cases that passed.
    #[must_use]
    pub fn pass(&self) -> f64 {
        share(self.cases.iter().map(Judged::passed))
    }

    /// Dollars of all cases whose cost is known.
    #[must_use]
    pub fn cost(&self) -> Option<f64> {
        let known: Vec<f64> = self.cases.iter().filter_map(|case| case.cost).collect();
        (!known.is_empty()).then(|| known.iter().sum())
    }

    /// The latency that this percentage of the requests kept to (nearest rank), answered or not.
    #[must_use]
    pub fn latency(&self, percentile: usize) -> Option<Duration> {
        let mut all: Vec<Duration> = self.cases.iter().map(|case| case.latency).collect();
        all.sort();
        let rank = (all.len() * percentile).div_ceil(100).max(1);
        all.get(rank - 1).copied()
    }

    /// As a baseline for runs to come. What passed in the run before is still expected to, or tolerance would add up from run to
    /// run.
    #[must_use]
    pub fn baseline(&self, before: Option<&Baseline>) -> Baseline {
        let passed_before =
            |name: &str| before.and_then(|before| before.cases.get(name)).is_some_and(|passed| *passed);
        let passes = |case: &Judged| case.passed() || passed_before(&case.name);
        Baseline { cases: self.cases.iter().map(|case| (case.name.clone(), passes(case))).collect() }
    }

    fn judge(&self, budget: Budget, before: Option<&Baseline>, tolerance: f64) -> Verdict {
        let mut verdict = Verdict::default();
        let pass = self.pass();
        // Where a baseline says what is usual, not every case must pass; a baseline of other cases says nothing of these.
        let before = before.map(|before| (before, self.in_both(before)));
        let is_usual_known = before.as_ref().is_some_and(|(_, both)| !both.is_empty());
        let least = budget.pass.or_else(|| (!is_usual_known).then_some(100.0));
        if let Some(least) = least.filter(|least| pass < *least) {
            verdict.failures.push(format!("{pass:.1}% passed, expected at least {least}%"));
        }
        if let Some((cost, most)) = self.cost().zip(budget.cost).filter(|(cost, most)| cost > most) {
            verdict.failures.push(format!("it cost ${cost:.4}, expected at most ${most}"));
        }
        let unknown = self.cases.iter().filter(|case| case.cost.is_none()).count();
        if budget.cost.is_some() && unknown > 0 {
            verdict.failures.push(format!("the cost of {unknown} of the answers isn't known"));
        }
        let slow = self.latency(95).zip(budget.p95_latency).filter(|(took, most)| took > most);
        if let Some((took, most)) = slow {
            let (took, most) = (took.as_millis(), most.as_millis());
            verdict.failures.push(format!("p95 of the latency is {took} ms, expected at most {most}"));
        }
        if let Some((before, both)) = before {
            self.compare(before, &both, tolerance, &mut verdict);
            if least.is_none() {
                self.judge_new(before, &mut verdict);
            }
        }
        verdict
    }

    /// The cases that both runs have, and whether they passed before.
    fn in_both(&self, before: &Baseline) -> Vec<(&Judged, bool)> {
        self.cases.iter().filter_map(|case| Some((case, *before.cases.get(&case.name)?))).collect()
    }

    /// Of cases that the baseline doesn't have it says not what is usual: they must pass.
    fn judge_new(&self, before: &Baseline, verdict: &mut Verdict) {
        let is_new = |case: &&Judged| !before.cases.contains_key(&case.name);
        let (failed, new) = self
            .cases
            .iter()
            .filter(is_new)
            .fold((0, 0), |(failed, new), case| (failed + usize::from(!case.passed()), new + 1));
        if failed > 0 {
            verdict.failures.push(format!("{failed} of the {new} cases that are new failed"));
        }
    }

    /// By the cases that both runs have.
    fn compare(&self, before: &Baseline, both: &[(&Judged, bool)], tolerance: f64, verdict: &mut Verdict) {
        for (case, passed) in both {
            match (case.passed(), passed) {
                (false, true) => verdict.worse.push(case.name.clone()),
                (true, false) => verdict.better.push(case.name.clone()),
                _ => {}
            }
        }
        let (now, then) = (
            share(both.iter().map(|(case, _)| case.passed())),
            share(both.iter().map(|(_, passed)| *passed)),
        );
        if now < then - tolerance {
            verdict
                .failures
                .push(format!("{now:.1}% of the cases that were there before passed, before {then:.1}%"));
        }
        let (new, gone) = (self.cases.len() - both.len(), before.cases.len() - both.len());
        for (number, what) in [(new, "new"), (gone, "gone")] {
            if number > 0 {
                verdict.notes.push(format!("{number} of the cases {what} since the baseline"));
            }
        }
    }
}

/// Percentage of these that hold; all, where there are none.
fn share(of: impl Iterator<Item = bool>) -> f64 {
    let (holds, all) = of.fold((0_u32, 0_u32), |(holds, all), it| (holds + u32::from(it), all + 1));
    if all == 0 { 100.0 } else { f64::from(holds) * 100.0 / f64::from(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, passed: bool, ms: u64, cost: f64) -> Judged {
        let problems = if passed { Vec::new() } else { vec!["no".to_owned()] };
        let latency = Duration::from_millis(ms);
        Judged { name: name.to_owned(), problems, latency, cost: Some(cost), ..Judged::default() }
    }

    fn run(passed: &[bool], budget: Budget, before: Option<&[bool]>, tolerance: f64) -> Run {
        let names = ["a", "b", "c", "d"];
        let cases =
            names.iter().zip(passed).zip(1..).map(|((name, passed), n)| case(name, *passed, n * 100, 0.25));
        let before = before.map(|before| Baseline {
            cases: names.iter().zip(before).map(|(name, passed)| ((*name).to_owned(), *passed)).collect(),
        });
        Run::new(String::new(), cases.collect(), budget, before.as_ref(), tolerance)
    }

    #[test]
    fn a_run_fails_for_its_budget_and_for_being_worse_than_before() {
        let none = Budget::default();
        let (all, half) = ([true; 4], [true, true, false, false]);
        let pass = |pass| Budget { pass: Some(pass), ..none };
        let cost = |cost| Budget { cost: Some(cost), ..none };
        let p95 = |ms| Budget { p95_latency: Some(Duration::from_millis(ms)), ..none };
        for (run, fails) in [
            (run(&all, none, None, 0.0), false),
            (run(&half, none, None, 0.0), true),
            (run(&half, pass(50.0), None, 0.0), false),
            (run(&half, pass(51.0), None, 0.0), true),
            (run(&all, cost(1.0), None, 0.0), false),
            (run(&all, cost(0.99), None, 0.0), true),
            (run(&all, p95(400), None, 0.0), false),
            (run(&all, p95(399), None, 0.0), true),
            (run(&half, none, Some(&half), 0.0), false),
            (run(&half, none, Some(&all), 49.0), true),
            (run(&half, none, Some(&all), 50.0), false),
        ] {
            assert_eq!(!run.verdict.failures.is_empty(), fails, "{:?}", run.verdict);
        }
    }

    #[test]
    fn what_became_better_or_worse_is_named() {
        let run = run(&[true, false, true, true], Budget::default(), Some(&[false, true, true]), 0.0);
        assert_eq!((run.verdict.better, run.verdict.worse), (vec!["a".to_owned()], vec!["b".to_owned()]));
        assert_eq!(run.verdict.notes, ["1 of the cases new since the baseline"]);
        assert!(run.verdict.failures.is_empty(), "as many as before");
    }

    #[test]
    fn what_the_baseline_does_not_know_must_pass() {
        let none = Budget::default();
        let pass = |pass| Budget { pass: Some(pass), ..none };
        let fails = |passed: &[bool], budget, before: &[bool]| {
            run(passed, budget, Some(before), 100.0).verdict.failures
        };
        let all_of_none = "0.0% passed, expected at least 100%";
        assert_eq!(fails(&[false, false], none, &[]), [all_of_none], "no case in common");
        assert_eq!(fails(&[false, true], pass(50.0), &[]), [""; 0]);
        assert_eq!(fails(&[false, true], pass(51.0), &[]), ["50.0% passed, expected at least 51%"]);
        assert_eq!(fails(&[true, true], none, &[]), [""; 0]);
        let one_is_new = "1 of the 2 cases that are new failed";
        assert_eq!(fails(&[true, true, false, true], none, &[true, true]), [one_is_new]);
        assert_eq!(fails(&[true, false, true, true], none, &[true, true]), [""; 0], "tolerated");
        assert_eq!(fails(&[true, true, false, true], pass(75.0), &[true, true]), [""; 0]);
    }

    #[test]
    fn what_is_not_known_keeps_to_no_budget() {
        let cases = || vec![case("a", true, 100, 0.25), Judged { cost: None, ..case("b", true, 100, 0.0) }];
        let failures = |budget| Run::new(String::new(), cases(), budget, None, 0.0).verdict.failures;
        let cost = Budget { cost: Some(1.0), ..Budget::default() };
        assert_eq!(failures(cost), ["the cost of 1 of the answers isn't known"]);
        assert_eq!(failures(Budget::default()), [""; 0]);
    }

    #[test]
    fn tolerance_does_not_add_up() {
        let before = Baseline { cases: [("a".to_owned(), true), ("b".to_owned(), false)].into() };
        let run = run(&[false, true], Budget::default(), None, 0.0);
        assert!(run.baseline(Some(&before)).cases.values().all(|passed| *passed));
        assert!(!run.baseline(None).cases["a"]);
    }

    #[test]
    fn a_baseline_comes_back_as_it_was_written() {
        let baseline = run(&[true, false], Budget::default(), None, 0.0).baseline(None);
        let text = serde_json::to_string(&baseline).unwrap();
        assert_eq!(serde_json::from_str::<Baseline>(&text).unwrap(), baseline);
    }
}

//! Whether tests can hold together. The answer "no" is certain; "yes" may also mean that the search was given up or that
//! the tests exclude each other in a way that is not known here.

use super::super::program::{Atom, Form, Test};
use super::conflict::Facts;

/// A test, and whether it is to hold or not.
pub(super) type Goal<'t> = (&'t Test, bool);

/// How much work a condition may cost, in comparisons of one atom with another: some milliseconds in the slowest case.
pub(super) const BUDGET: usize = 300_000;

pub(super) struct Search {
    /// What is left of it. When nothing is, everything is possible.
    pub(super) budget: usize,
}

impl Search {
    pub(super) fn possible<'t>(&mut self, goals: impl IntoIterator<Item = Goal<'t>>) -> bool {
        self.assume(goals.into_iter().collect(), Vec::new(), Facts::default())
    }

    /// Works off what follows at once, and then tries each way of the first choice that remains.
    fn assume<'t>(
        &mut self,
        mut goals: Vec<Goal<'t>>,
        mut choices: Vec<Goal<'t>>,
        mut facts: Facts<'t>,
    ) -> bool {
        while let Some((test, wanted)) = goals.pop() {
            if !self.pay(1) {
                return true;
            }
            match &test.form {
                Form::Constant(value) if *value == wanted => {}
                Form::Constant(_) => return false,
                Form::Leaf { atom, negated } => {
                    if !self.learn(&mut facts, atom, *negated != wanted) {
                        return false;
                    }
                }
                // In reverse, so that they come up in their order.
                Form::All(tests) if wanted => goals.extend(tests.iter().rev().map(|test| (test, true))),
                Form::Any(tests) if !wanted => goals.extend(tests.iter().rev().map(|test| (test, false))),
                Form::All(_) | Form::Any(_) | Form::Same(_) | Form::If(_) => choices.push((test, wanted)),
            }
        }
        let Some((test, wanted)) = choices.pop() else { return true };
        let mut attempt = |goals: Vec<Goal<'t>>| {
            let cost = goals.len() + choices.len() + facts.len();
            !self.pay(cost) || self.assume(goals, choices.clone(), facts.clone())
        };
        match &test.form {
            Form::All(tests) | Form::Any(tests) => tests.iter().any(|test| attempt(vec![(test, wanted)])),
            Form::Same(tests) => {
                let [a, b] = &**tests;
                attempt(vec![(a, true), (b, wanted)]) || attempt(vec![(a, false), (b, !wanted)])
            }
            Form::If(tests) => {
                let [condition, yes, no] = &**tests;
                attempt(vec![(condition, true), (yes, wanted)])
                    || attempt(vec![(condition, false), (no, wanted)])
            }
            Form::Constant(_) | Form::Leaf { .. } => true,
        }
    }

    fn learn<'t>(&mut self, facts: &mut Facts<'t>, atom: &'t Atom, wanted: bool) -> bool {
        let cost = facts.cost(atom);
        !self.pay(cost) || facts.learn(atom, wanted)
    }

    fn pay(&mut self, cost: usize) -> bool {
        let rest = self.budget.checked_sub(cost);
        self.budget = rest.unwrap_or(0);
        rest.is_some()
    }
}

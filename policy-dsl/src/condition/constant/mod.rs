//! Conditions that always or never hold, and parts of them that never matter. Such a condition is valid and never meant.
//!
//! A finding is certain: it follows from what the names can be worth, never from a guess. What isn't found may still be
//! constant.

mod bounds;
mod conflict;
mod search;

use super::names::{Name, NumberName, Slot};
use super::program::{Atom, Form, Number, Test, Text};
use super::source::{Report, finding};
use crate::diagnostic::Code;
use search::{BUDGET, Goal, Search};

/// Whether no request is such that the first test holds and the second doesn't, as far as that can be seen.
pub(super) fn implies(a: &Test, b: &Test) -> bool {
    !Search { budget: BUDGET }.possible([(a, true), (b, false)])
}

/// Whether no request meets the first test, or any at all, and none of the others. Takes what it costs from `effort`.
pub(super) fn covered<'t>(
    test: Option<&'t Test>,
    others: impl Iterator<Item = &'t Test>,
    effort: &mut usize,
) -> bool {
    let budget = BUDGET.min(*effort);
    let mut search = Search { budget };
    let covered = !search.possible(others.map(|other| (other, false)).chain(test.map(|test| (test, true))));
    *effort -= budget - search.budget;
    covered
}

/// Whether no request meets both tests, as far as that can be seen.
pub(super) fn excludes(a: &Test, b: &Test) -> bool {
    !Search { budget: BUDGET }.possible([(a, true), (b, true)])
}

/// Reports what is constant in a condition. Takes what it costs from `effort`; without any, nothing is found.
pub(super) fn find(test: &Test, report: &mut Report, effort: &mut usize) {
    let budget = BUDGET.min(*effort);
    let mut finder = Finder { search: Search { budget }, report };
    finder.examine(test, &mut Vec::new(), true);
    *effort -= budget - finder.search.budget;
}

struct Finder<'k, 's, 'r> {
    search: Search,
    report: &'k mut Report<'s, 'r>,
}

impl Finder<'_, '_, '_> {
    /// `context` is what must be so for the test to matter at all; `whole` is for the condition itself. Says whether the test itself was reported.
    fn examine<'t>(&mut self, test: &'t Test, context: &mut Vec<Goal<'t>>, whole: bool) -> bool {
        // Asking for a header before reading it is good CEL, though it says nothing new here.
        let guard = matches!(&test.form, Form::Leaf { atom, .. } if matches!(**atom, Atom::HasHeader(_)));
        if guard && !context.is_empty() || self.search.budget == 0 {
            return false;
        }
        for value in [true, false] {
            if !self.search.possible([(test, value)]) {
                self.report_constant(test, !value, whole);
                return true;
            }
        }
        for value in [true, false] {
            if !context.is_empty() && !self.search.possible(context.iter().copied().chain([(test, value)])) {
                self.report_idle(test, value, context);
                return true;
            }
        }
        self.inside(test, context);
        false
    }

    fn inside<'t>(&mut self, test: &'t Test, context: &mut Vec<Goal<'t>>) {
        let depth = context.len();
        match &test.form {
            Form::All(tests) | Form::Any(tests) => {
                // An operand matters only when the others leave the result open. Of two that say the same, the later one
                // is told to be idle, and is then out of the way.
                let open = matches!(test.form, Form::All(_));
                let mut others: Vec<&Test> = tests.iter().collect();
                for at in (0..tests.len()).rev() {
                    let Some(test) = others.get(at).copied() else { continue };
                    let beside = others.iter().enumerate().filter(|(other, _)| *other != at);
                    context.extend(beside.map(|(_, test)| (*test, open)));
                    let reported = self.examine(test, context, false);
                    context.truncate(depth);
                    if reported {
                        others.remove(at);
                    }
                }
            }
            Form::If(tests) => {
                let [condition, yes, no] = &**tests;
                self.examine(condition, context, false);
                for (value, part) in [(true, yes), (false, no)] {
                    context.push((condition, value));
                    self.examine(part, context, false);
                    context.truncate(depth);
                }
            }
            Form::Same(tests) => {
                for test in tests.iter() {
                    self.examine(test, context, false);
                }
            }
            Form::Leaf { .. } | Form::Constant(_) => {}
        }
    }

    /// The test has one value for every request.
    fn report_constant(&mut self, test: &Test, value: bool, whole: bool) {
        let value_word = if value != test.place.opposite { "true" } else { "false" };
        let span = test.place.span;
        let written = self.report.quote(span);
        let subject = if whole { "the condition" } else { &*written };
        let mut found =
            finding(Code::ConditionConstant, span, &[subject, " is always ", value_word], "", &[]);
        found.label = match &test.form {
            Form::Leaf { atom, .. } => reason(atom),
            Form::Same(tests) => {
                let [a, b] = &**tests;
                if a == b { SAME.to_string() } else { String::new() }
            }
            Form::All(_) | Form::Any(_) => match self.culprits(test, value) {
                Some((a, b)) => {
                    let (a, b) = (self.report.text(a.place.span), self.report.text(b.place.span));
                    ["because of `", a, "` and `", b, "`"].concat()
                }
                None => "because of its parts together".to_string(),
            },
            _ => String::new(),
        };
        let help = match (whole, value) {
            (false, _) => "leave it out, or compare with something else",
            (true, true) => "leave `when` out if every request is meant",
            (true, false) => "no request ever meets it; compare with something else",
        };
        found = found.with_help(help);
        self.report.push(found);
    }

    /// Two operands that decide the whole by themselves.
    fn culprits<'t>(&mut self, test: &'t Test, value: bool) -> Option<(&'t Test, &'t Test)> {
        let (Form::All(tests) | Form::Any(tests)) = &test.form else { return None };
        for (at, second) in tests.iter().enumerate() {
            for first in tests.iter().take(at) {
                if !self.search.possible([(first, !value), (second, !value)]) {
                    return Some((first, second));
                }
            }
        }
        None
    }

    /// The test can't have this value where it would matter.
    fn report_idle(&mut self, test: &Test, value: bool, context: &[Goal]) {
        let span = test.place.span;
        let message = [&*self.report.quote(span), " never matters"];
        let mut found = finding(Code::ConditionConstant, span, &message, "", &[]);
        let alone = context.iter().find(|goal| !self.search.possible([**goal, (test, value)]));
        found.label = "the rest of the condition decides it already".to_string();
        if let Some((other, _)) = alone {
            let other = other.place.span;
            found.label = ["`", self.report.text(other), "` decides it already"].concat();
            found = found.with_related(other, "decides it");
        }
        self.report.push(found.with_help("leave it out, or compare with something else"));
    }
}

const SAME: &str = "both sides are the same";

/// Why an atom is always the same.
fn reason(atom: &Atom) -> String {
    let number = match atom {
        Atom::Numbers(_, Number::Constant(_), Number::Constant(_))
        | Atom::Texts(_, Text::Constant(_), Text::Constant(_)) => {
            return "nothing of the request is in it".to_string();
        }
        Atom::Numbers(_, a, b) if a == b => return SAME.to_string(),
        Atom::Texts(_, a, b) if a == b => return SAME.to_string(),
        Atom::Texts(..) => return "no string comes before the empty one".to_string(),
        Atom::TextIn(_, values) if values.is_empty() => return "the list is empty".to_string(),
        Atom::Find(..) => return "every string has that part".to_string(),
        Atom::Numbers(_, number, _) | Atom::NumberIn(number, _) => number,
        _ => return String::new(),
    };
    let subject = match number {
        Number::Name(NumberName::Tools) => "`size(tools)`".to_string(),
        Number::Name(name) => ["`", Name::of(Slot::Number(*name)), "`"].concat(),
        Number::Length(_) => "a size".to_string(),
        _ => "its left side".to_string(),
    };
    match number.range() {
        (0, i64::MAX) => [&*subject, " is never negative"].concat(),
        (i64::MIN, _) | (_, i64::MAX) => String::new(),
        (least, most) => [&*subject, " is ", &least.to_string(), " to ", &most.to_string()].concat(),
    }
}

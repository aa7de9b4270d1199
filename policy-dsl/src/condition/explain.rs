//! What the parts of a condition come to for one request, in words. For people, and so not on the way of a request.

use super::eval::Facts;
use super::program::{Atom, Form, Number, Test, Text};
use super::text;

/// One comparison of a condition, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The comparison: `turns > 5`.
    pub test: String,
    pub holds: bool,
    /// What the request has: "`turns` is 3"; empty when the comparison says it already.
    pub because: String,
}

/// In the order in which they are written, each once.
pub(super) fn outcomes<F: Facts + ?Sized>(test: &Test, facts: &F) -> Vec<Outcome> {
    let mut found = Vec::new();
    visit(test, facts, &mut found);
    found
}

fn visit<F: Facts + ?Sized>(test: &Test, facts: &F, found: &mut Vec<Outcome>) {
    match &test.form {
        Form::Constant(_) => {}
        Form::All(tests) | Form::Any(tests) => tests.iter().for_each(|test| visit(test, facts, found)),
        Form::Same(tests) => tests.iter().for_each(|test| visit(test, facts, found)),
        Form::If(tests) => tests.iter().for_each(|test| visit(test, facts, found)),
        Form::Leaf { atom, negated } => {
            let holds = atom.holds(facts) != *negated;
            let mut values = Vec::new();
            of_atom(atom, facts, &mut values);
            let outcome = Outcome { test: text::atom(atom, *negated), holds, because: values.join(", ") };
            if !found.contains(&outcome) {
                found.push(outcome);
            }
        }
    }
}

fn of_atom<F: Facts + ?Sized>(atom: &Atom, facts: &F, values: &mut Vec<String>) {
    match atom {
        Atom::Flag(_) | Atom::HasHeader(_) => {}
        Atom::HasTool(name) => of_text(name, facts, values),
        Atom::Numbers(_, a, b) => {
            of_number(a, facts, values);
            of_number(b, facts, values);
        }
        Atom::Texts(_, a, b) | Atom::Find(_, a, b) => {
            of_text(a, facts, values);
            of_text(b, facts, values);
        }
        Atom::NumberIn(value, _) => of_number(value, facts, values),
        Atom::TextIn(value, _) => of_text(value, facts, values),
    }
}

fn of_number<F: Facts + ?Sized>(value: &Number, facts: &F, values: &mut Vec<String>) {
    match value {
        Number::Constant(_) => return,
        Number::Length(inner) => of_text(inner, facts, values),
        Number::Math(_, operands) => operands.iter().for_each(|operand| of_number(operand, facts, values)),
        Number::Name(_) | Number::If(_) => {}
    }
    say(values, &text::number_text(value), &value.value(facts).to_string());
}

fn of_text<F: Facts + ?Sized>(value: &Text, facts: &F, values: &mut Vec<String>) {
    match value {
        Text::Constant(_) => {}
        Text::Header(name) if facts.header(name).is_none() => {
            let said = ["there is no header `", name, "`"].concat();
            if !values.contains(&said) {
                values.push(said);
            }
        }
        _ => {
            let mut quoted = String::new();
            text::literal(&mut quoted, value.value(facts));
            say(values, &text::text_text(value), &quoted);
        }
    }
}

fn say(values: &mut Vec<String>, what: &str, value: &str) {
    let said = ["`", what, "` is `", value, "`"].concat();
    if !values.contains(&said) {
        values.push(said);
    }
}

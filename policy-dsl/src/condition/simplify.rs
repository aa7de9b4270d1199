//! The normal form of a condition: constants worked out, chains without inner chains, nothing in them twice. Conditions
//! that differ only in how they are written become equal.

use super::program::{Atom, Form, Test};

pub(super) fn simplify(test: Test) -> Test {
    let place = test.place;
    let form = match test.form {
        Form::All(tests) => chain(tests, true),
        Form::Any(tests) => chain(tests, false),
        Form::Same(tests) => same(tests.map(simplify)),
        Form::If(tests) => {
            let [condition, yes, no] = tests.map(simplify);
            match condition.form {
                Form::Constant(true) => yes.form,
                Form::Constant(false) => no.form,
                _ if yes == no => yes.form,
                _ => Form::If(Box::new([condition, yes, no])),
            }
        }
        Form::Leaf { atom, negated } => match constant(&atom) {
            Some(value) => Form::Constant(value != negated),
            None => Form::Leaf { atom, negated },
        },
        Form::Constant(value) => Form::Constant(value),
    };
    Test { form, place }
}

/// The value of an atom that looks at no request.
fn constant(atom: &Atom) -> Option<bool> {
    Some(match atom {
        Atom::Numbers(order, a, b) => order.holds(a.constant()?.cmp(&b.constant()?)),
        Atom::Texts(order, a, b) => order.holds(a.constant()?.cmp(b.constant()?)),
        Atom::NumberIn(number, values) => values.contains(&number.constant()?),
        Atom::TextIn(text, values) => {
            let text = text.constant()?;
            values.iter().any(|value| **value == *text)
        }
        Atom::Find(find, text, part) => find.holds(text.constant()?, part.constant()?),
        Atom::Flag(_) | Atom::HasHeader(_) | Atom::HasTool(_) => return None,
    })
}

/// `neutral` is what changes nothing: true between operands of `&&`, false between those of `||`.
fn chain(tests: Vec<Test>, neutral: bool) -> Form {
    let mut kept: Vec<Test> = Vec::with_capacity(tests.len());
    for test in tests {
        let test = simplify(test);
        let inner = match test.form {
            Form::Constant(value) if value == neutral => continue,
            Form::Constant(value) => return Form::Constant(value),
            Form::All(inner) if neutral => inner,
            Form::Any(inner) if !neutral => inner,
            form => vec![Test { form, ..test }],
        };
        for test in inner {
            if !kept.contains(&test) {
                kept.push(test);
            }
        }
    }
    match (kept.len(), kept.pop()) {
        (1, Some(only)) => only.form,
        (_, Some(last)) => {
            kept.push(last);
            if neutral { Form::All(kept) } else { Form::Any(kept) }
        }
        (_, None) => Form::Constant(neutral),
    }
}

fn same(tests: [Test; 2]) -> Form {
    let [a, b] = tests;
    let (value, other) = match (a.form, b.form) {
        (Form::Constant(value), other) | (other, Form::Constant(value)) => (value, Test { form: other, ..b }),
        (a_form, b_form) => {
            return Form::Same(Box::new([Test { form: a_form, ..a }, Test { form: b_form, ..b }]));
        }
    };
    let span = other.place.span;
    if value { other.form } else { other.not(span).form }
}

//! The evaluation. It allocates nothing and can't fail; operands that can't change the result aren't looked at.

use super::names::{FlagName, NumberName, TextName};
use super::program::{Atom, Form, Number, Test, Text, calculate};

/// What a condition asks of a request. Values may be looked up when they are asked for: each is asked for only when the
/// result depends on it, and nothing that the condition doesn't name is.
///
/// Of names that aren't [supported](super::Name::supported) nothing is asked, as their conditions are refused before.
pub trait Facts {
    fn text(&self, name: TextName) -> &str;
    /// Within the range that [`NumberName`] tells.
    fn number(&self, name: NumberName) -> i64;
    fn flag(&self, name: FlagName) -> bool;
    /// The value of a request header, by its lowercase name; of one that occurs several times, as the host joins them.
    fn header(&self, name: &str) -> Option<&str>;
    /// Whether the request declares a tool of this name. Agrees with [`NumberName::Tools`].
    fn has_tool(&self, name: &str) -> bool;
}

impl Test {
    pub(super) fn holds<F: Facts + ?Sized>(&self, facts: &F) -> bool {
        match &self.form {
            Form::Constant(value) => *value,
            Form::Leaf { atom, negated } => atom.holds(facts) != *negated,
            Form::All(tests) => tests.iter().all(|test| test.holds(facts)),
            Form::Any(tests) => tests.iter().any(|test| test.holds(facts)),
            Form::Same(tests) => {
                let [a, b] = &**tests;
                a.holds(facts) == b.holds(facts)
            }
            Form::If(tests) => {
                let [condition, yes, no] = &**tests;
                if condition.holds(facts) { yes.holds(facts) } else { no.holds(facts) }
            }
        }
    }
}

impl Atom {
    pub(super) fn holds<F: Facts + ?Sized>(&self, facts: &F) -> bool {
        match self {
            Atom::Flag(name) => facts.flag(*name),
            Atom::HasHeader(name) => facts.header(name).is_some(),
            Atom::HasTool(name) => facts.has_tool(name.value(facts)),
            Atom::Numbers(order, a, b) => order.holds(a.value(facts).cmp(&b.value(facts))),
            // The order of UTF-8 is that of the code points.
            Atom::Texts(order, a, b) => order.holds(a.value(facts).cmp(b.value(facts))),
            Atom::NumberIn(number, values) => values.binary_search(&number.value(facts)).is_ok(),
            Atom::TextIn(text, values) => {
                let text = text.value(facts);
                values.binary_search_by(|value| (**value).cmp(text)).is_ok()
            }
            Atom::Find(find, text, part) => find.holds(text.value(facts), part.value(facts)),
        }
    }
}

impl Number {
    pub(super) fn value<F: Facts + ?Sized>(&self, facts: &F) -> i64 {
        match self {
            Number::Constant(value) => *value,
            Number::Name(name) => facts.number(*name),
            Number::Length(text) => length(text.value(facts)),
            Number::Math(math, operands) => {
                let [a, b] = &**operands;
                calculate(*math, a.value(facts), b.value(facts))
            }
            Number::If(parts) => {
                let (condition, yes, no) = &**parts;
                if condition.holds(facts) { yes.value(facts) } else { no.value(facts) }
            }
        }
    }
}

/// In code points, as CEL counts.
pub(super) fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

impl Text {
    pub(super) fn value<'v, F: Facts + ?Sized>(&'v self, facts: &'v F) -> &'v str {
        match self {
            Text::Constant(value) => value,
            Text::Name(name) => facts.text(*name),
            Text::Header(name) => facts.header(name).unwrap_or(""),
            Text::If(parts) => {
                let (condition, yes, no) = &**parts;
                if condition.holds(facts) { yes.value(facts) } else { no.value(facts) }
            }
        }
    }
}

//! What a condition is once it is understood: typed, every name a slot. Types are apart from each other, so that nothing
//! remains which could go wrong during evaluation.

use std::hash::{Hash, Hasher};

use crate::span::Span;

use super::ast::Math;
use super::names::{FlagName, NumberName, TextName};

/// Where a test stands. Tests that mean the same are equal wherever they stand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) span: Span,
    /// The test means the opposite of what is written here, as an outer `!` has been carried inside.
    pub(super) opposite: bool,
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// True or false.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Test {
    pub(super) form: Form,
    pub(super) place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Form {
    Constant(bool),
    /// An atom, or its opposite.
    Leaf {
        atom: Box<Atom>,
        negated: bool,
    },
    All(Vec<Test>),
    Any(Vec<Test>),
    /// Both hold or neither does.
    Same(Box<[Test; 2]>),
    If(Box<[Test; 3]>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    Flag(FlagName),
    HasHeader(Box<str>),
    HasTool(Text),
    Numbers(Order, Number, Number),
    Texts(Order, Text, Text),
    /// In ascending order, none twice.
    NumberIn(Number, Box<[i64]>),
    /// In ascending order, none twice.
    TextIn(Text, Box<[Box<str>]>),
    /// The second is looked for in the first.
    Find(Find, Text, Text),
}

/// The other three comparisons are the negated ones of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Order {
    Equal,
    Less,
    Greater,
}

impl Order {
    pub(super) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::Greater => ordering.is_gt(),
        }
    }

    /// For the operands the other way round.
    fn mirrored(self) -> Self {
        match self {
            Order::Equal => Order::Equal,
            Order::Less => Order::Greater,
            Order::Greater => Order::Less,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Find {
    Start,
    End,
    Inside,
}

impl Find {
    pub(super) fn holds(self, text: &str, part: &str) -> bool {
        match self {
            Find::Start => text.starts_with(part),
            Find::End => text.ends_with(part),
            Find::Inside => contains(text, part),
        }
    }
}

/// The library's search first builds a table, which takes longer than looking through the name of a model or a path; but
/// only with it is the time bounded for a long header.
fn contains(text: &str, part: &str) -> bool {
    const SHORT: usize = 128;
    if text.len() > SHORT || part.is_empty() {
        return text.contains(part);
    }
    text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Number {
    Constant(i64),
    Name(NumberName),
    /// Characters of a text.
    Length(Box<Text>),
    Math(Math, Box<[Number; 2]>),
    If(Box<(Test, Number, Number)>),
}

impl Number {
    pub(super) fn constant(&self) -> Option<i64> {
        if let Number::Constant(value) = self { Some(*value) } else { None }
    }

    /// The least and the greatest value it can have.
    pub(super) fn range(&self) -> (i64, i64) {
        match self {
            Number::Constant(value) => (*value, *value),
            Number::Name(name) => name.range(),
            Number::Length(_) => (0, i64::MAX),
            Number::If(parts) => {
                let (a, b) = (parts.1.range(), parts.2.range());
                (a.0.min(b.0), a.1.max(b.1))
            }
            Number::Math(math, operands) => {
                let [a, b] = &**operands;
                math_range(*math, a.range(), b.range())
            }
        }
    }
}

/// The range of a result. Addition, subtraction, multiplication and division by a constant take their extremes where
/// their operands do, also when they saturate.
fn math_range(math: Math, a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    if math == Math::Remainder {
        // It has the sign of the dividend, and is smaller than the divisor and no greater than the dividend.
        let most = b.0.unsigned_abs().max(b.1.unsigned_abs()).saturating_sub(1);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        return (if a.0 < 0 { a.0.max(-most) } else { 0 }, if a.1 > 0 { a.1.min(most) } else { 0 });
    }
    let corners = [(a.0, b.0), (a.0, b.1), (a.1, b.0), (a.1, b.1)].map(|(a, b)| calculate(math, a, b));
    corners.into_iter().fold((i64::MAX, i64::MIN), |(least, most), value| (least.min(value), most.max(value)))
}

/// Ends at the greatest and the least number instead of failing as in CEL. A divisor is never zero here; if it were, the
/// result would be.
pub(super) fn calculate(math: Math, a: i64, b: i64) -> i64 {
    match math {
        Math::Add => a.saturating_add(b),
        Math::Subtract => a.saturating_sub(b),
        Math::Multiply => a.saturating_mul(b),
        Math::Divide if b == 0 => 0,
        Math::Divide => a.saturating_div(b),
        Math::Remainder => a.checked_rem(b).unwrap_or(0),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Text {
    Constant(Box<str>),
    Name(TextName),
    /// Empty when the request has no such header.
    Header(Box<str>),
    If(Box<(Test, Text, Text)>),
}

impl Text {
    pub(super) fn constant(&self) -> Option<&str> {
        if let Text::Constant(value) = self { Some(value) } else { None }
    }
}

impl Test {
    pub(super) fn new(form: Form, span: Span) -> Self {
        Self { form, place: Place { span, opposite: false } }
    }

    pub(super) fn atom(atom: Atom, negated: bool, span: Span) -> Self {
        Self::new(Form::Leaf { atom: Box::new(atom), negated }, span)
    }

    /// The opposite, as written by a `!` which makes it reach over `span`.
    pub(super) fn not(mut self, span: Span) -> Self {
        self.negate();
        self.place = Place { span, opposite: false };
        self
    }

    /// Turns it into its opposite down to the leaves, so that `!(a || b)` is `!a && !b`.
    pub(super) fn negate(&mut self) {
        self.place.opposite = !self.place.opposite;
        self.form = match std::mem::replace(&mut self.form, Form::Constant(false)) {
            Form::Constant(value) => Form::Constant(!value),
            Form::Leaf { atom, negated } => Form::Leaf { atom, negated: !negated },
            Form::All(mut tests) => {
                tests.iter_mut().for_each(Test::negate);
                Form::Any(tests)
            }
            Form::Any(mut tests) => {
                tests.iter_mut().for_each(Test::negate);
                Form::All(tests)
            }
            Form::Same(mut tests) => {
                let [_, second] = &mut *tests;
                second.negate();
                Form::Same(tests)
            }
            Form::If(mut tests) => {
                let [_, yes, no] = &mut *tests;
                yes.negate();
                no.negate();
                Form::If(tests)
            }
        };
    }
}

/// A comparison with its constant, if there is one, to the right.
pub(super) fn numbers(order: Order, a: Number, b: Number) -> Atom {
    if a.constant().is_some() && b.constant().is_none() {
        Atom::Numbers(order.mirrored(), b, a)
    } else {
        Atom::Numbers(order, a, b)
    }
}

/// A comparison with its constant, if there is one, to the right.
pub(super) fn texts(order: Order, a: Text, b: Text) -> Atom {
    if a.constant().is_some() && b.constant().is_none() {
        Atom::Texts(order.mirrored(), b, a)
    } else {
        Atom::Texts(order, a, b)
    }
}

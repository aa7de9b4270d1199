//! A condition in its normal form as text. Read again, it is equal to the one it was written from.

use super::ast::Math;
use super::names::{Name, NumberName, Slot};
use super::program::{Atom, Find, Form, Number, Order, Test, Text};

/// How tightly an expression binds; what binds less than its place asks for stands in parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    If,
    Or,
    And,
    Relation,
    Sum,
    Product,
    Unary,
    Member,
}

pub(super) fn test(test: &Test) -> String {
    let mut out = String::new();
    write_test(&mut out, test, Binds::If);
    out
}

pub(super) fn atom(atom: &Atom, negated: bool) -> String {
    let mut out = String::new();
    leaf(&mut out, atom, negated, Binds::If);
    out
}

fn push(out: &mut String, pieces: &[&str]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

fn enclosed(out: &mut String, binds: Binds, least: Binds, write: impl FnOnce(&mut String)) {
    let enclose = binds < least;
    if enclose {
        out.push('(');
    }
    write(out);
    if enclose {
        out.push(')');
    }
}

fn write_test(out: &mut String, test: &Test, least: Binds) {
    match &test.form {
        Form::Constant(value) => out.push_str(if *value { "true" } else { "false" }),
        Form::Leaf { atom, negated } => leaf(out, atom, *negated, least),
        Form::All(tests) => chain(out, tests, " && ", Binds::And, least),
        Form::Any(tests) => chain(out, tests, " || ", Binds::Or, least),
        Form::Same(tests) => enclosed(out, Binds::Relation, least, |out| {
            let [a, b] = &**tests;
            write_test(out, a, Binds::Unary);
            out.push_str(" == ");
            write_test(out, b, Binds::Unary);
        }),
        Form::If(tests) => enclosed(out, Binds::If, least, |out| {
            let [condition, yes, no] = &**tests;
            write_test(out, condition, Binds::Or);
            out.push_str(" ? ");
            write_test(out, yes, Binds::Or);
            out.push_str(" : ");
            write_test(out, no, Binds::If);
        }),
    }
}

fn chain(out: &mut String, tests: &[Test], symbol: &str, binds: Binds, least: Binds) {
    enclosed(out, binds, least, |out| {
        for (index, test) in tests.iter().enumerate() {
            if index > 0 {
                out.push_str(symbol);
            }
            let least = if binds == Binds::And { Binds::Relation } else { Binds::And };
            write_test(out, test, least);
        }
    });
}

fn leaf(out: &mut String, atom: &Atom, negated: bool, least: Binds) {
    match atom {
        // These have an opposite of their own.
        Atom::Numbers(order, a, b) => enclosed(out, Binds::Relation, least, |out| {
            number(out, a, Binds::Sum);
            push(out, &[" ", symbol(*order, negated), " "]);
            number(out, b, Binds::Sum);
        }),
        Atom::Texts(order, a, b) => enclosed(out, Binds::Relation, least, |out| {
            text(out, a);
            push(out, &[" ", symbol(*order, negated), " "]);
            text(out, b);
        }),
        _ if negated => enclosed(out, Binds::Unary, least, |out| {
            out.push('!');
            plain(out, atom, Binds::Unary);
        }),
        _ => plain(out, atom, least),
    }
}

fn plain(out: &mut String, atom: &Atom, least: Binds) {
    match atom {
        Atom::Flag(name) => out.push_str(Name::of(Slot::Flag(*name))),
        Atom::Find(find, value, part) => {
            text(out, value);
            push(out, &[".", function(*find), "("]);
            write_text(out, part, Binds::If);
            out.push(')');
        }
        _ => enclosed(out, Binds::Relation, least, |out| match atom {
            Atom::HasHeader(name) => {
                literal(out, name);
                out.push_str(" in headers");
            }
            Atom::HasTool(name) => {
                text(out, name);
                out.push_str(" in tools");
            }
            Atom::NumberIn(value, values) => {
                number(out, value, Binds::Sum);
                list(out, values, |out, value| out.push_str(&value.to_string()));
            }
            Atom::TextIn(value, values) => {
                text(out, value);
                list(out, values, |out, value| literal(out, value));
            }
            _ => {}
        }),
    }
}

fn list<T>(out: &mut String, values: &[T], write: impl Fn(&mut String, &T)) {
    out.push_str(" in [");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(out, value);
    }
    out.push(']');
}

fn symbol(order: Order, negated: bool) -> &'static str {
    match (order, negated) {
        (Order::Equal, false) => "==",
        (Order::Equal, true) => "!=",
        (Order::Less, false) => "<",
        (Order::Less, true) => ">=",
        (Order::Greater, false) => ">",
        (Order::Greater, true) => "<=",
    }
}

pub(super) fn function(find: Find) -> &'static str {
    match find {
        Find::Start => "startsWith",
        Find::End => "endsWith",
        Find::Inside => "contains",
    }
}

pub(super) fn number_text(value: &Number) -> String {
    let mut out = String::new();
    number(&mut out, value, Binds::If);
    out
}

fn number(out: &mut String, value: &Number, least: Binds) {
    match value {
        Number::Constant(value) => out.push_str(&value.to_string()),
        Number::Name(NumberName::Tools) => out.push_str("size(tools)"),
        Number::Name(name) => out.push_str(Name::of(Slot::Number(*name))),
        Number::Length(value) => {
            out.push_str("size(");
            write_text(out, value, Binds::If);
            out.push(')');
        }
        Number::Math(math, operands) => {
            let [a, b] = &**operands;
            if *math == Math::Subtract && *a == Number::Constant(0) {
                return enclosed(out, Binds::Unary, least, |out| {
                    out.push('-');
                    number(out, b, Binds::Unary);
                });
            }
            let (binds, tighter) = match math {
                Math::Add | Math::Subtract => (Binds::Sum, Binds::Product),
                _ => (Binds::Product, Binds::Unary),
            };
            enclosed(out, binds, least, |out| {
                number(out, a, binds);
                push(out, &[" ", math.symbol(), " "]);
                number(out, b, tighter);
            });
        }
        Number::If(parts) => enclosed(out, Binds::If, least, |out| {
            let (condition, yes, no) = &**parts;
            write_test(out, condition, Binds::Or);
            out.push_str(" ? ");
            number(out, yes, Binds::Or);
            out.push_str(" : ");
            number(out, no, Binds::If);
        }),
    }
}

fn text(out: &mut String, value: &Text) {
    write_text(out, value, Binds::Member);
}

pub(super) fn text_text(value: &Text) -> String {
    let mut out = String::new();
    text(&mut out, value);
    out
}

fn write_text(out: &mut String, value: &Text, least: Binds) {
    match value {
        Text::Constant(value) => literal(out, value),
        Text::Name(name) => out.push_str(Name::of(Slot::Text(*name))),
        Text::Header(name) => {
            out.push_str("headers[");
            literal(out, name);
            out.push(']');
        }
        Text::If(parts) => enclosed(out, Binds::If, least, |out| {
            let (condition, yes, no) = &**parts;
            write_test(out, condition, Binds::Or);
            out.push_str(" ? ");
            write_text(out, yes, Binds::Or);
            out.push_str(" : ");
            write_text(out, no, Binds::If);
        }),
    }
}

/// In double quotes, on one line and without the backtick that would end the condition.
pub(super) fn literal(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' | '`' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let digit = |shift: u32| char::from_digit(u32::from(c) >> shift & 15, 16).unwrap_or('0');
                out.extend(['\\', 'u', '0', '0', digit(4), digit(0)]);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

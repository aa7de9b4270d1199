//! Numbers, arithmetic, choices and lists.

use crate::diagnostic::Code;
use crate::span::Span;

use super::super::ast::{Expr, Math};
use super::super::literal::{self, Number as Literal};
use super::super::program::{self, Number, Test, Text, calculate};
use super::super::simplify::simplify;
use super::{Checker, Value};

impl<'s> Checker<'_, 's, '_> {
    pub(super) fn math(&mut self, op: Math, operands: &[Expr<'s>; 2], whole: &Expr<'s>) -> Value {
        if self.hyphenated(whole) {
            return Value::Unknown;
        }
        let [left, right] = operands;
        let (a, b) = (self.value(left), self.value(right));
        let (a, b) = match (a, b) {
            (Value::Unknown, _) | (_, Value::Unknown) => return Value::Unknown,
            (Value::Number(a), Value::Number(b)) => (a, b),
            (Value::Text(_), Value::Text(_)) | (Value::Texts(_), Value::Texts(_)) if op == Math::Add => {
                let help = "write the joined text out, or compare the parts with `startsWith` and `endsWith`";
                return self.not_supported(whole.span, "joining with `+` is", &[help]);
            }
            (a, b) => {
                let (side, other) = if matches!(a, Value::Number(_)) { (right, b) } else { (left, a) };
                let written = self.report.quote(side.span);
                let message =
                    ["`", op.symbol(), "` needs numbers, and ", &written, " is ", other.described()];
                let digits =
                    matches!(&other, Value::Text(Text::Constant(text)) if text.parse::<i64>().is_ok());
                let help: &[&str] = if digits { &["write the number without quotes"] } else { &[] };
                return self.type_error(side.span, &message, help);
            }
        };
        if matches!(op, Math::Divide | Math::Remainder) {
            let divisor = self.report.quote(right.span);
            match b.constant() {
                Some(0) => return self.type_error(right.span, &["nothing can be divided by zero"], &[]),
                None => {
                    let help = "multiply the other side of the comparison instead";
                    return self.not_supported(
                        right.span,
                        &["dividing by a value such as ", &divisor, " is"].concat(),
                        &[help],
                    );
                }
                Some(_) => {}
            }
        }
        math(op, a, b)
    }

    pub(super) fn choice(&mut self, parts: &[Expr<'s>; 3], span: Span) -> Value {
        let [condition, yes, no] = parts;
        let condition = self.test(condition, "what stands before `?` is true or false", "==");
        let (a, b) = (self.value(yes), self.value(no));
        let Some(condition) = condition else { return Value::Unknown };
        match (a, b) {
            (Value::Unknown, _) | (_, Value::Unknown) => Value::Unknown,
            (Value::Test(a), Value::Test(b)) => {
                Value::Test(Test::new(program::Form::If(Box::new([condition, a, b])), span))
            }
            (Value::Number(a), Value::Number(b)) => {
                Value::Number(Number::If(Box::new((simplify(condition), a, b))))
            }
            (Value::Text(a), Value::Text(b)) => Value::Text(Text::If(Box::new((simplify(condition), a, b)))),
            (a, b) if a.ty() == b.ty() => self.not_supported(
                span,
                "choosing between lists with `? :` is",
                &["compare with each list by itself"],
            ),
            (a, b) => {
                let message = [
                    "both values of `? :` are of one type, and here one is ",
                    a.described(),
                    " and the other ",
                    b.described(),
                ];
                self.type_error(span, &message, &[])
            }
        }
    }

    /// The items of a list are written out, so that looking for one needs no evaluation of the others.
    pub(super) fn list(&mut self, items: &[Expr<'s>]) -> Value {
        let (mut texts, mut numbers, mut broken) = (Vec::new(), Vec::new(), false);
        for item in items {
            if self.quotes_missing(item) {
                broken = true;
                continue;
            }
            match self.value(item) {
                Value::Text(Text::Constant(text)) => insert(&mut texts, text),
                Value::Number(Number::Constant(number)) => insert(&mut numbers, number),
                Value::Unknown => broken = true,
                _ => {
                    broken = true;
                    let help = "lists hold strings or numbers as they are; compare with anything else by `==` and `||`";
                    let what = [&self.report.quote(item.span), " in a list is"].concat();
                    self.not_supported(item.span, &what, &[help]);
                }
            }
            if let (Some(text), Some(_)) = (texts.first(), numbers.first()) {
                let help = if text.parse::<i64>().is_ok() {
                    "leave the quotes out"
                } else {
                    "write the numbers in quotes"
                };
                return self.type_error(item.span, &["a list holds either strings or numbers"], &[help]);
            }
        }
        match (broken, numbers.is_empty()) {
            (true, _) => Value::Unknown,
            (false, true) => Value::Texts(texts),
            (false, false) => Value::Numbers(numbers),
        }
    }

    pub(super) fn number(&mut self, written: &str, span: Span) -> Value {
        let quoted = self.report.quote(span);
        match literal::number(written) {
            Literal::Int(value) => Value::Number(Number::Constant(value)),
            Literal::TooLarge => {
                self.error(Code::ConditionTooLarge, span, &[&quoted, " doesn't fit into 64 bits"], &[])
            }
            Literal::Double => self.not_supported(
                span,
                &["a fraction, ", &quoted, ", is"].concat(),
                &["all numbers here are whole"],
            ),
            Literal::Unsigned => {
                let plain = written.trim_end_matches(['u', 'U']);
                let what = [&quoted, ", an unsigned number, is"].concat();
                self.not_supported(span, &what, &["write `", plain, "`"])
            }
            Literal::Unit(digits) => self.unit(written, digits, span),
        }
    }

    /// `8k` is how the rest of a policy writes numbers.
    pub(super) fn unit(&mut self, written: &str, digits: usize, span: Span) -> Value {
        let (number, unit) = written.split_at_checked(digits).unwrap_or((written, ""));
        let plain = match unit {
            "k" | "K" => [number, "000"].concat(),
            "m" | "M" => [number, "000000"].concat(),
            _ if unit.starts_with('_') => written.chars().filter(|c| *c != '_').collect(),
            _ => String::new(),
        };
        let message = ["numbers have no unit here, and ", &self.report.quote(span), " isn't one"];
        if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.error(
                Code::ConditionSyntax,
                span,
                &message,
                &["text stands in quotes: `\"", written, "\"`"],
            );
        }
        self.report.mend(Code::ConditionSyntax, span, &message, &["write `", &plain, "`"], &plain);
        Value::Unknown
    }

    pub(super) fn foreign(&mut self, what: &str, span: Span) -> Value {
        let help = if what == "`null`" {
            "nothing is null here: a header that is missing reads as `\"\"`, and `\"x-name\" in headers` tells whether it is there"
        } else {
            "write a string without its `b`"
        };
        self.not_supported(span, &[what, " is"].concat(), &[help])
    }
}

/// At its place in the order, unless it is there already. Lists are short, and this spares the module a sort.
fn insert<T: Ord>(values: &mut Vec<T>, value: T) {
    if let Err(at) = values.binary_search(&value) {
        values.insert(at, value);
    }
}

/// Worked out now if nothing of a request is in it.
pub(super) fn math(op: Math, a: Number, b: Number) -> Value {
    Value::Number(match (a.constant(), b.constant()) {
        (Some(a), Some(b)) => Number::Constant(calculate(op, a, b)),
        _ => Number::Math(op, Box::new([a, b])),
    })
}

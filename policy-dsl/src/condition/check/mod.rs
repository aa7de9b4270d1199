//! From what is written to what is meant: names become slots, every expression gets its type. Whatever is wrong is
//! reported once; what depends on it is then [`Value::Unknown`] and left in peace.

mod call;
mod compare;
mod name;

use crate::diagnostic::Code;
use crate::span::Span;

use super::ast::{Binary, Comparison, Expr, Form, Join, Math};
use super::literal::{self, Number as Literal};
use super::names::{Name, Type};
use super::program::{self, Number, Test, Text, calculate};
use super::simplify::simplify;
use super::source::{Report, finding};

/// A name that a condition uses, and where.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    pub name: &'static Name,
    pub span: Span,
}

/// What an expression is worth.
#[derive(Debug)]
pub(super) enum Value {
    Test(Test),
    Number(Number),
    Text(Text),
    Tools,
    Headers,
    Texts(Vec<Box<str>>),
    Numbers(Vec<i64>),
    /// Already reported.
    Unknown,
}

impl Value {
    fn ty(&self) -> Option<Type> {
        match self {
            Value::Test(_) => Some(Type::Bool),
            Value::Number(_) => Some(Type::Int),
            Value::Text(_) => Some(Type::String),
            Value::Tools | Value::Texts(_) | Value::Numbers(_) => Some(Type::List),
            Value::Headers => Some(Type::Map),
            Value::Unknown => None,
        }
    }

    /// As a message calls it.
    fn described(&self) -> &'static str {
        self.ty().map_or("unknown", Type::described)
    }
}

/// The test that an expression is, unless something is wrong, and the names it uses.
pub(super) fn check<'s>(expr: &Expr<'s>, report: &mut Report<'s, '_>) -> (Option<Test>, Vec<Use>) {
    let mut checker = Checker { report, uses: Vec::new() };
    let test = checker.test(expr, "a condition is true or false", "==");
    (test, checker.uses)
}

struct Checker<'k, 's, 'r> {
    report: &'k mut Report<'s, 'r>,
    uses: Vec<Use>,
}

impl<'s> Checker<'_, 's, '_> {
    fn error(&mut self, code: Code, span: Span, message: &[&str], help: &[&str]) -> Value {
        self.report.error(code, span, message, "", help);
        Value::Unknown
    }

    fn type_error(&mut self, span: Span, message: &[&str], help: &[&str]) -> Value {
        self.error(Code::ConditionType, span, message, help)
    }

    fn not_supported(&mut self, span: Span, what: &str, help: &[&str]) -> Value {
        let message = [what, " CEL, but not part of Seawall's conditions"];
        self.error(Code::ConditionNotSupported, span, &message, help)
    }

    fn value(&mut self, expr: &Expr<'s>) -> Value {
        match &expr.form {
            Form::Bool(value) => Value::Test(Test::new(program::Form::Constant(*value), expr.span)),
            Form::Number(written) => self.number(written, expr.span),
            Form::Text(text) => Value::Text(Text::Constant(text.as_str().into())),
            Form::Foreign(what) => self.foreign(what, expr.span),
            Form::Name(name) => self.name(name, expr.span),
            Form::Select(inner, field) => self.select(expr, inner, field),
            Form::Index(parts) => {
                let [base, index] = &**parts;
                self.index(expr.span, base, index)
            }
            Form::Call(call) => self.call(expr.span, call),
            Form::List(items) => self.list(items),
            Form::Not(operand) => match self.test(operand, "`!` is the opposite of true or false", "!=") {
                Some(test) => Value::Test(test.not(expr.span)),
                None => Value::Unknown,
            },
            Form::Minus(operand) => match self.value(operand) {
                Value::Unknown => Value::Unknown,
                Value::Number(value) => math(Math::Subtract, Number::Constant(0), value),
                other => {
                    let written = self.report.quote(operand.span);
                    self.type_error(
                        operand.span,
                        &["`-` needs a number, and ", &written, " is ", other.described()],
                        &[],
                    )
                }
            },
            Form::Chain(join, operands) => self.chain(*join, operands, expr.span),
            Form::Binary(Binary::Compare(comparison), operands) => {
                self.compare(*comparison, operands, expr.span)
            }
            Form::Binary(Binary::In, operands) => self.within(operands, expr.span),
            Form::Binary(Binary::Math(op), operands) => self.math(*op, operands, expr),
            Form::If(parts) => self.choice(parts, expr.span),
            Form::Broken => Value::Unknown,
        }
    }

    /// Something that must be true or false; `rule` says why, and `symbol` what a value is probably to be compared by.
    fn test(&mut self, expr: &Expr<'s>, rule: &str, symbol: &str) -> Option<Test> {
        let value = self.value(expr);
        let written = self.report.quote(expr.span);
        let text = self.report.text(expr.span);
        let help = match &value {
            Value::Test(_) => {
                if let Value::Test(mut test) = value {
                    // What is written here reaches over its parentheses.
                    test.place.span = expr.span;
                    return Some(test);
                }
                return None;
            }
            Value::Unknown => return None,
            Value::Text(Text::Constant(_)) => {
                "compare something with it, such as `model == \"gpt-4\"`".to_string()
            }
            Value::Text(_) => ["compare it: `", text, " ", symbol, " \"…\"`"].concat(),
            Value::Number(Number::Constant(_)) => {
                "compare something with it, such as `turns > 5`".to_string()
            }
            Value::Number(_) => ["compare it: `", text, " > 0`"].concat(),
            Value::Tools => "write `size(tools) > 0`, or `\"name\" in tools`".to_string(),
            Value::Headers => "write `\"x-name\" in headers`".to_string(),
            Value::Texts(_) | Value::Numbers(_) => {
                "look for something in it: `model in [\"a\", \"b\"]`".to_string()
            }
        };
        self.type_error(expr.span, &[rule, ", and ", &written, " is ", value.described()], &[&help]);
        None
    }

    fn chain(&mut self, join: Join, operands: &[Expr<'s>], span: Span) -> Value {
        let mut tests = Vec::with_capacity(operands.len());
        let mut compared = None;
        for operand in operands {
            // `model == "a" || "b"` is good English and bad CEL.
            if let (Form::Text(_) | Form::Number(_), Some(subject)) = (&operand.form, compared) {
                let (subject, value) = subject;
                let literal = self.report.text(operand.span);
                let help = [
                    "compare it too: `",
                    subject,
                    " == ",
                    literal,
                    "`, or with all: `",
                    subject,
                    " in [",
                    value,
                    ", ",
                    literal,
                    "]`",
                ];
                let message = [
                    "`",
                    join.symbol(),
                    "` joins whole comparisons, and ",
                    &self.report.quote(operand.span),
                    " is none",
                ];
                self.type_error(operand.span, &message, &help);
                continue;
            }
            if let Form::Binary(Binary::Compare(Comparison::Equal), sides) = &operand.form {
                let [left, right] = &**sides;
                compared = Some((self.report.text(left.span), self.report.text(right.span)));
            }
            let rule = ["`", join.symbol(), "` joins what is true or false"].concat();
            tests.extend(self.test(operand, &rule, "=="));
        }
        if tests.len() < operands.len() {
            return Value::Unknown;
        }
        let form = if join == Join::And { program::Form::All(tests) } else { program::Form::Any(tests) };
        Value::Test(Test::new(form, span))
    }

    fn math(&mut self, op: Math, operands: &[Expr<'s>; 2], whole: &Expr<'s>) -> Value {
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

    fn choice(&mut self, parts: &[Expr<'s>; 3], span: Span) -> Value {
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
    fn list(&mut self, items: &[Expr<'s>]) -> Value {
        let (mut texts, mut numbers, mut broken) = (Vec::new(), Vec::new(), false);
        for item in items {
            if self.quotes_missing(item) {
                broken = true;
                continue;
            }
            match self.value(item) {
                Value::Text(Text::Constant(text)) => texts.push(text),
                Value::Number(Number::Constant(number)) => numbers.push(number),
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
        texts.sort_unstable();
        texts.dedup();
        numbers.sort_unstable();
        numbers.dedup();
        match (broken, numbers.is_empty()) {
            (true, _) => Value::Unknown,
            (false, true) => Value::Texts(texts),
            (false, false) => Value::Numbers(numbers),
        }
    }

    fn number(&mut self, written: &str, span: Span) -> Value {
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
    fn unit(&mut self, written: &str, digits: usize, span: Span) -> Value {
        let (number, unit) = written.split_at_checked(digits).unwrap_or((written, ""));
        let plain = match unit {
            "k" | "K" => [number, "000"].concat(),
            "m" | "M" => [number, "000000"].concat(),
            _ if unit.starts_with('_') => written.replace('_', ""),
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
        let found = finding(Code::ConditionSyntax, span, &message, "", &["write `", &plain, "`"]);
        self.report.push(found.with_replacement(span, plain));
        Value::Unknown
    }

    fn foreign(&mut self, what: &str, span: Span) -> Value {
        let help = if what == "`null`" {
            "nothing is null here: a header that is missing reads as `\"\"`, and `\"x-name\" in headers` tells whether it is there"
        } else {
            "write a string without its `b`"
        };
        self.not_supported(span, &[what, " is"].concat(), &[help])
    }
}

/// Worked out now if nothing of a request is in it.
fn math(op: Math, a: Number, b: Number) -> Value {
    Value::Number(match (a.constant(), b.constant()) {
        (Some(a), Some(b)) => Number::Constant(calculate(op, a, b)),
        _ => Number::Math(op, Box::new([a, b])),
    })
}

//! From what is written to what is meant: names become slots, every expression gets its type. Whatever is wrong is
//! reported once; what depends on it is then [`Value::Unknown`] and left in peace.

mod call;
mod compare;
mod name;
mod value;

use crate::diagnostic::Code;
use crate::span::Span;

use super::ast::{Binary, Comparison, Expr, Form, Join, Math};
use super::names::{Name, Type};
use super::program::{self, Number, Test, Text};
use super::source::Report;
use value::math;

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
}

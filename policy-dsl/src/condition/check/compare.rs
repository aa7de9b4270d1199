//! Comparisons and `in`.

use crate::diagnostic::Code;
use crate::span::Span;

use super::super::ast::{Binary, Comparison, Expr, Form};
use super::super::names::Type;
use super::super::program::{self, Atom, Number, Order, Test, Text, numbers, texts};
use super::super::source::finding;
use super::{Checker, Value};

fn order(comparison: Comparison) -> (Order, bool) {
    match comparison {
        Comparison::Equal => (Order::Equal, false),
        Comparison::NotEqual => (Order::Equal, true),
        Comparison::Less => (Order::Less, false),
        Comparison::GreaterEqual => (Order::Less, true),
        Comparison::Greater => (Order::Greater, false),
        Comparison::LessEqual => (Order::Greater, true),
    }
}

impl<'s> Checker<'_, 's, '_> {
    pub(super) fn compare(&mut self, comparison: Comparison, sides: &[Expr<'s>; 2], span: Span) -> Value {
        let [left, right] = sides;
        let (a, b) = self.sides(left, right);
        let (order, negated) = order(comparison);
        let test = match (a, b) {
            (Value::Unknown, _) | (_, Value::Unknown) => return Value::Unknown,
            (Value::Number(a), Value::Number(b)) => Test::atom(numbers(order, a, b), negated, span),
            (Value::Text(a), Value::Text(b)) => Test::atom(texts(order, a, b), negated, span),
            (Value::Test(a), Value::Test(mut b)) if order == Order::Equal => {
                if negated {
                    b.negate();
                }
                Test::new(program::Form::Same(Box::new([a, b])), span)
            }
            (Value::Test(_), Value::Test(_)) => {
                let what = ["`", comparison.symbol(), "` between true and false is"].concat();
                let help = "compare them with `==` or `!=`, or join them with `&&` or `||`";
                return self.not_supported(span, &what, &[help]);
            }
            (a, b) => return self.mismatch(comparison, (left, a), (right, b)),
        };
        Value::Test(test)
    }

    /// Both values. What is compared with a string of the request and can only be a string without its quotes is told so;
    /// beside a string that is written out, it is rather a misspelt name.
    fn sides(&mut self, left: &Expr<'s>, right: &Expr<'s>) -> (Value, Value) {
        if self.bare(left).is_none() || self.bare(right).is_some() {
            let a = self.value(left);
            if self.wants_quotes(&a, right) {
                return (Value::Unknown, Value::Unknown);
            }
            return (a, self.value(right));
        }
        let b = self.value(right);
        if self.wants_quotes(&b, left) {
            return (Value::Unknown, Value::Unknown);
        }
        (self.value(left), b)
    }

    fn wants_quotes(&mut self, other: &Value, expr: &Expr<'s>) -> bool {
        let string =
            matches!(other, Value::Unknown | Value::Text(Text::Name(_) | Text::Header(_) | Text::If(_)));
        string && self.quotes_missing(expr)
    }

    /// Values of different types, or of types that can't be compared at all.
    fn mismatch(
        &mut self,
        comparison: Comparison,
        left: (&Expr<'s>, Value),
        right: (&Expr<'s>, Value),
    ) -> Value {
        for (expr, value) in [&left, &right] {
            let help = match value {
                Value::Tools => "look for a name in it: `\"name\" in tools`, or count: `size(tools) > 3`",
                Value::Headers => "a header is read by its name: `headers[\"x-name\"]`",
                Value::Texts(_) | Value::Numbers(_) => "look for a value in it: `model in [\"a\", \"b\"]`",
                _ => continue,
            };
            let written = self.report.quote(expr.span);
            let message = [
                &written,
                " is ",
                value.described(),
                ", which isn't compared with `",
                comparison.symbol(),
                "`",
            ];
            return self.type_error(expr.span, &message, &[help]);
        }
        if let Form::Binary(Binary::Compare(first), inner) = &left.0.form
            && *first != Comparison::Equal
        {
            let [start, middle] = &**inner;
            let middle = self.report.text(middle.span);
            let (start, end) = (self.report.text(start.span), self.report.text(right.0.span));
            let pieces =
                [start, " ", first.symbol(), " ", middle, " && ", middle, " ", comparison.symbol(), " ", end];
            let twice = pieces.concat();
            let span = left.0.span.to(right.0.span);
            let message = "comparisons don't chain: what was compared is true or false";
            self.report.mend(
                Code::ConditionType,
                span,
                &[message],
                &["compare twice: `", &twice, "`"],
                &twice,
            );
            return Value::Unknown;
        }
        let ((literal, value), (other, wanted)) =
            if is_literal(&left.0.form) { (left, right) } else { (right, left) };
        let message = [wanted.described(), " is compared with ", value.described()];
        let mut found = finding(Code::ConditionType, literal.span, &message, value.described(), &[])
            .with_related(other.span, wanted.described());
        let (help, instead) = self.retyped(literal, &value, other, wanted.ty());
        if !instead.is_empty() {
            found = found.with_replacement(literal.span, instead);
        }
        self.report.push(found.with_help(help));
        Value::Unknown
    }

    /// How a literal of the wrong type should be written, in words and as it is.
    fn retyped(
        &self,
        literal: &Expr<'s>,
        value: &Value,
        other: &Expr<'s>,
        wanted: Option<Type>,
    ) -> (String, String) {
        let name = self.report.text(other.span);
        match (value, wanted) {
            (Value::Text(Text::Constant(text)), Some(Type::Int)) if text.trim().parse::<i64>().is_ok() => {
                (["write the number without quotes: `", text.trim(), "`"].concat(), text.trim().to_string())
            }
            (Value::Text(Text::Constant(text)), Some(Type::Bool)) if matches!(&**text, "true" | "false") => {
                let sign = if &**text == "true" { "" } else { "!" };
                let help = ["write `", text, "` without quotes, or just `", sign, name, "`"];
                (help.concat(), text.to_string())
            }
            (Value::Number(Number::Constant(0 | 1)), Some(Type::Bool)) => {
                (["write `", name, "` or `!", name, "`"].concat(), String::new())
            }
            (Value::Number(_) | Value::Test(_), Some(Type::String)) if is_literal(&literal.form) => {
                let quoted = ["\"", self.report.text(literal.span), "\""].concat();
                (["write it in quotes: `", &quoted, "`"].concat(), quoted)
            }
            (_, wanted) => {
                let wanted = wanted.map_or("", Type::described);
                (["`", name, "` is ", wanted, ": compare it with another"].concat(), String::new())
            }
        }
    }

    /// `value in list`.
    pub(super) fn within(&mut self, sides: &[Expr<'s>; 2], span: Span) -> Value {
        let [item, list] = sides;
        let container = self.value(list);
        if let Value::Headers = container {
            if self.quotes_missing(item) {
                return Value::Unknown;
            }
            return match self.header_name(item) {
                Some(name) => Value::Test(Test::atom(Atom::HasHeader(name), false, span)),
                None => Value::Unknown,
            };
        }
        if matches!(container, Value::Tools | Value::Texts(_)) && self.quotes_missing(item) {
            return Value::Unknown;
        }
        let atom = match (self.value(item), container) {
            (Value::Unknown, _) | (_, Value::Unknown) => return Value::Unknown,
            (Value::Text(text), Value::Tools) => Atom::HasTool(text),
            (Value::Text(text), Value::Texts(mut values)) => match (values.pop(), values.is_empty()) {
                (Some(only), true) => texts(Order::Equal, text, Text::Constant(only)),
                (last, _) => {
                    values.extend(last);
                    Atom::TextIn(text, values.into())
                }
            },
            (Value::Number(number), Value::Numbers(values)) => match *values {
                [only] => numbers(Order::Equal, number, Number::Constant(only)),
                _ => Atom::NumberIn(number, values.into()),
            },
            // Nothing is in an empty list, of whatever type it would have been.
            (Value::Number(number), Value::Texts(values)) if values.is_empty() => {
                Atom::NumberIn(number, [].into())
            }
            (value, container) => return self.not_within((item, value), (list, container)),
        };
        Value::Test(Test::atom(atom, false, span))
    }

    fn not_within(&mut self, item: (&Expr<'s>, Value), list: (&Expr<'s>, Value)) -> Value {
        let (written, container) = (self.report.text(item.0.span), self.report.text(list.0.span));
        match (&item.1, &list.1) {
            (Value::Text(_), Value::Text(_)) => {
                let message =
                    ["`in` looks into a list, and ", &self.report.quote(list.0.span), " is a string"];
                let help = [
                    "for a part of a string: `",
                    container,
                    ".contains(",
                    written,
                    ")`; for one of several: `in [",
                    container,
                    "]`",
                ];
                self.type_error(list.0.span, &message, &help)
            }
            (_, Value::Tools | Value::Texts(_) | Value::Numbers(_)) => {
                let holds = if matches!(list.1, Value::Numbers(_)) { "numbers" } else { "strings" };
                let message = [
                    &*self.report.quote(item.0.span),
                    " is ",
                    item.1.described(),
                    ", and the list holds ",
                    holds,
                ];
                self.type_error(item.0.span, &message, &[])
            }
            _ => {
                let message = [
                    "`in` looks into a list, and ",
                    &self.report.quote(list.0.span),
                    " is ",
                    list.1.described(),
                ];
                self.type_error(list.0.span, &message, &["write a list: `model in [\"a\", \"b\"]`"])
            }
        }
    }
}

fn is_literal(form: &Form) -> bool {
    matches!(form, Form::Text(_) | Form::Number(_) | Form::Bool(_))
}

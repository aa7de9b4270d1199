//! Functions: those there are, those of CEL that are left out, and those nobody knows.

use crate::diagnostic::Code;
use crate::span::Span;

use super::super::ast::{Call, Expr, Form};
use super::super::eval::length;
use super::super::names::{FUNCTIONS, Name, NumberName};
use super::super::program::{Atom, Find, Number, Test, Text};
use super::super::source::{alike, nearest};
use super::{Checker, Value};

/// Functions and macros that CEL or its usual extensions have, and Seawall's conditions haven't.
const FOREIGN: &[&str] = &[
    "matches",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
    "type",
    "dyn",
    "timestamp",
    "duration",
    "getHours",
    "getMinutes",
    "getDayOfWeek",
    "getFullYear",
    "getMonth",
    "getDate",
    "lowerAscii",
    "upperAscii",
    "split",
    "join",
    "replace",
    "substring",
    "indexOf",
    "trim",
    "charAt",
    "format",
    "min",
    "max",
];

/// What other languages call the same.
const ALIASES: &[(&str, &str)] = &[
    ("hasPrefix", "startsWith"),
    ("prefix", "startsWith"),
    ("beginsWith", "startsWith"),
    ("hasSuffix", "endsWith"),
    ("suffix", "endsWith"),
    ("includes", "contains"),
    ("len", "size"),
    ("length", "size"),
    ("count", "size"),
];

pub(super) fn meant(name: &str) -> Option<&'static str> {
    let known = ALIASES.iter().find(|(alias, _)| alike(alias, name));
    known.map(|(_, meant)| *meant).or_else(|| nearest(name, FUNCTIONS.iter().map(|known| known.name)))
}

impl<'s> Checker<'_, 's, '_> {
    pub(super) fn call(&mut self, span: Span, call: &Call<'s>) -> Value {
        let find = match call.name {
            "startsWith" => Find::Start,
            "endsWith" => Find::End,
            "contains" => Find::Inside,
            "size" => return self.size(span, call),
            name if FOREIGN.contains(&name) => return self.foreign_call(call),
            _ => return self.unknown_call(call),
        };
        let (Some(receiver), [argument]) = (&call.receiver, &*call.arguments) else {
            return self.wrong_arguments(call);
        };
        let text = self.value(receiver);
        if self.quotes_missing(argument) {
            return Value::Unknown;
        }
        match (text, self.value(argument)) {
            (Value::Unknown, _) | (_, Value::Unknown) => Value::Unknown,
            (Value::Text(text), Value::Text(part)) => {
                Value::Test(Test::atom(Atom::Find(find, text, part), false, span))
            }
            (Value::Text(_), other) => {
                let written = self.report.quote(argument.span);
                let message = ["`", call.name, "` takes a string, and ", &written, " is ", other.described()];
                self.type_error(argument.span, &message, &["write it in quotes"])
            }
            (other, _) => {
                let (container, item) = (self.report.text(receiver.span), self.report.text(argument.span));
                let help = match (&other, find) {
                    (Value::Tools | Value::Headers | Value::Texts(_) | Value::Numbers(_), Find::Inside) => {
                        ["write `", item, " in ", container, "`"].concat()
                    }
                    (Value::Headers, _) => "read one header: `headers[\"x-name\"]`".to_string(),
                    _ => String::new(),
                };
                let written = self.report.quote(receiver.span);
                let message =
                    ["`", call.name, "` is asked of a string, and ", &written, " is ", other.described()];
                let help = [&*help];
                self.type_error(receiver.span, &message, if help == [""] { &[] } else { &help })
            }
        }
    }

    /// `size(value)` or `value.size()`.
    fn size(&mut self, span: Span, call: &Call<'s>) -> Value {
        let argument = match (&call.receiver, &*call.arguments) {
            (Some(receiver), []) => receiver,
            (None, [argument]) => argument,
            _ => return self.wrong_arguments(call),
        };
        match self.value(argument) {
            Value::Unknown => Value::Unknown,
            Value::Text(Text::Constant(text)) => Value::Number(Number::Constant(length(&text))),
            Value::Text(text) => Value::Number(Number::Length(Box::new(text))),
            Value::Tools => Value::Number(Number::Name(NumberName::Tools)),
            Value::Headers => self.not_supported(
                span,
                "counting headers is",
                &["ask for one header: `\"x-name\" in headers`"],
            ),
            Value::Texts(_) | Value::Numbers(_) => {
                self.not_supported(span, "the size of a list that is written out is", &["write the number"])
            }
            other => {
                let written = self.report.quote(argument.span);
                let message = [&*written, " is ", other.described(), ", which has no size"];
                self.type_error(
                    argument.span,
                    &message,
                    &["`size` counts the characters of a string, or `tools`"],
                )
            }
        }
    }

    fn wrong_arguments(&mut self, call: &Call<'s>) -> Value {
        let usage = FUNCTIONS.iter().find(|known| known.name == call.name).map_or("", |known| known.usage);
        let mut help = ["write it as in `", usage, "`"].concat();
        if let (None, "startsWith" | "endsWith" | "contains", [text, part]) =
            (&call.receiver, call.name, &*call.arguments)
        {
            let (text, part) = (self.report.text(text.span), self.report.text(part.span));
            help = ["write `", text, ".", call.name, "(", part, ")`"].concat();
        }
        for argument in &call.arguments {
            self.value(argument);
        }
        let message = ["`", call.name, "` is called with the wrong values"];
        self.type_error(call.name_span, &message, &[&help])
    }

    /// Arguments aren't looked at: in macros they hold names of their own.
    fn foreign_call(&mut self, call: &Call<'s>) -> Value {
        let receiver = call.receiver.as_ref().map(|receiver| self.report.text(receiver.span));
        let help = match call.name {
            "matches" => "use `startsWith`, `endsWith`, `contains` or `in`",
            "has" => "write `\"x-name\" in headers`",
            "all" | "exists" | "exists_one" | "map" | "filter" if receiver == Some("tools") => {
                "write `\"name\" in tools`"
            }
            "getHours" | "timestamp" | "duration" => "`hour` is the hour of the day in UTC",
            "int" | "uint" | "double" | "string" | "bool" | "bytes" | "type" | "dyn" => {
                "every name has one type; compare it with a value of that type"
            }
            _ => "functions are `startsWith`, `endsWith`, `contains` and `size`",
        };
        self.not_supported(call.name_span, &["`", call.name, "` is"].concat(), &[help])
    }

    fn unknown_call(&mut self, call: &Call<'s>) -> Value {
        let quoted = self.report.quote(call.name_span);
        let argument = match &*call.arguments {
            [Expr { form: Form::Text(_), span, .. }] => self.report.text(*span),
            _ => "\"x-name\"",
        };
        let named = if call.receiver.is_none() { Name::find(call.name) } else { None };
        if named.is_some() || matches!((&call.receiver, call.name), (None, "header")) {
            let help = match call.name {
                "headers" | "header" => {
                    ["a header is read with brackets: `headers[", argument, "]`"].concat()
                }
                name => ["write `", name, "` without parentheses"].concat(),
            };
            return self.error(
                Code::ConditionName,
                call.name_span,
                &[&quoted, " isn't a function"],
                &[&help],
            );
        }
        let known = "functions are `startsWith`, `endsWith`, `contains` and `size`";
        self.report.unknown(call.name_span, "unknown function ", meant(call.name), known);
        for argument in call.receiver.iter().chain(&call.arguments) {
            if !self.quotes_missing(argument) {
                self.value(argument);
            }
        }
        Value::Unknown
    }
}

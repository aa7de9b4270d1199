//! Names, headers, and texts that have lost their quotes.

use crate::diagnostic::Code;
use crate::span::Span;

use super::super::ast::{Expr, Form};
use super::super::literal;
use super::super::names::{NAMES, Name, Slot};
use super::super::program::{Atom, Number, Test, Text};
use super::super::source::{alike, nearest};
use super::call::meant as meant_function;
use super::{Checker, Use, Value};

/// What other systems call the same.
const ALIASES: &[(&str, &str)] = &[
    ("url", "path"),
    ("uri", "path"),
    ("url_path", "path"),
    ("verb", "method"),
    ("messages", "turns"),
    ("streaming", "stream"),
    ("functions", "tools"),
    ("input_tokens", "tokens.input"),
    ("prompt_tokens", "tokens.input"),
    ("max_tokens", "tokens.max_output"),
    ("tokens.output", "tokens.max_output"),
    ("tokens.prompt", "tokens.input"),
    ("user", "tenant"),
    ("time", "hour"),
];

fn meant(name: &str) -> Option<&'static str> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, meant)| *meant);
    alias.or_else(|| nearest(name, NAMES.iter().map(|known| known.name)))
}

/// Whether a known name begins with this word.
fn is_root(word: &str) -> bool {
    NAMES.iter().any(|known| known.name.split('.').next() == Some(word))
}

/// The expression that stands furthest to the left.
fn leftmost<'e, 's>(expr: &'e Expr<'s>) -> &'e Expr<'s> {
    match &expr.form {
        Form::Binary(_, sides) => {
            let [left, _] = &**sides;
            leftmost(left)
        }
        Form::Select(inner, _) => leftmost(inner),
        _ => expr,
    }
}

/// Names with dots between them, without the spaces and parentheses that may be written around them; empty for anything
/// else.
fn path(expr: &Expr) -> String {
    match &expr.form {
        Form::Name(name) => (*name).to_string(),
        Form::Select(inner, field) => [&*path(inner), ".", field].concat(),
        _ => String::new(),
    }
}

impl<'s> Checker<'_, 's, '_> {
    pub(super) fn name(&mut self, name: &str, span: Span) -> Value {
        match Name::find(name) {
            Some(known) => self.known(known, span),
            None => self.unknown(name, span),
        }
    }

    fn known(&mut self, name: &'static Name, span: Span) -> Value {
        let at = self.uses.partition_point(|earlier| earlier.span.start < span.start);
        self.uses.insert(at, Use { name, span });
        match name.slot {
            Slot::Text(name) => Value::Text(Text::Name(name)),
            Slot::Number(name) => Value::Number(Number::Name(name)),
            Slot::Flag(name) => Value::Test(Test::atom(Atom::Flag(name), false, span)),
            Slot::Tools => Value::Tools,
            Slot::Headers => Value::Headers,
        }
    }

    fn unknown(&mut self, name: &str, span: Span) -> Value {
        if name == "tokens" {
            let help = "write `tokens.input` or `tokens.max_output`";
            return self.error(Code::ConditionName, span, &["`tokens` is no value by itself"], &[help]);
        }
        self.unknown_name(span, meant(name));
        Value::Unknown
    }

    fn unknown_name(&mut self, span: Span, meant: Option<&str>) {
        let mut help = String::from("names are ");
        for (index, name) in NAMES.iter().filter(|name| name.supported).enumerate() {
            help.push_str(if index == 0 { "`" } else { ", `" });
            help.push_str(name.name);
            help.push('`');
        }
        help.push_str("; text stands in quotes");
        self.report.unknown(span, "unknown name ", meant, &help);
    }

    /// `tokens.input`, or a dot where none should be.
    pub(super) fn select(&mut self, expr: &Expr<'s>, inner: &Expr<'s>, field: &str) -> Value {
        let path = path(expr);
        if let Some(known) = Name::find(&path) {
            return self.known(known, expr.span);
        }
        let Form::Name(root) = leftmost(inner).form else {
            return self.no_field(inner, field, expr.span);
        };
        match root {
            "headers" => {
                let name = path.strip_prefix("headers.").unwrap_or(field).to_ascii_lowercase();
                return self.header_in_brackets(expr.span, &name);
            }
            "tokens" => {
                let known = "write `tokens.input` or `tokens.max_output`";
                self.report.unknown(expr.span, "unknown name ", meant(&path), known);
            }
            _ if is_root(root) => return self.no_field(inner, field, expr.span),
            _ => {
                // Envoy's own expressions write `request.path`.
                let part = path.split('.').skip(1).find_map(|part| Name::find(part).map(|known| known.name));
                self.unknown_name(expr.span, part.or_else(|| meant(field)));
            }
        }
        Value::Unknown
    }

    fn header_in_brackets(&mut self, span: Span, name: &str) -> Value {
        let meant = ["headers[\"", name, "\"]"].concat();
        let message = "a header is read with brackets";
        self.report.mend(Code::ConditionSyntax, span, &[message], &["write `", &meant, "`"], &meant);
        Value::Unknown
    }

    /// `model.length`: a value has no parts, but perhaps a function is meant.
    fn no_field(&mut self, inner: &Expr<'s>, field: &str, span: Span) -> Value {
        let value = self.value(inner);
        if let Value::Unknown = value {
            return value;
        }
        let (base, written) = (self.report.text(inner.span), self.report.quote(inner.span));
        let message = [&*written, " is ", value.described(), " and has no `", field, "`"];
        let help = match meant_function(field) {
            Some("size") => ["write `size(", base, ")`"].concat(),
            Some(function) => ["write `", base, ".", function, "(\"…\")`"].concat(),
            None => "functions are `startsWith`, `endsWith`, `contains` and `size`".to_string(),
        };
        self.error(Code::ConditionName, span, &message, &[&help])
    }

    /// `headers["x-y"]`
    pub(super) fn index(&mut self, span: Span, base: &Expr<'s>, index: &Expr<'s>) -> Value {
        let value = self.value(base);
        match value {
            Value::Headers if self.quotes_missing(index) => Value::Unknown,
            Value::Headers => match self.header_name(index) {
                Some(name) => Value::Text(Text::Header(name)),
                None => Value::Unknown,
            },
            Value::Unknown => {
                // Also a wrong name has its header checked.
                if !matches!(index.form, Form::Text(_)) {
                    self.value(index);
                }
                Value::Unknown
            }
            Value::Tools | Value::Texts(_) | Value::Numbers(_) => {
                self.not_supported(span, "an item of a list by its place is", &["write `\"name\" in tools`"])
            }
            other => {
                let written = self.report.quote(base.span);
                let message =
                    ["only `headers` is read with brackets, and ", &written, " is ", other.described()];
                self.type_error(
                    span,
                    &message,
                    &["for part of a string use `startsWith`, `endsWith` or `contains`"],
                )
            }
        }
    }

    /// The name of a header, which must be written out so that the request can be asked for it.
    pub(super) fn header_name(&mut self, expr: &Expr<'s>) -> Option<Box<str>> {
        let name = match self.value(expr) {
            Value::Text(Text::Constant(name)) => name,
            Value::Unknown => return None,
            Value::Text(_) => {
                let help = "write the name of the header as a string: `headers[\"x-name\"]`";
                self.not_supported(expr.span, "a header whose name is computed is", &[help]);
                return None;
            }
            other => {
                let message =
                    ["a header has a name, and ", &*self.report.quote(expr.span), " is ", other.described()];
                self.type_error(expr.span, &message, &["write `headers[\"x-name\"]`"]);
                return None;
            }
        };
        // Requests carry names in lower case, so no other would ever be found.
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let lower = ["\"", &name.to_ascii_lowercase(), "\""].concat();
            let message = ["header names are lowercase here, and ", &*self.report.quote(expr.span), " isn't"];
            let certain = if name.contains(['"', '\\']) { "" } else { &*lower };
            self.report.mend(Code::ConditionName, expr.span, &message, &["write `", &lower, "`"], certain);
            return None;
        }
        let plain = name.strip_prefix(':').unwrap_or(&name);
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if plain.is_empty() || !plain.bytes().all(valid) {
            let written = self.report.quote(expr.span);
            let help = "header names are made of letters, digits and `-`";
            self.error(
                Code::ConditionName,
                expr.span,
                &[&written, " can't be the name of a header"],
                &[help],
            );
            return None;
        }
        Some(name)
    }

    /// `gpt-4.1` is read as a subtraction by CEL, and was meant as a text: no known name begins it, and no space is in it.
    pub(super) fn bare(&self, expr: &Expr<'s>) -> Option<&'s str> {
        let likely = match leftmost(expr).form {
            Form::Name(name) => !is_root(name),
            Form::Number(written) => !matches!(literal::number(written), literal::Number::Int(_)),
            _ => false,
        };
        let text = self.report.text(expr.span);
        let whole = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./@+".contains(&byte));
        if likely && whole { Some(text) } else { None }
    }

    /// Reports a text without quotes where a text is wanted.
    pub(super) fn quotes_missing(&mut self, expr: &Expr<'s>) -> bool {
        let Some(text) = self.bare(expr) else { return false };
        let quoted = ["\"", text, "\""].concat();
        let (code, message) = (Code::ConditionName, ["`", text, "` is no name"]);
        match meant(text).or_else(|| meant(text.rsplit('.').next().unwrap_or(""))) {
            Some(meant) => {
                let help = ["did you mean `", meant, "`? text stands in quotes: `", &*quoted, "`"];
                self.report.error(code, expr.span, &message, "", &help);
            }
            None => {
                self.report.mend(
                    code,
                    expr.span,
                    &message,
                    &["text stands in quotes: `", &quoted, "`"],
                    &quoted,
                );
            }
        }
        true
    }

    /// A difference that is a name written with hyphens: `headers.x-y`, `prompt-version`.
    pub(super) fn hyphenated(&mut self, expr: &Expr<'s>) -> bool {
        let text = self.report.text(expr.span);
        if text.contains(char::is_whitespace) {
            return false;
        }
        if let Some(name) = text.strip_prefix("headers.")
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        {
            self.header_in_brackets(expr.span, &name.to_ascii_lowercase());
            return true;
        }
        let Some(known) = NAMES.iter().find(|known| alike(known.name, text)) else { return false };
        self.report.unknown(expr.span, "unknown name ", Some(known.name), "");
        true
    }
}

//! Numbers with and without units, strings, lists. All arithmetic is on integers and checked.

use std::time::Duration;

use super::{Parser, Read, Stop};
use crate::ast::Name;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Kind, Token, quote, unquoted};
use crate::vocabulary::{Durations, TIME_UNITS, percent_text, range, time_units_text};

/// What people write for a unit of time, and what it is called here.
const ALIASES: &[(&str, &str)] = &[
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("S", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hr", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("H", "h"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("MS", "ms"),
    ("usec", "us"),
];

/// A number cut into its parts: `0.5%` is `0`, `5` and `%`.
struct Number<'s> {
    span: Span,
    text: &'s str,
    whole: &'s str,
    fraction: &'s str,
    unit: &'s str,
}

impl<'s> Parser<'s, '_> {
    fn number(&mut self, expected: &str) -> Read<Number<'s>> {
        let token = self.peek();
        if token.kind != Kind::Number {
            return Err(self.unexpected(expected));
        }
        self.bump();
        let text = self.text(token);
        let is_unit = |c: char| !c.is_ascii_digit() && c != '.';
        let (value, unit) =
            text.split_at_checked(text.find(is_unit).unwrap_or(text.len())).unwrap_or((text, ""));
        let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
        Ok(Number { span: token.span, text, whole, fraction, unit })
    }

    fn bad_number(&mut self, code: Code, span: Span, message: String, label: String, help: String) {
        let found = Diagnostic::new(code, span, message).with_label(label);
        self.sink.push(if help.is_empty() { found } else { found.with_help(help) });
    }

    fn out_of_range(&mut self, number: Span, word: &str, allowed: String) {
        let message = [&quote(number.text(self.source)), " is out of range for `", word, "`"].concat();
        self.bad_number(Code::OutOfRange, number, message, ["must be ", &allowed].concat(), String::new());
    }

    fn too_large(&mut self, number: &Number<'_>, allowed: String) {
        let message = [&quote(number.text), " is too large"].concat();
        self.bad_number(Code::TooLarge, number.span, message, ["must be ", &allowed].concat(), String::new());
    }

    /// A plain number. `None` when it is wrong, which has been reported.
    pub(super) fn count(&mut self, word: &str, min: u32, max: u32) -> Read<Option<u32>> {
        let number = self.number("a number")?;
        if !number.unit.is_empty() {
            let message = ["`", word, "` takes a plain number, without `", number.unit, "`"].concat();
            self.bad_number(Code::WrongUnit, number.span, message, String::new(), String::new());
            return Ok(None);
        }
        if !number.fraction.is_empty() {
            let message = [&quote(number.text), " is not a whole number"].concat();
            self.bad_number(Code::NotWhole, number.span, message, String::new(), String::new());
            return Ok(None);
        }
        Ok(match number.whole.parse::<u32>() {
            Ok(value) if (min..=max).contains(&value) => Some(value),
            Ok(_) => {
                self.out_of_range(number.span, word, range(min, max));
                None
            }
            Err(_) => {
                self.too_large(&number, range(min, max));
                None
            }
        })
    }

    /// A number with a unit of time.
    pub(super) fn duration(&mut self, word: &str, allowed: Durations) -> Read<Option<Duration>> {
        let number = self.number("a duration such as `30s`")?;
        let Some(unit) = self.time_unit(&number) else { return Ok(None) };
        if !number.fraction.is_empty() {
            let message = [&quote(number.text), " is not a whole number of its unit"].concat();
            let help = "use a smaller unit: `1500ms` for one and a half seconds".to_string();
            self.bad_number(Code::NotWhole, number.span, message, String::new(), help);
            return Ok(None);
        }
        let nanos = number.whole.parse::<u64>().ok().and_then(|value| value.checked_mul(unit));
        let Some(nanos) = nanos else {
            self.too_large(&number, allowed.text());
            return Ok(None);
        };
        let duration = Duration::from_nanos(nanos);
        if duration < allowed.min || duration > allowed.max {
            self.out_of_range(number.span, word, allowed.text());
            return Ok(None);
        }
        Ok(Some(duration))
    }

    fn time_unit(&mut self, number: &Number<'s>) -> Option<u64> {
        let known = |unit: &str| TIME_UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size);
        if let Some(size) = known(number.unit) {
            return Some(size);
        }
        let alias = |unit: &str| ALIASES.iter().find(|(name, _)| *name == unit).map(|(_, real)| *real);
        let value = number.text.strip_suffix(number.unit).unwrap_or("");
        if number.unit.is_empty() {
            let next = self.peek();
            let apart = self.text(next);
            let (mut span, mut help) = (number.span, String::new());
            if next.kind == Kind::Word
                && let Some(unit) = known(apart).map(|_| apart).or_else(|| alias(apart))
            {
                self.bump();
                span = span.to(next.span);
                help = ["write ", &quote(&[value, unit].concat()), ", without a space"].concat();
            }
            let fits = ["ms", "s", "m"].map(|unit| quote(&[value, unit].concat()));
            let [ms, s, m] = &fits;
            let message = [&quote(value), " needs a unit: ", ms, ", ", s, " or ", m].concat();
            self.bad_number(Code::MissingUnit, span, message, String::new(), help);
            return None;
        }
        let message = [&quote(number.unit), " is not a unit of time"].concat();
        let help = match alias(number.unit) {
            Some(unit) => ["write ", &quote(&[value, unit].concat())].concat(),
            None => ["units of time are ", &time_units_text(), "; one number has one unit"].concat(),
        };
        self.bad_number(Code::WrongUnit, number.span, message, String::new(), help);
        None
    }

    /// A percentage, in basis points.
    pub(super) fn percent(&mut self, word: &str, max: u32) -> Read<Option<u32>> {
        let number = self.number("a percentage such as `20%`")?;
        let allowed = ["0% to ", &percent_text(max)].concat();
        match number.unit {
            "%" => {}
            "" => {
                let fits = quote(&[number.text, "%"].concat());
                let message = [&quote(number.text), " needs a unit: ", &fits].concat();
                self.bad_number(Code::MissingUnit, number.span, message, String::new(), String::new());
                return Ok(None);
            }
            unit => {
                let message = [&quote(unit), " is not a percentage"].concat();
                let help = "write a percentage such as `20%`".to_string();
                self.bad_number(Code::WrongUnit, number.span, message, String::new(), help);
                return Ok(None);
            }
        }
        let hundredths = match number.fraction.len() {
            0 => Some(0),
            1 => number.fraction.parse::<u32>().ok().map(|tenths| tenths * 10),
            2 => number.fraction.parse::<u32>().ok(),
            _ => None,
        };
        let Some(hundredths) = hundredths else {
            let message = [&quote(number.text), " has more than two decimals"].concat();
            self.bad_number(Code::NotWhole, number.span, message, String::new(), String::new());
            return Ok(None);
        };
        let whole = number.whole.parse::<u32>().ok().and_then(|whole| whole.checked_mul(100));
        let Some(value) = whole.and_then(|whole| whole.checked_add(hundredths)) else {
            self.too_large(&number, allowed);
            return Ok(None);
        };
        if value > max {
            self.out_of_range(number.span, word, allowed);
            return Ok(None);
        }
        Ok(Some(value))
    }

    /// A string, and where it stands. `None` when it holds a mistake, which has been reported.
    pub(super) fn string(&mut self, expected: &str) -> Read<(Option<String>, Span)> {
        let token = self.peek();
        match token.kind {
            Kind::Text => {}
            Kind::OpenText => {
                self.bump();
                return Ok((None, token.span));
            }
            Kind::Word => {
                let help = ["put it in quotes: `\"", self.text(token), "\"`"].concat();
                let message = ["expected ", expected, ", found ", &token.describe(self.source)].concat();
                self.sink.push(Diagnostic::new(Code::UnexpectedToken, token.span, message).with_help(help));
                return Err(Stop::Wrong);
            }
            _ => return Err(self.unexpected(expected)),
        }
        self.bump();
        Ok((self.unescape(token), token.span))
    }

    /// `\"` and `\\` are the only escapes: no value of the language needs more.
    fn unescape(&mut self, token: Token) -> Option<String> {
        let quoted = self.text(token);
        let inner = unquoted(quoted);
        let open = quoted.chars().next().map_or(0, char::len_utf8);
        let mut text = String::with_capacity(inner.len());
        let mut chars = inner.char_indices();
        let mut valid = true;
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                Some((_, other)) => {
                    valid = false;
                    let start = token.span.start as usize + open + at;
                    let span = Span::new(start, start + 1 + other.len_utf8());
                    let message = ["unknown escape ", &quote(span.text(self.source))].concat();
                    let help = "only `\\\"` and `\\\\` are escapes";
                    self.sink.push(Diagnostic::new(Code::BadEscape, span, message).with_help(help));
                }
                None => {}
            }
        }
        valid.then_some(text)
    }

    /// Items with commas in between, read by `item`, up to the end of the statement or a word that `ends` the list. A
    /// comma may end a line. A forgotten comma is reported once.
    pub(super) fn list<T>(
        &mut self,
        ends: fn(&str) -> bool,
        mut item: impl FnMut(&mut Self) -> Read<Option<T>>,
    ) -> Read<Option<Vec<T>>> {
        let (mut items, mut valid, mut forgotten) = (Vec::new(), true, false);
        loop {
            match item(self)? {
                Some(item) => items.push(item),
                None => valid = false,
            }
            if self.eat(Kind::Comma) {
                self.skip_newlines();
                continue;
            }
            let more = matches!(self.peek().kind, Kind::Word | Kind::Number) && !ends(self.text(self.peek()));
            if !more || self.at_end() || self.at_wrong_statement() {
                return Ok(valid.then_some(items));
            }
            if !forgotten {
                self.unexpected("`,` between the values of a list");
            }
            (forgotten, valid) = (true, false);
        }
    }

    /// A bare name.
    pub(super) fn name(&mut self, what: &str) -> Read<Name<'s>> {
        let token = self.peek();
        match token.kind {
            Kind::Word => {
                self.bump();
                Ok(Name { text: self.text(token), span: token.span })
            }
            Kind::Text => {
                let bare = unquoted(self.text(token));
                let message = ["the name of a ", what, " is written without quotes"].concat();
                let help = ["write ", &quote(bare)].concat();
                self.sink.push(Diagnostic::new(Code::InvalidName, token.span, message).with_help(help));
                self.bump();
                Ok(Name { text: bare, span: token.span })
            }
            _ => Err(self.unexpected(&["the name of a ", what].concat())),
        }
    }
}

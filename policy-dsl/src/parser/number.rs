//! Numbers and their units. All arithmetic is on integers and checked: nothing is rounded, nothing is cut.

use super::{Parser, Read};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Kind, quote};
use crate::vocabulary::{
    Leaf, MULTIPLES, SIZE_UNITS, characters_text, factor_text, money_text, percent_text, range, size_text,
    tokens_text, words_text,
};

/// A number cut into its parts: `0.5%` is `0`, `5` and `%`.
#[derive(Clone, Copy)]
pub(super) struct Number<'s> {
    pub(super) span: Span,
    pub(super) text: &'s str,
    pub(super) whole: &'s str,
    pub(super) fraction: &'s str,
    pub(super) unit: &'s str,
}

/// Why a number has no value.
enum Bad {
    /// It has more decimals than its unit can hold.
    Fraction,
    TooLarge,
}

impl Number<'_> {
    /// In units so many digits smaller: `0.25` with 2 is 25.
    fn scaled(&self, digits: usize) -> Result<u64, Bad> {
        if self.fraction.len() > digits {
            return Err(Bad::Fraction);
        }
        let zeros = "0".repeat(digits - self.fraction.len());
        [self.whole, self.fraction, &zeros].concat().parse().map_err(|_| Bad::TooLarge)
    }
}

impl<'s> Parser<'s, '_> {
    pub(super) fn number(&mut self, leaf: Leaf) -> Read<Number<'s>> {
        let token = self.peek();
        if token.kind != Kind::Number {
            let is_value = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '$');
            return Err(self.needless_quotes(leaf.described(), is_value));
        }
        self.bump();
        // A list of counts is written with commas.
        if !matches!(leaf, Leaf::Count { .. })
            && let Some(stop) = self.thousands(token)
        {
            return Err(stop);
        }
        let text = self.text(token);
        let is_unit = |c: char| !c.is_ascii_digit() && c != '.';
        let (value, unit) =
            text.split_at_checked(text.find(is_unit).unwrap_or(text.len())).unwrap_or((text, ""));
        let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
        Ok(Number { span: token.span, text, whole, fraction, unit })
    }

    pub(super) fn bad_number(
        &mut self,
        code: Code,
        span: Span,
        message: &[&str],
        label: String,
        help: String,
    ) {
        let found = Diagnostic::new(code, span, message.concat()).with_label(label);
        self.sink.push(if help.is_empty() { found } else { found.with_help(help) });
    }

    pub(super) fn out_of_range(&mut self, span: Span, allowed: &str) {
        let message = [&quote(span.text(self.source)), " is out of range for `", self.word(), "`"].concat();
        let label = ["must be ", allowed].concat();
        self.bad_number(Code::OutOfRange, span, &[&message], label, String::new());
    }

    /// The value within its bounds, or `None` and a finding. `span` is the number with all that belongs to it.
    pub(super) fn within(
        &mut self,
        number: &Number<'_>,
        span: Span,
        digits: usize,
        bounds: (u64, u64),
        allowed: &str,
    ) -> Option<u64> {
        let text = quote(span.text(self.source));
        match number.scaled(digits) {
            Ok(value) if (bounds.0..=bounds.1).contains(&value) => return Some(value),
            Ok(_) => self.out_of_range(span, allowed),
            Err(Bad::TooLarge) => {
                let label = ["must be ", allowed].concat();
                self.bad_number(Code::TooLarge, span, &[&text, " is too large"], label, String::new());
            }
            Err(Bad::Fraction) => {
                let why = match digits {
                    0 => " is not a whole number",
                    2 => " has more than two decimals",
                    4 => " has more than four decimals",
                    6 => " has more than six decimals",
                    _ => " is not a whole number of its unit",
                };
                self.bad_number(Code::NotWhole, span, &[&text, why], String::new(), String::new());
            }
        }
        None
    }

    /// A plain number. `None` when it is wrong, which has been reported.
    pub(super) fn count(&mut self, min: u32, max: u32) -> Read<Option<u32>> {
        let number = self.number(Leaf::Count { min, max })?;
        if !number.unit.is_empty() {
            let message = ["`", self.word(), "` takes a plain number, without `", number.unit, "`"];
            self.bad_number(Code::WrongUnit, number.span, &message, String::new(), String::new());
            return Ok(None);
        }
        // `1,000` in a list would be two numbers.
        if number.whole.len() > 1 && number.whole.starts_with('0') {
            let message = [&quote(number.text), " begins with a zero"];
            let help = "the digits of a number stand together, with none in front that says nothing".into();
            self.bad_number(Code::WrongUnit, number.span, &message, String::new(), help);
            return Ok(None);
        }
        let bounds = (min.into(), max.into());
        let value = self.within(&number, number.span, 0, bounds, &range(min, max));
        Ok(value.and_then(|value| u32::try_from(value).ok()))
    }

    /// Reports a unit that isn't `unit`, or none; whether it was the right one.
    fn has_unit(&mut self, number: &Number<'_>, unit: &str, leaf: Leaf, what: &str) -> bool {
        if number.unit == unit {
            return true;
        }
        if number.unit.is_empty() {
            let fits = quote(&[number.text, unit].concat());
            let message = [&quote(number.text), " needs a unit: ", &fits];
            self.bad_number(Code::MissingUnit, number.span, &message, String::new(), String::new());
        } else {
            let message = [&quote(number.unit), " is not ", what];
            let help = ["write ", leaf.described()].concat();
            self.bad_number(Code::WrongUnit, number.span, &message, String::new(), help);
        }
        false
    }

    /// A percentage, in basis points.
    pub(super) fn percent(&mut self, min: u32, max: u32) -> Read<Option<u32>> {
        let leaf = Leaf::Percent { min, max };
        let number = self.number(leaf)?;
        if !self.has_unit(&number, "%", leaf, "a percentage") {
            return Ok(None);
        }
        let allowed = [&percent_text(min), " to ", &percent_text(max)].concat();
        let value = self.within(&number, number.span, 2, (min.into(), max.into()), &allowed);
        Ok(value.and_then(|value| u32::try_from(value).ok()))
    }

    /// A multiple, in hundredths.
    pub(super) fn factor(&mut self, min: u32, max: u32) -> Read<Option<u32>> {
        let leaf = Leaf::Factor { min, max };
        let number = self.number(leaf)?;
        if !self.has_unit(&number, "x", leaf, "a multiple") {
            return Ok(None);
        }
        let allowed = [&factor_text(min), " to ", &factor_text(max)].concat();
        let value = self.within(&number, number.span, 2, (min.into(), max.into()), &allowed);
        Ok(value.and_then(|value| u32::try_from(value).ok()))
    }

    /// A plain number with up to four decimals, in ten-thousandths.
    pub(super) fn share(&mut self, max: u32) -> Read<Option<u32>> {
        let number = self.number(Leaf::Share { max })?;
        if !self.has_unit(&number, "", Leaf::Share { max }, "needed here") {
            return Ok(None);
        }
        let allowed = ["0 to ", &(max / 10_000).to_string()].concat();
        let value = self.within(&number, number.span, 4, (0, max.into()), &allowed);
        Ok(value.and_then(|value| u32::try_from(value).ok()))
    }

    /// `128k tokens`
    pub(super) fn token_count(&mut self, max: u64) -> Read<Option<u64>> {
        let allowed = ["1 token to ", &tokens_text(max)].concat();
        self.with_unit(Leaf::Tokens { max }, "tokens", max, &allowed)
    }

    pub(super) fn characters(&mut self, max: u32) -> Read<Option<u32>> {
        let allowed = ["1 to ", &characters_text(max)].concat();
        let count = self.with_unit(Leaf::Characters { max }, "characters", max.into(), &allowed)?;
        Ok(count.and_then(|count| u32::try_from(count).ok()))
    }

    /// `32k tokens`
    fn with_unit(&mut self, leaf: Leaf, unit: &str, max: u64, allowed: &str) -> Read<Option<u64>> {
        let number = self.number(leaf)?;
        let Some(digits) = self.multiple(&number, leaf) else {
            if self.is_word(unit) {
                self.bump();
            }
            return Ok(None);
        };
        if !self.is_word(unit) {
            let fits = [number.text, " ", unit].concat();
            let message = [&quote(number.text), " needs a unit: ", &quote(&fits)].concat();
            let found = Diagnostic::new(Code::MissingUnit, number.span, message);
            self.sink.push(found.with_replacement(number.span, fits));
            return Ok(None);
        }
        let word = self.bump();
        Ok(self.within(&number, number.span.to(word.span), digits, (1, max), allowed))
    }

    /// How many digits `k` or `M` move the point; a finding for any other unit.
    pub(super) fn multiple(&mut self, number: &Number<'_>, leaf: Leaf) -> Option<usize> {
        let size = MULTIPLES.iter().find(|(name, _)| *name == number.unit).map(|(_, size)| *size);
        match (number.unit, size) {
            ("", _) => Some(0),
            (_, Some(size)) => Some(if size == 1_000 { 3 } else { 6 }),
            ("K" | "m", None) => {
                let value = number.text.strip_suffix(number.unit).unwrap_or("");
                let meant = if number.unit == "K" { "k" } else { "M" };
                let message = [&quote(number.unit), " is not a multiple of a number"].concat();
                let found = Diagnostic::new(Code::WrongUnit, number.span, message);
                self.sink.push(instead(found, [value, meant].concat()));
                None
            }
            (unit, None) => {
                let message = [&quote(unit), " doesn't fit here"];
                let help = ["write ", leaf.described()].concat();
                self.bad_number(Code::WrongUnit, number.span, &message, String::new(), help);
                None
            }
        }
    }

    /// `$0.25`, in micro-dollars.
    pub(super) fn money(&mut self, max: u64) -> Read<Option<u64>> {
        let leaf = Leaf::Money { max };
        let dollar = self.peek();
        let has_dollar = self.eat(Kind::Dollar);
        let number = self.number(leaf)?;
        if !has_dollar && self.dollars_behind(&number) {
            return Ok(None);
        }
        if !has_dollar {
            let fits = quote(&["$", number.text].concat());
            let message = [&quote(number.text), " needs a unit: ", &fits];
            self.bad_number(Code::MissingUnit, number.span, &message, String::new(), String::new());
            return Ok(None);
        }
        if !self.has_unit(&number, "", leaf, "a currency") {
            return Ok(None);
        }
        let allowed = ["$0 to ", &money_text(max)].concat();
        Ok(self.within(&number, dollar.span.to(number.span), 6, (0, max), &allowed))
    }

    /// `50$` and `50 USD`, which it reports and passes over.
    pub(super) fn dollars_behind(&mut self, number: &Number<'_>) -> bool {
        let sign = self.peek();
        let is_code = matches!(self.text(sign), "USD" | "usd" | "dollars" | "dollar");
        if sign.kind != Kind::Dollar && !(sign.kind == Kind::Word && is_code) || !number.unit.is_empty() {
            return false;
        }
        self.bump();
        let found =
            Diagnostic::new(Code::WrongUnit, number.span.to(sign.span), "dollars have their sign in front");
        self.sink.push(instead(found, ["$", number.text].concat()));
        true
    }

    /// `4MiB`, in bytes.
    pub(super) fn size(&mut self, max: u64) -> Read<Option<u64>> {
        let number = self.number(Leaf::Size { max })?;
        let Some((_, unit)) = SIZE_UNITS.iter().find(|(name, _)| *name == number.unit) else {
            let units = words_text(SIZE_UNITS.iter().map(|(unit, _)| *unit), "or");
            let (code, message, help) = if number.unit.is_empty() {
                let fits = quote(&[number.text, "MiB"].concat());
                (Code::MissingUnit, [&quote(number.text), " needs a unit: ", &fits].concat(), String::new())
            } else {
                let message = [&quote(number.unit), " is not a unit of size"].concat();
                (Code::WrongUnit, message, ["units of size are ", &units].concat())
            };
            self.bad_number(code, number.span, &[&message], String::new(), help);
            return Ok(None);
        };
        let allowed = ["1B to ", &size_text(max)].concat();
        let value = self.within(&number, number.span, 0, (1, max / unit), &allowed);
        Ok(value.and_then(|value| value.checked_mul(*unit)))
    }
}

/// With the text that must have been meant.
pub(super) fn instead(found: Diagnostic, text: String) -> Diagnostic {
    let span = found.span;
    found.with_help(["write ", &quote(&text)].concat()).with_replacement(span, text)
}

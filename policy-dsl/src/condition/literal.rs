//! The values of strings and numbers, as CEL reads them.

use crate::diagnostic::Code;
use crate::span::Span;

use super::source::Report;

/// The text between the quotes of a string token, escapes resolved; reports those that don't exist.
pub(super) fn text(report: &mut Report, span: Span) -> String {
    let written = report.text(span);
    let Some(opened) = written.find(['"', '\'']) else {
        // In curly quotes, which the lexer has reported.
        return written.trim_matches(|c: char| !c.is_ascii()).to_string();
    };
    let (prefix, quoted) = written.split_at_checked(opened).unwrap_or(("", written));
    let triple = quoted.len() >= 6 && (quoted.starts_with("\"\"\"") || quoted.starts_with("'''"));
    let quotes = if triple { 3 } else { 1 };
    let inner = quoted.get(quotes..quoted.len().saturating_sub(quotes)).unwrap_or("");
    if prefix.contains(['r', 'R']) {
        return inner.to_string();
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(plain);
        let (length, value) = escaped(escape);
        match value {
            Some(c) => text.push(c),
            None => {
                let start = quoted.len() - quotes - escape.len() + prefix.len();
                let base = (span.start - report.source.offset) as usize;
                let place = report.source.span(base + start, base + start + length);
                let message = ["unknown escape ", &report.quote(place)];
                let help =
                    ["a backslash is written `\\\\`, or the whole string with an `r` in front: `r\"\\d\"`"];
                report.error(Code::ConditionSyntax, place, &message, "", &help);
            }
        }
        rest = escape.get(length..).unwrap_or("");
    }
    text.push_str(rest);
    text
}

/// The length of the escape this begins with, and the character it stands for.
fn escaped(escape: &str) -> (usize, Option<char>) {
    let Some(letter) = escape.chars().nth(1) else { return (escape.len(), None) };
    let digits = |from: usize, count: usize, radix: u32| {
        let value = escape.get(from..from + count).and_then(|digits| {
            let plain = digits.chars().all(|c| c.is_digit(radix));
            if plain { u32::from_str_radix(digits, radix).ok().and_then(char::from_u32) } else { None }
        });
        (if value.is_some() { from + count } else { 1 + letter.len_utf8() }, value)
    };
    let plain = match letter {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' | '?' | '"' | '\'' | '`' => letter,
        'x' | 'X' => return digits(2, 2, 16),
        'u' => return digits(2, 4, 16),
        'U' => return digits(2, 8, 16),
        '0'..='3' => return digits(1, 3, 8),
        _ => return (1 + letter.len_utf8(), None),
    };
    (2, Some(plain))
}

/// What a token that begins with a digit is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Number {
    Int(i64),
    /// An int that doesn't fit into 64 bits.
    TooLarge,
    Double,
    Unsigned,
    /// Digits and something behind them, as in `8k`: how many bytes are digits.
    Unit(usize),
}

/// The worth of a number, with its sign if it has one.
pub(super) fn number(written: &str) -> Number {
    let (sign, digits) = match written.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", written),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = hex.map_or((digits, 10), |digits| (digits, 16));
    let valid = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    if valid(digits) {
        // With its sign, as the least int has no positive counterpart.
        return i64::from_str_radix(&[sign, digits].concat(), radix).map_or(Number::TooLarge, Number::Int);
    }
    if digits.strip_suffix(['u', 'U']).is_some_and(valid) {
        return Number::Unsigned;
    }
    if radix == 10 && is_double(digits) {
        return Number::Double;
    }
    Number::Unit(digits.bytes().take_while(u8::is_ascii_digit).count())
}

/// Digits with a fraction, an exponent or both.
fn is_double(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    [whole, fraction, exponent]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

//! Numbers with a unit of time.

use std::time::Duration;

use super::number::{Number, instead};
use super::{Parser, Read};
use crate::diagnostic::{Code, Diagnostic};
use crate::token::{Kind, quote};
use crate::vocabulary::{Durations, Leaf, TIME_UNITS, duration_text, time_units_text};

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

impl<'s> Parser<'s, '_> {
    /// A number with a unit of time.
    pub(super) fn duration(&mut self, allowed: Durations) -> Read<Option<Duration>> {
        let number = self.number(Leaf::Duration(allowed))?;
        let Some(unit) = self.time_unit(&number, allowed) else { return Ok(None) };
        if !number.fraction.is_empty() {
            let message = [&quote(number.text), " is not a whole number of its unit"];
            let found = Diagnostic::new(Code::NotWhole, number.span, message.concat());
            self.sink.push(match sum_of(number.text).filter(|sum| allowed.holds(*sum)) {
                Some(sum) => instead(found, duration_text(sum)),
                None => found.with_help("use a smaller unit: `1500ms` for one and a half seconds"),
            });
            return Ok(None);
        }
        let nanos = number.whole.parse::<u64>().ok().and_then(|value| value.checked_mul(unit));
        let Some(nanos) = nanos else {
            let label = ["must be ", &allowed.text()].concat();
            let message = [&quote(number.text), " is too large"];
            self.bad_number(Code::TooLarge, number.span, &message, label, String::new());
            return Ok(None);
        };
        let duration = Duration::from_nanos(nanos);
        if !allowed.holds(duration) {
            self.out_of_range(number.span, &allowed.text());
            return Ok(None);
        }
        Ok(Some(duration))
    }

    fn time_unit(&mut self, number: &Number<'s>, allowed: Durations) -> Option<u64> {
        let known = unit_of_time;
        if let Some(size) = known(number.unit) {
            return Some(size);
        }
        let value = number.text.strip_suffix(number.unit).unwrap_or("");
        if number.unit.is_empty() {
            let next = self.peek();
            let apart = self.text(next);
            let unit = known(apart).map(|_| apart).or_else(|| alias(apart));
            let unit = unit.filter(|_| next.kind == Kind::Word);
            let fits = ["ms", "s", "m"].map(|unit| quote(&[value, unit].concat()));
            let [ms, s, m] = &fits;
            let message = [&quote(value), " needs a unit: ", ms, ", ", s, " or ", m].concat();
            let mut found = Diagnostic::new(Code::MissingUnit, number.span, message);
            if let Some(unit) = unit {
                self.bump();
                found.span = found.span.to(next.span);
                let fixed = [value, unit].concat();
                let (help, span) = (["write ", &quote(&fixed), ", without a space"].concat(), found.span);
                found = found.with_help(help).with_replacement(span, fixed);
            }
            self.sink.push(found);
            return None;
        }
        let sum = if number.unit.starts_with('%') { None } else { sum_of(number.text) };
        if let Some(sum) = sum.filter(|sum| alias(number.unit).is_none() && allowed.holds(*sum)) {
            let found = Diagnostic::new(Code::WrongUnit, number.span, "one number has one unit");
            self.sink.push(instead(found, duration_text(sum)));
            return None;
        }
        let message = [&quote(number.unit), " is not a unit of time"].concat();
        let found = Diagnostic::new(Code::WrongUnit, number.span, message);
        self.sink.push(match alias(number.unit) {
            Some(unit) => instead(found, [value, unit].concat()),
            None => {
                let units = ["units of time are ", &time_units_text(), "; one number has one unit"];
                found.with_help(units.concat())
            }
        });
        None
    }
}

fn unit_of_time(unit: &str) -> Option<u64> {
    TIME_UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size)
}

fn alias(unit: &str) -> Option<&'static str> {
    ALIASES.iter().find(|(name, _)| *name == unit).map(|(_, real)| *real)
}

/// `1h30m` and `1.5s`, as other tools write durations; `None` unless it is exact.
fn sum_of(text: &str) -> Option<Duration> {
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, tail) = rest.split_at_checked(digits)?;
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit)?;
        let size = unit_of_time(unit).or_else(|| unit_of_time(alias(unit)?))?;
        let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
        let parts = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let number = whole.parse::<u64>().ok()?.checked_mul(parts)?.checked_add(fraction.parse().ok()?)?;
        let nanos = number.checked_mul(size).filter(|nanos| nanos.is_multiple_of(parts))? / parts;
        sum = sum.checked_add(nanos)?;
        rest = tail;
    }
    Some(Duration::from_nanos(sum))
}

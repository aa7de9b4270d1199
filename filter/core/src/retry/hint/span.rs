//! Numbers with units: `6m0s`, `1.5s`, `6 seconds`.

use std::time::Duration;

/// A number that isn't negative.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) whole: u64,
    /// Millionths, rounded up.
    fraction: u64,
}

impl Number {
    pub(super) fn rounded_up(self) -> u64 {
        self.whole.saturating_add(u64::from(self.fraction > 0))
    }

    /// So many of these, as far as they can be counted.
    pub(super) fn of(self, unit: Duration) -> Duration {
        let whole = u32::try_from(self.whole).unwrap_or(u32::MAX);
        // Millionths of at most a day's microseconds.
        let fraction = self.fraction.saturating_mul(unit.as_micros() as u64);
        unit.saturating_mul(whole).saturating_add(Duration::from_nanos(fraction.div_ceil(1_000)))
    }
}

/// Reads the number at the beginning and returns what follows it. More digits than fit are the largest number.
pub(super) fn number(text: &[u8]) -> Option<(Number, &[u8])> {
    let (digits, rest) = digits(text);
    if digits.is_empty() {
        return None;
    }
    let push = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    let whole = digits.iter().fold(0, push);
    let Some((b'.', behind)) = rest.split_first() else {
        return Some((Number { whole, fraction: 0 }, rest));
    };
    let (digits, rest) = self::digits(behind);
    let millionths = digits.iter().chain(b"000000").take(6).fold(0, push);
    let is_more = digits.iter().skip(6).any(|digit| *digit != b'0');
    Some((Number { whole, fraction: millionths.saturating_add(u64::from(is_more)) }, rest))
}

/// Reads one or more numbers, each with its unit, and returns what follows them.
pub(super) fn read(text: &[u8]) -> Option<(Duration, &[u8])> {
    let (mut sum, mut rest) = one(text)?;
    while let Some((time, behind)) = one(rest) {
        sum = sum.saturating_add(time);
        rest = behind;
    }
    Some((sum, rest))
}

fn one(text: &[u8]) -> Option<(Duration, &[u8])> {
    let (number, rest) = number(text)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let end = rest.iter().position(|byte| !is_of_unit(*byte)).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(end)?;
    Some((number.of(unit_of(unit)?), rest))
}

fn unit_of(word: &[u8]) -> Option<Duration> {
    Some(match word {
        // The micro sign and the Greek letter, as Go writes and reads them. Waits are rounded up to the millisecond anyway.
        b"ns" | b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => Duration::from_micros(1),
        b"ms" | b"milliseconds" => Duration::from_millis(1),
        b"s" | b"sec" | b"secs" | b"second" | b"seconds" => Duration::from_secs(1),
        b"m" | b"min" | b"mins" | b"minute" | b"minutes" => Duration::from_secs(60),
        b"h" | b"hour" | b"hours" => Duration::from_secs(60 * 60),
        b"d" | b"day" | b"days" => Duration::from_secs(24 * 60 * 60),
        _ => return None,
    })
}

fn is_of_unit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || !byte.is_ascii()
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

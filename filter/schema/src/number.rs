//! Numbers exactly as they are written: decimal digits and a power of ten.

use std::cmp::Ordering;
use std::fmt;

/// `digits` × 10^`exponent`. The digits don't end in 0, so that equal numbers are equal here; zero has no sign and no exponent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Decimal {
    is_negative: bool,
    digits: Digits,
    exponent: i64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Digits {
    /// Of up to [`FEW`] digits.
    Few(u64),
    /// Of more, each 0 to 9.
    Many(Vec<u8>),
}

/// So many digits fit in 64 bits.
const FEW: usize = 19;

/// Exponents beyond are taken for this one: such numbers can no longer be told apart but by their digits.
const LARGEST_EXPONENT: i64 = 1 << 40;

/// The largest divisor that `multipleOf` may have, without its power of ten.
const LARGEST_DIVISOR: u64 = 1_000_000_000_000_000_000;

impl Decimal {
    /// Bytes beside its own.
    pub(crate) fn memory(&self) -> usize {
        match &self.digits {
            Digits::Few(_) => 0,
            Digits::Many(digits) => digits.capacity(),
        }
    }

    /// Of a number in JSON's grammar.
    pub(crate) fn of(written: &str) -> Self {
        Self::short(written).unwrap_or_else(|| Self::long(written))
    }

    /// Of one with few digits and without an exponent, as nearly all are.
    fn short(written: &str) -> Option<Self> {
        let (is_negative, bytes) = match written.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            all => (false, all),
        };
        if bytes.len() > FEW {
            return None;
        }
        let (mut digits, mut places, mut zeros, mut is_fraction) = (0_u64, 0_i64, 0_i64, false);
        for byte in bytes {
            match byte {
                // Not checked: so many digits fit, and in Wasm a check takes a multiplication of 128 bits.
                b'0'..=b'9' => digits = digits.wrapping_mul(10).wrapping_add(u64::from(byte & 15)),
                b'.' => {
                    is_fraction = true;
                    continue;
                }
                _ => return None,
            }
            places += i64::from(is_fraction);
            zeros = if *byte == b'0' { zeros + 1 } else { 0 };
        }
        if digits == 0 {
            return Some(Self { is_negative: false, digits: Digits::Few(0), exponent: 0 });
        }
        for _ in 0..zeros {
            digits /= 10;
        }
        Some(Self { is_negative, digits: Digits::Few(digits), exponent: zeros - places })
    }

    fn long(written: &str) -> Self {
        let (mantissa, power) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
        let (is_negative, mantissa) =
            mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes()).map(|digit| digit & 15);
        let leading = digits().take_while(|digit| *digit == 0).count();
        let all = whole.len() + fraction.len();
        if leading == all {
            return Self { is_negative: false, digits: Digits::Few(0), exponent: 0 };
        }
        let trailing = digits().rev().take_while(|digit| *digit == 0).count();
        let kept = all - leading - trailing;
        let exponent = exponent(power).saturating_add(trailing as i64).saturating_sub(fraction.len() as i64);
        let significant = digits().skip(leading).take(kept);
        let digits = if kept <= FEW {
            Digits::Few(
                significant.fold(0, |sum: u64, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit))),
            )
        } else {
            Digits::Many(significant.collect())
        };
        Self { is_negative, digits, exponent }
    }

    /// Whether it has no fraction.
    pub(crate) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    pub(crate) fn is_positive(&self) -> bool {
        !self.is_negative && self.digits != Digits::Few(0)
    }

    /// As a count. One that is too large to be one is the largest; `None` if it is negative or no integer.
    pub(crate) fn count(&self) -> Option<u32> {
        if self.is_negative || !self.is_integer() {
            return None;
        }
        let Digits::Few(digits) = self.digits else { return Some(u32::MAX) };
        let power = u32::try_from(self.exponent).ok().and_then(|power| 10_u64.checked_pow(power));
        let value = if digits == 0 { Some(0) } else { power.and_then(|power| digits.checked_mul(power)) };
        Some(value.and_then(|value| u32::try_from(value).ok()).unwrap_or(u32::MAX))
    }

    /// Whether [`Decimal::is_multiple_of`] can be asked for this divisor.
    pub(crate) fn is_divisor(&self) -> bool {
        self.is_positive() && matches!(self.digits, Digits::Few(digits) if digits <= LARGEST_DIVISOR)
    }

    pub(crate) fn is_multiple_of(&self, divisor: &Self) -> bool {
        if self.digits == Digits::Few(0) {
            return true;
        }
        let Digits::Few(modulus @ 1..=LARGEST_DIVISOR) = divisor.digits else { return false };
        // The digits don't end in 0: they are no multiple of any power of ten.
        let Ok(power) = u64::try_from(self.exponent - divisor.exponent) else { return false };
        // A power of ten, as of cents.
        if modulus == 1 {
            return true;
        }
        let digits = match &self.digits {
            Digits::Few(digits) => digits % modulus,
            Digits::Many(digits) => {
                digits.iter().fold(0, |rest, digit| (rest * 10 + u64::from(*digit)) % modulus)
            }
        };
        multiply(digits, power_of_ten(power, modulus), modulus) == 0
    }

    fn size(&self) -> i64 {
        let count = match &self.digits {
            Digits::Few(digits) => digits.checked_ilog10().map_or(0, |log| i64::from(log) + 1),
            Digits::Many(digits) => digits.len() as i64,
        };
        self.exponent.saturating_add(count)
    }

    fn compare_sizes(&self, other: &Self) -> Ordering {
        match (&self.digits, &other.digits) {
            (Digits::Few(0), Digits::Few(0)) => Ordering::Equal,
            (Digits::Few(0), _) => Ordering::Less,
            (_, Digits::Few(0)) => Ordering::Greater,
            _ => self.size().cmp(&other.size()).then_with(|| match (&self.digits, &other.digits) {
                (Digits::Few(a), Digits::Few(b)) => {
                    let (a_log, b_log) = (a.ilog10(), b.ilog10());
                    // Not checked: of the same size, they fit.
                    let padded = |digits: &u64, by: u32| digits.wrapping_mul(10_u64.wrapping_pow(by));
                    padded(a, b_log.saturating_sub(a_log)).cmp(&padded(b, a_log.saturating_sub(b_log)))
                }
                _ => self.all_digits().cmp(&other.all_digits()),
            }),
        }
    }

    fn all_digits(&self) -> Vec<u8> {
        match &self.digits {
            Digits::Few(digits) => digits.to_string().bytes().map(|digit| digit & 15).collect(),
            Digits::Many(digits) => digits.clone(),
        }
    }

    pub(crate) fn hash(&self, mix: impl Fn(u64, u64) -> u64) -> u64 {
        let start = mix(mix(4, self.exponent as u64), u64::from(self.is_negative));
        match &self.digits {
            Digits::Few(digits) => mix(start, *digits),
            Digits::Many(digits) => digits.iter().fold(start, |hash, digit| mix(hash, u64::from(*digit))),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = self.all_digits().iter().map(|digit| char::from(digit + b'0')).collect();
        let sign = if self.is_negative { "-" } else { "" };
        match usize::try_from(-self.exponent) {
            // 25 × 10^-2 is 0.25.
            Ok(places @ 1..20) => {
                let padded = format!("{digits:0>width$}", width = places + 1);
                let (whole, fraction) =
                    padded.split_at_checked(padded.len() - places).unwrap_or((&padded, ""));
                write!(to, "{sign}{whole}.{fraction}")
            }
            _ if (0..20).contains(&self.exponent) => {
                write!(to, "{sign}{digits}{:0<width$}", "", width = self.exponent as usize)
            }
            _ => write!(to, "{sign}{digits}e{}", self.exponent),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.compare_sizes(other),
            (true, true) => other.compare_sizes(self),
        }
    }
}

fn exponent(power: &str) -> i64 {
    let (is_negative, digits) = match power.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, power.strip_prefix('+').unwrap_or(power)),
    };
    let sized =
        digits.bytes().fold(0_i64, |sum, digit| (sum * 10 + i64::from(digit & 15)).min(LARGEST_EXPONENT));
    if is_negative { -sized } else { sized }
}

/// (a × b) mod m, by doubling: m is at most 10^18, so nothing overflows.
fn multiply(mut a: u64, mut b: u64, modulus: u64) -> u64 {
    let mut sum = 0;
    a %= modulus;
    while b > 0 {
        if b & 1 == 1 {
            sum = (sum + a) % modulus;
        }
        a = (a * 2) % modulus;
        b >>= 1;
    }
    sum
}

fn power_of_ten(mut power: u64, modulus: u64) -> u64 {
    let (mut result, mut base) = (1 % modulus, 10 % modulus);
    while power > 0 {
        if power & 1 == 1 {
            result = multiply(result, base, modulus);
        }
        base = multiply(base, base, modulus);
        power >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_what_they_are_worth() {
        let ascending = [
            "-1e400",
            "-12345678901234567890123",
            "-10.5",
            "-10",
            "-0.1",
            "-1e-400",
            "0",
            "1e-400",
            "0.1",
            "0.12",
            "1",
            "1.5",
            "2",
            "10",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "18446744073709551616.5",
            "1e400",
            "1e99999999999999999999999",
        ];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(Decimal::of(a).cmp(&Decimal::of(b)), at.cmp(&other), "{a} and {b}");
            }
        }
    }

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0", "-0.0e5"),
            ("0.5", "5E-1"),
            ("1.50", "15e-1"),
            ("12345678901234567890120", "1234567890123456789012e1"),
        ] {
            assert_eq!(Decimal::of(a), Decimal::of(b), "{a} and {b}");
        }
    }

    #[test]
    fn multiples_are_exact() {
        let cases = [
            ("9.99", "0.01", true),
            ("9.995", "0.01", false),
            ("0.3", "0.1", true),
            ("1e308", "0.5", true),
            ("1e308", "0.123456789", false),
            ("12391239123", "1e-8", true),
            ("7", "7", true),
            ("-21", "7", true),
            ("22", "7", false),
            ("0", "7", true),
            ("0.00751", "0.0001", false),
            ("123456789012345678901234567890", "10", true),
            ("123456789012345678901234567891", "10", false),
            ("1e1000000000000", "3", false),
            ("3e1000000000000", "3", true),
            ("999999999999999999e5", "999999999999999999", true),
        ];
        for (number, divisor, expected) in cases {
            assert_eq!(
                Decimal::of(number).is_multiple_of(&Decimal::of(divisor)),
                expected,
                "{number} of {divisor}"
            );
        }
    }

    #[test]
    fn numbers_are_told_as_people_write_them() {
        for (written, told) in [
            ("1e2", "100"),
            ("0.250", "0.25"),
            ("-12.5", "-12.5"),
            ("0", "0"),
            ("1e-30", "1e-30"),
            ("7e40", "7e40"),
        ] {
            assert_eq!(Decimal::of(written).to_string(), told);
        }
    }

    #[test]
    fn integers_and_counts() {
        for (number, is_integer, count) in [
            ("3", true, Some(3)),
            ("3.0", true, Some(3)),
            ("3e2", true, Some(300)),
            ("0.5", false, None),
            ("-1", true, None),
            ("0", true, Some(0)),
            ("1e30", true, Some(u32::MAX)),
        ] {
            let decimal = Decimal::of(number);
            assert_eq!((decimal.is_integer(), decimal.count()), (is_integer, count), "{number}");
        }
    }
}

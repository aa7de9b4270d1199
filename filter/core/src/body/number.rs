//! Numbers as lax servers read them: pydantic and others take `1.0e3`, `1000.0` and `"1000"` for 1000.

/// Most digits that are read; more of them are more than any bound.
const DIGITS: usize = 19;

/// A number that isn't negative, rounded up; `None` for anything else.
pub(super) fn upwards(text: &[u8]) -> Option<u64> {
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let mut parts = text.trim_ascii().splitn(2, |byte| matches!(byte, b'e' | b'E'));
    let (written, exponent) = (parts.next()?, parts.next().map_or(Some(0), exponent)?);
    let mut parts = written.strip_prefix(b"+").unwrap_or(written).splitn(2, |byte| *byte == b'.');
    let (whole, fraction) = (parts.next()?, parts.next().unwrap_or_default());
    if !whole.first()?.is_ascii_digit() {
        return None;
    }
    let (mut number, mut digits, mut point) = (0_u64, 0, exponent);
    let mut is_more = false;
    for (byte, is_behind) in
        whole.iter().map(|byte| (byte, false)).chain(fraction.iter().map(|byte| (byte, true)))
    {
        let digit = u64::from(char::from(*byte).to_digit(10)?);
        if digits == DIGITS {
            // Of the rest only its length matters, and whether it is nothing.
            is_more |= digit != 0;
            point = point.saturating_add(i32::from(!is_behind));
            continue;
        }
        number = number.saturating_mul(10).saturating_add(digit);
        digits += usize::from(number != 0);
        point = point.saturating_sub(i32::from(is_behind));
    }
    let more = u64::from(is_more);
    if number == 0 {
        return Some(more);
    }
    if point >= 0 {
        let factor = 10_u64.checked_pow(point.unsigned_abs()).unwrap_or(u64::MAX);
        return Some(number.saturating_mul(factor).saturating_add(more));
    }
    let Some(part) = 10_u64.checked_pow(point.unsigned_abs()) else { return Some(1) };
    Some((number / part).saturating_add(u64::from(number % part != 0 || is_more)))
}

fn exponent(text: &[u8]) -> Option<i32> {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Of the size only, where it is beyond all measure.
    let size =
        digits.iter().fold(0_i32, |sum, byte| sum.saturating_mul(10).saturating_add((byte - b'0').into()));
    Some(if text.starts_with(b"-") { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_lax_servers_do_and_never_as_less() {
        for (text, number) in [
            ("0", Some(0)),
            ("4096", Some(4_096)),
            ("\"4096\"", Some(4_096)),
            ("4096.0", Some(4_096)),
            ("512.5", Some(513)),
            ("1.0e6", Some(1_000_000)),
            ("9E2", Some(900)),
            ("1234e-2", Some(13)),
            ("0.001", Some(1)),
            ("0e5", Some(0)),
            ("1e-99999999999", Some(1)),
            ("1e99999999999", Some(u64::MAX)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("10000000000000000000.0", Some(10_000_000_000_000_000_000)),
            ("-5", None),
            ("null", None),
            ("\"many\"", None),
            ("1e", None),
            ("1.x", None),
            ("", None),
            (".5", None),
        ] {
            assert_eq!(upwards(text.as_bytes()), number, "{text}");
        }
    }
}

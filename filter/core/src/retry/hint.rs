//! What the provider says about when to come back.

use std::time::Duration;

/// Longest wait a header can ask for; beyond it the value is an accident or an attack, and read as this much.
pub(crate) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads `retry-after` in its form of delay-seconds (RFC 9110, 10.2.3). Some providers send a fraction: it is rounded up
/// to the millisecond. `None` when it is not a number of seconds.
pub(crate) fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // More digits than fit are more than a day.
    let seconds = whole.parse::<u64>().unwrap_or(u64::MAX).min(LONGEST.as_secs());
    let mut millis =
        fraction.bytes().chain(*b"000").take(3).fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'));
    if fraction.bytes().skip(3).any(|byte| byte != b'0') {
        millis += 1;
    }
    Some((Duration::from_secs(seconds) + Duration::from_millis(millis)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_and_nothing_else() {
        let table = [
            ("0", Some(0)),
            ("1", Some(1_000)),
            (" 120 ", Some(120_000)),
            ("0.5", Some(500)),
            ("1.0001", Some(1_001)),
            ("1.0000", Some(1_000)),
            ("7.", Some(7_000)),
            ("99999999999999999999999", Some(86_400_000)),
            ("86400.5", Some(86_400_000)),
            ("", None),
            (".5", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("1s", None),
            ("1,5", None),
            ("1.2.3", None),
            ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ];
        for (value, millis) in table {
            assert_eq!(retry_after(value), millis.map(Duration::from_millis), "{value:?}");
        }
    }
}

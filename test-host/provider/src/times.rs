//! Times as providers write them.

use std::time::Duration;

/// As Go does: `120ms`, `1s`, `1.5s`, `6m0s`, `1h0m0s`. Rounded up to milliseconds.
pub(crate) fn go(time: Duration) -> String {
    let ms = millis(time);
    if ms < 1_000 {
        return format!("{ms}ms");
    }
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    let seconds = decimal(ms % 60_000);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// As a protobuf `Duration` in JSON: `34.074s`.
pub(crate) fn protobuf(time: Duration) -> String {
    format!("{}s", decimal(millis(time)))
}

/// Whole seconds, rounded up: who waits so long is not too early.
pub(crate) fn seconds(time: Duration) -> u64 {
    millis(time).div_ceil(1_000)
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// RFC 3339 in UTC and whole seconds, rounded up: `2025-08-21T12:41:00Z`.
pub(crate) fn rfc3339(since_1970: Duration) -> String {
    let all = seconds(since_1970);
    let (year, month, day) = date(all / 86_400);
    let (hour, minute, second) = (all / 3_600 % 24, all / 60 % 60, all % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a number of days since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `civil_from_days`).
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Thousandths as a decimal number without zeros at its end.
fn decimal(ms: u64) -> String {
    let text = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_and_protobuf_do() {
        let cases = [
            (0, "0ms", "0s", 0),
            (120, "120ms", "0.12s", 1),
            (1_000, "1s", "1s", 1),
            (1_500, "1.5s", "1.5s", 2),
            (34_074, "34.074s", "34.074s", 35),
            (360_000, "6m0s", "360s", 360),
            (3_600_000, "1h0m0s", "3600s", 3_600),
            (3_723_004, "1h2m3.004s", "3723.004s", 3_724),
        ];
        for (ms, as_go, as_protobuf, in_seconds) in cases {
            let time = Duration::from_millis(ms);
            assert_eq!((go(time).as_str(), protobuf(time).as_str()), (as_go, as_protobuf));
            assert_eq!(seconds(time), in_seconds);
        }
        assert_eq!(go(Duration::from_nanos(1)), "1ms");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_755_780_060, "2025-08-21T12:41:00Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), text);
        }
        assert_eq!(rfc3339(Duration::from_millis(1)), "1970-01-01T00:00:01Z");
    }
}

//! Time as the host tells it.

use std::time::Duration;

/// Nanoseconds since the Unix epoch, by the host's clock. That clock is wall time and may step back, so every difference
/// saturates: a step back makes something wait longer once, and never panics or underflows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }

    /// Time since `earlier`; zero when the clock has stepped back.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration in nanoseconds, at most `u64::MAX` (584 years). Not `as_nanos`: a product of 128 bits is a call in Wasm.
#[must_use]
pub(crate) fn nanos(time: Duration) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    let (seconds, rest) = (time.as_secs(), u64::from(time.subsec_nanos()));
    if seconds > u64::MAX / SECOND { u64::MAX } else { seconds.wrapping_mul(SECOND).saturating_add(rest) }
}

/// RFC 3339, in UTC and whole seconds.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    let seconds = time.0 / 1_000_000_000;
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // From days since 1970 to the date, by eras of 400 years that begin in March: Howard Hinnant, "chrono-Compatible
    // Low-Level Date Algorithms", civil_from_days.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_so_many_nanoseconds_and_no_more_than_there_are_numbers_for() {
        let most = Duration::from_nanos(u64::MAX);
        for time in [Duration::ZERO, Duration::from_millis(1_234), most - Duration::from_nanos(1), most] {
            assert_eq!(u128::from(nanos(time)), time.as_nanos());
        }
        for time in [most + Duration::from_nanos(1), most + Duration::from_secs(1), Duration::MAX] {
            assert_eq!(nanos(time), u64::MAX);
        }
    }

    #[test]
    fn times_are_written_as_rfc_3339_has_it() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_600, "2025-01-01T00:00:00Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(Timestamp(seconds * 1_000_000_000)), expected);
        }
        assert_eq!(rfc3339(Timestamp(u64::MAX)), "2554-07-21T23:34:33Z");
    }
}

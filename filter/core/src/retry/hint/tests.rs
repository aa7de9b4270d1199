use proptest::prelude::*;

use super::*;

/// 2025-08-21T12:40:00Z.
const NOW: Timestamp = Timestamp(1_755_780_000_000_000_000);
const DAY_MS: u64 = 86_400_000;

#[track_caller]
fn check(table: &[(&str, Option<u64>)], read: impl Fn(&str) -> Option<Duration>) {
    for (value, millis) in table {
        assert_eq!(read(value), millis.map(Duration::from_millis), "{value:?}");
    }
}

#[test]
fn seconds_are_read_with_and_without_a_fraction() {
    let table = [
        ("0", Some(0)),
        ("1", Some(1_000)),
        (" 120 ", Some(120_000)),
        ("0.5", Some(500)),
        ("1.0001", Some(1_001)),
        ("1.0000", Some(1_000)),
        ("7.", Some(7_000)),
        ("33011.382867097855", Some(33_011_383)),
        ("0.0000000001", Some(1)),
        ("86400.5", Some(DAY_MS)),
        ("999999999", Some(DAY_MS)),
        ("", None),
        (".5", None),
        ("-1", None),
        ("+1", None),
        ("1e3", None),
        ("1,5", None),
        ("1.2.3", None),
        ("soon", None),
    ];
    check(&table, |value| wait(value, NOW));
}

#[test]
fn milliseconds_are_read() {
    let table = [
        ("0", Some(0)),
        ("1500", Some(1_500)),
        ("12.3", Some(13)),
        ("99999999999999999999", Some(DAY_MS)),
        ("1s", None),
        ("", None),
    ];
    check(&table, wait_ms);
}

#[test]
fn durations_are_read_as_go_writes_them() {
    let table = [
        ("1s", Some(1_000)),
        ("6m0s", Some(360_000)),
        ("120ms", Some(120)),
        ("8ms", Some(8)),
        ("1h2m3.5s", Some(3_723_500)),
        ("34.074824224s", Some(34_075)),
        ("373.801628ms", Some(374)),
        ("900ms", Some(900)),
        ("250us", Some(1)),
        ("250µs", Some(1)),
        ("100h", Some(DAY_MS)),
        ("999999999999999999999h", Some(DAY_MS)),
        ("0.9999999999d", Some(DAY_MS)),
        ("0.5 days", Some(43_200_000)),
        ("6m0", None),
        ("6x", None),
        ("1h ", Some(3_600_000)),
        ("1s!", None),
    ];
    check(&table, |value| wait(value, NOW));
}

#[test]
fn points_in_time_are_read_in_every_form() {
    let table = [
        // RFC 3339, as Anthropic has it; it can lie in the past.
        ("2025-08-21T12:41:00Z", Some(60_000)),
        ("2025-08-21T12:39:59Z", Some(0)),
        ("2025-08-21T12:40:00.25Z", Some(1_000)),
        ("2025-08-21T14:41:00+02:00", Some(60_000)),
        ("2025-08-21T05:40:30-07:00", Some(30_000)),
        ("2025-08-23T12:40:00Z", Some(DAY_MS)),
        ("2025-13-21T12:41:00Z", None),
        ("2025-08-21T25:41:00Z", None),
        ("2025-08-21T12:41:00", None),
        ("2025-08-21", None),
        // HTTP dates.
        ("Thu, 21 Aug 2025 12:40:20 GMT", Some(20_000)),
        ("Thursday, 21-Aug-25 12:40:20 GMT", Some(20_000)),
        ("Thu Aug 21 12:40:20 2025", Some(20_000)),
        ("Sat Nov  6 08:49:37 2027", Some(DAY_MS)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
        ("Fri, 31 Dec 1999 23:59:59 GMT", Some(0)),
        ("Thu, 21 Aug 2025 12:40:20 PST", None),
        ("Thu, 21 Aug 2025 12:40:20 GMT GMT", None),
        ("Thu, 21 Avg 2025 12:40:20 GMT", None),
        ("Thu, 21 Aug", None),
        // Unix time, in seconds and milliseconds.
        ("1755780030", Some(30_000)),
        ("1755780030000", Some(30_000)),
        ("1755780030001", Some(31_000)),
        ("1755780030.25", Some(31_000)),
        ("1755779999", Some(0)),
        ("99999999999999999999999", Some(DAY_MS)),
    ];
    check(&table, |value| wait(value, NOW));
}

#[test]
fn a_leap_day_is_a_day() {
    let now = Timestamp(0).after(Duration::from_secs(1_709_164_800));
    // 2024-02-29T00:00:00Z is 1709164800.
    assert_eq!(wait("2024-02-29T00:00:10Z", now), Some(Duration::from_secs(10)));
    assert_eq!(wait("2024-03-01T00:00:00Z", now), Some(LONGEST));
}

#[test]
fn a_span_in_prose_ends_where_its_unit_ends() {
    let table = [
        ("7m12s. Visit https://example", Some(432_000)),
        ("9.816s. Visit", Some(9_816)),
        ("6 seconds.", Some(6_000)),
        ("1 second", Some(1_000)),
        ("86400 seconds. Please go", Some(DAY_MS)),
        ("20ms", Some(20)),
        ("2 minutes", Some(120_000)),
        ("a moment", None),
        ("6", None),
        ("6.", None),
    ];
    check(&table, |value| leading_span(value.as_bytes()));
}

proptest! {
    #[test]
    fn nothing_that_a_provider_writes_makes_it_wait_longer_than_the_longest(text in ".{0,60}", now: u64) {
        for wait in [wait(&text, Timestamp(now)), wait_ms(&text), leading_span(text.as_bytes())] {
            prop_assert!(wait.is_none_or(|wait| wait <= LONGEST));
        }
    }

    #[test]
    fn what_looks_like_a_time_is_read_without_panic(
        text in "[0-9]{1,5}[-:T. ,a-zA-Z+]{0,3}[0-9]{0,5}[-:Thms. +Z]{0,3}[0-9]{0,5}[-:TZ+hms]{0,3}[0-9]{0,9}",
        now: u64,
    ) {
        let _ = wait(&text, Timestamp(now));
        let _ = leading_span(text.as_bytes());
    }

    #[test]
    fn a_reset_in_rfc_3339_is_the_time_until_then(ahead in 0u64..86_400) {
        let at = NOW.0 / 1_000_000_000 % 86_400 + ahead;
        let (day, of_day) = (21 + at / 86_400, at % 86_400);
        let text = format!("2025-08-{day}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60);
        prop_assert_eq!(wait(&text, NOW), Some(Duration::from_secs(ahead)));
    }
}

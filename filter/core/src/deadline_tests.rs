use proptest::prelude::*;

use super::*;

const ARRIVED: Timestamp = Timestamp(1_000_000_000_000);

fn rule(header: Option<&str>, default_s: Option<u64>) -> policy::Deadline {
    policy::Deadline { header: header.map(str::to_owned), default: default_s.map(Duration::from_secs) }
}

fn headers(list: &[(&str, &str)]) -> Headers {
    list.iter().copied().collect()
}

/// Milliseconds from the arrival to the deadlines of the beginning and of the end, with the reserve.
fn millis(rule: &policy::Deadline, list: &[(&str, &str)], streams: bool) -> (Option<u128>, Option<u128>) {
    let deadline = Deadline::of(Some(rule), &headers(list), ARRIVED, streams);
    // A twentieth and at most 50 ms are kept back.
    let whole = |usable: f64| (usable / 0.95).min(usable + 50.0);
    let from_arrival = |by: Option<Timestamp>| {
        by.map(|by| (whole(by.since(ARRIVED).as_secs_f64() * 1e3) + 1e-6).floor() as u128)
    };
    (from_arrival(deadline.begin), from_arrival(deadline.end))
}

#[test]
fn a_route_without_a_deadline_heeds_no_header() {
    let sent = headers(&[("x-request-deadline-ms", "5"), ("grpc-timeout", "1S")]);
    assert_eq!(Deadline::of(None, &sent, ARRIVED, false), Deadline::default());
    assert_eq!(Deadline::default().left_to_begin(ARRIVED), None);
}

#[test]
fn the_named_header_holds_in_place_of_the_default_and_the_others_only_shorten() {
    let named = "x-request-deadline-ms";
    for (rule, sent, expected) in [
        (rule(Some(named), Some(90)), vec![], Some(90_000)),
        (rule(Some(named), Some(90)), vec![(named, "5000")], Some(5_000)),
        (rule(Some(named), Some(90)), vec![(named, "300000")], Some(300_000)),
        (rule(Some(named), Some(90)), vec![(named, "soon")], Some(90_000)),
        (rule(Some(named), Some(90)), vec![("x-stainless-read-timeout", "600")], Some(90_000)),
        (rule(Some(named), Some(90)), vec![("x-stainless-timeout", "5")], Some(5_000)),
        (rule(Some(named), Some(90)), vec![(named, "7000"), ("grpc-timeout", "2S")], Some(2_000)),
        (rule(Some(named), None), vec![], None),
        (rule(Some(named), None), vec![("x-envoy-expected-rq-timeout-ms", "15000")], Some(15_000)),
        (rule(None, Some(90)), vec![(named, "300000")], Some(90_000)),
        (rule(None, Some(90)), vec![(named, "1000")], Some(1_000)),
        (rule(Some("x-budget"), Some(90)), vec![("x-budget", "1500")], Some(1_500)),
        (rule(Some("x-stainless-timeout"), None), vec![("x-stainless-timeout", "30")], Some(30_000)),
        (rule(Some("grpc-timeout"), None), vec![("grpc-timeout", "250m")], Some(250)),
    ] {
        assert_eq!(millis(&rule, &sent, false), (None, expected), "{rule:?} {sent:?}");
    }
}

#[test]
fn of_a_stream_an_sdks_timeout_bounds_the_beginning_only() {
    let rule = rule(None, Some(90));
    assert_eq!(millis(&rule, &[("x-stainless-timeout", "5")], true), (Some(5_000), Some(90_000)));
    assert_eq!(millis(&rule, &[("x-request-deadline-ms", "5000")], true), (None, Some(5_000)));
    let both = Deadline::of(Some(&rule), &headers(&[("x-stainless-timeout", "600")]), ARRIVED, true);
    assert_eq!(both.left_to_begin(ARRIVED), Some(Duration::from_millis(89_950)), "never after the end");
}

#[test]
fn every_format_is_read_and_nothing_else() {
    for (name, value, expected) in [
        ("x-request-deadline-ms", "1", Some(1)),
        ("x-request-deadline-ms", " 250 ", Some(250)),
        ("x-request-deadline-ms", "250.9", Some(250)),
        ("x-request-deadline-ms", "0", Some(0)),
        ("x-request-deadline-ms", "99999999999999999999999999", Some(86_400_000)),
        ("x-request-deadline-ms", "-1", None),
        ("x-request-deadline-ms", "+1", None),
        ("x-request-deadline-ms", "1e3", None),
        ("x-request-deadline-ms", "10s", None),
        ("x-request-deadline-ms", "", None),
        ("x-request-deadline-ms", "1.2.3", None),
        ("x-request-deadline-ms", "NaN", None),
        ("x-envoy-expected-rq-timeout-ms", "15000", Some(15_000)),
        ("x-envoy-expected-rq-timeout-ms", "0", None),
        ("x-stainless-timeout", "600", Some(600_000)),
        ("x-stainless-timeout", "0.5", Some(500)),
        ("x-stainless-timeout", "0", None),
        ("x-stainless-timeout", "None", None),
        ("x-stainless-read-timeout", "600.0", Some(600_000)),
        ("grpc-timeout", "1H", Some(3_600_000)),
        ("grpc-timeout", "2M", Some(120_000)),
        ("grpc-timeout", "3S", Some(3_000)),
        ("grpc-timeout", "40m", Some(40)),
        ("grpc-timeout", "5000u", Some(5)),
        ("grpc-timeout", "6000000n", Some(6)),
        ("grpc-timeout", "0S", Some(0)),
        ("grpc-timeout", "99999999H", Some(86_400_000)),
        ("grpc-timeout", "123456789S", None),
        ("grpc-timeout", "1.5S", None),
        ("grpc-timeout", "S", None),
        ("grpc-timeout", "5", None),
        ("grpc-timeout", "5s", None),
        ("grpc-timeout", "5 S", None),
        ("grpc-timeout", "5µ", None),
        ("grpc-timeout", "", None),
    ] {
        assert_eq!(millis(&rule(None, None), &[(name, value)], false), (None, expected), "{name}: {value:?}");
    }
}

#[test]
fn what_is_spent_is_gone_and_a_little_is_kept_back() {
    let deadline = Deadline::of(Some(&rule(None, Some(10))), &Headers::default(), ARRIVED, false);
    for (after_ms, left_ms) in
        [(0, 9_950), (4_000, 5_950), (9_800, 150), (9_940, 10), (9_941, 0), (10_000, 0), (99_000, 0)]
    {
        let left = deadline.left_to_begin(ARRIVED.after(Duration::from_millis(after_ms)));
        assert_eq!(left, Some(Duration::from_millis(left_ms)), "after {after_ms} ms");
    }
}

#[test]
fn the_next_hop_is_told_what_is_left_to_it() {
    let told = |rule: policy::Deadline| {
        let deadline = Deadline::of(Some(&rule), &Headers::default(), ARRIVED, false);
        let list = deadline.propagated(Some(&rule), ARRIVED.after(Duration::from_secs(4)));
        list.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    };
    assert_eq!(told(rule(None, Some(10))), ["x-request-deadline-ms: 5950"]);
    assert_eq!(told(rule(Some("x-request-deadline-ms"), Some(10))), ["x-request-deadline-ms: 5950"]);
    assert_eq!(told(rule(Some("x-budget"), Some(10))), ["x-request-deadline-ms: 5950", "x-budget: 5950"]);
    assert_eq!(told(rule(Some("grpc-timeout"), Some(10))), ["x-request-deadline-ms: 5950"]);
    assert!(told(rule(Some("x-budget"), None)).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_panics_or_gives_more_than_a_day(
        name in prop::sample::select(KNOWN.map(|(name, _)| name).to_vec()),
        value in prop_oneof!["\\PC{0,12}", "[0-9]{1,30}(\\.[0-9]{0,30})?[HMSmun]?"],
        late in any::<u64>(),
    ) {
        let deadline = Deadline::of(Some(&rule(None, None)), &headers(&[(name, &value)]), ARRIVED, false);
        let left = deadline.left_to_end(Timestamp(ARRIVED.0.saturating_add(late)));
        prop_assert!(left.is_none_or(|left| left <= LONGEST));
        prop_assert!(left.is_none_or(|left| left.is_zero() || left >= LEAST));
    }
}

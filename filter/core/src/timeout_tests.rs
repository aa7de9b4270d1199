use proptest::prelude::*;
use seawall_policy::policy;

use super::*;
use crate::headers::Headers;

const NOW: Timestamp = Timestamp(5_000_000_000);

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const FIXED: Timeout =
    Timeout { total: s(60), adaptive: None, first_token: None, idle: None, per_output_token: None };

/// `2x p95 in 5s .. 60s, first_token 10s, idle 20s, per output token 40ms`
const WHOLE: Timeout = Timeout {
    total: s(60),
    adaptive: Some(Adaptive { percentile: 95, hundredths: 200, min: s(5) }),
    first_token: Some(s(10)),
    idle: Some(s(20)),
    per_output_token: Some(Duration::from_millis(40)),
};

const ANSWER: Asked =
    Asked { streams: false, is_held: false, max_tokens: None, usual: None, usual_end: None };
const STREAM: Asked = Asked { streams: true, ..ANSWER };

fn deadline(after: Option<Duration>) -> Deadline {
    let rule = policy::Deadline { header: None, default: after };
    Deadline::of(Some(&rule), &Headers::default(), NOW, false)
}

fn without_deadline(timeout: &Timeout, asked: Asked) -> Limits {
    limits(timeout, asked, Deadline::default(), NOW).unwrap()
}

#[test]
fn a_fixed_timeout_is_that_of_the_whole_answer_and_of_a_streams_beginning() {
    let answer = Limits { total: s(60), headers: s(60), first_token: None, idle: None, cut: Cut::default() };
    assert_eq!(without_deadline(&FIXED, ANSWER), answer);
    assert_eq!(without_deadline(&FIXED, STREAM), Limits { total: s(600), ..answer });
}

#[test]
fn one_that_adapts_stays_within_its_bounds_and_is_the_longest_until_enough_is_known() {
    for (usual_s, expected_s) in
        [(None, 60), (Some(1), 5), (Some(10), 20), (Some(50), 60), (Some(u64::MAX), 60)]
    {
        let asked = Asked { usual: usual_s.map(s), ..ANSWER };
        assert_eq!(without_deadline(&WHOLE, asked).total, s(expected_s), "{usual_s:?}");
    }
}

#[test]
fn each_output_token_adds_its_time_on_top() {
    let asked = Asked { max_tokens: Some(1_000), usual: Some(s(10)), ..ANSWER };
    assert_eq!(without_deadline(&WHOLE, asked).total, s(20 + 40));
    assert_eq!(without_deadline(&WHOLE, Asked { streams: true, ..asked }).total, s(600 + 40));
    assert_eq!(without_deadline(&FIXED, asked).total, s(60));
    let hostile = Asked { max_tokens: Some(u64::MAX), ..ANSWER };
    assert_eq!(
        limits(&WHOLE, hostile, deadline(Some(s(90))), NOW).unwrap().total,
        Duration::from_millis(89_950)
    );
}

#[test]
fn a_stream_must_begin_in_time_and_not_fall_silent() {
    let found = without_deadline(&WHOLE, STREAM);
    assert_eq!(found.headers, s(10));
    assert_eq!((found.first_token, found.idle), (Some(s(10)), Some(s(20))));
    let quick = Asked { usual: Some(s(1)), ..STREAM };
    assert_eq!(without_deadline(&WHOLE, quick).headers, s(5), "it adapts to the time to the first token");
    let found = without_deadline(&WHOLE, ANSWER);
    assert_eq!((found.first_token, found.idle), (None, None), "an answer in one piece has neither");
}

#[test]
fn a_stream_that_comes_as_a_whole_may_take_what_streams_usually_take_to_their_end() {
    for (end_s, expected_s) in [(None, 600), (Some(1), 5), (Some(100), 200), (Some(400), 600)] {
        let asked = Asked { usual_end: end_s.map(s), ..STREAM };
        assert_eq!(without_deadline(&WHOLE, asked).total, s(expected_s), "{end_s:?}");
    }
    let asked = Asked { usual_end: Some(s(1)), ..STREAM };
    assert_eq!(without_deadline(&WHOLE, asked).headers, s(5), "its headers come before its end");
    assert_eq!(without_deadline(&FIXED, asked).total, s(600));
}

#[test]
fn only_what_ends_with_the_deadline_was_cut_by_it() {
    // Of a stream's limits, the deadline cuts the total, and nothing else.
    let found = limits(&WHOLE, STREAM, deadline(Some(s(90))), NOW).unwrap();
    assert_eq!((found.headers, found.total), (s(10), Duration::from_millis(89_950)));
    for (took_ms, was_cut) in
        [(10_000, false), (20_000, false), (89_925, false), (89_930, true), (90_000, true)]
    {
        for came in [Came::Nothing, Came::Headers, Came::Content] {
            assert_eq!(found.was_cut(came, Duration::from_millis(took_ms)), was_cut, "{came:?} {took_ms}");
        }
    }
    assert!(!without_deadline(&WHOLE, STREAM).was_cut(Came::Content, s(600)));
    let dispatched = found.within(Some(s(7)));
    assert!(dispatched.was_cut(Came::Nothing, s(7)), "what is dispatched must be there before its deadline");
    assert!(Limits::NONE.was_cut(Came::Nothing, Duration::ZERO));
}

#[test]
fn what_has_begun_in_time_was_not_cut_by_a_deadline_for_its_beginning() {
    // As SDKs say it of streams: by then it must have begun, however long it takes.
    let headers: Headers = [("x-stainless-timeout", "4")].into_iter().collect();
    let rule = policy::Deadline { header: None, default: None };
    let by = Deadline::of(Some(&rule), &headers, NOW, true);
    let found = limits(&WHOLE, STREAM, by, NOW).unwrap();
    assert_eq!((found.headers, found.first_token), (Duration::from_millis(3_950), found.first_token));
    let table = [
        (Came::Nothing, 3_950, true),
        (Came::Headers, 3_950, true),
        // Silence between two events, and its longest time.
        (Came::Content, 23_000, false),
        (Came::Content, 600_000, false),
    ];
    for (came, took_ms, was_cut) in table {
        assert_eq!(found.was_cut(came, Duration::from_millis(took_ms)), was_cut, "{came:?} {took_ms}");
    }
    // Nobody limits its first token: what falls silent after its headers is over for its silence.
    let idle = Timeout { first_token: None, ..WHOLE };
    let found = limits(&idle, STREAM, by, NOW).unwrap();
    assert!(found.was_cut(Came::Nothing, s(4)) && !found.was_cut(Came::Headers, s(22)));
    // Its caller does, where nothing goes on before.
    let held = Asked { is_held: true, ..STREAM };
    let found = limits(&idle, held, by, NOW).unwrap();
    assert_eq!(found.first_token, Some(Duration::from_millis(3_950)));
    assert!(found.was_cut(Came::Headers, s(4)) && !found.was_cut(Came::Content, s(22)));
    assert_eq!(without_deadline(&idle, held).first_token, None);
    let found = without_deadline(&WHOLE, held);
    assert_eq!((found.first_token, found.cut), (Some(s(10)), Cut::default()));
}

#[test]
fn the_deadline_cuts_every_limit_and_says_so() {
    let cut = limits(&WHOLE, STREAM, deadline(Some(s(8))), NOW).unwrap();
    let left = Duration::from_millis(7_950);
    const ALL: Cut = Cut { total: true, headers: true, first_token: true };
    assert_eq!(
        cut,
        Limits { total: left, headers: left, first_token: Some(left), idle: Some(s(20)), cut: ALL }
    );
    assert_eq!(limits(&WHOLE, ANSWER, deadline(Some(s(90))), NOW).unwrap().cut, Cut::default());
    assert_eq!(limits(&WHOLE, ANSWER, deadline(Some(Duration::ZERO)), NOW), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inner_limits_are_never_longer_than_outer_ones(
        total_ms in 1..3_600_000_u64,
        first_ms in prop::option::of(1..3_600_000_u64),
        adapts in prop::option::of((100..100_000_u32, 1..60_000_u64)),
        per_token_ms in prop::option::of(1..1_000_u64),
        left_ms in prop::option::of(0..100_000_u64),
        (streams, is_held) in any::<(bool, bool)>(),
        max_tokens in prop::option::of(any::<u64>()),
        usual_ms in prop::option::of(any::<u64>()),
        end_ms in prop::option::of(any::<u64>()),
    ) {
        let ms = Duration::from_millis;
        let timeout = Timeout {
            total: ms(total_ms),
            adaptive: adapts.map(|(hundredths, min)| Adaptive { percentile: 95, hundredths, min: ms(min.min(total_ms)) }),
            first_token: first_ms.map(ms),
            idle: None,
            per_output_token: per_token_ms.map(ms),
        };
        let usual = usual_ms.map(ms);
        let asked = Asked { streams, is_held: streams && is_held, max_tokens, usual, usual_end: end_ms.map(ms) };
        let Some(found) = limits(&timeout, asked, deadline(left_ms.map(ms)), NOW) else {
            prop_assert!(left_ms.is_some_and(|left| left < 11));
            return Ok(());
        };
        prop_assert!(found.headers <= found.total);
        prop_assert!(found.first_token.is_none_or(|first| first <= found.total || streams));
        if let Some(left) = left_ms {
            prop_assert!(found.total < ms(left) && found.headers < ms(left));
            prop_assert!(found.first_token.is_none_or(|first| first < ms(left)));
        }
        prop_assert!(found.headers >= ms(1), "0 would mean no timeout to Envoy");
    }
}

#[test]
fn silence_that_is_to_leave_another_target_a_chance_is_the_targets_own_limit() {
    let cut = |asked| limits(&FIXED, asked, deadline(Some(s(10))), NOW).unwrap();
    let answer = cut(ANSWER).silent_for(s(4), false);
    assert_eq!((answer.total, answer.headers, answer.cut), (s(4), s(4), Cut::default()));
    assert!(!answer.was_cut(Came::Nothing, s(4)) && !answer.was_cut(Came::Headers, s(4)));
    // Of a stream only the beginning.
    let held = Asked { is_held: true, ..STREAM };
    let stream = cut(held).silent_for(s(4), true);
    assert_eq!((stream.headers, stream.first_token, stream.total), (s(4), Some(s(4)), cut(held).total));
    assert_eq!(stream.cut, Cut { total: true, ..Cut::default() });
    // What is longer anyway stays cut by the deadline.
    assert_eq!(cut(ANSWER).silent_for(s(60), false), cut(ANSWER));
    assert_eq!(cut(held).silent_for(s(60), true), cut(held));
}

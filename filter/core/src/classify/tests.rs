//! Recorded shapes of errors. Organisations, request ids and addresses are made up; the rest is as providers sent it.

use std::fmt::Write as _;

use proptest::prelude::*;
use seawall_policy::policy::Provider::{Anthropic, Azure, Bedrock, Gemini, OpenAi};

use super::*;

mod bodies;
mod events;

/// 2025-08-21T12:40:00Z.
const NOW: Timestamp = Timestamp(1_755_780_000_000_000_000);

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers.iter().copied().collect();
    Answer { status, headers, body: body.into(), origin: Origin::Provider }
}

/// `outcome wait=… of=… code=…`, as far as it is known.
fn line(judgement: &Judgement) -> String {
    let mut line = judgement.outcome.word().to_owned();
    if let Some(wait) = judgement.wait {
        let _ = write!(line, " wait={}ms", wait.as_millis());
    }
    if let Some(dimension) = judgement.dimension {
        let _ = write!(line, " of={}", dimension.word());
    }
    if let Some(code) = judgement.code {
        let _ = write!(line, " code={}", &*code);
    }
    line
}

#[track_caller]
fn check(provider: Provider, status: u16, headers: &[(&str, &str)], body: &str, expected: &str) {
    assert_eq!(line(&judge(provider, &answer(status, headers, body), NOW)), expected, "{status} {body}");
}

#[test]
fn without_a_body_the_status_and_who_made_it_decide() {
    let table = [
        (Origin::Provider, 200, Outcome::Success),
        (Origin::Provider, 304, Outcome::Success),
        (Origin::Provider, 400, Outcome::ClientError),
        (Origin::Provider, 401, Outcome::ClientError),
        (Origin::Provider, 402, Outcome::QuotaExhausted),
        (Origin::Provider, 404, Outcome::ClientError),
        (Origin::Provider, 408, Outcome::Timeout),
        (Origin::Provider, 413, Outcome::TooLarge),
        (Origin::Provider, 422, Outcome::ClientError),
        (Origin::Provider, 424, Outcome::ClientError),
        (Origin::Provider, 429, Outcome::Throttled),
        (Origin::Provider, 500, Outcome::ServerError),
        (Origin::Provider, 502, Outcome::ServerError),
        (Origin::Provider, 503, Outcome::Overloaded),
        (Origin::Provider, 504, Outcome::Timeout),
        (Origin::Provider, 524, Outcome::Timeout),
        (Origin::Provider, 529, Outcome::Overloaded),
        (Origin::Provider, 599, Outcome::ServerError),
        (Origin::Timeout, 504, Outcome::Timeout),
        (Origin::Connect, 503, Outcome::Refused),
        (Origin::Full, 503, Outcome::Refused),
        (Origin::Reset, 503, Outcome::Reset),
        (Origin::Reset, 0, Outcome::Reset),
    ];
    for (origin, status, expected) in table {
        let answer = Answer { status, origin, headers: Headers::default(), body: Vec::new() };
        assert_eq!(judge(OpenAi, &answer, NOW), Judgement::plain(expected), "{origin:?} {status}");
    }
}

#[test]
fn unknown_shapes_are_judged_by_their_status() {
    for body in [
        "",
        "upstream connect error",
        "<html>429 quota</html>",
        "[]",
        "{}",
        "null",
        r#"{"error":7}"#,
        "{\"error\":{",
    ] {
        check(OpenAi, 500, &[], body, "server_error");
        check(Gemini, 429, &[], body, "throttled");
        check(Bedrock, 400, &[], body, "client_error");
    }
    check(OpenAi, 500, &[], r#"{"error":{"code":"brand_new","message":"?"}}"#, "server_error code=brand_new");
}

#[test]
fn a_wait_is_taken_from_the_header_made_for_it_first() {
    let body =
        r#"{"error":{"message":"Please try again in 9s.","type":"tokens","code":"rate_limit_exceeded"}}"#;
    let all = [
        ("retry-after-ms", "1500"),
        ("retry-after", "2"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6m0s"),
        ("x-ratelimit-remaining-requests", "5"),
        ("x-ratelimit-reset-requests", "1s"),
    ];
    for (from, millis) in [(0, 1_500), (1, 2_000), (2, 360_000), (4, 9_000)] {
        let judgement = judge(OpenAi, &answer(429, all.get(from..).unwrap(), body), NOW);
        assert_eq!(judgement.wait, Some(Duration::from_millis(millis)), "from {from}");
    }
}

#[test]
fn a_wait_may_be_a_date_and_is_never_longer_than_a_day() {
    for (value, expected) in [
        ("Thu, 21 Aug 2025 12:40:20 GMT", "throttled wait=20000ms"),
        ("0.25", "throttled wait=250ms"),
        ("99999999999", "throttled wait=86400000ms"),
        ("Sun, 06 Nov 1994 08:49:37 GMT", "throttled wait=0ms"),
        ("tomorrow", "throttled"),
    ] {
        check(OpenAi, 429, &[("retry-after", value)], "", expected);
    }
}

#[test]
fn who_is_told_not_to_come_again_is_not_told_when() {
    check(OpenAi, 400, &[("retry-after", "5")], "", "client_error");
    check(OpenAi, 413, &[("retry-after", "5")], "", "too_large");
}

#[test]
fn the_first_failure_is_told_unless_it_says_less() {
    let judgement = Judgement::plain;
    let table = [
        // A fallback refuses what the first target takes.
        (Outcome::ServerError, Outcome::ClientError, false),
        (Outcome::Refused, Outcome::ClientError, false),
        (Outcome::Throttled, Outcome::ContextLength, false),
        // A provider's own word tells more than none.
        (Outcome::Refused, Outcome::Throttled, true),
        (Outcome::Timeout, Outcome::QuotaExhausted, true),
        (Outcome::Truncated, Outcome::Overloaded, true),
        (Outcome::Timeout, Outcome::Refused, false),
        // Of two words the first.
        (Outcome::Throttled, Outcome::ServerError, false),
        (Outcome::ContextLength, Outcome::ServerError, false),
        (Outcome::QuotaExhausted, Outcome::Refused, false),
        (Outcome::Throttled, Outcome::Throttled, false),
    ];
    for (earlier, later, expected) in table {
        let is_told = judgement(later).tells_more_than(&judgement(earlier));
        assert_eq!(is_told, expected, "{earlier:?} then {later:?}");
    }
}

fn words() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "error",
        "code",
        "message",
        "type",
        "status",
        "details",
        "retryDelay",
        "violations",
        "quotaId",
        "object",
        "response",
        "insufficient_quota",
        "rate_limit_exceeded",
        "RESOURCE_EXHAUSTED",
        "PerDay",
        "34.07s",
        "Please retry in 12s",
        "429",
        "maximum context length",
        "choices",
        "content",
    ]);
    prop_oneof![known.prop_map(|word| format!("\"{word}\"")), r#"[{}\[\]:,0-9\\]{1,4}"#]
}

proptest! {
    #[test]
    fn any_bytes_are_judged(status in 400u16..600, body: Vec<u8>, name: Vec<u8>) {
        for provider in [OpenAi, Azure, Anthropic, Gemini, Bedrock] {
            let answer = Answer { status, headers: Headers::default(), body: body.clone(), origin: Origin::Provider };
            prop_assert!(judge(provider, &answer, NOW).outcome != Outcome::Success);
            let _ = judge_event(provider, Some(&name), &body, NOW);
        }
    }

    #[test]
    fn a_members_name_decides_nothing(param in words(), status in prop::sample::select(vec![400u16, 404, 422])) {
        let names = ["insufficient_quota", "slow_down", "request_too_large", "timeout", "model_not_found", "SAFETY"];
        let names = names.iter().map(|name| format!("\"{name}\""));
        for param in names.chain([param]).filter(|param| param.starts_with('"')) {
            let error = format!(r#"{{"message":"m","type":"invalid_request_error","param":{param},"code":null}}"#);
            for body in [format!(r#"{{"error":{error}}}"#), error] {
                let judged = judge(OpenAi, &answer(status, &[], &body), NOW);
                prop_assert_eq!(judged.outcome, Outcome::ClientError, "{}", body);
            }
        }
    }

    #[test]
    fn anything_like_an_error_is_judged_within_bounds(
        parts in prop::collection::vec(words(), 0..60),
        header in ".{0,30}",
        status in 400u16..600,
        now: u64,
    ) {
        let body = parts.concat();
        let headers = [("retry-after", header.as_str()), ("x-amzn-errortype", &header)];
        for provider in [OpenAi, Azure, Gemini] {
            let judgement = judge(provider, &answer(status, &headers, &body), Timestamp(now));
            prop_assert!(judgement.wait.is_none_or(|wait| wait <= LONGEST));
            prop_assert!(judgement.outcome.is_failure() || judgement.wait.is_none());
            prop_assert!(judgement.code.is_none_or(|code| code.len() <= 40));
            let _ = error_in_success(provider, body.as_bytes(), Timestamp(now));
        }
    }
}

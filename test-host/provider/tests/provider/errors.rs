//! Errors of each kind, in each provider's words.

use std::collections::BTreeSet;
use std::time::Duration;

use seawall_provider::{Behaviour, Dialect, ErrorKind};
use serde_json::{Value, json};

use crate::asks::{Api, event, header, json};

fn wrong(dialect: Dialect, error: ErrorKind) -> Behaviour {
    Behaviour { dialect: Some(dialect), error: Some(error), ..Behaviour::default() }
}

#[test]
fn every_provider_has_an_answer_for_every_kind() {
    for dialect in Dialect::ALL {
        for kind in ErrorKind::ALL {
            let answer = Api::of("chat").ask(&wrong(dialect, kind));
            assert!((400..=529).contains(&answer.status), "{dialect:?} {kind:?}");
            assert!(json(&answer).is_object(), "{dialect:?} {kind:?}");
            let text = String::from_utf8(answer.body()).unwrap();
            assert!(!text.contains('$'), "{text}");
        }
    }
}

/// Status and what the kind is known by, at a place of the body.
#[test]
fn kinds_are_told_by_the_members_that_providers_have_for_it() {
    use Dialect::{Anthropic, Azure, Bedrock, Gemini, Mistral, OpenAi, Vllm};
    use ErrorKind as E;
    let cases = [
        (OpenAi, E::RateLimit, 429, "/error/code", json!("rate_limit_exceeded")),
        (OpenAi, E::TokenRateLimit, 429, "/error/type", json!("tokens")),
        (OpenAi, E::InsufficientQuota, 429, "/error/code", json!("insufficient_quota")),
        (OpenAi, E::ContextLength, 400, "/error/code", json!("context_length_exceeded")),
        (OpenAi, E::ContentPolicy, 400, "/error/code", json!("content_policy_violation")),
        (OpenAi, E::ModelNotFound, 404, "/error/code", json!("model_not_found")),
        (Azure, E::RateLimit, 429, "/error/code", json!("429")),
        (Azure, E::ContentPolicy, 400, "/error/innererror/code", json!("ResponsibleAIPolicyViolation")),
        (Anthropic, E::RateLimit, 429, "/error/type", json!("rate_limit_error")),
        (Anthropic, E::Overloaded, 529, "/error/type", json!("overloaded_error")),
        (Anthropic, E::RequestTooLarge, 413, "/error/type", json!("request_too_large")),
        (Anthropic, E::Billing, 402, "/error/type", json!("billing_error")),
        (Gemini, E::RateLimit, 429, "/error/status", json!("RESOURCE_EXHAUSTED")),
        (Gemini, E::RateLimit, 429, "/error/details/1/retryDelay", json!("1s")),
        (Gemini, E::Overloaded, 503, "/error/status", json!("UNAVAILABLE")),
        (Bedrock, E::ContextLength, 400, "/message", json!("Input is too long for requested model.")),
        (Mistral, E::RateLimit, 429, "/code", json!("1300")),
        (Mistral, E::Overloaded, 429, "/type", json!("service_tier_capacity_exceeded")),
        (Vllm, E::ContextLength, 400, "/type", json!("BadRequestError")),
        (Vllm, E::Overloaded, 503, "/error/code", json!(503)),
    ];
    for (dialect, kind, status, place, wanted) in cases {
        let answer = Api::of("chat").ask(&wrong(dialect, kind));
        assert_eq!(answer.status, status, "{dialect:?} {kind:?}");
        assert_eq!(json(&answer).pointer(place), Some(&wanted), "{dialect:?} {kind:?}");
    }
}

#[test]
fn the_path_tells_the_dialect_unless_the_behaviour_does() {
    let error = Behaviour { error: Some(ErrorKind::Overloaded), ..Behaviour::default() };
    let bodies: BTreeSet<_> = ["chat", "azure", "messages", "generate", "converse"]
        .map(|name| Api::of(name).ask(&error).body())
        .into_iter()
        .collect();
    assert_eq!(bodies.len(), 5);
    let other = Behaviour { dialect: Some(Dialect::Anthropic), ..error.clone() };
    assert_eq!(Api::of("chat").ask(&other), Api::of("messages").ask(&error));
}

#[test]
fn bedrock_names_its_errors_in_a_header() {
    let answer = Api::of("converse").ask(&wrong(Dialect::Bedrock, ErrorKind::RateLimit));
    assert_eq!(header(&answer, "x-amzn-errortype"), Some("ThrottlingException"));
}

#[test]
fn limits_that_are_reached_come_with_the_headers_of_the_provider() {
    let reset = Some(Duration::from_millis(6_500));
    let cases = [
        (Dialect::OpenAi, ErrorKind::RateLimit, "x-ratelimit-remaining-requests", Some("0")),
        (Dialect::OpenAi, ErrorKind::RateLimit, "x-ratelimit-reset-requests", Some("6.5s")),
        (Dialect::OpenAi, ErrorKind::RateLimit, "x-ratelimit-reset-tokens", Some("120ms")),
        (Dialect::OpenAi, ErrorKind::TokenRateLimit, "x-ratelimit-reset-requests", Some("120ms")),
        (Dialect::OpenAi, ErrorKind::TokenRateLimit, "x-ratelimit-reset-tokens", Some("6.5s")),
        (Dialect::OpenAi, ErrorKind::RateLimit, "retry-after", None),
        (Dialect::OpenAi, ErrorKind::InsufficientQuota, "x-ratelimit-remaining-requests", None),
        (Dialect::Azure, ErrorKind::RateLimit, "retry-after", Some("7")),
        (Dialect::Azure, ErrorKind::RateLimit, "retry-after-ms", Some("6500")),
        (Dialect::Anthropic, ErrorKind::RateLimit, "retry-after", Some("7")),
        (Dialect::Anthropic, ErrorKind::RateLimit, "anthropic-ratelimit-requests-remaining", Some("0")),
        (
            Dialect::Anthropic,
            ErrorKind::RateLimit,
            "anthropic-ratelimit-requests-reset",
            Some("1970-01-01T00:00:07Z"),
        ),
        (Dialect::Anthropic, ErrorKind::Overloaded, "retry-after", None),
        (Dialect::Mistral, ErrorKind::RateLimit, "retry-after", Some("7")),
        (Dialect::Mistral, ErrorKind::RateLimit, "x-ratelimit-remaining-req-minute", Some("0")),
        (Dialect::Gemini, ErrorKind::RateLimit, "retry-after", None),
        (Dialect::Bedrock, ErrorKind::RateLimit, "retry-after", None),
        (Dialect::Vllm, ErrorKind::RateLimit, "retry-after", None),
    ];
    for (dialect, kind, name, value) in cases {
        let answer = Api::of("chat").ask(&Behaviour { reset, ..wrong(dialect, kind) });
        assert_eq!(header(&answer, name), value, "{dialect:?} {kind:?} {name}");
    }
}

#[test]
fn what_is_left_is_told_on_sound_answers_too() {
    let left = Behaviour {
        remaining_tokens: Some(0),
        reset: Some(Duration::from_secs(360)),
        ..Behaviour::default()
    };
    let answer = Api::of("chat").ask(&left);
    assert_eq!(answer.status, 200);
    assert_eq!(header(&answer, "x-ratelimit-remaining-tokens"), Some("0"));
    assert_eq!(header(&answer, "x-ratelimit-reset-tokens"), Some("6m0s"));
    assert_eq!(header(&answer, "retry-after"), None);
    assert_eq!(header(&Api::of("chat").ask(&Behaviour::default()), "x-ratelimit-remaining-tokens"), None);
}

#[test]
fn status_headers_and_body_can_be_other_than_the_kinds() {
    let headers = [("retry-after".to_owned(), "99".to_owned())];
    let behaviour = Behaviour {
        status: Some(503),
        headers: headers.into(),
        ..wrong(Dialect::Anthropic, ErrorKind::RateLimit)
    };
    let answer = Api::of("messages").ask(&behaviour);
    assert_eq!((answer.status, header(&answer, "retry-after")), (503, Some("99")));
    assert_eq!(json(&answer)["error"]["type"], "rate_limit_error");
    let literal = Behaviour { body: Some("[{\"error\":{}}]".to_owned()), ..behaviour };
    assert_eq!(Api::of("messages").ask(&literal).body(), b"[{\"error\":{}}]");
}

#[test]
fn an_error_inside_of_a_200_is_the_body_of_the_answer_or_an_event() {
    for (name, place) in [("chat", "/error/code"), ("messages", "/error/type"), ("generate", "/error/status")]
    {
        let inside = |after| Behaviour {
            error: Some(ErrorKind::RateLimit),
            status: Some(200),
            after,
            ..Behaviour::default()
        };
        let api = Api::of(name);
        let whole = api.ask(&inside(None));
        assert_eq!((whole.status, header(&whole, "retry-after")), (200, None));
        assert!(json(&whole).pointer(place).is_some(), "{name}");
        let sound = api.ask_stream(&Behaviour::default());
        for after in [0, 3] {
            let stream = api.ask_stream(&inside(Some(after)));
            let (last, before) = stream.chunks.split_last().unwrap();
            assert_eq!(before, &sound.chunks[..after as usize], "{name}");
            assert!(event(last).1.pointer(place).is_some(), "{name}");
        }
        assert_eq!(api.ask_stream(&inside(None)), api.ask_stream(&inside(Some(0))));
    }
}

#[test]
fn errors_in_a_stream_have_the_form_of_its_events() {
    let inside = Behaviour { error: Some(ErrorKind::RateLimit), status: Some(200), ..Behaviour::default() };
    let frame = |name| event(&Api::of(name).ask_stream(&inside).chunks[0]);
    let member = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let (name, data) = frame("responses");
    assert_eq!((name.as_str(), member(&data, "code").as_str()), ("error", "rate_limit_exceeded"));
    let (name, data) = frame("messages");
    assert_eq!((name.as_str(), member(&data, "type").as_str()), ("error", "error"));
    let (name, data) = frame("converse");
    assert_eq!(name, "throttlingException");
    assert!(data["message"].is_string());
}

#[test]
fn a_bare_status_is_worded_as_its_provider_would() {
    let status = |status| Behaviour { status: Some(status), ..Behaviour::default() };
    let cases = [
        ("messages", 529, "/error/type", "overloaded_error"),
        ("messages", 429, "/error/type", "rate_limit_error"),
        ("generate", 503, "/error/status", "UNAVAILABLE"),
        ("generate", 500, "/error/status", "INTERNAL"),
    ];
    for (api, code, place, word) in cases {
        let answer = Api::of(api).ask(&status(code));
        assert_eq!((answer.status, json(&answer).pointer(place)), (code, Some(&json!(word))));
        assert_eq!(header(&answer, "retry-after"), None);
    }
}

//! Anthropic's.

use super::*;

#[test]
fn anthropic() {
    let check = |status, headers: &[_], body, expected| check(Anthropic, status, headers, body, expected);
    // OpenHands/OpenHands#9259
    let limited = r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate limit for your organization (0dcc) of 20,000 input tokens per minute. For details, refer to: https://docs.anthropic.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce the prompt length or the maximum tokens requested, or try again later."}}"#;
    check(
        429,
        &[
            ("anthropic-ratelimit-requests-remaining", "48"),
            ("anthropic-ratelimit-requests-reset", "2025-08-21T12:40:02Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2025-08-21T12:40:37Z"),
        ],
        limited,
        "throttled wait=37000ms of=input_tokens_per_minute code=rate_limit_error",
    );
    check(
        429,
        &[("retry-after", "41")],
        limited,
        "throttled wait=41000ms of=input_tokens_per_minute code=rate_limit_error",
    );
    check(
        429,
        &[],
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 50 requests per minute. Please reduce the prompt length or the maximum tokens requested, or try again later."}}"#,
        "throttled of=requests_per_minute code=rate_limit_error",
    );
    check(
        429,
        &[],
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Number of request tokens has exceeded your daily rate limit (https://docs.anthropic.com/en/api/rate-limits)."}}"#,
        "quota_exhausted of=tokens_per_day code=rate_limit_error",
    );
    // anthropics/claude-code#29584
    check(
        429,
        &[],
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Extra usage is required for long context requests."},"request_id":"req_x"}"#,
        "too_large code=rate_limit_error",
    );
    // anthropics/anthropic-sdk-typescript#616
    check(
        529,
        &[("x-should-retry", "true")],
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "overloaded code=overloaded_error",
    );
    // anthropics/claude-code#11281
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 201130 tokens > 200000 maximum"},"request_id":"req_x"}"#,
        "context_length code=invalid_request_error",
    );
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again"}}"#,
        "context_length code=invalid_request_error",
    );
    // anthropics/claude-code#66314
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},"request_id":"req_x"}"#,
        "quota_exhausted code=invalid_request_error",
    );
    // anthropics/claude-code#38035
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC."},"request_id":"req_x"}"#,
        "quota_exhausted code=invalid_request_error",
    );
    check(
        402,
        &[],
        r#"{"type":"error","error":{"type":"billing_error","message":"There's an issue with your billing or payment information."}}"#,
        "quota_exhausted code=billing_error",
    );
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#,
        "content_policy code=invalid_request_error",
    );
    check(
        404,
        &[],
        r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}}"#,
        "model_not_found code=not_found_error",
    );
    check(
        404,
        &[],
        r#"{"type":"error","error":{"type":"not_found_error","message":"Not found"}}"#,
        "client_error code=not_found_error",
    );
    check(
        413,
        &[],
        r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
        "too_large code=request_too_large",
    );
    check(
        401,
        &[],
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
        "client_error code=authentication_error",
    );
    check(
        403,
        &[],
        r#"{"type":"error","error":{"type":"permission_error","message":"?"}}"#,
        "client_error code=permission_error",
    );
    check(
        500,
        &[],
        r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
        "server_error code=api_error",
    );
    check(
        504,
        &[],
        r#"{"type":"error","error":{"type":"timeout_error","message":"Request timed out"}}"#,
        "timeout code=timeout_error",
    );
    // Its OpenAI-compatible endpoint: FoundationAgents/OpenManus#746
    check(
        429,
        &[],
        r#"{"error":{"code":"rate_limit_error","message":"This request would exceed the rate limit for your organization of 20,000 input tokens per minute.","type":"invalid_request_error","param":null}}"#,
        "throttled of=input_tokens_per_minute code=rate_limit_error",
    );
}

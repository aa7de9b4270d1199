//! Anthropic: `{"type":"error","error":{"type","message"}}` (<https://docs.anthropic.com/en/api/errors>).

use super::{ErrorKind, Shape, shape as of};

pub(super) fn shape(kind: ErrorKind) -> Shape {
    match kind {
        ErrorKind::RateLimit => of(
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 50 requests per minute (org: $provider). For details, refer to: https://docs.claude.com/en/api/rate-limits."},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::TokenRateLimit => of(
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 30,000 input tokens per minute (org: $provider). For details, refer to: https://docs.claude.com/en/api/rate-limits."},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::DailyLimit => of(
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's daily rate limit of 1,000,000 tokens per day (org: $provider). For details, refer to: https://docs.claude.com/en/api/rate-limits."},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::InsufficientQuota => of(
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::Billing => of(
            402,
            r#"{"type":"error","error":{"type":"billing_error","message":"There is an issue with your billing or payment information."},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::RequestTooLarge => of(
            413,
            r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::Overloaded => of(
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::ServerError => of(
            500,
            r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::Timeout => of(
            504,
            r#"{"type":"error","error":{"type":"timeout_error","message":"Request timed out. Please consider using streaming for long requests."},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::ContextLength => of(
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 215300 tokens > 200000 maximum"},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::ContentPolicy => of(
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::ModelNotFound => of(
            404,
            r#"{"type":"error","error":{"type":"not_found_error","message":"model: $model"},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::Auth => of(
            401,
            r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::Permission => of(
            403,
            r#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."},"request_id":"req_simulated"}"#,
        ),
        ErrorKind::InvalidRequest => of(
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages.0.role: Input should be 'user' or 'assistant', got 'error 429: rate_limit_error'"},"request_id":"req_simulated"}"#,
        ),
    }
}

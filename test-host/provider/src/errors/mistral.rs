//! Mistral: flat, `{"object":"error","message","type","param","code","raw_status_code"}`.

use super::{ErrorKind, Shape, shape as of};

pub(super) fn shape(kind: ErrorKind) -> Shape {
    match kind {
        ErrorKind::RateLimit | ErrorKind::TokenRateLimit | ErrorKind::DailyLimit => of(
            429,
            r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#,
        ),
        ErrorKind::InsufficientQuota | ErrorKind::Billing => of(
            402,
            r#"{"object":"error","message":"You have exceeded your monthly usage limit.","type":"payment_required","param":null,"code":"1402","raw_status_code":402}"#,
        ),
        ErrorKind::RequestTooLarge => of(
            413,
            r#"{"object":"error","message":"Request entity too large","type":"request_too_large","param":null,"code":"3413","raw_status_code":413}"#,
        ),
        ErrorKind::Overloaded => of(
            429,
            r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505","raw_status_code":429}"#,
        ),
        ErrorKind::ServerError => of(
            500,
            r#"{"object":"error","message":"Internal server error","type":"internal_server_error","param":null,"code":"1000","raw_status_code":500}"#,
        ),
        ErrorKind::Timeout => of(
            504,
            r#"{"object":"error","message":"The request timed out","type":"timeout","param":null,"code":"1504","raw_status_code":504}"#,
        ),
        ErrorKind::ContextLength => of(
            400,
            r#"{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","param":null,"code":"3051","raw_status_code":400}"#,
        ),
        ErrorKind::ContentPolicy => of(
            403,
            r#"{"object":"error","message":"The request was blocked by the guardrails.","type":"content_policy_violation","param":null,"code":"1403","raw_status_code":403}"#,
        ),
        ErrorKind::ModelNotFound => of(
            400,
            r#"{"object":"error","message":"Invalid model: $model","type":"invalid_model","param":null,"code":"1500","raw_status_code":400}"#,
        ),
        ErrorKind::Auth => of(401, r#"{"detail":"Unauthorized"}"#),
        ErrorKind::Permission => of(403, r#"{"detail":"Forbidden"}"#),
        ErrorKind::InvalidRequest => of(
            422,
            r#"{"object":"error","message":{"detail":[{"type":"enum","loc":["body","messages",0,"role"],"msg":"Input should be 'system', 'user', 'assistant' or 'tool'","input":"429 Rate limit exceeded"}]},"type":"invalid_request_error","param":null,"code":null,"raw_status_code":422}"#,
        ),
    }
}

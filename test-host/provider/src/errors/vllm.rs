//! vLLM: flat in older versions, nested in newer ones; the code is the status. It queues rather than throttles.

use super::{ErrorKind, Shape, shape as of};

pub(super) fn shape(kind: ErrorKind) -> Shape {
    match kind {
        ErrorKind::RateLimit
        | ErrorKind::TokenRateLimit
        | ErrorKind::DailyLimit
        | ErrorKind::InsufficientQuota
        | ErrorKind::Billing => of(
            429,
            r#"{"error":{"message":"Too many requests","type":"TooManyRequestsError","param":null,"code":429}}"#,
        ),
        ErrorKind::RequestTooLarge => of(
            413,
            r#"{"error":{"message":"Request body too large","type":"RequestEntityTooLargeError","param":null,"code":413}}"#,
        ),
        ErrorKind::Overloaded => of(
            503,
            r#"{"error":{"message":"The server is overloaded","type":"ServiceUnavailableError","param":null,"code":503}}"#,
        ),
        ErrorKind::ServerError => of(
            500,
            r#"{"object":"error","message":"EngineCore encountered an issue. See stack trace (above) for the root cause.","type":"InternalServerError","param":null,"code":500}"#,
        ),
        ErrorKind::Timeout => of(
            504,
            r#"{"error":{"message":"The request timed out","type":"TimeoutError","param":null,"code":504}}"#,
        ),
        ErrorKind::ContextLength => of(
            400,
            r#"{"object":"error","message":"This model's maximum context length is 8192 tokens. However, you requested 9216 tokens (8192 in the messages, 1024 in the completion). Please reduce the length of the messages or completion.","type":"BadRequestError","param":null,"code":400}"#,
        ),
        ErrorKind::ContentPolicy => of(
            400,
            r#"{"error":{"message":"The request was rejected by the content policy","type":"BadRequestError","param":null,"code":400}}"#,
        ),
        ErrorKind::ModelNotFound => of(
            404,
            r#"{"error":{"message":"The model `$model` does not exist.","type":"NotFoundError","param":"model","code":404}}"#,
        ),
        ErrorKind::Auth => of(401, r#"{"error":"Unauthorized"}"#),
        ErrorKind::Permission => of(
            403,
            r#"{"error":{"message":"Forbidden","type":"PermissionDeniedError","param":null,"code":403}}"#,
        ),
        ErrorKind::InvalidRequest => of(
            400,
            r#"{"object":"error","message":"[{'type': 'literal_error', 'loc': ('body', 'messages', 0, 'role'), 'msg': 'Input should be a role', 'input': 'error 429: too many requests'}]","type":"BadRequestError","param":null,"code":400}"#,
        ),
    }
}

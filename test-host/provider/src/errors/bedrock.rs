//! Bedrock: `{"message"}`; the name stands in `x-amzn-errortype`, in a stream in the headers of the frame
//! (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>).

use super::{ErrorKind, Shape};

pub(super) fn shape(kind: ErrorKind) -> Shape {
    let (status, name, body) = match kind {
        ErrorKind::RateLimit => (
            429,
            "ThrottlingException",
            r#"{"message":"Too many requests, please wait before trying again."}"#,
        ),
        ErrorKind::TokenRateLimit => {
            (429, "ThrottlingException", r#"{"message":"Too many tokens, please wait before trying again."}"#)
        }
        ErrorKind::DailyLimit => (
            429,
            "ThrottlingException",
            r#"{"message":"Too many tokens per day, please wait before trying again."}"#,
        ),
        ErrorKind::InsufficientQuota => (
            400,
            "ServiceQuotaExceededException",
            r#"{"message":"Your request exceeds the service quota for your account."}"#,
        ),
        ErrorKind::Billing => (
            403,
            "AccessDeniedException",
            r#"{"message":"Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided."}"#,
        ),
        ErrorKind::RequestTooLarge => {
            (413, "RequestEntityTooLargeException", r#"{"message":"Request body is too large."}"#)
        }
        ErrorKind::Overloaded => (
            503,
            "ServiceUnavailableException",
            r#"{"message":"Bedrock is unable to process your request."}"#,
        ),
        ErrorKind::ServerError => (
            500,
            "InternalServerException",
            r#"{"message":"The system encountered an unexpected error during processing. Try your request again."}"#,
        ),
        ErrorKind::Timeout => {
            (408, "ModelTimeoutException", r#"{"message":"Model has timed out in processing the request."}"#)
        }
        ErrorKind::ContextLength => {
            (400, "ValidationException", r#"{"message":"Input is too long for requested model."}"#)
        }
        ErrorKind::ContentPolicy => (
            400,
            "ValidationException",
            r#"{"message":"The model returned the following errors: Output blocked by content filtering policy"}"#,
        ),
        ErrorKind::ModelNotFound => (
            404,
            "ResourceNotFoundException",
            r#"{"message":"Model $model was not found. Verify the model ID and try again."}"#,
        ),
        ErrorKind::Auth => (
            403,
            "UnrecognizedClientException",
            r#"{"message":"The security token included in the request is invalid."}"#,
        ),
        ErrorKind::Permission => (
            403,
            "AccessDeniedException",
            r#"{"message":"You don't have access to the model with the specified model ID."}"#,
        ),
        ErrorKind::InvalidRequest => (
            400,
            "ValidationException",
            r#"{"message":"Value '429 ThrottlingException' at 'messages.1.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]"}"#,
        ),
    };
    Shape { status, body, name }
}

//! OpenAI: `{"error":{"message","type","param","code"}}` (<https://platform.openai.com/docs/guides/error-codes>).

use super::{ErrorKind, Shape, shape as of};

pub(super) fn shape(kind: ErrorKind) -> Shape {
    match kind {
        ErrorKind::RateLimit => of(
            429,
            r#"{"error":{"message":"Rate limit reached for $model in organization org-$provider on requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in $go_wait. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
        ),
        ErrorKind::TokenRateLimit => of(
            429,
            r#"{"error":{"message":"Rate limit reached for $model in organization org-$provider on tokens per min (TPM): Limit 30000, Used 29800, Requested 1200. Please try again in $go_wait. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
        ),
        ErrorKind::DailyLimit => of(
            429,
            r#"{"error":{"message":"Rate limit reached for $model in organization org-$provider on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in $go_wait. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
        ),
        ErrorKind::InsufficientQuota => of(
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        ),
        ErrorKind::Billing => of(
            429,
            r#"{"error":{"message":"Your account is not active, please check your billing details on our website.","type":"billing_not_active","param":null,"code":"billing_not_active"}}"#,
        ),
        ErrorKind::RequestTooLarge => of(
            429,
            r#"{"error":{"message":"Request too large for $model in organization org-$provider on tokens per min (TPM): Limit 30000, Requested 45000. The input or output tokens must be reduced in order to run successfully. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
        ),
        ErrorKind::Overloaded => of(
            503,
            r#"{"error":{"message":"The engine is currently overloaded, please try again later","type":"server_error","param":null,"code":null}}"#,
        ),
        ErrorKind::ServerError => of(
            500,
            r#"{"error":{"message":"The server had an error while processing your request. Sorry about that! You can retry your request, or contact us through our help center at help.openai.com if the error persists.","type":"server_error","param":null,"code":null}}"#,
        ),
        ErrorKind::Timeout => of(
            504,
            r#"{"error":{"message":"The model took too long to answer.","type":"server_error","param":null,"code":"timeout"}}"#,
        ),
        ErrorKind::ContextLength => of(
            400,
            r#"{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        ),
        ErrorKind::ContentPolicy => of(
            400,
            r#"{"error":{"message":"Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by our safety system.","type":"invalid_request_error","param":null,"code":"content_policy_violation"}}"#,
        ),
        ErrorKind::ModelNotFound => of(
            404,
            r#"{"error":{"message":"The model `$model` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
        ),
        ErrorKind::Auth => of(
            401,
            r#"{"error":{"message":"Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        ),
        ErrorKind::Permission => of(
            403,
            r#"{"error":{"message":"You are not allowed to sample from this model.","type":"invalid_request_error","param":null,"code":"insufficient_permissions"}}"#,
        ),
        ErrorKind::InvalidRequest => of(
            400,
            r#"{"error":{"message":"Invalid value: 'error 429: rate_limit_exceeded'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.","type":"invalid_request_error","param":"messages[0].role","code":"invalid_value"}}"#,
        ),
    }
}

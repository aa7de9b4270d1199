//! Gemini: `{"error":{"code","message","status","details"}}`, a Google RPC status
//! (<https://cloud.google.com/apis/design/errors>). No rate-limit headers: the wait stands in the details.

use super::{ErrorKind, Shape, shape as of};

pub(super) fn shape(kind: ErrorKind) -> Shape {
    match kind {
        ErrorKind::RateLimit => of(
            429,
            r#"{"error":{"code":429,"message":"You exceeded your current quota. Please migrate to a paid tier for higher quota limits. Please retry in $wait.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel","quotaDimensions":{"location":"global","model":"$model"},"quotaValue":"10"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"$wait"}]}}"#,
        ),
        ErrorKind::TokenRateLimit => of(
            429,
            r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. Please retry in $wait.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count","quotaId":"GenerateContentPaidTierInputTokensPerModelPerMinute","quotaDimensions":{"location":"global","model":"$model"},"quotaValue":"1000000"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"$wait"}]}}"#,
        ),
        ErrorKind::DailyLimit => of(
            429,
            r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. Please retry in $wait.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaDimensions":{"location":"global","model":"$model"},"quotaValue":"250"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"$wait"}]}}"#,
        ),
        ErrorKind::InsufficientQuota => of(
            429,
            r#"{"error":{"code":429,"message":"You have exhausted your capacity on this model.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"QUOTA_EXHAUSTED","domain":"cloudcode-pa.googleapis.com","metadata":{"model":"$model"}}]}}"#,
        ),
        ErrorKind::Billing => of(
            403,
            r#"{"error":{"code":403,"message":"This API method requires billing to be enabled. Please enable billing on project #$provider by visiting https://console.developers.google.com/billing/enable then retry.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BILLING_DISABLED","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}"#,
        ),
        ErrorKind::RequestTooLarge => of(
            413,
            r#"{"error":{"code":413,"message":"Request payload size exceeds the limit: 20971520 bytes.","status":"INVALID_ARGUMENT"}}"#,
        ),
        ErrorKind::Overloaded => of(
            503,
            r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#,
        ),
        ErrorKind::ServerError => of(
            500,
            r#"{"error":{"code":500,"message":"An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting","status":"INTERNAL"}}"#,
        ),
        ErrorKind::Timeout => of(
            504,
            r#"{"error":{"code":504,"message":"Deadline expired before operation could complete.","status":"DEADLINE_EXCEEDED"}}"#,
        ),
        ErrorKind::ContextLength => of(
            400,
            r#"{"error":{"code":400,"message":"The input token count (1250000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
        ),
        ErrorKind::ContentPolicy => of(
            400,
            r#"{"error":{"code":400,"message":"The prompt could not be submitted. The prompt contains sensitive words that violate Google's Generative AI Prohibited Use policy.","status":"INVALID_ARGUMENT"}}"#,
        ),
        ErrorKind::ModelNotFound => of(
            404,
            r#"{"error":{"code":404,"message":"models/$model is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.","status":"NOT_FOUND"}}"#,
        ),
        ErrorKind::Auth => of(
            400,
            r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}}"#,
        ),
        ErrorKind::Permission => of(
            403,
            r#"{"error":{"code":403,"message":"You do not have permission to access tuned model $model.","status":"PERMISSION_DENIED"}}"#,
        ),
        ErrorKind::InvalidRequest => of(
            400,
            r#"{"error":{"code":400,"message":"Please use a valid role: user, model. Got: 429 RESOURCE_EXHAUSTED.","status":"INVALID_ARGUMENT"}}"#,
        ),
    }
}

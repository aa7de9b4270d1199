//! Gemini's.

use super::*;

#[test]
fn gemini() {
    let check = |status, body, expected| {
        check(Gemini, status, &[], body, expected);
        // Behind its OpenAI-compatible endpoint, and in an array.
        check(OpenAi, status, &[], &format!("[{body}]"), expected);
    };
    // diegosouzapw/OmniRoute#9504: the message speaks of a quota, yet it is a minute's.
    check(
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 15, model: gemini-3.5-flash-lite\nPlease retry in 38.922534355s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"15"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"38s"}]}}"#,
        "throttled wait=38000ms of=requests_per_minute code=RESOURCE_EXHAUSTED",
    );
    check(
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota.\nPlease retry in 47.434392449s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateContentPaidTierInputTokensPerModelPerMinute"}]}]}}"#,
        "throttled wait=47435ms of=input_tokens_per_minute code=RESOURCE_EXHAUSTED",
    );
    // google-gemini/gemini-cli#8437: a day's quota among others, whatever the delay.
    check(
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateContentInputTokensPerModelPerMinute-FreeTier"},{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"},{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}]}}"#,
        "quota_exhausted wait=34075ms of=requests_per_day code=RESOURCE_EXHAUSTED",
    );
    // google-gemini/gemini-cli#10925
    check(
        429,
        r#"{"error":{"code":429,"message":"Quota exceeded for quota metric 'Gemini 2.5 Pro Requests' and limit 'Gemini 2.5 Pro Requests per day per user per tier'.","errors":[{"message":"Quota exceeded","domain":"global","reason":"rateLimitExceeded"}],"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit":"Gemini25ProRequestsPerDay"}}]}}"#,
        "quota_exhausted of=requests_per_day code=rateLimitExceeded",
    );
    // A delay beyond five minutes.
    check(
        429,
        r#"{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"301s"}]}}"#,
        "quota_exhausted wait=301000ms code=RESOURCE_EXHAUSTED",
    );
    // router-for-me/CLIProxyAPI#449
    check(
        429,
        r#"{"error":{"code":429,"message":"You have exhausted your capacity on this model. Your quota will reset after 49s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quotaResetDelay":"373.801628ms"}}]}}"#,
        "throttled wait=374ms code=RESOURCE_EXHAUSTED",
    );
    check(
        429,
        r#"{"error":{"code":429,"message":"You have exhausted your capacity.","status":"RESOURCE_EXHAUSTED","details":[{"reason":"QUOTA_EXHAUSTED"}]}}"#,
        "quota_exhausted code=QUOTA_EXHAUSTED",
    );
    // continuedev/continue#10062: nothing is granted at all.
    check(
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota. \n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-2.5-pro\nPlease retry in 20.04466179s.","status":"RESOURCE_EXHAUSTED"}}"#,
        "quota_exhausted wait=20045ms code=RESOURCE_EXHAUSTED",
    );
    // googleapis/python-genai#2065
    check(
        429,
        r#"{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}"#,
        "throttled code=RESOURCE_EXHAUSTED",
    );
    check(
        503,
        r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#,
        "overloaded code=UNAVAILABLE",
    );
    check(
        500,
        r#"{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}"#,
        "server_error code=INTERNAL",
    );
    check(
        504,
        r#"{"error":{"code":504,"message":"Deadline expired before operation could complete.","status":"DEADLINE_EXCEEDED"}}"#,
        "timeout code=DEADLINE_EXCEEDED",
    );
    check(
        400,
        r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
        "context_length code=INVALID_ARGUMENT",
    );
    check(
        400,
        r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
        "client_error code=INVALID_ARGUMENT",
    );
    check(
        404,
        r#"{"error":{"code":404,"message":"models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.","status":"NOT_FOUND"}}"#,
        "model_not_found code=NOT_FOUND",
    );
    check(
        403,
        r#"{"error":{"code":403,"message":"?","status":"PERMISSION_DENIED"}}"#,
        "client_error code=PERMISSION_DENIED",
    );
    check(
        400,
        r#"{"error":{"code":400,"message":"The prompt could not be submitted. The prompt contains sensitive words that violate Google's Generative AI Prohibited Use policy.","status":"INVALID_ARGUMENT"}}"#,
        "content_policy code=INVALID_ARGUMENT",
    );
}
